"""Relations of contacts to several accounts that keep Salesforce from merging: taken off, and put back.

Where two contacts are related to one account, or two accounts to one contact, Salesforce merges them only if both
relations are direct, and takes no direct one off. So of each such set all but one indirect relation go, the direct ones
and else the survivor's stay. What goes is in the snapshot of the merge; its undo makes it again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from connectors._salesforce_client import Client, chunks
from connectors._salesforce_raw import RELATION, Raw, Row, writable
from connectors._salesforce_schema import Schema
from connectors._salesforce_send import COLLECTION_RECORDS
from connectors._salesforce_soql import IDS_PER_QUERY

REFUSED = "MERGE_FAILED"  # the code of such a refusal, among others
_ENDS = {"contacts": ("ContactId", "AccountId"), "accounts": ("AccountId", "ContactId")}


class Redundant:
    """Redundant relations of one org."""

    def __init__(self, client: Client, schema: Schema) -> None:
        self._client = client
        self._raw = Raw(client, schema)

    def take_off(self, stream: str, groups: Sequence[Sequence[str]]) -> list[list[Row]]:
        """Delete the redundant relations of each group of ids, the survivor's first; what went, by group."""
        relation = self._raw.sobject(RELATION) if groups and stream in _ENDS else None
        if relation is None:
            return [[] for _ in groups]
        own, other = _ENDS[stream]
        columns = ", ".join(["Id", "IsDirect", *writable(relation)])
        held: dict[str, list[Row]] = defaultdict(list)
        ids = list(dict.fromkeys(one for group in groups for one in group))
        self._client.usage.needs("redundant relations", len(ids), most=IDS_PER_QUERY)
        for some in chunks(ids, IDS_PER_QUERY):
            for row in self._client.rows(
                "SELECT {columns:literal} FROM {kind:literal} WHERE {own:literal} IN {ids}",
                {"columns": columns, "kind": RELATION, "own": own, "ids": list(some)},
                kind="read",
            ):
                held[str(row[own])].append(row)
        redundant = [_redundant([row for one in group for row in held[one]], other) for group in groups]
        gone = self._delete([str(row["Id"]) for rows in redundant for row in rows])
        return [[row for row in rows if row["Id"] in gone] for rows in redundant]

    def put_back(self, rows: Sequence[Row]) -> None:
        """Make these relations again."""
        relation = self._raw.sobject(RELATION) if rows else None
        names = writable(relation) if relation else []
        body: list[dict[str, Any]] = [
            {"attributes": {"type": RELATION}, **{name: row[name] for name in names if row.get(name) is not None}}
            for row in rows
        ]
        for some in chunks(body, COLLECTION_RECORDS):
            self._client.usage.needs("relations put back", len(some), most=COLLECTION_RECORDS)
            self._client.write("POST", "composite/sobjects", {"allOrNone": False, "records": list(some)})

    def _delete(self, ids: Sequence[str]) -> set[str]:
        gone: set[str] = set()
        for some in chunks(ids, COLLECTION_RECORDS):
            self._client.usage.needs("deletions of relations", len(some), most=COLLECTION_RECORDS)
            path = f"composite/sobjects?ids={','.join(some)}&allOrNone=false"
            answer = self._client.write("DELETE", path, None)
            rows = answer if isinstance(answer, list) and len(answer) == len(some) else []
            gone |= {one for one, row in zip(some, rows, strict=False) if row.get("success") is True}
        return gone


def _redundant(rows: Sequence[Row], other: str) -> list[Row]:
    """Of the relations to one and the same record all but the first, or all that are indirect if one is direct."""
    alike: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        alike[str(row[other])].append(row)
    found: list[Row] = []
    for some in alike.values():
        indirect = [row for row in some if not row["IsDirect"]]
        found += indirect if len(indirect) < len(some) else indirect[1:]
    return found
