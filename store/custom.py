"""Mapped fields that are no canonical ones: a typed side table, one row per value, read back as columns."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import repeat

import polars as pl
from sqlalchemy import ColumnElement, Connection, Table, and_, select

from model.batch import Batch, CustomColumn
from model.errors import StoreError
from model.streams import Value, ValueType
from store.columns import FRAMED
from store.database import Database
from store.tables import CustomValueRow

CUSTOM: Table = CustomValueRow.__table__  # type: ignore[attr-defined]
_PLACES: dict[ValueType, str] = {"text": "text", "real": "fraction"}  # all others: whole
_KEY = ("connection", "stream", "field", "id")


def save(connection: Connection, batch: Batch) -> None:
    """Upsert a batch's custom values; an older version never overwrites a newer one."""
    for name, column in batch.custom.items():
        rows = zip(
            repeat(batch.connection),
            repeat(batch.stream),
            repeat(name),
            batch.columns["id"],
            batch.columns["changed_at"],
            repeat(column.type),
            *(_placed(column, place) for place in ("text", "whole", "fraction")),
            strict=False,
        )
        if len(batch):
            connection.exec_driver_sql(_upsert_sql(connection.dialect.name), list(rows))


def _placed(column: CustomColumn, place: str) -> Sequence[Value] | repeat[None]:
    if _PLACES.get(column.type, "whole") != place:
        return repeat(None)
    if column.type == "bool":
        return [None if value is None else int(value) for value in column.values]
    return column.values


def _upsert_sql(dialect: str) -> str:
    names = CUSTOM.c.keys()
    marks = ", ".join(["?" if dialect == "sqlite" else "%s"] * len(names))
    settings = ", ".join(f"{name} = excluded.{name}" for name in names if name not in _KEY)
    return (
        f"INSERT INTO custom_values ({', '.join(names)}) VALUES ({marks}) "  # noqa: S608 - the table's own names
        f"ON CONFLICT ({', '.join(_KEY)}) DO UPDATE SET {settings} "
        "WHERE excluded.changed_at >= custom_values.changed_at"
    )


def with_custom(database: Database, records: pl.DataFrame, stream: str, fields: Sequence[str]) -> pl.DataFrame:
    """The records with a column for each of these custom fields, of the type their values were last pulled in.

    StoreError for a field that no connection has been pulled with, or that two connections type differently.
    """
    for name in fields:
        here = and_(CUSTOM.c.stream == stream, CUSTOM.c.field == name)
        kind = _type_of(database, here, stream, name)
        column = CUSTOM.c[_PLACES.get(kind, "whole")]
        values = database.frame(select(CUSTOM.c.connection, CUSTOM.c.id, column).where(here, CUSTOM.c.type == kind))
        values = values.select("connection", "id", pl.col(column.name).cast(FRAMED[kind]).alias(name))
        records = records.join(values, on=["connection", "id"], how="left", maintain_order="left")
    return records


def having(database: Database, stream: str, fields: Sequence[str], connection: str) -> pl.DataFrame:
    """Column id, sorted: the records of a connection with text in one of these custom fields, deleted ones too."""
    here = and_(CUSTOM.c.connection == connection, CUSTOM.c.stream == stream, CUSTOM.c.field.in_(fields))
    query = select(CUSTOM.c.id).where(here, CUSTOM.c.text.is_not(None)).distinct()
    return database.frame(query).sort("id")


def _type_of(database: Database, here: ColumnElement[bool], stream: str, name: str) -> ValueType:
    with database.read() as opened:
        kinds = sorted(row[0] for row in opened.execute(select(CUSTOM.c.type).where(here).distinct()))
    if len(kinds) == 1:
        kind: ValueType = kinds[0]
        return kind
    if not kinds:
        raise StoreError(f"{stream} have no column {name}")
    raise StoreError(f"{stream}.{name} is {' and '.join(kinds)} in different records; pull the stream in full again")
