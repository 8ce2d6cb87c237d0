"""Reading single records where a change would write: for the guard before, the proof after, and `observe`."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from connectors._http import unreadable
from connectors._salesforce_batches import batch_of
from connectors._salesforce_client import Client, chunks
from connectors._salesforce_parts import PARTS
from connectors._salesforce_rest import RestReader
from connectors._salesforce_rows import CONVERTERS, JsonCells, long_id, time_of
from connectors._salesforce_schema import Schema
from connectors._salesforce_selection import Selection
from connectors._salesforce_soql import IDS_PER_QUERY, soql_time
from model.batch import Batch
from model.conflicts import Edit
from model.errors import NotPermitted, Rejected
from model.streams import STREAMS, Value

_LAST_CHANGE = ("LastModifiedDate", "LastModifiedById")
_ID = re.compile(r"[A-Za-z0-9]{15}(?:[A-Za-z0-9]{3})?")
# Where an org keeps the changes of tracked fields: object, and the column that names the record.
HISTORIES = {
    "accounts": ("AccountHistory", "AccountId"),
    "contacts": ("ContactHistory", "ContactId"),
    "leads": ("LeadHistory", "LeadId"),
    "deals": ("OpportunityFieldHistory", "OpportunityId"),
}

_OF_ALL = (
    "SELECT {parent:literal}, Field, OldValue, NewValue, CreatedDate, CreatedById FROM {history:literal} "
    "WHERE {parent:literal} IN {ids} AND CreatedDate >= {since:literal} ORDER BY CreatedDate"
)
_OF_FIELDS = _OF_ALL.replace(" ORDER BY", " AND Field IN {fields} ORDER BY")


@dataclass(frozen=True, slots=True)
class Current:
    """One record as it is: canonical values, `version` (our version stamp) and `modified_at` (LastModifiedDate), µs,
    and `modified_by` (LastModifiedById), blank where it is not shown."""

    values: Mapping[str, Value]
    version: int
    modified_at: int
    currency: str | None
    exists: bool
    merged_into: str | None = None
    modified_by: str = ""


@dataclass(frozen=True, slots=True)
class _Kept:
    """A change of a tracked field, as a history keeps it: `at` as it tells it, `by` a user's id."""

    id: str
    field: str
    old: Value
    new: Value
    at: str
    by: str


