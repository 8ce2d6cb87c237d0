"""Pulling accounts, contacts and deals, in full and by change, and the small streams users and stages.

What a pull costs: in full one call per 100 live records; by change one search per 200 changed ones. Either way the
archived records are swept, which HubSpot lists for 90 days in id order only: one call per 100 of them, at least one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from connectors._http import unreadable
from connectors._hubspot_cursor import Cursor, resumed
from connectors._hubspot_fields import Fields
from connectors._hubspot_gateway import Gateway, results_of
from connectors._hubspot_layouts import LAYOUTS, Layout
from connectors._hubspot_links import add_links
from connectors._hubspot_operations import LIST, LIST_DELETED, OWNERS, PIPELINES, SEARCH
from connectors._hubspot_pages import Objects, changed_page, count_objects, list_page, next_after
from connectors._hubspot_parse import Parsed, parse_objects, stamp
from connectors._hubspot_portal import Description
from model.batch import Batch, Page, Watermark
from model.errors import NotPermitted, Unavailable
from model.streams import Value

# Each kind of objects is read in two steps.
LIVE, ARCHIVED, STEPS = 0, 1, 2
# The index may lag behind the list by what was deleted meanwhile.
INDEX_SLACK = 0.01
# Nothing counts the archived ones, so what was archived within a day is told again: a page that lacked some of it, or
# called itself the last, is made good by the next sweep.
TOLD_AGAIN_US = 24 * 3600 * 1_000_000
# So often a pull begins a list anew that came up short.
MOST_ANEW = 1


class CutShort(Unavailable):
    """A list ended before it showed what the search index counts."""


def pull_objects(
    gateway: Gateway, description: Description, parts: Sequence[Layout], watermark: Watermark
) -> Iterator[Page]:
    """Pages of a stream of objects, kind by kind; the windows of two pulls overlap by five minutes.

    Records merged away since come as pages of their own, which name no readable field. Of several kinds, one that may
    not be read is a gap.
    """
    cursor, anew = begun(gateway, description, watermark), 0
    while cursor.step < STEPS * len(parts):
        layout = parts[cursor.step // STEPS]
        try:
            pages, cursor = _next_pages(gateway, description, layout, cursor, watermark, STEPS * len(parts))
        except CutShort:
            # What it lacked may have been on any of its pages, so another run begins it anew as well.
            cursor, anew = replace(cursor, after=None, shown=0), anew + 1
            pages = [Page(_nothing(gateway, layout), cursor.watermark(watermark), cursor.is_full)]
            if anew > MOST_ANEW:
                yield from pages
                raise
        except NotPermitted as error:
            if len(parts) == 1:
                raise
            pages, cursor = _skipped(gateway, layout, cursor, watermark, error, STEPS * len(parts))
        yield from pages


def _next_pages(
    gateway: Gateway, description: Description, layout: Layout, cursor: Cursor, watermark: Watermark, end: int
) -> tuple[list[Page], Cursor]:
    """The next page of a kind of objects, before it one of what was merged away, and the cursor behind them."""
    fields = description.fields(layout, fresh=cursor.after is None and cursor.step % STEPS == LIVE)
    objects, after = _objects(gateway, fields, cursor)
    archived = cursor.step % STEPS == ARCHIVED
    following = cursor.at(after, len(objects))
    if cursor.is_full and not archived and after is None:
        description.totals[layout.object] = _counted(gateway, layout.object, following.shown)
    if layout.links and cursor.since is not None and not archived:
        add_links(gateway, layout, objects)
    parsed = _parsed(gateway, fields, objects, deleted=archived)
    gaps = fields.gaps + parsed.gaps
    merged = [Page(parsed.merged, cursor.watermark(watermark), cursor.is_full, gaps)] if len(parsed.merged) else []
    following = following.from_part()
    saved = following.end() if following.step == end else following.watermark(watermark)
    return [*merged, Page(parsed.batch, saved, cursor.is_full, gaps)], following


def begun(gateway: Gateway, description: Description, watermark: Watermark) -> Cursor:
    """Where a pull goes on, or its beginning: a window from the watermark to the remote's clock now."""
    return resumed(watermark) or Cursor(until=gateway.at or description.now(), since=watermark.since)


