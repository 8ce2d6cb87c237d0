"""Faults on a real org: what a client meets in mid-run, and what somebody else does between its read and its write."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from sandbox.faults import Fault
from tests.sandbox.salesforce_org import BASE, Org


def test_token_expired_in_mid_run_answers_401_until_a_new_login(org: Org) -> None:
    org.listener.faults.add(Fault(route="/query", nth=2, expire=True))
    statuses = [org.query("SELECT Id FROM Account").status_code for _ in range(3)]
    assert statuses == [200, 401, 401]
    org.log_in()
    assert org.query("SELECT Id FROM Account").status_code == 200


def test_edit_by_somebody_else_before_the_write_is_seen_by_its_precondition(org: Org) -> None:
    account = org.create("Account", Name="A")
    read = org.client.get(f"{BASE}/sobjects/Account/{account}")
    org.app.clock.turn(3)
    arguments = {"sobject": "Account", "record_id": account, "Phone": "theirs"}
    org.listener.faults.add(Fault(method="PATCH", call="edit", arguments=arguments))
    headers = {"If-Unmodified-Since": read.headers["Last-Modified"]}
    assert org.patch("Account", account, headers, Phone="ours").status_code == 412
    assert org.app.row("Account", account)["Phone"] == "theirs"


def test_answer_lost_after_the_write_leaves_the_write(org: Org) -> None:
    org.listener.faults.add(Fault(method="POST", route="/sobjects/Account", stage="after", drop=True, count=1))
    with pytest.raises(httpx.RemoteProtocolError):
        org.create("Account", Name="A")
    assert org.app.count("Account") == 1


def test_field_hidden_in_mid_run_fails_the_next_query(org: Org) -> None:
    soql = "SELECT Phone FROM Account"
    arguments = {"sobject": "Account", "field": "Phone"}
    org.listener.faults.add(Fault(route="/query", nth=2, call="hide_field", arguments=arguments))
    assert [org.query(soql).status_code for _ in range(2)] == [200, 400]


def test_request_log_names_the_kinds_of_calls(org: Org) -> None:
    org.listener.requests.clear()
    org.query("SELECT Id FROM Account")
    org.client.get(f"{BASE}/sobjects/Account/describe")
    org.client.post(f"{BASE}/composite/sobjects", json={})
    org.create("Account", Name="A")
    org.log_in()
    expected = {"query": 1, "describe": 1, "collections": 1, "rows": 1, "auth": 1}
    assert org.listener.requests.kinds() == expected


def test_many_threads_write_and_none_is_lost(org: Org) -> None:
    account = org.create("Account", Name="A")

    def write(number: int) -> int:
        org.patch("Account", account, Phone=str(number))
        return org.client.post(f"{BASE}/sobjects/Contact", json={"LastName": str(number)}).status_code

    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(write, range(24))) == {201}
    assert org.app.count("Contact") == 24
    assert org.app.api_calls == 49
