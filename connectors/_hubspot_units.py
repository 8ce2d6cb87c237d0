"""Splitting changes into the units that are sent as one."""

from __future__ import annotations

from collections.abc import Sequence

from connectors._hubspot_operations import BATCH_UPDATE, LINKS_CREATE
from model.changes import Associate, Change, Create, Dissociate, Merge, Planned, SetField, Unmerge

# Of one unit. The more merges, the longer their values wait for the last one.
UNMERGES, MERGES = 50, 25
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
    if isinstance(group[0].change, Merge | Unmerge):
        size = MERGES if isinstance(group[0].change, Merge) else UNMERGES
        return [tuple(group[start : start + size]) for start in range(0, len(group), size)]
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


def _grown(place: int, units: list[list[Planned]], records: list[set[str]], taken: list[set[tuple[str, str]]]) -> int:
    if place == len(units):
        units.append([])
        records.append(set())
        taken.append(set())
    return place


def _slot(change: Change) -> tuple[str, str]:
    """What a unit may write once: a record's field, or a record's link."""
    return (change.key.id, change.field if isinstance(change, SetField) else "")
