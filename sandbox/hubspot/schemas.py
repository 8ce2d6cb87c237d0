"""Handlers for the schemas of object types: HubSpot's own to read, custom ones to define."""

from __future__ import annotations

import re
from typing import Any

from sandbox.hubspot import audit, properties
from sandbox.hubspot.batches import answer
from sandbox.hubspot.call import Call, id_text, texts
from sandbox.hubspot.errors import HubspotError, bad_request, not_found
from sandbox.hubspot.kinds import Kind
from sandbox.hubspot.link_types import LinkType
from sandbox.hubspot.schema import group_of
from sandbox.wire import Response

Schema = dict[str, Any]
BATCH_MAX = 100
MAX_CUSTOM = 10
_NAME = re.compile(r"[a-z][a-z0-9_]{0,49}")
_FIRST_NUMBER = 3_000_001
# Every custom object can have these without being asked for.
_ACTIVITIES = ("calls", "emails", "meetings", "notes", "tasks", "communications", "postal_mail")
_LISTS = ("requiredProperties", "searchableProperties", "secondaryDisplayProperties")


def list_schemas(call: Call) -> Response:
    """The custom object types; `archived` ones are none, for they are erased."""
    found = [] if call.flag("archived") else [kind for kind in call.portal.kinds if kind.is_custom]
    return Response.of_json({"results": [_shown(call, kind) for kind in found]})


def get_schema(call: Call, kind: str) -> Response:
    return Response.of_json(_shown(call, call.portal.kind(kind)))


def read_batch(call: Call) -> Response:
    started = call.portal.now()
    names = texts(call.body().get("inputs"), "inputs")
    if not names or len(names) > BATCH_MAX:
        raise bad_request(f"A batch needs between 1 and {BATCH_MAX} inputs")
    return answer(call, [_shown(call, call.portal.kind(name)) for name in names], [], 200, started)


def create_schema(call: Call) -> Response:
    """Define an object type with its properties and what it can be associated with; 201."""
    body = call.body()
    schema = _new(call, body)
    kind = call.portal.put_schema(schema)
    for item in _objects(body, "properties"):
        sent = {"type": "string", "fieldType": "text", "groupName": group_of(kind), **_given(item)}
        properties.create(call, kind, sent)
    _check_names(call, kind, schema)
    wanted = texts(body.get("associatedObjects"), "associatedObjects")
    for name in dict.fromkeys([*(call.portal.kind(one).plural for one in wanted), *_ACTIVITIES]):
        _associate(call, kind, call.portal.kind(name), None)
    audit.note(call, "CUSTOM_OBJECT", "CREATE", kind.singular_label)
    return Response.of_json(_shown(call, kind), 201)


def update_schema(call: Call, kind: str) -> Response:
    found, body = _custom(call, kind), call.body()
    schema = _stored(call, found)
    if "labels" in body:
        schema["labels"] |= _labels(body, schema["labels"])
    for name in _LISTS:
        if name in body:
            schema[name] = texts(body[name], name)
    if "primaryDisplayProperty" in body:
        schema["primaryDisplayProperty"] = id_text(body, "primaryDisplayProperty")
    if body.get("clearDescription") is True or "description" in body:
        schema["description"] = str(body.get("description") or "")
    schema |= {"updatedAt": call.portal.now(), "updatedByUserId": call.token.user_id}
    found = call.portal.put_schema(schema)
    _check_names(call, found, schema)
    return Response.of_json(_told(call, found))


def delete_schema(call: Call, kind: str) -> Response:
    """204; 400 while there are records of the type."""
    found = _custom(call, kind)
    if call.portal.store.count(found):
        raise bad_request(
            f"Object type {found.type_id} still has records; delete them first", subCategory="OBJECT_TYPE_HAS_RECORDS"
        )
    for link_type in call.links.types.of(found):
        call.links.undefine(link_type)
    call.portal.drop_schema(found)
    audit.note(call, "CUSTOM_OBJECT", "DELETE", found.singular_label)
    return Response(204)


def create_association(call: Call, kind: str) -> Response:
    found, body = call.portal.kind(kind), call.body()
    source, target = (call.portal.kind(id_text(body, name)) for name in ("fromObjectTypeId", "toObjectTypeId"))
    if found not in (source, target) or not (source.is_custom or target.is_custom):
        raise bad_request("An association definition needs the object type of the path, and a custom one")
    name = str(body["name"]) if body.get("name") else None
    return Response.of_json(_association(call, _associate(call, source, target, name)), 201)


def delete_association(call: Call, kind: str, association_id: str) -> Response:
    found = call.portal.kind(kind)
    for link_type in call.links.types.of(found):
        if association_id in (str(link_type.id), link_type.name) and link_type.category == "USER_DEFINED":
            call.links.undefine(link_type)
            return Response(204)
    raise not_found()


