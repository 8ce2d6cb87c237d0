"""Bodies that no client should send."""

from __future__ import annotations

import json
from typing import Any

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
