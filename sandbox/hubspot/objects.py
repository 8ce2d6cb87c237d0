"""Handlers for one record and for the list of an object type."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from sandbox.hubspot.call import Call, id_text
from sandbox.hubspot.errors import bad_request, no_permission, not_found
from sandbox.hubspot.history import histories
from sandbox.hubspot.kinds import Kind
from sandbox.hubspot.link_specs import specs, type_ids
from sandbox.hubspot.link_types import LinkType
from sandbox.hubspot.required import may_associate
from sandbox.hubspot.values import natural
from sandbox.hubspot.view import names_shown, record
from sandbox.hubspot.writing import identity
from sandbox.wire import Response

PAGE_MAX = 100
HISTORY_PAGE_MAX = 50
_LINKS_SHOWN = 100


def list_objects(call: Call, kind: str) -> Response:
    """A page of records by id. `after` is the id of the first record of the page."""
    found = call.portal.kind(kind)
    histories_of = call.names("propertiesWithHistory")
    limit = call.whole("limit", 10, 1, HISTORY_PAGE_MAX if histories_of else PAGE_MAX)
    names = names_shown(call.portal, found, call.names("properties"))
    rows = call.portal.store.page(found, call.after(), limit + 1, names, archived=call.flag("archived"))
    shown = [record(names, row) for row in rows[:limit]]
    add_history(call, found, shown, histories_of)
    add_links(call, found, shown, call.names("associations"))
    body: dict[str, Any] = {"results": shown}
    if len(rows) > limit:
        body["paging"] = call.next_page(str(rows[limit][0]))
    return Response.of_json(body)


def get_object(call: Call, kind: str, record_id: str) -> Response:
    found = call.portal.kind(kind)
    names = names_shown(call.portal, found, call.names("properties"))
    number = locate(call, found, record_id, archived=call.flag("archived"))
    row = call.portal.store.rows(found, [number], names, archived=None)[0]
    shown = [record(names, row)]
    add_history(call, found, shown, call.names("propertiesWithHistory"))
    add_links(call, found, shown, call.names("associations"))
    return Response.of_json(shown[0])


def create_object(call: Call, kind: str) -> Response:
    found = call.portal.kind(kind)
    body = call.body()
    number, names = create_one(call, found, body)
    return Response.of_json(show(call, found, number, names), 201)


def update_object(call: Call, kind: str, record_id: str) -> Response:
    found = call.portal.kind(kind)
    values = call.writer.checked(found, call.body().get("properties"))
    number = locate(call, found, record_id)
    call.writer.update(found, number, values, call.author, version=call.version)
    return Response.of_json(show(call, found, number, list(values)))


def delete_object(call: Call, kind: str, record_id: str) -> Response:
    """204, for an unknown id too."""
    found = call.portal.kind(kind)
    known = identity(call.portal, call.writer, found, call.request.first("idProperty"), [record_id])
    if record_id in known and call.portal.store.rows(found, [known[record_id]], ()):
        call.writer.archive(found, known[record_id])
    return Response(204)


def create_one(call: Call, kind: Kind, item: dict[str, Any]) -> tuple[int, list[str]]:
    """Make a record from `{properties, associations?}`; its id and the properties that were sent."""
    values = call.writer.checked(kind, item.get("properties") or {})
    number = call.writer.create(kind, values, call.author, version=call.version)
    wanted_links = item.get("associations") or []
    if not isinstance(wanted_links, list):
        raise bad_request("Invalid input JSON: `associations` must be a list")
    if wanted_links and not may_associate(call.portal.settings, call.token, call.version):
        raise no_permission()
    for wanted in wanted_links:
        _associate(call, kind, number, wanted)
    return number, list(values)


def _associate(call: Call, kind: Kind, number: int, wanted: Any) -> None:
    """One `{to: {id}, types: [{associationCategory, associationTypeId}]}` of a create."""
    if not isinstance(wanted, dict):
        raise bad_request("Invalid input JSON: an association needs `to.id` and `types`")
    to, named = id_text(wanted.get("to")), specs(wanted.get("types"))
    plural = call.links.types.target_of(kind, [type_id for type_id, _ in named])
    if plural is None:
        raise bad_request(f"Association types {[type_id for type_id, _ in named]} do not start at {kind.type_id}")
    target = call.portal.kind(plural)
    numbers = type_ids(call.links.types.between(kind, target), kind, target, wanted["types"])
    to_id = natural(to) or 0
    if not call.portal.store.rows(target, [to_id], ()):
        raise not_found(f"Object not found. objectId are usually numeric. {target.upper}={to[:40]}")
    call.links.label(kind, number, target, to_id, numbers)


def locate(call: Call, kind: Kind, record_id: str, *, archived: bool = False) -> int:
    """The record a path names, by id, by `idProperty` or by the id of a record that was merged into it; 404."""
    id_property = call.request.first("idProperty")
    number = identity(call.portal, call.writer, kind, id_property, [record_id]).get(record_id)
    if number is not None:
        if call.portal.store.rows(kind, [number], (), archived=archived):
            return number
        survivor = survivor_of(call, kind, number)
        if survivor is not None and not archived:
            return survivor
    raise not_found()


def survivor_of(call: Call, kind: Kind, number: int) -> int | None:
    """The live record into which this id was merged."""
    sql = "SELECT survivor FROM aliases WHERE kind = ? AND id = ?"
    row = call.portal.store.db.execute(sql, (kind.plural, number)).fetchone()
    return int(row[0]) if row and call.portal.store.rows(kind, [int(row[0])], ()) else None


def show(call: Call, kind: Kind, number: int, names: Sequence[str]) -> dict[str, Any]:
    """A record after a write: the properties sent and the defaults."""
    return show_all(call, kind, [(number, names)])[number]


def show_all(call: Call, kind: Kind, written: Sequence[tuple[int, Sequence[str]]]) -> dict[int, dict[str, Any]]:
    """Several (id, properties sent) after a write, by id."""
    alike: dict[tuple[str, ...], list[int]] = {}
    for number, names in written:
        alike.setdefault(tuple(names), []).append(number)
    found: dict[int, dict[str, Any]] = {}
    for sent, numbers in alike.items():
        shown = names_shown(call.portal, kind, [*sent, *kind.defaults])
        found |= {int(row[0] or 0): record(shown, row) for row in call.portal.store.rows(kind, numbers, shown)}
    return found


def add_history(call: Call, kind: Kind, shown: Sequence[dict[str, Any]], names: Sequence[str]) -> None:
    known = [name for name in names if call.portal.definition(kind, name)]
    if not names:
        return
    found = histories(call.portal.store, kind, [int(item["id"]) for item in shown], known)
    for item in shown:
        item["propertiesWithHistory"] = found[int(item["id"])]


def add_links(call: Call, kind: Kind, shown: Sequence[dict[str, Any]], targets: Sequence[str]) -> None:
    """`associations` of each record by object type, one entry per type; no key where there are none."""
    for name in targets:
        target = call.portal.kind(name)
        types = call.links.types.between(kind, target)
        found = call.links.of(kind, [int(item["id"]) for item in shown], target)
        for item in shown:
            if linked := found.get(int(item["id"])):
                block = _linked(call, kind, target, item["id"], linked, types)
                item.setdefault("associations", {})[target.plural] = block


def _linked(
    call: Call,
    kind: Kind,
    target: Kind,
    record_id: str,
    linked: list[tuple[int, list[int]]],
    types: dict[int, LinkType],
) -> dict[str, Any]:
    first = linked[:_LINKS_SHOWN]
    block: dict[str, Any] = {
        "results": [{"id": str(to), "type": types[type_id].name} for to, ids in first for type_id in ids]
    }
    if len(linked) > len(first):
        path = f"/crm/v4/objects/{kind.plural}/{record_id}/associations/{target.plural}"
        after = str(linked[len(first)][0])
        link = f"{call.request.host}{quote(path)}?after={after}&limit={_LINKS_SHOWN}"
        block["paging"] = {"next": {"after": after, "link": link}}
    return block
