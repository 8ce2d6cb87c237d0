"""PostgreSQL through psycopg: the same tables, filled by COPY and read by COPY."""

from __future__ import annotations

import io
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import lru_cache
from typing import Any, cast

import polars as pl
import psycopg
from psycopg import sql
from sqlalchemy import URL, Connection, Engine, Select, Table, create_engine, event, text
from sqlalchemy.exc import DBAPIError

from model.errors import StoreError
from model.streams import STREAMS, SYSTEM_FIELDS, Value
from store.columns import STORED, value_type
from store.database import Columns, Database, this_process
from store.mirror import conflict_clause
from store.tables import METADATA

_MIGRATION_LOCK = 7_387_530_114
_LEASES = 1_953_656_181
_CONSTANTS = {"connection": "text", "seen_in": "bigint", "vanished": "boolean", "is_deleted": "boolean"}


class PostgresDatabase(Database):
    """A store in the tables of one PostgreSQL database."""

    is_shared = True
    driver_errors = (psycopg.Error, OverflowError, UnicodeEncodeError, pl.exceptions.PolarsError)

    def __init__(self, url: URL, *, busy_timeout_s: float = 30.0) -> None:
        engine = create_engine(
            url.set(drivername="postgresql+psycopg"),
            hide_parameters=True,
            pool_pre_ping=True,
            connect_args={"connect_timeout": 10, "application_name": "trueline"},
        )
        # No password in the label, nor what a query part may hold.
        super().__init__(engine, str(URL.create("postgresql", url.username, None, url.host, url.port, url.database)))
        _set_up(engine, busy_timeout_s)

    @contextmanager
    def alone(self, what: str) -> Iterator[None]:
        """By a lock of the session, on a connection of its own; the server drops it when the process dies."""
        key = zlib.crc32(what.encode())
        with self.told():
            held = self.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        try:
            with self.told():
                names = {"one": _LEASES, "key": key - 2**31}
                if not held.execute(text("SELECT pg_try_advisory_lock(:one, :key)"), names).scalar_one():
                    raise self.taken(what, _holder(held, key - 2**31))
                held.execute(text("SELECT set_config('application_name', :name, false)"), {"name": this_process()})
            yield
        finally:
            # A session that broke has lost its lock already.
            with suppress(DBAPIError):
                held.execute(text("SELECT pg_advisory_unlock_all()"))
            held.invalidate()
            held.close()

    def scrub(self) -> None:
        """Let the server take the dead rows out of its files; its backups and log archives are out of our reach."""
        with self.told(), self.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            for name in METADATA.tables:
                connection.execute(text(f'VACUUM "{name}"'))

    def lock_schema(self, connection: Connection) -> None:
        encoding = connection.execute(text("SHOW server_encoding")).scalar_one()
        if encoding != "UTF8":
            raise StoreError(f"the database {self.label} is encoded in {encoding}; make one encoded in UTF8")
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATION_LOCK})

    def sentence(self, error: BaseException) -> str:
        state = getattr(error, "sqlstate", None) or ""
        if isinstance(error, psycopg.OperationalError) and not state:
            return f"the database {self.label} cannot be reached or refuses us; check address, name, user and password"
        if state == "42501":
            return f"the database {self.label} does not let us make or write tables; grant the user CREATE and USAGE"
        if state in ("55P03", "40P01"):
            return f"the database {self.label} is in use by another process; wait until it has ended and run this again"
        if state.startswith("53"):
            return f"the database {self.label} is out of room or connections; nothing of this step was saved"
        if isinstance(error, psycopg.IntegrityError):
            place = error.diag.column_name or error.diag.constraint_name
            return f"the database {self.label} cannot hold a row because of {place}; report this as a fault of Trueline"
        return f"the database {self.label} failed: {type(error).__name__} {state}".rstrip() + "; run this again"

    def upsert(self, connection: Connection, stream: str, constants: Mapping[str, Value], columns: Columns) -> int:
        page = f"page_{stream}"
        cursor = _driver(connection).cursor()
        cursor.execute(_page_sql(stream))
        kinds = {field.name: field.type for field in (*SYSTEM_FIELDS, *STREAMS[stream].fields)}
        schema = {name: STORED[kinds[name]] for name in columns}
        frame = pl.DataFrame(columns, schema=schema).with_row_index("page_row")
        _copy_in(cursor, page, frame)
        cursor.execute(_upsert_sql(stream, tuple(constants), tuple(columns)), tuple(constants.values()))
        return cursor.rowcount

    def insert(self, connection: Connection, table: Table, columns: Columns) -> None:
        schema = {name: STORED[value_type(table.c[name].type)] for name in columns}
        cursor = _driver(connection).cursor()
        _copy_in(cursor, table.name, pl.DataFrame(columns, schema=schema))

    def stored_frame(self, query: Select[Any], schema: pl.Schema) -> pl.DataFrame:
        statement = str(query.compile(self.engine, compile_kwargs={"literal_binds": True}))
        connection = self.engine.raw_connection()
        try:
            cursor: psycopg.Cursor[Any] = connection.cursor()  # type: ignore[assignment]
            received = io.BytesIO()
            with cursor.copy(sql.SQL("COPY ({}) TO STDOUT (FORMAT csv)").format(sql.SQL(statement))) as copy:
                for block in copy:
                    received.write(block)
        finally:
            connection.close()
        return _parsed(received, schema)


