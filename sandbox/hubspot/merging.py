"""Merging two records, and erasing one for good."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sandbox.hubspot.call import Call, id_text
from sandbox.hubspot.errors import bad_request, not_found
from sandbox.hubspot.history import inherit
from sandbox.hubspot.kinds import Kind
from sandbox.hubspot.objects import show
from sandbox.hubspot.store import SYSTEM
from sandbox.hubspot.values import ms_of
from sandbox.hubspot.writing import identity
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
    return Response.of_json(show(call, found, merge(call, found, primary, other), ()))


def merge(call: Call, kind: Kind, primary: str, other: str) -> int:
    """Fold `other` into `primary`; the survivor's id."""
    if primary == other:
        raise bad_request(f"A {kind.singular} cannot be merged with itself")
    if kind.plural == "companies" and call.portal.settings.salesforce_integration:
        raise bad_request("Companies can't be merged while the Salesforce integration is enabled for this account.")
    first, second = _live(call, kind, primary), _live(call, kind, other)
    identities = _identities(first) + _identities(second)
    if len(identities) > MAX_IDENTITIES:
        raise bad_request(f"Cannot have more than {MAX_IDENTITIES} identities on a profile")
    is_new = kind.survivor_is_new or (kind.plural == "deals" and call.portal.settings.deal_merge_makes_new_id)
    numbers = [int(first["_id"] or 0), int(second["_id"] or 0)]
    survivor = call.portal.store.next_id(kind) if is_new else numbers[0]
    values, taken = _united(call, kind, first, second)
    values["hs_merged_object_ids"] = ";".join(i for i in identities if i != str(survivor))
    if kind.plural == "contacts":
        at = ms_of(call.portal.now())
        values["hs_calculated_merged_vids"] = ";".join(f"{number}:{at}" for number in numbers)
        values["hs_all_contact_vids"] = ";".join([str(survivor), *identities])
    _replace(call, kind, survivor, numbers, {**values, "_created": first["_created"], "_updated": call.portal.now()})
    own = [name for name in values if name not in taken]
    inherit(call.portal.store, kind, survivor, [(numbers[0], own), (numbers[1], sorted(taken))])
    call.links.unite(kind, survivor, numbers if is_new else numbers[1:])
    return survivor


def erase_object(call: Call, kind: str) -> Response:
    """Erase a contact for good; its address, known or not, can never come back."""
    found = call.portal.kind(kind)
    body = call.body()
    name = id_text(body, "objectId")
    id_property = body.get("idProperty")
    number = identity(call.portal, call.writer, found, id_property, [name]).get(name)
    rows = [] if number is None else call.portal.store.rows(found, [number], _emails(found), archived=None)
    if not rows and id_property != "email":
        raise not_found()
    addresses = [str(value) for row in rows for cell in row[5:] if cell for value in str(cell).split(";")]
    for address in {*addresses, *([name.strip().lower()] if id_property == "email" else [])}:
        call.portal.documents.put("blocked", address, {"at": call.portal.now()})
    if rows and number is not None:
        _erase(call, found, number)
    return Response(204)


def _emails(kind: Kind) -> tuple[str, ...]:
    return ("email", "hs_additional_emails") if kind.plural == "contacts" else ()


def _erase(call: Call, kind: Kind, number: int) -> None:
    call.links.forget(kind, number)
    db = call.portal.store.db
    last = call.portal.store.next_id(kind) - 1
    call.portal.documents.put("last-id", kind.plural, last)
    for table in (kind.plural, f"{kind.plural}_lag"):
        db.execute(f"DELETE FROM {table} WHERE _id = ?", (number,))
    db.execute("DELETE FROM history WHERE kind = ? AND id = ?", (kind.plural, number))
    db.execute("DELETE FROM aliases WHERE kind = ? AND survivor = ?", (kind.plural, number))
    if kind.plural == "contacts":
        db.execute("DELETE FROM addresses WHERE id = ?", (number,))
    call.portal.writes += 1


def _live(call: Call, kind: Kind, name: str) -> Whole:
    """All columns of a live record; 404. A merged-away id is no record of its own any more."""
    number = identity(call.portal, call.writer, kind, None, [name]).get(name, 0)
    columns = call.portal.store.columns(kind)
    quoted = ", ".join(f'"{column}"' for column in columns)
    sql = f"SELECT {quoted} FROM {kind.plural} WHERE _id = ? AND _archived = 0"
    row = call.portal.store.db.execute(sql, (number,)).fetchone()
    if row is None:
        raise not_found(f"Could not find {kind.upper} {name} to merge; it may be deleted or merged into another.")
    return dict(zip(columns, row, strict=True))


