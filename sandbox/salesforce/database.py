"""The rows of one org in SQLite: one table per sObject, text compared without case, times as sortable text."""

# Names come from the schema, values are always bound.

from __future__ import annotations

import re
import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

from sandbox import state
from sandbox.salesforce.fields import Field, SObject

Row = dict[str, Any]
_OWN_TABLES = (
    "CREATE TABLE IF NOT EXISTS _deletions (Id TEXT PRIMARY KEY, sobject TEXT, at TEXT, root TEXT)",
    "CREATE TABLE IF NOT EXISTS _cleared (root TEXT, parent TEXT, sobject TEXT, Id TEXT, field TEXT)",
    "CREATE TABLE IF NOT EXISTS _unshared (Id TEXT PRIMARY KEY)",
    "CREATE INDEX IF NOT EXISTS _deletions_at ON _deletions (sobject, at)",
    "CREATE INDEX IF NOT EXISTS _deletions_root ON _deletions (root)",
    "CREATE INDEX IF NOT EXISTS _cleared_root ON _cleared (root)",
    "CREATE TABLE IF NOT EXISTS _counters (prefix TEXT PRIMARY KEY, next INTEGER)",
)


class Database:
    """One connection that all threads share behind a lock; statements of a `transaction` stand or fall together."""

    def __init__(self, path: Path | None) -> None:
        self._connection = sqlite3.connect(path or ":memory:", check_same_thread=False, isolation_level=None)
        self._lock = threading.RLock()
        self._depth = 0
        self._connection.create_function("fold", 1, _fold, deterministic=True)
        self._connection.create_function("says", 2, _says, deterministic=True)
        self._connection.execute("PRAGMA synchronous = OFF")
        self._connection.execute("PRAGMA temp_store = MEMORY")
        self._connection.execute("PRAGMA cache_size = -65536")

    def define(self, name: str, function: Callable[[], str]) -> None:
        """Let statements call a function without arguments."""
        with self._lock:
            self._connection.create_function(name, 0, function)

    def close(self) -> None:
        with self._lock:
            self._connection.close()

    def create(self, sobjects: Sequence[SObject]) -> None:
        """The tables of the sObjects with their indexes, as far as they are not there yet."""
        statements = tuple(statement for declared in sobjects for statement in _definition(declared))
        with self._lock:
            if self.select("SELECT 1 FROM sqlite_master WHERE name = 'User'"):
                for statement in _OWN_TABLES:
                    self.execute(statement)
                for declared in sobjects:
                    self._complete(declared)
            else:
                with _opened(_empty(statements)) as source:
                    source.backup(self._connection)

    def _complete(self, declared: SObject) -> None:
        """Make what the table of an earlier time lacks."""
        known = {name for (name,) in self.select("SELECT name FROM pragma_table_info(?)", (declared.name,))}
        for added in declared.stored if known else ():
            if added.name not in known:
                self.execute(f'ALTER TABLE "{declared.name}" ADD COLUMN "{added.name}" {added.column}')
        for statement in _definition(declared):
            self.execute(statement)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing; a transaction within another is undone alone."""
        with self._lock:
            name = f"level{self._depth}"
            self._connection.execute(f"SAVEPOINT {name}")
            self._depth += 1
            try:
                yield
            except BaseException:
                self._connection.execute(f"ROLLBACK TO {name}")
                raise
            finally:
                self._depth -= 1
                self._connection.execute(f"RELEASE {name}")

    def load(self, declared: SObject, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        """Insert many rows of stored values at once."""
        names = ", ".join(f'"{name}"' for name in columns)
        marks = ", ".join("?" * len(columns))
        with self._lock, self.transaction():
            for index in _index_names(declared):
                self._connection.execute(f'DROP INDEX IF EXISTS "{index}"')
            self._connection.executemany(f'INSERT INTO "{declared.name}" ({names}) VALUES ({marks})', rows)
            for statement in _indexes(declared):
                self._connection.execute(statement)

    def select(self, sql: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        with self._lock:
            return self._connection.execute(sql, parameters).fetchall()

    def execute(self, sql: str, parameters: Sequence[Any] = ()) -> int:
        """Run one writing statement; how many rows it touched."""
        with self._lock:
            return self._connection.execute(sql, parameters).rowcount

    def rows(self, declared: SObject, where: str = "1", parameters: Sequence[Any] = ()) -> list[Row]:
        """Whole rows, deleted ones included, in the order they were made."""
        names = [f.name for f in declared.stored]
        chosen = ", ".join(f'"{name}"' for name in names)
        found = self.select(f'SELECT {chosen} FROM "{declared.name}" WHERE {where} ORDER BY rowid', parameters)
        return [dict(zip(names, row, strict=True)) for row in found]

    def count(self, declared: SObject) -> int:
        """How many live rows there are."""
        alive = "WHERE IsDeleted = 0" if declared.has("IsDeleted") else ""
        return int(self.select(f'SELECT COUNT(*) FROM "{declared.name}" {alive}')[0][0])

    def row(self, declared: SObject, record_id: str) -> Row | None:
        found = self.rows(declared, "Id = ?", (record_id,))
        return found[0] if found else None

    def is_shared(self, record_id: str) -> bool:
        """Whether the API user may see the record."""
        return not self.select("SELECT 1 FROM _unshared WHERE Id = ?", (record_id,))

    def insert(self, declared: SObject, values: Mapping[str, Any]) -> None:
        names = ", ".join(f'"{name}"' for name in values)
        self.execute(
            f'INSERT INTO "{declared.name}" ({names}) VALUES ({", ".join("?" * len(values))})', tuple(values.values())
        )

    def update(self, declared: SObject, record_id: str, values: Mapping[str, Any]) -> None:
        names = ", ".join(f'"{name}" = ?' for name in values)
        self.execute(f'UPDATE "{declared.name}" SET {names} WHERE Id = ?', (*values.values(), record_id))

    def next_number(self, prefix: str) -> int:
        """1, 2, 3, ... for each prefix."""
        found = self.select(
            "INSERT INTO _counters VALUES (?, 1) ON CONFLICT (prefix) DO UPDATE SET next = next + 1 RETURNING next",
            (prefix,),
        )
        return int(found[0][0])

    def dump(self) -> bytes:
        """All rows as bytes; states with the same rows at the same places give the same bytes."""
        with self._lock:
            return state.dump(self._connection, "salesforce")

    def restore(self, dumped: bytes) -> None:
        """Put back what `dump` gave, all at once for whoever reads; ValueError when the bytes are none."""
        with self.transaction():
            state.restore(self._connection, dumped, "salesforce", self._fit)

    def _fit(self, table: str, columns: Sequence[str]) -> None:
        known = {str(row[1]) for row in self._connection.execute(f'PRAGMA table_info("{table}")')}
        if missing := [name for name in columns if name not in known]:
            raise ValueError(f"The saved state has {table}.{missing[0]}, which this org does not have.")


@contextmanager
def _opened(image: bytes) -> Iterator[sqlite3.Connection]:
    source = sqlite3.connect(":memory:")
    try:
        source.deserialize(image)
        yield source
    finally:
        source.close()


@lru_cache(maxsize=8)
def _empty(statements: tuple[str, ...]) -> bytes:
    """An org without records; copying one is several times faster than making its tables again."""
    with closing(sqlite3.connect(":memory:")) as made:
        for statement in (*_OWN_TABLES, *statements):
            made.execute(statement)
        return made.serialize()


def _fold(value: Any) -> Any:
    """Case folding beyond ASCII, which SQLite's own comparison stops at."""
    return value.casefold() if isinstance(value, str) else value