def _holder(connection: Connection, key: int) -> str:
    """What the session that has a lease wrote about itself; empty where it has just ended or may not be seen."""
    query = text(
        "SELECT application_name FROM pg_stat_activity JOIN pg_locks USING (pid) WHERE locktype = 'advisory' "
        "AND granted AND classid = :one AND objid = :key"
    )
    name = connection.execute(query, {"one": _LEASES, "key": key % 2**32}).scalar()
    return str(name or "")


def _parsed(received: io.BytesIO, schema: pl.Schema) -> pl.DataFrame:
    """Parse COPY's CSV: nothing between commas is null, two quotes are an empty text."""
    received.seek(0)
    if not received.getbuffer().nbytes:
        return pl.DataFrame(schema=schema)
    read_as = {name: pl.String() if kind == pl.Boolean else kind for name, kind in schema.items()}
    frame = pl.read_csv(received, has_header=False, schema=read_as)
    return frame.with_columns(pl.col(name) == "t" for name, kind in schema.items() if kind == pl.Boolean)


def _driver(connection: Connection) -> psycopg.Connection[Any]:
    return cast("psycopg.Connection[Any]", connection.connection.driver_connection)


def _copy_in(cursor: psycopg.Cursor[Any], table: str, frame: pl.DataFrame) -> None:
    """COPY in text format: unlike CSV, no value of hostile text can end it early (PostgreSQL before 18 stops at a line
    that holds only backslash and full stop)."""
    escaped = frame.with_columns(
        pl.col(pl.String).str.replace_many(["\\", "\n", "\r", "\t"], ["\\\\", "\\n", "\\r", "\\t"])
    )
    names = sql.SQL(", ").join(map(sql.Identifier, frame.columns))
    with cursor.copy(sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(table), names)) as copy:
        copy.write(
            escaped.write_csv(include_header=False, separator="\t", quote_style="never", null_value="\\N").encode()
        )


@lru_cache(maxsize=64)
def _page_sql(stream: str) -> sql.SQL:
    """A table of this session that holds the page being saved, without the mirror's constraints, empty."""
    return sql.SQL(
        f'CREATE TEMPORARY TABLE IF NOT EXISTS "page_{stream}" ON COMMIT DELETE ROWS AS '
        f'TABLE "{stream}" WITH NO DATA; ALTER TABLE "page_{stream}" ADD COLUMN IF NOT EXISTS "page_row" bigint; '
        f'TRUNCATE "page_{stream}"'
    )


@lru_cache(maxsize=256)
def _upsert_sql(stream: str, constants: tuple[str, ...], columns: tuple[str, ...]) -> sql.SQL:
    """The upsert from the page's table. Of a record that is twice in a page the newest, then the last, is taken."""
    names = ", ".join(f'"{name}"' for name in (*constants, *columns))
    marks = [f"%s::{_CONSTANTS[name]}" for name in constants]
    picked = ", ".join((*marks, *(f'"{name}"' for name in columns)))
    page = f'FROM "page_{stream}" ORDER BY "id", "changed_at" DESC, "page_row" DESC'
    newest = f'SELECT DISTINCT ON ("id") {picked} {page}'
    return sql.SQL(f'INSERT INTO "{stream}" ({names}) {newest} {conflict_clause(stream, (*constants, *columns))}')


def _set_up(engine: Engine, busy_timeout_s: float) -> None:
    @event.listens_for(engine, "connect")
    def prepare(connection: psycopg.Connection[Any], _: object) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('lock_timeout', %s, false)", (f"{round(busy_timeout_s * 1000)}ms",))
            # A journaled change must be on disk before it is sent, whatever the server's default is.
            cursor.execute(
                "SELECT set_config('synchronous_commit', 'on', false) "
                "WHERE current_setting('synchronous_commit') = 'off'"
            )
        connection.commit()
