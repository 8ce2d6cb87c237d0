"""Handlers for the groups in which property definitions stand."""

from __future__ import annotations

from typing import Any

from sandbox.hubspot.call import Call, id_text, whole
from sandbox.hubspot.errors import HubspotError, bad_request, not_found
from sandbox.hubspot.kinds import Kind
from sandbox.hubspot.schema import group_of
from sandbox.wire import Response

Group = dict[str, Any]


def groups(call: Call, kind: Kind) -> dict[str, Group]:
    """The object's groups by name, its own first one among them."""
    first = group_of(kind)
    label = f"{kind.singular_label} information"
    default = {"name": first, "label": label, "displayOrder": 0, "archived": False}
    return {first: default, **call.portal.documents.list(f"groups:{kind.plural}")}


def list_groups(call: Call, kind: str) -> Response:
    return Response.of_json({"results": list(groups(call, call.portal.kind(kind)).values())})


def get_group(call: Call, kind: str, name: str) -> Response:
    return Response.of_json(_known(call, call.portal.kind(kind), name))


def create_group(call: Call, kind: str) -> Response:
    found, body = call.portal.kind(kind), call.body()
    name, label = id_text(body, "name"), id_text(body, "label")
    if name in groups(call, found):
        raise HubspotError(409, f"Property group {name[:100]} already exists", "CONFLICT")
    group = {"name": name, "label": label, "displayOrder": whole(body, "displayOrder", -1), "archived": False}
    call.portal.documents.put(f"groups:{found.plural}", name, group)
    return Response.of_json(group, 201)


def update_group(call: Call, kind: str, name: str) -> Response:
    found, body = call.portal.kind(kind), call.body()
    group = _known(call, found, name)
    if "label" in body:
        group["label"] = id_text(body, "label")
    group["displayOrder"] = whole(body, "displayOrder", group["displayOrder"])
    call.portal.documents.put(f"groups:{found.plural}", name, group)
    return Response.of_json(group)


def archive_group(call: Call, kind: str, name: str) -> Response:
    """204; 400 while live properties stand in the group."""
    found = call.portal.kind(kind)
    held = [one.name for one in call.portal.definitions(found).values() if one.group == name and not one.archived]
    if held:
        raise bad_request(f"Property group {name[:100]} still has properties: {', '.join(held[:10])}")
    call.portal.documents.drop(f"groups:{found.plural}", name)
    return Response(204)


def _known(call: Call, kind: Kind, name: str) -> Group:
    found = groups(call, kind).get(name)
    if found is None:
        raise not_found()
    return found
