"""Handlers for owners, which are users as records name them."""

from __future__ import annotations

from typing import Any

from sandbox.hubspot.call import Call
from sandbox.hubspot.errors import bad_request, not_found
from sandbox.hubspot.people import People
from sandbox.wire import Response

PAGE_MAX = 500


def list_owners(call: Call) -> Response:
    """Owners by id; those of deactivated users only with `archived=true`, and then without a userId."""
    archived = call.flag("archived")
    email = (call.request.first("email") or "").lower()
    limit = call.whole("limit", 100, 1, PAGE_MAX)
    known = People(call.portal).owners()
    after = call.after()
    found = [
        one
        for one in known
        if one["archived"] == archived and int(one["id"]) >= after and email in ("", str(one["email"]).lower())
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
    for one in People(call.portal).owners():
        key = one["id"] if id_property == "id" else one["userIdIncludingInactive"]
        if str(key) == owner_id and one["archived"] == archived:
            return Response.of_json(one)
    raise not_found()