def _new(call: Call, body: Schema) -> Schema:
    portal = call.portal
    name = id_text(body, "name").lower()
    if not _NAME.fullmatch(name) or name.endswith("_lag"):
        raise bad_request(f"Object name {name[:100]} is invalid: letters, digits and _ only, a letter first")
    custom = [kind for kind in portal.kinds if kind.is_custom]
    if any(kind.is_named(name) for kind in portal.kinds):
        raise HubspotError(
            409, f"Object schema with name {name} already exists", "OBJECT_ALREADY_EXISTS",
            subCategory="ObjectTypeDefinitionError.DUPLICATE_FULLY_QUALIFIED_NAME",
        )  # fmt: skip
    if len(custom) >= MAX_CUSTOM:
        raise bad_request(f"An account can have at most {MAX_CUSTOM} custom object types")
    properties_sent = [id_text(item, "name") for item in _objects(body, "properties")]
    if not properties_sent:
        raise bad_request("Some required fields were not set: [properties]")
    number = portal.documents.get("last-id", "schemas") or _FIRST_NUMBER
    portal.documents.put("last-id", "schemas", number + 1)
    now = portal.now()
    required, searchable = (texts(body.get(one), one) for one in ("requiredProperties", "searchableProperties"))
    return {
        "id": str(number),
        "objectTypeId": f"2-{number}",
        "name": name,
        "fullyQualifiedName": f"p{portal.settings.portal_id}_{name}",
        "labels": _labels(body, {}),
        "description": str(body.get("description") or ""),
        "primaryDisplayProperty": str(body.get("primaryDisplayProperty") or properties_sent[0]),
        "requiredProperties": required,
        "searchableProperties": searchable or properties_sent[:1],
        "secondaryDisplayProperties": texts(body.get("secondaryDisplayProperties"), "secondaryDisplayProperties"),
        "allowsSensitiveProperties": body.get("allowsSensitiveProperties") is True,
        "metaType": "PORTAL_SPECIFIC",
        "archived": False,
        "createdAt": now,
        "updatedAt": now,
        "createdByUserId": call.token.user_id,
        "updatedByUserId": call.token.user_id,
    }


def _labels(body: Schema, known: dict[str, str]) -> dict[str, str]:
    labels = body.get("labels")
    if not isinstance(labels, dict):
        raise bad_request("Some required fields were not set: [labels]")
    return {name: id_text({**known, **labels}, name) for name in ("singular", "plural")}


def _objects(body: Schema, name: str) -> list[Schema]:
    found = body.get(name) or []
    if not isinstance(found, list) or not all(isinstance(item, dict) for item in found):
        raise bad_request(f"Invalid input JSON: `{name}` must be a list of objects")
    return found


def _given(item: Schema) -> Schema:
    return {name: value for name, value in item.items() if value is not None}


def _check_names(call: Call, kind: Kind, schema: Schema) -> None:
    """400 when the schema names a property the object type does not have."""
    named = [schema["primaryDisplayProperty"], *(one for name in _LISTS for one in schema[name])]
    unknown = [name for name in named if call.portal.definition(kind, name) is None]
    if unknown:
        raise bad_request(f"Properties do not exist on {kind.type_id}: {', '.join(unknown)[:200]}")


def _associate(call: Call, source: Kind, target: Kind, name: str | None) -> LinkType:
    """Let the two be associated, if they cannot yet; the unlabelled type."""
    known = call.links.types.unlabelled(source, target)
    if known is not None:
        return known
    there = call.links.types.next_own()
    back = there if source == target else there + 1
    word = name or f"{source.singular}_to_{target.singular}"
    link_type = LinkType(there, source.plural, target.plural, None, back, word, "USER_DEFINED")
    back_word = word if source == target else f"{target.singular}_to_{source.singular}"
    inverse = LinkType(back, target.plural, source.plural, None, there, back_word, "USER_DEFINED")
    call.links.define(link_type, inverse)
    return link_type


def _custom(call: Call, name: str) -> Kind:
    kind = call.portal.kind(name)
    if not kind.is_custom:
        raise bad_request(f"Object type {kind.type_id} is HubSpot's own and cannot be changed")
    return kind


def _stored(call: Call, kind: Kind) -> Schema:
    found: Schema = call.portal.documents.get("schemas", kind.plural)
    return found


def _shown(call: Call, kind: Kind) -> Schema:
    """The schema with property and association definitions."""
    known = call.portal.definitions(kind).values()
    types = [link_type for link_type in call.links.types.of(kind) if link_type.label is None]
    return {
        **_told(call, kind),
        "properties": [one.wire() for one in known if not one.archived],
        "associations": [_association(call, link_type) for link_type in types],
    }


def _told(call: Call, kind: Kind) -> Schema:
    if kind.is_custom:
        return {**_stored(call, kind), "portalId": call.portal.settings.portal_id}
    names = list(kind.asked or kind.display)
    return {
        "id": kind.type_id,
        "objectTypeId": kind.type_id,
        "name": kind.upper,
        "fullyQualifiedName": kind.upper,
        "labels": {"singular": kind.singular_label, "plural": kind.plural_label},
        "primaryDisplayProperty": kind.display[0],
        "requiredProperties": [group[0] for group in kind.required if len(group) == 1],
        "searchableProperties": names,
        "secondaryDisplayProperties": [],
        "allowsSensitiveProperties": True,
        "archived": False,
    }


def _association(call: Call, link_type: LinkType) -> Schema:
    return {
        "id": str(link_type.id),
        "name": link_type.name,
        "fromObjectTypeId": call.portal.kind(link_type.source).type_id,
        "toObjectTypeId": call.portal.kind(link_type.target).type_id,
    }
