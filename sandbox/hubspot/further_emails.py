"""A contact's further e-mail addresses, which only version 1 adds and removes."""

from __future__ import annotations

from sandbox.hubspot.call import Call
from sandbox.hubspot.errors import conflict
from sandbox.hubspot.objects import locate
from sandbox.wire import Response


def add(call: Call, record_id: str, email: str) -> Response:
    """200 and all further addresses; 409 for one that a contact has."""
    kind = call.portal.kind("contacts")
    number, address = locate(call, kind, record_id), email.strip().lower()
    other = call.writer.contact_with(address)
    if other is not None and other != number:
        raise conflict(f"Contact already exists. Existing ID: {other}")
    if other is None:
        call.portal.store.db.execute("INSERT OR REPLACE INTO addresses VALUES (?, ?)", (address, number))
    return _told(call, number)


def remove(call: Call, record_id: str, email: str) -> Response:
    """200 and what is left, whether the contact had the address or not."""
    number = locate(call, call.portal.kind("contacts"), record_id)
    call.portal.store.db.execute("DELETE FROM addresses WHERE email = ? AND id = ?", (email.strip().lower(), number))
    return _told(call, number)


def _told(call: Call, number: int) -> Response:
    kind, store = call.portal.kind("contacts"), call.portal.store
    found = store.db.execute("SELECT email FROM addresses WHERE id = ? ORDER BY email", (number,)).fetchall()
    left = [str(row[0]) for row in found]
    call.writer.keep_for_index(kind, [number])
    store.update(kind, number, {"hs_additional_emails": ";".join(left) or None, "_updated": call.portal.now()})
    call.portal.writes += 1
    return Response.of_json({"portalId": call.portal.settings.portal_id, "vid": number, "secondaryEmails": left})
