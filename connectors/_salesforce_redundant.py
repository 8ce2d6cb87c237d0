"""Relations of contacts to several accounts that keep Salesforce from merging: taken off, and put back.

Where two contacts are related to one account, or two accounts to one contact, Salesforce merges them only if both
relations are direct, and takes no direct one off. So of each such set all but one indirect relation go, the direct ones
and else the survivor's stay. What goes is in the snapshots of the merge, by which its undo makes it again, and so does
a merge that comes to nothing, also one that a push took up which another had left with its relations off.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from connectors._salesforce_client import Client, chunks
from connectors._salesforce_raw import RELATION, Raw, Row, join_key, writable
from connectors._salesforce_schema import Schema
from connectors._salesforce_send import COLLECTION_RECORDS
from connectors._salesforce_soql import IDS_PER_QUERY
from model.snapshots import Snapshot

REFUSED = "MERGE_FAILED"  # the code of such a refusal, among others
_ENDS = {"contacts": ("ContactId", "AccountId"), "accounts": ("AccountId", "ContactId")}


class Redundant:
    """Redundant relations of one org."""

    def __init__(self, client: Client, schema: Schema) -> None:
        self._client = client
        self._raw = Raw(client, schema)

    def take_off(self, stream: str, groups: Sequence[Sequence[str]]) -> list[int]:
        """Delete the redundant relations of each group of ids, the survivor's first; how many went, by group."""
        if not groups or not self._are_kept(stream):
            return [0 for _ in groups]
        own, other = _ENDS[stream]
        held: dict[str, list[Row]] = defaultdict(list)
        for row in self._held(own, [one for group in groups for one in group]):
            held[str(row[own])].append(row)
        redundant = [_redundant([row for one in group for row in held[one]], other) for group in groups]
        gone = self._delete([str(row["Id"]) for rows in redundant for row in rows])
        return [sum(row["Id"] in gone for row in rows) for rows in redundant]

    def put_back(self, stream: str, snapshots: Sequence[Snapshot]) -> None:
        """Make the relations again that the records of these snapshots had and have no longer."""
        had = [one.values for shot in snapshots for one in shot.hanging if one.kind == RELATION and one.values]
        relation = self._raw.sobject(RELATION) if had and self._are_kept(stream) else None
        if relation is None:
            return
        have = {join_key(RELATION, row) for row in self._held(_ENDS[stream][0], [shot.key.id for shot in snapshots])}
        lost = {join_key(RELATION, values): values for values in had if join_key(RELATION, values) not in have}
        names = writable(relation)
        body: list[dict[str, Any]] = [
            {"attributes": {"type": RELATION}, **{name: row[name] for name in names if row.get(name) is not None}}
            for row in lost.values()
        ]
        for some in chunks(body, COLLECTION_RECORDS):
            self._client.usage.needs("relations put back", len(some), most=COLLECTION_RECORDS)
            self._client.write("POST", "composite/sobjects", {"allOrNone": False, "records": list(some)})

    def _are_kept(self, stream: str) -> bool:
        return stream in _ENDS and self._raw.sobject(RELATION) is not None

    def _held(self, own: str, ids: Sequence[str]) -> list[Row]:
        """The relations of these records, which `own` names."""
        rows: list[Row] = []
        once = list(dict.fromkeys(ids))
        self._client.usage.needs("redundant relations", len(once), most=IDS_PER_QUERY)
        for some in chunks(once, IDS_PER_QUERY):
            rows += self._client.rows(
                "SELECT Id, AccountId, ContactId, IsDirect FROM {kind:literal} WHERE {own:literal} IN {ids}",
                {"kind": RELATION, "own": own, "ids": list(some)},
                kind="read",
            )
        return rows

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
