"""Paging through queries: locators and how long they live, children that fill pages, long lists, plans."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.sandbox.salesforce_org import BASE, Org


def pages(org: Org, soql: str, size: int = 200, path: str = "query") -> Iterator[dict[str, Any]]:
    body = org.query(soql, path, **{"Sforce-Query-Options": f"batchSize={size}"}).json()
    yield body
    while not body["done"]:
        body = org.client.get(body["nextRecordsUrl"]).json()
        yield body


def load_children(org: Org, counts: dict[str, int]) -> None:
    for name, count in counts.items():
        account = org.app.create("Account", Name=name)
        for number in range(count):
            org.app.create("Contact", LastName=f"{name}{number:03}", AccountId=account)


def test_children_count_towards_the_page_and_long_lists_have_pages_of_their_own(org: Org) -> None:
    load_children(org, {"A": 150, "B": 60, "C": 250, "D": 1})
    soql = "SELECT Name, (SELECT LastName FROM Contacts ORDER BY LastName) FROM Account ORDER BY Name"
    told = list(pages(org, soql))
    assert [[record["Name"] for record in page["records"]] for page in told] == [["A"], ["B"], ["C"], ["D"]]
    assert {page["totalSize"] for page in told} == {4}
    children = told[2]["records"][0]["Contacts"]
    assert (children["totalSize"], children["done"], len(children["records"])) == (250, False, 200)
    rest = org.client.get(children["nextRecordsUrl"]).json()
    assert (rest["done"], [r["LastName"] for r in rest["records"]]) == (True, [f"C{n:03}" for n in range(200, 250)])


def test_cursor_outlives_changes_and_ends_after_its_time(org: Org) -> None:
    load_children(org, {"A": 250})
    first = next(pages(org, "SELECT LastName FROM Contact ORDER BY LastName"))
    org.app.delete("Contact", org.app.rows("Contact")[249]["Id"])
    org.app.clock.turn(172_000)
    org.app.expire_tokens()
    org.log_in()
    again = [org.client.get(first["nextRecordsUrl"]) for _ in range(2)]
    assert [answer.status_code for answer in again] == [200, 200]
    assert again[0].json() == again[1].json()
    org.app.clock.turn(1_000)
    org.log_in()
    late = org.client.get(first["nextRecordsUrl"])
    assert (late.status_code, late.json()[0]) == (
        400,
        {"message": "invalid query locator", "errorCode": "INVALID_QUERY_LOCATOR"},
    )


def test_pages_may_be_shorter_than_asked(org: Org) -> None:
    org.app.settings.page_rows = 3
    load_children(org, {"A": 7})
    assert [len(page["records"]) for page in pages(org, "SELECT Id FROM Contact", size=2000)] == [3, 3, 1]


def test_explain_tells_the_plan_and_runs_nothing(org: Org) -> None:
    org.create("Account", Name="Acme")
    org.create("Account", Name="Beta")
    soql = "SELECT Id FROM Account WHERE Name = 'Acme'"
    body = org.client.get(f"{BASE}/query", params={"explain": soql}).json()
    plan = body["plans"][0]
    assert (plan["sobjectType"], plan["cardinality"], plan["sobjectCardinality"]) == ("Account", 1, 2)
    assert body["sourceQuery"] == soql


def test_long_list_of_ids_is_answered_up_to_the_uri_limit(org: Org) -> None:
    ids = [org.app.create("Account", Name=f"A{number}") for number in range(300)]
    listed = "','".join(identity[:15] for identity in ids)
    assert len(org.records(f"SELECT Id FROM Account WHERE Id IN ('{listed}')")) == 300


def test_relationship_in_a_path_leads_to_the_children(org: Org) -> None:
    load_children(org, {"A": 2})
    account = org.app.rows("Account")[0]["Id"]
    body = org.client.get(f"{BASE}/sobjects/Account/{account}/contacts", params={"fields": "LastName"}).json()
    assert (body["totalSize"], [r["LastName"] for r in body["records"]]) == (2, ["A000", "A001"])
    assert org.client.get(f"{BASE}/sobjects/Account/{account}/Nopes").status_code == 404
