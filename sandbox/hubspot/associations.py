"""Handlers for associations in the v4 and dated form: of one record and in batches."""

from __future__ import annotations

from typing import Any

from sandbox.hubspot.batches import Entry, answer
from sandbox.hubspot.call import Call, id_text
from sandbox.hubspot.errors import HubspotError, bad_request, not_found
from sandbox.hubspot.kinds import Kind
from sandbox.hubspot.link_specs import type_ids
from sandbox.hubspot.link_types import LinkType
from sandbox.hubspot.links import Linked
from sandbox.hubspot.objects import locate
from sandbox.hubspot.values import natural
from sandbox.wire import Response

PAGE_MAX = 500
READ_MAX = 1_000
WRITE_MAX = 2_000


def list_links(call: Call, kind: str, record_id: str, target: str) -> Response:
    """What one record is linked to, by id; ids are numbers here."""
    source, found = call.portal.kind(kind), call.portal.kind(target)
    number = locate(call, source, record_id)
    limit = call.whole("limit", PAGE_MAX, 1, PAGE_MAX)
    after = _whole(call.request.first("after") or "0")
    linked = call.links.page(source, number, found, after, limit + 1)
    types = call.links.types.between(source, found)
    body: dict[str, Any] = {"results": [_linked(types, one) for one in linked[:limit]]}
    if len(linked) > limit:
        body["paging"] = call.next_page(str(linked[limit][0]))
    return Response.of_json(body)


def put_default(call: Call, kind: str, record_id: str, target: str, target_id: str) -> Response:
    """Link without a label: a COMPLETE batch that names both directions."""
    source, found = call.portal.kind(kind), call.portal.kind(target)
    started = call.portal.now()
    one, other = _number(call, source, record_id), _number(call, found, target_id)
    return answer(call, _default_results(call, source, one, found, other), [], 200, started)


def put_labelled(call: Call, kind: str, record_id: str, target: str, target_id: str) -> Response:
    """Replace the labels of an association, making it where it is missing; 201."""
    source, found = call.portal.kind(kind), call.portal.kind(target)
    one, other = _number(call, source, record_id), _number(call, found, target_id)
    types = call.links.label(source, one, found, other, _type_ids(call, source, found, call.any_body()))
    return Response.of_json(_labelled(call, source, one, found, other, types), 201)


def delete_link(call: Call, kind: str, record_id: str, target: str, target_id: str) -> Response:
    source, found = call.portal.kind(kind), call.portal.kind(target)
    call.links.unlink(source, _whole(record_id), found, _whole(target_id))
    return Response(204)


def read_links(call: Call, source: str, target: str) -> Response:
    """200, or 207 naming the inputs that have no association. Each input may page by its own `after`."""
    one, other = call.portal.kind(source), call.portal.kind(target)
    started = call.portal.now()
    inputs = call.inputs(READ_MAX)
    wanted = {id_text(item): item.get("after") for item in inputs}
    known = call.links.of(one, [_whole(name) for name in wanted], other)
    types = call.links.types.between(one, other)
    results: list[Entry] = []
    errors: list[Entry] = []
    for name, after in wanted.items():
        linked = _from(known.get(_whole(name), []), after)
        if not linked:
            errors.append(_unlinked(one, other, name))
            continue
        entry: Entry = {"from": {"id": name}, "to": [_linked(types, link) for link in linked[:PAGE_MAX]]}
        if len(linked) > PAGE_MAX:
            path = f"{call.request.host}/crm/v4/objects/{one.plural}/{name}/associations/{other.plural}"
            following = str(linked[PAGE_MAX][0])
            entry["paging"] = {"next": {"after": following, "link": f"{path}?after={following}"}}
        results.append(entry)
    return answer(call, results, errors, 200, started)


def create_links(call: Call, source: str, target: str) -> Response:
    """201, or 207 naming the pairs of which a record is missing."""
    one, other = call.portal.kind(source), call.portal.kind(target)
    started = call.portal.now()
    results: list[Entry] = []
    errors: list[Entry] = []
    for item in call.inputs(WRITE_MAX):
        source_id, target_id = id_text(item.get("from")), id_text(item.get("to"))
        type_ids = _type_ids(call, one, other, item.get("types"))
        try:
            numbers = _number(call, one, source_id), _number(call, other, target_id)
            types = call.links.label(one, numbers[0], other, numbers[1], type_ids)
        except HubspotError as error:
            errors.append(error.entry({"fromObjectId": [source_id], "toObjectId": [target_id]}))
            continue
        results.append(_labelled(call, one, numbers[0], other, numbers[1], types))
    return answer(call, results, errors, 201, started)


