"""Migrations lead to exactly the declared tables, and processes that open a new store at once do not collide."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, inspect, make_url

from model.streams import STREAMS, SYSTEM_FIELDS
from store import Store
from store.mirror import MIRROR
from store.schema import VERSION_TABLE, config, newest
from store.tables import METADATA

ROOT = Path(__file__).parents[2]
_DRIVERS = {"sqlite": "sqlite", "postgresql": "postgresql+psycopg"}


def test_migrations_lead_to_the_declared_tables(empty_url: str) -> None:
    with Store.open(empty_url) as store, store._database.read() as opened:
        context = MigrationContext.configure(
            opened, opts={"version_table": VERSION_TABLE, "compare_type": True, "compare_server_default": True}
        )
        assert compare_metadata(context, METADATA) == []
        assert context.get_current_revision() == newest()


def test_migrations_make_columns_in_order_with_their_types_and_keys(empty_url: str) -> None:
    with Store.open(empty_url) as store, store._database.read() as opened:
        made = inspect(opened)
        for table in METADATA.sorted_tables:
            columns = made.get_columns(table.name)
            assert [column["name"] for column in columns] == table.c.keys()
            assert [_text_of(column, opened) for column in columns] == [
                str(column.type.compile(opened.dialect)) for column in table.c
            ]
            assert made.get_pk_constraint(table.name)["constrained_columns"] == table.primary_key.columns.keys()


def _text_of(column: Any, opened: Any) -> str:
    return str(column["type"].compile(opened.dialect))


def test_every_stream_has_its_mirror_with_every_field() -> None:
    assert MIRROR.keys() == STREAMS.keys()
    for name, stream in STREAMS.items():
        wanted = ["connection", *(field.name for field in SYSTEM_FIELDS), *stream.field_names, "seen_in", "vanished"]
        assert list(MIRROR[name].c.keys()) == wanted


def test_opening_again_changes_nothing(empty_url: str) -> None:
    Store.open(empty_url).close()
    with Store.open(empty_url) as store:
        assert store.runs() == []


def test_processes_that_open_a_new_store_at_once_all_succeed(empty_url: str) -> None:
    script = f"from store import Store; print(Store.open({empty_url!r}).begin_run('pull', 1))"
    started = [
        subprocess.Popen([sys.executable, "-c", script], cwd=ROOT, stdout=subprocess.PIPE, text=True) for _ in range(2)
    ]
    assert sorted(process.communicate()[0].strip() for process in started) == ["r0001", "r0002"]


def test_rows_of_the_first_schema_survive_the_second(empty_url: str) -> None:
    engine = create_engine(make_url(empty_url).set(drivername=_DRIVERS[make_url(empty_url).get_backend_name()]))
    with engine.begin() as opened:
        command.upgrade(config(opened), "0001")
        for stream in ("accounts", "users"):
            opened.exec_driver_sql(
                f"INSERT INTO {stream} (connection, id, changed_at, is_deleted, name, seen_in, vanished) "
                f"VALUES ('sf', '1', 5, false, 'Kept', 3, false)"
            )
    engine.dispose()
    with Store.open(empty_url) as store:
        for stream in ("accounts", "users"):
            assert store.frame(stream, columns=["name", "changed_at"])["name"].to_list() == ["Kept"]
        assert store.frame("accounts", columns=["is_person"])["is_person"].to_list() == [None]
