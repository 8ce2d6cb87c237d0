"""Every test that takes `url` or `store` runs on SQLite and on PostgreSQL."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from store import Store
from store.tables import METADATA
from tests.postgres import PostgresServer, postgres_server  # noqa: F401


@pytest.fixture(scope="session")
def migrated_url(postgres_server: PostgresServer) -> str:  # noqa: F811
    """A database that has the schema already: emptying it is quicker than making one per test."""
    url = postgres_server.new_database()
    Store.open(url).close()
    return url


def _empty(url: str) -> None:
    with psycopg.connect(url) as connection:
        connection.execute(f"TRUNCATE {', '.join(METADATA.tables)} RESTART IDENTITY")


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def system(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def empty_url(system: str, request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database without any table."""
    if system == "sqlite":
        return f"sqlite:///{tmp_path / 'trueline.db'}"
    server: PostgresServer = request.getfixturevalue("postgres_server")
    return server.new_database()


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store that has the schema already: copying it is quicker than making one per test."""
    path = tmp_path_factory.mktemp("migrated") / "trueline.db"
    Store.open(path).close()
    return path


@pytest.fixture
def url(system: str, request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database with the schema, no records in it."""
    if system == "sqlite":
        return f"sqlite:///{shutil.copy(request.getfixturevalue('migrated_file'), tmp_path / 'trueline.db')}"
    url: str = request.getfixturevalue("migrated_url")
    _empty(url)
    return url


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    with Store.open(url) as opened:
        yield opened
