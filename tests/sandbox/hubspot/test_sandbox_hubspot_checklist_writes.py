"""The checklist of the sandbox's HubSpot (facts/hubspot.md, 10.3), points 7 to 13 in their order: what writes do.

One account for all points; each makes the records it needs and turns its switches back.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from tests.sandbox.hubspot.conftest import bearer

if TYPE_CHECKING:
    from tests.sandbox.hubspot.conftest import Account

CRM = "/crm/v3/objects"
CONTACTS, COMPANIES, DEALS = f"{CRM}/contacts", f"{CRM}/companies", f"{CRM}/deals"
OAUTH = {
    "grant_type": "refresh_token", "client_id": "sandbox-client", "client_secret": "sandbox-secret",
    "refresh_token": "sandbox-refresh",
}  # fmt: skip


def inputs(*items: Any) -> dict[str, Any]:
    return {"inputs": list(items)}


# 7. Addresses there are


def test_known_address_answers_409_with_its_id_also_an_additional_one(still: Account) -> None:
    for email, number in (("p3@example.com", "3"), ("old@example.com", "2")):
        answer = still.post(CONTACTS, {"properties": {"email": email}})
        assert (answer.status_code, answer.json()["category"]) == (409, "CONFLICT")
        assert answer.json()["message"] == f"Contact already exists. Existing ID: {number}"


@pytest.mark.parametrize("traces", [("", ""), ("t", ""), ("t", "t")])
def test_batch_create_without_traces_of_their_own_is_all_or_nothing(still: Account, traces: tuple[str, ...]) -> None:
    before = still.app.count("contacts")
    items = [{"properties": {"email": f"{name}@example.com"}} for name in ("fresh", "p3")]
    traced = [
        item | ({"objectWriteTraceId": trace} if trace else {}) for item, trace in zip(items, traces, strict=True)
    ]
    assert still.post(f"{CONTACTS}/batch/create", inputs(*traced)).status_code == 409
    assert still.app.count("contacts") == before


def test_batch_create_with_traces_makes_what_it_can(still: Account) -> None:
    items = [
        {"objectWriteTraceId": f"t-{name}", "properties": {"email": f"{name}@example.com"}} for name in ("fine", "p3")
    ]
    answer = still.post(f"{CONTACTS}/batch/create", inputs(*items))
    body = answer.json()
    assert (answer.status_code, body["numErrors"], len(body["results"])) == (207, 1, 1)
    assert body["errors"][0]["context"]["objectWriteTraceId"] == ["t-p3"]


# 8. Merges


@pytest.mark.parametrize("kind", ["contacts", "companies"])
def test_merge_makes_a_new_id_to_which_the_old_ones_lead_but_not_in_batches(still: Account, kind: str) -> None:
    names = {"lastname": "M"} if kind == "contacts" else {"name": "M"}
    ids = [still.made(kind, **names) for _ in range(2)]
    merged = still.post(f"{CRM}/{kind}/merge", {"primaryObjectId": ids[0], "objectIdToMerge": ids[1]}).json()["id"]
    assert merged not in ids
    for old in ids:
        assert still.get(f"{CRM}/{kind}/{old}").json()["id"] == merged
        assert still.patch(f"{CRM}/{kind}/{old}", {"city": old}).json()["id"] == merged
    assert still.value(f"{CRM}/{kind}/{merged}", "hs_merged_object_ids") == ";".join(ids)
    answer = still.post(f"{CRM}/{kind}/batch/update", inputs(*({"id": old, "properties": names} for old in ids)))
    assert (answer.status_code, answer.json()["results"], "errors" in answer.json()) == (200, [], False)


def test_merge_stops_at_250_identities(still: Account) -> None:
    one, other = still.made(), still.made()
    still.app.edit("contacts", one, hs_merged_object_ids=";".join(str(10**6 + n) for n in range(249)))
    answer = still.post(f"{CONTACTS}/merge", {"primaryObjectId": one, "objectIdToMerge": other})
    assert answer.status_code == 400
    assert answer.json()["message"] == "Cannot have more than 250 identities on a profile"


def test_company_merge_is_refused_while_salesforce_is_connected(still: Account) -> None:
    ids = [still.made("companies", name="S") for _ in range(2)]
    body = {"primaryObjectId": ids[0], "objectIdToMerge": ids[1]}
    still.app.set_salesforce_integration(True)
    assert still.post(f"{COMPANIES}/merge", body).status_code == 400
    still.app.set_salesforce_integration(False)
    assert still.post(f"{COMPANIES}/merge", body).status_code == 200


# 9. What a write must keep


def test_companies_may_share_a_domain(still: Account) -> None:
    assert still.made("companies", domain="acme.example") != still.made("companies", domain="acme.example")


def test_life_cycle_goes_back_only_when_it_was_cleared(still: Account) -> None:
    path = f"{CONTACTS}/{still.made(lastname='L', lifecyclestage='customer')}"
    for sent, kept in (("lead", "customer"), ("evangelist", "evangelist"), ("", None), ("lead", "lead")):
        assert still.patch(path, {"lifecyclestage": sent}).status_code == 200
        assert still.value(path, "lifecyclestage") == kept


@pytest.mark.parametrize(
    ("kind", "name", "sent", "code"),
    [
        ("contacts", "hs_object_id", "7", "READ_ONLY_VALUE"),
        ("contacts", "lifecyclestage", "Lead", "INVALID_OPTION"),
        ("contacts", "email", "nobody", "INVALID_EMAIL"),
        ("contacts", "nonsense", "1", "PROPERTY_DOESNT_EXIST"),
        ("companies", "numberofemployees", "many", "INVALID_INTEGER"),
    ],
)
def test_bad_value_is_refused_by_code_and_nothing_is_written(
    still: Account, kind: str, name: str, sent: str, code: str
) -> None:
    path = f"{CRM}/{kind}/{still.made(kind, **({'lastname': 'B'} if kind == 'contacts' else {'name': 'B'}))}"
    answer = still.patch(path, {"city": "Rome", name: sent})
    body = answer.json()
    assert (answer.status_code, body["category"]) == (400, "VALIDATION_ERROR")
    assert body["message"].startswith("Property values were not valid: [{")
    assert (body["errors"][0]["code"], body["errors"][0]["context"]["propertyName"]) == (code, [name])
    assert still.value(path, "city") is None


# 10. Who wrote it


def test_history_tells_source_and_user_of_each_token(still: Account) -> None:
    number = still.made(lastname="H", city="One")
    path = f"{CONTACTS}/{number}"
    still.client.patch(path, json={"properties": {"city": "Two"}}, headers=bearer("pat-sandbox-other-token"))
    still.app.edit("contacts", number, user_id=7300, city="Three")
    past = still.get(path, propertiesWithHistory="city").json()["propertiesWithHistory"]["city"]
    assert [(one["value"], one["sourceType"], one["sourceId"], one["updatedByUserId"]) for one in past] == [
        ("Three", "CRM_UI", "userId:7300", 7300),
        ("Two", "INTEGRATION", "1002", 7002),
        ("One", "INTEGRATION", "1001", 7001),
    ]


def test_record_tells_what_made_it(still: Account) -> None:
    names = ["hs_object_source", "hs_object_source_id", "hs_object_source_user_id", "hs_object_source_detail_1"]
    shown = still.get(f"{CONTACTS}/{still.made()}", properties=[*names, "hs_object_source_label"]).json()["properties"]
    assert [shown[name] for name in names] == ["INTEGRATION", "1001", "7001", "Trueline sandbox"]
    assert shown["hs_object_source_label"]


# 11. Associations


def test_default_link_makes_two_directed_rows_and_the_first_company_primary(still: Account) -> None:
    person, first, second = still.made(), still.made("companies", name="1"), still.made("companies", name="2")
    linked = f"/crm/v4/objects/contacts/{person}/associations"
    bodies = [still.client.put(f"{linked}/default/companies/{one}").json() for one in (first, second)]
    assert bodies[0]["status"] == "COMPLETE"
    rows = [(r["from"]["id"], r["to"]["id"], r["associationSpec"]["associationTypeId"]) for r in bodies[0]["results"]]
    assert rows == [(person, first, 279), (first, person, 280)]
    plain = {"category": "HUBSPOT_DEFINED", "typeId": 279, "label": None}
    primary = {"category": "HUBSPOT_DEFINED", "typeId": 1, "label": "Primary"}
    assert still.get(f"{linked}/companies").json()["results"] == [
        {"toObjectId": int(first), "associationTypes": [primary, plain]},
        {"toObjectId": int(second), "associationTypes": [plain]},
    ]
    back = still.get(f"/crm/v4/objects/companies/{first}/associations/contacts").json()["results"]
    assert {one["typeId"] for one in back[0]["associationTypes"]} == {2, 280}


# 12. Versions


def test_versions_lead_to_one_store(still: Account) -> None:
    number = still.made(lastname="Versions")
    for version in ("2026-03", "2026-09"):
        path = f"/crm/objects/{version}/contacts/{number}"
        assert still.patch(path, {"city": version}).status_code == 200
        assert still.value(f"{CONTACTS}/{number}", "city") == version
    still.client.put(f"/crm/v4/objects/contacts/{number}/associations/default/companies/12")
    linked = f"/crm/objects/2026-03/contacts/{number}/associations/companies"
    assert still.get(linked).json()["results"][0]["toObjectId"] == 12
    read = still.post("/crm/associations/2026-09/contacts/companies/batch/read", inputs({"id": number}))
    assert read.json()["results"][0]["to"][0]["toObjectId"] == 12


def test_rules_of_administrators_hold_from_2026_09_on(still: Account) -> None:
    still.app.require("deals", ["amount"])
    body = {"properties": {"dealname": "R", "dealstage": "contractsent"}}
    answers = [still.post(path, body) for path in (DEALS, "/crm/objects/2026-03/deals", "/crm/objects/2026-09/deals")]
    still.app.drop_rules()
    assert [answer.status_code for answer in answers] == [201, 201, 400]
    assert answers[2].json()["category"] == "VALIDATION_ERROR"


@pytest.mark.parametrize("version", ["v1", "v3", "2026-03", "2026-09"])
def test_oauth_token_lasts_thirty_minutes(still: Account, version: str) -> None:
    issued = still.client.post(f"/oauth/{version}/token", data=OAUTH).json()
    assert issued["expires_in"] == 1800
    headers = bearer(issued["access_token"])
    assert still.client.get(CONTACTS, headers=headers).status_code == 200
    still.clock.turn(1801)
    late = still.client.get(CONTACTS, headers=headers)
    assert late.status_code == 401
    assert re.fullmatch(r"The OAuth token used to make this call expired \d+ second\(s\) ago\.", late.json()["message"])


# 13. Scopes and faults


@pytest.mark.parametrize(
    ("scope", "method", "path"),
    [
        ("crm.objects.contacts.read", "GET", CONTACTS),
        ("crm.objects.companies.write", "POST", COMPANIES),
        ("crm.schemas.deals.write", "POST", "/crm/v3/properties/deals"),
        ("crm.objects.owners.read", "GET", "/crm/v3/owners"),
        ("crm.export", "POST", "/crm/v3/exports/export/async"),
        ("account-info.security.read", "GET", "/account-info/v3/activity/login"),
    ],
)
def test_missing_scope_answers_403_and_names_it(still: Account, scope: str, method: str, path: str) -> None:
    still.app.add_token("pat-bare", 1003, scopes=[])
    answer = still.client.request(method, path, headers=bearer("pat-bare"))
    body = answer.json()
    assert (answer.status_code, body["status"], body["category"]) == (403, "error", "MISSING_SCOPES")
    assert body["errors"][0]["context"]["requiredGranularScopes"] == [scope]
    assert body["links"]["scopes"] in body["message"]


@pytest.mark.parametrize("status", [423, 477, 502, 504, 521, 522, 523, 524])
def test_fault_on_demand_answers_once(still: Account, status: int) -> None:
    still.faults.raise_(f"hubspot.{status}", count=1)
    answer = still.get(CONTACTS)
    assert answer.status_code == status
    assert ("json" in answer.headers["Content-Type"]) == (status < 500)
    assert ("Retry-After" in answer.headers) == (status == 477)
    assert still.get(CONTACTS).status_code == 200


def test_body_that_is_no_json_comes_with_200(still: Account) -> None:
    still.faults.raise_("transport.not_json", count=1)
    answer = still.get(CONTACTS)
    assert answer.status_code == 200
    with pytest.raises(ValueError, match="Expecting value"):
        answer.json()
