"""Handlers for property definitions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from sandbox.hubspot import audit
from sandbox.hubspot.batches import Entry, answer
from sandbox.hubspot.call import Call, id_text, whole
from sandbox.hubspot.definition import (
    EXTRAS,
    FIELD_TYPES,
    NAME,
    SENSITIVITIES,
    Definition,
    Option,
    option_pairs,
)
from sandbox.hubspot.errors import HubspotError, bad_request, not_found
from sandbox.hubspot.kinds import Kind
from sandbox.hubspot.property_groups import groups
from sandbox.wire import Response

BATCH_MAX = 100
MAX_UNIQUE = 10
_LABELLED = {"label": "label", "description": "description", "groupName": "group"}


def list_properties(call: Call, kind: str) -> Response:
    found, archived, sensitivity = call.portal.kind(kind), call.flag("archived"), _sensitivity(call)
    known = call.portal.definitions(found).values()
    shown = [one.wire() for one in known if one.archived == archived and one.sensitivity == sensitivity]
    return Response.of_json({"results": shown})


def list_bare(call: Call, kind: str) -> Response:
    """The live definitions without an envelope, as v2 tells them."""
    known = call.portal.definitions(call.portal.kind(kind)).values()
    return Response.of_json([one.wire() for one in known if not one.archived])


def get_property(call: Call, kind: str, name: str) -> Response:
    return Response.of_json(_known(call, call.portal.kind(kind), name, call.flag("archived")).wire())


def create_property(call: Call, kind: str) -> Response:
    return Response.of_json(create(call, call.portal.kind(kind), call.body()).wire(), 201)


def update_property(call: Call, kind: str, name: str) -> Response:
    """Change a definition of the account's own; of HubSpot's only the options, where those may be changed."""
    found = call.portal.kind(kind)
    old, body = _known(call, found, name, False), call.body()
    if "hasUniqueValue" in body and body["hasUniqueValue"] is not old.unique:
        raise bad_request(f"hasUniqueValue of {old.name} cannot be changed after the property was created")
    changes = _shown(call, found, body)
    if "options" in body:
        changes["options"] = _options(body)
    if body.get("type", old.type) != old.type or body.get("fieldType", old.field_type) != old.field_type:
        changes |= _typed(str(body.get("type", old.type)), str(body.get("fieldType", old.field_type)))
    own = {"options"} if not old.has_fixed_options else set()
    if old.hubspot_defined and changes.keys() - own:
        raise bad_request(f"The definition of {old.name} is read only", subCategory="PROPERTY_IS_READ_ONLY")
    new = replace(old, **changes, updated=call.portal.now(), updated_by=call.token.user_id)
    call.portal.define(found, new)
    audit.note(call, "PROPERTY", "UPDATE", new.label, found.upper)
    return Response.of_json(new.wire())


def archive_property(call: Call, kind: str, name: str) -> Response:
    _archive(call, call.portal.kind(kind), name)
    return Response(204)


def read_batch(call: Call, kind: str) -> Response:
    found, started = call.portal.kind(kind), call.portal.now()
    archived = call.body().get("archived") is True
    sensitivity = str(call.body().get("dataSensitivity") or "non_sensitive")
    return _batch(call, 200, started, lambda item: _known(call, found, id_text(item, "name"), archived, sensitivity))


def create_batch(call: Call, kind: str) -> Response:
    """201 or 207 in v3, 200 in 2026-09."""
    found, started = call.portal.kind(kind), call.portal.now()
    done = 200 if call.version.startswith("2026-09") else 201
    return _batch(call, done, started, lambda item: create(call, found, item))


def archive_batch(call: Call, kind: str) -> Response:
    found = call.portal.kind(kind)
    for item in call.inputs(BATCH_MAX):
        _archive(call, found, id_text(item, "name"))
    return Response(204)


def create(call: Call, kind: Kind, body: dict[str, Any]) -> Definition:
    """Define a property of the account's own; 409 when there is one of that name, 400 for a bad definition."""
    name, label = id_text(body, "name"), id_text(body, "label")
    if not NAME.fullmatch(name):
        raise bad_request(f"Property name {name[:100]} is invalid: lower-case letters, digits and _ only")
    typed = _typed(id_text(body, "type"), id_text(body, "fieldType"))
    id_text(body, "groupName")
    shown = _shown(call, kind, body)
    known = call.portal.definitions(kind)
    if name in known and not known[name].archived:
        raise HubspotError(
            409, f"A property named {name} already exists.", "OBJECT_ALREADY_EXISTS",
            subCategory="Properties.PROPERTY_EXISTS",
        )  # fmt: skip
    now, user = call.portal.now(), call.token.user_id
    made = Definition(name, label, hubspot_defined=False, created=now, updated=now, created_by=user, updated_by=user)
    yes_or_no = option_pairs(("true", "Yes"), ("false", "No")) if typed["type"] == "bool" else ()
    made = replace(made, **{**typed, **shown}, options=_options(body) or yes_or_no, **_bounds(body))
    if made.unique:
        _check_unique(known, made)
    if name in known:
        call.portal.store.blank(kind, name)
    call.portal.define(kind, made)
    if made.unique:
        call.portal.store.index(kind, name)
    audit.note(call, "PROPERTY", "CREATE", label, kind.upper)
    return made