class Readback:
    """Reads records by id, deleted and merged ones too. `last_batch` has the columns of the last read."""

    def __init__(self, client: Client, schema: Schema) -> None:
        self.last_batch: Batch | None = None
        self._client = client
        self._schema = schema
        self._reader = RestReader(client)

    def selection(self, stream: str) -> Selection:
        """How a writable stream's one part is read."""
        return self._schema.selection(stream, PARTS[stream][0])

    def remote_name(self, stream: str, field: str) -> str:
        """The API name of a field; KeyError when it is not readable."""
        api_name = self.selection(stream).api_name(field)
        if api_name is None:
            raise KeyError(field)
        return api_name

    def read(self, stream: str, ids: Sequence[str], why: str) -> dict[str, Current]:
        """By id, the records there are; one call per 200 ids. A field denied meanwhile is not among the values.

        `why` names the reads that could be one call, in the count of the fewest calls: guards, proofs, ...
        """
        try:
            return self._read(stream, ids, why)
        except NotPermitted as error:
            self._schema.forget(PARTS[stream][0].sobject, error.missing)
            return self._read(stream, ids, why)

    def _read(self, stream: str, ids: Sequence[str], why: str) -> dict[str, Current]:
        selection = self.selection(stream)
        # One text that is no id would fail the whole query, for the other 199 records too.
        known = [record_id for record_id in ids if _ID.fullmatch(record_id)]
        columns = self.columns(stream)
        self._client.usage.needs(f"{why} of {selection.sobject.name}", len(known), most=IDS_PER_QUERY)
        return self.currents(stream, self._reader.by_id(selection, known, columns, kind="read"))

    def columns(self, stream: str) -> list[str]:
        """The API names that `currents` makes something of."""
        selection = self.selection(stream)
        return [*selection.columns, *(name for name in _LAST_CHANGE if selection.sobject.has(name))]

    def currents(self, stream: str, records: Sequence[dict[str, Any]]) -> dict[str, Current]:
        """The same of records that were read with these columns."""
        selection = self.selection(stream)
        try:
            return self._currents(selection, records)
        except (ValueError, TypeError, KeyError, OverflowError):
            raise unreadable(self._client.name, f"a {selection.part.sobject} record with an unexpected value") from None

    def _currents(self, selection: Selection, records: Sequence[dict[str, Any]]) -> dict[str, Current]:
        batch = batch_of(self._client.name, selection, JsonCells(records))
        self.last_batch = batch
        names = tuple(batch.readable)
        gone = batch.columns.get("is_deleted", [False] * len(batch))
        merged = batch.columns.get("merged_into", [None] * len(batch))
        stamps = [time_of(record.get("LastModifiedDate") or record[selection.version]) for record in records]
        found = {}
        for row, record_id in enumerate(batch.columns["id"]):
            values = {name: batch.columns[name][row] for name in names}
            values |= {name: own.values[row] for name, own in batch.custom.items() if selection.api_name(name)}
            currency = values.get("currency")
            version = batch.columns["changed_at"][row]
            assert isinstance(version, int)
            found[str(record_id)] = Current(
                values,
                version,
                stamps[row],
                currency if isinstance(currency, str) else selection.currency,
                not gone[row],
                None if merged[row] is None else str(merged[row]),
                str(records[row].get("LastModifiedById") or ""),
            )
        return found

    def replacements(
        self, stream: str, ids: Sequence[str], since_us: int
    ) -> dict[tuple[str, str], list[tuple[Value, Value]]]:
        """By (id, canonical field), the changes since then as (old, new), oldest first, where history is kept.

        Empty where the org keeps no history for the object or we may not read it.
        """
        found: dict[tuple[str, str], list[tuple[Value, Value]]] = {}
        for kept in self._kept(stream, ids, since_us):
            found.setdefault((kept.id, kept.field), []).append((kept.old, kept.new))
        return found

    def edits(self, stream: str, wanted: Mapping[str, Collection[str]]) -> dict[tuple[str, str], Edit]:
        """By (id, field), who set the present value: exact where the history shows it, else nobody later than the
        record's version, which every change moves."""
        current = self.read(stream, list(wanted), "edits")
        names = {name for some in wanted.values() for name in some}
        newest = {(kept.id, kept.field): kept for kept in self._kept(stream, list(current), 0, names)}
        found = {}
        for record_id in current.keys() & wanted.keys():
            for name in wanted[record_id]:
                edit = self._edit(current[record_id], name, newest.get((record_id, name)))
                if edit is not None:
                    found[record_id, name] = edit
        return found

    def _edit(self, now: Current, name: str, kept: _Kept | None) -> Edit | None:
        if not now.exists or name not in now.values:
            return None
        if kept is None or kept.new != now.values[name]:
            return Edit(now.version, now.modified_by, is_exact=False)
        try:
            return Edit(time_of(kept.at), kept.by)
        except ValueError:
            raise unreadable(self._client.name, "a field history without a time") from None

    def _kept(
        self, stream: str, ids: Sequence[str], since_us: int, only: Collection[str] | None = None
    ) -> Iterator[_Kept]:
        """The changes of fields since then, or `only` of these, oldest first."""
        selection = self.selection(stream)
        history, parent = HISTORIES[stream]
        names = (*selection.remote, *selection.custom)
        fields = {_history_name(selection, api): name for name in names if (api := selection.api_name(name))}
        shown = () if only is None else [api for api, name in fields.items() if name in only]
        for row in self._history(history, parent, ids, since_us, shown):
            name = fields.get(str(row.get("Field")))
            cells = [row.get("OldValue"), row.get("NewValue")]
            convert = CONVERTERS.get(selection.type_of(name)) if name else None
            if name is None or convert is None:
                continue
            # A lookup makes two rows, one with the names of the records and one with their ids.
            is_reference = name in selection.remote and STREAMS[stream].field(name).kind == "reference"
            if is_reference and not all(cell is None or _ID.fullmatch(str(cell)) for cell in cells):
                continue
            old, new = [cell and long_id(str(cell)) for cell in cells] if is_reference else convert(cells)
            at, by = str(row.get("CreatedDate")), str(row.get("CreatedById") or "")
            yield _Kept(long_id(str(row.get(parent))), name, old, new, at, by)

    def _history(
        self, history: str, parent: str, ids: Sequence[str], since_us: int, fields: Sequence[str]
    ) -> list[dict[str, Any]]:
        """Rows of these fields, of all where none are named."""
        rows: list[dict[str, Any]] = []
        self._client.usage.needs(f"reads of {history}", len(ids), most=IDS_PER_QUERY)
        try:
            for some in chunks(ids, IDS_PER_QUERY):
                rows += self._client.rows(
                    _OF_FIELDS if fields else _OF_ALL,
                    {
                        "parent": parent,
                        "history": history,
                        "ids": list(some),
                        "since": soql_time(since_us),
                        "fields": list(fields),
                    },
                    kind="history",
                )
        except (NotPermitted, Rejected):
            return []
        return rows


def _history_name(selection: Selection, api_name: str) -> str:
    """What a history calls a field: of a standard lookup the relationship, Account for AccountId."""
    is_lookup = (selection.sobject.field(api_name) or {}).get("type") == "reference"
    return api_name.removesuffix("Id") if is_lookup and not api_name.endswith("__c") else api_name