def _skipped(
    gateway: Gateway, layout: Layout, cursor: Cursor, watermark: Watermark, error: NotPermitted, end: int
) -> tuple[list[Page], Cursor]:
    """A page without records that tells of a kind of objects which may not be read; what is stored of it stays."""
    gap = f"{layout.object} are unknown: {error.missing} is not permitted; once it is, pull this stream in full."
    following = replace(cursor, step=(cursor.step // STEPS + 1) * STEPS, after=None, shown=0, is_partial=True)
    saved = following.end() if following.step == end else following.watermark(watermark)
    return [Page(_nothing(gateway, layout), saved, following.is_full, (gap,))], following


def _nothing(gateway: Gateway, layout: Layout) -> Batch:
    return Batch(gateway.name, layout.stream, {"id": [], "changed_at": []}, frozenset())


def _counted(gateway: Gateway, object_name: str, shown: int) -> int:
    """What the search index counts; CutShort when a list ended before it showed that."""
    total = count_objects(gateway, object_name)
    if shown < total * (1 - INDEX_SLACK):
        raise CutShort(
            f"{gateway.name}: the list of {object_name} ended after {shown} of {total} records; pull again.",
            connection=gateway.name,
        )
    return total


def _objects(gateway: Gateway, fields: Fields, cursor: Cursor) -> tuple[Objects, str | None]:
    layout = fields.layout
    archived = cursor.step % STEPS == ARCHIVED
    if not archived and cursor.since is not None:
        objects, after = changed_page(gateway, layout.object, layout.modified, fields.asked, cursor)
        gateway.usage.needs(layout.object, shown(cursor, objects), most=SEARCH.most)
        return objects, after
    operation = LIST_DELETED if archived else LIST
    linked = [LAYOUTS[stream].object for stream in layout.links.values()]
    objects, after = list_page(
        gateway, layout.object, fields.asked, cursor.after, archived=archived, operation=operation, linked=linked
    )
    what = f"deletes of {layout.object}" if archived else layout.object
    gateway.usage.needs(what, shown(cursor, objects), most=operation.most)
    if archived:
        objects = [entry for entry in objects if _is_recent(entry.get("archivedAt"), cursor)]
    return objects, after


def shown(cursor: Cursor, objects: Objects) -> int:
    """How many objects a page is worth: a question of which nothing comes is a call all the same."""
    return len(objects) if cursor.after is not None else max(len(objects), 1)


def _is_recent(archived_at: object, cursor: Cursor) -> bool:
    at = stamp(archived_at)
    return at is None or at >= cursor.from_us - TOLD_AGAIN_US


def _parsed(gateway: Gateway, fields: Fields, objects: Objects, *, deleted: bool) -> Parsed:
    try:
        return parse_objects(gateway.name, fields, objects, deleted=deleted)
    except ValueError as error:
        raise unreadable(gateway.name, str(error)) from None


def pull_users(gateway: Gateway, _: Description, watermark: Watermark) -> Iterator[Page]:
    """All owners, leavers included: an archived owner is a user who is not active, since records still name it."""
    cursor = resumed(watermark)
    while cursor is None or cursor.step < STEPS:
        after = cursor.after if cursor else None
        archived = cursor is not None and cursor.step == ARCHIVED
        query = [("limit", str(OWNERS.most)), ("archived", str(archived).lower())]
        reply = gateway.call(OWNERS, query=[*query, *([("after", after)] if after is not None else [])])
        owners = results_of(gateway, reply)
        gateway.usage.needs(f"owners, archived {archived}", max(len(owners), 1), most=OWNERS.most)
        cursor = (cursor or Cursor(until=gateway.at)).at(next_after(gateway, reply, after))
        saved = cursor.end() if cursor.step == STEPS else cursor.watermark(watermark)
        yield Page(_users(gateway, owners, archived=archived), saved, is_full=True)


def _users(gateway: Gateway, owners: Objects, *, archived: bool) -> Batch:
    columns: dict[str, list[Value]] = {
        **_bookkeeping(gateway, owners),
        "name": [_joined(owner.get("firstName"), owner.get("lastName")) for owner in owners],
        "email": [_text(owner.get("email")) for owner in owners],
        "type": [str(owner.get("type") or "PERSON").lower() for owner in owners],
        "is_active": [not (archived or owner.get("archived")) for owner in owners],
        # A leaver's userId is null; what logins of before call him is kept beside it.
        "login_id": [_text(owner.get("userIdIncludingInactive") or owner.get("userId")) for owner in owners],
    }
    return Batch(gateway.name, "users", columns, frozenset({"name", "email", "type", "is_active", "login_id"}))


def pull_stages(gateway: Gateway) -> Iterator[Page]:
    """The stages of every deal pipeline, in one page."""
    reply = gateway.call(PIPELINES, path={"object": "deals"})
    gateway.usage.needs("pipelines", 1, most=1)
    pairs = [(pipeline, stage) for pipeline in results_of(gateway, reply) for stage in _stages_of(gateway, pipeline)]
    stages = [stage for _, stage in pairs]
    probabilities = [_probability(_metadata(stage).get("probability")) for stage in stages]
    closed = [str(_metadata(stage).get("isClosed")).lower() == "true" for stage in stages]
    own: dict[str, list[Value]] = {
        "key": [_text(stage.get("id")) for stage in stages],
        "name": [_text(stage.get("label")) for stage in stages],
        "pipeline_id": [_text(pipeline.get("id")) for pipeline, _ in pairs],
        "pipeline_name": [_text(pipeline.get("label")) for pipeline, _ in pairs],
        "position": [_position(stage.get("displayOrder")) for stage in stages],
        "probability": list(probabilities),
        "is_closed": list(closed),
        "is_won": [done and chance == 1.0 for done, chance in zip(closed, probabilities, strict=True)],
        "is_active": [not (pipeline.get("archived") or stage.get("archived")) for pipeline, stage in pairs],
    }
    columns = {**_bookkeeping(gateway, stages), **own}
    # Stage ids are unique only within their pipeline.
    columns["id"] = [f"{pipeline['id']}:{stage['id']}" for pipeline, stage in pairs]
    yield Page(Batch(gateway.name, "stages", columns, frozenset(own)), Watermark(gateway.at), is_full=True)


def _stages_of(gateway: Gateway, pipeline: Mapping[str, Any]) -> Objects:
    stages = pipeline.get("stages")
    if "id" not in pipeline or not isinstance(stages, list) or not all(isinstance(stage, dict) for stage in stages):
        raise unreadable(gateway.name, "a pipeline without id or stages")
    return stages


def _bookkeeping(gateway: Gateway, objects: Sequence[Mapping[str, Any]]) -> dict[str, list[Value]]:
    if not all(entry.get("id") not in (None, "") for entry in objects):
        raise unreadable(gateway.name, "an entry without id")
    created = [stamp(entry.get("createdAt")) for entry in objects]
    changed = [stamp(entry.get("updatedAt")) for entry in objects]
    return {
        "id": [str(entry["id"]) for entry in objects],
        "changed_at": [new if new is not None else old or 0 for new, old in zip(changed, created, strict=True)],
        "created_at": list(created),
        "is_deleted": [False] * len(objects),
    }


def _metadata(stage: Mapping[str, Any]) -> Mapping[str, Any]:
    metadata = stage.get("metadata")
    return metadata if isinstance(metadata, dict) else {}


def _probability(text: object) -> float | None:
    try:
        return float(str(text)) if text not in (None, "") else None
    except ValueError:
        return None


def _position(value: object) -> int | None:
    return value if isinstance(value, int) else None


def _text(value: object) -> str | None:
    return str(value) if value not in (None, "") else None


def _joined(*parts: object) -> str | None:
    return " ".join(str(part).strip() for part in parts if part) or None
