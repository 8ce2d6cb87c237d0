"""Handlers for associations in the v3 form, which names types by words."""

from __future__ import annotations

from typing import Any

from sandbox.hubspot.associations import READ_MAX, WRITE_MAX
from sandbox.hubspot.batches import Entry, answer
from sandbox.hubspot.call import Call, id_text
from sandbox.hubspot.errors import bad_request, not_found
from sandbox.hubspot.kinds import Kind
from sandbox.hubspot.link_types import LinkType
from sandbox.hubspot.objects import locate, show
from sandbox.hubspot.values import natural
from sandbox.wire import Response


def list_types(call: Call, source: str, target: str) -> Response:
    types = call.links.types.between(call.portal.kind(source), call.portal.kind(target)).values()
    return Response.of_json({"results": [{"id": str(one.id), "name": one.name} for one in types]})


def read_links(call: Call, source: str, target: str) -> Response:
    """200 or 207; one entry per type, and no paging."""
    one, other = call.portal.kind(source), call.portal.kind(target)
    started = call.portal.now()
    wanted = list(dict.fromkeys(id_text(item) for item in call.inputs(READ_MAX)))
    known = call.links.of(one, [natural(name) or 0 for name in wanted], other)
    types = call.links.types.between(one, other)
    results: list[Entry] = []
    errors: list[Entry] = []
    for name in wanted:
        linked = known.get(natural(name) or 0)
        if linked:
            to = [{"id": str(number), "type": types[i].name} for number, ids in linked for i in ids]
            results.append({"from": {"id": name}, "to": to})
        else:
            message = f"No {other.singular} is associated with {one.singular} {name}."
            error = not_found(message, subCategory="crm.associations.NO_ASSOCIATIONS_FOUND")
            errors.append(error.entry({"fromObjectId": [name]}))
    return answer(call, results, errors, 200, started)


def create_links(call: Call, source: str, target: str) -> Response:
    one, other = call.portal.kind(source), call.portal.kind(target)
    started = call.portal.now()
    results: list[Entry] = []
    for item in call.inputs(WRITE_MAX):
        numbers = _number(call, one, item.get("from")), _number(call, other, item.get("to"))
        link_type = _named(call, one, other, str(item.get("type")))
        call.links.add_labels(one, numbers[0], other, numbers[1], [link_type.id])
        results.append(
            {"from": {"id": str(numbers[0])}, "to": {"id": str(numbers[1])}, "type": link_type.name}
        )  # fmt: skip
    return answer(call, results, [], 201, started)


def archive_links(call: Call, source: str, target: str) -> Response:
    one, other = call.portal.kind(source), call.portal.kind(target)
    for item in call.inputs(WRITE_MAX):
        numbers = _number(call, one, item.get("from")), _number(call, other, item.get("to"))
        link_type = _named(call, one, other, str(item.get("type")))
        call.links.unlabel(one, numbers[0], other, numbers[1], [link_type.id])
    return Response(204)


def list_of_record(call: Call, kind: str, record_id: str, target: str) -> Response:
    source, found = call.portal.kind(kind), call.portal.kind(target)
    number = locate(call, source, record_id)
    types = call.links.types.between(source, found)
    linked = call.links.of(source, [number], found).get(number, [])
    return Response.of_json({"results": [{"id": str(to), "type": types[i].name} for to, ids in linked for i in ids]})


def put_link(call: Call, kind: str, record_id: str, target: str, target_id: str, type_name: str) -> Response:
    """200 and the record that was linked."""
    source, found = call.portal.kind(kind), call.portal.kind(target)
    one, other = locate(call, source, record_id), _number(call, found, {"id": target_id})
    call.links.add_labels(source, one, found, other, [_named(call, source, found, type_name).id])
    return Response.of_json(show(call, source, one, ()))


def delete_link(call: Call, kind: str, record_id: str, target: str, target_id: str, type_name: str) -> Response:
    source, found = call.portal.kind(kind), call.portal.kind(target)
    one, other = locate(call, source, record_id), _number(call, found, {"id": target_id})
    call.links.unlabel(source, one, found, other, [_named(call, source, found, type_name).id])
    return Response(204)


def _named(call: Call, one: Kind, other: Kind, name: str) -> LinkType:
    found = call.links.types.named(one, other, name)
    if found is None:
        raise bad_request(f"{name} is not a valid association type between {one.plural} and {other.plural}")
    return found


def _number(call: Call, kind: Kind, item: Any) -> int:
    name = id_text(item)
    number = natural(name) or 0
    if not call.portal.store.rows(kind, [number], ()):
        raise not_found()
    return number