def _identities(record: Whole) -> list[str]:
    """A record's id and the ids merged into it."""
    earlier = (record["hs_merged_object_ids"] or "").split(";")
    return list(dict.fromkeys([str(record["_id"]), *(name for name in earlier if name)]))


def _united(call: Call, kind: Kind, first: Whole, second: Whole) -> tuple[Whole, set[str]]:
    """The survivor's values, and the properties it takes from the second record."""
    taken = {name for name in first if name not in SYSTEM and not first[name] and second[name]}
    values = {name: second[name] if name in taken else value for name, value in first.items() if name not in SYSTEM}
    if kind.plural in ("contacts", "companies"):
        _further_stage(call, kind, values, second, taken)
    if kind.plural == "contacts":
        values |= _contact_exceptions(first, second)
        _store_addresses(call, values)
    if kind.plural == "companies" and first["domain"] and second["domain"] not in (None, first["domain"]):
        domains = [second["domain"], *_listed(second["hs_additional_domains"])]
        values["hs_additional_domains"] = _joined([*_listed(first["hs_additional_domains"]), *domains])
    return values, taken


def _further_stage(call: Call, kind: Kind, values: Whole, second: Whole, taken: set[str]) -> None:
    order = call.portal.definitions(kind)["lifecyclestage"].values
    mine, other = values["lifecyclestage"], second["lifecyclestage"]
    if mine in order and other in order and order.index(other or "") > order.index(mine or ""):
        values["lifecyclestage"] = other
        taken.add("lifecyclestage")


def _contact_exceptions(first: Whole, second: Whole) -> Whole:
    """Where a merge of contacts does not simply prefer the primary's value."""
    found: Whole = {}
    if first["email"]:
        others = [second["email"], *_listed(second["hs_additional_emails"])]
        found["hs_additional_emails"] = _joined([*_listed(first["hs_additional_emails"]), *others])
    for name in _SUMMED:
        if first[name] and second[name]:
            found[name] = str(int(float(first[name] or 0) + float(second[name] or 0)))
    if "true" in (first["hs_marketable_status"], second["hs_marketable_status"]):
        found["hs_marketable_status"] = "true"
    if second["hs_legal_basis"] and str(second["_updated"]) > str(first["_updated"]):
        found["hs_legal_basis"] = second["hs_legal_basis"]
    return found


def _store_addresses(call: Call, values: Whole) -> None:
    values["hs_additional_emails"] = _joined(
        name for name in _listed(values["hs_additional_emails"]) if name != values["email"]
    )


def _listed(text: str | None) -> list[str]:
    return [part for part in (text or "").split(";") if part]


def _joined(parts: Iterable[str | None]) -> str | None:
    return ";".join(dict.fromkeys(part for part in parts if part)) or None


def _replace(call: Call, kind: Kind, survivor: int, numbers: list[int], values: dict[str, Any]) -> None:
    """Take the merged records out, put the survivor in, and let every merged id lead to it."""
    db, store = call.portal.store.db, call.portal.store
    call.writer.keep_for_index(kind, numbers)
    for number in numbers:
        db.execute(f"DELETE FROM {kind.plural} WHERE _id = ?", (number,))
    store.insert(kind, {"_id": survivor, **values})
    if survivor not in numbers:
        call.writer.hide_from_index(kind, [survivor])
    for number in (n for n in numbers if n != survivor):
        db.execute("UPDATE aliases SET survivor = ? WHERE kind = ? AND survivor = ?", (survivor, kind.plural, number))
        db.execute("INSERT OR REPLACE INTO aliases VALUES (?, ?, ?)", (kind.plural, number, survivor))
    if kind.plural == "contacts":
        db.execute(f"DELETE FROM addresses WHERE id IN ({numbers[0]}, {numbers[1]})")
        pairs = [(address, survivor) for address in _listed(values["hs_additional_emails"])]
        db.executemany("INSERT OR REPLACE INTO addresses VALUES (?, ?)", pairs)
    call.portal.writes += 1
