"""Merging two records, and erasing one for good."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.sandbox.hubspot.conftest import Account

CONTACTS = "/crm/v3/objects/contacts"


def _ids(*ids: str) -> list[dict[str, str]]:
    return [{"id": one} for one in ids]


def _row(account: Account, kind: str, record_id: str) -> dict[str, str | None]:
    return account.app.row(kind, record_id) or {}


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


def test_merged_contact_sums_submissions_and_keeps_the_wider_consent(account: Account) -> None:
    account.app.edit(
        "contacts", "1", num_conversion_events="2", hs_marketable_status="false", hs_legal_basis="Not applicable"
    )
    account.clock.turn(60)
    basis = "Performance of a contract"
    account.app.edit("contacts", "2", num_conversion_events="3", hs_marketable_status="true", hs_legal_basis=basis)
    merged = _row(account, "contacts", account.app.merge("contacts", "1", "2"))
    assert merged["num_conversion_events"] == "5"
    assert merged["hs_marketable_status"] == "true"
    assert merged["hs_legal_basis"] == basis


def test_merged_contact_keeps_the_later_legal_basis_of_the_primary(account: Account) -> None:
    account.app.edit("contacts", "2", hs_legal_basis="Not applicable")
    account.clock.turn(60)
    account.app.edit("contacts", "1", hs_legal_basis="Performance of a contract")
    merged = _row(account, "contacts", account.app.merge("contacts", "1", "2"))
    assert merged["hs_legal_basis"] == "Performance of a contract"


def test_merged_contact_without_an_address_takes_that_of_the_other(account: Account) -> None:
    first = account.app.create("contacts", lastname="Fox")
    merged = _row(account, "contacts", account.app.merge("contacts", first, "2"))
    assert (merged["email"], merged["hs_additional_emails"]) == ("p2@example.com", "old@example.com")
    assert (merged["firstname"], merged["lastname"]) == ("Bo", "Fox")
    answer = account.post(CONTACTS, {"properties": {"email": "old@example.com"}})
    assert answer.json()["message"] == f"Contact already exists. Existing ID: {merged['hs_object_id']}"


def test_merged_company_keeps_the_stage_of_the_primary(account: Account) -> None:
    account.app.edit("companies", "11", lifecyclestage="lead", domain="acme.example")
    account.app.edit("companies", "12", lifecyclestage="customer", city="Leeds")
    merged = _row(account, "companies", account.app.merge("companies", "11", "12"))
    assert (merged["lifecyclestage"], merged["city"], merged["name"]) == ("lead", "Leeds", "Acme GmbH")


def test_calculated_merged_vids_know_nothing_of_earlier_merges(account: Account) -> None:
    middle = account.app.merge("contacts", "1", "2")
    last = _row(account, "contacts", account.app.merge("contacts", middle, "3"))
    vids = [one.partition(":")[0] for one in (last["hs_calculated_merged_vids"] or "").split(";")]
    assert vids == [middle, "3"]
    assert (last["hs_merged_object_ids"] or "").split(";") == [middle, "1", "2", "3"]


def test_merge_keeps_the_history_of_both(account: Account) -> None:
    account.patch(f"{CONTACTS}/1", {"city": "Leeds"})
    account.patch(f"{CONTACTS}/2", {"zip": "1234"})
    survivor = account.app.merge("contacts", "1", "2")
    past = account.get(f"{CONTACTS}/{survivor}", propertiesWithHistory="city,zip").json()["propertiesWithHistory"]
    assert {name: [one["value"] for one in entries] for name, entries in past.items()} == {
        "city": ["Leeds"], "zip": ["1234"],
    }  # fmt: skip


@pytest.mark.parametrize("kind", ["notes", "products"])
def test_objects_that_cannot_be_merged_say_so(account: Account, kind: str) -> None:
    body = {"primaryObjectId": "1", "objectIdToMerge": "2"}
    assert account.post(f"/crm/objects/2026-09-beta/{kind}/merge", body).status_code == 400


def test_erased_address_comes_back_by_no_way(account: Account) -> None:
    account.post(f"{CONTACTS}/gdpr-delete", {"objectId": "5"})
    email = {"email": "p5@example.com"}
    assert account.patch(f"{CONTACTS}/1", email).status_code == 400
    for word, item in (
        ("create", {"properties": email}),
        ("upsert", {"id": "p5@example.com", "idProperty": "email", "properties": {}}),
    ):
        assert account.post(f"{CONTACTS}/batch/{word}", {"inputs": [item]}).status_code == 400
    assert account.get(f"{CONTACTS}/5", archived="true").status_code == 404
