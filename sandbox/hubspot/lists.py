"""Handlers for lists of records (segments): static ones, their members, and where a record is a member."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sandbox.hubspot import audit
from sandbox.hubspot.call import Call, id_text, texts, whole
from sandbox.hubspot.errors import bad_request, not_found
from sandbox.hubspot.portal import Portal
from sandbox.hubspot.values import natural
from sandbox.wire import Response

List = dict[str, Any]
SHELF = "lists"
PAGE_MAX = 250
SEARCH_MAX = 500
_STATIC = ("MANUAL", "SNAPSHOT")
_HIDDEN = ("filterBranch", "size")


def create_list(call: Call) -> Response:
    """A static list. An active one would follow a filter, which this account does not evaluate."""
    body, portal = call.body(), call.portal
    name, kind = id_text(body, "name"), portal.kind(id_text(body, "objectTypeId"))
    if (word := body.get("processingType")) not in _STATIC:
        raise bad_request(f"Lists of processingType {word} cannot be made here, only {' and '.join(_STATIC)}")
    if any(one["name"] == name and one["objectTypeId"] == kind.type_id for one in _live(portal)):
        raise bad_request(f"A list with the name {name[:100]} already exists", subCategory="ILS.DUPLICATE_LIST_NAMES")
    made = new_list(portal, name, kind.type_id, str(word), call.token.user_id)
    audit.note(call, "LIST", "CREATE", name)
    return Response.of_json({"list": _shown(portal, made)})


def get_list(call: Call, list_id: str) -> Response:
    return Response.of_json({"list": _shown(call.portal, list_named(call.portal, list_id))})


def get_by_name(call: Call, kind: str, name: str) -> Response:
    type_id = call.portal.kind(kind).type_id
    for one in _live(call.portal):
        if one["objectTypeId"] == type_id and one["name"] == name:
            return Response.of_json({"list": _shown(call.portal, one)})
    raise not_found(f"List {name[:100]} does not exist")


def get_lists(call: Call) -> Response:
    """The lists that are named, those there are."""
    wanted = set(call.names("listIds"))
    found = [one for one in _live(call.portal) if one["listId"] in wanted]
    return Response.of_json({"lists": [_shown(call.portal, one) for one in found]})


def search_lists(call: Call) -> Response:
    """Lists whose names have the words of `query`, by name; pages by `offset`."""
    body = call.body()
    offset, count = whole(body, "offset", 0), min(whole(body, "count", 20), SEARCH_MAX)
    query, kind = str(body.get("query") or "").lower(), body.get("objectTypeId")
    ids, types = body.get("listIds") or [], texts(body.get("processingTypes"), "processingTypes")
    if not isinstance(ids, list):
        raise bad_request("Invalid input JSON: `listIds` must be a list")
    ids = list(map(str, ids))
    found = [
        one
        for one in sorted(_live(call.portal), key=lambda one: (one["name"].lower(), one["listId"]))
        if query in one["name"].lower()
        and (not kind or one["objectTypeId"] == call.portal.kind(str(kind)).type_id)
        and (not ids or one["listId"] in ids)
        and (not types or one["processingType"] in types)
    ]
    page = found[offset : offset + count]
    lists = [{**_summary(one), "additionalProperties": _additional(call.portal, one)} for one in page]
    more = offset + len(page) < len(found)
    return Response.of_json({"lists": lists, "total": len(found), "offset": offset + len(page), "hasMore": more})


def rename_list(call: Call, list_id: str) -> Response:
    found, name = list_named(call.portal, list_id), call.request.first("listName") or ""
    if not name:
        raise bad_request("Invalid value for listName: it must not be blank")
    _put(call.portal, {**found, "name": name}, call.token.user_id)
    return Response.of_json({"updatedList": _shown(call.portal, list_named(call.portal, list_id))})


def delete_list(call: Call, list_id: str) -> Response:
    """204; it can be restored."""
    found = list_named(call.portal, list_id)
    _put(call.portal, {**found, "deletedAt": call.portal.now()}, call.token.user_id)
    audit.note(call, "LIST", "DELETE", found["name"])
    return Response(204)


def restore_list(call: Call, list_id: str) -> Response:
    found = list_named(call.portal, list_id, is_deleted=True)
    _put(call.portal, {name: value for name, value in found.items() if name != "deletedAt"}, call.token.user_id)
    return Response(204)


def list_members(call: Call, list_id: str) -> Response:
    """Members by record id, with the moment each joined; both orders page alike."""
    found = list_named(call.portal, list_id)
    limit = call.whole("limit", 100, 1, PAGE_MAX)
    after = call.after()
    joined = call.portal.documents.list(_members_shelf(list_id))
    known = [member for member in members(call.portal, found) if member >= after]
    page = [{"recordId": str(n), "membershipTimestamp": joined[str(n)]["at"]} for n in known[:limit]]
    body: dict[str, Any] = {"results": page, "total": len(members(call.portal, found))}
    if len(known) > limit:
        body["paging"] = call.next_page(str(known[limit]))
    return Response.of_json(body)


def lists_of_record(call: Call, kind: str, record_id: str) -> Response:
    type_id, results = call.portal.kind(kind).type_id, []
    for one in _live(call.portal):
        joined = call.portal.documents.get(_members_shelf(one["listId"]), record_id)
        if one["objectTypeId"] == type_id and joined is not None:
            moments = {"firstAddedTimestamp": joined["at"], "lastAddedTimestamp": joined["at"]}
            results.append({"listId": one["listId"], "listVersion": one["listVersion"], **moments})
    return Response.of_json({"results": results, "total": len(results)})


def add_members(call: Call, list_id: str) -> Response:
    return _changed(call, list_id, call.any_body(), [])


def remove_members(call: Call, list_id: str) -> Response:
    return _changed(call, list_id, [], call.any_body())


def change_members(call: Call, list_id: str) -> Response:
    body = call.body()
    return _changed(call, list_id, body.get("recordIdsToAdd") or [], body.get("recordIdsToRemove") or [])


def clear_members(call: Call, list_id: str) -> Response:
    found = list_named(call.portal, list_id)
    call.portal.documents.clear(_members_shelf(list_id))
    _put(call.portal, found, call.token.user_id)
    return Response(204)


def new_list(portal: Portal, name: str, type_id: str, processing: str, user_id: int | None) -> List:
    number = portal.documents.get("last-id", SHELF) or 1
    portal.documents.put("last-id", SHELF, number + 1)
    now = portal.now()
    made = {
        "listId": str(number),
        "name": name,
        "objectTypeId": type_id,
        "processingType": processing,
        "processingStatus": "COMPLETE",
        "listVersion": 0,
        "createdAt": now,
        "createdById": str(user_id),
    }
    _put(portal, made, user_id)
    return made


def join(portal: Portal, list_id: str, ids: Iterable[int]) -> None:
    """Let records be members of a list."""
    for number in ids:
        portal.documents.put(_members_shelf(list_id), str(number), {"at": portal.now()})


def list_named(portal: Portal, list_id: str, *, is_deleted: bool = False) -> List:
    """The list, live or deleted as asked; 404."""
    found: List | None = portal.documents.get(SHELF, list_id)
    if found is None or ("deletedAt" in found) != is_deleted:
        raise not_found(f"List {list_id[:50]} does not exist", subCategory="ILS.LIST_NOT_FOUND")
    return found


def members(portal: Portal, found: List) -> list[int]:
    """The live records that are members, by id."""
    kind = portal.kind(found["objectTypeId"])
    ids = [int(number) for number in portal.documents.list(_members_shelf(found["listId"]))]
    return [int(row[0] or 0) for row in portal.store.rows(kind, ids, ())]


def _changed(call: Call, list_id: str, added: Any, removed: Any) -> Response:
    found, portal = list_named(call.portal, list_id), call.portal
    for ids in (added, removed):
        if not isinstance(ids, list) or any(natural(str(one)) is None for one in ids):
            raise bad_request("Invalid input JSON: expected a list of record ids")
    kind = portal.kind(found["objectTypeId"])
    live = {int(row[0] or 0) for row in portal.store.rows(kind, [int(one) for one in added], ())}
    before = portal.documents.list(_members_shelf(list_id))
    new = [one for one in dict.fromkeys(map(int, added)) if one in live and str(one) not in before]
    gone = [str(one) for one in dict.fromkeys(map(int, removed)) if str(one) in before]
    join(portal, list_id, new)
    for number in gone:
        portal.documents.drop(_members_shelf(list_id), number)
    _put(portal, found, call.token.user_id)
    missing = [str(one) for one in added if int(one) not in live]
    answer = {"recordsIdsAdded": [str(one) for one in new], "recordIdsRemoved": gone, "recordIdsMissing": missing}
    return Response.of_json(answer)


def _put(portal: Portal, found: List, user_id: int | None) -> None:
    version = found["listVersion"] + 1
    changed = {"listVersion": version, "updatedAt": portal.now(), "updatedById": str(user_id)}
    portal.documents.put(SHELF, found["listId"], {**found, **changed})


def _live(portal: Portal) -> list[List]:
    return [one for one in portal.documents.list(SHELF).values() if "deletedAt" not in one]


def _summary(found: List) -> List:
    return {name: value for name, value in found.items() if name not in _HIDDEN}


def _shown(portal: Portal, found: List) -> List:
    stored: List = portal.documents.get(SHELF, found["listId"])
    return {**_summary(stored), "size": len(members(portal, stored))}


def _additional(portal: Portal, found: List) -> dict[str, str]:
    return {"hs_list_size": str(len(members(portal, found))), "hs_list_reference_count": "0"}


def _members_shelf(list_id: str) -> str:
    return f"members:{list_id}"
