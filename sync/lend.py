"""What a merge and its undo are given when they are sent or read back, and no plan holds: snapshots, and new ids."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from model.changes import Merge, Planned, Unmerge
from model.evidence import RecordKey
from store import Store

_DONE = ("applied", "already", "overwrote")


def lent(store: Store, changes: Sequence[Planned]) -> tuple[Planned, ...]:
    """The changes with what they need from the store."""
    is_undoing = any(isinstance(planned.change, Unmerge) for planned in changes)
    renamed = tuple(renamed_records(store).items()) if is_undoing else ()
    return tuple(_lent(store, planned, renamed) for planned in changes)


def _lent(store: Store, planned: Planned, renamed: tuple[tuple[RecordKey, RecordKey], ...]) -> Planned:
    change = planned.change
    if isinstance(change, Unmerge):
        return replace(planned, change=replace(change, snapshots=store.snapshots(change.of), renamed=renamed))
    if isinstance(change, Merge):
        return replace(planned, change=replace(change, snapshots=store.snapshots(planned.id)))
    return planned


def renamed_records(store: Store) -> dict[RecordKey, RecordKey]:
    """By key, the new one of records that an undo had to make anew."""
    found: dict[RecordKey, RecordKey] = {}
    for item in store.outcomes(kind=Unmerge.kind):
        change, made = item.planned.change, item.outcome.made
        if isinstance(change, Unmerge) and item.outcome.status in _DONE and made:
            pairs = zip(change.losers, made.split(";"), strict=False)
            found |= {old: replace(old, id=new) for old, new in pairs if new != old.id}
    return found


def unmerged_pairs(store: Store) -> list[tuple[RecordKey, RecordKey]]:
    """Records that a person had taken apart: what undid a merge, and no later merge undid again."""
    pairs: dict[tuple[RecordKey, RecordKey], None] = {}
    done = [*store.outcomes(kind=Unmerge.kind), *store.outcomes(kind=Merge.kind)]
    for item in sorted(done, key=lambda item: item.at):
        change, outcome = item.planned.change, item.outcome
        if outcome.status not in _DONE:
            continue
        if isinstance(change, Unmerge):
            losers = [replace(change.key, id=one) for one in (outcome.made or "").split(";") if one]
            records = [change.key, *losers]
            pairs |= {(one, other): None for one in records for other in records if one < other}
        elif isinstance(change, Merge):
            gone = {change.key, *change.losers}
            pairs = {pair: None for pair in pairs if not set(pair) <= gone}
    return list(pairs)
