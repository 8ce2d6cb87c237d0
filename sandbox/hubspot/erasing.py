"""Erasing a record for good."""

from __future__ import annotations

from sandbox.hubspot.call import Call, id_text
from sandbox.hubspot.errors import not_found
from sandbox.hubspot.kinds import Kind
from sandbox.hubspot.writing import identity
from sandbox.wire import Response


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
    call.portal.events.note("privacyDeletion", kind, number)
    with call.portal.events.silence():
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
