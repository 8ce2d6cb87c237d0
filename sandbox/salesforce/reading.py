"""Records by their ids, as the API shows them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sandbox.salesforce.database import Database
from sandbox.salesforce.fields import SObject
from sandbox.salesforce.queries import Queries


class Reading:
    """Reads through the same plans as a query."""

    def __init__(self, database: Database, queries: Queries) -> None:
        self._database = database
        self._queries = queries

    def records(
        self, declared: SObject, ids: Sequence[str], names: Sequence[str], version: str
    ) -> list[dict[str, Any] | None]:
        """The JSON of the records in the order of their ids, deleted or not; None for those not to be seen."""
        chosen = ", ".join(["Id", *(name for name in dict.fromkeys(names) if name.lower() != "id")])
        plan = self._queries.plan(f"SELECT {chosen} FROM {declared.name}", include_deleted=True)
        marks = ",".join("?" * len(ids))
        shared = "Id NOT IN (SELECT Id FROM _unshared)"
        found = f'SELECT rowid FROM "{declared.name}" WHERE Id IN ({marks}) AND {shared}'
        rows = self._database.select(found, tuple(ids))
        built = self._queries.records(plan, [number for (number,) in rows], version)
        by_id = {record["Id"]: record for record in built}
        return [by_id.get(identity) for identity in ids]
