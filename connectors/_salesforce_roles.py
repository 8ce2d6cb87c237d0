"""Contacts in deals: rows of OpportunityContactRole, made and removed, each deal and contact having one at most.

A label is the contact's role there; "primary" is a mark beside it, and taking it off leaves the row. The rows of the
deals are read before and after; a row that stands already is not made again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from connectors._salesforce_client import Client, chunks
from connectors._salesforce_deeds import Deeds
from connectors._salesforce_read import Readback
from connectors._salesforce_send import COLLECTION_RECORDS, row_errors
from connectors._salesforce_soql import IDS_PER_QUERY
from connectors.connector import Observed
from model.batch import Batch
from model.changes import WAS_LINKED, WAS_PRIMARY, Associate, Change, Dissociate, Planned

SOBJECT = "OpportunityContactRole"
PRIMARY = "primary"


def is_role(change: Change) -> bool:
    """Whether a change links a deal to a contact, or takes such a link off."""
    return isinstance(change, Associate | Dissociate) and (change.key.stream, change.to.stream) == ("deals", "contacts")


@dataclass(frozen=True, slots=True)
class _Role:
    """One row as it stands."""

    id: str
    deal: str
    contact: str
    label: str
    is_primary: bool

    def has(self, label: str) -> bool:
        return self.is_primary if label == PRIMARY else label in ("", self.label)


class Roles:
    """Contact roles of one org, one unit at a time."""

    def __init__(self, client: Client, readback: Readback) -> None:
        self._client = client
        self._readback = readback
        self._before: list[_Role] = []

    def guard(self, deeds: Deeds) -> None:
        self._before = self._read([planned.change.key.id for planned in deeds.batch], "guards")
        for planned in deeds.batch:
            change = _link(planned)
            row = _row(self._before, change)
            if isinstance(change, Dissociate):
                if row is None or not row.has(change.label):
                    deeds.settle(planned, "already", "", "it was taken off already")
            elif row is not None and row.has(change.label):
                deeds.settle(planned, "already", WAS_LINKED, "it stood there already")
            elif row is not None and change.label != PRIMARY:
                text = "the contact has another role in this deal"
                deeds.settle(planned, "conflict", "VALUE", text, found=row.label)
            elif change.label == PRIMARY and _primary(self._before, change.key.id) != change.replaces:
                text = "the primary contact is not the one that was read"
                deeds.settle(planned, "conflict", "MOVED", text, found=_primary(self._before, change.key.id))

    def call(self, deeds: Deeds, some: Sequence[Planned]) -> list[Planned]:
        made: list[tuple[Planned, dict[str, Any]]] = []
        marked: list[tuple[Planned, dict[str, Any]]] = []
        removed: list[tuple[Planned, str]] = []
        for planned in some:
            change = _link(planned)
            row = _row(self._before, change)
            if row is None:
                made.append((planned, _new(change)))
            elif change.label == PRIMARY:
                marked.append((planned, {"id": row.id, "IsPrimary": isinstance(change, Associate)}))
            else:
                removed.append((planned, row.id))
        locked: list[Planned] = []
        for method, rows in (("POST", made), ("PATCH", marked)):
            if rows:
                records = [{"attributes": {"type": SOBJECT}, **record} for _, record in rows]
                self._client.usage.needs(f"{method} of roles", len(rows), most=COLLECTION_RECORDS)
                answer = self._client.write(method, "composite/sobjects", {"allOrNone": False, "records": records})
                locked += _note(deeds, [planned for planned, _ in rows], answer)
        if removed:
            ids = ",".join(row_id for _, row_id in removed)
            self._client.usage.needs("deletions of roles", len(removed), most=COLLECTION_RECORDS)
            answer = self._client.write("DELETE", f"composite/sobjects?ids={ids}&allOrNone=false", None)
            locked += _note(deeds, [planned for planned, _ in removed], answer)
        return locked

    def prove(self, deeds: Deeds, started_us: int) -> Sequence[Batch]:
        now = self._read([planned.change.key.id for planned in deeds.unproved], "proofs")
        written = [row.id for row in now if any(_is_of(row, _link(planned)) for planned in deeds.unproved)]
        batch = None
        if written:
            self._readback.read("associations", written, "proofs of links")
            batch = self._readback.last_batch
        for planned in deeds.unproved:
            change = _link(planned)
            before, after = _row(self._before, change), _row(now, change)
            stands = after is not None and after.has(change.label)
            if stands is not isinstance(change, Associate):
                deeds.settle(planned, "applied", "CHANGED", "accepted, and done otherwise by somebody since")
            elif isinstance(change, Associate):
                deeds.settle(planned, "applied", WAS_LINKED if before else "")
            else:
                deeds.settle(planned, "applied", WAS_PRIMARY if before and before.is_primary else "")
        return () if batch is None else (batch,)

    def observed(self, changes: Sequence[Planned]) -> dict[str, Observed]:
        """By change id, the contact where the link stands; a row has no version of its deal."""
        now = self._read([planned.change.key.id for planned in changes], "observations")
        found = {}
        for planned in changes:
            change = _link(planned)
            row = _row(now, change)
            found[planned.id] = Observed(change.to.id if row is not None and row.has(change.label) else None, None)
        return found

    def _read(self, deals: Sequence[str], why: str) -> list[_Role]:
        rows: list[dict[str, Any]] = []
        ids = list(dict.fromkeys(deals))
        self._client.usage.needs(f"{why} of {SOBJECT}", len(ids), most=IDS_PER_QUERY)
        for some in chunks(ids, IDS_PER_QUERY):
            rows += self._client.rows(
                "SELECT Id, OpportunityId, ContactId, Role, IsPrimary FROM {sobject:literal} "
                "WHERE OpportunityId IN {ids}",
                {"sobject": SOBJECT, "ids": list(some)},
                kind="read",
            )
        return [
            _Role(
                str(row["Id"]),
                str(row["OpportunityId"]),
                str(row["ContactId"]),
                str(row["Role"] or ""),
                row["IsPrimary"] is True,
            )
            for row in rows
        ]


def _note(deeds: Deeds, asked: Sequence[Planned], answer: Any) -> list[Planned]:
    """Take note of the rows of a collection's answer; those that met a lock are returned."""
    rows = answer if isinstance(answer, list) and len(answer) == len(asked) else []
    locked = []
    for planned, row in zip(asked, rows, strict=False):
        if isinstance(row, Mapping) and row.get("success") is True:
            deeds.accepted[planned.id] = None
        elif deeds.refuse(planned, row_errors(row)):
            locked.append(planned)
    return locked


def _new(change: Associate | Dissociate) -> dict[str, Any]:
    is_primary = change.label == PRIMARY
    role = {} if change.label in ("", PRIMARY) else {"Role": change.label}
    return {"OpportunityId": change.key.id, "ContactId": change.to.id, "IsPrimary": is_primary, **role}


def _link(planned: Planned) -> Associate | Dissociate:
    assert isinstance(planned.change, Associate | Dissociate)
    return planned.change


def _is_of(row: _Role, change: Associate | Dissociate) -> bool:
    return (row.deal, row.contact) == (change.key.id, change.to.id)


def _row(rows: Sequence[_Role], change: Associate | Dissociate) -> _Role | None:
    return next((row for row in rows if _is_of(row, change)), None)


def _primary(rows: Sequence[_Role], deal: str) -> str | None:
    return next((row.contact for row in rows if row.deal == deal and row.is_primary), None)
