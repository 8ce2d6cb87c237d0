"""Saving what a pull brings: rows, watermark, readable fields and what a full pull has seen, all or nothing."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from types import NoneType

import polars as pl
from sqlalchemy import ColumnElement, Connection, Table, and_, bindparam, func, select

from model.batch import Batch, Page, Watermark
from model.errors import StoreError
from model.streams import STREAMS, SYSTEM_FIELDS, Value, ValueType
from store import custom, marks
from store.copies import follow_links
from store.database import Database
from store.follow import follow_merges
from store.forgotten import without_forgotten
from store.mirror import MIRROR
from store.tables import ReadableRow, WatermarkRow

_WATERMARKS: Table = WatermarkRow.__table__  # type: ignore[attr-defined]
READABLE: Table = ReadableRow.__table__  # type: ignore[attr-defined]
_SYSTEM: dict[str, ValueType] = {field.name: field.type for field in SYSTEM_FIELDS}
_NEVER_NULL = ("id", "changed_at", "is_deleted")
_PYTHON: dict[ValueType, frozenset[type]] = {
    "text": frozenset({str, NoneType}),
    "int": frozenset({int, NoneType}),
    "real": frozenset({int, float, NoneType}),
    "bool": frozenset({bool, NoneType}),
    "time": frozenset({int, NoneType}),
    "date": frozenset({int, NoneType}),
    "money": frozenset({int, NoneType}),
}
_INT64 = (-(2**63), 2**63 - 1)
_RANGES: dict[ValueType, tuple[float, float]] = {
    "int": _INT64,
    "time": _INT64,
    "money": _INT64,
    "date": (-(2**31), 2**31 - 1),
    "real": (-sys.float_info.max, sys.float_info.max),
}

# Built once: a page of 200 records is saved in less time than SQLAlchemy takes to build its statements anew.
_HERE = and_(_WATERMARKS.c.connection == bindparam("here"), _WATERMARKS.c.stream == bindparam("there"))
_FIND_WATERMARK = select(_WATERMARKS).where(_HERE).with_for_update()
_ADD_WATERMARK = _WATERMARKS.insert()
_MOVE_WATERMARK = _WATERMARKS.update().where(_HERE)
_FIND_READABLE = select(READABLE.c.field, READABLE.c.shown, READABLE.c.readable).where(
    and_(READABLE.c.connection == bindparam("here"), READABLE.c.stream == bindparam("there"))
)
_UNKNOWN = select(READABLE.c.connection, READABLE.c.field).where(
    and_(READABLE.c.stream == bindparam("there"), READABLE.c.readable.is_(False))
)
_PUT_READABLE = READABLE.update().where(
    and_(
        READABLE.c.connection == bindparam("here"),
        READABLE.c.stream == bindparam("there"),
        READABLE.c.field == bindparam("that"),
    )
)


def save_batch(database: Database, connection: Connection, batch: Batch) -> None:
    """Upsert a batch without what is forgotten; it counts as seen by the stream's newest full pull."""
    batch = without_forgotten(connection, batch)
    _upsert(database, connection, batch, _stored(connection, batch.connection, batch.stream).full_pull)
    follow_merges(connection, batch)


def save_page(database: Database, connection: Connection, page: Page) -> int:
    """Save a page; how many of its rows were left out because they are of forgotten people."""
    batch = without_forgotten(connection, page.batch)
    before = _stored(connection, batch.connection, batch.stream)
    number = before.full_pull + (page.is_full and before.full_state != "going")
    _upsert(database, connection, batch, number)
    follow_merges(connection, batch)
    _mark_readable(connection, page)
    values = {
        "connection": batch.connection,
        "stream": batch.stream,
        "since": page.watermark.since,
        "cursor": page.watermark.cursor,
        "full_pull": number,
        "full_state": _full_state(page, before.full_state),
        "left_out": (before.left_out or 0 if number == before.full_pull else 0)
        + (_live(page.batch) - _live(batch) if page.is_full else 0),
    }
    _put(connection, values)
    return len(page.batch) - len(batch)


def _live(batch: Batch) -> int:
    return len(batch) - sum(map(bool, batch.columns.get("is_deleted", ())))


def _full_state(page: Page, before: str) -> str:
    """A page of an incremental pull abandons a full pull that was going on, but leaves an ended one to be finished."""
    if page.is_full:
        return "ended" if page.is_last else "going"
    return before if before == "ended" else ""


