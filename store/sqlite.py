"""SQLite: one file that only its owner can read, in WAL mode, every commit on disk before it returns.

`synchronous` is FULL, not NORMAL: under NORMAL a power failure may take back the last commits, and a journaled change
that was already sent would be forgotten. It costs one sync per transaction, which a page of records hides.

Frames are read through Arrow by the ADBC driver, which brings an SQLite library of its own. Two copies of the library
must never open one file in one process (closing either's file drops the other's POSIX locks), so the wanted rows are
first copied by our own connection into a short-lived private file, which measured faster than reading them in Python.
"""

from __future__ import annotations

import fcntl
import glob
import os
import shutil
import sqlite3
import stat
import tempfile
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import lru_cache
from itertools import repeat
from pathlib import Path
from typing import Any, cast

import polars as pl
from adbc_driver_manager import Error as ArrowError
from sqlalchemy import URL, Connection, Engine, Select, Table, create_engine, event

from model.errors import StoreError
from model.streams import Value
from store.database import Columns, Database, this_process
from store.mirror import conflict_clause

# Up to so many rows Python reads them as fast as a copy is made.
DIRECT_ROWS = 5_000
# Rows per Arrow batch: the driver infers a column's type from its first batch, and a batch's texts hold 2 GB at most.
CHUNK_ROWS = 250_000

# A database page has at least so many bytes.
_SMALLEST = 512

# The driver asks for an adapter of whatever is no number or text, and takes several failed look-ups to find that a
# None or a bool needs none. Told so at once, it binds the rows of a pull in two thirds of the time.
sqlite3.register_adapter(type(None), {None: None}.get)
sqlite3.register_adapter(bool, {False: 0, True: 1}.get)

_SENTENCES = {
    sqlite3.SQLITE_NOTADB: "{label} is not a Trueline store: it is not a SQLite database; name another file",
    sqlite3.SQLITE_CORRUPT: "the store {label} is damaged or was only half written; restore it from a backup, or "
    "delete it and pull again",
    sqlite3.SQLITE_FULL: "the disk that holds the store {label} is full; nothing of this step was saved; make room and "
    "run it again",
    sqlite3.SQLITE_BUSY: "the store {label} is in use by another process; wait until it has ended and run this again",
    sqlite3.SQLITE_LOCKED: "the store {label} is in use by another process; wait until it has ended and run this again",
    sqlite3.SQLITE_READONLY: "the store {label} cannot be written; make the file and its folder writable for you",
    sqlite3.SQLITE_PERM: "the store {label} cannot be written; make the file and its folder writable for you",
    sqlite3.SQLITE_CANTOPEN: "the store {label} cannot be opened; see that its folder exists and is writable for you",
    sqlite3.SQLITE_IOERR: "the disk that holds the store {label} failed; see that it is healthy and has room",
}


