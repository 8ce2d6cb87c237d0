"""Handlers for webhook settings and subscriptions, which belong to an app and not to the account."""

from __future__ import annotations

import ipaddress
from typing import Any
from urllib.parse import urlsplit

from sandbox.hubspot.batches import Entry, answer
from sandbox.hubspot.call import Call, id_text
from sandbox.hubspot.errors import HubspotError, bad_request, not_found
from sandbox.wire import Response

NAMES = ("creation", "deletion", "propertyChange", "merge", "restore", "associationChange")
# What events of these objects are called by; those of all others are called object.*.
OBJECTS = ("contact", "company", "deal", "ticket", "product", "line_item")
# Changes of these are never told.
UNTOLD = ("hs_lastmodifieddate", "num_unique_conversion_events")
SETTINGS = "webhook-settings"
_EVENT_TYPES = {f"{one}.{name}" for one in (*OBJECTS, "object") for name in NAMES} | {"contact.privacyDeletion"}


def shelf(app_id: str) -> str:
    """Where the subscriptions of an app stand among the documents."""
    return f"webhooks:{app_id}"


def get_settings(call: Call, app_id: str) -> Response:
    found = call.portal.documents.get(SETTINGS, app_id)
    if found is None:
        raise not_found()
    return Response.of_json(found)


def put_settings(call: Call, app_id: str) -> Response:
    """Where deliveries go. Only this machine: the sandbox sends nothing beyond it."""
    body = call.body()
    target = id_text(body, "targetUrl")
    throttling = body.get("throttling")
    most = throttling.get("maxConcurrentRequests") if isinstance(throttling, dict) else None
    if not is_loopback(target):
        raise bad_request(f"Invalid targetUrl {target[:200]}: the sandbox delivers to http URLs of this machine only")
    if not isinstance(most, int) or most < 1:
        raise bad_request("Invalid input JSON: `throttling` needs a maxConcurrentRequests of at least 1")
    old, now = call.portal.documents.get(SETTINGS, app_id) or {}, call.portal.now()
    made = {
        "targetUrl": target,
        "throttling": {"maxConcurrentRequests": most},
        "createdAt": old.get("createdAt", now),
        "updatedAt": now,
    }
    call.portal.documents.put(SETTINGS, app_id, made)
    return Response.of_json(made)


def delete_settings(call: Call, app_id: str) -> Response:
    call.portal.documents.drop(SETTINGS, app_id)
    return Response(204)


def list_subscriptions(call: Call, app_id: str) -> Response:
    return Response.of_json({"results": list(call.portal.documents.list(shelf(app_id)).values())})


def get_subscription(call: Call, app_id: str, subscription_id: str) -> Response:
    return Response.of_json(_known(call, app_id, subscription_id))


def create_subscription(call: Call, app_id: str) -> Response:
    body = call.body()
    event_type, name = id_text(body, "eventType"), body.get("propertyName")
    if event_type not in _EVENT_TYPES:
        raise bad_request(f"Invalid eventType {event_type[:100]}: expected one of {', '.join(sorted(_EVENT_TYPES))}")
    if event_type.endswith(".propertyChange") and (not isinstance(name, str) or not name or name in UNTOLD):
        raise bad_request(f"Invalid propertyName {str(name)[:100]} for {event_type}")
    if event_type.startswith("object.") and not call.portal.find_kind(str(body.get("objectTypeId"))):
        raise bad_request(f"{event_type} needs an objectTypeId")
    known = call.portal.documents.list(shelf(app_id)).values()
    number = str(1 + max((int(one["id"]) for one in known), default=1_000_000))
    now = call.portal.now()
    made = {
        "id": number,
        "eventType": event_type,
        "propertyName": name,
        "objectTypeId": body.get("objectTypeId"),
        "active": body.get("active") is True,
        "createdAt": now,
        "updatedAt": now,
    }
    return Response.of_json(_put(call, app_id, {name: value for name, value in made.items() if value is not None}), 201)


def update_subscription(call: Call, app_id: str, subscription_id: str) -> Response:
    return Response.of_json(_switched(call, app_id, subscription_id, call.body()))


def update_batch(call: Call, app_id: str) -> Response:
    """200 or 207: switch several on or off."""
    started = call.portal.now()
    results: list[Entry] = []
    errors: list[Entry] = []
    for item in call.inputs(100):
        try:
            results.append(_switched(call, app_id, id_text(item), item))
        except HubspotError as error:
            errors.append(error.entry({"ids": [id_text(item)]}))
    return answer(call, results, errors, 200, started)


def delete_subscription(call: Call, app_id: str, subscription_id: str) -> Response:
    call.portal.documents.drop(shelf(app_id), subscription_id)
    return Response(204)


def is_loopback(target: str) -> bool:
    """Whether a URL leads to this very machine, without a secret in it."""
    try:
        parts = urlsplit(target)
        host, _ = parts.hostname or "", parts.port
        named = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
    return parts.scheme == "http" and named


def _switched(call: Call, app_id: str, subscription_id: str, body: dict[str, Any]) -> Entry:
    found = _known(call, app_id, subscription_id)
    if not isinstance(body.get("active"), bool):
        raise bad_request("Invalid input JSON: `active` must be true or false")
    return _put(call, app_id, {**found, "active": body["active"], "updatedAt": call.portal.now()})


def _known(call: Call, app_id: str, subscription_id: str) -> Entry:
    found: Entry | None = call.portal.documents.get(shelf(app_id), subscription_id)
    if found is None:
        raise not_found()
    return found


def _put(call: Call, app_id: str, subscription: Entry) -> Entry:
    call.portal.documents.put(shelf(app_id), subscription["id"], subscription)
    return subscription
