"""Records of any object in Salesforce's own names and values: for snapshots and for what is put back from them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote_plus

from simple_salesforce.format import format_soql

from connectors._http import unreadable
from connectors._salesforce_client import Client, chunks
from connectors._salesforce_schema import Schema
from connectors._salesforce_selection import Sobject
from connectors._salesforce_send import COMPOSITE_RECORDS
from connectors._salesforce_soql import IDS_PER_QUERY, column_groups
from model.errors import ConnectorError, NotPermitted, Rejected

Row = Mapping[str, Any]
QUERIES = COMPOSITE_RECORDS  # of one batch call
# Rows that join two records, of which two may not agree in all of these fields: where a merge would make them agree, it
# deletes one. Of the pair LeadId, ContactId a campaign member has one or the other.
RELATION = "AccountContactRelation"
JOINS: Mapping[str, tuple[str, ...]] = {
    RELATION: ("AccountId", "ContactId"),
    "AccountContactRole": ("AccountId", "ContactId"),
    "CampaignInfluence": ("CampaignId", "OpportunityId", "ContactId", "ModelId"),
    "CampaignMember": ("CampaignId", "LeadId", "ContactId"),
    "CaseContactRole": ("CasesId", "ContactId"),
    "ContractContactRole": ("ContractId", "ContactId"),
    "DuplicateRecordItem": ("DuplicateRecordSetId", "RecordId"),
    "OpportunityContactRole": ("OpportunityId", "ContactId"),
}
# Objects whose old rows answer to queryAll alone.
ARCHIVED = frozenset({"Task", "Event"})
# Objects whose rows the platform writes by itself.
_OWN_ROWS = ("History", "Share", "Feed", "ChangeEvent", "__Tag", "CleanInfo")
# What holds no single value that could be written again.
_UNWRITTEN = frozenset({"address", "location", "base64"})


def join_key(kind: str, row: Row) -> tuple[object, ...]:
    return tuple(row.get(name) for name in JOINS.get(kind, ()))


@dataclass(frozen=True, slots=True)
class Query:
    """A query of one object with `{name}` places for values; `gone` shows what is in the recycle bin too. One that
    `is_needed` and is refused is an error."""

    kind: str
    soql: str
    values: Mapping[str, object]
    gone: bool = False
    is_needed: bool = False

    @property
    def resource(self) -> str:
        return "queryAll" if self.gone or self.kind in ARCHIVED else "query"

    @property
    def text(self) -> str:
        return format_soql(self.soql, kind=self.kind, **self.values)


def by_ids(answers: Iterable[Sequence[Row]]) -> dict[str, Row]:
    """Rows by id, those of one id put together."""
    found: dict[str, dict[str, Any]] = {}
    for row in (row for rows in answers for row in rows):
        found.setdefault(str(row["Id"]), {}).update((name, cell) for name, cell in row.items() if name != "attributes")
    return dict(found)


def writable(sobject: Sobject) -> list[str]:
    """The API names of the fields that a user of our rights can set, at once or later."""
    return [
        str(field["name"])
        for field in sobject.fields.values()
        if (field.get("createable") or field.get("updateable")) and field.get("type") not in _UNWRITTEN
    ]


def relations(sobject: Sobject) -> list[tuple[str, str]]:
    """The (object, field) of records that can hang on one of this object."""
    return [
        (kind, field)
        for kind, field in sobject.children
        if field != "MasterRecordId" and not kind.endswith(_OWN_ROWS) and not kind.startswith("Data")
    ]


class Raw:
    """Reads rows of one org."""

    def __init__(self, client: Client, schema: Schema) -> None:
        self._client = client
        self._schema = schema

    def sobject(self, kind: str) -> Sobject | None:
        """One object's describe; None where we may not see it."""
        try:
            return self._schema.sobject(kind)
        except NotPermitted:
            return None

    def by_id(self, kind: str, columns: Sequence[str], ids: Sequence[str], *, gone: bool) -> list[Query]:
        """Queries that must be answered for the records of these ids, with `gone` those in the recycle bin too."""
        soql = "SELECT {columns:literal} FROM {kind:literal} WHERE Id IN {ids}"
        return [
            Query(kind, soql, {"columns": ", ".join(group), "ids": list(some)}, gone=gone, is_needed=True)
            for group in column_groups(columns)
            for some in chunks(ids, IDS_PER_QUERY)
        ]

    def many(self, queries: Sequence[Query], why: str) -> list[list[Row]]:
        """The rows of each query, QUERIES of them a call; none where the org refuses one, unless it is needed.

        `why` names the queries that could share calls, in the count of the fewest.
        """
        self._client.usage.needs(why, len(queries), most=QUERIES)
        found: list[list[Row]] = []
        for some in (queries[start : start + QUERIES] for start in range(0, len(queries), QUERIES)):
            version = self._client.api_version
            asked = [{"method": "GET", "url": f"v{version}/{one.resource}?q={quote_plus(one.text)}"} for one in some]
            answer = self._client.post("composite/batch", {"batchRequests": asked}, kind="read")
            results = answer.get("results") if isinstance(answer, dict) else None
            if not isinstance(results, list) or len(results) != len(some):
                raise unreadable(self._client.name, "a batch answer without the results of all its requests")
            for query, result in zip(some, results, strict=True):
                status = result.get("statusCode") if isinstance(result, dict) else None
                if query.is_needed and status != 200:
                    raise self._refusal(query, status)
                found.append(self._rows(result))
        return found

    def _refusal(self, query: Query, status: object) -> ConnectorError:
        if isinstance(status, int) and 400 <= status < 500:
            text = f"{self._client.name}: Salesforce refused to show {query.kind}, HTTP {status}."
            return Rejected(text, connection=self._client.name, code=f"HTTP {status}")
        return unreadable(self._client.name, f"{query.kind} in a batch, HTTP {status}")

    def _rows(self, result: Any) -> list[Row]:
        page = result.get("result") if isinstance(result, dict) and result.get("statusCode") == 200 else None
        if not isinstance(page, dict) or not isinstance(page.get("records"), list):
            return []
        rows, total = list(page["records"]), page.get("totalSize")
        while page.get("done") is False:
            page = self._client.more(str(page.get("nextRecordsUrl")), kind="read")
            rows += page["records"]
        if isinstance(total, int) and len(rows) < total:
            raise unreadable(self._client.name, f"{len(rows)} of {total} rows")
        return rows