class SqliteDatabase(Database):
    """A store in one file."""

    is_shared = False
    driver_errors = (sqlite3.Error, ArrowError, OSError, OverflowError, UnicodeEncodeError)

    def __init__(self, path: Path, *, create: bool, busy_timeout_s: float = 30.0) -> None:
        self.path = path
        url = URL.create("sqlite", database=str(path))
        engine = create_engine(url, hide_parameters=True, connect_args={"timeout": busy_timeout_s})
        super().__init__(engine, str(path))
        _set_up(engine, busy_timeout_s)
        _own(path, create=create)

    def sentence(self, error: BaseException) -> str:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code in _SENTENCES:
            return _SENTENCES[code].format(label=self.label)
        if isinstance(error, sqlite3.IntegrityError):  # its text names tables and columns, never values
            return f"the store {self.label} cannot hold a row: {error}; report this as a fault of Trueline"
        if isinstance(error, OSError):
            return f"the folder of the store {self.label} cannot be used: {error.strerror}"
        return f"the store {self.label} failed: {type(error).__name__}; run it again, or restore the file from a backup"

    @contextmanager
    def alone(self, what: str) -> Iterator[None]:
        """By a lock on a file beside the store: a lock on the store's own file would be SQLite's."""
        with self.told():
            held = os.open(f"{self.path}-{what}.lock", os.O_CREAT | os.O_RDWR, 0o600)
        try:
            try:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise self.taken(what, os.read(held, 100).decode(errors="replace")) from None
            with suppress(OSError):  # a full disk holds no name, but the lock
                os.truncate(held, 0)
                os.pwrite(held, this_process().encode(), 0)
            yield
        finally:
            os.close(held)

    def scrub(self) -> None:
        """Write the file anew, so that no free space holds what was there, and empty the log of writes."""
        _sweep(self.path)
        with self.told():
            opened = self.engine.raw_connection()
            try:
                driver = cast("sqlite3.Connection", opened.driver_connection)
                driver.execute("PRAGMA temp_store = FILE")  # a large store has no room in memory
                driver.execute("VACUUM")
                (is_busy, _, _) = driver.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            finally:
                opened.invalidate()
        if is_busy:
            raise StoreError(
                f"the rows are erased, but another process reads the store {self.label}, so that their bytes are still "
                f"in its file; end that process and run this again"
            )

    def lock_schema(self, connection: Connection) -> None:
        """Nothing to do: a write transaction is already alone."""

    def upsert(self, connection: Connection, stream: str, constants: Mapping[str, Value], columns: Columns) -> int:
        cursor = _driver(connection).cursor()
        sql = upsert_sql(stream, (*constants, *columns))
        cursor.executemany(sql, zip(*map(repeat, constants.values()), *columns.values(), strict=False))
        return cursor.rowcount

    def insert(self, connection: Connection, table: Table, columns: Columns) -> None:
        names = ", ".join(f'"{name}"' for name in columns)
        sql = f'INSERT INTO "{table.name}" ({names}) VALUES ({_marks(len(columns))})'  # noqa: S608
        _driver(connection).cursor().executemany(sql, zip(*columns.values(), strict=True))

    def stored_frame(self, query: Select[Any], schema: pl.Schema) -> pl.DataFrame:
        sql = str(query.compile(self.engine, compile_kwargs={"literal_binds": True}))
        with self.engine.connect() as connection:
            cursor = _driver(connection).cursor()
            rows = cursor.execute(sql).fetchmany(DIRECT_ROWS + 1)
            if len(rows) > DIRECT_ROWS:
                cursor.close()
                return self._copied_frame(_driver(connection), sql, schema)
        flags = pl.Schema({name: kind for name, kind in schema.items() if kind == pl.Boolean})
        read_as = {**schema, **dict.fromkeys(flags, pl.Int64())}
        found = pl.DataFrame(rows, schema=read_as, orient="row")
        return found.cast(flags) if flags else found

    def _copied_frame(self, driver: sqlite3.Connection, sql: str, schema: pl.Schema) -> pl.DataFrame:
        """The rows of a query by way of a private file beside the store, as Arrow, on two threads."""
        _sweep(self.path)
        prefix = f"{_copy_prefix(self.path)}{os.getpid()}-"
        with tempfile.TemporaryDirectory(prefix=prefix, dir=self.path.parent) as folder:
            copy = Path(folder) / "copied.db"
            driver.execute("ATTACH ? AS reading", (str(copy),))
            try:
                driver.execute("PRAGMA reading.journal_mode = OFF")
                driver.execute("PRAGMA reading.synchronous = OFF")
                driver.execute(f"CREATE TABLE reading.copied AS {sql}")
                (count,) = driver.execute("SELECT max(rowid) FROM reading.copied").fetchone()
            finally:
                driver.execute("DETACH reading")
            spans = [(first, first + CHUNK_ROWS - 1) for first in range(1, count + 1, CHUNK_ROWS)]
            with ThreadPoolExecutor(max_workers=2) as threads:
                return pl.concat(threads.map(lambda span: _read_span(copy, span, schema), spans))


