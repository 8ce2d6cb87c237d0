"""Snapshots of records before they are merged, converted or deleted: every writable field, and what hangs on them.

The records and what names them, by each child relationship, are read by 25 queries a call; then the rows of joins
(campaign members, contact roles), which a merge may delete.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from connectors._salesforce_client import Client, chunks
from connectors._salesforce_parts import PARTS
from connectors._salesforce_raw import ARCHIVED, JOINS, Query, Raw, Row, by_ids, relations, writable
from connectors._salesforce_rows import time_of
from connectors._salesforce_schema import Schema
from connectors._salesforce_selection import Sobject
from connectors._salesforce_soql import IDS_PER_QUERY
from model.changes import Convert, Planned, records_of
from model.evidence import RecordKey
from model.snapshots import Hanging, Snapshot

_STAMPS = ("SystemModstamp", "LastModifiedDate")
Named = dict[tuple[str, str, str], dict[str, str]]  # stream, child object and field -> child -> the record it names


@dataclass(frozen=True, slots=True)
class _Wanted:
    """Records of one stream that snapshots are wanted of."""

    stream: str
    sobject: Sobject
    ids: Sequence[str]

    @property
    def stamp(self) -> str:
        return next(name for name in _STAMPS if self.sobject.has(name))


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
        wanted = [_Wanted(stream, sobject, list(ids)) for stream, ids in by_stream.items()
                  if (sobject := self._raw.sobject(PARTS[stream][0].sobject)) is not None]  # fmt: skip
        taken = self._taken(wanted)
        return {one: tuple(taken[key] for key in some if key in taken) for one, some in keys.items()}

    def _taken(self, wanted: Sequence[_Wanted]) -> dict[RecordKey, Snapshot]:
        queries = [[*self._records(one), *_children(one)] for one in wanted]
        why = f"snapshots of {', '.join(one.stream for one in wanted)}"
        answers = iter(self._raw.many([query for some in queries for query in some], why))
        shots: dict[RecordKey, Snapshot] = {}
        named: Named = defaultdict(dict)
        records: list[dict[str, Row]] = []
        for one, some in zip(wanted, queries, strict=True):
            told = [(query, next(answers)) for query in some]
            records.append(by_ids(rows for query, rows in told if query.is_needed))
            for query, rows in told:
                field = str(query.values.get("field", ""))
                if not query.is_needed and rows and self._is_set(query.kind, field):
                    named[one.stream, query.kind, field] |= {str(row["Id"]): str(row[field]) for row in rows}
        hanging = self._hanging(named)
        for one, rows_of in zip(wanted, records, strict=True):
            for record_id, row in rows_of.items():
                key = RecordKey(self._name, one.stream, record_id)
                values = {name: value for name, value in row.items() if name != one.stamp}
                shots[key] = Snapshot(key, time_of(str(row[one.stamp])), values, tuple(hanging[one.stream, record_id]))
        return shots

    def _records(self, one: _Wanted) -> list[Query]:
        columns = list(dict.fromkeys([*writable(one.sobject), one.stamp]))
        return self._raw.by_id(one.sobject.name, columns, one.ids, gone=False)

    def _hanging(self, named: Named) -> dict[tuple[str, str], list[Hanging]]:
        """By stream and record id, what names it."""
        joins = self._joins(named)
        found: dict[tuple[str, str], list[Hanging]] = defaultdict(list)
        for (stream, kind, field), rows_of in named.items():
            for child, parent in rows_of.items():
                found[stream, parent].append(Hanging(kind, field, child, joins.get(child)))
        return found

    def _is_set(self, kind: str, field: str) -> bool:
        """Whether somebody sets the field, rather than the system by itself."""
        child = self._raw.sobject(kind)
        return child is not None and field in writable(child)

    def _joins(self, named: Named) -> dict[str, Row]:
        """By id, the whole rows of what joins two records."""
        ids: dict[str, dict[str, None]] = defaultdict(dict)
        for (_, kind, _), rows in named.items():
            if kind in JOINS:
                ids[kind] |= dict.fromkeys(rows)
        queries: list[Query] = []
        for kind, mine in ids.items():
            sobject = self._raw.sobject(kind)
            if sobject is not None and mine:
                columns = list(dict.fromkeys([*writable(sobject), *(one for one in JOINS[kind] if sobject.has(one))]))
                queries += self._raw.by_id(kind, columns, list(mine), gone=False)
        return (
            by_ids(self._raw.many(queries, f"joins of {', '.join(sorted({stream for stream, *_ in named}))}"))
            if queries
            else {}
        )


def _children(one: _Wanted) -> list[Query]:
    """What names the records, by each of their child relationships."""
    soql = "SELECT Id, {field:literal} FROM {kind:literal} WHERE {field:literal} IN {ids}{live:literal}"
    return [
        Query(kind, soql, {"field": field, "ids": list(some),
                           "live": " AND IsDeleted = false" if kind in ARCHIVED else ""})
        for kind, field in relations(one.sobject) for some in chunks(one.ids, IDS_PER_QUERY)
    ]  # fmt: skip


def _keys(planned: Planned) -> list[RecordKey]:
    """The records of a change; a conversion also writes the contact and the account it joins."""
    change = planned.change
    others = (change.contact, change.account) if isinstance(change, Convert) else ()
    return list(dict.fromkeys([*records_of(change), *(key for key in others if key is not None)]))
