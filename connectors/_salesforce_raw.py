"""Records of any object in Salesforce's own names and values: for snapshots and for what is put back from them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote_plus

from simple_salesforce.format import format_soql

from connectors._http import unreadable
from connectors._salesforce_client import Client, chunks
from connectors._salesforce_schema import Schema
from connectors._salesforce_selection import Sobject
from connectors._salesforce_send import COMPOSITE_RECORDS
from connectors._salesforce_soql import IDS_PER_QUERY, column_groups
from model.errors import NotPermitted

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

    def rows(self, kind: str, columns: Sequence[str], ids: Sequence[str], why: str, *, gone: bool) -> dict[str, Row]:
        """By id, the records there are, with `gone` those in the recycle bin too."""
        found: dict[str, dict[str, Any]] = {}
        self._client.usage.needs(f"{why} of {kind}", len(ids), most=IDS_PER_QUERY)
        for group in column_groups(columns):
            for some in chunks(ids, IDS_PER_QUERY):
                for row in self._client.rows(
                    "SELECT {columns:literal} FROM {kind:literal} WHERE Id IN {ids}",
                    {"columns": ", ".join(group), "kind": kind, "ids": list(some)},
                    kind="read",
                    deleted=gone,
                ):
                    found.setdefault(str(row["Id"]), {}).update(row)
        return {key: {name: value for name, value in row.items() if name != "attributes"} for key, row in found.items()}

    def many(self, queries: Sequence[tuple[str, Mapping[str, object]]], why: str) -> list[list[Row]]:
        """The rows of each query, QUERIES of them a call; none where the org refuses one. `kind` among a query's
        values is its object."""
        self._client.usage.needs(why, len(queries), most=QUERIES)
        found: list[list[Row]] = []
        texts = [(format_soql(soql, **values), values.get("kind") in ARCHIVED) for soql, values in queries]
        for start in range(0, len(texts), QUERIES):
            some = texts[start : start + QUERIES]
            version = self._client.api_version
            asked = [
                {"method": "GET", "url": f"v{version}/{'queryAll' if is_all else 'query'}?q={quote_plus(soql)}"}
                for soql, is_all in some
            ]
            answer = self._client.post("composite/batch", {"batchRequests": asked}, kind="read")
            results = answer.get("results") if isinstance(answer, dict) else None
            if not isinstance(results, list) or len(results) != len(some):
                raise unreadable(self._client.name, "a batch answer without the results of all its requests")
            found += [self._rows(result) for result in results]
        return found

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
