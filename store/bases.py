"""Bases: what a record held when it last agreed with its partner in another connection."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

import polars as pl
from sqlalchemy import Connection, Table, and_, select
from sqlalchemy.dialects import postgresql, sqlite

from model.evidence import RecordKey
from model.streams import Value
from store.chosen import frame_of_chosen
from store.database import Database
from store.tables import BaseRow

BASES: Table = BaseRow.__table__  # type: ignore[attr-defined]
_KEY = (BASES.c.connection, BASES.c.stream, BASES.c.id)
_AT_ONCE = 1_000


@dataclass(frozen=True, slots=True)
class BaseCell:
    """One field of a record as it is agreed from now on; without a `partner` only where the base so far is `was`."""

    key: RecordKey
    partner: RecordKey | None
    field: str
    value: Value
    was: Value = None


def frame_of(database: Database, only: pl.DataFrame | None) -> pl.DataFrame:
    """Columns connection, stream, id, partner and fields, of all bases or of these records."""
    query = select(*_KEY, BASES.c.partner, BASES.c.fields)
    if only is None:
        return database.frame(query.order_by(*_KEY))
    return frame_of_chosen(database, query, _KEY, only.select("connection", "stream", "id"))


def save(connection: Connection, frame: pl.DataFrame, at: int) -> None:
    """Put these bases (columns as of `frame_of`) in the place of those of the same records."""
    rows = frame.select("connection", "stream", "id", "partner", "fields").iter_slices(_AT_ONCE)
    for part in rows:
        connection.execute(_upsert(connection), [{**row, "at": at} for row in part.iter_rows(named=True)])


def set_cells(connection: Connection, cells: Iterable[BaseCell], at: int) -> None:
    """Note single fields as agreed; a base with another partner is begun anew."""
    by_key: dict[RecordKey, list[BaseCell]] = defaultdict(list)
    for cell in cells:
        by_key[cell.key].append(cell)
    for key, mine in by_key.items():
        here = and_(BASES.c.connection == key.connection, BASES.c.stream == key.stream, BASES.c.id == key.id)
        row = connection.execute(select(BASES.c.partner, BASES.c.fields).where(here)).first()
        partner = row.partner if row else ""
        fields: dict[str, list[Value]] = json.loads(row.fields) if row else {}
        for cell in mine:
            if cell.partner is None and fields.get(cell.field) != [cell.was]:
                continue
            if cell.partner is not None and str(cell.partner) != partner:
                partner, fields = str(cell.partner), {}
            fields[cell.field] = [cell.value]
        if fields:
            values = {"connection": key.connection, "stream": key.stream, "id": key.id, "partner": partner, "at": at,
                      "fields": json.dumps(fields, separators=(",", ":"), ensure_ascii=False)}  # fmt: skip
            connection.execute(_upsert(connection), [values])


def _upsert(connection: Connection) -> sqlite.Insert | postgresql.Insert:
    insert = (sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert)(BASES)
    new = {name: insert.excluded[name] for name in ("partner", "at", "fields")}
    return insert.on_conflict_do_update(index_elements=list(_KEY), set_=new)
