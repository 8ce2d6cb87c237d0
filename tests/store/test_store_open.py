"""Opening: what is refused, in one sentence without secrets, and what a file must look like afterwards."""

from __future__ import annotations

import os
import sqlite3
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import text

from model.batch import Batch, Page, Watermark
from model.errors import ConfigError, StoreError
from store import Store
from tests.postgres import PASSWORD, PostgresServer

_NOBODY = 65534


def contacts(rows: int, connection: str = "sf") -> Batch:
    return Batch(
        connection,
        "contacts",
        {"id": [f"{row:08d}" for row in range(rows)], "changed_at": [1] * rows, "email": ["x" * 200] * rows},
        frozenset({"email"}),
    )


def message(url: str | Path, **options: float) -> str:
    """The one sentence with which opening is refused."""
    with pytest.raises(StoreError) as caught:
        Store.open(url, **options)  # type: ignore[arg-type]
    said = str(caught.value)
    assert "\n" not in said
    assert PASSWORD not in said
    return said


def test_open_accepts_a_path_and_a_url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for url in (
        tmp_path / "a.db",
        str(tmp_path / "a b%20?#.db"),
        "b.db",
        "sqlite:///c.db",
        f"sqlite:///{tmp_path}/d.db",
    ):
        with Store.open(url) as store:
            store.save_batch(contacts(1))
        with Store.open(url, create=False) as store:
            assert len(store.frame("contacts")) == 1
    assert {path.name for path in tmp_path.iterdir()} == {"a.db", "a b%20?#.db", "b.db", "c.db", "d.db"}


