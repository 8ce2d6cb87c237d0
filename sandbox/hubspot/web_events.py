"""Handlers for what contacts did: here the forms they filled in."""

from __future__ import annotations

from typing import Any

from sandbox.hubspot.call import Call
from sandbox.hubspot.errors import bad_request
from sandbox.hubspot.journal import Journal, Wanted
from sandbox.hubspot.submissions import SHELF
from sandbox.hubspot.values import natural
from sandbox.wire import Response

FORM_SUBMITTED = "e_form_submission_v2"
PAGE_MAX = 1000


def list_types(call: Call) -> Response:
    return Response.of_json({"eventTypes": [FORM_SUBMITTED]})


def list_events(call: Call) -> Response:
    """Events of one contact or of one type, newest first."""
    object_type, object_id = call.request.first("objectType"), call.request.first("objectId")
    event_type = call.request.first("eventType")
    if not event_type and not (object_type and object_id):
        raise bad_request("An eventType or an objectType with an objectId is required")
    limit = call.whole("limit", 100, 1, PAGE_MAX)
    number = natural(object_id) if object_id else None
    if object_id and number is None:
        raise bad_request("Invalid value for objectId: expected a number")
    is_known = event_type in (None, FORM_SUBMITTED) and (not object_type or call.portal.kind(object_type).number == 1)
    wanted = Wanted(
        [] if number is None else [number],
        None,
        call.moment("occurredAfter", ""),
        call.moment("occurredBefore", "~"),
    )
    oldest_first = (call.request.first("sort") or "-occurredAt") == "occurredAt"
    journal = Journal(call.portal.store)
    rows = journal.page(SHELF, wanted, limit + 1, after=call.after() or None, oldest_first=oldest_first)
    rows = rows if is_known else []
    body: dict[str, Any] = {"results": [_event(*row) for row in rows[:limit]]}
    if len(rows) > limit:
        body["paging"] = call.next_page(str(rows[limit - 1][0]))
    return Response.of_json(body)


def _event(key: int, at: str, contact: int | None, body: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": str(key),
        "eventType": FORM_SUBMITTED,
        "objectType": "CONTACT",
        "objectId": "" if contact is None else str(contact),
        "occurredAt": at,
        "properties": {"hs_page_url": body["pageUrl"], "hs_form_correlation_id": body["conversionId"]},
    }
