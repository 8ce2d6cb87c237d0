"""Saved states: the same rows are the same bytes, come back whole, and differ in words."""

from __future__ import annotations

import gzip
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from sandbox import state
from sandbox.hubspot import HubspotApp, Limits
from sandbox.salesforce import SalesforceApp
from sandbox.server import Listener
from tests.sandbox.salesforce_org import BASE, Org

SCHEMA = """
CREATE TABLE things (Id TEXT, name TEXT, size REAL, body BLOB, unused TEXT);
CREATE TABLE pairs (a INTEGER, b TEXT, note TEXT, PRIMARY KEY (a, b)) WITHOUT ROWID;
CREATE TABLE counted (_id INTEGER PRIMARY KEY, name TEXT);
CREATE TABLE empty (x TEXT);
"""
ROWS = [("t1", 'a\n"b"\u2028ü', 0.1, b"\x00\xff"), ("t2", None, 1e20, None), ("t3", "", -0.0, b"")]


def database(*, detour: bool = False) -> sqlite3.Connection:
    """A few rows, written straight or by way of other rows, an index and a clean-up."""
    db = sqlite3.connect(":memory:", isolation_level=None)
    db.executescript(SCHEMA)
    if detour:
        db.execute("CREATE INDEX names ON things (name)")
        db.executemany("INSERT INTO things (Id, name) VALUES (?, ?)", [(str(n), "x" * 5000) for n in range(50)])
        db.execute("DELETE FROM things")
        db.execute("INSERT INTO pairs VALUES (9, 'z', NULL)")
        db.execute("DELETE FROM pairs")
        db.execute("ALTER TABLE things ADD COLUMN later TEXT")
    db.executemany("INSERT INTO things (Id, name, size, body) VALUES (?, ?, ?, ?)", ROWS)
    pairs = [(1, "b", "x"), (1, "a", None)]
    db.executemany("INSERT INTO pairs VALUES (?, ?, ?)", reversed(pairs) if detour else pairs)
    db.execute("INSERT INTO counted VALUES (7, 'seven')")
    return db


def rows(db: sqlite3.Connection) -> list[Any]:
    return [
        db.execute(f"SELECT * FROM {table} ORDER BY 1").fetchall() for table in ("things", "pairs", "counted", "empty")
    ]


def put_back(db: sqlite3.Connection, dumped: bytes) -> None:
    with db:
        db.execute("BEGIN")
        state.restore(db, dumped, "shop", lambda table, columns: None)


def test_same_rows_are_the_same_bytes_however_they_came_about() -> None:
    assert state.dump(database(), "shop") == state.dump(database(detour=True), "shop")


def test_state_restored_into_a_changed_database_is_as_it_was() -> None:
    db = database()
    before, dumped = rows(db), state.dump(db, "shop")
    db.execute("UPDATE things SET name = 'other', body = NULL")
    db.execute("INSERT INTO empty VALUES ('full')")
    put_back(db, dumped)
    assert rows(db) == before
    assert state.dump(db, "shop") == dumped


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        pytest.param("UPDATE things SET name = 'n', size = 2 WHERE Id = 't2'", ["things t2 is changed: name, size."]),
        pytest.param("DELETE FROM things WHERE Id = 't3'", ["things t3 is gone."]),
        pytest.param("INSERT INTO pairs VALUES (2, 'c', NULL)", ["pairs 2/c is added."]),
        pytest.param("UPDATE counted SET name = NULL", ["counted 7 is changed: name."]),
        pytest.param("INSERT INTO empty VALUES ('x')", ["empty 1 is added."]),
        pytest.param("SELECT 1", []),
    ],
)
def test_differences_say_which_rows_and_fields(statement: str, expected: list[str]) -> None:
    db = database()
    before = state.dump(db, "shop")
    db.execute(statement)
    assert [str(one) for one in state.differences(before, state.dump(db, "shop"))] == expected


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda dumped: b"", id="nothing"),
        pytest.param(lambda dumped: b"{}", id="no gzip"),
        pytest.param(lambda dumped: dumped[:30], id="cut at once"),
        pytest.param(lambda dumped: dumped[:-12], id="cut short"),
        pytest.param(lambda dumped: state.dump(sqlite3.connect(":memory:"), "other"), id="of another system"),
    ],
)
def test_bytes_that_are_no_state_of_the_system_are_refused(spoil: Callable[[bytes], bytes]) -> None:
    db = database()
    before = rows(db)
    with pytest.raises(ValueError, match="no saved state of the shop sandbox"):
        put_back(db, spoil(state.dump(db, "shop")))
    assert rows(db) == before


