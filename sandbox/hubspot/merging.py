"""Merging two records of one type."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sandbox.hubspot.call import Call, id_text
from sandbox.hubspot.errors import bad_request, not_found
from sandbox.hubspot.history import inherit
from sandbox.hubspot.kinds import Kind
from sandbox.hubspot.links import Links
from sandbox.hubspot.objects import show
from sandbox.hubspot.portal import Portal
from sandbox.hubspot.store import SYSTEM
from sandbox.hubspot.values import ms_of
from sandbox.hubspot.writing import Writer, identity
from sandbox.wire import Response

MAX_IDENTITIES = 250
Whole = dict[str, str | None]
_SUMMED = ("num_conversion_events", "num_unique_conversion_events")


def merge_objects(call: Call, kind: str) -> Response:
    """200 and the surviving record, which for contacts and companies has a new id."""
    found = call.portal.kind(kind)
    if not found.is_mergeable:
        raise bad_request(f"Merging is not supported for object type {found.type_id}")
    body = call.body()
    primary, other = (id_text(body, name) for name in ("primaryObjectId", "objectIdToMerge"))
    survivor = Merger(call.portal, call.links, call.writer).merge(found, primary, other)
    return Response.of_json(show(call, found, survivor, ()))


class Merger:
    """Merges within a transaction."""

    def __init__(self, portal: Portal, links: Links, writer: Writer) -> None:
        self._portal = portal
        self._links = links
        self._writer = writer

    def merge(self, kind: Kind, primary: str, other: str) -> int:
        """Fold `other` into `primary`; the survivor's id. Values are the primary's, where it is blank the other's."""
        if primary == other:
            raise bad_request(f"A {kind.singular} cannot be merged with itself")
        settings = self._portal.settings
        if kind.plural == "companies" and settings.salesforce_integration:
            raise bad_request("Companies can't be merged while the Salesforce integration is enabled for this account.")
        first, second = self._live(kind, primary), self._live(kind, other)
        identities = _identities(first) + _identities(second)
        if len(identities) > MAX_IDENTITIES:
            raise bad_request(f"Cannot have more than {MAX_IDENTITIES} identities on a profile")
        is_new = kind.survivor_is_new or (kind.plural == "deals" and settings.deal_merge_makes_new_id)
        numbers = [int(first["_id"] or 0), int(second["_id"] or 0)]
        survivor = self._portal.store.next_id(kind) if is_new else numbers[0]
        values, taken = self._united(kind, first, second)
        values |= self._traces(kind, survivor, numbers, identities)
        stamps = {"_created": first["_created"], "_updated": self._portal.now()}
        self._replace(kind, survivor, numbers, {**values, **stamps})
        own = [name for name in values if name not in taken]
        inherit(self._portal.store, kind, survivor, [(numbers[0], own), (numbers[1], sorted(taken))])
        with self._portal.events.silence():
            self._links.unite(kind, survivor, numbers if is_new else numbers[1:])
        self._note(kind, survivor, numbers, len(taken))
        return survivor

    def _note(self, kind: Kind, survivor: int, numbers: list[int], moved: int) -> None:
        events = self._portal.events
        told = {"primaryObjectId": numbers[0], "mergedObjectIds": [numbers[1]], "newObjectId": survivor}
        events.note("merge", kind, survivor, **told, numberOfPropertiesMoved=moved)
        for number in numbers:
            if number != survivor:
                events.note("deletion", kind, number)

    def _traces(self, kind: Kind, survivor: int, numbers: list[int], identities: list[str]) -> Whole:
        """What tells of merges. `hs_calculated_merged_vids` knows nothing of earlier ones."""
        traces: Whole = {"hs_merged_object_ids": ";".join(i for i in identities if i != str(survivor))}
        if kind.plural == "contacts":
            at = ms_of(self._portal.now())
            traces["hs_calculated_merged_vids"] = ";".join(f"{number}:{at}" for number in numbers)
            traces["hs_all_contact_vids"] = ";".join([str(survivor), *identities])
        return traces

    def _live(self, kind: Kind, name: str) -> Whole:
        """All columns of a live record; 404. A merged-away id is no record of its own any more."""
        number = identity(self._portal, self._writer, kind, None, [name]).get(name, 0)
        columns = self._portal.store.columns(kind)
        quoted = ", ".join(f'"{column}"' for column in columns)
        sql = f"SELECT {quoted} FROM {kind.plural} WHERE _id = ? AND _archived = 0"
        row = self._portal.store.db.execute(sql, (number,)).fetchone()
        if row is None:
            raise not_found(f"Could not find {kind.upper} {name} to merge; it may be deleted or merged into another.")
        return dict(zip(columns, row, strict=True))

    def _united(self, kind: Kind, first: Whole, second: Whole) -> tuple[Whole, set[str]]:
        """The survivor's values, and the properties it takes from the second record."""
        own = [name for name in first if name not in SYSTEM]
        taken = {name for name in own if not first[name] and second[name]}
        values = {name: second[name] if name in taken else first[name] for name in own}
        if kind.plural == "contacts":
            self._take_further_stage(kind, values, second, taken)
            values |= _contact_exceptions(first, second)
        if kind.plural == "companies" and first["domain"] and second["domain"] not in (None, first["domain"]):
            domains = [second["domain"], *_listed(second["hs_additional_domains"])]
            values["hs_additional_domains"] = _joined([*_listed(first["hs_additional_domains"]), *domains])
        return values, taken

    def _take_further_stage(self, kind: Kind, values: Whole, second: Whole, taken: set[str]) -> None:
        order = self._portal.definitions(kind)["lifecyclestage"].values
        mine, other = values["lifecyclestage"], second["lifecyclestage"]
        if mine in order and other in order and order.index(other or "") > order.index(mine or ""):
            values["lifecyclestage"] = other
            taken.add("lifecyclestage")

    def _replace(self, kind: Kind, survivor: int, numbers: list[int], values: dict[str, Any]) -> None:
        """Take the merged records out, put the survivor in, and let every merged id lead to it."""
        db, store = self._portal.store.db, self._portal.store
        self._writer.keep_for_index(kind, numbers)
        for number in numbers:
            db.execute(f"DELETE FROM {kind.plural} WHERE _id = ?", (number,))
        store.insert(kind, {"_id": survivor, **values})
        if survivor not in numbers:
            self._writer.hide_from_index(kind, [survivor])
        for number in (n for n in numbers if n != survivor):
            sql = "UPDATE aliases SET survivor = ? WHERE kind = ? AND survivor = ?"
            db.execute(sql, (survivor, kind.plural, number))
            db.execute("INSERT OR REPLACE INTO aliases VALUES (?, ?, ?)", (kind.plural, number, survivor))
        if kind.plural == "contacts":
            db.execute(f"DELETE FROM addresses WHERE id IN ({numbers[0]}, {numbers[1]})")
            pairs = [(address, survivor) for address in _listed(values["hs_additional_emails"])]
            db.executemany("INSERT OR REPLACE INTO addresses VALUES (?, ?)", pairs)
        self._portal.writes += 1


