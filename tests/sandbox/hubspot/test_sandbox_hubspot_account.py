"""Who may call and how often; definitions, owners, pipelines, account information, OAuth, state."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from sandbox.hubspot import HubspotApp
from sandbox.hubspot.tokens import PRIVATE_TOKEN
from sandbox.wire import Request

if TYPE_CHECKING:
    from tests.sandbox.hubspot.conftest import Account

CONTACTS = "/crm/v3/objects/contacts"


def test_call_without_a_known_token_answers_401(account: Account) -> None:
    for header in ({}, {"Authorization": "Bearer nobody"}, {"Authorization": "pat-sandbox-token"}):
        answer = httpx.get(f"{account.url}{CONTACTS}", headers=header)
        assert answer.status_code == 401
        assert answer.json()["category"] == "INVALID_AUTHENTICATION"


def test_expired_token_answers_401_and_says_since_when(account: Account) -> None:
    account.app.expire_tokens()
    account.clock.turn(5)
    body = account.get(CONTACTS).json()
    assert body["message"] == "The OAuth token used to make this call expired 5 second(s) ago."
    assert body["category"] == "EXPIRED_AUTHENTICATION"
    account.app.renew_tokens()
    assert account.get(CONTACTS).status_code == 200


@pytest.mark.parametrize(
    ("scope", "path"),
    [
        ("crm.objects.contacts.read", CONTACTS),
        ("crm.objects.contacts.read", "/crm/objects/2026-03/calls"),
        ("crm.objects.companies.read", "/crm/v4/objects/contacts/1/associations/companies"),
        ("crm.objects.owners.read", "/crm/v3/owners/"),
        ("crm.objects.deals.read", "/crm/v3/pipelines/deals"),
    ],
)
def test_missing_scope_answers_403_and_names_it(account: Account, scope: str, path: str) -> None:
    account.app.revoke_scope(scope)
    answer = account.get(path)
    assert answer.status_code == 403
    body = answer.json()
    assert body["category"] == "MISSING_SCOPES"
    assert scope in body["errors"][0]["context"]["requiredGranularScopes"]
    account.app.grant_scope(scope)
    assert account.get(path).status_code == 200


def test_property_definitions_need_either_of_two_scopes(account: Account) -> None:
    account.app.revoke_scope("crm.objects.contacts.read")
    assert account.get("/crm/v3/properties/contacts").status_code == 200
    account.app.revoke_scope("crm.schemas.contacts.read")
    assert account.get("/crm/v3/properties/contacts").status_code == 403


@pytest.mark.parametrize("version", ["v3", "2026-03", "2026-09"])
def test_daily_usage_is_told(account: Account, version: str) -> None:
    result = account.get(f"/account-info/{version}/api-usage/daily/private-apps").json()["results"][0]
    assert result["name"] == "private-apps-api-calls-daily"
    assert result["usageLimit"] == 650_000 and result["currentUsage"] == 1
    assert result["resetsAt"] == "2026-11-23T00:00:00.000Z"


def test_account_details_tell_zone_and_currencies(account: Account) -> None:
    body = account.get("/account-info/2026-03/details").json()
    assert body["timeZone"] == "UTC" and body["companyCurrency"] and body["portalId"]


def test_definitions_say_what_is_read_only(account: Account) -> None:
    found = {one["name"]: one for one in account.get("/crm/properties/2026-09/companies").json()["results"]}
    assert found["hs_lastmodifieddate"]["modificationMetadata"]["readOnlyValue"] is True
    assert found["name"]["modificationMetadata"]["readOnlyValue"] is False
    assert found["annualrevenue"]["type"] == "number"
    assert found["trueline_id"]["hasUniqueValue"] is True
    assert found["hubspot_owner_id"]["externalOptions"] is True
    contacts = {one["name"]: one for one in account.get("/crm/v3/properties/contacts").json()["results"]}
    assert contacts["annualrevenue"]["type"] == "string"
    stages = [option["value"] for option in contacts["lifecyclestage"]["options"]]
    assert stages[:2] == ["subscriber", "lead"]


def _definition(name: str, **more: Any) -> dict[str, Any]:
    return {
        "name": name, "label": "L", "type": "string", "fieldType": "text", "groupName": "companyinformation", **more,
    }  # fmt: skip


def test_property_is_made_once_used_and_archived(account: Account) -> None:
    path = "/crm/v3/properties/companies"
    assert account.post(path, _definition("tier")).status_code == 201
    assert account.post(path, _definition("tier")).status_code == 409
    assert account.get(f"{path}/tier").json()["hubspotDefined"] is False
    written = account.patch("/crm/v3/objects/companies/11", {"tier": "gold"})
    assert written.json()["properties"]["tier"] == "gold"
    assert account.client.delete(f"{path}/tier").status_code == 204
    assert account.get(f"{path}/tier").status_code == 404
    assert account.patch("/crm/v3/objects/companies/11", {"tier": "gold"}).status_code == 400


@pytest.mark.parametrize(
    "change", [{"name": "Bad Name"}, {"type": "text"}, {"fieldType": "input"}, {"groupName": "nogroup"}]
)
def test_bad_property_definition_is_refused(account: Account, change: dict[str, str]) -> None:
    assert account.post("/crm/v3/properties/companies", {**_definition("tier"), **change}).status_code == 400


def test_property_batches_name_what_fails(account: Account) -> None:
    path = "/crm/v3/properties/companies/batch"
    read = account.post(f"{path}/read", {"inputs": [{"name": "name"}, {"name": "nonsense"}], "archived": False})
    assert read.status_code == 207 and [one["name"] for one in read.json()["results"]] == ["name"]
    assert account.post(f"{path}/create", {"inputs": [_definition("tier")]}).status_code == 201


def test_owners_of_leavers_show_only_when_asked_for_and_have_no_user_id(account: Account) -> None:
    live = account.get("/crm/v3/owners/").json()["results"]
    assert [(one["id"], one["userId"], one["userIdIncludingInactive"]) for one in live] == [("31", 501, 501)]
    gone = account.get("/crm/owners/2026-03", archived="true").json()["results"]
    assert [(one["id"], one["userId"], one["userIdIncludingInactive"]) for one in gone] == [("32", None, 502)]
    assert account.get("/crm/v3/owners/501", idProperty="userId").json()["id"] == "31"
    assert account.get("/crm/v3/owners/32").status_code == 404


@pytest.mark.parametrize(
    "path", ["/crm/objects/2027-03/contacts", "/crm/v9/objects/contacts", "/", "/crm/v3/objects/contacts/1/2"]
)
def test_unknown_path_answers_404(account: Account, path: str) -> None:
    assert account.get(path).status_code == 404


@pytest.mark.parametrize("path", ["/crm/v3/objects/0-99", "/crm/v3/objects/widgets", f"{CONTACTS}?associations=name"])
def test_unknown_object_type_answers_400_without_a_category(account: Account, path: str) -> None:
    answer = account.client.get(path)
    assert answer.status_code == 400
    body = answer.json()
    assert body["message"].startswith("Unable to infer object type from: ") and "category" not in body


def test_rules_of_administrators_hold_from_2026_09_on(account: Account) -> None:
    account.app.require("contacts", ["phone"])
    body = {"properties": {"lastname": "Fox"}}
    assert account.post("/crm/objects/2026-03/contacts", body).status_code == 201
    assert account.post("/crm/objects/2026-09/contacts", body).status_code == 400


def test_state_saved_and_restored_is_the_same_to_the_byte(account: Account) -> None:
    before = account.app.dump()
    account.patch(f"{CONTACTS}/1", {"city": "Leeds"})
    account.post("/crm/v3/properties/companies", _definition("tier"))
    account.app.merge("contacts", "3", "4")
    assert account.app.dump() != before
    account.app.restore(before)
    assert account.app.dump() == before
    assert account.get(f"{CONTACTS}/3").json()["id"] == "3"


def test_portal_in_a_file_is_there_after_a_restart(tmp_path: Path) -> None:
    first = HubspotApp(tmp_path / "portal.db")
    record_id = first.create("companies", name="Acme", trueline_id="e-1")
    first.close()
    again = HubspotApp(tmp_path / "portal.db")
    row = again.row("companies", record_id)
    assert row is not None and row["name"] == "Acme"
    again.close()


def test_portal_is_closed_once_the_request_in_hand_is_answered() -> None:
    asked, go_on = Event(), Event()

    class Unhurried(HubspotApp):
        def run_jobs(self, *, until_ms: int | None = None) -> None:
            asked.set()
            go_on.wait(10)
            super().run_jobs(until_ms=until_ms)

    app = Unhurried()
    request = Request.make("GET", CONTACTS, {"Authorization": f"Bearer {PRIVATE_TOKEN}"}, b"")
    with ThreadPoolExecutor(2) as threads:
        answer = threads.submit(app.handle, request)
        assert asked.wait(10)
        closed = threads.submit(app.close)
        waited = not wait([closed], 0.2).done
        go_on.set()
        assert answer.result().status == 200
        closed.result()
    assert waited


@pytest.mark.parametrize(
    ("method", "path", "kind"),
    [
        ("GET", CONTACTS, "list"),
        ("GET", f"{CONTACTS}/1", "read"),
        ("POST", f"{CONTACTS}/batch/read", "read"),
        ("POST", f"{CONTACTS}/batch/update", "write"),
        ("POST", "/crm/objects/2026-03/contacts/search", "search"),
        ("POST", "/crm/v4/associations/contacts/companies/batch/read", "association"),
        ("GET", "/crm/v3/properties/contacts", "describe"),
        ("POST", "/oauth/v1/token", "auth"),
    ],
)
def test_kind_of_call_is_named_for_the_log(account: Account, method: str, path: str, kind: str) -> None:
    assert account.app.kind(Request.make(method, path, {}, b"")) == kind


def test_doors_are_open_over_http(account: Account) -> None:
    arguments = {"kind": "contacts", "record_id": "1", "firstname": "Eve"}
    assert account.post("/__sandbox__/doors/edit", arguments).status_code == 200
    assert account.get(f"{CONTACTS}/1").json()["properties"]["firstname"] == "Eve"
    answer = account.post("/__sandbox__/doors/edit", {**arguments, "record_id": "99"})
    assert answer.status_code == 400


def test_taps_find_pipelines_and_subscriptions_where_they_were_before_v3(account: Account) -> None:
    pipeline = account.get("/crm-pipelines/v1/pipelines/deals").json()["results"][0]
    assert (pipeline["pipelineId"], pipeline["objectType"], pipeline["active"]) == ("default", "DEAL", True)
    assert pipeline["stages"][-1]["stageId"] == "closedlost"
    assert isinstance(pipeline["stages"][0]["createdAt"], int)
    assert account.get("/email/public/v1/subscriptions").json()["subscriptionDefinitions"][0]["active"] is True


@pytest.mark.parametrize("kind", ["goal_targets", "0-74", "feedback_submissions", "0-19", "deal_split", "0-72", "form"])
def test_objects_that_taps_read_are_there_though_empty(account: Account, kind: str) -> None:
    names = {one["name"] for one in account.get(f"/crm/v3/properties/{kind}").json()["results"]}
    assert {"hs_object_id", "hs_lastmodifieddate"} <= names
    assert account.get(f"/crm/v3/objects/{kind}").json()["results"] == []
