"""Batches, merging and erasing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.sandbox.hubspot.conftest import Account

CONTACTS = "/crm/v3/objects/contacts"


def _ids(*ids: str) -> list[dict[str, str]]:
    return [{"id": one} for one in ids]


def test_batch_read_with_missing_ids_answers_207_and_names_them(account: Account) -> None:
    answer = account.post(f"{CONTACTS}/batch/read", {"inputs": _ids("2", "99", "1", "x"), "properties": ["email"]})
    assert answer.status_code == 207
    body = answer.json()
    assert body["status"] == "COMPLETE" and body["numErrors"] == 1
    assert [one["id"] for one in body["results"]] == ["1", "2"]
    assert body["errors"][0]["category"] == "OBJECT_NOT_FOUND"
    assert body["errors"][0]["context"] == {"ids": ["99", "x"]}
    assert body["errors"][0]["message"].startswith("Could not get some CONTACT objects")


def test_batch_read_of_known_ids_answers_200_without_error_fields(account: Account) -> None:
    answer = account.post(f"{CONTACTS}/batch/read", {"inputs": _ids("1"), "properties": []})
    assert answer.status_code == 200
    assert {"numErrors", "errors"}.isdisjoint(answer.json())


def test_batch_read_by_email_uses_any_address(account: Account) -> None:
    body = {"inputs": _ids("old@example.com", "p1@example.com"), "idProperty": "email", "properties": []}
    assert [one["id"] for one in account.post(f"{CONTACTS}/batch/read", body).json()["results"]] == ["1", "2"]


@pytest.mark.parametrize(
    ("count", "past", "status"), [(100, [], 207), (101, [], 400), (50, ["email"], 207), (51, ["email"], 400)]
)
def test_batch_read_has_a_maximum(account: Account, count: int, past: list[str], status: int) -> None:
    body = {"inputs": _ids(*map(str, range(1, count + 1))), "properties": [], "propertiesWithHistory": past}
    assert account.post(f"{CONTACTS}/batch/read", body).status_code == status


def _creates(*emails: str, traced: bool) -> dict[str, Any]:
    inputs: list[dict[str, Any]] = [{"properties": {"email": email}} for email in emails]
    if traced:
        inputs = [{**one, "objectWriteTraceId": f"t{place}"} for place, one in enumerate(inputs)]
    return {"inputs": inputs}


def test_batch_create_without_trace_ids_is_all_or_nothing(account: Account) -> None:
    before = account.app.count("contacts")
    answer = account.post(f"{CONTACTS}/batch/create", _creates("n1@x.com", "p1@example.com", traced=False))
    assert answer.status_code == 409
    assert account.app.count("contacts") == before


def test_batch_create_with_trace_ids_makes_what_it_can(account: Account) -> None:
    answer = account.post(f"{CONTACTS}/batch/create", _creates("n1@x.com", "p1@example.com", "N1@x.com", traced=True))
    assert answer.status_code == 207
    body = answer.json()
    assert [one["objectWriteTraceId"] for one in body["results"]] == ["t0"]
    assert [one["context"]["objectWriteTraceId"] for one in body["errors"]] == [["t1"], ["t2"]]
    assert body["errors"][0]["message"] == "Contact already exists. Existing ID: 1"
    assert account.app.count("contacts") == 6


def test_batch_create_of_good_inputs_answers_201(account: Account) -> None:
    answer = account.post("/crm/objects/2026-03/contacts/batch/create", _creates("a@x.com", "b@x.com", traced=True))
    assert answer.status_code == 201
    assert [one["properties"]["email"] for one in answer.json()["results"]] == ["a@x.com", "b@x.com"]


def test_batch_create_of_the_first_dated_version_answers_200(account: Account) -> None:
    answer = account.post("/crm/objects/2025-09/contacts/batch/create", _creates("a@x.com", traced=False))
    assert answer.status_code == 200


def _updates(**cities: str) -> dict[str, Any]:
    return {"inputs": [{"id": one[1:], "properties": {"city": city}} for one, city in cities.items()]}


def test_batch_update_drops_merged_ids_silently_and_names_unknown_ones(account: Account) -> None:
    survivor = account.app.merge("contacts", "1", "2")
    answer = account.post(f"{CONTACTS}/batch/update", _updates(i1="A", i3="B"))
    assert answer.status_code == 200
    assert [one["id"] for one in answer.json()["results"]] == ["3"]
    answer = account.post(f"{CONTACTS}/batch/update", _updates(i1="A", i99="B", i4="C"))
    assert answer.status_code == 207
    assert answer.json()["errors"][0]["context"]["ids"] == ["99"]
    row = account.app.row("contacts", survivor)
    assert row is not None and row["city"] is None


def test_batch_update_with_one_bad_value_writes_nothing(account: Account) -> None:
    inputs = [{"id": "1", "properties": {"city": "A"}}, {"id": "2", "properties": {"lifecyclestage": "x"}}]
    assert account.post(f"{CONTACTS}/batch/update", {"inputs": inputs}).status_code == 400
    row = account.app.row("contacts", "1")
    assert row is not None and row["city"] is None


@pytest.mark.parametrize("path", ["batch/update", "batch/upsert"])
def test_batch_with_the_same_id_twice_is_refused(account: Account, path: str) -> None:
    one = {"id": "p1@example.com", "idProperty": "email", "properties": {"city": "A"}}
    answer = account.post(f"{CONTACTS}/{path}", {"inputs": [one, one]})
    assert answer.status_code == 400
    assert answer.json()["message"].startswith("Duplicate IDs found in batch input")


def test_upsert_by_unique_property_is_idempotent(account: Account) -> None:
    body = {"inputs": [{"id": "e-1", "idProperty": "trueline_id", "properties": {"lastname": "Fox"}}]}
    first = account.post(f"{CONTACTS}/batch/upsert", body).json()["results"][0]
    again = account.post(f"{CONTACTS}/batch/upsert", body)
    assert again.status_code == 200
    assert (first["new"], again.json()["results"][0]["new"]) == (True, False)
    assert again.json()["results"][0]["id"] == first["id"]
    assert account.get(f"{CONTACTS}/e-1", idProperty="trueline_id").json()["id"] == first["id"]


def test_unique_property_cannot_be_given_twice(account: Account) -> None:
    assert account.patch(f"{CONTACTS}/1", {"trueline_id": "e-1"}).status_code == 200
    answer = account.patch(f"{CONTACTS}/2", {"trueline_id": "e-1"})
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["code"] == "CONFLICTING_UNIQUE_VALUE"


@pytest.mark.parametrize("traced", [False, True])
def test_upsert_by_email_is_never_partial(account: Account, traced: bool) -> None:
    inputs: list[dict[str, Any]] = [
        {"id": "p1@example.com", "idProperty": "email", "properties": {"city": "A"}},
        {"id": "bad address", "idProperty": "email", "properties": {}},
    ]
    inputs = [{**one, "objectWriteTraceId": str(n)} for n, one in enumerate(inputs)] if traced else inputs
    assert account.post(f"{CONTACTS}/batch/upsert", {"inputs": inputs}).status_code == 400
    row = account.app.row("contacts", "1")
    assert row is not None and row["city"] is None


def test_batch_archive_answers_204_for_any_ids(account: Account) -> None:
    assert account.post(f"{CONTACTS}/batch/archive", {"inputs": _ids("1", "99")}).status_code == 204
    assert account.app.count("contacts") == 4


def test_merge_makes_a_new_record_to_which_both_ids_lead(account: Account) -> None:
    answer = account.post(f"{CONTACTS}/merge", {"primaryObjectId": "1", "objectIdToMerge": "2"})
    assert answer.status_code == 200
    survivor = answer.json()["id"]
    assert survivor not in ("1", "2")
    for old in ("1", "2"):
        assert account.get(f"{CONTACTS}/{old}").json()["id"] == survivor
    assert account.patch(f"{CONTACTS}/2", {"city": "Leeds"}).json()["id"] == survivor
    row = account.app.row("contacts", survivor)
    assert row is not None
    assert row["email"] == "p1@example.com"
    assert row["hs_additional_emails"] == "p2@example.com;old@example.com"
    assert row["lifecyclestage"] == "customer" and row["hs_email_optout"] == "true"
    assert row["hs_merged_object_ids"] == "1;2"
    assert [one["id"] for one in account.get(CONTACTS).json()["results"]] == ["3", "4", "5", survivor]
    assert account.get(CONTACTS, archived="true").json()["results"] == []
    assert account.post(f"{CONTACTS}/batch/read", {"inputs": _ids("1"), "properties": []}).status_code == 207


def test_merge_of_a_merged_record_leads_all_ids_to_the_last_survivor(account: Account) -> None:
    middle = account.app.merge("contacts", "1", "2")
    last = account.app.merge("contacts", "3", middle)
    assert {account.get(f"{CONTACTS}/{old}").json()["id"] for old in ("1", "2", "3", middle)} == {last}
    row = account.app.row("contacts", last)
    assert row is not None and set((row["hs_merged_object_ids"] or "").split(";")) == {"1", "2", "3", middle}
    assert row["associatedcompanyid"] == "11"


def test_merge_unites_associations_with_one_primary_company(account: Account) -> None:
    account.app.associate("contacts", "2", "companies", "13")
    survivor = account.app.merge("contacts", "1", "2")
    linked = account.get(f"/crm/v4/objects/contacts/{survivor}/associations/companies").json()["results"]
    types = {one["toObjectId"]: [t["typeId"] for t in one["associationTypes"]] for one in linked}
    assert types == {11: [1, 279], 12: [279], 13: [279]}


def test_merge_of_unknown_or_merged_ids_is_refused(account: Account) -> None:
    account.app.merge("contacts", "1", "2")
    for body in (("1", "3"), ("3", "99"), ("3", "3")):
        answer = account.post(f"{CONTACTS}/merge", {"primaryObjectId": body[0], "objectIdToMerge": body[1]})
        assert answer.status_code in (400, 404)


def test_company_merge_is_refused_while_salesforce_is_connected(account: Account) -> None:
    account.app.set_salesforce_integration(True)
    body = {"primaryObjectId": "11", "objectIdToMerge": "13"}
    assert account.post("/crm/v3/objects/companies/merge", body).status_code == 400
    account.app.set_salesforce_integration(False)
    assert account.post("/crm/v3/objects/companies/merge", body).status_code == 200


def test_merge_stops_at_250_identities(account: Account) -> None:
    ids = [account.app.create("companies", name=f"C{n}") for n in range(251)]
    survivor = ids[0]
    for other in ids[1:125]:
        survivor = account.app.merge("companies", survivor, other)
    body = {"primaryObjectId": survivor, "objectIdToMerge": ids[125]}
    row = account.app.row("companies", survivor)
    assert row is not None and len((row["hs_merged_object_ids"] or "").split(";")) == 248
    assert account.post("/crm/v3/objects/companies/merge", body).status_code == 200
    last = account.get(f"/crm/v3/objects/companies/{survivor}").json()["id"]
    body = {"primaryObjectId": last, "objectIdToMerge": ids[126]}
    answer = account.post("/crm/v3/objects/companies/merge", body)
    assert answer.status_code == 400
    assert answer.json()["message"] == "Cannot have more than 250 identities on a profile"


def test_deal_merge_keeps_the_primary_id(account: Account) -> None:
    answer = account.post("/crm/v3/objects/0-3/merge", {"primaryObjectId": "21", "objectIdToMerge": "22"})
    assert answer.json()["id"] == "21"
    assert account.get("/crm/v3/objects/deals/22").json()["id"] == "21"


def test_gdpr_delete_erases_and_blocks_the_address(account: Account) -> None:
    path = f"{CONTACTS}/gdpr-delete"
    assert account.post(path, {"objectId": "p5@example.com", "idProperty": "email"}).status_code == 204
    assert account.post(path, {"objectId": "never@example.com", "idProperty": "email"}).status_code == 204
    assert account.app.row("contacts", "5") is None
    for email in ("p5@example.com", "never@example.com"):
        assert account.post(CONTACTS, {"properties": {"email": email}}).status_code == 400
    made = account.post(CONTACTS, {"properties": {"email": "fresh@example.com"}}).json()
    assert made["id"] != "5"
