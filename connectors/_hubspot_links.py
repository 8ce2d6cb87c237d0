"""Pulling associations: contact to company, deal to company, deal to contact.

HubSpot stamps no association and an association moves no record's modified date for certain. So each pull reads the
links of changed records, and the first pull after each UTC midnight (`SWEEP_US`) reads those of all records: a link
that was removed, or made without moving a date, shows after a day at most.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from connectors._http import unreadable
from connectors._hubspot_cursor import Cursor, resumed
from connectors._hubspot_gateway import Gateway
from connectors._hubspot_layouts import LAYOUTS, Layout
from connectors._hubspot_operations import LINKED_LIST, LINKED_SEARCH, LINKS_READ
from connectors._hubspot_pages import Objects, changed_page, count_objects, list_page
from connectors._hubspot_portal import Description
from connectors._hubspot_raw_links import linked_results
from model.batch import Batch, Page, Watermark
from model.errors import NotPermitted
from model.streams import ASSOCIATIONS, Value

SWEEP_US = 24 * 3600 * 1_000_000
# A record's stream to the streams whose links are read from its side.
SOURCES: tuple[tuple[str, tuple[str, ...]], ...] = (("contacts", ("accounts",)), ("deals", ("accounts", "contacts")))


@dataclass(frozen=True, slots=True)
class LinkType:
    """HubSpot's type ids for a pair of streams: of the bare link, and of the one marked as primary."""

    plain: int
    primary: int | None


LINK_TYPES: Mapping[tuple[str, str], LinkType] = {
    ("contacts", "accounts"): LinkType(279, 1),
    ("deals", "accounts"): LinkType(341, 5),
    ("deals", "contacts"): LinkType(3, None),
}


@dataclass(frozen=True, slots=True)
class Link:
    """One link as HubSpot holds it. `types` are (category, type id, label)."""

    from_stream: str
    from_id: str
    to_stream: str
    to_id: str
    types: tuple[tuple[str, int, str | None], ...]

    @property
    def id(self) -> str:
        return f"{self.from_stream}:{self.from_id}>{self.to_stream}:{self.to_id}"

    @property
    def is_primary(self) -> bool:
        primary = LINK_TYPES[self.from_stream, self.to_stream].primary
        return any(type_id == primary and category == "HUBSPOT_DEFINED" for category, type_id, _ in self.types)

    @property
    def labels(self) -> tuple[str, ...]:
        """The portal's own labels, sorted."""
        own = LINK_TYPES[self.from_stream, self.to_stream]
        return tuple(sorted({
            label for category, type_id, label in self.types
            if label and not (category == "HUBSPOT_DEFINED" and type_id in (own.plain, own.primary))
        }))  # fmt: skip


def read_links(
    gateway: Gateway, from_stream: str, to_stream: str, ids: Sequence[str], *, from_object: str = ""
) -> list[Link]:
    """All links of these records to records of another stream, sorted; a record without links is simply absent.

    `from_object` names the kind of object where a stream has several.
    """
    own = from_object or LAYOUTS[from_stream].object
    links = [
        link
        for from_id, linked in linked_results(gateway, own, LAYOUTS[to_stream].object, ids)
        for link in _links(gateway, from_stream, from_id, to_stream, linked)
    ]
    return sorted(links, key=lambda link: (link.from_id, link.to_id))


def add_links(gateway: Gateway, layout: Layout, objects: Objects) -> None:
    """Give objects that a search found the links that a list would have shown with them."""
    by_id: dict[str, dict[str, Any]] = {str(entry["id"]): entry for entry in objects}
    for stream in dict.fromkeys(layout.links.values()) if by_id else ():
        for link in read_links(gateway, layout.stream, stream, list(by_id), from_object=layout.object):
            shown = by_id[link.from_id].setdefault("associations", {}).setdefault(LAYOUTS[stream].object, {})
            shown.setdefault("results", []).append({"id": link.to_id})


