"""Associations in all versions, and what they leave alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.sandbox.hubspot.conftest import Account

V4 = "/crm/v4/associations/contacts/companies"


def _types(account: Account, source: str, record_id: str, target: str) -> dict[int, list[int]]:
    answer = account.get(f"/crm/v4/objects/{source}/{record_id}/associations/{target}")
    assert answer.status_code == 200, answer.text
    return {one["toObjectId"]: [kind["typeId"] for kind in one["associationTypes"]] for one in answer.json()["results"]}


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/crm/v4/objects/contacts/1/associations/companies", 200),
        ("/crm/v4/objects/0-1/1/associations/company/", 200),
        ("/crm/objects/2026-03/contacts/1/associations/0-2", 200),
        ("/crm/objects/2026-09/contacts/1/associations/companies", 404),
    ],
)
def test_list_of_one_record_is_in_v4_and_2026_03_only(account: Account, path: str, status: int) -> None:
    answer = account.get(path)
    assert answer.status_code == status
    if status == 200:
        first, second = answer.json()["results"]
        assert first == {
            "toObjectId": 11,
            "associationTypes": [
                {"category": "HUBSPOT_DEFINED", "typeId": 1, "label": "Primary"},
                {"category": "HUBSPOT_DEFINED", "typeId": 279, "label": None},
            ],
        }
        assert [kind["label"] for kind in second["associationTypes"]] == [None]


def test_list_of_one_record_pages(account: Account) -> None:
    first = account.get("/crm/v4/objects/contacts/1/associations/companies", limit=1).json()
    assert first["paging"]["next"]["after"] == "12"
    last = account.client.get(first["paging"]["next"]["link"]).json()
    assert [one["toObjectId"] for one in last["results"]] == [12] and "paging" not in last


def test_default_put_answers_both_directions_and_makes_the_first_company_primary(account: Account) -> None:
    answer = account.client.put("/crm/v4/objects/contacts/3/associations/default/companies/12")
    assert answer.status_code == 200
    body = answer.json()
    assert body["status"] == "COMPLETE"
    specs = [(one["from"]["id"], one["associationSpec"]["associationTypeId"]) for one in body["results"]]
    assert specs == [("3", 279), ("12", 280)]
    assert _types(account, "contacts", "3", "companies") == {12: [1, 279]}
    second = account.client.put("/crm/v4/objects/contacts/3/associations/default/companies/13").json()
    assert len(second["results"]) == 2
    assert _types(account, "companies", "13", "contacts") == {3: [280]}


def test_association_changes_move_no_modified_date_but_show_the_primary(account: Account) -> None:
    before = account.get("/crm/v3/objects/contacts/1").json()["updatedAt"]
    spec = [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 1}]
    answer = account.client.put("/crm/objects/2026-03/contacts/1/associations/companies/12", json=spec)
    assert answer.status_code == 201
    assert answer.json() == {
        "fromObjectTypeId": "0-1", "fromObjectId": 1, "toObjectTypeId": "0-2", "toObjectId": 12, "labels": ["Primary"],
    }  # fmt: skip
    assert _types(account, "contacts", "1", "companies") == {11: [279], 12: [1, 279]}
    after = account.get("/crm/v3/objects/contacts/1", properties="associatedcompanyid").json()
    assert after["updatedAt"] == before
    assert after["properties"]["associatedcompanyid"] == "12"


def test_writing_the_company_id_makes_it_primary(account: Account) -> None:
    account.patch("/crm/v3/objects/contacts/1", {"associatedcompanyid": "13"})
    assert _types(account, "contacts", "1", "companies") == {11: [279], 12: [279], 13: [1, 279]}
    assert account.patch("/crm/v3/objects/contacts/1", {"associatedcompanyid": "99"}).status_code == 400


def test_labelled_put_replaces_the_labels(account: Account) -> None:
    made = account.post(f"{V4}/labels", {"label": "Billing", "name": "billing", "inverseLabel": "Billed by"}).json()
    label, inverse = (one["typeId"] for one in made["results"])
    put = "/crm/v4/objects/contacts/1/associations/companies/12"
    account.client.put(put, json=[{"associationCategory": "USER_DEFINED", "associationTypeId": label}])
    assert _types(account, "companies", "12", "contacts") == {1: [280, inverse]}
    account.client.put(put, json=[{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 279}])
    assert _types(account, "contacts", "1", "companies")[12] == [279]


def test_labelled_put_takes_the_primary_flag_away_unless_it_is_sent(account: Account) -> None:
    made = account.post(f"{V4}/labels", {"label": "Billing", "name": "billing"}).json()
    own = {"associationCategory": "USER_DEFINED", "associationTypeId": made["results"][0]["typeId"]}
    flag = {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 1}
    contact = "/crm/v3/objects/contacts/1"
    for sent, company in (([own, flag], "11"), ([own], None)):
        labels = account.client.put("/crm/v4/objects/contacts/1/associations/companies/11", json=sent).json()["labels"]
        assert sorted(labels) == (["Billing", "Primary"] if company else ["Billing"])
        assert account.value(contact, "associatedcompanyid") == company


def test_company_made_primary_by_its_id_keeps_its_labels(account: Account) -> None:
    made = account.post(f"{V4}/labels", {"label": "Billing", "name": "billing"}).json()["results"][0]["typeId"]
    put = "/crm/v4/objects/contacts/1/associations/companies/12"
    account.client.put(put, json=[{"associationCategory": "USER_DEFINED", "associationTypeId": made}])
    account.patch("/crm/v3/objects/contacts/1", {"associatedcompanyid": "12"})
    assert _types(account, "contacts", "1", "companies") == {11: [279], 12: [1, 279, made]}


def test_delete_removes_both_directions_and_the_primary(account: Account) -> None:
    assert account.client.delete("/crm/v4/objects/companies/11/associations/contacts/1").status_code == 204
    assert _types(account, "contacts", "1", "companies") == {12: [279]}
    row = account.app.row("contacts", "1")
    assert row is not None and row["associatedcompanyid"] is None


def _shown(account: Account, kind: str, record_id: str, name: str) -> str | None:
    return (account.app.row(kind, record_id) or {})[name]


def test_counts_of_associations_follow_them(account: Account) -> None:
    before = account.get("/crm/v3/objects/companies/11").json()["updatedAt"]
    assert _shown(account, "companies", "11", "num_associated_contacts") == "1"
    assert _shown(account, "deals", "21", "num_associated_contacts") == "1"
    account.app.associate("contacts", "2", "companies", "11")
    assert _shown(account, "companies", "11", "num_associated_contacts") == "2"
    account.app.delete("contacts", "1")
    assert _shown(account, "companies", "11", "num_associated_contacts") == "1"
    assert _shown(account, "deals", "21", "num_associated_contacts") == "0"
    account.client.delete("/crm/v4/objects/contacts/2/associations/companies/11")
    assert _shown(account, "companies", "11", "num_associated_contacts") == "0"
    assert account.get("/crm/v3/objects/companies/11").json()["updatedAt"] == before


def test_parent_company_shows_on_both_ends(account: Account) -> None:
    spec = [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 13}]
    account.client.put("/crm/v4/objects/companies/11/associations/companies/12", json=spec)
    assert _shown(account, "companies", "12", "hs_parent_company_id") == "11"
    assert _shown(account, "companies", "11", "hs_num_child_companies") == "1"
    assert _types(account, "companies", "12", "companies") == {11: [14, 450]}


def test_deleted_company_is_no_longer_linked_until_restored(account: Account) -> None:
    account.app.delete("companies", "11")
    assert _types(account, "contacts", "1", "companies") == {12: [279]}
    assert (account.app.row("contacts", "1") or {})["associatedcompanyid"] is None
    account.app.restore_record("companies", "11")
    assert (account.app.row("contacts", "1") or {})["associatedcompanyid"] == "11"


def _pairs(*pairs: tuple[str, str], type_id: int = 279) -> dict[str, Any]:
    spec = [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": type_id}]
    return {"inputs": [{"from": {"id": one}, "to": {"id": other}, "types": spec} for one, other in pairs]}


def test_batch_read_pages_and_names_records_without_any(account: Account) -> None:
    answer = account.post(f"{V4}/batch/read", {"inputs": [{"id": "1", "after": "12"}, {"id": "2"}]})
    assert answer.status_code == 207
    body = answer.json()
    assert [one["toObjectId"] for one in body["results"][0]["to"]] == [12]
    assert body["results"][0]["from"] == {"id": "1"}
    assert body["errors"][0]["subCategory"] == "crm.associations.NO_ASSOCIATIONS_FOUND"
    assert account.post(f"{V4}/batch/read", {"inputs": [{"id": "1"}] * 1001}).status_code == 400


def test_batch_create_answers_201_or_207(account: Account) -> None:
    assert account.post(f"{V4}/batch/create", _pairs(("2", "11"), ("3", "12"))).status_code == 201
    assert _types(account, "contacts", "2", "companies") == {11: [1, 279]}
    answer = account.post(f"{V4}/batch/create", _pairs(("4", "11"), ("4", "99")))
    assert answer.status_code == 207
    assert answer.json()["errors"][0]["context"] == {"fromObjectId": ["4"], "toObjectId": ["99"]}
    assert account.post(f"{V4}/batch/create", _pairs(("4", "11"), type_id=3)).status_code == 400
    spec = [{"associationCategory": "USER_DEFINED", "associationTypeId": 279}]
    assert account.client.put("/crm/v4/objects/contacts/4/associations/companies/11", json=spec).status_code == 400


@pytest.mark.parametrize(
    ("path", "status"),
    [(V4, 204), ("/crm/associations/2026-03/contacts/companies", 200), ("/crm/associations/2026-09/0-1/0-2", 200)],
)
def test_batch_archive_answers_by_version(account: Account, path: str, status: int) -> None:
    body = {"inputs": [{"from": {"id": "1"}, "to": [{"id": "11"}, {"id": "12"}]}]}
    assert account.post(f"{path}/batch/archive", body).status_code == status
    assert _types(account, "contacts", "1", "companies") == {}


def test_taking_the_unlabelled_type_away_removes_the_association(account: Account) -> None:
    account.post(f"{V4}/batch/labels/archive", _pairs(("1", "11"), type_id=1))
    assert _types(account, "contacts", "1", "companies")[11] == [279]
    account.post(f"{V4}/batch/labels/archive", _pairs(("1", "11")))
    assert 11 not in _types(account, "contacts", "1", "companies")


def test_batch_default_answers_200(account: Account) -> None:
    answer = account.post(f"{V4}/batch/associate/default", _pairs(("5", "13")))
    assert answer.status_code == 200
    assert [one["associationSpec"]["associationTypeId"] for one in answer.json()["results"]] == [279, 280]
    assert _types(account, "contacts", "5", "companies") == {13: [1, 279]}


@pytest.mark.parametrize(
    ("source", "target", "types"),
    [
        ("contacts", "companies", {279, 1}),
        ("companies", "contacts", {280, 2}),
        ("deals", "companies", {341, 5}),
        ("companies", "deals", {342, 6}),
        ("deals", "contacts", {3}),
        ("companies", "companies", {450, 13, 14}),
        ("contacts", "calls", {193}),
        ("notes", "contacts", {202}),
        ("tasks", "deals", {216}),
    ],
)
def test_labels_are_those_of_hubspot(account: Account, source: str, target: str, types: set[int]) -> None:
    found = account.get(f"/crm/associations/2026-03/{source}/{target}/labels").json()["results"]
    assert {one["typeId"] for one in found} == types


def test_v3_batches_name_types_by_words(account: Account) -> None:
    path = "/crm/v3/associations/contacts/companies"
    names = {one["name"] for one in account.get(f"{path}/types").json()["results"]}
    assert names == {"contact_to_company", "contact_to_company_unlabeled"}
    body = {"inputs": [{"from": {"id": "2"}, "to": {"id": "13"}, "type": "contact_to_company"}]}
    assert account.post(f"{path}/batch/create", body).status_code == 201
    read = account.post(f"{path}/batch/read", {"inputs": [{"id": "2"}]})
    assert read.status_code == 200
    assert {one["type"] for one in read.json()["results"][0]["to"]} == names
    gone = {"inputs": [{"from": {"id": "2"}, "to": {"id": "13"}, "type": "contact_to_company_unlabeled"}]}
    assert account.post(f"{path}/batch/archive", gone).status_code == 204
    assert account.post(f"{path}/batch/read", {"inputs": [{"id": "2"}]}).status_code == 207
