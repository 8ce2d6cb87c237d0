"""Snapshots of records before they are merged, converted or deleted: every writable field, and what hangs on them.

One call reads the records of an object, then one per 25 of its child relationships finds what names them, then one
each reads the rows of joins (campaign members, contact roles), which a merge may delete.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from connectors._salesforce_client import Client, chunks
from connectors._salesforce_parts import PARTS
from connectors._salesforce_raw import ARCHIVED, JOINS, Raw, Row, relations, writable
from connectors._salesforce_rows import time_of
from connectors._salesforce_schema import Schema
from connectors._salesforce_selection import Sobject
from connectors._salesforce_soql import IDS_PER_QUERY
from model.changes import Convert, Planned, records_of
from model.evidence import RecordKey
from model.snapshots import Hanging, Snapshot

_STAMPS = ("SystemModstamp", "LastModifiedDate")


class Snapshots:
    """Takes the snapshots of one org."""

    def __init__(self, client: Client, schema: Schema) -> None:
        self._name = client.name
        self._raw = Raw(client, schema)

    def take(self, changes: Sequence[Planned]) -> dict[str, tuple[Snapshot, ...]]:
        """By change id, its records as they are now; those that are gone are left out."""
        keys = {planned.id: _keys(planned) for planned in changes}
        by_stream: dict[str, dict[str, None]] = defaultdict(dict)
        for key in (key for some in keys.values() for key in some):
            by_stream[key.stream][key.id] = None
        taken: dict[RecordKey, Snapshot] = {}
        for stream, ids in by_stream.items():
            taken |= self._of_stream(stream, list(ids))
        return {one: tuple(taken[key] for key in some if key in taken) for one, some in keys.items()}

    def _of_stream(self, stream: str, ids: Sequence[str]) -> dict[RecordKey, Snapshot]:
        sobject = self._raw.sobject(PARTS[stream][0].sobject)
        if sobject is None:
            return {}
        stamp = next(name for name in _STAMPS if sobject.has(name))
        columns = list(dict.fromkeys([*writable(sobject), stamp]))
        records = self._raw.rows(sobject.name, columns, ids, "snapshots", gone=False)
        hanging = self._hanging(sobject, list(records))
        shots = {}
        for record_id, row in records.items():
            key = RecordKey(self._name, stream, record_id)
            values = {name: value for name, value in row.items() if name != stamp}
            shots[key] = Snapshot(key, time_of(str(row[stamp])), values, tuple(hanging.get(record_id, ())))
        return shots

    def _hanging(self, sobject: Sobject, ids: Sequence[str]) -> dict[str, list[Hanging]]:
        """By record id, what names it."""
        pairs = relations(sobject)
        parts = chunks(ids, IDS_PER_QUERY)
        queries = [
            ("SELECT Id, {field:literal} FROM {kind:literal} WHERE {field:literal} IN {ids}{live:literal}",
             {"field": field, "kind": kind, "ids": list(some),
              "live": " AND IsDeleted = false" if kind in ARCHIVED else ""})
            for kind, field in pairs for some in parts
        ]  # fmt: skip
        answers = self._raw.many(queries, f"children of {sobject.name}") if queries else []
        named: dict[tuple[str, str], dict[str, str]] = defaultdict(dict)
        for place, rows in enumerate(answers):
            kind, field = pairs[place // len(parts)]
            if rows and self._is_set(kind, field):
                named[kind, field] |= {str(row["Id"]): str(row[field]) for row in rows}
        joins = self._joins(named)
        found: dict[str, list[Hanging]] = defaultdict(list)
        for (kind, field), rows_of in named.items():
            for child, parent in rows_of.items():
                found[parent].append(Hanging(kind, field, child, joins.get(child)))
        return found

    def _is_set(self, kind: str, field: str) -> bool:
        """Whether somebody sets the field, rather than the system by itself."""
        child = self._raw.sobject(kind)
        return child is not None and field in writable(child)

    def _joins(self, named: Mapping[tuple[str, str], Mapping[str, str]]) -> dict[str, Row]:
        """By id, the whole rows of what joins two records."""
        ids: dict[str, dict[str, None]] = defaultdict(dict)
        for (kind, _), rows in named.items():
            if kind in JOINS:
                ids[kind] |= dict.fromkeys(rows)
        found: dict[str, Row] = {}
        for kind, mine in ids.items():
            sobject = self._raw.sobject(kind)
            if sobject is not None and mine:
                columns = list(dict.fromkeys([*writable(sobject), *(one for one in JOINS[kind] if sobject.has(one))]))
                found |= self._raw.rows(kind, columns, list(mine), "snapshots", gone=False)
        return found


def _keys(planned: Planned) -> list[RecordKey]:
    """The records of a change; a conversion also writes the contact and the account it joins."""
    change = planned.change
    others = (change.contact, change.account) if isinstance(change, Convert) else ()
    return list(dict.fromkeys([*records_of(change), *(key for key in others if key is not None)]))