def _links(
    gateway: Gateway, from_stream: str, from_id: str, to_stream: str, linked: Sequence[Mapping[str, Any]]
) -> list[Link]:
    try:
        return [
            Link(
                from_stream,
                from_id,
                to_stream,
                str(to["toObjectId"]),
                tuple(
                    (str(kind["category"]), int(kind["typeId"]), kind.get("label")) for kind in to["associationTypes"]
                ),
            )
            for to in linked
        ]
    except (KeyError, TypeError, ValueError, AttributeError):
        raise unreadable(gateway.name, "a link without ends or types") from None


def link_batch(gateway: Gateway, links: Sequence[Link]) -> Batch:
    """Links as records; their version is the remote's clock when they were read."""
    columns: dict[str, list[Value]] = {
        "id": [link.id for link in links],
        "changed_at": [gateway.at] * len(links),
        "is_deleted": [False] * len(links),
        "from_stream": [link.from_stream for link in links],
        "from_id": [link.from_id for link in links],
        "to_stream": [link.to_stream for link in links],
        "to_id": [link.to_id for link in links],
        "label": ["; ".join(link.labels) or None for link in links],
        "is_primary": [link.is_primary for link in links],
    }
    return Batch(gateway.name, "associations", columns, frozenset(ASSOCIATIONS.field_names))


def pull_links(
    gateway: Gateway, description: Description, watermark: Watermark, streams: Sequence[str]
) -> Iterator[Page]:
    """Pages of the links of up to 1,000 records each. A source stream that may not be read is a gap."""
    sources = [source for source in SOURCES if source[0] in streams]
    cursor = resumed(watermark) or _start(description, watermark)
    while True:
        gaps: tuple[str, ...] = ()
        links: list[Link] = []
        if cursor.step < len(sources):
            stream, targets = sources[cursor.step]
            try:
                ids, after = _ids(gateway, stream, cursor)
                links = [link for target in targets for link in read_links(gateway, stream, target, ids)]
                cursor = replace(cursor, shown=cursor.shown + len(ids))
                if cursor.since is None and after is None:
                    gaps = _short(gateway, stream, cursor.shown)
            except NotPermitted as error:
                gaps, after = (f"associations of {stream} are unknown: {error.missing} is not permitted.",), None
            cursor = replace(cursor.at(after), is_partial=cursor.is_partial or bool(gaps))
            cursor = replace(cursor, shown=cursor.shown if after is not None else 0)
        is_last = cursor.step >= len(sources)
        saved = cursor.end() if is_last else cursor.watermark(watermark)
        yield Page(link_batch(gateway, links), saved, cursor.is_full, gaps)
        if is_last:
            return


def _short(gateway: Gateway, stream: str, shown: int) -> tuple[str, ...]:
    """What is to be said of a sweep that showed fewer records than the search index counts."""
    total = count_objects(gateway, LAYOUTS[stream].object)
    if shown >= total:
        return ()
    return (f"the sweep of associations showed {shown} of {total} {stream}; nothing is taken for gone until the next.",)


def _start(description: Description, watermark: Watermark) -> Cursor:
    """A full sweep when a UTC midnight has passed since the watermark, else the changes since."""
    now = description.now()
    is_due = watermark.since is None or watermark.since // SWEEP_US != now // SWEEP_US
    return Cursor(until=now, since=None if is_due else watermark.since)


def _ids(gateway: Gateway, stream: str, cursor: Cursor) -> tuple[list[str], str | None]:
    """Ids of up to 1,000 records, and where the next ones begin."""
    layout = LAYOUTS[stream]
    ids: list[str] = []
    operation = LINKED_LIST if cursor.since is None else LINKED_SEARCH
    while True:
        if cursor.since is None:
            objects, after = list_page(gateway, layout.object, ("hs_object_id",), cursor.after, operation=operation)
        else:
            objects, after = changed_page(
                gateway, layout.object, layout.modified, ("hs_object_id",), cursor, operation=operation
            )
        ids += [str(entry["id"]) for entry in objects]
        if after is None or len(ids) + operation.most > LINKS_READ.most:
            return ids, after
        cursor = replace(cursor, after=after)
