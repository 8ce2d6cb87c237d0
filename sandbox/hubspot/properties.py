"""Handlers for property definitions and groups."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sandbox.hubspot.batches import Entry, answer
from sandbox.hubspot.call import Call, id_text, whole
from sandbox.hubspot.definition import FIELD_TYPES, NAME, TYPES, Definition
from sandbox.hubspot.errors import HubspotError, bad_request, not_found
from sandbox.hubspot.kinds import Kind
from sandbox.hubspot.schema import group_of
from sandbox.wire import Response

BATCH_MAX = 100
MAX_UNIQUE = 10
_LABELLED = {"label": "label", "description": "description", "groupName": "group", "fieldType": "field_type"}


def list_properties(call: Call, kind: str) -> Response:
    found, archived = call.portal.kind(kind), call.flag("archived")
    known = call.portal.definitions(found).values()
    return Response.of_json({"results": [one.wire() for one in known if one.archived == archived]})


def list_bare(call: Call, kind: str) -> Response:
    """The live definitions without an envelope, as v2 tells them."""
    known = call.portal.definitions(call.portal.kind(kind)).values()
    return Response.of_json([one.wire() for one in known if not one.archived])


def get_property(call: Call, kind: str, name: str) -> Response:
    return Response.of_json(_known(call, call.portal.kind(kind), name, call.flag("archived")).wire())


def create_property(call: Call, kind: str) -> Response:
    return Response.of_json(_create(call, call.portal.kind(kind), call.body()).wire(), 201)


def update_property(call: Call, kind: str, name: str) -> Response:
    found = call.portal.kind(kind)
    old, body = _known(call, found, name, False), call.body()
    changes: dict[str, Any] = {ours: str(body[theirs]) for theirs, ours in _LABELLED.items() if theirs in body}
    if "options" in body:
        changes["options"] = _options(body)
    if old.hubspot_defined and changes.keys() - {"options"}:
        raise bad_request(f"The definition of {old.name} is read only", subCategory="PROPERTY_IS_READ_ONLY")
    new = replace(old, **changes, updated=call.portal.now())
    call.portal.define(found, new)
    return Response.of_json(new.wire())


def archive_property(call: Call, kind: str, name: str) -> Response:
    found = call.portal.kind(kind)
    _archive(call, found, name)
    return Response(204)


def read_batch(call: Call, kind: str) -> Response:
    found, started = call.portal.kind(kind), call.portal.now()
    archived = call.body().get("archived") is True
    results: list[Entry] = []
    errors: list[Entry] = []
    for item in call.inputs(BATCH_MAX):
        name = id_text(item, "name")
        try:
            results.append(_known(call, found, name, archived).wire())
        except HubspotError as error:
            errors.append(error.entry({"name": [name]}))
    return answer(call, results, errors, 200, started)


def create_batch(call: Call, kind: str) -> Response:
    """201 or 207 in v3, 200 in 2026-09."""
    found, started = call.portal.kind(kind), call.portal.now()
    results: list[Entry] = []
    errors: list[Entry] = []
    for item in call.inputs(BATCH_MAX):
        try:
            results.append(_create(call, found, item).wire())
        except HubspotError as error:
            errors.append(error.entry({"name": [str(item.get("name"))]}))
    return answer(call, results, errors, 200 if call.version == "2026-09" else 201, started)


def archive_batch(call: Call, kind: str) -> Response:
    found = call.portal.kind(kind)
    for item in call.inputs(BATCH_MAX):
        _archive(call, found, id_text(item, "name"))
    return Response(204)


def list_groups(call: Call, kind: str) -> Response:
    return Response.of_json({"results": list(_groups(call, call.portal.kind(kind)).values())})


def get_group(call: Call, kind: str, name: str) -> Response:
    found = _groups(call, call.portal.kind(kind)).get(name)
    if found is None:
        raise not_found()
    return Response.of_json(found)


def create_group(call: Call, kind: str) -> Response:
    found, body = call.portal.kind(kind), call.body()
    name, label = id_text(body, "name"), id_text(body, "label")
    if name in _groups(call, found):
        raise HubspotError(409, f"Property group {name} already exists", "CONFLICT")
    group = {"name": name, "label": label, "displayOrder": body.get("displayOrder", -1), "archived": False}
    call.portal.documents.put(f"groups:{found.plural}", name, group)
    return Response.of_json(group, 201)


def _groups(call: Call, kind: Kind) -> dict[str, dict[str, Any]]:
    first = group_of(kind)
    label = f"{kind.singular.capitalize()} information"
    default = {"name": first, "label": label, "displayOrder": 0, "archived": False}
    return {first: default, **call.portal.documents.list(f"groups:{kind.plural}")}


def _known(call: Call, kind: Kind, name: str, archived: bool) -> Definition:
    found = call.portal.definitions(kind).get(name.lower())
    if found is None or found.archived != archived:
        raise not_found(f"Property {name[:100]} does not exist", subCategory="Properties.PROPERTY_NOT_FOUND")
    return found


def _archive(call: Call, kind: Kind, name: str) -> None:
    found = call.portal.definitions(kind).get(name.lower())
    if found is None:
        return
    if found.hubspot_defined:
        raise bad_request(f"{found.name} is a HubSpot property and cannot be archived")
    call.portal.define(kind, replace(found, archived=True, updated=call.portal.now()))


def _options(body: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    options = body.get("options") or []
    if not isinstance(options, list):
        raise bad_request("Invalid input JSON: `options` must be a list")
    pairs = [(id_text(option, "value"), id_text(option, "label")) for option in options]
    order = [whole(option, "displayOrder", place) for place, option in enumerate(options)]
    return tuple(pair for _, pair in sorted(zip(order, pairs, strict=True)))


def _create(call: Call, kind: Kind, body: dict[str, Any]) -> Definition:
    wanted = {name: id_text(body, name) for name in ("name", "label", "type", "fieldType", "groupName")}
    if not NAME.fullmatch(wanted["name"]):
        raise bad_request(f"Property name {wanted['name'][:100]} is invalid: lower-case letters, digits and _ only")
    if wanted["type"] not in TYPES or wanted["fieldType"] not in FIELD_TYPES:
        raise bad_request(f"Invalid type {wanted['type']} or fieldType {wanted['fieldType']}")
    if wanted["groupName"] not in _groups(call, kind):
        raise bad_request(f"Property group {wanted['groupName']} does not exist")
    known = call.portal.definitions(kind)
    if wanted["name"] in known and not known[wanted["name"]].archived:
        raise HubspotError(
            409, f"A property named {wanted['name']} already exists.", "OBJECT_ALREADY_EXISTS",
            subCategory="Properties.PROPERTY_EXISTS",
        )  # fmt: skip
    unique = body.get("hasUniqueValue") is True
    if unique and sum(one.unique for one in known.values()) >= MAX_UNIQUE:
        raise bad_request(f"An object can have at most {MAX_UNIQUE} unique properties")
    now = call.portal.now()
    made = Definition(
        wanted["name"], wanted["label"], wanted["type"], wanted["fieldType"], wanted["groupName"],
        _options(body) or ((("true", "Yes"), ("false", "No")) if wanted["type"] == "bool" else ()),
        str(body.get("description") or ""),
        unique=unique, hubspot_defined=False, created=now, updated=now,
    )  # fmt: skip
    call.portal.define(kind, made)
    if unique:
        call.portal.store.index(kind, made.name)
    return made
