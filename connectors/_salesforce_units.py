"""How changes are split into units: what is journaled and sent as one, in the order of their dependence."""

from __future__ import annotations

from collections.abc import Sequence

from connectors._salesforce_merge import requests_of
from connectors._salesforce_parts import WRITABLE
from connectors._salesforce_roles import is_role
from connectors._salesforce_send import COLLECTION_RECORDS
from connectors._salesforce_soap import MAX_IDS, MAX_LEADS, MAX_MERGES
from model.changes import Associate, Change, Convert, Create, Delete, Dissociate, Merge, Planned, Restore, Unmerge

Unit = tuple[Planned, ...]

BEFORE_FIELDS = (Restore.kind, Unmerge.kind, Merge.kind, Convert.kind, Create.kind)
_MOST = {
    Restore.kind: MAX_IDS,
    Merge.kind: MAX_MERGES,
    Unmerge.kind: MAX_IDS,
    Convert.kind: MAX_LEADS,
    Create.kind: COLLECTION_RECORDS,
    Delete.kind: COLLECTION_RECORDS,
}


def units_of_kind(changes: Sequence[Planned], kind: str) -> list[Unit]:
    """Units of one kind: accounts before what hangs on them, and the other way round where they are deleted."""
    streams = WRITABLE[::-1] if kind == Delete.kind else WRITABLE
    units: list[Unit] = []
    for stream in streams:
        unit: list[Planned] = []
        weight = 0
        for planned in changes:
            if (planned.change.kind, planned.change.key.stream) != (kind, stream):
                continue
            more = _weight(planned.change)
            if unit and weight + more > _MOST[kind]:
                units.append(tuple(unit))
                unit, weight = [], 0
            unit.append(planned)
            weight += more
        if unit:
            units.append(tuple(unit))
    return units


def _weight(change: Change) -> int:
    if isinstance(change, Unmerge):
        return len(change.losers)
    return requests_of(change) if isinstance(change, Merge) else 1


def units_of_fields(changes: Sequence[Planned]) -> list[Unit]:
    """Units of one object and at most 200 records, all changes of a record in one unit.

    Accounts go before what hangs on them. Records linked to the same account are neighbours, so that their updates
    share a call instead of waiting for each other's lock on it.
    """
    by_record: dict[tuple[str, str], list[Planned]] = {}
    for planned in changes:
        by_record.setdefault((planned.change.key.stream, planned.change.key.id), []).append(planned)
    units: list[Unit] = []
    for stream in WRITABLE:
        mine = [(record_id, group) for (of, record_id), group in by_record.items() if of == stream]
        mine.sort(key=lambda item: (_parent(item[1]), item[0]))
        for start in range(0, len(mine), COLLECTION_RECORDS):
            some = mine[start : start + COLLECTION_RECORDS]
            units.append(tuple(planned for _, group in some for planned in group))
    return units


def units_of_roles(changes: Sequence[Planned]) -> list[Unit]:
    """Units of contact roles, which are made once both ends are."""
    roles = [planned for planned in changes if is_role(planned.change)]
    return [tuple(roles[start : start + COLLECTION_RECORDS]) for start in range(0, len(roles), COLLECTION_RECORDS)]


def _parent(group: Sequence[Planned]) -> str:
    return next((p.change.to.id for p in group if isinstance(p.change, Associate | Dissociate)), "")
