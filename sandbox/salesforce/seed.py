"""What every org has before anybody loads records: itself, two users, their seats, and the values of its lists."""

from __future__ import annotations

from typing import Any

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
# Rows of objects that not every org has.
_FEATURED: dict[str, tuple[dict[str, Any], ...]] = {
    "CampaignInfluenceModel": (
        {
            "DeveloperName": "PrimaryCampaignSourceModel",
            "MasterLabel": "Primary Campaign Source",
            "Language": "en_US",
            "ModelType": "1",
            "RecordPreference": "AllRecords",
            "IsDefaultModel": 1,
            "IsModelLocked": 1,
            "IsActive": 1,
        },
    ),
    "CurrencyType": tuple(
        {"IsoCode": code, "ConversionRate": rate, "DecimalPlaces": places, "IsActive": 1, "IsCorporate": corporate}
        for code, rate, places, corporate in (
            ("USD", 1.0, 2, 1), ("EUR", 0.9, 2, 0), ("GBP", 0.8, 2, 0), ("CHF", 0.95, 2, 0), ("JPY", 150.0, 0, 0),
        )
    ),
}  # fmt: skip


def seed(org: Org) -> None:
    """Put in what is missing, and remember the API user."""
    with org.database.transaction():
        if not org.database.select("SELECT 1 FROM Organization"):
            _seed(org)
        found = org.database.select("SELECT Id FROM User WHERE Username = ?", (USERS[0][0],))
        org.user_id = found[0][0]
        for name, rows in _FEATURED.items():
            if org.schema.find(name) and not org.database.select(f'SELECT 1 FROM "{name}" LIMIT 1'):
                _put(org, org.user_id, name, *rows)
        complete(org)


def complete(org: Org) -> None:
    """Give records that came before a feature, or without its fields, what the feature gives every record."""
    for declared in org.schema:
        if declared.has("CurrencyIsoCode"):
            org.database.execute(
                f"UPDATE \"{declared.name}\" SET CurrencyIsoCode = 'USD' WHERE CurrencyIsoCode IS NULL"
            )
    if org.schema.find("AccountContactRelation"):
        lonely = org.database.select(
            "SELECT c.AccountId, c.Id FROM Contact c WHERE c.AccountId IS NOT NULL AND c.IsDeleted = 0 AND NOT EXISTS "
            "(SELECT 1 FROM AccountContactRelation r WHERE r.ContactId = c.Id AND r.AccountId = c.AccountId)"
        )
        rows = (
            {"AccountId": account, "ContactId": contact, "IsDirect": 1, "IsActive": 1} for account, contact in lonely
        )
        _put(org, org.user_id, "AccountContactRelation", *rows)


def _seed(org: Org) -> None:
    licence, profile = (org.records.new_id(org.schema.get(name)) for name in ("UserLicense", "Profile"))
    users = [{**_user(org, *names), "ProfileId": profile} for names in USERS]
    admin = users[0]["Id"]
    _put(org, admin, "User", *users)
    _put(org, admin, "Organization", _organization(org))
    _put(org, admin, "UserLicense", {"Id": licence, **_licence(len(users), text_of_ms(org.clock.now_ms()))})
    profiles = _profile("System Administrator", licence, 1, profile), _profile("Standard User", licence, 0)
    _put(org, admin, "Profile", *profiles)
    _put(org, admin, "OpportunityStage", *(_stage(order, *stage) for order, stage in enumerate(STAGES, start=1)))
    statuses = (_status(order, *status) for order, status in enumerate(LEAD_STATUSES, start=1))
    _put(org, admin, "LeadStatus", *statuses)


def _put(org: Org, admin: str, name: str, *rows: Row) -> None:
    """Insert rows of now by the administrator, with the stamps the object has."""
    declared = org.schema.get(name)
    now = text_of_ms(org.clock.now_ms())
    stamps = dict.fromkeys(("CreatedDate", "LastModifiedDate", "SystemModstamp"), now)
    stamps |= dict.fromkeys(("CreatedById", "LastModifiedById"), admin)
    kept = {key: value for key, value in stamps.items() if declared.has(key)}
    for row in rows:
        org.database.insert(declared, {"Id": row.get("Id") or org.records.new_id(declared), **row, **kept})


def _organization(org: Org) -> Row:
    return {
        "Id": org.org_id,
        "Name": "Sandbox",
        "OrganizationType": "Developer Edition",
        "InstanceName": "SBX1",
        "IsSandbox": 1,
        "TimeZoneSidKey": "GMT",
        "DefaultLocaleSidKey": "en_US",
        "LanguageLocaleKey": "en_US",
        "FiscalYearStartMonth": 1,
    }


def _licence(used: int, now: str) -> Row:
    names = dict.fromkeys(("Name", "MasterLabel"), "Salesforce")
    counts = {"TotalLicenses": 100, "UsedLicenses": used, "UsedLicensesLastUpdated": now}
    return {"LicenseDefinitionKey": "SFDC", "Status": "Active", **names, **counts}


def _profile(name: str, licence: str, admin: int, identity: str = "") -> Row:
    rights = ("ManageUsers", "ModifyAllData", "ViewAllData", "ViewSetup", "ConvertLeads")
    return {
        **({"Id": identity} if identity else {}),
        "Name": name,
        "UserLicenseId": licence,
        "UserType": "Standard",
        "PermissionsApiEnabled": 1,
        **{f"Permissions{right}": admin for right in rights},
    }


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


def _stage(order: int, label: str, closed: int, won: int, category: str, probability: float) -> Row:
    return {
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


def _status(order: int, label: str, default: int, converted: int) -> Row:
    flags = {"IsDefault": default, "IsConverted": converted}
    return {"MasterLabel": label, "ApiName": label, "SortOrder": order, **flags}
