"""Bring a database to this program's schema, or say why that cannot be."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from model.errors import StoreError
from store.database import Database
from store.mirror import MIRROR
from store.tables import METADATA

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
        if version not in _versions():
            raise StoreError(
                f"the store {database.label} was written by a newer Trueline (schema {version}); update Trueline"
            )
        if version is None:
            _refuse_foreign(database, connection)
        command.upgrade(config(connection), "head")


def newest() -> str | None:
    """The schema version that this program writes."""
    return _scripts().get_current_head()


def config(connection: Connection) -> Config:
    """Alembic's configuration for a connection that is in a transaction already."""
    settings = Config()
    settings.set_main_option("script_location", str(Path(__file__).with_name("migrations")).replace("%", "%%"))
    settings.attributes["connection"] = connection
    return settings


@cache
def _scripts() -> ScriptDirectory:
    return ScriptDirectory(str(Path(__file__).with_name("migrations")))


@cache
def _versions() -> frozenset[str | None]:
    return frozenset((None, *(script.revision for script in _scripts().walk_revisions())))


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
