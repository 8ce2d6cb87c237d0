"""The values a picklist offers; stages and lead statuses come from their own tables."""

from __future__ import annotations

from sandbox.salesforce.database import Database
from sandbox.salesforce.fields import Field, SObject

_TABLES = {("Opportunity", "StageName"): "OpportunityStage", ("Lead", "Status"): "LeadStatus"}


class Picklists:
    """Looks values up at the time of asking, for stages may be added while the org is in use."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def values(self, declared: SObject, picklist: Field) -> tuple[str, ...]:
        table = _TABLES.get((declared.name, picklist.name))
        if table is None:
            return picklist.picklist
        rows = self._database.select(f'SELECT ApiName FROM "{table}" ORDER BY SortOrder')
        return tuple(name for (name,) in rows)