def watermark(connection: Connection, name: str, stream: str) -> Watermark:
    row = _stored(connection, name, stream)
    return Watermark(row.since, row.cursor)


def reset_watermark(connection: Connection, name: str, stream: str) -> None:
    """Forget how far the stream was pulled, so that the next pull is a full one. Records stay."""
    row = _stored(connection, name, stream)
    _put(
        connection,
        {"connection": name, "stream": stream, "since": None, "cursor": None, "full_pull": row.full_pull,
         "full_state": ""},
    )  # fmt: skip


def shown(connection: Connection, name: str, stream: str) -> int:
    """How many live records were shown since the newest full pull began, with those that were left out."""
    table = MIRROR[stream]
    row = _stored(connection, name, stream)
    seen = and_(table.c.connection == name, table.c.seen_in >= row.full_pull, table.c.is_deleted.is_(False))
    return connection.execute(select(func.count()).select_from(table).where(seen)).scalar_one() + (row.left_out or 0)


def vanished(connection: Connection, name: str, stream: str) -> int:
    """How many live records the finished full pull has not shown; 0 when there is none to finish."""
    table = MIRROR[stream]
    unseen = _unseen(connection, name, stream)
    return (
        0 if unseen is None else connection.execute(select(func.count()).where(unseen).select_from(table)).scalar_one()
    )


def finish_full_pull(connection: Connection, name: str, stream: str) -> int:
    """Mark those records deleted; how many. Calling it again finds none. After a sweep of associations the records'
    own copies follow it."""
    unseen = _unseen(connection, name, stream)
    if unseen is None:
        return 0
    marks.mark_where(connection, name, MIRROR[stream], unseen)
    marked = connection.execute(MIRROR[stream].update().where(unseen).values(is_deleted=True, vanished=True)).rowcount
    key = and_(_WATERMARKS.c.connection == name, _WATERMARKS.c.stream == stream)
    connection.execute(_WATERMARKS.update().where(key).values(full_state=""))
    if stream == "associations":
        follow_links(connection, name, _stored(connection, name, stream).since or 0)
    return marked


def _unseen(connection: Connection, name: str, stream: str) -> ColumnElement[bool] | None:
    row = _stored(connection, name, stream)
    if not row.full_state:
        return None
    if row.full_state == "going":
        raise StoreError(f"the full pull of {name}/{stream} has not ended: pull again before looking for what is gone")
    columns = MIRROR[stream].c
    return and_(columns.connection == name, columns.seen_in < row.full_pull, columns.is_deleted.is_(False))


def _stored(connection: Connection, name: str, stream: str) -> WatermarkRow:
    known_stream(stream)
    row = connection.execute(_FIND_WATERMARK, {"here": name, "there": stream}).mappings().first()
    empty = {"connection": name, "stream": stream, "since": None, "cursor": None, "full_pull": 0, "full_state": "",
             "left_out": None}  # fmt: skip
    return WatermarkRow(**(row or empty))


def _put(connection: Connection, values: Mapping[str, Value]) -> None:
    key = {"here": values["connection"], "there": values["stream"]}
    moved = {name: value for name, value in values.items() if name not in ("connection", "stream")}
    if not connection.execute(_MOVE_WATERMARK, {**key, **moved}).rowcount:
        connection.execute(_ADD_WATERMARK, values)


def _upsert(database: Database, connection: Connection, batch: Batch, number: int) -> None:
    if not len(batch):
        return
    check(batch)
    constants: dict[str, Value] = {"connection": batch.connection, "seen_in": number, "vanished": False}
    if "is_deleted" not in batch.columns:
        constants["is_deleted"] = False
    if tables := marks.marked(connection, batch.stream):
        changed = marks.changed_ids(connection, batch, MIRROR[batch.stream])
        marks.mark(connection, batch.connection, batch.stream, changed, tables)
    written = database.upsert(connection, batch.stream, constants, batch.columns)
    custom.save(connection, batch)
    if written < len(batch):
        _see_older(connection, batch, number)


def _see_older(connection: Connection, batch: Batch, number: int) -> None:
    """Rows that the version guard kept, or that are twice in the batch: they were shown all the same, and one that
    an earlier full pull missed is live again."""
    table = MIRROR[batch.stream]
    ids = batch.columns["id"]
    for first in range(0, len(ids), 500):
        here = and_(
            table.c.connection == batch.connection,
            table.c.id.in_(ids[first : first + 500]),
            table.c.seen_in < number,
        )
        connection.execute(table.update().where(and_(here, table.c.vanished)).values(is_deleted=False, vanished=False))
        connection.execute(table.update().where(here).values(seen_in=number))


