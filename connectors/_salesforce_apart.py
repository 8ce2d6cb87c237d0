"""What is left to do until a merge is taken apart: the snapshots compared with the records as they are now. No calls.

Only what the merge did is taken back. What somebody moved elsewhere, deleted or changed since stays as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from connectors._salesforce_raw import JOINS, RELATION, Row, join_key
from connectors._unmerge import Case, Key
from model.snapshots import Hanging, Snapshot

Flags = Callable[[str, str], frozenset[str]]  # (object, field) -> what may be done: createable, updateable, ...


@dataclass(frozen=True, slots=True)
class State:
    """The rows as they are now, deleted ones too: of the merged records, of what hung on them, and by object the joins
    there are, by their keys. `flags` tells what may be done; `is_ours` whether a survivor's field holds what the merge
    set.
    """

    records: Mapping[str, Row]
    hanging: Mapping[str, Row]
    joined: Mapping[str, Mapping[Key, Row]]
    flags: Flags
    is_ours: Callable[[Case, str], bool]


@dataclass(slots=True)
class Work:
    """Steps, each with the case it belongs to. Records come back before anything leads to them."""

    undelete: dict[str, Case] = field(default_factory=dict)
    remake: dict[str, Case] = field(default_factory=dict)
    updates: dict[tuple[str, str], tuple[Case, dict[str, Any]]] = field(default_factory=dict)
    creates: list[tuple[str, Row, Case]] = field(default_factory=list)
    deletes: dict[tuple[str, str], Case] = field(default_factory=dict)

    @property
    def is_done(self) -> bool:
        return not (self.undelete or self.remake or self.updates or self.creates or self.deletes)

    def update(self, case: Case, kind: str, record_id: str, name: str, value: Any) -> None:
        if (kind, record_id, name) not in case.refused:
            self.updates.setdefault((kind, record_id), (case, {}))[1][name] = value


def add_work(work: Work, case: Case, state: State, kind: str) -> None:
    """What is left to do for a case whose records are of this object."""
    for loser in case.losers:
        if not _is_back(work, case, loser, state):
            continue
        home = case.homes.get(loser.key.id, loser.key.id)
        for one in loser.hanging:
            if one.values is None:
                _move(work, case, one, home, state)
            else:
                _join(work, case, one, home, state)
        _own_links(work, case, loser, home, state, kind)
    for one in kept_relations(case):
        _relation(work, case, one, state)
    _survivor(work, case, state, kind)


def _is_back(work: Work, case: Case, loser: Snapshot, state: State) -> bool:
    """Whether the loser, or what stands for it, is there; if not, how it comes back."""
    record_id = loser.key.id
    if record_id in case.homes:
        return True
    row = state.records.get(record_id)
    if row is not None and not row["IsDeleted"]:
        return True
    if row is None or ("undelete", record_id) in case.refused:
        if ("remake", record_id) not in case.refused:
            work.remake[record_id] = case
    elif row.get("MasterRecordId") is None:
        case.left[f"{record_id} was deleted by somebody since"] = None
    else:
        work.undelete[record_id] = case
    return False


def _move(work: Work, case: Case, one: Hanging, home: str, state: State) -> None:
    """A record that the merge moved to the survivor goes back."""
    row = state.hanging.get(one.id)
    if row is None or row.get("IsDeleted") or row.get(one.field) != case.survivor.key.id:
        return
    if "updateable" in state.flags(one.kind, one.field):
        work.update(case, one.kind, one.id, one.field, home)
    else:
        case.left[f"{one.kind}.{one.field} cannot be set by this user"] = None


def _join(work: Work, case: Case, one: Hanging, home: str, state: State) -> None:
    """A join goes back with what it said; one that the merge deleted for its twin is made again."""
    values = dict(one.values or {})
    wanted = {name: case.renamed.get(str(value), value) for name, value in values.items()} | {one.field: home}
    key, row = join_key(one.kind, wanted), _moved(case, one, wanted, state)
    flags, there = state.flags(one.kind, one.field), state.joined.get(one.kind, {}).get(key)
    if row is None:
        if there is not None:
            _complete(work, case, one, wanted, there, state)
        elif _has_twin(case, one):
            _make(work, case, one.kind, wanted)
        return
    if row.get(one.field) not in (home, case.survivor.key.id):
        return
    if row[one.field] == home or "updateable" in flags:
        if row[one.field] != home:
            work.update(case, one.kind, str(row["Id"]), one.field, home)
        if values.get("IsPrimary") is True and row.get("IsPrimary") is False:
            work.update(case, one.kind, str(row["Id"]), "IsPrimary", True)
        return
    if there is None:
        _make(work, case, one.kind, wanted)
    else:
        _complete(work, case, one, wanted, there, state)
    if (one.kind, row["Id"]) not in case.refused and (one.kind, key) not in case.refused:
        work.deletes[one.kind, str(row["Id"])] = case


def _moved(case: Case, one: Hanging, wanted: Row, state: State) -> Row | None:
    """The row of a join as it is now; where that is gone, the one that another undo made in its place."""
    row = state.hanging.get(one.id)
    if row is not None and not row.get("IsDeleted"):
        return row
    place = join_key(one.kind, {**wanted, one.field: case.survivor.key.id})
    own = {join_key(other.kind, other.values) for other in case.survivor.hanging if other.values}
    return None if place in own else state.joined.get(one.kind, {}).get(place)


def kept_relations(case: Case) -> list[Hanging]:
    """The survivor's own relations that a merge, or its undo, can end: those that a loser had too."""
    return [one for one in case.survivor.hanging if one.kind == RELATION and one.values and _has_twin(case, one)]


