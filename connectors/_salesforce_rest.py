"""Reading the rows of a selection over REST: pages of a query, and single records by id.

A select list that does not fit into one address is asked for in groups, which are put together by id.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from connectors._salesforce_client import Client, chunks
from connectors._salesforce_selection import Selection
from connectors._salesforce_soql import IDS_PER_QUERY, column_groups

Record = dict[str, Any]


@dataclass(frozen=True, slots=True)
class RestPage:
    """Records of one page of a query; `link` leads to the next one, blank on the last; `total` rows fit the query."""

    records: list[Record]
    link: str
    total: int


class RestReader:
    """Reads records of one org with all columns of their selection."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def first(self, selection: Selection, rest_of_query: str, *, deleted: bool) -> RestPage:
        """The first page of a query, of which all but the select list is given."""
        columns = ", ".join(column_groups(selection.columns)[0])
        answer = self._client.query(f"SELECT {columns} {rest_of_query}", deleted=deleted)
        return self._page(selection, answer)

    def next(self, selection: Selection, link: str) -> RestPage:
        return self._page(selection, self._client.more(link))

    def by_id(self, selection: Selection, ids: Sequence[str], columns: Sequence[str], *, kind: str) -> list[Record]:
        """The records there are, deleted ones too; one call per IDS_PER_QUERY ids and group of columns."""
        found: dict[str, Record] = {}
        for group in column_groups(columns):
            for some in chunks(ids, IDS_PER_QUERY):
                rows = self._client.rows(
                    "SELECT {columns:literal} FROM {sobject:literal} WHERE Id IN {ids}",
                    {"columns": ", ".join(group), "sobject": selection.sobject.name, "ids": list(some)},
                    kind=kind,
                    deleted=True,
                )
                for row in rows:
                    found.setdefault(str(row.get("Id")), {}).update(row)
        return list(found.values())

    def _page(self, selection: Selection, answer: dict[str, Any]) -> RestPage:
        records: list[Record] = answer["records"]
        others = [name for group in column_groups(selection.columns)[1:] for name in group if name != "Id"]
        if others and records:
            ids = [str(record.get("Id")) for record in records]
            more = {str(row.get("Id")): row for row in self.by_id(selection, ids, others, kind="list")}
            # A record that was purged between the two reads is left out: it is gone.
            records = [{**record, **more[str(record.get("Id"))]} for record in records if str(record.get("Id")) in more]
        total = answer.get("totalSize")
        return RestPage(
            records, "" if answer["done"] else answer["nextRecordsUrl"], total if isinstance(total, int) else 0
        )
