"""Handlers for communication preferences: which subscriptions an e-mail address has, in v3's words and in later ones.

The answer is that of the contact with the address: `hs_email_optout` speaks for all subscriptions,
`hs_email_optout_<id>` for one. Addresses without a contact are remembered apart.
"""

from __future__ import annotations

from typing import Any

from sandbox.hubspot.call import Call, id_text
from sandbox.hubspot.email_subscriptions import SUBSCRIPTIONS, Subscription
from sandbox.hubspot.errors import bad_request, not_found
from sandbox.hubspot.values import as_text, is_email
from sandbox.wire import Response

Body = dict[str, Any]
_SHELF = "preferences"
_ALL = "hs_email_optout"
_STATES = ("SUBSCRIBED", "UNSUBSCRIBED", "NOT_SPECIFIED")


def list_definitions(call: Call) -> Response:
    listed = [one.wire() for one in SUBSCRIPTIONS]
    if call.version == "v3":
        return Response.of_json({"subscriptionDefinitions": listed})
    return _results(call, listed)


def status_of_address(call: Call, email: str) -> Response:
    """The subscriptions of an address as v3 tells them."""
    values = _values(call, email)
    statuses = [_old_status(one, values) for one in SUBSCRIPTIONS]
    return Response.of_json({"recipient": email, "subscriptionStatuses": statuses})


def subscribe(call: Call) -> Response:
    """400 for somebody who has opted out: only he himself can come back."""
    return _changed_old(call, "SUBSCRIBED")


def unsubscribe(call: Call) -> Response:
    return _changed_old(call, "UNSUBSCRIBED")


def statuses(call: Call, email: str) -> Response:
    """The subscriptions of an address as v4 and the dated versions tell them."""
    _check_channel(call.request.first("channel"))
    values = _values(call, email)
    return _results(call, [_status(call, one, values, email) for one in SUBSCRIPTIONS])


def set_status(call: Call, email: str) -> Response:
    body = call.body()
    _check_channel(body.get("channel"))
    state = body.get("statusState")
    if state not in _STATES:
        raise bad_request(f"Invalid value for statusState: expected one of {', '.join(_STATES)}")
    one = _subscription(as_text(body.get("subscriptionId")))
    _set(call, email, one, str(state))
    return _results(call, [_status(call, one, _values(call, email), email)])


def status_of_all(call: Call, email: str) -> Response:
    """Whether an address is out of everything."""
    _check_channel(call.request.first("channel"))
    word = "UNSUBSCRIBED" if _values(call, email).get(_ALL) == "true" else "SUBSCRIBED"
    wide = {"channel": "EMAIL", "status": word, "subscriberIdString": email, "timestamp": call.portal.now()}
    return _results(call, [{**wide, "wideStatusType": "PORTAL_WIDE"}])


def unsubscribe_from_all(call: Call, email: str) -> Response:
    _check_channel(call.request.first("channel"))
    _write(call, email, {_ALL: "true"})
    values = _values(call, email)
    told = [_status(call, one, values, email) for one in SUBSCRIPTIONS]
    return _results(call, told if call.flag("verbose") else [])


def _changed_old(call: Call, state: str) -> Response:
    body = call.body()
    email, one = id_text(body, "emailAddress"), _subscription(id_text(body, "subscriptionId"))
    _set(call, email, one, state)
    return Response.of_json(_old_status(one, _values(call, email)))


def _set(call: Call, email: str, one: Subscription, state: str) -> None:
    values = _values(call, email)
    if state == "SUBSCRIBED" and "true" in (values.get(_ALL), values.get(one.property)):
        raise bad_request(
            f"{email[:100]} is unsubscribed from {one.name} and can only be resubscribed by the contact",
            subCategory="SubscriptionError.CANNOT_RESUBSCRIBE",
        )
    _write(call, email, {one.property: {"SUBSCRIBED": "false", "UNSUBSCRIBED": "true"}.get(state, "")})


def _write(call: Call, email: str, values: dict[str, str]) -> None:
    """To the contact with the address; to the memory of the account where there is none."""
    contact = call.writer.contact_with(_checked(email))
    if contact is None:
        known = call.portal.documents.get(_SHELF, email.lower()) or {}
        call.portal.documents.put(_SHELF, email.lower(), {**known, **values})
        return
    kind = call.portal.kind("contacts")
    call.writer.update(kind, contact, call.writer.checked(kind, values, is_trusted=True), call.author)


def _values(call: Call, email: str) -> dict[str, str]:
    """What is known of an address, by property."""
    names = [_ALL, *(one.property for one in SUBSCRIPTIONS)]
    contact = call.writer.contact_with(_checked(email))
    if contact is None:
        found: dict[str, str] = call.portal.documents.get(_SHELF, email.lower()) or {}
        return found
    row = call.portal.store.rows(call.portal.kind("contacts"), [contact], names)[0][5:]
    return {name: str(value) for name, value in zip(names, row, strict=True) if value}


def _checked(email: str) -> str:
    if not is_email(email):
        raise bad_request(f"Email address {email[:100]} is invalid")
    return email.strip()


def _check_channel(channel: Any) -> None:
    if channel != "EMAIL":
        raise bad_request("Invalid value for channel: expected EMAIL")


def _subscription(number: str) -> Subscription:
    for one in SUBSCRIPTIONS:
        if str(one.id) == number:
            return one
    raise not_found(f"Subscription {number[:50]} does not exist")


def _old_status(one: Subscription, values: dict[str, str]) -> Body:
    wide = values.get(_ALL) == "true"
    is_out = wide or values.get(one.property) == "true"
    return {
        "id": str(one.id),
        "name": one.name,
        "description": one.description,
        "status": "NOT_SUBSCRIBED" if is_out else "SUBSCRIBED",
        "sourceOfStatus": "PORTAL_WIDE_STATUS" if wide else "SUBSCRIPTION_STATUS",
        "preferenceGroupName": None,
        "legalBasis": None,
        "legalBasisExplanation": None,
    }


def _status(call: Call, one: Subscription, values: dict[str, str], email: str) -> Body:
    said = {"true": "UNSUBSCRIBED", "false": "SUBSCRIBED"}.get(values.get(one.property, ""), "NOT_SPECIFIED")
    return {
        "channel": "EMAIL",
        "subscriberIdString": email,
        "subscriptionId": one.id,
        "subscriptionName": one.name,
        "status": "UNSUBSCRIBED" if values.get(_ALL) == "true" else said,
        "source": "The status of the contact",
        "timestamp": call.portal.now(),
    }


def _results(call: Call, results: list[Body]) -> Response:
    now = call.portal.now()
    return Response.of_json({"status": "COMPLETE", "results": results, "startedAt": now, "completedAt": now})
