"""Splitting changes into the units that are sent as one."""

from __future__ import annotations

from collections.abc import Sequence

from connectors._hubspot_operations import BATCH_READ, BATCH_UPDATE, LINKS_CREATE
from model.changes import Associate, Change, Create, Dissociate, Merge, Planned, SetField, Unmerge, records_of

# Merges of one unit. The more, the longer their values wait for the last one.
MERGES = 25
ORDER = ("accounts", "contacts", "deals")


def units_of(changes: Sequence[Planned]) -> list[tuple[Planned, ...]]:
    """Merges that are undone first, then merges, new records, fields, new links, removed ones and deletes; within a
    group in plan order.

    A unit of fields holds up to 100 records of one stream, all changes of a record together and no field of a record
    twice; a unit of links up to 2,000 of one kind between two streams, with one link per record, so that none
    depends on another.
    """
    groups: dict[tuple[int, ...], list[Planned]] = {}
    for planned in changes:
        groups.setdefault(_group(planned.change), []).append(planned)
    return [unit for group in sorted(groups) for unit in _split(groups[group])]


def _group(change: Change) -> tuple[int, ...]:
    own = _place(change.key.stream)
    if isinstance(change, SetField):
        return (0, own)
    if isinstance(change, Associate):
        return (1, own, _place(change.to.stream))
    if isinstance(change, Dissociate):
        return (2, own, _place(change.to.stream), int(change.label != ""))
    if isinstance(change, Unmerge):
        return (-3, own)
    if isinstance(change, Merge):
        return (-2, own)
    return (-1, own) if isinstance(change, Create) else (3, own)


def _place(stream: str) -> int:
    return ORDER.index(stream) if stream in ORDER else len(ORDER)


def _split(group: Sequence[Planned]) -> list[tuple[Planned, ...]]:
    if isinstance(group[0].change, Merge):
        return [tuple(group[start : start + MERGES]) for start in range(0, len(group), MERGES)]
    if isinstance(group[0].change, Unmerge):
        return _unmerges(group)
    most = LINKS_CREATE.most if isinstance(group[0].change, Associate | Dissociate) else BATCH_UPDATE.most
    units: list[list[Planned]] = [[]]
    records: list[set[str]] = [set()]
    taken: list[set[tuple[str, str]]] = [set()]
    home: dict[str, int] = {}
    open_place = 0
    for planned in group:
        record, slot = planned.change.key.id, _slot(planned.change)
        while len(records[open_place]) >= most:
            open_place = _grown(open_place + 1, units, records, taken)
        place = home.setdefault(record, open_place)
        while slot in taken[place] or (record not in records[place] and len(records[place]) >= most):
            place = _grown(place + 1, units, records, taken)
        units[place].append(planned)
        records[place].add(record)
        taken[place].add(slot)
    return [tuple(unit) for unit in units if unit]


def _unmerges(group: Sequence[Planned]) -> list[tuple[Planned, ...]]:
    """As many as one batch reads the records of."""
    units: list[list[Planned]] = []
    left = 0
    for planned in group:
        records = len(records_of(planned.change))
        if not units or records > left:
            units.append([])
            left = BATCH_READ.most
        units[-1].append(planned)
        left -= records
    return [tuple(unit) for unit in units]


def _grown(place: int, units: list[list[Planned]], records: list[set[str]], taken: list[set[tuple[str, str]]]) -> int:
    if place == len(units):
        units.append([])
        records.append(set())
        taken.append(set())
    return place


def _slot(change: Change) -> tuple[str, str]:
    """What a unit may write once: a record's field, or a record's link."""
    return (change.key.id, change.field if isinstance(change, SetField) else "")