@pytest.mark.parametrize(
    "url",
    [
        pytest.param("mysql://u:sandbox-secret@h/d", id="another system"),
        pytest.param("sqlite://", id="memory"),
        pytest.param("sqlite:///:memory:", id="memory by name"),
        pytest.param("postgresql://u:sandbox-secret@h:port/d", id="no number for a port"),
        pytest.param("://", id="no scheme"),
    ],
)
def test_open_refuses_a_url_that_names_no_store(url: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Store.open(url)
    assert PASSWORD not in str(caught.value)


def test_open_without_create_says_there_is_no_store(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="there is no store at"):
        Store.open(tmp_path / "none.db", create=False)
    assert list(tmp_path.iterdir()) == []


def test_open_in_missing_folder_says_so(tmp_path: Path) -> None:
    assert "does not exist" in message(tmp_path / "none" / "a.db")


def test_open_of_a_folder_says_so(tmp_path: Path) -> None:
    assert "is not a file" in message(tmp_path)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"Id,Name\n1,Acme\n" * 200, id="csv"),
        pytest.param(b"x", id="one byte"),
        pytest.param(os.urandom(8192), id="noise"),
    ],
)
def test_open_of_another_kind_of_file_says_so_and_leaves_it(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "export.csv"
    path.write_bytes(content)
    assert "not a SQLite database" in message(path)
    assert path.read_bytes() == content


def test_open_of_another_programs_database_says_so(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    other = sqlite3.connect(path)
    other.execute("CREATE TABLE customers (id)")
    other.close()
    assert "another program's" in message(path)


@pytest.mark.parametrize("share", [0.3, 0.7, 0.99])
def test_open_of_a_truncated_file_says_it_is_damaged(tmp_path: Path, share: float) -> None:
    path = tmp_path / "a.db"
    with Store.open(path) as store:
        store.save_batch(contacts(2_000))
    os.truncate(path, int(path.stat().st_size * share))
    assert "damaged or was only half written" in message(path)


def test_damaged_page_is_a_store_error_when_read(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    with Store.open(path) as store:
        store.save_batch(contacts(20_000))
    content = bytearray(path.read_bytes())
    content[len(content) // 2 : len(content) // 2 + 200_000] = b"\xff" * 200_000
    path.write_bytes(content)
    with Store.open(path) as store, pytest.raises(StoreError, match="damaged"):
        store.frame("contacts")


def test_open_of_a_newer_store_asks_to_update(empty_url: str) -> None:
    with Store.open(empty_url) as store, store._database.write() as opened:
        opened.execute(text("UPDATE trueline_version SET version_num = '9999'"))
    assert "newer Trueline (schema 9999)" in message(empty_url)


# Who may read


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_new_store_is_its_owners_alone_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        with Store.open(tmp_path / "a.db") as store:
            store.save_batch(contacts(10))
            modes = {path.name: mode(path) for path in tmp_path.iterdir()}
    finally:
        os.umask(before)
    assert modes == {"a.db": 0o600, "a.db-wal": 0o600, "a.db-shm": 0o600}


def test_open_takes_others_access_away(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    Store.open(path).close()
    path.chmod(0o644)
    Store.open(path).close()
    assert mode(path) == 0o600


# Not writable, locked, full


@pytest.fixture
def plain_folder() -> Iterator[Path]:
    """A folder of a user that is not root, who we are meanwhile: root may write anywhere."""
    with tempfile.TemporaryDirectory() as name:
        if os.geteuid() != 0:
            yield Path(name)
            return
        os.chown(name, _NOBODY, _NOBODY)
        os.seteuid(_NOBODY)
        try:
            yield Path(name)
        finally:
            os.seteuid(0)


def test_read_only_store_can_be_read_and_says_it_cannot_be_written(plain_folder: Path) -> None:
    path = plain_folder / "a.db"
    Store.open(path).close()
    path.chmod(0o400)
    with Store.open(path) as store:
        assert store.runs() == []
        with pytest.raises(StoreError, match="cannot be written"):
            store.begin_run("pull", 1)


def test_open_in_a_read_only_folder_says_so(plain_folder: Path) -> None:
    plain_folder.chmod(0o500)
    assert "cannot be made: Permission denied" in message(plain_folder / "a.db")


def test_open_of_an_unreadable_file_says_so(plain_folder: Path) -> None:
    path = plain_folder / "a.db"
    Store.open(path).close()
    path.chmod(0)
    assert "cannot be opened" in message(path)


def test_write_while_another_process_writes_gives_up_after_the_timeout(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    with Store.open(path, busy_timeout_s=0.05) as store:
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match="in use by another process"):
            store.begin_run("pull", 1)
        assert store.runs() == []
        other.execute("ROLLBACK")
        other.close()
        assert store.begin_run("pull", 1) == "r0001"


def test_full_disk_loses_only_the_page_that_did_not_fit(tmp_path: Path) -> None:
    with Store.open(tmp_path / "a.db") as store:
        run_id = store.begin_run("pull", 1)
        store.save_page(run_id, Page(contacts(100), Watermark(1, "2"), is_full=True))
        with store._database.engine.connect() as opened:
            pages = opened.exec_driver_sql("PRAGMA page_count").scalar_one()
            opened.exec_driver_sql(f"PRAGMA max_page_count = {pages + 3}")
        with pytest.raises(StoreError, match=r"disk that holds the store .* is full"):
            store.save_page(run_id, Page(contacts(5_000, "hs"), Watermark(2, "3"), is_full=True))
        assert store.counts().rows() == [("sf", "contacts", 100, 0)]
        assert store.watermark("hs", "contacts") == Watermark()


def test_lease_names_the_process_that_holds_it_and_ends_with_the_block(url: str) -> None:
    who = rf"another push is at work on the store .* \(process {os.getpid()} on \S+, since 2\d{{3}}-\S+ \S+\); wait"
    with Store.open(url) as store, Store.open(url) as other:
        for _ in range(2):
            with (
                store.alone("push"),
                other.alone("schedule"),
                pytest.raises(StoreError, match=who),
                other.alone("push"),
            ):
                pass


# PostgreSQL


@pytest.mark.postgres
def test_wrong_password_is_said_without_it(postgres_server: PostgresServer) -> None:
    said = message(postgres_server.url(password="not-" + PASSWORD))
    assert "refuses us" in said
    assert "not-" not in said


@pytest.mark.postgres
def test_missing_database_is_said(postgres_server: PostgresServer) -> None:
    assert "cannot be reached" in message(postgres_server.url("nowhere"))


def test_unreachable_server_is_said() -> None:
    assert "cannot be reached" in message(f"postgresql://trueline:{PASSWORD}@127.0.0.1:1/x")


@pytest.mark.postgres
def test_database_of_another_encoding_is_refused(postgres_server: PostgresServer) -> None:
    assert "encoded in LATIN1" in message(postgres_server.new_database(encoding="LATIN1"))


@pytest.mark.postgres
def test_database_with_another_programs_table_is_refused(postgres_server: PostgresServer) -> None:
    url = postgres_server.new_database()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE TABLE contacts (id int)")
    assert "another program's table contacts" in message(url)


@pytest.mark.postgres
def test_write_while_another_session_holds_the_row_gives_up(migrated_url: str) -> None:
    with Store.open(migrated_url, busy_timeout_s=0.05) as store, psycopg.connect(migrated_url) as other:
        run_id = store.begin_run("pull", 1)
        other.execute("LOCK TABLE runs")
        with pytest.raises(StoreError, match="in use by another process"):
            store.end_run(run_id, "done", 2, {})


@pytest.mark.postgres
def test_journal_is_on_disk_also_where_the_server_defaults_to_later(postgres_server: PostgresServer) -> None:
    url = postgres_server.new_database()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"ALTER DATABASE {url.rpartition('/')[2]} SET synchronous_commit = off")
    with Store.open(url) as store, store._database.write() as opened:
        assert opened.execute(text("SHOW synchronous_commit")).scalar_one() == "on"


def test_sqlite_syncs_every_commit(tmp_path: Path) -> None:
    with Store.open(tmp_path / "a.db") as store, store._database.write() as opened:
        settings = [opened.exec_driver_sql(f"PRAGMA {name}").scalar_one() for name in ("journal_mode", "synchronous")]
        assert settings == ["wal", 2]
        assert opened.exec_driver_sql("PRAGMA foreign_keys").scalar_one() == 1
