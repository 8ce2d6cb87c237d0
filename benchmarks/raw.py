"""Write the rows of a store once more with the plain driver alone: `python -m benchmarks.raw JSON`.

The job names the `store`, the file to `write`, and what `benchmarks.pull` has told as `written`. The same statements
write the same rows, as tuples that were built beforehand, in the same transactions into the same tables under the same
pragmas. Nothing of Trueline is imported here: its store teaches the driver to be faster.
"""

from __future__ import annotations

import json
import sqlite3
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

PRAGMAS = ("journal_mode = WAL", "synchronous = FULL", "fullfsync = ON", "foreign_keys = ON", "temp_store = MEMORY",
           "cache_size = -65536")  # fmt: skip
Rows = list[tuple[Any, ...]]


def opened(path: Path) -> sqlite3.Connection:
    """A database with the store's pragmas, its transactions in our own hands."""
    connection = sqlite3.connect(path, isolation_level=None)
    for pragma in PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")
    return connection


def save(connection: sqlite3.Connection, statement: str, rows: Rows) -> None:
    connection.execute("BEGIN IMMEDIATE")
    connection.executemany(statement, rows)
    connection.execute("COMMIT")


def _copy_tables(source: sqlite3.Connection, target: sqlite3.Connection, names: list[str]) -> None:
    for name in names:
        found = source.execute("SELECT sql FROM sqlite_master WHERE tbl_name = ? AND sql IS NOT NULL", (name,))
        for (statement,) in found.fetchall():
            target.execute(statement)


def _batches(source: sqlite3.Connection, stream: str, written: dict[str, Any]) -> Iterator[Rows]:
    """The rows of a stream in the batches in which they came: in the order of their ids."""
    columns = ", ".join(f'"{name}"' for name in written["columns"])
    cursor = source.execute(f'SELECT {columns} FROM "{stream}" ORDER BY connection, id')
    for size in written["sizes"]:
        yield cursor.fetchmany(size)


def _measure(job: dict[str, Any]) -> dict[str, Any]:
    source, target = sqlite3.connect(job["store"]), opened(Path(job["write"]))
    written = {stream: one for stream, one in job["written"].items() if one["sizes"]}
    _copy_tables(source, target, list(written))
    wall_s = cpu_s = 0.0
    count = 0
    for stream, one in written.items():
        for rows in _batches(source, stream, one):
            wall, cpu = time.perf_counter(), time.process_time()
            save(target, one["statement"], rows)
            wall_s += time.perf_counter() - wall
            cpu_s += time.process_time() - cpu
            count += len(rows)
    return {"rows": count, "wall_s": wall_s, "cpu_s": cpu_s}


if __name__ == "__main__":
    print(json.dumps(_measure(json.loads(sys.argv[1]))))