def test_salesforce_restore_undoes_all_a_client_did_to_the_byte(org: Org) -> None:
    org.create("Account", Name="A")
    before = org.app.dump()
    account = org.create("Account", Name="B" * 200)
    org.create("Contact", LastName="C", AccountId=account)
    org.client.delete(f"{BASE}/sobjects/Account/{account}")
    org.app.restore(before)
    assert org.app.dump() == before
    assert org.names("SELECT Name FROM Account") == ["A"]


def test_salesforce_restore_refuses_a_field_the_org_does_not_have(org: Org) -> None:
    dumped = org.app.dump()
    spoilt = gzip.compress(gzip.decompress(dumped).replace(b'"Alias"', b'"Alibi"'), mtime=0)
    with pytest.raises(ValueError, match=r"has User\.Alibi, which this org does not have"):
        org.app.restore(spoilt)
    assert org.app.dump() == dumped


def test_salesforce_restore_under_traffic_breaks_no_call(org: Org) -> None:
    for n in range(20):
        org.create("Account", Name=str(n))
    before = org.app.dump()
    ended = threading.Event()

    def work(number: int) -> set[int]:
        statuses = set()
        with httpx.Client(base_url=org.url, headers=dict(org.client.headers), verify=False) as client:
            while not ended.is_set():
                statuses.add(client.post(f"{BASE}/sobjects/Account", json={"Name": f"w{number}"}).status_code)
                counted = client.get(f"{BASE}/query", params={"q": "SELECT COUNT() FROM Account WHERE Name LIKE '1%'"})
                statuses.add(counted.status_code)
                assert counted.json()["totalSize"] == 11
        return statuses

    with ThreadPoolExecutor(3) as pool:
        running = [pool.submit(work, number) for number in range(3)]
        for _ in range(10):
            org.app.restore(before)
        ended.set()
        assert set().union(*(one.result() for one in running)) == {200, 201}
    org.app.restore(before)
    assert org.app.dump() == before


def test_differences_over_http_since_a_kept_state_or_given_bytes(tmp_path: Path) -> None:
    app = HubspotApp(limits=Limits(enabled=False))
    with Listener(app, state_dir=tmp_path) as listener, httpx.Client(base_url=listener.url, verify=False) as client:
        number = app.create("contacts", lastname="A")
        client.post("/__sandbox__/state", json={"save": "start"})
        kept = client.get("/__sandbox__/state").content
        same = client.get("/__sandbox__/state/differences", params={"since": "start"}).json()
        assert same == {"same": True, "count": 0, "differences": []}
        app.edit("contacts", number, lastname="B")
        for answer in (
            client.get("/__sandbox__/state/differences", params={"since": "start"}),
            client.post("/__sandbox__/state/differences", content=kept),
        ):
            told = {(one["table"], one["id"]): one for one in answer.json()["differences"]}
            assert "lastname" in told["contacts", number]["fields"]
            assert told["contacts", number]["says"].startswith(f"contacts {number} is changed: ")
    app.close()


@pytest.mark.parametrize(
    ("method", "path", "body", "sentence"),
    [
        pytest.param("GET", "state/differences?since=nothing", b"", "There is no saved state 'nothing'.", id="unknown"),
        pytest.param(
            "GET",
            "state/differences",
            b"",
            "The name of a state has letters, digits, _ and -, 64 at most.",
            id="no name",
        ),
        pytest.param("PUT", "state", b"x", "These bytes are no saved state of the salesforce sandbox.", id="no state"),
        pytest.param("POST", "state/differences", b"x", "These bytes are no saved state of a sandbox.", id="no bytes"),
    ],
)
def test_control_of_states_refuses_with_one_sentence(
    tmp_path: Path, method: str, path: str, body: bytes, sentence: str
) -> None:
    app = SalesforceApp()
    with Listener(app, state_dir=tmp_path) as listener, httpx.Client(base_url=listener.url, verify=False) as client:
        answer = client.request(method, f"/__sandbox__/{path}", content=body)
        assert (answer.status_code, answer.json()) == (400, {"error": sentence})
    app.close()