def _mark_readable(connection: Connection, page: Page) -> None:
    """Keep the book of readable fields. A field that leaves is unknown at once; one that comes back, or comes late, is
    unknown until a full pull has ended, because records not pulled since may have changed meanwhile."""
    batch = page.batch
    deleted = batch.columns.get("is_deleted")
    only_deleted = bool(deleted) and all(deleted or ())
    if only_deleted or not (len(batch) or batch.readable):
        return
    here = {"here": batch.connection, "there": batch.stream}
    before = {row.field: (row.shown, row.readable) for row in connection.execute(_FIND_READABLE, here)}
    complete = not before or (page.is_full and page.is_last)
    own = STREAMS[batch.stream].field_names
    for name in (*own, *sorted((before.keys() | batch.custom.keys()) - set(own))):
        shown = name in batch.readable or name in batch.custom
        known = before.get(name)
        now = {"shown": shown, "readable": shown and (complete or (known is not None and known[1]))}
        if known is None:
            connection.execute(
                READABLE.insert(), {"connection": batch.connection, "stream": batch.stream, "field": name, **now}
            )
        elif known != (now["shown"], now["readable"]):
            connection.execute(_PUT_READABLE, {**here, "that": name, **now})


def late(connection: Connection, name: str, stream: str) -> frozenset[str]:
    """The fields that the remote shows and not all stored records hold."""
    rows = connection.execute(_FIND_READABLE, {"here": name, "there": stream})
    return frozenset(row.field for row in rows if row.shown and not row.readable)


def without_unknown(database: Database, records: pl.DataFrame, stream: str) -> pl.DataFrame:
    """Blank the fields that are unknown in a connection: what was last read of them may long be wrong."""
    unknown: dict[str, list[str]] = {}
    with database.read() as connection:
        for name, field in connection.execute(_UNKNOWN, {"there": stream}):
            unknown.setdefault(field, []).append(name)
    held = [
        pl.when(~pl.col("connection").is_in(names)).then(pl.col(field)).alias(field)
        for field, names in unknown.items()
        if field in records.columns and records[field].null_count() < len(records)
    ]
    return records.with_columns(held) if held else records


def known_stream(stream: str) -> None:
    if stream not in STREAMS:
        raise StoreError(f"the store has no stream {stream!r}; it has {', '.join(STREAMS)}")


def check(batch: Batch) -> None:
    """Refuse what the two databases would keep differently or not at all: other types than the field's, NUL, half
    a surrogate pair, numbers out of range, records without id or version."""
    fields = {field.name: field.type for field in STREAMS[batch.stream].fields} | _SYSTEM
    for name, column in batch.columns.items():
        kind = fields.get(name)
        if kind is None:
            raise StoreError(
                f"{batch.connection}/{batch.stream} has no field {name!r}; map it to a field of the stream"
            )
        problem = _problem(name, kind, column)
        if problem:
            raise StoreError(f"{batch.connection}/{batch.stream}: {name} holds {problem}; the page was not saved")
    for name, own in batch.custom.items():
        if name in fields:
            raise StoreError(f"{batch.connection}/{batch.stream}: {name} is a field of the stream, not a custom one")
        problem = _problem(name, own.type, own.values)
        if problem:
            raise StoreError(f"{batch.connection}/{batch.stream}: {name} holds {problem}; the page was not saved")


def _problem(name: str, kind: ValueType, column: list[Value]) -> str | None:
    types = set(map(type, column))
    wrong = types - _PYTHON[kind]
    if wrong:
        return f"a {min(cls.__name__ for cls in wrong)} where {kind} is stored"
    if name in _NEVER_NULL and (NoneType in types or "" in column):
        return "a blank where every record needs a value"
    if kind == "text":
        return _text_problem("".join(filter(None, column)))  # type: ignore[arg-type]
    if kind in _RANGES:
        low, high = _RANGES[kind]
        numbers = [value for value in column if value is not None] if NoneType in types else column
        if numbers and not (low <= min(numbers) and max(numbers) <= high):  # type: ignore[type-var, operator]
            return f"a {kind} out of range"
    return None


def _text_problem(text: str) -> str | None:
    if "\0" in text:
        return "a NUL character"
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            return "half a surrogate pair, which is no text"
    return None
