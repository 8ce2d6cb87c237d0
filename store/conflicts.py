"""The queue of conflicts: opened by a plan, answered by a person, closed when the records agree again."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from typing import Any

from sqlalchemy import Connection, Table, and_, select

from model.conflicts import Answer, Conflict
from model.errors import InputError
from model.evidence import RecordKey
from store.columns import micros
from store.marks import mark_concerned
from store.numbers import next_number, numbered
from store.tables import ConflictRow

CONFLICTS: Table = ConflictRow.__table__  # type: ignore[attr-defined]
_PARTS = ("connection", "stream", "id")


def listed(connection: Connection, *, closed: bool) -> list[Conflict]:
    """Open conflicts, with `closed` all, in the order they were opened."""
    query = select(CONFLICTS).order_by(CONFLICTS.c.id)
    if not closed:
        query = query.where(CONFLICTS.c.closed_at.is_(None))
    return [_conflict(row._mapping) for row in connection.execute(query)]


def keep(
    connection: Connection, found: Iterable[Conflict], at: int, among: AbstractSet[RecordKey] | None = None
) -> None:
    """Make `found` the open conflicts: new ones are opened, known ones brought up to date, the others closed; with
    `among` those others only that are of one of these records.

    A known one is of the same field of the same records; while its values stay, so does its answer.
    """
    known = {(one.left, one.right, one.field): one for one in listed(connection, closed=False)}
    for conflict in found:
        before = known.pop((conflict.left, conflict.right, conflict.field), None)
        if before is None:
            new_id = numbered("c", next_number(connection, "conflicts"), 4)
            connection.execute(CONFLICTS.insert().values({**_columns(conflict), "id": new_id, "opened_at": at}))
        elif _columns(before) != _columns(conflict):
            here = CONFLICTS.c.id == before.id
            connection.execute(CONFLICTS.update().where(here).values(_columns(conflict)))
    for gone in known.values():
        if among is not None and among.isdisjoint((gone.left, gone.right)):
            continue
        connection.execute(CONFLICTS.update().where(CONFLICTS.c.id == gone.id).values(closed_at=at))


def answer(connection: Connection, conflict_id: str, told: Answer, by: str, at: int) -> None:
    """Note a person's answer; InputError when there is no such open conflict."""
    here = and_(CONFLICTS.c.id == conflict_id, CONFLICTS.c.closed_at.is_(None))
    text = json.dumps([told.kind, told.value])
    values = {"answer": text, "answered_by": by, "answered_at": at}
    if not connection.execute(CONFLICTS.update().where(here).values(values)).rowcount:
        raise InputError(f"There is no open conflict {conflict_id}; `trueline conflicts` lists them.")
    row = connection.execute(select(CONFLICTS).where(CONFLICTS.c.id == conflict_id)).one()
    answered = _conflict(row._mapping)
    mark_concerned(connection, (answered.left, answered.right))


def _columns(conflict: Conflict) -> dict[str, Any]:
    sides = {
        f"{side}_{part}": getattr(key, part)
        for side, key in (("left", conflict.left), ("right", conflict.right))
        for part in _PARTS
    }
    return {
        **sides,
        "field": conflict.field,
        "left_value": json.dumps(conflict.left_value),
        "right_value": json.dumps(conflict.right_value),
        "base": json.dumps(conflict.base) if conflict.has_base else None,
        "left_at": conflict.left_at,
        "right_at": conflict.right_at,
        "left_by": conflict.left_by,
        "right_by": conflict.right_by,
        "reason": conflict.reason,
        "answer": json.dumps([conflict.answer.kind, conflict.answer.value]) if conflict.answer else None,
        "answered_by": conflict.answered_by,
    }


def _conflict(row: Mapping[Any, Any]) -> Conflict:
    left, right = (RecordKey(*(row[f"{side}_{part}"] for part in _PARTS)) for side in ("left", "right"))
    return Conflict(
        left, right, row["field"], json.loads(row["left_value"]), json.loads(row["right_value"]),
        json.loads(row["base"]) if row["base"] is not None else None, row["base"] is not None, row["reason"],
        row["left_at"] and micros(row["left_at"]), row["right_at"] and micros(row["right_at"]),
        row["left_by"], row["right_by"], micros(row["opened_at"]),
        Answer(*json.loads(row["answer"])) if row["answer"] else None, row["answered_by"],
        row["closed_at"] and micros(row["closed_at"]), row["id"],
    )  # fmt: skip