def _identities(record: Whole) -> list[str]:
    """A record's id and the ids merged into it."""
    earlier = (record["hs_merged_object_ids"] or "").split(";")
    return list(dict.fromkeys([str(record["_id"]), *(name for name in earlier if name)]))


def _contact_exceptions(first: Whole, second: Whole) -> Whole:
    """Where a merge of contacts does not simply prefer the primary's value."""
    others = [*_listed(first["hs_additional_emails"]), second["email"], *_listed(second["hs_additional_emails"])]
    email = first["email"] or second["email"]
    found: Whole = {"hs_additional_emails": _joined(name for name in others if name != email)}
    for name in _SUMMED:
        if first[name] and second[name]:
            found[name] = str(int(float(first[name] or 0) + float(second[name] or 0)))
    if "true" in (first["hs_marketable_status"], second["hs_marketable_status"]):
        found["hs_marketable_status"] = "true"
    if second["hs_legal_basis"] and str(second["_updated"]) > str(first["_updated"]):
        found["hs_legal_basis"] = second["hs_legal_basis"]
    return found


def _listed(text: str | None) -> list[str]:
    return [part for part in (text or "").split(";") if part]


def _joined(parts: Iterable[str | None]) -> str | None:
    return ";".join(dict.fromkeys(part for part in parts if part)) or None