def default_links(call: Call, source: str, target: str) -> Response:
    one, other = call.portal.kind(source), call.portal.kind(target)
    started = call.portal.now()
    results: list[Entry] = []
    errors: list[Entry] = []
    for item in call.inputs(WRITE_MAX):
        source_id, target_id = id_text(item.get("from")), id_text(item.get("to"))
        try:
            numbers = _number(call, one, source_id), _number(call, other, target_id)
            results += _default_results(call, one, numbers[0], other, numbers[1])
        except HubspotError as error:
            errors.append(error.entry({"fromObjectId": [source_id], "toObjectId": [target_id]}))
    return answer(call, results, errors, 200, started)


def archive_links(call: Call, source: str, target: str) -> Response:
    """Remove whole associations: 204 in v4, 200 in the dated versions."""
    one, other = call.portal.kind(source), call.portal.kind(target)
    for item in call.inputs(WRITE_MAX):
        targets = item.get("to")
        if not isinstance(targets, list):
            raise bad_request("Invalid input JSON: `to` must be a list of objects")
        for to in targets:
            call.links.unlink(one, _whole(id_text(item.get("from"))), other, _whole(id_text(to)))
    return _done(call)


def archive_labels(call: Call, source: str, target: str) -> Response:
    one, other = call.portal.kind(source), call.portal.kind(target)
    for item in call.inputs(WRITE_MAX):
        pair = _whole(id_text(item.get("from"))), _whole(id_text(item.get("to")))
        call.links.unlabel(one, pair[0], other, pair[1], _type_ids(call, one, other, item.get("types")))
    return _done(call)


def _done(call: Call) -> Response:
    if not call.is_dated:
        return Response(204)
    return answer(call, [], [], 200, call.portal.now())


def _whole(text: str) -> int:
    """0, which no record has, for what is no number."""
    return natural(text) or 0


def _number(call: Call, kind: Kind, text: str) -> int:
    found = _whole(text)
    if not call.portal.store.rows(kind, [found], ()):
        raise not_found(f"Object not found. objectId are usually numeric. {kind.upper}={text[:40]}")
    return found


def _from(linked: list[Linked], after: Any) -> list[Linked]:
    return [one for one in linked if one[0] >= _whole(str(after))] if after else linked


def _linked(types: dict[int, LinkType], linked: Linked) -> dict[str, Any]:
    number, ids = linked
    return {"toObjectId": number, "associationTypes": [types[i].wire() for i in ids if i in types]}


def _unlinked(one: Kind, other: Kind, name: str) -> Entry:
    error = not_found(
        f"No {other.singular} is associated with {one.singular} {name}.",
        subCategory="crm.associations.NO_ASSOCIATIONS_FOUND",
    )
    context = {"fromObjectId": [name], "fromObjectType": [one.singular], "toObjectType": [other.singular]}
    return error.entry(context)


def _type_ids(call: Call, one: Kind, other: Kind, value: Any) -> list[int]:
    return type_ids(call.links.types.between(one, other), one, other, value)


def _labelled(call: Call, one: Kind, one_id: int, other: Kind, other_id: int, types: list[int]) -> dict[str, Any]:
    known = call.links.types.between(one, other)
    return {
        "fromObjectTypeId": one.type_id,
        "fromObjectId": one_id,
        "toObjectTypeId": other.type_id,
        "toObjectId": other_id,
        "labels": [label for t in types if (label := known[t].label)],
    }


def _default_results(call: Call, one: Kind, one_id: int, other: Kind, other_id: int) -> list[Entry]:
    """Both directions of the unlabelled type. A primary flag that comes along is not told."""
    there, back = call.links.default(one, one_id, other, other_id)
    return [
        {
            "from": {"id": str(source_id)},
            "to": {"id": str(target_id)},
            "associationSpec": {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": type_id},
        }
        for source_id, target_id, type_id in ((one_id, other_id, there), (other_id, one_id, back))
    ]