def _relation(work: Work, case: Case, one: Hanging, state: State) -> None:
    """A relation of the survivor that is gone is made again once that of the loser no longer stands in its place; what
    stays there, as an undo of the other end's merge made it, says what it said."""
    values, row = one.values or {}, state.hanging.get(one.id)
    if row is not None and not row.get("IsDeleted"):
        return
    there = state.joined.get(one.kind, {}).get(join_key(one.kind, values))
    if there is None:
        _make(work, case, one.kind, values)
    elif (one.kind, str(there["Id"])) not in work.deletes:
        _complete(work, case, one, values, there, state)


def _complete(work: Work, case: Case, one: Hanging, wanted: Row, there: Row, state: State) -> None:
    """What the platform made by itself, with what the join said that stood there before."""
    for name, value in wanted.items() if one.kind == RELATION else ():
        if name in there and there[name] != value and "updateable" in state.flags(one.kind, name):
            work.update(case, one.kind, str(there["Id"]), name, value)


def _make(work: Work, case: Case, kind: str, wanted: Row) -> None:
    if (kind, join_key(kind, wanted)) not in case.refused:
        work.creates.append((kind, wanted, case))


def _has_twin(case: Case, one: Hanging) -> bool:
    """Whether another record of the merge had a join that says the same, so that it was the merge that ended this."""
    own = _but(one)
    others = (other for shot in (case.survivor, *case.losers) for other in shot.hanging if other.id != one.id)
    return any(
        (other.kind, other.field) == (one.kind, one.field) and other.values and _but(other) == own for other in others
    )


def _but(one: Hanging) -> Key:
    """The key of a join without the end that is merged."""
    return tuple((one.values or {}).get(name) for name in JOINS.get(one.kind, ()) if name != one.field)


def _own_links(work: Work, case: Case, loser: Snapshot, home: str, state: State, kind: str) -> None:
    """References of the loser itself that were emptied, moved along, or lead to what was made anew."""
    row = state.records.get(home)
    for name, value in loser.values.items():
        wanted = case.renamed.get(str(value), value)
        if row is None or name not in row or row[name] == wanted or "reference" not in state.flags(kind, name):
            continue
        if row[name] in (None, case.survivor.key.id, value) and "updateable" in state.flags(kind, name):
            work.update(case, kind, home, name, wanted)


def _survivor(work: Work, case: Case, state: State, kind: str) -> None:
    """The survivor's own values, where they still are what the merge set."""
    row = state.records[case.survivor.key.id]
    for name, before in case.survivor.values.items():
        wanted = case.renamed.get(str(before), before)
        if name not in row or row[name] == wanted:
            continue
        if state.is_ours(case, name):
            if "updateable" in state.flags(kind, name):
                work.update(case, kind, case.survivor.key.id, name, wanted)
        elif state.is_ours(case, f"?{name}"):
            case.left[f"{name} was changed since the merge"] = None