def _batch(call: Call, done: int, started: str, one: Callable[[Entry], Definition]) -> Response:
    results: list[Entry] = []
    errors: list[Entry] = []
    for item in call.inputs(BATCH_MAX):
        try:
            results.append(one(item).wire())
        except HubspotError as error:
            errors.append(error.entry({"name": [str(item.get("name"))]}))
    return answer(call, results, errors, done, started)


def _sensitivity(call: Call) -> str:
    found = call.request.first("dataSensitivity") or "non_sensitive"
    if found not in SENSITIVITIES:
        raise bad_request(f"Invalid value for dataSensitivity: expected one of {', '.join(SENSITIVITIES)}")
    return found


def _known(call: Call, kind: Kind, name: str, archived: bool, sensitivity: str | None = None) -> Definition:
    """A definition that is archived or not, as asked; one of sensitive data only when asked for those."""
    found = call.portal.definitions(kind).get(name.lower())
    wanted = sensitivity or (_sensitivity(call) if call.request.method == "GET" else None)
    if found is None or found.archived != archived or wanted not in (None, found.sensitivity):
        raise not_found(f"Property {name[:100]} does not exist", subCategory="Properties.PROPERTY_NOT_FOUND")
    return found


def _archive(call: Call, kind: Kind, name: str) -> None:
    found = call.portal.definitions(kind).get(name.lower())
    if found is None or found.archived:
        return
    if found.hubspot_defined:
        raise bad_request(f"{found.name} is a HubSpot property and cannot be archived")
    now = call.portal.now()
    call.portal.define(kind, replace(found, archived=True, archived_at=now, updated=now))
    audit.note(call, "PROPERTY", "ARCHIVE", found.label, kind.upper)


def _options(body: dict[str, Any]) -> tuple[Option, ...]:
    options = body.get("options") or []
    if not isinstance(options, list):
        raise bad_request("Invalid input JSON: `options` must be a list")
    listed = [
        Option(
            id_text(option, "value"),
            id_text(option, "label"),
            str(option.get("description") or ""),
            option.get("hidden") is True,
        )
        for option in options
    ]
    for name in ("value", "label"):
        seen = [getattr(option, name) for option in listed]
        if len(set(seen)) < len(seen):
            raise bad_request(f"Property option {name}s must be unique", subCategory="PROPERTY_INVALID")
    order = [whole(option, "displayOrder", place) for place, option in enumerate(options)]
    places = sorted(range(len(listed)), key=lambda place: (order[place], place))
    return tuple(listed[place] for place in places)


def _typed(type_name: str, field_type: str) -> dict[str, Any]:
    """Type and field type, which must go together."""
    if field_type not in FIELD_TYPES.get(type_name, ()):
        raise bad_request(f"Invalid combination of type {type_name[:50]} and fieldType {field_type[:50]}")
    is_formula = field_type == "calculation_equation"
    return {"type": type_name, "field_type": field_type, "calculated": is_formula, "read_only": is_formula}


def _shown(call: Call, kind: Kind, body: dict[str, Any]) -> dict[str, Any]:
    """What a create and an update may say alike."""
    found: dict[str, Any] = {ours: str(body[theirs] or "") for theirs, ours in _LABELLED.items() if theirs in body}
    if "group" in found and found["group"] not in groups(call, kind):
        raise bad_request(f"Property group {found['group'][:100]} does not exist")
    if "displayOrder" in body:
        found["display_order"] = whole(body, "displayOrder", -1)
    for theirs, ours in (("hidden", "hidden"), ("formField", "in_forms")):
        if isinstance(body.get(theirs), bool):
            found[ours] = body[theirs]
    extras = {name: body[name] for name in EXTRAS if body.get(name) is not None}
    return {**found, "extras": extras} if extras else found


def _bounds(body: dict[str, Any]) -> dict[str, Any]:
    """What stays as it was when the property was made."""
    sensitivity = body.get("dataSensitivity") or "non_sensitive"
    if sensitivity not in SENSITIVITIES:
        raise bad_request(f"Invalid value for dataSensitivity: expected one of {', '.join(SENSITIVITIES)}")
    external = body.get("externalOptions") is True
    return {"unique": body.get("hasUniqueValue") is True, "sensitivity": sensitivity, "external_options": external}


def _check_unique(known: dict[str, Definition], made: Definition) -> None:
    if sum(one.unique and not one.archived for one in known.values()) >= MAX_UNIQUE:
        raise bad_request(f"An object can have at most {MAX_UNIQUE} unique properties")
    if made.type not in ("string", "number"):
        raise bad_request(f"A property of type {made.type} cannot have unique values")
