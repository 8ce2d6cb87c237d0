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
from model.errors import Unavailable

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

    def check(reply: Reply) -> None:
        _check_whole(gateway, object_name, reply)

    reply = gateway.call(operation, path={"object": object_name}, body=body, check=check)
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


def _check_whole(gateway: Gateway, object_name: str, reply: Reply) -> None:
    """Unavailable for a page with fewer rows than its own total says. Both are of one answer, so no change in between
    makes them differ; what the index still counts though it is gone, it forgets within moments."""
    total, rows = reply.body.get("total"), len(results_of(gateway, reply))
    if isinstance(total, int) and rows < min(total, SEARCH.most):
        raise Unavailable(
            f"{gateway.name}: the search of {object_name} showed {rows} of {total} changed records; nothing of that "
            "answer was taken, pull again, or in full if it stays so.",
            connection=gateway.name,
        )


def _last_shown(gateway: Gateway, reply: Reply, objects: Objects, shown: str | None) -> str | None:
    total = reply.body.get("total")
    ids = [str(entry.get("id")) for entry in objects]
    if not isinstance(total, int) or not all(record_id.isdigit() for record_id in ids):
        raise unreadable(gateway.name, "a search without total or ids")
    walked = [int(shown or -1), *map(int, ids)]
    if any(left >= right for left, right in pairwise(walked)):
        raise unreadable(gateway.name, "a search that does not move on by id")
    return ids[-1] if len(objects) < total else None


def read_objects(
    gateway: Gateway, object_name: str, properties: Sequence[str], ids: Sequence[str], *, why: str = "read"
) -> Objects:
    """The objects of these ids that exist, in batches of 100. `why` names reads that could be one, in the count of the
    fewest calls."""
    objects: Objects = []
    for start in range(0, len(ids), BATCH_READ.most):
        some = ids[start : start + BATCH_READ.most]
        gateway.usage.needs(f"{why} {object_name}", len(some), most=BATCH_READ.most)
        objects += read_batch(gateway, BATCH_READ, object_name, {"properties": list(properties)}, some)
    return objects


def read_batch(
    gateway: Gateway, operation: Operation, object_name: str, asked: Mapping[str, Any], ids: Sequence[str]
) -> Objects:
    """One batch of objects. An answer names the ids that are missing; what it leaves out without a word, as it may
    what was merged away, is asked for again for as long as some of it comes."""
    objects: Objects = []
    left = list(dict.fromkeys(ids))
    while left:
        body = {**asked, "inputs": [{"id": record_id} for record_id in left]}
        reply = gateway.call(operation, path={"object": object_name}, body=body)
        found = results_of(gateway, reply)
        objects += found
        told = {str(entry.get("id")) for entry in found} | missing_ids(reply, "ids")
        still = [record_id for record_id in left if record_id not in told]
        if len(still) == len(left) or not still:
            break
        left = still
    return objects


def missing_ids(reply: Reply, name: str) -> set[str]:
    """The ids that the errors of a batch name under that word."""
    found: set[str] = set()
    errors = reply.body.get("errors")
    for error in errors if isinstance(errors, list) else ():
        context = error.get("context") if isinstance(error, dict) else None
        ids = context.get(name) if isinstance(context, dict) else None
        found.update(str(one) for one in (ids if isinstance(ids, list) else ()))
    return found


def count_objects(gateway: Gateway, object_name: str, *, having: Iterable[str] = ()) -> int:
    """How many live objects the search index holds, of those that have one of the properties if any are named."""
    groups = [{"filters": [{"propertyName": name, "operator": "HAS_PROPERTY"}]} for name in having]
    body = {"filterGroups": groups, "properties": [], "limit": 1}
    reply = gateway.call(COUNT, path={"object": object_name}, body=body)
    total = reply.body.get("total")
    if not isinstance(total, int):
        raise unreadable(gateway.name, "a search without total")
    return total
