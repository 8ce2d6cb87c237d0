"""What every org has before anybody loads records: the organization, two users, stages and lead statuses."""

from __future__ import annotations

from sandbox.salesforce.database import Row
from sandbox.salesforce.org import Org
from sandbox.salesforce.times import text_of_ms

# Label, closed, won, forecast category, probability: the stages a new org comes with.
STAGES = (
    ("Prospecting", 0, 0, "Pipeline", 10.0),
    ("Qualification", 0, 0, "Pipeline", 10.0),
    ("Needs Analysis", 0, 0, "Pipeline", 20.0),
    ("Value Proposition", 0, 0, "Pipeline", 50.0),
    ("Id. Decision Makers", 0, 0, "Pipeline", 60.0),
    ("Perception Analysis", 0, 0, "Pipeline", 70.0),
    ("Proposal/Price Quote", 0, 0, "Pipeline", 75.0),
    ("Negotiation/Review", 0, 0, "Pipeline", 90.0),
    ("Closed Won", 1, 1, "Closed", 100.0),
    ("Closed Lost", 1, 0, "Omitted", 0.0),
)
# Label, default, converted.
LEAD_STATUSES = (
    ("Open - Not Contacted", 1, 0),
    ("Working - Contacted", 0, 0),
    ("Closed - Converted", 0, 1),
    ("Closed - Not Converted", 0, 0),
)
# Username, first name, last name, alias.
USERS = (
    ("admin@sandbox.example", "Sandbox", "Admin", "admin"),
    ("somebody@sandbox.example", "Somebody", "Else", "somebody"),
)


def seed(org: Org) -> None:
    """Put in what is missing, and remember the API user."""
    with org.database.transaction():
        if not org.database.select("SELECT 1 FROM Organization"):
            _seed(org)
        found = org.database.select("SELECT Id FROM User WHERE Username = ?", (USERS[0][0],))
        org.user_id = found[0][0]


def _seed(org: Org) -> None:
    now = text_of_ms(org.clock.now_ms())
    users = [_user(org, *names) for names in USERS]
    stamps = {
        "CreatedDate": now,
        "LastModifiedDate": now,
        "SystemModstamp": now,
        "CreatedById": users[0]["Id"],
        "LastModifiedById": users[0]["Id"],
    }
    for user in users:
        org.database.insert(org.schema.get("User"), {**user, **stamps})
    organization = {
        "Id": org.org_id,
        "Name": "Sandbox",
        "OrganizationType": "Developer Edition",
        "InstanceName": "SBX1",
        "IsSandbox": 1,
        "TimeZoneSidKey": "GMT",
        "DefaultLocaleSidKey": "en_US",
        "LanguageLocaleKey": "en_US",
    }
    org.database.insert(org.schema.get("Organization"), {**organization, **stamps})
    for order, stage in enumerate(STAGES, start=1):
        org.database.insert(org.schema.get("OpportunityStage"), {**_stage(org, order, *stage), **stamps})
    for order, (label, default, converted) in enumerate(LEAD_STATUSES, start=1):
        row = {"MasterLabel": label, "ApiName": label, "SortOrder": order, "IsDefault": default}
        identity = org.records.new_id(org.schema.get("LeadStatus"))
        org.database.insert(org.schema.get("LeadStatus"), {"Id": identity, **row, "IsConverted": converted, **stamps})


def _user(org: Org, username: str, first: str, last: str, alias: str) -> Row:
    return {
        "Id": org.records.new_id(org.schema.get("User")),
        "Username": username,
        "Email": username,
        "FirstName": first,
        "LastName": last,
        "Name": f"{first} {last}",
        "Alias": alias,
        "IsActive": 1,
        "TimeZoneSidKey": "GMT",
        "LocaleSidKey": "en_US",
        "UserType": "Standard",
    }


def _stage(org: Org, order: int, label: str, closed: int, won: int, category: str, probability: float) -> Row:
    return {
        "Id": org.records.new_id(org.schema.get("OpportunityStage")),
        "MasterLabel": label,
        "ApiName": label,
        "IsActive": 1,
        "SortOrder": order,
        "IsClosed": closed,
        "IsWon": won,
        "ForecastCategory": category,
        "ForecastCategoryName": category,
        "DefaultProbability": probability,
    }
