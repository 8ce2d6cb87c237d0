"""The values a picklist offers; stages and lead statuses come from their own tables."""

from __future__ import annotations

from typing import Any

from sandbox.salesforce.database import Database
from sandbox.salesforce.fields import Field, SObject

# Object and field -> the table and column that hold the values, and which of them are offered.
_TABLES = {
    ("Opportunity", "StageName"): ("OpportunityStage", "ApiName", "IsActive"),
    ("Lead", "Status"): ("LeadStatus", "ApiName", "1"),
    ("CampaignMember", "Status"): ("CampaignMemberStatus", "Label", "NOT IsDeleted"),
}


class Picklists:
    """Looks values up at the time of asking, for stages may be added while the org is in use."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def values(self, declared: SObject, picklist: Field) -> tuple[str, ...]:
        table = _TABLES.get((declared.name, picklist.name))
        if table is None:
            return picklist.picklist
        statement = 'SELECT "{1}" FROM "{0}" WHERE {2} GROUP BY 1 ORDER BY MIN(SortOrder)'.format(*table)
        return tuple(name for (name,) in self._database.select(statement)) or picklist.picklist

    def default(self, declared: SObject, picklist: Field) -> Any:
        """The value a create puts in by itself, or the field's own default."""
        if (declared.name, picklist.name) != ("Lead", "Status"):
            return picklist.default
        found = self._database.select("SELECT ApiName FROM LeadStatus WHERE IsDefault ORDER BY SortOrder LIMIT 1")
        return found[0][0] if found else picklist.default
