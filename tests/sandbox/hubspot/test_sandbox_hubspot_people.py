"""People under their three ids: owners, users of the settings, user records; logins, audit log, security actions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hubspot import HubSpot

if TYPE_CHECKING:
    from tests.sandbox.hubspot.conftest import Account

USERS = "/settings/v3/users"


def _hired(account: Account, name: str, **more: Any) -> dict[str, Any]:
    body = {"email": f"{name}@example.com", "firstName": name, "lastName": "New", "sendWelcomeEmail": False, **more}
    made = account.post(USERS, body)
    assert made.status_code == 201, made.text
    found: dict[str, Any] = made.json()
    return found


def _record(account: Account, user_id: str) -> dict[str, Any]:
    """The CRM record of a user."""
    page = account.get("/crm/v3/objects/users", limit=100, properties="hs_internal_user_id,hs_email,hs_deactivated")
    found = {one["properties"]["hs_internal_user_id"]: one for one in page.json()["results"]}
    record: dict[str, Any] = found[user_id]
    return record


def test_one_person_has_three_ids_that_lead_to_each_other(office: Account) -> None:
    user = office.get(f"{USERS}/501").json()
    owner = office.get("/crm/v3/owners/501", idProperty="userId").json()
    record = _record(office, "501")
    assert user["email"] == owner["email"] == record["properties"]["hs_email"]
    assert len({user["id"], owner["id"], record["id"]}) == 3
    by_email = office.get("/crm/v3/owners", email="O1@example.com").json()["results"]
    assert [one["id"] for one in by_email] == [owner["id"]]
    assert office.get(f"{USERS}/o1@example.com", idProperty="EMAIL").json()["id"] == "501"


def test_leaver_is_an_archived_owner_and_no_user_any_more(office: Account) -> None:
    assert office.get(f"{USERS}/502").status_code == 404
    assert _record(office, "502")["properties"]["hs_deactivated"] == "true"
    made = _hired(office, "leaver")
    owner = office.get(f"/crm/v3/owners/{made['id']}", idProperty="userId").json()
    assert office.client.delete(f"{USERS}/{made['id']}").status_code == 204
    gone = office.get(f"/crm/v3/owners/{owner['id']}", archived="true").json()
    assert (gone["userId"], gone["userIdIncludingInactive"]) == (None, int(made["id"]))
    assert _record(office, made["id"])["properties"]["hs_deactivated"] == "true"
    assert office.get(f"/crm/v3/owners/{owner['id']}").status_code == 404


def test_user_is_provisioned_once_with_team_role_and_seat(office: Account) -> None:
    made = _hired(office, "nina", roleId="100003", seatNames=["Sales Seat"])
    assert (made["roleId"], made["roleIds"], made["seatNames"]) == ("100003", ["100003"], ["Sales Seat"])
    assert "seatNames" not in office.get(f"/settings/users/2026-03/{made['id']}").json()
    again = office.post(USERS, {"email": "NINA@example.com", "sendWelcomeEmail": False})
    assert again.status_code == 409
    changed = office.client.put(f"{USERS}/{made['id']}", json={"firstName": "Nino"}).json()
    assert changed["firstName"] == "Nino"
    owner = office.get(f"/crm/v3/owners/{made['id']}", idProperty="userId").json()
    assert owner["firstName"] == "Nino"
    company = office.post("/crm/v3/objects/companies", {"properties": {"name": "N", "hubspot_owner_id": owner["id"]}})
    assert company.status_code == 201


@pytest.mark.parametrize(
    "change", [{"email": "nobody"}, {"roleId": "1"}, {"primaryTeamId": "1"}, {"seatNames": ["Throne"]}]
)
def test_user_that_cannot_be_answers_400(office: Account, change: dict[str, Any]) -> None:
    body = {"email": "odd@example.com", "sendWelcomeEmail": False, **change}
    assert office.post(USERS, body).status_code == 400


def test_user_record_is_updated_but_not_created(office: Account) -> None:
    record = _record(office, "501")["id"]
    assert office.patch(f"/crm/v3/objects/users/{record}", {"hs_job_title": "CEO"}).status_code == 200
    assert office.patch(f"/crm/v3/objects/users/{record}", {"hs_internal_user_id": "7"}).status_code == 400
    assert office.post("/crm/v3/objects/users", {"properties": {"hs_job_title": "CEO"}}).status_code == 400


def test_users_and_owners_page_by_id(office: Account) -> None:
    for name in ("p1", "p2"):
        _hired(office, name)
    for path in (USERS + "/", "/settings/users/2026-09", "/crm/owners/2026-03"):
        seen: list[str] = []
        after = ""
        while True:
            page = office.get(path, limit=1, **({"after": after} if after else {})).json()
            seen += [one["id"] for one in page["results"]]
            if "paging" not in page:
                break
            after = page["paging"]["next"]["after"]
        assert len(seen) > 2 and seen == sorted(set(seen), key=int)


def test_seats_are_told_by_the_beta_alone(office: Account) -> None:
    seats = office.get("/settings/users/2026-09-beta/seats").json()["results"]
    assert {"name", "description", "remainingSeats"} == seats[0].keys()
    assert office.get("/settings/users/2026-03/seats").status_code == 404
    assert {"id", "name", "requiresBillingWrite"} == office.get(f"{USERS}/roles").json()["results"][0].keys()


def test_logins_are_told_for_ninety_days_and_by_user(account: Account) -> None:
    path = "/account-info/v3/activity/login"
    for succeeded in (False, True):
        account.app.log_in(501, succeeded)
    newest, oldest = account.get(path, userId=501).json()["results"]
    assert (newest["loginSucceeded"], oldest["loginSucceeded"]) == (True, False)
    assert newest["email"] == "o1@example.com" and newest["userId"] == 501
    assert account.get(path, userId=502).json()["results"] == []
    first = account.get(path, limit=1).json()
    second = account.client.get(first["paging"]["next"]["link"]).json()
    assert [first["results"][0]["id"], second["results"][0]["id"]] == [newest["id"], oldest["id"]]
    assert "paging" not in second
    account.clock.turn(90 * 86_400 + 1)
    assert account.get("/account-info/2026-03/activity/login").json()["results"] == []


def test_audit_log_is_for_enterprise_accounts(account: Account) -> None:
    path = "/account-info/v3/activity/audit-logs"
    refused = account.get(path)
    assert refused.status_code == 403
    assert refused.json()["category"] == "USER_DOES_NOT_HAVE_PERMISSIONS"
    account.app.set_limits(tier="enterprise")
    body = {"name": "tier", "label": "Tier", "type": "string", "fieldType": "text", "groupName": "dealinformation"}
    account.post("/crm/v3/properties/deals", body)
    account.clock.turn(60)
    made = _hired(account, "ann")
    entries = account.get(path).json()["results"]
    told = [(one["category"], one["action"], one["targetObjectId"]) for one in entries]
    assert told == [("CRITICAL_ACTION", "ADD_USER", made["id"]), ("PROPERTY", "CREATE", "Tier")]
    assert entries[0]["actingUser"]["userId"] == 7001
    assert entries[1]["subCategory"] == "DEAL"
    oldest = account.get(path, sort="occurredAt").json()["results"][0]
    assert oldest["action"] == "CREATE"
    since = account.get(path, occurredAfter=entries[0]["occurredAt"]).json()["results"]
    assert [one["action"] for one in since] == ["ADD_USER"]
    before = account.get(path, occurredBefore=entries[0]["occurredAt"]).json()["results"]
    assert [one["action"] for one in before] == ["CREATE"]
    assert account.get(path, actingUserId="1").json()["results"] == []
    assert account.get(path, occurredAfter="yesterday").status_code == 400


def test_security_actions_name_who_did_what_to_whom(account: Account) -> None:
    made = _hired(account, "eve")
    account.client.delete(f"{USERS}/{made['id']}")
    newest, oldest = account.get("/account-info/2026-09/activity/security").json()["results"]
    assert (newest["type"], oldest["type"]) == ("REMOVE_USER", "ADD_USER")
    assert newest["objectId"] == made["id"] and newest["userId"] == 7001
    account.app.revoke_scope("account-info.security.read")
    assert account.get("/account-info/v3/activity/security").status_code == 403


def test_client_provisions_users(office: Account) -> None:
    client = HubSpot(access_token="pat-sandbox-token", host=office.url, base_url=office.url)
    made = client.settings.users.users_api.create({"email": "c@example.com", "sendWelcomeEmail": False})
    assert client.settings.users.users_api.get_by_id("c@example.com", id_property="EMAIL").id == made.id
    assert client.settings.users.roles_api.get_all().results
    assert client.settings.users.users_api.archive(made.id) is None


@pytest.mark.parametrize("version", ["v3", "2026-09"])
def test_limits_tell_what_is_used(office: Account, version: str) -> None:
    root = "/crm/v3/limits" if version == "v3" else f"/crm/limits/{version}"
    records = office.get(f"{root}/records").json()
    contacts = next(one for one in records["hubspotDefinedObjectTypes"] if one["objectTypeId"] == "0-1")
    assert contacts["usage"] == 5 and contacts["limit"] > 5 and contacts["singularLabel"] == "Contact"
    own = office.get(f"{root}/custom-properties").json()
    assert own["overallUsage"] == sum(one["usage"] for one in own["byObjectType"]) >= 5
    deals = office.get(f"{root}/pipelines").json()["hubspotDefinedObjectTypes"]
    assert {one["objectTypeId"]: one["usage"] for one in deals}["0-3"] == 1
    assert office.get(f"{root}/custom-object-types").json()["usage"] == 0
    assert office.get(f"{root}/calculated-properties").json()["overallUsage"] == 0
    assert office.get(f"{root}/associations/records/from").json()["results"] == []
    assert office.get(f"{root}/associations/records/0-1/0-2").json()["totalRecordsAtLimit"] == 0
    office.post("/crm/v4/associations/contacts/deals/labels", {"label": "Champion", "name": f"champion_{version[:4]}"})
    labels = office.get(f"{root}/associations/labels", fromObjectTypeId="0-1").json()["results"]
    assert labels[0]["toObjectType"]["objectTypeId"] == "0-3" and "Champion" in labels[0]["allLabels"]
