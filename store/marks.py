"""Marks: the records that came, changed or went since the last match, resolution, plan or scoring looked at them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from itertools import chain
from typing import Literal

import polars as pl
from sqlalchemy import Column, ColumnElement, Connection, Table, select

from model.batch import Batch
from model.evidence import RecordKey
from model.streams import Value
from store.columns import text_type
from store.derived import delete_rows, table_of
from store.tables import METADATA, MatchedRow, UnmatchedRow

MATCHED, UNMATCHED = table_of(MatchedRow), table_of(UnmatchedRow)
# Streams whose records are matched, or say something about one that is.
STREAMS = frozenset(("accounts", "contacts", "leads", "associations"))
Work = Literal["resolve", "plan", "score"]


def _tables(done: str, waiting: str) -> tuple[Table, Table]:
    keys = (Column(name, text_type(), primary_key=True) for name in ("connection", "stream", "id"))
    return (
        Table(done, METADATA, Column("settings", text_type(), primary_key=True)),
        Table(waiting, METADATA, *keys, sqlite_with_rowid=False),
    )


# By work under what it last was done to all records, and the records it is to look at since, or to look at again.
WORKS: dict[Work, tuple[Table, Table]] = {
    "resolve": _tables("resolved", "unresolved"),
    "plan": _tables("planned", "unplanned"),
    "score": _tables("scored", "unscored"),
}
# What only reports read.
_REPORTED = frozenset(("logins", "licences", "licence_holders"))
_AT_ONCE = 500
# A link has no version of its own: it is stamped with the time it was read.
_STAMPED = frozenset(("associations",))


def marked(connection: Connection, stream: str, works: Collection[Work] = tuple(WORKS)) -> list[Table]:
    """The tables in which records of a stream are marked: those of what was done once, be it matching or one of the
    `works`."""
    wanted = [(MATCHED, UNMATCHED)] if stream in STREAMS else []
    return [
        table
        for once, table in (*wanted, *(WORKS[work] for work in works if stream not in _REPORTED))
        if connection.execute(select(*once.primary_key).limit(1)).first() is not None
    ]


def mark(connection: Connection, name: str, stream: str, ids: Iterable[Value], tables: Collection[Table]) -> None:
    """Note in these tables that these records are to be looked at again."""
    mark_rows(connection, [(name, stream, record) for record in ids], tables)


def mark_rows(connection: Connection, rows: Sequence[tuple[Value, ...]], tables: Collection[Table]) -> None:
    """`mark` for records (connection, stream, id)."""
    values = "(?, ?, ?)" if connection.dialect.name == "sqlite" else "(%s, %s, %s)"
    for table in tables if rows else ():
        sql = f"INSERT INTO {table.name} (connection, stream, id) VALUES {values} ON CONFLICT DO NOTHING"  # noqa: S608
        connection.exec_driver_sql(sql, list(rows))


def mark_concerned(connection: Connection, keys: Iterable[RecordKey], works: Collection[Work] = tuple(WORKS)) -> None:
    """Note that the next plan, scoring and so on are to look at these records."""
    rows = sorted({(key.connection, key.stream, key.id) for key in keys})
    mark_rows(connection, rows, marked(connection, "", works))


def settle(
    connection: Connection, work: Work, settings: str, back: Iterable[RecordKey] = (), seen: pl.DataFrame | None = None
) -> None:
    """Note that this was done to all records, or to those `seen`; to those of `back` it is to be done again."""
    done, waiting = WORKS[work]
    if seen is None:
        connection.execute(waiting.delete())
        connection.execute(done.delete())
        connection.execute(done.insert().values(settings=settings))
    else:
        delete_rows(connection, waiting.name, ["connection", "stream", "id"], seen)
    mark_rows(connection, sorted({(key.connection, key.stream, key.id) for key in back}), [waiting])


def mark_where(connection: Connection, name: str, table: Table, which: ColumnElement[bool]) -> None:
    """`mark` for the records of a mirror table that a condition picks."""
    if tables := marked(connection, table.name):
        ids = connection.execute(select(table.c.id).where(which)).scalars().all()
        mark(connection, name, table.name, ids, tables)


def changed_ids(connection: Connection, batch: Batch, table: Table) -> list[Value]:
    """The ids of a batch that is to be saved whose records the store lacks or holds otherwise."""
    columns = {"is_deleted": [False] * len(batch), **batch.columns}
    ignored = ("payload", "changed_at") if batch.stream in _STAMPED else ("payload",)
    compared = [name for name in columns if name not in ignored]
    names = ", ".join(f'"{name}"' for name in compared)
    mark_of = "?" if connection.dialect.name == "sqlite" else "%s"
    ids = batch.columns["id"]
    held: set[tuple[Value, ...]] = set()
    for first in range(0, len(ids), _AT_ONCE):
        part = ids[first : first + _AT_ONCE]
        marks = ", ".join([mark_of] * len(part))
        sql = f'SELECT {names} FROM "{table.name}" WHERE "connection" = {mark_of} AND "id" IN ({marks})'  # noqa: S608
        held.update(map(tuple, connection.exec_driver_sql(sql, tuple(chain([batch.connection], part)))))
    rows = zip(*(columns[name] for name in compared), strict=True)
    return [record for record, row in zip(ids, rows, strict=True) if row not in held]
