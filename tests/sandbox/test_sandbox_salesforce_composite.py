"""Collections, composite and batch: many records or requests in one call."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.salesforce_org import BASE, Org


def accounts(*values: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"attributes": {"type": "Account"}, **value} for value in values]


def collection(org: Org, method: str, records: list[dict[str, Any]], path: str = "", **more: Any) -> Any:
    answer = org.client.request(method, f"{BASE}/composite/sobjects{path}", json={"records": records, **more})
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_collection_keeps_order_and_reports_each_row(org: Org) -> None:
    results = collection(org, "POST", accounts({"Name": "A"}, {"Name": "B", "Phone": "1" * 41}, {"Name": "C"}))
    assert [result["success"] for result in results] == [True, False, True]
    assert results[1].keys() == {"success", "errors"}
    assert results[1]["errors"][0]["statusCode"] == "STRING_TOO_LONG"
    assert results[1]["errors"][0]["fields"] == ["Phone"]
    assert org.app.count("Account") == 2


def test_collection_all_or_none_writes_nothing_when_one_fails(org: Org) -> None:
    results = collection(org, "POST", accounts({"Name": "A"}, {}), allOrNone=True)
    codes = [result["errors"][0]["statusCode"] for result in results]
    assert codes == ["ALL_OR_NONE_OPERATION_ROLLED_BACK", "REQUIRED_FIELD_MISSING"]
    assert org.app.count("Account") == 0


def test_collection_update_reports_missing_deleted_and_malformed_ids(org: Org) -> None:
    alive, dead = org.create("Account", Name="A"), org.create("Account", Name="B")
    org.app.delete("Account", dead)
    rows = accounts(
        {"Id": alive, "Phone": "1"}, {"id": dead}, {"id": "001000000000009AAA"}, {"id": "x"}, {"Phone": "2"}
    )
    results = collection(org, "PATCH", rows)
    assert [r["errors"][0]["statusCode"] if r["errors"] else r["id"] for r in results] == [
        alive,
        "ENTITY_IS_DELETED",
        "INVALID_CROSS_REFERENCE_KEY",
        "MALFORMED_ID",
        "MISSING_ARGUMENT",
    ]


def test_collection_of_more_than_200_is_refused(org: Org) -> None:
    records = accounts(*[{"Name": "A"}] * 201)
    answer = org.client.post(f"{BASE}/composite/sobjects", json={"records": records})
    assert (answer.status_code, answer.json()[0]["errorCode"]) == (400, "EXCEEDED_ID_LIMIT")


def test_collection_of_more_than_ten_chunks_is_refused(org: Org) -> None:
    mixed = [
        {"attributes": {"type": kind}, "LastName": "x", "Name": "x"}
        for _ in range(6)
        for kind in ("Account", "Contact")
    ]
    answer = org.client.post(f"{BASE}/composite/sobjects", json={"records": mixed})
    assert "10 chunks" in answer.json()[0]["message"]


def test_collection_upsert_tells_created_from_updated(org: Org) -> None:
    org.create("Account", Name="Old", Trueline_Id__c="1")
    rows = accounts({"Trueline_Id__c": "1", "Phone": "1"}, {"Trueline_Id__c": "2", "Name": "New"})
    results = collection(org, "PATCH", rows, "/Account/Trueline_Id__c")
    assert [(result["success"], result["created"]) for result in results] == [(True, False), (True, True)]


def test_collection_delete_and_read_by_ids(org: Org) -> None:
    ids = [org.create("Account", Name=name) for name in "AB"]
    deleted = org.client.delete(f"{BASE}/composite/sobjects", params={"ids": f"{ids[0]},001000000000009AAA"}).json()
    assert [result["success"] for result in deleted] == [True, False]
    path = f"{BASE}/composite/sobjects/Account"
    got = org.client.get(path, params={"ids": ",".join(ids), "fields": "Name"}).json()
    posted = org.client.post(path, json={"ids": ids, "fields": ["Name"]}).json()
    assert got == posted
    assert [record and record["Name"] for record in got] == [None, "B"]


def part(method: str, path: str, reference: str, body: Any = None, **headers: str) -> dict[str, Any]:
    made: dict[str, Any] = {"method": method, "url": f"{BASE}{path}", "referenceId": reference}
    if body is not None:
        made["body"] = body
    if headers:
        made["httpHeaders"] = {name.replace("_", "-"): value for name, value in headers.items()}
    return made


def composite(org: Org, *parts: dict[str, Any], **more: Any) -> list[dict[str, Any]]:
    answer = org.client.post(f"{BASE}/composite", json={"compositeRequest": list(parts), **more})
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["compositeResponse"]
    return found


def test_composite_passes_references_on_and_costs_one_call(org: Org) -> None:
    results = composite(
        org,
        part("POST", "/sobjects/Account", "a", {"Name": "A"}),
        part("POST", "/sobjects/Contact", "c", {"LastName": "C", "AccountId": "@{a.id}"}),
        part("GET", "/query?q=SELECT+Id,Name+FROM+Account+WHERE+Id='@{a.id}'", "q"),
        part("PATCH", "/sobjects/Account/@{q.records[0].Id}", "u", {"Site": "of @{q.records[0].Name}"}),
    )
    assert [result["httpStatusCode"] for result in results] == [201, 201, 200, 204]
    assert org.app.rows("Contact")[0]["AccountId"] == results[0]["body"]["id"]
    assert org.app.rows("Account")[0]["Site"] == "of A"
    assert org.app.api_calls == 1


def test_composite_guards_each_update_by_its_own_headers(org: Org) -> None:
    ids = [org.create("Account", Name=name) for name in "AB"]
    late, early = "Wed, 01 Jan 2098 00:00:00 GMT", "Wed, 01 Jan 2020 00:00:00 GMT"
    results = composite(
        org,
        part("PATCH", f"/sobjects/Account/{ids[0]}", "a", {"Phone": "1"}, If_Unmodified_Since=late),
        part("PATCH", f"/sobjects/Account/{ids[1]}", "b", {"Phone": "1"}, If_Unmodified_Since=early),
    )
    assert [result["httpStatusCode"] for result in results] == [204, 412]
    assert [row["Phone"] for row in org.app.rows("Account")] == ["1", None]


def test_composite_all_or_none_undoes_what_came_before(org: Org) -> None:
    results = composite(
        org,
        part("POST", "/sobjects/Account", "a", {"Name": "A"}),
        part("POST", "/sobjects/Contact", "b", {}),
        part("POST", "/sobjects/Account", "c", {"Name": "C"}),
        allOrNone=True,
    )
    codes = [result["body"][0]["errorCode"] for result in results]
    assert codes == ["PROCESSING_HALTED", "REQUIRED_FIELD_MISSING", "PROCESSING_HALTED"]
    assert org.app.count("Account") == 0


def test_composite_part_that_refers_to_a_failed_one_is_halted(org: Org) -> None:
    results = composite(
        org,
        part("POST", "/sobjects/Account", "a", {}),
        part("POST", "/sobjects/Contact", "b", {"LastName": "x", "AccountId": "@{a.id}"}),
    )
    assert results[1]["body"][0]["errorCode"] == "PROCESSING_HALTED"


@pytest.mark.parametrize(
    "parts",
    [
        pytest.param([part("GET", "/limits", f"r{n}") for n in range(26)], id="too many"),
        pytest.param([part("GET", "/query?q=x", f"r{n}") for n in range(6)], id="too many queries"),
        pytest.param([part("GET", "/limits", "r"), part("GET", "/limits", "r")], id="reference twice"),
        pytest.param([part("POST", "/composite/sobjects", f"r{n}") for n in range(6)], id="too many collections"),
        pytest.param([part("GET", "/limits", "a[1]")], id="forbidden characters"),
        pytest.param([part("GET", "/limits", "r", Authorization="Bearer x")], id="inherited header"),
        pytest.param([part("FETCH", "/limits", "r")], id="no method"),
        pytest.param([{"url": "x"}], id="incomplete"),
        pytest.param([], id="none"),
    ],
)
def test_composite_malformed_as_a_whole_answers_400(org: Org, parts: list[dict[str, Any]]) -> None:
    assert org.client.post(f"{BASE}/composite", json={"compositeRequest": parts}).status_code == 400


def test_composite_reference_minds_case_and_takes_blanks_only_lately(org: Org) -> None:
    account = org.create("Account", Name="A")
    read = part("GET", f"/sobjects/Account/{account}?fields=Name,Phone", "a")
    made = composite(org, read, part("POST", "/sobjects/Account", "b", {"Name": "@{a.Name}", "Phone": "@{a.Phone}"}))
    assert made[1]["httpStatusCode"] == 201
    wrong = composite(org, read, part("POST", "/sobjects/Account", "b", {"Name": "@{a.name}"}))
    assert wrong[1]["body"][0]["message"].startswith("Invalid reference specified. No value for a.name found in a.")
    old = org.client.post(
        f"{BASE}/composite".replace("v60.0", "v51.0"),
        json={"compositeRequest": [read, part("POST", "/sobjects/Account", "b", {"Name": "B", "Phone": "@{a.Phone}"})]},
    ).json()["compositeResponse"]
    assert old[1]["body"][0]["errorCode"] == "PROCESSING_HALTED"


def test_composite_all_or_none_counts_a_collections_failed_row(org: Org) -> None:
    results = composite(
        org,
        part("POST", "/composite/sobjects", "many", {"records": accounts({"Name": "A"}, {})}),
        part("POST", "/sobjects/Account", "one", {"Name": "B"}),
        allOrNone=True,
    )
    assert results[0]["httpStatusCode"] == 200
    assert [row["success"] for row in results[0]["body"]] == [True, False]
    assert results[1]["body"][0]["errorCode"] == "PROCESSING_HALTED"
    assert org.app.count("Account") == 0


def test_composite_part_that_reads_what_did_not_change_has_no_body(org: Org) -> None:
    account = org.create("Account", Name="A")
    since = org.client.get(f"{BASE}/sobjects/Account/{account}").headers["Last-Modified"]
    results = composite(
        org,
        part("GET", f"/sobjects/Account/{account}", "row", If_Modified_Since=since),
        part("GET", "/sobjects/Account/describe", "describe", If_Modified_Since="Sun, 01 Jan 2040 00:00:00 GMT"),
    )
    assert [(result["httpStatusCode"], result["body"]) for result in results] == [(304, None), (304, None)]
    assert results[0]["httpHeaders"].keys() == {"ETag", "Last-Modified"}


def test_composite_parts_do_not_take_over_the_headers_of_the_whole(org: Org) -> None:
    queue = org.app.create("Group", Name="Inbound", Type="Queue")
    lead = org.create("Lead", LastName="L", Company="C")
    org.app.settings.rules.assignment["Lead"] = queue
    parts = [part("PATCH", f"/sobjects/Lead/{lead}", "a", {"Phone": "1"})]
    org.client.post(f"{BASE}/composite", json={"compositeRequest": parts}, headers={"Sforce-Auto-Assign": "FALSE"})
    assert org.app.row("Lead", lead)["OwnerId"] == queue


def test_collection_takes_each_id_and_each_key_once(org: Org) -> None:
    account = org.create("Account", Name="A", Trueline_Id__c="t1")
    twice = accounts({"id": account, "Phone": "1"}, {"id": account[:15], "Phone": "2"})
    updated = collection(org, "PATCH", twice)
    assert [row["success"] for row in updated] == [True, False]
    assert updated[1]["errors"][0]["message"] == f"Duplicate id specified: {account}"
    keys = accounts({"Trueline_Id__c": "T1"}, {"Trueline_Id__c": "t1"}, {"Trueline_Id__c": "t2", "Name": "B"})
    upserted = collection(org, "PATCH", keys, "/Account/Trueline_Id__c")
    assert [(row["success"], row["created"]) for row in upserted] == [(False, False), (False, False), (True, True)]
    assert upserted[1]["errors"][0]["statusCode"] == "DUPLICATE_VALUE"


def test_collection_of_records_and_setup_objects_refuses_the_second_kind(org: Org) -> None:
    records = [
        {"attributes": {"type": "Account"}, "Name": "A"},
        {"attributes": {"type": "Group"}, "Name": "Q", "Type": "Queue"},
    ]
    results = collection(org, "POST", records)
    assert results[0]["success"]
    assert results[1]["errors"][0]["statusCode"] == "MIXED_DML_OPERATION"


def test_batch_malformed_part_is_refused_before_any_runs(org: Org) -> None:
    good = {"method": "POST", "url": "v60.0/sobjects/Account", "richInput": {"Name": "A"}}
    for bad in ({"method": "POST"}, {"method": "DO", "url": "v60.0/limits"}, {**good, "binaryPartName": "b"}):
        answer = org.client.post(f"{BASE}/composite/batch", json={"batchRequests": [good, bad]})
        assert answer.status_code == 400
    assert org.app.count("Account") == 0


def test_batch_parts_take_over_the_headers_of_the_whole(org: Org) -> None:
    queue = org.app.create("Group", Name="Inbound", Type="Queue")
    lead = org.create("Lead", LastName="L", Company="C")
    org.app.settings.rules.assignment["Lead"] = queue
    parts = [{"method": "PATCH", "url": f"v60.0/sobjects/Lead/{lead}", "richInput": {"Phone": "1"}}]
    headers = {"Sforce-Auto-Assign": "FALSE"}
    assert not org.client.post(f"{BASE}/composite/batch", json={"batchRequests": parts}, headers=headers).json()[
        "hasErrors"
    ]
    assert org.app.row("Lead", lead)["OwnerId"] == org.app.user_id


def test_batch_parts_stand_alone_and_halt_on_demand(org: Org) -> None:
    parts = [
        {"method": "GET", "url": "v60.0/sobjects/Nope"},
        {"method": "POST", "url": "v60.0/sobjects/Account", "richInput": {"Name": "A"}},
    ]
    free = org.client.post(f"{BASE}/composite/batch", json={"batchRequests": parts}).json()
    assert (free["hasErrors"], [result["statusCode"] for result in free["results"]]) == (True, [404, 201])
    halted = org.client.post(f"{BASE}/composite/batch", json={"batchRequests": parts, "haltOnError": True}).json()
    assert [result["statusCode"] for result in halted["results"]] == [404, 412]
