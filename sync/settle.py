"""Settle: what became of changes whose answer we never saw, judged by what the remote holds and remembers now."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import suppress

import polars as pl

from connectors.connector import Arrival, Observed, Sink
from model.batch import Batch
from model.changes import (
    WAS_LINKED,
    Associate,
    Convert,
    Create,
    Delete,
    Merge,
    Outcome,
    Planned,
    Restore,
    Slot,
    Unmerge,
    slot_of,
)
from model.errors import ConnectorError, StoreError
from model.streams import STREAMS, Value
from store import Store
from sync.agreed import agreed_cells
from sync.clock import Clock
from sync.lend import lent
from sync.made import made_cells, made_verdicts


def settle(store: Store, sink: Sink, run_id: str, changes: Sequence[Planned], clock: Clock) -> list[Outcome]:
    """Read the remote back and record an outcome for each change; those that provably never arrived are `unsent`.

    Raises the connector's errors, with nothing recorded, when the remote cannot be read.
    """
    observed = sink.observe(lent(store, changes))
    outcomes = [settled_outcome(planned, observed[planned.id]) for planned in changes]
    outcomes = [_with_former_link(store, planned, outcome) for planned, outcome in zip(changes, outcomes, strict=True)]
    cells = [*agreed_cells(changes, outcomes), *made_cells(changes, outcomes, ())]
    verdicts = made_verdicts(changes, outcomes, clock())
    store.record(run_id, outcomes, observed_batches(changes, observed), clock(), cells, verdicts)
    return outcomes


def settle_unfinished(store: Store, sinks: Mapping[str, Sink], clock: Clock) -> None:
    """Settle all that was sent and has no known end, so that what is pulled and planned next knows of it.

    What a connection out of reach holds stays open: a push says so.
    """
    by_connection: dict[str, list[Planned]] = defaultdict(list)
    for _, planned in store.unfinished():
        by_connection[planned.change.key.connection].append(planned)
    if not by_connection:
        # Another process that pushes has entries that are not there yet.
        with suppress(StoreError), store.alone("push"):
            store.note_settled()
        return
    with store.alone("push"):
        run_id = store.begin_run("push", clock())
        settled = 0
        for connection, changes in sorted(by_connection.items()):
            if connection in sinks:
                with suppress(ConnectorError):
                    settled += len(settle(store, sinks[connection], run_id, changes, clock))
        store.end_run(run_id, "done", clock(), {"settled": settled})


def settled_outcome(planned: Planned, observed: Observed) -> Outcome:
    """What became of one change. The remote's history is believed before the value that stands there now."""
    slot = slot_of(planned.change)
    if slot is None:
        return _settled_record(planned, observed)
    if not observed.exists:
        return Outcome(planned.id, "conflict", "GONE", "the record is gone since the change was sent")
    if not observed.is_known:
        message = "it may have been sent, and the field can no longer be read; the next push looks again"
        return Outcome(planned.id, "unknown", "UNREADABLE", message)
    if observed.arrival is not None:
        return _arrived(planned, slot, observed, observed.arrival)
    if observed.value == slot.after:
        return Outcome(planned.id, "applied", "READ_BACK", "found applied when read back", observed.version)
    if observed.value == slot.before:
        return Outcome(planned.id, "unsent", "READ_BACK", "found not applied when read back")
    return Outcome(
        planned.id, "conflict", "MOVED", "the remote holds a third value", observed.version, found=observed.value
    )


def _settled_record(planned: Planned, observed: Observed) -> Outcome:
    """What became of a change of a whole record: what it leaves behind tells whether it arrived."""
    change = planned.change
    if not observed.is_known:
        message = "it may have been sent, and what it left behind can no longer be read; the next push looks again"
        return Outcome(planned.id, "unknown", "UNREADABLE", message)
    if isinstance(change, Merge | Unmerge | Convert) and not observed.exists:
        return Outcome(planned.id, "conflict", "GONE", "the record is gone since the change was sent")
    is_done = not observed.exists if isinstance(change, Delete) else observed.exists
    made: str | None = change.key.id if isinstance(change, Restore) else None
    if isinstance(change, Create | Merge | Unmerge | Convert):
        made = None if observed.value is None else str(observed.value)
        is_done = made is not None
    if not is_done:
        return Outcome(planned.id, "unsent", "READ_BACK", "found not applied when read back")
    return Outcome(planned.id, "applied", "READ_BACK", "found applied when read back", observed.version, made=made)


def _arrived(planned: Planned, slot: Slot, observed: Observed, arrival: Arrival) -> Outcome:
    if arrival.replaced not in (slot.before, slot.after):
        message = "somebody's newer value was overwritten before our write; it can be restored"
        return Outcome(planned.id, "overwrote", "OVERWROTE", message, observed.version, found=arrival.replaced)
    if not arrival.stands:
        message = "applied, and changed again by somebody since"
        return Outcome(planned.id, "applied", "CHANGED_AGAIN", message, observed.version, found=observed.value)
    return Outcome(planned.id, "applied", "READ_BACK", "found applied when read back", observed.version)


def _with_former_link(store: Store, planned: Planned, outcome: Outcome) -> Outcome:
    """The same outcome, with a link that stood before ours told by its code: an undo must leave that link standing."""
    change = planned.change
    if outcome.status != "applied" or not isinstance(change, Associate):
        return outcome
    links = store.frame(
        "associations", columns=["from_stream", "from_id", "to_id"], connections=[change.key.connection]
    )
    former = links.filter(
        (pl.col("from_stream") == change.key.stream)
        & (pl.col("from_id") == change.key.id)
        & (pl.col("to_id") == change.to.id)
    )
    if former.is_empty():
        return outcome
    return Outcome(outcome.change_id, "applied", WAS_LINKED, outcome.message, outcome.version, outcome.found)


def observed_batches(changes: Sequence[Planned], observed: Mapping[str, Observed]) -> list[Batch]:
    """What was read back, as records of one field each, so that the mirror knows it before any index does."""
    cells: dict[tuple[str, str, str], dict[str, tuple[int, Value]]] = defaultdict(dict)
    for planned in changes:
        slot, seen, key = slot_of(planned.change), observed[planned.id], planned.change.key
        # A field of the org's own comes typed with the next pull; here nothing tells its type.
        is_own = slot is not None and slot.field not in STREAMS[key.stream].field_names
        if slot and not is_own and seen.exists and seen.is_known and seen.version is not None:
            cells[key.connection, key.stream, slot.field][key.id] = (seen.version, seen.value)
    return [
        Batch(
            connection,
            stream,
            {
                "id": list(rows),
                "changed_at": [version for version, _ in rows.values()],
                name: [value for _, value in rows.values()],
            },
            frozenset({name}),
        )
        for (connection, stream, name), rows in cells.items()
    ]
