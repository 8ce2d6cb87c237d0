"""Handlers for owners, which are users as records name them, and for users as the settings name them."""

from __future__ import annotations

from typing import Any

from sandbox.hubspot.call import Call
from sandbox.hubspot.errors import bad_request, not_found
from sandbox.wire import Response

PAGE_MAX = 500


def list_owners(call: Call) -> Response:
    """Owners by id; those of deactivated users only with `archived=true`, and then without a userId."""
    archived = call.flag("archived")
    email = (call.request.first("email") or "").lower()
    limit = call.whole("limit", 100, 1, PAGE_MAX)
    known = sorted(call.portal.documents.list("owners").values(), key=lambda one: int(one["id"]))
    after = call.request.first("after") or "0"
    if not after.isdecimal():
        raise bad_request(f"Invalid value for after: {after[:50]}")
    found = [
        one
        for one in known
        if one["archived"] == archived and int(one["id"]) >= int(after) and email in ("", str(one["email"]).lower())
    ]
    body: dict[str, Any] = {"results": found[:limit]}
    if len(found) > limit:
        body["paging"] = call.next_page(str(found[limit]["id"]))
    return Response.of_json(body)


def get_owner(call: Call, owner_id: str) -> Response:
    archived = call.flag("archived")
    id_property = call.request.first("idProperty") or "id"
    if id_property not in ("id", "userId"):
        raise bad_request("Invalid value for idProperty: expected id or userId")
    for one in call.portal.documents.list("owners").values():
        key = one["id"] if id_property == "id" else one["userIdIncludingInactive"]
        if str(key) == owner_id and one["archived"] == archived:
            return Response.of_json(one)
    raise not_found()


def list_users(call: Call) -> Response:
    """Users of the account, by user id; deactivated ones are not there any more."""
    limit = call.whole("limit", 100, 1, 100)
    owners = [one for one in call.portal.documents.list("owners").values() if one["userId"] is not None]
    owners = sorted(owners, key=lambda one: int(one["userId"]))
    start = int(after) if (after := call.request.first("after") or "0").isdecimal() else 0
    found = [one for one in owners if int(one["userId"]) >= start]
    shown = [
        {
            "id": str(one["userId"]),
            "email": one["email"],
            "firstName": one["firstName"],
            "lastName": one["lastName"],
            "superAdmin": False,
            "roleIds": [],
            "secondaryTeamIds": [],
            "sendWelcomeEmail": False,
        }
        for one in found[:limit]
    ]
    body: dict[str, Any] = {"results": shown}
    if len(found) > limit:
        body["paging"] = call.next_page(str(found[limit]["userId"]))
    return Response.of_json(body)
