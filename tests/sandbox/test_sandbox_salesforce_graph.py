"""Composite graphs and sObject trees: many records that stand or fall together."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.salesforce_org import BASE, Org

DEAL = {"Name": "D", "StageName": "Prospecting", "CloseDate": "2026-12-01"}


def node(sobject: str, reference: str, **body: Any) -> dict[str, Any]:
    return {"method": "POST", "url": f"{BASE}/sobjects/{sobject}", "referenceId": reference, "body": body}


def graph(name: str, *nodes: dict[str, Any]) -> dict[str, Any]:
    return {"graphId": name, "compositeRequest": list(nodes)}


def send(org: Org, *graphs: dict[str, Any]) -> list[dict[str, Any]]:
    answer = org.client.post(f"{BASE}/composite/graph", json={"graphs": list(graphs)})
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["graphs"]
    return found


def statuses(answered: dict[str, Any]) -> list[int]:
    return [result["httpStatusCode"] for result in answered["graphResponse"]["compositeResponse"]]


def test_graph_that_fails_is_undone_and_the_others_stand(org: Org) -> None:
    before = org.app.api_calls
    answered = send(
        org,
        graph("1", node("Account", "a", Name="A"), node("Contact", "c", LastName="C", AccountId="@{a.id}")),
        graph("2", node("Account", "a", Name="B"), node("Contact", "c", AccountId="@{a.id}")),
    )
    assert org.app.api_calls - before == 1
    assert [(one["graphId"], one["isSuccessful"]) for one in answered] == [("1", True), ("2", False)]
    assert [statuses(one) for one in answered] == [[201, 201], [400, 400]]
    codes = [result["body"][0]["errorCode"] for result in answered[1]["graphResponse"]["compositeResponse"]]
    assert codes == ["PROCESSING_HALTED", "REQUIRED_FIELD_MISSING"]
    assert [row["Name"] for row in org.app.rows("Account")] == ["A"]


def test_graphs_after_fourteen_failures_are_halted(org: Org) -> None:
    bad = [graph(f"g{n}", node("Account", "a")) for n in range(14)]
    answered = send(org, *bad, graph("last", node("Account", "a", Name="A")))
    error = answered[-1]["graphResponse"]["compositeResponse"][0]["body"][0]
    assert (answered[-1]["isSuccessful"], error["errorCode"]) == (False, "PROCESSING_HALTED")
    assert org.app.count("Account") == 0


def deep(levels: int) -> dict[str, Any]:
    first = node("Account", "n0", Name="A")
    return graph("g", first, *(node("Account", f"n{n}", Name="A", ParentId=f"@{{n{n - 1}.id}}")
                               for n in range(1, levels)))  # fmt: skip


@pytest.mark.parametrize(
    "graphs",
    [
        pytest.param([graph(f"g{n}", node("Account", "a", Name="A")) for n in range(76)], id="76 graphs"),
        pytest.param([graph("g", *(node("Account", f"n{n}", Name="A") for n in range(501)))], id="501 nodes"),
        pytest.param([deep(16)], id="16 deep"),
        pytest.param([graph("g", node("Account", "a")), graph("g", node("Account", "a"))], id="graph id twice"),
        pytest.param([graph("a.b", node("Account", "a"))], id="period in a graph id"),
        pytest.param([graph("g", {"method": "GET", "url": f"{BASE}/query?q=x", "referenceId": "a"})], id="a query"),
        pytest.param([graph("g", node("Account", "a"), node("Account", "a"))], id="reference twice"),
        pytest.param([graph("g")], id="no node"),
        pytest.param([graph("g", *(node(f"T{n}__c", f"n{n}") for n in range(16)))], id="16 kinds"),
        pytest.param([], id="none"),
    ],
)
def test_graphs_beyond_a_limit_are_refused_as_a_whole(org: Org, graphs: list[dict[str, Any]]) -> None:
    assert org.client.post(f"{BASE}/composite/graph", json={"graphs": graphs}).status_code == 400
    assert org.app.count("Account") == 0


def test_graph_of_depth_fifteen_is_taken(org: Org) -> None:
    assert send(org, deep(15))[0]["isSuccessful"]
    assert org.app.count("Account") == 15


def test_graphs_are_unknown_before_version_50(org: Org) -> None:
    path = f"{BASE}/composite/graph".replace("v60.0", "v49.0")
    assert org.client.post(path, json={"graphs": []}).status_code == 404


def leaf(kind: str, reference: str, **values: Any) -> dict[str, Any]:
    return {"attributes": {"type": kind, "referenceId": reference}, **values}


def plant(org: Org, *records: dict[str, Any], sobject: str = "Account") -> Any:
    return org.client.post(f"{BASE}/composite/tree/{sobject}", json={"records": list(records)})


def test_tree_creates_level_by_level_and_links_children(org: Org) -> None:
    root = leaf("Account", "r1", name="A", Contacts={"records": [leaf("Contact", "r2", lastname="C")]},
                Opportunities={"records": [leaf("Opportunity", "r3", **DEAL)]})  # fmt: skip
    before = org.app.api_calls
    answer = plant(org, root, leaf("Account", "r4", Name="B"))
    assert org.app.api_calls - before == 1
    assert (answer.status_code, answer.json()["hasErrors"]) == (201, False)
    ids = {result["referenceId"]: result["id"] for result in answer.json()["results"]}
    assert list(ids) == ["r1", "r4", "r2", "r3"]
    assert org.app.row("Contact", ids["r2"])["AccountId"] == ids["r1"]
    assert org.app.row("Opportunity", ids["r3"])["AccountId"] == ids["r1"]


def test_tree_with_one_bad_record_creates_nothing_and_names_it(org: Org) -> None:
    answer = plant(org, leaf("Account", "r1", Name="A", Contacts={"records": [leaf("Contact", "r2", FirstName="x")]}))
    assert answer.status_code == 400
    error = {
        "statusCode": "REQUIRED_FIELD_MISSING",
        "message": "Required fields are missing: [LastName]",
        "fields": ["LastName"],
    }
    assert answer.json() == {"hasErrors": True, "results": [{"referenceId": "r2", "errors": [error]}]}
    assert org.app.count("Account") == 0


def test_tree_with_a_reference_twice_names_it_once_for_each(org: Org) -> None:
    """The guide: results contains one item for each instance of the duplicate id."""
    answer = plant(org, leaf("Account", "r", Name="A"), leaf("Account", "s", Name="B"), leaf("Account", "r", Name="C"))
    error = {"statusCode": "INVALID_INPUT", "message": "Duplicate ReferenceId provided in the request.", "fields": []}
    results = [{"referenceId": "r", "errors": [error]}] * 2
    assert (answer.status_code, answer.json()) == (400, {"hasErrors": True, "results": results})
    assert org.app.count("Account") == 0


def nested(levels: int) -> dict[str, Any]:
    below = {"ChildAccounts": {"records": [nested(levels - 1)]}} if levels > 1 else {}
    return leaf("Account", f"r{levels}", Name="A", **below)


@pytest.mark.parametrize(
    "records",
    [
        pytest.param([leaf("Account", f"r{n}", Name="A") for n in range(201)], id="201 records"),
        pytest.param([nested(6)], id="six levels"),
        pytest.param([leaf("Contact", "r", LastName="x")], id="another type than the path's"),
        pytest.param([{"attributes": {"type": "Account"}, "Name": "A"}], id="no reference"),
        pytest.param([leaf("Account", "r", Name="A", Nope={"records": [leaf("Contact", "c")]})], id="no such children"),
        pytest.param(["x"], id="no record"),
        pytest.param([], id="none"),
    ],
)
def test_tree_beyond_a_limit_is_refused_as_a_whole(org: Org, records: list[dict[str, Any]]) -> None:
    answer = plant(org, *records)
    assert (answer.status_code, answer.json()[0].keys() >= {"errorCode", "message"}) == (400, True)
    assert org.app.count("Account") == 0


def test_tree_of_five_levels_is_taken(org: Org) -> None:
    assert plant(org, nested(5)).status_code == 201
