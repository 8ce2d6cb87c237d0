"""The memory of enrichment connections: what was asked is not asked again too soon."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Table, and_, select

from store.columns import micros
from store.tables import LookupRow

LOOKUPS: Table = LookupRow.__table__  # type: ignore[attr-defined]


def save(opened: Connection, name: str, key: str, answered_at: int, answer: Mapping[str, Any] | None) -> None:
    values = {"answered_at": answered_at, "answer": None if answer is None else json.dumps(dict(answer))}
    here = and_(LOOKUPS.c.connection == name, LOOKUPS.c.key == key)
    if not opened.execute(LOOKUPS.update().where(here).values(values)).rowcount:
        opened.execute(LOOKUPS.insert().values(connection=name, key=key, **values))


def find(opened: Connection, name: str, key: str) -> tuple[int, Mapping[str, Any] | None] | None:
    here = and_(LOOKUPS.c.connection == name, LOOKUPS.c.key == key)
    row = opened.execute(select(LOOKUPS).where(here)).first()
    if row is None:
        return None
    return micros(row.answered_at), None if row.answer is None else json.loads(row.answer)
