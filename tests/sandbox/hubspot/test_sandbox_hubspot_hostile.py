"""Bodies that no client should send."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sandbox.hubspot import HubspotApp, Limits
from sandbox.wire import Request

KEYS = (
    "inputs", "id", "properties", "from", "to", "types", "associationTypeId", "idProperty", "objectId", "filterGroups",
    "filters", "propertyName", "operator", "value", "values", "sorts", "limit", "after", "query", "name", "label",
    "options", "stages", "typeId", "maxToObjectIds", "eventType", "propertyName", "targetUrl", "throttling",
    "inverseLabel", "active", "metadata", "displayOrder", "primaryObjectId", "objectIdToMerge", "associations",
)  # fmt: skip
TAILS = ("", "/search", "/merge", "/gdpr-delete", "/batch/read", "/batch/create", "/batch/update", "/batch/upsert")
PATHS = [
    *(("POST", f"/crm/v3/objects/contacts{tail}") for tail in TAILS),
    ("PATCH", "/crm/v3/objects/contacts/1"),
    ("POST", "/crm/v3/properties/contacts"),
    ("POST", "/crm/v3/properties/contacts/batch/read"),
    ("POST", "/crm/v3/pipelines/deals"),
    ("PATCH", "/crm/v3/pipelines/deals/default"),
    ("POST", "/crm/v4/associations/contacts/companies/batch/create"),
    ("POST", "/crm/v3/associations/contacts/companies/batch/read"),
    ("PUT", "/crm/v4/objects/contacts/1/associations/companies/2"),
    ("POST", "/crm/v4/associations/contacts/companies/labels"),
    ("PUT", "/crm/v4/associations/contacts/companies/labels"),
    ("POST", "/crm/v4/associations/definitions/configurations/contacts/companies/batch/create"),
    ("POST", "/webhooks/v3/2001/subscriptions"),
    ("POST", "/crm/v3/lists/search"),
    ("POST", "/crm/v3/exports/export/async"),
    ("POST", "/marketing/v3/forms"),
    ("PUT", "/webhooks/v3/2001/settings"),
]  # fmt: skip
_words = st.sampled_from(["", "1", "EQ", "IN", "email", "hs_object_id", "9" * 30, "\x00", "é"])
_scalars = st.none() | st.booleans() | st.integers() | st.floats() | _words
_bodies = st.recursive(
    _scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=5)
)
APP = HubspotApp(limits=Limits(enabled=False))


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(PATHS), _bodies)
def test_any_body_gets_an_answer(path: tuple[str, str], body: Any) -> None:
    request = Request.make(*path, {"Authorization": "Bearer pat-sandbox-token"}, json.dumps(body).encode())
    answer = APP.handle(request)
    assert answer.status in (200, 201, 204, 207, 400, 404, 409)
    if answer.status >= 400:
        assert json.loads(answer.body)["message"]


ASSOCIATION = {"to": {"id": "1"}, "types": [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 279}]}
CREATE = {"properties": {"email": "a@x.example"}, "associations": [ASSOCIATION]}
EXPORT = {
    "exportType": "VIEW", "format": "CSV", "objectType": "CONTACT", "objectProperties": ["email"],
    "publicCrmSearchRequest": {"filters": [{"propertyName": "email", "operator": "EQ", "value": "x"}], "sorts": []},
}  # fmt: skip
VALID: list[tuple[str, Any]] = [
    ("/crm/v3/objects/contacts", CREATE),
    ("/crm/v3/objects/contacts/batch/create", {"inputs": [{**CREATE, "objectWriteTraceId": "1"}]}),
    ("/crm/v3/objects/contacts/batch/update", {"inputs": [{"id": "1", "idProperty": "email", "properties": {}}]}),
    ("/crm/v3/objects/contacts/batch/upsert", {"inputs": [{"id": "a", "idProperty": "email", "properties": {}}]}),
    ("/crm/v3/exports/export/async", EXPORT),
    ("/crm/v3/lists/search", {"query": "", "processingTypes": ["MANUAL"], "listIds": ["1"]}),
]
ODD: list[Any] = [None, True, 0, -1, 1e308, 2**64, "", "\ud800", "9" * 40, [], [[]], [None], {}, {"a": 1}, [{}]]


def _places(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [at, *(place for key, inner in pairs for place in _places(inner, (*at, key)))]


def _spoiled(value: Any, at: tuple[Any, ...], odd: Any) -> Any:
    if not at:
        return odd
    inner = _spoiled(value[at[0]], at[1:], odd)
    if isinstance(value, dict):
        return {**value, at[0]: inner}
    return [*value[: at[0]], inner, *value[at[0] + 1 :]]


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(VALID), st.data())
def test_a_good_body_with_one_odd_part_gets_an_answer(sent: tuple[str, Any], data: st.DataObject) -> None:
    path, body = sent
    spoiled = _spoiled(body, data.draw(st.sampled_from(_places(body))), data.draw(st.sampled_from(ODD)))
    token = {"Authorization": "Bearer pat-sandbox-token"}
    answer = APP.handle(Request.make("POST", path, token, json.dumps(spoiled).encode()))
    assert answer.status in (200, 201, 202, 204, 207, 400, 404, 409, 429)


@pytest.mark.parametrize("digits", ["9" * 40, "9" * 5000, "\u00b2"], ids=["40", "5000", "square"])
@pytest.mark.parametrize(
    "path",
    [
        "/crm/v3/objects/contacts?limit={}",
        "/crm/v3/objects/contacts?after={}",
        "/crm/v3/objects/contacts/{}",
        "/crm/v3/owners?after={}",
        "/account-info/v3/activity/login?userId={}",
        "/account-info/v3/activity/security?after={}",
        "/settings/v3/users?after={}",
    ],
)
def test_numbers_without_end_are_answered(path: str, digits: str) -> None:
    token = {"Authorization": "Bearer pat-sandbox-token"}
    assert APP.handle(Request.make("GET", path.format(digits), token, b"")).status in (200, 400, 404)
