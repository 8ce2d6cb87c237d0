"""Handlers for association types: labels of the account's own, how many a record may have, the usage report."""

from __future__ import annotations

from typing import Any

from sandbox.hubspot.batches import Entry, answer
from sandbox.hubspot.call import Call, id_text, whole
from sandbox.hubspot.errors import HubspotError, bad_request, not_found
from sandbox.hubspot.link_types import LinkType
from sandbox.hubspot.values import natural
from sandbox.wire import Response

MAX_LABELS = 10
CONFIGURATIONS_MAX = 100


def list_labels(call: Call, source: str, target: str) -> Response:
    types = call.links.types.between(call.portal.kind(source), call.portal.kind(target)).values()
    return Response.of_json({"results": [link_type.wire() for link_type in types]})


def create_label(call: Call, source: str, target: str) -> Response:
    """A label of the account's own: one type id for each direction, or one for both when they read the same."""
    one, other = call.portal.kind(source), call.portal.kind(target)
    body = call.body()
    label, name = id_text(body, "label"), id_text(body, "name")
    known = list(call.links.types.between(one, other).values())
    if not known:
        raise bad_request(f"There are no associations between {one.type_id} and {other.type_id}")
    own = {t.name for t in known if t.category == "USER_DEFINED" and t.label is not None}
    if len(own) >= MAX_LABELS:
        raise bad_request(f"There are {MAX_LABELS} labels between {one.type_id} and {other.type_id} already")
    if name in own:
        raise HubspotError(409, f"An association label named {name} already exists", "CONFLICT")
    inverse = str(body.get("inverseLabel") or label)
    first = call.links.types.next_own()
    is_one = one == other and inverse == label
    back = first if is_one else first + 1
    made = [
        LinkType(first, one.plural, other.plural, label, back, name, "USER_DEFINED"),
        LinkType(back, other.plural, one.plural, inverse, first, name, "USER_DEFINED"),
    ]
    call.links.define(*made[: 1 if is_one else 2])
    return Response.of_json({"results": [link_type.wire() for link_type in made[: 1 if is_one else 2]]})


def update_label(call: Call, source: str, target: str) -> Response:
    """204: new words for a label of the account's own."""
    body = call.body()
    found = _own(call, source, target, whole(body, "associationTypeId", 0))
    call.links.relabel(found, id_text(body, "label"), str(body.get("inverseLabel") or "") or None)
    return Response(204)


def delete_label(call: Call, source: str, target: str, type_id: str) -> Response:
    """204; associations lose the label and stay."""
    call.links.undefine(_own(call, source, target, natural(type_id) or 0))
    return Response(204)


def list_configurations(call: Call, source: str = "", target: str = "") -> Response:
    """The maxima that the account set, of one pair or of all."""
    if not source:
        return Response.of_json({"results": [_configuration(*pair) for pair in call.links.maxima()]})
    wanted = call.portal.kind(source).plural, call.portal.kind(target).plural
    found = [pair for pair in call.links.maxima() if (pair[0].source, pair[0].target) == wanted]
    return Response.of_json({"results": [_configuration(*pair) for pair in found]})


def create_configurations(call: Call, source: str, target: str) -> Response:
    """201 or 207: set how many records of `target` one record of `source` may be linked to by a type."""
    return _configured(call, source, target, 201)


def update_configurations(call: Call, source: str, target: str) -> Response:
    return _configured(call, source, target, 200)


def purge_configurations(call: Call, source: str, target: str) -> Response:
    """204: let these types have no maximum of the account's any more."""
    types = call.links.types.between(call.portal.kind(source), call.portal.kind(target))
    for item in call.inputs(CONFIGURATIONS_MAX):
        call.links.limit(_type(types, item), None)
    return Response(204)


def high_usage_report(call: Call, user_id: str) -> Response:
    """A report of records near their maximum is mailed to the user; here only its order is confirmed."""
    if natural(user_id) is None:
        raise bad_request(f"Invalid userId: {user_id[:50]}")
    owners = call.portal.documents.list("owners").values()
    email = next((one["email"] for one in owners if str(one["userId"]) == user_id), "admin@sandbox.example")
    return Response.of_json({"userId": int(user_id), "userEmail": email, "enqueueTime": call.portal.now()})


def _own(call: Call, source: str, target: str, type_id: int) -> LinkType:
    found = call.links.types.between(call.portal.kind(source), call.portal.kind(target)).get(type_id)
    if found is None or found.category != "USER_DEFINED":
        raise not_found()
    return found


def _configured(call: Call, source: str, target: str, done: int) -> Response:
    started = call.portal.now()
    types = call.links.types.between(call.portal.kind(source), call.portal.kind(target))
    results: list[Entry] = []
    errors: list[Entry] = []
    for item in call.inputs(CONFIGURATIONS_MAX):
        most = whole(item, "maxToObjectIds", 0)
        try:
            link_type = _type(types, item)
            if most < 1:
                raise bad_request("maxToObjectIds must be at least 1")
        except HubspotError as error:
            errors.append(error.entry({"typeId": [str(item.get("typeId"))]}))
            continue
        call.links.limit(link_type, most)
        results.append(_configuration(link_type, most))
    return answer(call, results, errors, done, started)


def _type(types: dict[int, LinkType], item: dict[str, Any]) -> LinkType:
    found = types.get(whole(item, "typeId", 0))
    if found is None or item.get("category", found.category) != found.category:
        raise not_found(f"There is no association type {item.get('category')} {item.get('typeId')}")
    return found


def _configuration(link_type: LinkType, most: int) -> Entry:
    return {**link_type.wire(), "userEnforcedMaxToObjectIds": most}