def _read_span(copy: Path, span: tuple[int, int], schema: pl.Schema) -> pl.DataFrame:
    from adbc_driver_sqlite import dbapi as arrow_sqlite  # small stores never need it

    with arrow_sqlite.connect(str(copy)) as connection, connection.cursor() as cursor:
        cursor.adbc_statement.set_options(**{"adbc.sqlite.query.batch_rows": str(CHUNK_ROWS)})
        cursor.execute("SELECT * FROM copied WHERE rowid BETWEEN ? AND ?", span)
        return pl.DataFrame(cursor.fetch_arrow_table()).cast(schema)


def _copy_prefix(path: Path) -> str:
    return f".{path.name}-read-"


def _sweep(path: Path) -> None:
    """Remove the copies that processes left which were killed while they read: they hold people's data."""
    prefix = _copy_prefix(path)
    for folder in path.parent.glob(glob.escape(prefix) + "*"):
        owner = folder.name.removeprefix(prefix).partition("-")[0]
        if owner.isdecimal() and not _runs(int(owner)):
            shutil.rmtree(folder, ignore_errors=True)


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass  # somebody else's
    return True


def _driver(connection: Connection) -> sqlite3.Connection:
    return cast("sqlite3.Connection", connection.connection.driver_connection)


@lru_cache(maxsize=256)
def upsert_sql(stream: str, names: tuple[str, ...]) -> str:
    """The upsert of a batch with these columns, one mark per column in their order."""
    quoted = ", ".join(f'"{name}"' for name in names)
    return f'INSERT INTO "{stream}" ({quoted}) VALUES ({_marks(len(names))}) {conflict_clause(stream, names)}'  # noqa: S608


def _marks(count: int) -> str:
    return ", ".join("?" * count)


def _set_up(engine: Engine, busy_timeout_s: float) -> None:
    """Take transactions into our own hands, and set what SQLite forgets between connections."""

    @event.listens_for(engine, "connect")
    def prepare(connection: sqlite3.Connection, _: object) -> None:
        connection.isolation_level = None
        _use_wal(connection, busy_timeout_s)
        for pragma in ("synchronous = FULL", "fullfsync = ON", "foreign_keys = ON",
                       "temp_store = MEMORY", "cache_size = -65536"):  # fmt: skip
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # A writer takes the lock at once: one that starts as a reader fails, instead of waiting, when another wrote.
        writes = connection.get_execution_options().get("writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _use_wal(connection: sqlite3.Connection, busy_timeout_s: float) -> None:
    """Switch to WAL. SQLite does not wait for the lock that the first switch of a file takes, so we do."""
    deadline = time.monotonic() + busy_timeout_s
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() >= deadline:
                raise
        time.sleep(0.02)


def _own(path: Path, *, create: bool) -> None:
    """Make the file with mode 0600 before SQLite sees it (-wal and -shm inherit the mode), or take others' access away.

    The file is never opened here when it exists: closing it would drop SQLite's locks.
    """
    try:
        if create and not path.exists():
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    except FileExistsError:
        pass
    except FileNotFoundError:
        raise StoreError(f"the store {path} cannot be made: its folder {path.parent} does not exist") from None
    except OSError as error:
        raise StoreError(f"the store {path} cannot be made: {error.strerror}") from None
    if not path.exists():
        raise StoreError(f"there is no store at {path}; pull first, or name the right file")
    if not path.is_file():
        raise StoreError(f"the store {path} is not a file; name a file")
    if 0 < path.stat().st_size < _SMALLEST:  # SQLite would take it for an empty database and overwrite it
        raise StoreError(_SENTENCES[sqlite3.SQLITE_NOTADB].format(label=path))
    for suffix in ("", "-wal", "-shm"):
        part = path.with_name(path.name + suffix)
        if part.exists() and stat.S_IMODE(part.stat().st_mode) & 0o077:
            part.chmod(0o600)
