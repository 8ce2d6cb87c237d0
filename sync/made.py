"""Records that we made: what they are the same as, what they agree on with it, and the account they belong to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import polars as pl

from hygiene.known import Readable
from hygiene.missing import Standing, homes
from model.batch import Batch
from model.changes import ADOPTED, Associate, Change, Create, Outcome, Planned
from model.evidence import OURSELVES, RecordKey, Verdict
from model.streams import Value
from store import BaseCell, Recorded, Store
from sync.past import UNSENT, is_lasting

LINK_RULE = "link-made"
_THERE = ("applied", "already")


def made_verdicts(changes: Iterable[Planned], outcomes: Iterable[Outcome], at: int) -> list[Verdict]:
    """That the records which were made, or found there already, are the same as those they were made from."""
    found = []
    for change, made, outcome in _made(changes, outcomes):
        if change.source is not None:
            note = "found there when it was to be made" if outcome.code == ADOPTED else "made from it"
            left, right = sorted((change.source, made))
            found.append(Verdict(left, right, "same", OURSELVES, at, note))
    return found


def made_cells(changes: Iterable[Planned], outcomes: Iterable[Outcome], records: Iterable[Batch]) -> list[BaseCell]:
    """What a record that was made and the one it was made from agree on: each its own value, as its system holds it.

    Nothing is agreed with a record that was there already, nor with one that was not read back: what its system made of
    a value would be taken for an edit.
    """
    held = _held(records)
    cells = []
    for change, made, outcome in _made(changes, outcomes):
        if change.source is None or outcome.code == ADOPTED:
            continue
        now = held.get(made, {})
        for name, value in change.source_values:
            if name in now:
                cells.append(BaseCell(change.source, made, name, value))
                cells.append(BaseCell(made, change.source, name, now[name]))
    return cells


def _made(changes: Iterable[Planned], outcomes: Iterable[Outcome]) -> Iterable[tuple[Create, RecordKey, Outcome]]:
    by_id = {planned.id: planned.change for planned in changes}
    for outcome in outcomes:
        change = by_id[outcome.change_id]
        if isinstance(change, Create) and outcome.status in _THERE and outcome.made:
            yield change, RecordKey(change.key.connection, change.key.stream, outcome.made), outcome


def _held(records: Iterable[Batch]) -> Mapping[RecordKey, Mapping[str, Value]]:
    """The records that were read back, by key: their readable fields."""
    return {
        RecordKey(batch.connection, batch.stream, str(record)): {
            name: batch.columns[name][row] for name in batch.readable
        }
        for batch in records
        for row, record in enumerate(batch.columns["id"])
    }


def made_before(store: Store, recorded: Iterable[Recorded]) -> Mapping[str, RecordKey | None]:
    """By external id what was made, or may have been (None): it is not made again, whatever became of it."""
    made: dict[str, RecordKey | None] = {
        planned.change.key.id: None for _, planned in store.unfinished() if isinstance(planned.change, Create)
    }
    for item in recorded:
        made |= {change.key.id: key for change, key, _ in _made([item.planned], [item.outcome])}
    return made


def refused_creates(recorded: Iterable[Recorded]) -> Mapping[RecordKey, tuple[tuple[tuple[str, Value], ...], str]]:
    """The values that the remote refused last, with what it said. What a duplicate rule stops is tried again: the
    records it minds may be merged by then."""
    return {
        item.planned.change.key: (item.planned.change.values, item.outcome.message)
        for item in recorded
        if isinstance(item.planned.change, Create) and is_lasting(item.outcome) and item.outcome.code != UNSENT
    }


def unlinked(
    stored: Mapping[str, pl.DataFrame], standing: Standing, recorded: Sequence[Recorded], readable: Readable
) -> list[Change]:
    """Links of contacts that we made to the account that stands for that of the record they were made from.

    Once, and only while they have none: what people do to a link later is theirs to do. None where it is not known
    which they have.
    """
    told = stored["contacts"]
    known = pl.col("connection").is_in(readable.connections(told, "contacts", "account_id"))
    contacts = {
        RecordKey(connection, "contacts", record): (account, version)
        for connection, record, account, version in told.filter(known)
        .select("connection", "id", "account_id", pl.col("changed_at").dt.epoch("us"))
        .iter_rows()
    }
    linked = {item.planned.change.key for item in recorded if isinstance(item.planned.change, Associate)
              and item.outcome.status in _THERE}  # fmt: skip
    found: dict[RecordKey, Change] = {}
    by_pair: dict[tuple[str, str], Mapping[str, str]] = {}
    for item in recorded:
        for change, made, _ in _made([item.planned], [item.outcome]):
            account, version = contacts.get(made, ("", None))
            if account or made in linked or change.source is None or made not in contacts:
                continue
            pair = (change.source.connection, made.connection)
            by_pair.setdefault(pair, homes(standing, *pair))
            home = by_pair[pair].get(str(contacts.get(change.source, (None, None))[0]))
            if home is not None:
                to = RecordKey(made.connection, "accounts", home)
                reason = f"{change.source} belongs to the same company"
                found[made] = Associate(made, to, "primary", version, reason, LINK_RULE)
    return list(found.values())
