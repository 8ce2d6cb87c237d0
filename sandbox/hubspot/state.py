"""The whole database as bytes and back, in one canonical form."""

from __future__ import annotations

import json
import re
import sqlite3
import zlib

from sandbox.hubspot.store import add_table

_KEPT = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name"


def dump(db: sqlite3.Connection) -> bytes:
    """All tables by name, their columns by name, their rows in order; columns that no row uses are left out."""
    parts = []
    for (table,) in db.execute(_KEPT).fetchall():
        columns = _used(db, table)
        quoted = ", ".join(f'"{name}"' for name in columns)
        order = "rowid" if table == "history" else quoted
        rows = db.execute(f"SELECT {quoted} FROM {table} ORDER BY {order}").fetchall() if columns else []
        parts.append([table, columns, rows])
    return zlib.compress(json.dumps(parts, ensure_ascii=False, separators=(",", ":")).encode(), 1)


def _used(db: sqlite3.Connection, table: str) -> list[str]:
    columns = sorted(str(row[1]) for row in db.execute(f"PRAGMA table_info({table})"))
    counts = ", ".join(f'COUNT("{name}")' for name in columns)
    flags = db.execute(f"SELECT {counts} FROM {table}").fetchone()
    return [name for name, count in zip(columns, flags, strict=True) if count]


def restore(db: sqlite3.Connection, dumped: bytes) -> None:
    """Replace all rows by those of a dump; ValueError when the bytes are none.

    A table that the dump does not have is dropped, and one that is missing made: those of custom object types.
    """
    try:
        parts = json.loads(zlib.decompress(dumped))
    except (zlib.error, ValueError):
        raise ValueError("These bytes are no saved state of the HubSpot sandbox.") from None
    db.execute("BEGIN")
    for table in {str(row[0]) for row in db.execute(_KEPT)} - {str(part[0]) for part in parts}:
        db.execute(f"DROP TABLE {table}")
    for table, columns, rows in parts:
        _match_columns(db, table, columns)
        quoted = ", ".join(f'"{name}"' for name in columns)
        db.execute(f"DELETE FROM {table}")
        if not columns:
            continue
        db.executemany(f"INSERT INTO {table} ({quoted}) VALUES ({','.join('?' * len(columns))})", rows)
    db.execute("COMMIT")


def _match_columns(db: sqlite3.Connection, table: str, columns: list[str]) -> None:
    """Give the table the columns of the dump. One that came later stays and is empty, as its definition is gone."""
    if not db.execute(f"PRAGMA table_info({table})").fetchone():
        add_table(db, table)
    known = {str(row[1]) for row in db.execute(f"PRAGMA table_info({table})")}
    for name in columns:
        if name not in known and re.fullmatch(r"[a-z][a-z0-9_]*", name):
            db.execute(f'ALTER TABLE {table} ADD COLUMN "{name}" TEXT')
