"""Making records by upsert on our external id, so that sending one twice makes one.

The ids are looked up first: a record that carries one is there already and is not written, since an upsert would put
the plan's values over what people changed since. A create whose answer was lost is found by its id. In an org that has
no such field records are looked up by what is alike instead, which finds them unless somebody edits that in between.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from connectors._salesforce_alike import PEOPLE, Alike, is_found_alike
from connectors._salesforce_batches import remote_values
from connectors._salesforce_client import Client
from connectors._salesforce_deeds import Deeds
from connectors._salesforce_faults import error_code
from connectors._salesforce_fields import CURRENCY
from connectors._salesforce_read import Readback
from connectors._salesforce_rows import time_of
from connectors._salesforce_selection import Selection, Sobject
from connectors._salesforce_send import COLLECTION_RECORDS, row_errors
from connectors._salesforce_soql import IDS_PER_QUERY, fitting
from connectors.connector import Observed
from model.batch import Batch
from model.changes import ADOPTED, Create, Planned

DUPLICATES = "DUPLICATES_DETECTED"
# A new record stops at every duplicate rule, also at one that only warns.
NO_DUPLICATES = {"Sforce-Duplicate-Rule-Header": "allowSave=false"}


class Creating:
    """Creates of one org, one unit at a time."""

    def __init__(self, client: Client, readback: Readback, external_id: str) -> None:
        self.field = external_id
        self._client = client
        self._readback = readback
        self._alike = Alike(client, readback)

    def can_find(self, stream: str) -> bool:
        """Whether records of a stream have our external id."""
        return has_external_id(self._readback.selection(stream).sobject, self.field)

    def guard(self, deeds: Deeds) -> None:
        if not self.can_find(deeds.stream):
            self._adopt(deeds, deeds.batch)
            return
        there = self.there(deeds.stream, [planned.change.key.id for planned in deeds.batch])
        for planned in deeds.batch:
            if planned.change.key.id in there:
                made, version = there[planned.change.key.id]
                deeds.settle(planned, "already", "", "it was made already", version=version, made=made)
        if deeds.stream in PEOPLE:
            self._adopt(deeds, [planned for planned in deeds.open if is_found_alike(_create(planned))])

    def call(self, deeds: Deeds, some: Sequence[Planned]) -> list[Planned]:
        selection, is_keyed = self._readback.selection(deeds.stream), self.can_find(deeds.stream)
        records, asked = [], []
        for planned in some:
            try:
                record = _record(selection, _create(planned), self.field if is_keyed else "")
            except ValueError as error:
                deeds.settle(planned, "rejected", "NOT_EXACT", str(error))
                continue
            asked.append(planned)
            records.append({"attributes": {"type": selection.sobject.name}, **record})
        if not records:
            return []
        self._client.usage.needs(f"creates of {selection.sobject.name}", len(records), most=COLLECTION_RECORDS)
        path = f"composite/sobjects/{selection.sobject.name}/{self.field}" if is_keyed else "composite/sobjects"
        body = {"allOrNone": False, "records": records}
        answer = self._client.write("PATCH" if is_keyed else "POST", path, body, NO_DUPLICATES)
        rows = answer if isinstance(answer, list) and len(answer) == len(records) else []
        return self._sorted_out(deeds, list(zip(asked, rows, strict=False)))

    def _sorted_out(self, deeds: Deeds, answered: Sequence[tuple[Planned, Any]]) -> list[Planned]:
        """Note what was accepted and refused; those that met a lock are returned. What a duplicate rule refuses is
        there already, if it is found."""
        doubles = [planned for planned, row in answered if _codes(row) == {DUPLICATES}]
        self._adopt(deeds, doubles)
        locked = []
        for planned, row in answered:
            if isinstance(row, Mapping) and row.get("success") is True:
                deeds.accepted[planned.id] = str(row.get("id"))
            elif deeds.refuse(planned, row_errors(row)):
                locked.append(planned)
        return locked

    def _adopt(self, deeds: Deeds, changes: Sequence[Planned]) -> None:
        """Settle those of which just one record is there that is alike: it stands for the one that was to be made."""
        if not changes:
            return
        there = self._alike.there(deeds.stream, changes)
        for planned in changes:
            found = there[planned.id]
            if len(found) == 1:
                text = "a record like it was there, which was linked and not changed"
                deeds.settle(planned, "already", ADOPTED, text, version=found[0][1], made=found[0][0])
            elif found:
                text = f"{len(found)} records like it are there; merge them first"
                deeds.settle(planned, "rejected", DUPLICATES, text)

    def prove(self, deeds: Deeds, started_us: int) -> Sequence[Batch]:
        now = self._readback.read(
            deeds.stream, [str(deeds.accepted[planned.id]) for planned in deeds.unproved], "proofs"
        )
        batch = self._readback.last_batch
        for planned in deeds.unproved:
            made = str(deeds.accepted[planned.id])
            record = now.get(made)
            deeds.settle(planned, "applied", version=record.version if record else None, made=made)
        return () if batch is None else (batch,)

    def observed(self, changes: Sequence[Planned]) -> dict[str, Observed]:
        """By change id, the record that carries its external id."""
        stream = changes[0].change.key.stream
        if not self.can_find(stream):
            alike = self._alike.there(stream, changes, ours=True)
            return {
                planned.id: Observed(*alike[planned.id][0]) if alike[planned.id] else Observed(None, None, exists=False)
                for planned in changes
            }
        there = self.there(stream, [planned.change.key.id for planned in changes])
        return {
            planned.id: Observed(*there[planned.change.key.id])
            if planned.change.key.id in there
            else Observed(None, None, exists=False)
            for planned in changes
        }

    def there(self, stream: str, external_ids: Sequence[str]) -> dict[str, tuple[str, int]]:
        """By external id, id and version (µs) of the live records that carry one."""
        selection = self._readback.selection(stream)
        found = {}
        for some in fitting(external_ids):
            rows: list[dict[str, Any]] = self._client.rows(
                "SELECT Id, {version:literal}, {field:literal} FROM {sobject:literal} WHERE {field:literal} IN {ids}",
                {
                    "version": selection.version,
                    "field": self.field,
                    "sobject": selection.sobject.name,
                    "ids": some,
                },
                kind="read",
            )
            self._client.usage.needs("reads by external id", len(some), most=IDS_PER_QUERY)
            for row in rows:
                external_id = next(value for name, value in row.items() if name.lower() == self.field.lower())
                found[str(external_id)] = (str(row["Id"]), time_of(str(row[selection.version])))
        return found


def _record(selection: Selection, change: Create, external_id: str) -> dict[str, Any]:
    values = {name: value for name, value in change.values if value is not None}
    stated = values.get("currency")
    currency = str(stated) if stated is not None else selection.currency
    if not selection.sobject.has(CURRENCY):
        values.pop("currency", None)
    key = {external_id: change.key.id} if external_id else {}
    return {**remote_values(selection, values, currency), **key}


def has_external_id(sobject: Sobject, name: str) -> bool:
    """Whether records of an object can be made by that field."""
    described = sobject.field(name)
    return described is not None and described.get("externalId") is True and described.get("createable") is True


def _codes(row: Any) -> set[str]:
    return {error_code(error) for error in row_errors(row)}


def _create(planned: Planned) -> Create:
    assert isinstance(planned.change, Create)
    return planned.change
