"""Stage history: each time a deal entered a stage, from the history of its `dealstage` property.

`hs_v2_date_entered_*` keep one entry per stage only, so the path of a deal that went back needs the property's own
history. HubSpot shows histories for at most 50 deals a call; by change, the deals that changed are searched first.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from connectors._http import unreadable
from connectors._hubspot_cursor import Cursor
from connectors._hubspot_gateway import Gateway, results_of
from connectors._hubspot_layouts import LAYOUTS
from connectors._hubspot_operations import HISTORY_LIST, HISTORY_READ, SEARCH
from connectors._hubspot_pages import Objects, changed_page, next_after, read_batch
from connectors._hubspot_parse import stamp
from connectors._hubspot_portal import Description
from connectors._hubspot_pull import begun, shown
from model.batch import Batch, Page, Watermark
from model.streams import Value

DEALS = LAYOUTS["deals"].object
STAGE = "dealstage"
READABLE = frozenset({"deal_id", "stage", "entered_at", "by_id", "source"})


def pull_stage_history(gateway: Gateway, description: Description, watermark: Watermark) -> Iterator[Page]:
    """Pages of stage changes, those of a deal together."""
    cursor = begun(gateway, description, watermark)
    while cursor.step == 0:
        deals, after = _deals(gateway, cursor)
        gateway.usage.needs("stage history", len(deals), most=HISTORY_READ.most)
        following = cursor.at(after)
        saved = following.end() if following.step else following.watermark(watermark)
        yield Page(_batch(gateway, deals), saved, cursor.is_full)
        cursor = following


def _deals(gateway: Gateway, cursor: Cursor) -> tuple[Objects, str | None]:
    """The next deals with their histories, and the token of what follows."""
    if cursor.since is None:
        query = [("limit", str(HISTORY_LIST.most)), ("archived", "false"), ("propertiesWithHistory", STAGE)]
        after = [("after", cursor.after)] if cursor.after is not None else []
        reply = gateway.call(HISTORY_LIST, path={"object": DEALS}, query=[*query, *after])
        return results_of(gateway, reply), next_after(gateway, reply, cursor.after, ascends=True)
    changed, token = changed_page(gateway, DEALS, LAYOUTS["deals"].modified, (), cursor)
    gateway.usage.needs("deals changed", shown(cursor, changed), most=SEARCH.most)
    deals: Objects = []
    for start in range(0, len(changed), HISTORY_READ.most):
        ids = [str(deal["id"]) for deal in changed[start : start + HISTORY_READ.most]]
        asked = {"properties": [STAGE], "propertiesWithHistory": [STAGE]}
        deals += read_batch(gateway, HISTORY_READ, DEALS, asked, ids)
    return deals, token


def _batch(gateway: Gateway, deals: Objects) -> Batch:
    rows = [(str(deal["id"]), *entry) for deal in deals for entry in _entries(gateway, deal)]
    columns: dict[str, list[Value]] = {
        "id": [f"{deal}:{at}" for deal, at, *_ in rows],
        "changed_at": [at for _, at, *_ in rows],
        "created_at": [at for _, at, *_ in rows],
        "deal_id": [deal for deal, *_ in rows],
        "entered_at": [at for _, at, *_ in rows],
        "stage": [stage for _, _, stage, *_ in rows],
        "by_id": [by for *_, by, _ in rows],
        "source": [source for *_, source in rows],
    }
    return Batch(gateway.name, "stage_history", columns, READABLE)


def _entries(gateway: Gateway, deal: Mapping[str, Any]) -> list[tuple[int, str, str | None, str | None]]:
    """(µs, stage, user, source) of each change to another stage, oldest first."""
    try:
        raw = deal["propertiesWithHistory"][STAGE]
        found = [
            (stamp(entry["timestamp"]) or 0, str(entry["value"] or ""), _text(entry, "updatedByUserId"),
             _text(entry, "sourceType"))
            for entry in raw
        ]  # fmt: skip
    except (KeyError, TypeError):
        raise unreadable(gateway.name, "a deal without the history of its stage") from None
    found.sort(key=lambda entry: entry[0])
    return [entry for before, entry in zip([None, *found], found, strict=False) if entry[1] and _moved(before, entry)]


def _moved(
    before: tuple[int, str, str | None, str | None] | None, entry: tuple[int, str, str | None, str | None]
) -> bool:
    return before is None or before[1] != entry[1]


def _text(entry: Mapping[str, Any], name: str) -> str | None:
    value = entry.get(name)
    return None if value in (None, "") else str(value)
