"""The portal's records in SQLite: one table per object type, one text column per property.

A column holds the string that goes over the wire. The stamps are `_created` and `_updated`; the properties that show
them (`createdate`, `lastmodifieddate`, ...) and `hs_object_id` are read from there and have no column of their own.
`<plural>_lag` keeps the rows as the search index still sees them.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from sandbox import state
from sandbox.hubspot.definition import NAME
from sandbox.hubspot.kinds import CUSTOM, Kind

Row = tuple[str | int | None, ...]
CREATED = frozenset({"createdate", "hs_createdate"})
UPDATED = frozenset({"lastmodifieddate", "hs_lastmodifieddate"})
VIRTUAL = CREATED | UPDATED | {"hs_object_id"}
SYSTEM = ("_id", "_created", "_updated", "_archived", "_archived_at")
_CHUNK = 500
_SHARED = """
CREATE TABLE IF NOT EXISTS history (kind TEXT, id INTEGER, name TEXT, at TEXT, value TEXT,
  source_type TEXT, source_id TEXT, source_label TEXT, user_id INTEGER);
CREATE INDEX IF NOT EXISTS history_of ON history (kind, id, name);
CREATE TABLE IF NOT EXISTS aliases (kind TEXT, id INTEGER, survivor INTEGER, PRIMARY KEY (kind, id)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS aliases_of ON aliases (kind, survivor);
CREATE TABLE IF NOT EXISTS addresses (email TEXT PRIMARY KEY, id INTEGER) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS links (source INTEGER, source_id INTEGER, target INTEGER, target_id INTEGER, types TEXT,
  PRIMARY KEY (source, source_id, target, target_id)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS journal (id INTEGER PRIMARY KEY, shelf TEXT, at TEXT, who INTEGER, key TEXT, body TEXT);
CREATE INDEX IF NOT EXISTS journal_of ON journal (shelf, at);
CREATE TABLE IF NOT EXISTS documents (shelf TEXT, key TEXT, body TEXT, PRIMARY KEY (shelf, key)) WITHOUT ROWID;
"""


def column(name: str) -> str:
    """The SQL expression that reads a property."""
    if name == "hs_object_id":
        return "CAST(_id AS TEXT)"
    if name in CREATED:
        return "_created"
    return "_updated" if name in UPDATED else f'"{name}"'


def add_table(db: sqlite3.Connection, table: str, names: Iterable[str] = ()) -> None:
    """Make the table of an object type, or of what the search still sees of it, unless it is there."""
    system = "_created TEXT, _updated TEXT, _archived INTEGER NOT NULL DEFAULT 0, _archived_at TEXT"
    listed = ", ".join([system, *(f'"{name}" TEXT' for name in names)])
    if table.endswith("_lag"):
        columns = f"_id INTEGER, {listed}, _visible INTEGER, PRIMARY KEY (_id, _visible)"
        db.execute(f"CREATE TABLE IF NOT EXISTS {table} ({columns}) WITHOUT ROWID")
    else:
        db.execute(f"CREATE TABLE IF NOT EXISTS {table} (_id INTEGER PRIMARY KEY, {listed})")


def fold(text: str | None) -> str | None:
    return None if text is None else text.casefold()


def has_token(text: str | None, pattern: str) -> bool | None:
    """Whether the words of the pattern are among the words of the text; `*` stands for any letters."""
    if text is None:
        return None
    folded, wanted = text.casefold(), pattern.casefold()
    words = re.findall(r"\w+", folded)
    if "*" in wanted:
        regex = re.compile(".*".join(re.escape(part) for part in wanted.split("*")), re.DOTALL)
        return any(regex.fullmatch(candidate) for candidate in (folded, *words))
    return set(re.findall(r"\w+", wanted)) <= set(words)


class Store:
    """One SQLite database, in memory or in a file. Not for concurrent use: the app holds one lock."""

    def __init__(self, path: Path | None = None) -> None:
        self.db = sqlite3.connect(path or ":memory:", isolation_level=None, check_same_thread=False)
        self.db.execute("PRAGMA journal_mode = WAL")
        self.db.execute("PRAGMA synchronous = OFF")
        self.db.create_function("fold", 1, fold, deterministic=True)
        self.db.create_function("has_token", 2, has_token, deterministic=True)
        self.db.executescript(_SHARED)
        self._columns: dict[str, list[str]] = {}

    def close(self) -> None:
        self.db.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        self.db.execute("BEGIN")
        try:
            yield
        except BaseException:
            self.db.execute("ROLLBACK")
            raise
        self.db.execute("COMMIT")

    def dump(self) -> bytes:
        """All rows as bytes; equal states give equal bytes."""
        return state.dump(self.db, "hubspot")

    def restore(self, dumped: bytes) -> None:
        """Put back what `dump` gave; ValueError when the bytes are none."""
        with self.transaction():
            state.restore(self.db, dumped, "hubspot", self._fit)

    def _fit(self, table: str, columns: Sequence[str]) -> None:
        """Tables are missing of custom object types, columns of properties; a column too many is left empty."""
        if not self.db.execute(f'PRAGMA table_info("{table}")').fetchone():
            add_table(self.db, table)
        known = {str(row[1]) for row in self.db.execute(f'PRAGMA table_info("{table}")')}
        for name in columns:
            if name not in known and NAME.fullmatch(name):
                self.db.execute(f'ALTER TABLE {table} ADD COLUMN "{name}" TEXT')

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """Within a transaction: undo what happens here, and only that, when it fails."""
        self.db.execute("SAVEPOINT attempt")
        try:
            yield
        except BaseException:
            self.db.execute("ROLLBACK TO attempt")
            self.db.execute("RELEASE attempt")
            raise
        self.db.execute("RELEASE attempt")

    def furnish(self, kind: Kind, names: Iterable[str]) -> None:
        """Let the object type have its tables, with a column for each of these properties."""
        own = [name for name in names if name not in VIRTUAL]
        for table in (kind.plural, f"{kind.plural}_lag"):
            add_table(self.db, table, own)
        found = self.db.execute(f"PRAGMA table_info({kind.plural})")
        self._columns[kind.plural] = [str(row[1]) for row in found]
        for name in own:
            self.add_property(kind, name)

    def forget(self) -> None:
        """Know of no object type until it is furnished again."""
        self._columns.clear()

    def drop(self, kind: Kind) -> None:
        """Forget an object type: its records, their history and their links."""
        for table in (kind.plural, f"{kind.plural}_lag"):
            self.db.execute(f"DROP TABLE {table}")
        for table in ("history", "aliases"):
            self.db.execute(f"DELETE FROM {table} WHERE kind = ?", (kind.plural,))
        self.db.execute("DELETE FROM links WHERE ? IN (source, target)", (kind.number,))
        del self._columns[kind.plural]

    def columns(self, kind: Kind) -> list[str]:
        return self._columns[kind.plural]

    def add_property(self, kind: Kind, name: str) -> None:
        """Give a property its column. `name` has been checked against `definition.NAME`."""
        if name in VIRTUAL or name in self._columns[kind.plural]:
            return
        self.db.execute(f'ALTER TABLE {kind.plural} ADD COLUMN "{name}" TEXT')
        self.db.execute(f'ALTER TABLE {kind.plural}_lag ADD COLUMN "{name}" TEXT')
        self._columns[kind.plural].append(name)

    def blank(self, kind: Kind, name: str) -> None:
        """Take the property's value from every record."""
        self.db.execute(f'UPDATE {kind.plural} SET "{name}" = NULL')

    def index(self, kind: Kind, name: str, *, unique: bool = False) -> None:
        where = f'WHERE "{name}" IS NOT NULL'
        word = "UNIQUE INDEX" if unique else "INDEX"
        self.db.execute(f'CREATE {word} IF NOT EXISTS {kind.plural}_{name} ON {kind.plural} ("{name}") {where}')

    def index_stamps(self, kind: Kind) -> None:
        for name in ("_updated", "_created", "_id"):
            sql = f"CREATE INDEX IF NOT EXISTS {kind.plural}{name} ON {kind.plural} ({name}) WHERE _archived = 0"
            self.db.execute(sql)
        self.db.execute(
            f"CREATE INDEX IF NOT EXISTS {kind.plural}_deleted ON {kind.plural} (_id, _archived_at) WHERE _archived = 1"
        )

    def rows(self, kind: Kind, ids: Iterable[int], names: Sequence[str], *, archived: bool | None = False) -> list[Row]:
        """System columns and `names` of these records, by id; `archived` None takes both."""
        wanted = sorted(set(ids))
        # The plus keeps SQLite on the ids: an index on the stamps would lead it through the whole table.
        state = "" if archived is None else f" AND +_archived = {int(archived)}"
        select = f"SELECT {', '.join([*SYSTEM, *map(column, names)])} FROM {kind.plural}"
        found: list[Row] = []
        for start in range(0, len(wanted), _CHUNK):
            part = wanted[start : start + _CHUNK]
            marks = ",".join("?" * len(part))
            found += self.db.execute(f"{select} WHERE _id IN ({marks}){state} ORDER BY _id", part)
        return found

    def page(self, kind: Kind, start: int, size: int, names: Sequence[str], *, archived: bool = False) -> list[Row]:
        """Up to `size` records from id `start` on, by id."""
        select = f"SELECT {', '.join([*SYSTEM, *map(column, names)])} FROM {kind.plural}"
        # The plus keeps a read of live records on the table itself; archived ones have an index of their own.
        state = "_archived = 1" if archived else "+_archived = 0"
        return self.db.execute(f"{select} WHERE _id >= ? AND {state} ORDER BY _id LIMIT ?", (start, size)).fetchall()

    def ids_where(self, kind: Kind, name: str, values: Sequence[str]) -> dict[str, int]:
        """Live records by the value they hold in a (unique) property."""
        found: dict[str, int] = {}
        for start in range(0, len(values), _CHUNK):
            part = values[start : start + _CHUNK]
            marks = ",".join("?" * len(part))
            sql = f'SELECT "{name}", _id FROM {kind.plural} WHERE "{name}" IN ({marks}) AND +_archived = 0'
            found |= dict(self.db.execute(sql, part))
        return found

    def insert(self, kind: Kind, values: Mapping[str, str | int | None]) -> None:
        names = list(values)
        marks = ",".join("?" * len(names))
        quoted = ", ".join(f'"{name}"' for name in names)
        self.db.execute(f"INSERT INTO {kind.plural} ({quoted}) VALUES ({marks})", list(values.values()))

    def update(self, kind: Kind, record_id: int, values: Mapping[str, str | int | None]) -> None:
        sets = ", ".join(f'"{name}" = ?' for name in values)
        self.db.execute(f"UPDATE {kind.plural} SET {sets} WHERE _id = ?", [*values.values(), record_id])

    def count(self, kind: Kind, *, archived: bool = False) -> int:
        sql = f"SELECT COUNT(*) FROM {kind.plural} WHERE _archived = ?"
        return int(self.db.execute(sql, (int(archived),)).fetchone()[0])

    def next_id(self, kind: Kind) -> int:
        """One more than any id this object type has or had."""
        sql = (
            f"SELECT MAX(COALESCE((SELECT MAX(_id) FROM {kind.plural}), 0), COALESCE((SELECT MAX(id) FROM aliases"
            " WHERE kind = ?), 0), COALESCE((SELECT CAST(body AS INTEGER) FROM documents WHERE shelf = 'last-id'"
            " AND key = ?), 0))"
        )
        last = int(self.db.execute(sql, (kind.plural, kind.plural)).fetchone()[0])
        return last + 1 if last else kind.number % CUSTOM * 1_000_000_000 + 1

    def keep_for_index(self, kind: Kind, ids: Sequence[int], visible_ms: int) -> None:
        """Let the search index see these rows as they are now until `visible_ms`."""
        names = ", ".join(f'"{name}"' for name in self._columns[kind.plural])
        marks = ",".join("?" * len(ids))
        self.db.execute(
            f"INSERT OR IGNORE INTO {kind.plural}_lag ({names}, _visible) SELECT {names}, ? FROM {kind.plural}"
            f" WHERE _id IN ({marks})",
            [visible_ms, *ids],
        )

    def hide_from_index(self, kind: Kind, ids: Sequence[int], visible_ms: int) -> None:
        """Let the search index not know these (new) records until `visible_ms`."""
        rows = [(record_id, visible_ms) for record_id in ids]
        self.db.executemany(
            f"INSERT OR IGNORE INTO {kind.plural}_lag (_id, _archived, _visible) VALUES (?, 1, ?)", rows
        )

    def sweep_index(self, kind: Kind, now_ms: int) -> bool:
        """Let the index know all writes whose lag is over; whether it still lags behind."""
        self.db.execute(f"DELETE FROM {kind.plural}_lag WHERE _visible <= ?", (now_ms,))
        return self.db.execute(f"SELECT 1 FROM {kind.plural}_lag LIMIT 1").fetchone() is not None

    def catch_up(self) -> None:
        """Let the index know all writes now."""
        for plural in self._columns:
            self.db.execute(f"DELETE FROM {plural}_lag")

    def is_large(self, kind: Kind) -> bool:
        """Whether a search by value is worth an index."""
        return self.db.execute(f"SELECT 1 FROM {kind.plural} LIMIT 1 OFFSET 5000").fetchone() is not None

    def index_folded(self, kind: Kind, name: str) -> None:
        self.db.execute(
            f'CREATE INDEX IF NOT EXISTS {kind.plural}_{name}_folded ON {kind.plural} (fold("{name}"))'
            " WHERE _archived = 0"
        )