def _says(text: Any, pattern: str) -> bool:
    """Whether the regular expression is found in the case-folded text."""
    return isinstance(text, str) and _compiled(pattern).search(text.casefold()) is not None


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


def _definition(declared: SObject) -> list[str]:
    columns = ", ".join(f'"{f.name}" {f.column}'.strip() for f in declared.stored)
    return [f'CREATE TABLE IF NOT EXISTS "{declared.name}" ({columns})', *_indexes(declared)]


def _indexed(declared: SObject) -> list[Field]:
    """Keys, and lookups that a parent's children are found by; who wrote a record is no such question."""
    return [
        f
        for f in declared.stored
        if f.id_lookup or f.external_id or (f.type == "reference" and not f.name.endswith("ById"))
    ]


def _indexes(declared: SObject) -> list[str]:
    table = declared.name
    statements = [f'CREATE UNIQUE INDEX IF NOT EXISTS "{table}.Id" ON "{table}" (Id)']
    if declared.has("SystemModstamp"):
        # An incremental read, in the usual order of stamp and id, is answered from the index alone.
        columns = "SystemModstamp, Id, IsDeleted" if declared.has("IsDeleted") else "SystemModstamp, Id"
        statements.append(f'CREATE INDEX IF NOT EXISTS "{table}.SystemModstamp" ON "{table}" ({columns})')
    # Rows without a value stay out: most lookups of most records are blank.
    statements += [
        f'CREATE INDEX IF NOT EXISTS "{table}.{f.name}" ON "{table}" ("{f.name}") WHERE "{f.name}" IS NOT NULL'
        for f in _indexed(declared)
        if f.type != "id"
    ]
    return statements


def _index_names(declared: SObject) -> list[str]:
    return [f"{declared.name}.{name}" for name in ("Id", "SystemModstamp", *(f.name for f in _indexed(declared)))]
