"""The checklist of the sandbox's HubSpot (facts/hubspot.md, 10.3), points 1 to 6 in their order: answers and limits.

One account for all points; each makes the records it needs and turns its switches back.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from tests.sandbox.hubspot.conftest import TOKEN, bearer

if TYPE_CHECKING:
    from tests.sandbox.hubspot.conftest import Account

CRM = "/crm/v3/objects"
CONTACTS, COMPANIES, DEALS = f"{CRM}/contacts", f"{CRM}/companies", f"{CRM}/deals"
LINKS = "/crm/v4/associations/contacts/companies/batch"
LINKS_26 = "/crm/associations/2026-03/contacts/companies/batch"
PROPERTIES = "/crm/v3/properties/contacts"
UNLABELLED = {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 279}


def inputs(*items: Any) -> dict[str, Any]:
    return {"inputs": list(items)}


# 1. Status codes of 3.1

Ids = tuple[str, str, str, str]  # two contacts, two companies
Body = Callable[[Ids], Any]
PAIR: Body = lambda ids: inputs({"from": {"id": ids[0]}, "to": {"id": ids[2]}, "types": [UNLABELLED]})  # noqa: E731
PARTING: Body = lambda ids: inputs({"from": {"id": ids[0]}, "to": [{"id": ids[2]}]})  # noqa: E731
TEXT = {"type": "string", "fieldType": "text", "groupName": "contactinformation"}
STATUSES: list[tuple[str, str, str, Body | None, int]] = [
    ("create", "POST", CONTACTS, lambda _: {"properties": {"lastname": "A"}}, 201),
    ("update", "PATCH", f"{CONTACTS}/{{0}}", lambda _: {"properties": {"city": "A"}}, 200),
    ("delete", "DELETE", f"{CONTACTS}/{{0}}", None, 204),
    ("delete of an unknown id", "DELETE", f"{CONTACTS}/987654", None, 204),
    ("batch create", "POST", f"{CONTACTS}/batch/create", lambda _: inputs({"properties": {"lastname": "A"}}), 201),
    ("batch read", "POST", f"{CONTACTS}/batch/read", lambda ids: inputs({"id": ids[0]}), 200),
    ("batch read of some", "POST", f"{CONTACTS}/batch/read", lambda ids: inputs({"id": ids[0]}, {"id": "987654"}), 207),
    ("batch update", "POST", f"{CONTACTS}/batch/update", lambda ids: inputs({"id": ids[0], "properties": {}}), 200),
    ("batch update of none", "POST", f"{CONTACTS}/batch/update", lambda _: inputs({"id": "99", "properties": {}}), 207),
    (
        "batch upsert", "POST", f"{CONTACTS}/batch/upsert",
        lambda _: inputs({"id": "up@example.com", "idProperty": "email", "properties": {}}), 200,
    ),
    ("batch archive", "POST", f"{CONTACTS}/batch/archive", lambda ids: inputs({"id": ids[0]}, {"id": "987654"}), 204),
    ("merge", "POST", f"{CONTACTS}/merge", lambda ids: {"primaryObjectId": ids[0], "objectIdToMerge": ids[1]}, 200),
    ("gdpr-delete", "POST", f"{CONTACTS}/gdpr-delete", lambda ids: {"objectId": ids[0]}, 204),
    ("property", "POST", PROPERTIES, lambda _: {"name": "p_one", "label": "P", **TEXT}, 201),
    ("property group", "POST", f"{PROPERTIES}/groups", lambda _: {"name": "g_one", "label": "G"}, 201),
    (
        "properties", "POST", f"{PROPERTIES}/batch/create",
        lambda _: inputs({"name": "p_two", "label": "P", **TEXT}), 201,
    ),
    (
        "properties of 2026-09", "POST", "/crm/properties/2026-09/contacts/batch/create",
        lambda _: inputs({"name": "p_three", "label": "P", **TEXT}), 200,
    ),
    ("label", "PUT", "/crm/v4/objects/contacts/{0}/associations/companies/{2}", lambda _: [UNLABELLED], 201),
    ("default link", "PUT", "/crm/v4/objects/contacts/{0}/associations/default/companies/{2}", None, 200),
    ("link batch", "POST", f"{LINKS}/create", PAIR, 201),
    ("link batch to none", "POST", f"{LINKS}/create", lambda ids: PAIR((*ids[:2], "987654", "")), 207),
    ("link batch archive", "POST", f"{LINKS}/archive", PARTING, 204),
    ("link batch archive of 2026-03", "POST", f"{LINKS_26}/archive", PARTING, 200),
    ("labels archive", "POST", f"{LINKS}/labels/archive", PAIR, 204),
    ("labels archive of 2026-03", "POST", f"{LINKS_26}/labels/archive", PAIR, 200),
    (
        "export", "POST", "/crm/v3/exports/export/async",
        lambda _: {
            "exportType": "VIEW", "exportName": "E", "format": "CSV", "language": "EN", "objectType": "CONTACT",
            "objectProperties": ["email"],
        }, 202,
    ),
]  # fmt: skip


@pytest.mark.parametrize(("method", "path", "body", "status"), [pytest.param(*row[1:], id=row[0]) for row in STATUSES])
def test_status_of_each_operation(still: Account, method: str, path: str, body: Body | None, status: int) -> None:
    people = still.made(), still.made()
    ids = (*people, still.made("companies", name="A"), still.made("companies", name="B"))
    answer = still.client.request(method, path.format(*ids), json=body(ids) if body else None)
    assert answer.status_code == status, answer.text
    assert (answer.content == b"") == (status == 204)


# 2. Values


def test_values_are_text_or_null_and_times_have_milliseconds(still: Account) -> None:
    sent = {"name": "V", "numberofemployees": 5, "annualrevenue": 1500.5, "is_public": True}
    shown = still.get(f"{COMPANIES}/{still.made('companies', **sent)}", properties=[*sent, "phone"]).json()
    assert {name: shown["properties"][name] for name in [*sent, "phone"]} == {
        "name": "V", "numberofemployees": "5", "annualrevenue": "1500.5", "is_public": "true", "phone": None,
    }  # fmt: skip
    for stamp in (shown["createdAt"], shown["updatedAt"], shown["properties"]["createdate"]):
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", stamp)


@pytest.mark.parametrize(
    ("kind", "sent", "names"),
    [
        ("contacts", {"email": "d@example.com", "city": "X"}, "createdate email firstname lastmodifieddate lastname"),
        ("companies", {"name": "D", "city": "X"}, "createdate domain hs_lastmodifieddate name"),
        (
            "deals",
            {"dealname": "D", "dealstage": "contractsent"},
            "amount closedate createdate dealname dealstage hs_lastmodifieddate pipeline",
        ),
        ("notes", {"hs_timestamp": "2026-01-01T00:00:00Z", "hs_note_body": "X"}, "hs_createdate hs_lastmodifieddate"),
    ],
)
def test_only_default_properties_unless_asked(still: Account, kind: str, sent: dict[str, str], names: str) -> None:
    shown = still.get(f"{CRM}/{kind}/{still.made(kind, **sent)}").json()
    assert set(shown["properties"]) == {*names.split(), "hs_object_id"}


def test_unknown_names_are_dropped(still: Account) -> None:
    assert "nonsense" not in still.get(f"{CONTACTS}/1", properties="email,nonsense").json()["properties"]


# 3. What is accepted


@pytest.mark.parametrize("query", ["properties=city,zip", "properties=city&properties=zip"])
@pytest.mark.parametrize("archived", ["", "&archived=False", "&archived=false", "&archived=FALSE"])
def test_lists_in_both_forms_and_flags_in_any_case(still: Account, query: str, archived: str) -> None:
    answer = still.client.get(f"{CONTACTS}?{query}{archived}&limit=1")
    assert answer.json()["results"][0]["properties"].keys() >= {"city", "zip"}


def test_archived_true_in_any_case_lists_what_is_deleted(still: Account) -> None:
    gone = still.made()
    still.client.delete(f"{CONTACTS}/{gone}")
    for word in ("true", "True", "TRUE"):
        listed = still.get(CONTACTS, archived=word, limit=100).json()["results"]
        assert gone in {one["id"] for one in listed} and all(one["archivedAt"] for one in listed)


@pytest.mark.parametrize("path", [f"{CONTACTS}/", f"{CONTACTS}/1/", "/crm/v3/owners/", "/crm/v3/imports/"])
def test_trailing_slash(still: Account, path: str) -> None:
    assert still.get(path).status_code == 200


def test_percent_encoded_id(still: Account) -> None:
    assert still.client.get(f"{CONTACTS}/p1%40example.com?idProperty=email").json()["id"] == "1"


@pytest.mark.parametrize("name", ["contacts", "contact", "0-1"])
@pytest.mark.parametrize("other", ["companies", "company", "0-2"])
def test_object_types_by_each_of_their_names(still: Account, name: str, other: str) -> None:
    assert still.get(f"{CRM}/{name}/1").json()["id"] == "1"
    linked = still.get(f"/crm/v4/objects/{name}/1/associations/{other}").json()["results"]
    assert [one["toObjectId"] for one in linked] == [11, 12]


TYPES = {
    1: "contacts contact", 2: "companies company", 3: "deals deal", 5: "tickets ticket", 7: "products product",
    8: "line_items line_item", 14: "quotes quote", 18: "communications communication", 27: "tasks task",
    46: "notes note", 47: "meetings meeting", 48: "calls call", 49: "emails email",
    54: "marketing_events marketing_event", 115: "users user", 116: "postal_mail", 136: "leads lead",
}  # fmt: skip


@pytest.mark.parametrize("number", TYPES)
def test_every_object_type_of_1_5_is_there_by_each_of_its_names(still: Account, number: int) -> None:
    names = [f"0-{number}", *TYPES[number].split()]
    assert [still.get(f"{CRM}/{name}", limit=1).status_code for name in names] == [200] * len(names)


# 4. Paging


def test_list_goes_on_at_the_next_id_by_a_link_with_all_parameters(still: Account) -> None:
    first = still.client.get(f"{CONTACTS}?limit=2&properties=city&properties=zip&archived=False").json()
    going_on = first["paging"]["next"]
    assert ([one["id"] for one in first["results"]], going_on["after"]) == (["1", "2"], "3")
    link = urlsplit(going_on["link"])
    assert f"{link.scheme}://{link.netloc}{link.path}" == f"{still.url}{CONTACTS}"
    assert parse_qs(link.query) == {
        "limit": ["2"], "properties": ["city", "zip"], "archived": ["False"], "after": ["3"]
    }  # fmt: skip
    assert still.client.get(going_on["link"]).json()["results"][0]["id"] == "3"


def test_search_goes_on_at_an_offset(still: Account) -> None:
    first = still.search("companies", limit=2).json()
    assert first["paging"]["next"]["after"] == "2"
    second = still.search("companies", limit=200, after="2").json()
    assert first["total"] == 2 + len(second["results"])
    assert "paging" not in second


def test_last_page_has_no_paging(still: Account) -> None:
    assert "paging" not in still.get(DEALS, limit=100).json()


# 5. Search


@pytest.mark.parametrize(
    ("body", "status"),
    [
        pytest.param({"limit": 200}, 200, id="page of 200"),
        pytest.param({"limit": 201}, 400, id="page of 201"),
        pytest.param({"limit": 10, "after": "9990"}, 200, id="10,000th result"),
        pytest.param({"limit": 10, "after": "9991"}, 400, id="10,001st result"),
        pytest.param({"sorts": [{"propertyName": "email", "direction": "DESCENDING"}]}, 200, id="one sort"),
        pytest.param({"sorts": [{"propertyName": "email"}, {"propertyName": "city"}]}, 400, id="two sorts"),
    ],
)
def test_bounds_of_a_search(still: Account, body: dict[str, Any], status: int) -> None:
    assert still.post(f"{CONTACTS}/search", body).status_code == status


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ({"propertyName": "lastname", "operator": "IN", "values": ["cole"]}, ["3"]),
        ({"propertyName": "lastname", "operator": "IN", "values": ["Cole"]}, []),
        ({"propertyName": "lastname", "operator": "EQ", "value": "COLE"}, ["3"]),
        ({"propertyName": "lifecyclestage", "operator": "EQ", "value": "SUBSCRIBER"}, []),
        ({"propertyName": "lifecyclestage", "operator": "EQ", "value": "subscriber"}, ["4"]),
    ],
)
def test_letters_of_values(still: Account, condition: dict[str, Any], expected: list[str]) -> None:
    assert still.found("contacts", condition) == expected


def test_index_lags_by_default_and_as_long_as_it_is_told_to(still: Account) -> None:
    assert still.app.index_lag_ms > 0
    for lag_ms in (60_000, 0):
        still.app.set_index_lag(lag_ms)
        new = still.made(lastname=f"Lag{lag_ms}")
        named = {"propertyName": "lastname", "operator": "EQ", "value": f"Lag{lag_ms}"}
        assert still.found("contacts", named) == ([] if lag_ms else [new])
        still.clock.turn(lag_ms / 1000)
        assert still.found("contacts", named) == [new]
    still.client.delete(f"{CONTACTS}/{new}")
    assert still.found("contacts", named) == []
    still.app.set_index_lag(2000)


def test_headers_of_a_search_are_those_of_the_day_alone(still: Account) -> None:
    daily = {"x-hubspot-ratelimit-daily", "x-hubspot-ratelimit-daily-remaining"}
    told = [{name for name in answer.headers if "ratelimit" in name} for answer in (
        still.search("contacts", limit=1), still.get(CONTACTS, limit=1)
    )]  # fmt: skip
    assert told[0] == daily
    burst = ("interval-milliseconds", "max", "remaining", "secondly", "secondly-remaining")
    assert told[1] == daily | {f"x-hubspot-ratelimit-{name}" for name in burst}


# 6. Limits


@contextmanager
def limited(still: Account, **limits: Any) -> Iterator[None]:
    """The account with limits, none of which is used up."""
    still.clock.turn(86_400)
    before = {name: getattr(still.app.limits, name) for name in limits}
    still.app.set_limits(enabled=True, **limits)
    try:
        yield
    finally:
        still.app.set_limits(enabled=False, **before)


def refusal(answer: httpx.Response) -> dict[str, Any]:
    """What the body of a 429 says that is not different each time."""
    assert answer.status_code == 429
    body: dict[str, Any] = answer.json()
    assert body.pop("correlationId") and (body.pop("groupName", "") or body.pop("requestId", ""))
    return body


@pytest.mark.parametrize(
    ("limits", "policy", "words", "wait_s"),
    [
        ({"burst": 2}, "TEN_SECONDLY_ROLLING", "ten_secondly_rolling", 10),
        ({"searches_per_s": 2}, "SECONDLY", "secondly", 1),
        ({"daily": 2}, "DAILY", "daily", 86_400),
    ],
)
def test_third_call_of_two_is_refused_with_or_without_a_time_to_wait(
    still: Account, limits: dict[str, int], policy: str, words: str, wait_s: int
) -> None:
    def call() -> httpx.Response:
        return still.search("contacts") if policy == "SECONDLY" else still.get(CONTACTS)

    with limited(still, **limits):
        assert [call().status_code for _ in range(2)] == [200, 200]
        message = f"You have reached your {words} limit."
        refused = call()
        assert refusal(refused) == {
            "status": "error", "message": message, "errorType": "RATE_LIMIT", "policyName": policy
        }  # fmt: skip
        assert "Retry-After" not in refused.headers
        still.app.set_limits(retry_after=True)
        assert 0 < int(call().headers["Retry-After"]) <= wait_s
        still.app.set_limits(retry_after=False)
        still.clock.turn(wait_s)
        assert call().status_code == 200


def test_window_is_of_one_app_and_five_searches_a_second_of_the_account(still: Account) -> None:
    other = bearer("pat-sandbox-other-token")
    with limited(still, burst=1):
        assert [still.get(CONTACTS).status_code for _ in range(2)] == [200, 429]
        assert still.client.get(CONTACTS, headers=other).status_code == 200
        searches = [
            still.client.post(f"{CONTACTS}/search", json={}, headers=headers).status_code
            for headers in (other, bearer(TOKEN)) * 3
        ]
        assert searches == [200] * 5 + [429]
