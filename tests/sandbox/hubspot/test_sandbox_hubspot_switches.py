"""Switches of the account: rules of administrators, association permission, the Salesforce integration."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.sandbox.hubspot.conftest import bearer

if TYPE_CHECKING:
    from tests.sandbox.hubspot.conftest import Account

OLD, NEW = "/crm/objects/2026-03/deals", "/crm/objects/2026-09/deals"
WON = {"closed_won_reason": "price", "dealstage": "closedwon"}


@pytest.fixture
def ruled(account: Account) -> Account:
    door = {"kind": "deals", "properties": ["closed_won_reason"], "when": {"dealstage": ["closedwon"]}}
    assert account.post("/__sandbox__/doors/require", door).status_code == 200
    return account


def test_conditional_rule_refuses_a_patch_from_2026_09_on(ruled: Account) -> None:
    answer = ruled.patch(f"{NEW}/21", {"dealstage": "closedwon"})
    assert answer.status_code == 400
    body = answer.json()
    assert body["category"] == "VALIDATION_ERROR"
    assert body["errors"][0]["context"]["propertyName"] == ["closed_won_reason"]
    assert ruled.patch(f"{NEW.replace('2026-09', '2026-09-beta')}/21", {"dealstage": "closedwon"}).status_code == 400
    assert ruled.patch(f"{NEW}/21", WON).status_code == 200
    assert ruled.patch(f"{NEW}/21", {"closed_won_reason": ""}).status_code == 400
    assert ruled.patch(f"{OLD}/21", {"closed_won_reason": ""}).status_code == 200
    assert ruled.patch(f"{NEW}/21", {"dealname": "Other"}).status_code == 200


def test_conditional_rule_holds_for_batches_and_creates(ruled: Account) -> None:
    deal = {"dealname": "X", "pipeline": "default", "dealstage": "closedwon"}
    assert ruled.post(NEW, {"properties": deal}).status_code == 400
    assert ruled.post(OLD, {"properties": deal}).status_code == 201
    bodies: dict[str, dict[str, Any]] = {
        "create": {"properties": deal},
        "update": {"id": "21", "properties": {"dealstage": "closedwon"}},
        "upsert": {"id": "e-1", "idProperty": "trueline_id", "properties": deal},
    }
    for word, item in bodies.items():
        assert ruled.post(f"{NEW}/batch/{word}", {"inputs": [item]}).status_code == 400, word
    ruled.app.drop_rules()
    assert ruled.post(NEW, {"properties": deal}).status_code == 201


def test_required_property_of_the_create_form_holds_for_new_records_only(account: Account) -> None:
    account.app.require("deals", ["amount"])
    deal = {"dealname": "X", "dealstage": "contractsent"}
    answer = account.post(NEW, {"properties": deal})
    assert answer.status_code == 400 and answer.json()["context"]["properties"] == ["amount"]
    assert account.post(NEW, {"properties": {**deal, "amount": "1"}}).status_code == 201
    assert account.patch(f"{NEW}/21", {"amount": ""}).status_code == 200


def test_users_of_an_oauth_app_may_be_kept_from_associating_from_2026_09_on(account: Account) -> None:
    account.app.add_token("oauth-token", 2002, is_oauth=True)
    account.post("/__sandbox__/doors/set_account", {"oauth_may_associate": False})
    put = "/crm/objects/{}/contacts/3/associations/default/companies/12"
    for version, token, status in (
        ("2026-09", "oauth-token", 403),
        ("2026-03", "oauth-token", 200),
        ("2026-09", "pat-sandbox-token", 200),
    ):
        answer = account.client.put(put.format(version), headers=bearer(token))
        assert answer.status_code == status
        assert status == 200 or answer.json()["category"] == "USER_DOES_NOT_HAVE_PERMISSIONS"
    read = account.client.post(
        "/crm/associations/2026-09/contacts/companies/batch/read",
        json={"inputs": [{"id": "1"}]},
        headers=bearer("oauth-token"),
    )
    assert read.status_code == 200
    spec = [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 3}]
    deal = {"properties": {"dealname": "X", "dealstage": "contractsent"}}
    linked = {**deal, "associations": [{"to": {"id": "1"}, "types": spec}]}
    for body, status in ((deal, 201), (linked, 403)):
        assert account.client.post(NEW, json=body, headers=bearer("oauth-token")).status_code == status


def test_salesforce_integration_brings_its_properties_and_takes_them_away(account: Account) -> None:
    path = "/crm/v3/properties"
    for kind, name in (
        ("contacts", "salesforcecontactid"),
        ("companies", "salesforceaccountid"),
        ("deals", "hs_salesforceopportunityid"),
    ):
        assert account.get(f"{path}/{kind}/{name}").status_code == 404
        account.app.set_salesforce_integration(True)
        found = account.get(f"{path}/{kind}/{name}").json()
        assert found["modificationMetadata"]["readOnlyValue"] is True and found["hubspotDefined"] is True
        account.app.set_salesforce_integration(False)
        assert account.get(f"{path}/{kind}/{name}").status_code == 404


def test_salesforce_ids_are_set_by_the_integration_only(account: Account) -> None:
    account.app.set_salesforce_integration(True)
    account.app.edit("companies", "11", salesforceaccountid="001000000000001AAA")
    assert account.patch("/crm/v3/objects/companies/11", {"salesforceaccountid": "x"}).status_code == 400
    shown = account.get("/crm/v3/objects/companies/11", properties="salesforceaccountid").json()
    assert shown["properties"]["salesforceaccountid"] == "001000000000001AAA"


def test_merged_deals_get_a_new_id_when_the_account_is_set_so(account: Account) -> None:
    assert account.app.merge("deals", "21", "22") == "21"
    other = account.app.create("deals", dealname="X", dealstage="contractsent")
    account.app.set_account(deal_merge_makes_new_id=True)
    survivor = account.app.merge("deals", "21", other)
    assert survivor not in ("21", other)
    assert {account.get(f"{OLD}/{one}").json()["id"] for one in ("21", "22", other)} == {survivor}


def test_switch_there_is_not_is_refused_at_the_door(account: Account) -> None:
    for name in ("colour", "salesforce_integration"):
        assert account.post("/__sandbox__/doors/set_account", {name: True}).status_code == 400
