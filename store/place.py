"""Where a store lies: from the URL or path that people write to the database behind it."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from model.errors import ConfigError
from store.database import Database
from store.sqlite import SqliteDatabase


def database_at(url: str | Path, *, create: bool, busy_timeout_s: float) -> Database:
    """The database at a path or URL; ConfigError when it is neither of SQLite nor of PostgreSQL."""
    if isinstance(url, Path) or "://" not in url:
        return SqliteDatabase(Path(url), create=create, busy_timeout_s=busy_timeout_s)
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        raise ConfigError(
            "the store's url cannot be read; write sqlite:///PATH or postgresql://USER@HOST/NAME"
        ) from None
    system = parsed.get_backend_name()
    if system == "sqlite" and parsed.database and parsed.database != ":memory:":
        return SqliteDatabase(Path(parsed.database), create=create, busy_timeout_s=busy_timeout_s)
    if system in ("postgresql", "postgres"):
        # Its driver takes a tenth of a second to load, which whoever keeps a file need not wait for.
        postgres: Database = import_module("store.postgres").PostgresDatabase(parsed, busy_timeout_s=busy_timeout_s)
        return postgres
    raise ConfigError(
        "the store's url must name a file, as sqlite:///PATH, or a database, as postgresql://USER@HOST/NAME"
    )
