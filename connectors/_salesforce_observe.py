"""What stands where field changes, links, deletions and restores would write, and whether ours arrived there."""

from __future__ import annotations

from collections.abc import Sequence

from connectors._salesforce_read import Current, Readback
from connectors.connector import Arrival, Observed
from model.changes import Associate, Change, Dissociate, Planned, SetField, slot_of
from model.streams import Value


def observed_records(readback: Readback, changes: Sequence[Planned]) -> dict[str, Observed]:
    """By change id; the changes are of one stream."""
    stream = changes[0].change.key.stream
    ids = sorted({planned.change.key.id for planned in changes})
    current = readback.read(stream, ids, "observations")
    versions = [
        planned.change.seen_at for planned in changes if slot_of(planned.change) and planned.change.seen_at is not None
    ]
    history = readback.replacements(stream, ids, min(versions)) if versions else {}
    found = {}
    for planned in changes:
        record_id, name = planned.change.key.id, _field(planned.change)
        found[planned.id] = _observed(planned.change, current.get(record_id), history.get((record_id, name), ()))
    return found


def _observed(change: Change, now: Current | None, history: Sequence[tuple[Value, Value]]) -> Observed:
    """`history` are the field's changes since the plan, oldest first."""
    if now is None or not now.exists:
        return Observed(None, None, exists=False)
    name, slot = _field(change), slot_of(change)
    if slot is None:
        return Observed(None, now.version)
    if name not in now.values:
        return Observed(None, now.version, is_known=False)
    ours = [place for place, (_, new) in enumerate(history) if new == slot.after]
    arrival = Arrival(history[ours[-1]][0], stands=ours[-1] == len(history) - 1) if ours else None
    return Observed(now.values[name], now.version, arrival=arrival)


def _field(change: Change) -> str:
    """The canonical field that a field change or a link writes; blank for the other kinds."""
    if isinstance(change, SetField):
        return change.field
    return "account_id" if isinstance(change, Associate | Dissociate) else ""
