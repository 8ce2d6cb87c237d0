"""Bring a database to this program's schema, or say why that cannot be."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, text

from model.errors import StoreError
from store.database import Database
from store.mirror import MIRROR
from store.tables import METADATA

if TYPE_CHECKING:
    from alembic.config import Config

_MIGRATIONS = Path(__file__).with_name("migrations")
VERSION_TABLE = "trueline_version"
OUR_TABLES = frozenset(METADATA.tables) | frozenset(MIRROR)


def migrate(database: Database) -> None:
    """Run the missing migrations in one transaction; StoreError for a newer schema or somebody else's tables."""
    with database.read() as connection:
        if _version(database, connection) == newest():
            return
    with database.write() as connection:
        database.lock_schema(connection)
        version = _version(database, connection)
        if version is not None and version not in _versions():
            raise StoreError(
                f"the store {database.label} was written by a newer Trueline (schema {version}); update Trueline"
            )
        if version is None:
            _refuse_foreign(database, connection)
        from alembic import command  # every command opens a store, and next to none has to migrate it

        command.upgrade(config(connection), "head")


def newest() -> str:
    """The schema version that this program writes."""
    return _versions()[-1]


def config(connection: Connection) -> Config:
    """Alembic's configuration for a connection that is in a transaction already."""
    from alembic.config import Config

    settings = Config()
    settings.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    settings.attributes["connection"] = connection
    return settings


@cache
def _versions() -> tuple[str, ...]:
    """All there are, oldest first: each migration's file is named after its version."""
    return tuple(sorted(file.name.partition("_")[0] for file in _MIGRATIONS.glob("versions/[0-9]*.py")))


def _version(database: Database, connection: Connection) -> str | None:
    if VERSION_TABLE not in database.tables(connection):
        return None
    version: str | None = connection.execute(text(f"SELECT version_num FROM {VERSION_TABLE}")).scalar_one_or_none()  # noqa: S608
    return version


def _refuse_foreign(database: Database, connection: Connection) -> None:
    tables = database.tables(connection)
    clashing = sorted(tables & OUR_TABLES if database.is_shared else tables)
    if clashing:
        raise StoreError(
            f"the database {database.label} holds another program's table {clashing[0]}; give the store an empty one"
        )
