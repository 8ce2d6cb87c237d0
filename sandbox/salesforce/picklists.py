"""The values a picklist offers; stages and lead statuses come from their own tables."""

from __future__ import annotations

from sandbox.salesforce.database import Database
from sandbox.salesforce.fields import Field, SObject

# Object and field -> the table and column that hold the values.
_TABLES = {
    ("Opportunity", "StageName"): ("OpportunityStage", "ApiName"),
    ("Lead", "Status"): ("LeadStatus", "ApiName"),
    ("CampaignMember", "Status"): ("CampaignMemberStatus", "Label"),
}


class Picklists:
    """Looks values up at the time of asking, for stages may be added while the org is in use."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def values(self, declared: SObject, picklist: Field) -> tuple[str, ...]:
        table = _TABLES.get((declared.name, picklist.name))
        if table is None:
            return picklist.picklist
        rows = self._database.select('SELECT "{1}" FROM "{0}" GROUP BY 1 ORDER BY MIN(SortOrder)'.format(*table))
        return tuple(name for (name,) in rows) or picklist.picklist
