"""What the store asks of a database: transactions, bulk writes of columns, frames out; errors in one sentence."""

from __future__ import annotations

import os
import socket
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from typing import Any

import polars as pl
from sqlalchemy import Connection, Engine, Select, Table, inspect
from sqlalchemy.exc import DBAPIError

from model.errors import StoreError
from model.streams import Value
from store.columns import FRAMED, STORED, value_type

Columns = Mapping[str, Sequence[Value]]


def this_process() -> str:
    """Who we are, for others that want what we hold: process, machine and the time, in at most 50 characters."""
    return f"process {os.getpid()} on {socket.gethostname()[:16]}, since {datetime.now(UTC):%F %R}"


class Database(ABC):
    """One open database. `label` is how messages call it: a path, or a URL without password."""

    is_shared: bool  # whether other programs' tables may lie beside ours
    driver_errors: tuple[type[Exception], ...]  # beside SQLAlchemy's own DBAPIError

    def __init__(self, engine: Engine, label: str) -> None:
        self.engine = engine
        self.label = label

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that sees one state of the store."""
        with self.told(), self.engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that is on disk when the block ends, or leaves no trace."""
        with self.told(), self.engine.connect().execution_options(writes=True) as connection, connection.begin():
            yield connection

    @contextmanager
    def told(self) -> Iterator[None]:
        """Turn what drivers raise into a StoreError of one sentence that shows no value and no password."""
        try:
            yield
        except StoreError:
            raise
        except DBAPIError as error:
            raise StoreError(self.sentence(error.orig or error)) from None
        except self.driver_errors as error:
            raise StoreError(self.sentence(error)) from None

    @abstractmethod
    def sentence(self, error: BaseException) -> str:
        """Say what a driver's error means for the store and what to do."""

    @abstractmethod
    def alone(self, what: str) -> AbstractContextManager[None]:
        """Keep other processes from doing `what` until the block or the process ends; StoreError when one does."""

    def taken(self, what: str, holder: str) -> StoreError:
        """That another process does it; `holder` is what that process wrote about itself, if anything."""
        who = f" ({holder})" if holder else ""
        return StoreError(
            f"another {what} is at work on the store {self.label}{who}; wait until it has ended and run this again"
        )

    @abstractmethod
    def lock_schema(self, connection: Connection) -> None:
        """Keep other processes from migrating until the transaction ends; StoreError where tables cannot be made."""

    @abstractmethod
    def upsert(self, connection: Connection, stream: str, constants: Mapping[str, Value], columns: Columns) -> int:
        """Upsert a batch into a mirror table behind the version guard; how many of its rows were written."""

    @abstractmethod
    def insert(self, connection: Connection, table: Table, columns: Columns) -> None:
        """Insert columns into a table as fast as the driver can."""

    @abstractmethod
    def stored_frame(self, query: Select[Any], schema: pl.Schema) -> pl.DataFrame:
        """Run a query outside any open transaction; columns come as `schema` says."""

    def frame(self, query: Select[Any]) -> pl.DataFrame:
        """The rows of a query of plain columns, in its order, typed as declared."""
        kinds = {column.name: value_type(column.type) for column in query.selected_columns}
        with self.told():
            stored = self.stored_frame(query, pl.Schema((name, STORED[kind]) for name, kind in kinds.items()))
        others = {name: FRAMED[kind] for name, kind in kinds.items() if FRAMED[kind] != STORED[kind]}
        return stored.cast(others) if others else stored

    @abstractmethod
    def scrub(self) -> None:
        """Take what was deleted out of the files, as far as the database lets us."""

    def tables(self, connection: Connection) -> set[str]:
        return set(inspect(connection).get_table_names())

    def close(self) -> None:
        self.engine.dispose()
