"""One page of objects: from the list endpoint, or from a search for what changed."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any

from connectors._http import unreadable
from connectors._hubspot_cursor import Cursor
from connectors._hubspot_gateway import Gateway, Reply, results_of
from connectors._hubspot_operations import BATCH_READ, COUNT, LIST, SEARCH, Operation

Objects = list[dict[str, Any]]

# Documented limit 3,000 characters; the ids and times that are filled in later vary in length.
LONGEST_SEARCH = 2_900


def next_after(gateway: Gateway, reply: Reply, current: str | None, *, ascends: bool = False) -> str | None:
    """The token of the next page, None on the last; Unavailable when it does not lead on.

    Tokens of object lists are ids, and ascend; those of what comes newest first do not.
    """
    paging = reply.body.get("paging")
    following = paging.get("next") if isinstance(paging, dict) else None
    after = following.get("after") if isinstance(following, dict) else None
    if after is None:
        return None
    token = str(after)
    repeats = token == current
    if ascends and current is not None and current.isdigit() and token.isdigit():
        repeats = int(token) <= int(current)
    if repeats:
        raise unreadable(gateway.name, "it names the same next page again")
    return token


def list_page(
    gateway: Gateway,
    object_name: str,
    properties: Sequence[str],
    after: str | None,
    *,
    archived: bool = False,
    operation: Operation = LIST,
    linked: Sequence[str] = (),
) -> tuple[Objects, str | None]:
    """Up to 100 objects in id order, each with its links to objects of the kinds in `linked`, and the token of what
    follows."""
    query = [("limit", str(operation.most)), ("archived", str(archived).lower()), ("properties", ",".join(properties))]
    if linked:
        query.append(("associations", ",".join(linked)))
    reply = gateway.call(
        operation, path={"object": object_name}, query=[*query, *([("after", after)] if after is not None else [])]
    )
    return results_of(gateway, reply), next_after(gateway, reply, after, ascends=True)


def changed_page(
    gateway: Gateway,
    object_name: str,
    modified: str,
    properties: Sequence[str],
    cursor: Cursor,
    *,
    operation: Operation = SEARCH,
) -> tuple[Objects, str | None]:
    """Up to 200 objects that changed in the cursor's window, by id, and the last id shown if there are more.

    Walking by id needs no search offset, so neither 10,000 results nor equal stamps set a limit.
    """
    body = _search_body(modified, properties, cursor)
    is_long = len(json.dumps(body)) > LONGEST_SEARCH
    if is_long:
        body["properties"] = [modified]
    reply = gateway.call(operation, path={"object": object_name}, body=body)
    objects = results_of(gateway, reply)
    after = _last_shown(gateway, reply, objects, cursor.after)
    if is_long:
        objects = read_objects(gateway, object_name, properties, [str(entry["id"]) for entry in objects])
    return objects, after


def _search_body(modified: str, properties: Sequence[str], cursor: Cursor) -> dict[str, Any]:
    # The remote's clock is told in whole seconds, so the window reaches to the end of that second.
    until_ms = cursor.until // 1000 + 999
    filters = [
        {"propertyName": modified, "operator": "GTE", "value": str(cursor.from_us // 1000)},
        {"propertyName": modified, "operator": "LTE", "value": str(until_ms)},
    ]
    if cursor.after is not None:
        filters.append({"propertyName": "hs_object_id", "operator": "GT", "value": cursor.after})
    return {
        "filterGroups": [{"filters": filters}],
        "sorts": [{"propertyName": "hs_object_id", "direction": "ASCENDING"}],
        "properties": list(properties),
        "limit": SEARCH.most,
    }


def _last_shown(gateway: Gateway, reply: Reply, objects: Objects, shown: str | None) -> str | None:
    total = reply.body.get("total")
    ids = [str(entry.get("id")) for entry in objects]
    if not isinstance(total, int) or not all(record_id.isdigit() for record_id in ids):
        raise unreadable(gateway.name, "a search without total or ids")
    walked = [int(shown or -1), *map(int, ids)]
    if any(left >= right for left, right in pairwise(walked)):
        raise unreadable(gateway.name, "a search that does not move on by id")
    if len(objects) >= total:
        return None
    if not objects:
        raise unreadable(gateway.name, f"a search that shows none of {total} results")
    return ids[-1]


def read_objects(gateway: Gateway, object_name: str, properties: Sequence[str], ids: Sequence[str]) -> Objects:
    """The objects of these ids that exist, in batches of 100."""
    objects: Objects = []
    for start in range(0, len(ids), BATCH_READ.most):
        inputs = [{"id": record_id} for record_id in ids[start : start + BATCH_READ.most]]
        body: Mapping[str, Any] = {"properties": list(properties), "inputs": inputs}
        gateway.usage.needs(f"read {object_name}", len(inputs), most=BATCH_READ.most)
        objects += results_of(gateway, gateway.call(BATCH_READ, path={"object": object_name}, body=body))
    return objects


def count_objects(gateway: Gateway, object_name: str, *, having: Iterable[str] = ()) -> int:
    """How many live objects the search index holds, of those that have one of the properties if any are named."""
    groups = [{"filters": [{"propertyName": name, "operator": "HAS_PROPERTY"}]} for name in having]
    body = {"filterGroups": groups, "properties": [], "limit": 1}
    reply = gateway.call(COUNT, path={"object": object_name}, body=body)
    total = reply.body.get("total")
    if not isinstance(total, int):
        raise unreadable(gateway.name, "a search without total")
    return total
