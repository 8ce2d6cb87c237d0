"""Making records by upsert on our external id, so that sending one twice makes one.

The ids are looked up first: a record that carries one is there already and is not written, since an upsert would put
the plan's values over what people changed since. A create whose answer was lost is found by its id.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from connectors._salesforce_batches import remote_values
from connectors._salesforce_client import Client
from connectors._salesforce_deeds import Deeds
from connectors._salesforce_fields import CURRENCY
from connectors._salesforce_read import Readback
from connectors._salesforce_rows import time_of
from connectors._salesforce_selection import Selection
from connectors._salesforce_send import COLLECTION_RECORDS, row_errors
from connectors._salesforce_soql import IDS_PER_QUERY, fitting
from connectors.connector import Observed
from model.batch import Batch
from model.changes import Create, Planned


class Creating:
    """Creates of one org, one unit at a time."""

    def __init__(self, client: Client, readback: Readback, external_id: str) -> None:
        self.field = external_id
        self._client = client
        self._readback = readback

    def can_find(self, stream: str) -> bool:
        """Whether records of a stream have our external id."""
        described = self._readback.selection(stream).sobject.field(self.field)
        return described is not None and described.get("externalId") is True

    def guard(self, deeds: Deeds) -> None:
        there = self.there(deeds.stream, [planned.change.key.id for planned in deeds.batch])
        for planned in deeds.batch:
            if planned.change.key.id in there:
                made, version = there[planned.change.key.id]
                deeds.settle(planned, "already", "", "it was made already", version=version, made=made)

    def call(self, deeds: Deeds, some: Sequence[Planned]) -> list[Planned]:
        selection = self._readback.selection(deeds.stream)
        records, asked = [], []
        for planned in some:
            try:
                record = _record(selection, _create(planned), self.field)
            except ValueError as error:
                deeds.settle(planned, "rejected", "NOT_EXACT", str(error))
                continue
            asked.append(planned)
            records.append({"attributes": {"type": selection.sobject.name}, **record})
        if not records:
            return []
        self._client.usage.needs(f"creates of {selection.sobject.name}", len(records), most=COLLECTION_RECORDS)
        path = f"composite/sobjects/{selection.sobject.name}/{self.field}"
        answer = self._client.write("PATCH", path, {"allOrNone": False, "records": records})
        rows = answer if isinstance(answer, list) and len(answer) == len(records) else []
        locked = []
        for planned, row in zip(asked, rows, strict=False):
            if isinstance(row, Mapping) and row.get("success") is True:
                deeds.accepted[planned.id] = str(row.get("id"))
            elif deeds.refuse(planned, row_errors(row)):
                locked.append(planned)
        return locked

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
        there = self.there(changes[0].change.key.stream, [planned.change.key.id for planned in changes])
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
    return {**remote_values(selection, values, currency), external_id: change.key.id}


def _create(planned: Planned) -> Create:
    assert isinstance(planned.change, Create)
    return planned.change
