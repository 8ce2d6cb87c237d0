"""The rows of a SQLite database as bytes and back, in one canonical form, and what differs between two states.

A state is gzip over lines of JSON: a first line that names the system, then for each table that has rows an object with
its columns, and its rows as lists in their order.
"""

from __future__ import annotations

import base64
import gzip
import io
import itertools
import json
import sqlite3
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

# Makes the table and its columns exist; ValueError when that cannot be.
Fit = Callable[[str, Sequence[str]], None]
_TABLES = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name"
_FORMAT = 1


@dataclass(frozen=True, slots=True)
class Difference:
    """One row that is not the same in two states; `id` is its key, `fields` those whose values differ."""

    table: str
    id: str
    change: str  # added, gone, changed
    fields: tuple[str, ...] = ()

    def __str__(self) -> str:
        if self.change == "changed":
            return f"{self.table} {self.id} is changed: {', '.join(self.fields)}."
        return f"{self.table} {self.id} is {self.change}."


def dump(db: sqlite3.Connection, system: str) -> bytes:
    """The rows of all tables: the same rows in the same places give the same bytes.

    Tables by name, columns by name, rows by key or place; empty tables and columns without a value are left out.
    """
    packed = io.BytesIO()
    with gzip.GzipFile(fileobj=packed, mode="wb", compresslevel=1, mtime=0) as out:
        out.write(_line({"sandbox": system, "format": _FORMAT}))
        for (table,) in db.execute(_TABLES).fetchall():
            columns = _used(db, table)
            if not columns:
                continue
            key = _key(db, table)
            shown = columns if key != ["rowid"] else ["rowid", *columns]
            out.write(_line({"table": table, "columns": shown, "key": _named_key(key, columns)}))
            sql = f'SELECT {_listed(shown)} FROM "{table}" ORDER BY {_listed(key)}'
            out.writelines(_line([_kept(value) for value in row]) for row in db.execute(sql))
    return packed.getvalue()


def restore(db: sqlite3.Connection, state: bytes, system: str, fit: Fit) -> None:
    """Put the rows of a state in the place of all there are, within a transaction of the caller's.

    ValueError when the bytes are no state of that system.
    """
    parts = _parts(state, system)
    for (table,) in db.execute(_TABLES).fetchall():
        db.execute(f'DELETE FROM "{table}"')
    for head, rows in parts:
        table, columns = head["table"], head["columns"]
        fit(table, [name for name in columns if name != "rowid"])
        marks = ",".join("?" * len(columns))
        values = ([_unkept(value) for value in row] for row in rows)
        db.executemany(f'INSERT INTO "{table}" ({_listed(columns)}) VALUES ({marks})', values)


def differences(before: bytes, after: bytes) -> list[Difference]:
    """What `after` has otherwise than `before`, by table and key; ValueError when one is no state."""
    olds, news = dict(_tables(before)), dict(_tables(after))
    told: list[Difference] = []
    for table in sorted(olds.keys() | news.keys()):
        told += _of_table(table, olds.get(table, {}), news.get(table, {}))
    return told


def _of_table(table: str, old: dict[str, Any], new: dict[str, Any]) -> Iterator[Difference]:
    for key in sorted(old.keys() | new.keys()):
        if key not in new:
            yield Difference(table, key, "gone")
        elif key not in old:
            yield Difference(table, key, "added")
        elif old[key] != new[key]:
            was, now = old[key], new[key]
            fields = sorted(name for name in was.keys() | now.keys() if was.get(name) != now.get(name))
            yield Difference(table, key, "changed", tuple(fields))


def _tables(state: bytes) -> Iterator[tuple[str, dict[str, dict[str, Any]]]]:
    """Each table's rows by their key, values that are null left out."""
    for head, rows in _parts(state, None):
        by_key = {}
        for row in rows:
            record = {name: value for name, value in zip(head["columns"], row, strict=True) if value is not None}
            by_key["/".join(str(record.get(name)) for name in head["key"])] = record
        yield head["table"], by_key


def _parts(state: bytes, system: str | None) -> Iterator[tuple[dict[str, Any], Iterator[list[Any]]]]:
    """The tables of a state, each with its rows; the first line is read at once."""
    whose = f"the {system}" if system else "a"
    values = _values(state, whose)
    first = next(values, None)
    if not isinstance(first, dict) or first.get("format") != _FORMAT or system not in (None, first.get("sandbox")):
        raise ValueError(f"These bytes are no saved state of {whose} sandbox.")
    return _grouped(values)


def _values(state: bytes, whose: str) -> Iterator[Any]:
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(state), mode="rb") as lines:
            yield from map(json.loads, lines)
    except (OSError, EOFError, ValueError, zlib.error):
        raise ValueError(f"These bytes are no saved state of {whose} sandbox.") from None


def _grouped(values: Iterator[Any]) -> Iterator[tuple[dict[str, Any], Iterator[list[Any]]]]:
    head: dict[str, Any] = {}
    for is_head, group in itertools.groupby(values, key=lambda value: isinstance(value, dict)):
        if is_head:
            *_, head = group
        else:
            yield head, group


def _used(db: sqlite3.Connection, table: str) -> list[str]:
    """The columns in which some row has a value, by name."""
    columns = sorted(str(row[1]) for row in db.execute(f'PRAGMA table_info("{table}")'))
    counts = ", ".join(f'COUNT("{name}")' for name in columns)
    flags = db.execute(f'SELECT {counts} FROM "{table}"').fetchone()
    return [name for name, count in zip(columns, flags, strict=True) if count]


def _key(db: sqlite3.Connection, table: str) -> list[str]:
    """The columns that order the rows: the primary key of a table that is kept by it, else the place of the row."""
    places = {int(row[5]): (str(row[1]), str(row[2])) for row in db.execute(f'PRAGMA table_info("{table}")') if row[5]}
    key = [places[place][0] for place in sorted(places)]
    if len(places) == 1 and places[1][1].upper() == "INTEGER":
        return key
    try:
        db.execute(f'SELECT rowid FROM "{table}" LIMIT 0')
    except sqlite3.OperationalError:
        return key
    return ["rowid"]


def _named_key(key: list[str], columns: list[str]) -> list[str]:
    """What a row is called by in words."""
    named = next((name for name in ("Id", "id", "prefix", "token") if name in columns), None)
    return [named] if key == ["rowid"] and named else key


def _listed(names: Sequence[str]) -> str:
    return ", ".join(name if name == "rowid" else f'"{name}"' for name in names)


def _line(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass") + b"\n"


def _kept(value: Any) -> Any:
    return [base64.b64encode(value).decode()] if isinstance(value, bytes) else value


def _unkept(value: Any) -> Any:
    return base64.b64decode(value[0]) if isinstance(value, list) else value
