"""The objects of the fake org beside contacts: a handful of rows each, two of which share a page."""

from __future__ import annotations

from typing import Any

Row = dict[str, Any]
DEALS = [f"00600000000000{number}AAA" for number in (1, 2)]


def _stamp(number: int) -> str:
    return f"2026-02-01T00:00:{number:02}.000+0000"


def _rows(prefix: str, count: int, **fields: Any) -> list[Row]:
    """Rows with the system fields of an ordinary object; a field given as a list has one value per row."""
    return [
        {
            "Id": f"{prefix}000000000{number:03}AAA",
            **{name: value[number - 1] if isinstance(value, list) else value for name, value in fields.items()},
            "IsDeleted": False,
            "CreatedDate": "2026-01-01T00:00:00.000+0000",
            "LastModifiedDate": _stamp(number),
            "SystemModstamp": _stamp(number),
        }
        for number in range(1, count + 1)
    ]


def _without(rows: list[Row], *names: str) -> list[Row]:
    return [{name: value for name, value in row.items() if name not in names} for row in rows]


def further_objects() -> dict[str, list[Row]]:
    """All objects but Contact, by name."""
    contacts = [f"003000000000{number:03}AAA" for number in range(1, 6)]
    deals = [DEALS[0]] * 3 + [DEALS[1]] * 4
    activity = {"WhoId": [contacts[0], None, "00Q000000000001AAA"], "WhatId": [DEALS[0], "001000000000001AAA", None]}
    user = "005000000000001AAA"
    logins = _rows("0Ya", 5, UserId=user, LoginTime=[_stamp(number) for number in range(1, 6)], LoginType="Application",
                   Application="Browser", Browser="Other", Platform="Other", CountryIso="DE",
                   Status=["Success", "Invalid Password", "Success", "Success", "Success"])  # fmt: skip
    return {
        "User": _rows("005", 3, Name="Ada", Email="ada@private.example", IsActive=True, Department=None, ManagerId=None,
                      LastLoginDate=_stamp(9)),
        "Group": _rows("00G", 3, Name="Queue", Email=None, Type=["Queue", "Queue", "Queue"]),
        "OpportunityStage": _rows("01J", 5, ApiName="A", MasterLabel="A", SortOrder=1, DefaultProbability=10.0,
                                  ForecastCategoryName="Pipeline", IsClosed=False, IsWon=False, IsActive=True),
        "Account": _rows("001", 5, Name="Acme", AnnualRevenue=1500, OwnerId=user),
        "Lead": _rows("00Q", 5, LastName="L", Company="C", Status="Open", IsConverted=False, AnnualRevenue=None),
        "Opportunity": _rows("006", 5, Name="D", StageName="A", Amount="12.5", CloseDate="2026-12-01", Probability=10),
        # Of seven rows, those two that only move the amount are no change of stage.
        "OpportunityHistory": _rows("008", 7, OpportunityId=deals, StageName=["A", "A", "B", "A", "B", "B", "A"],
                                    Amount=100, CloseDate="2026-12-01", Probability=10, CreatedById=user),
        "Campaign": _rows("701", 5, Name="C", Status="Planned", IsActive=True, BudgetedCost=10, ActualCost=None,
                          StartDate="2026-01-01", EndDate=None),
        "CampaignMember": _rows("00v", 5, CampaignId="701000000000001AAA", ContactId=contacts, LeadId=None,
                                Status="Sent", HasResponded=False, FirstRespondedDate="2026-01-05"),
        "Task": _rows("00T", 3, Subject="S", Status="Done", Priority="Normal", IsClosed=True, ActivityDate="2026-01-05",
                      TaskSubtype=["Task", "Call", "Email"], CallType=[None, "Inbound", None], CallDurationInSeconds=60,
                      CallDisposition=None, OwnerId=user, IsRecurrence=False, **activity),
        "Event": _rows("00U", 3, Subject="S", StartDateTime=_stamp(7), DurationInMinutes=30, IsRecurrence=False,
                       IsChild=[False, False, False], OwnerId=user, **activity),
        "OpportunityContactRole": _rows("00K", 3, OpportunityId=DEALS[0], ContactId=contacts[:3], Role="Evaluator",
                                        IsPrimary=False),
        "AccountContactRelation": _rows("07k", 3, AccountId="001000000000001AAA", ContactId=contacts[:3],
                                        Roles="Evaluator", IsDirect=True),
        "UserLicense": _without(
            _rows("100", 3, Name="Salesforce", TotalLicenses=10, UsedLicenses=3, Status="Active"), "IsDeleted"),
        "PackageLicense": _without(
            _rows("050", 3, NamespacePrefix="pkg", AllowedLicenses=-1, UsedLicenses=3, Status="Active",
                  ExpirationDate=_stamp(8)), "IsDeleted"),
        "UserPackageLicense": _rows("051", 5, PackageLicenseId="050000000000001AAA", UserId=user),
        "LoginHistory": _without(logins, "IsDeleted", "CreatedDate", "LastModifiedDate", "SystemModstamp"),
    }  # fmt: skip


# Salesforce objects of each stream beside contacts, and which of the rows the stream leaves out.
OBJECTS: dict[str, tuple[str, ...]] = {
    "users": ("User", "Group"),
    "stages": ("OpportunityStage",),
    "accounts": ("Account",),
    "leads": ("Lead",),
    "deals": ("Opportunity",),
    "stage_history": ("OpportunityHistory",),
    "campaigns": ("Campaign",),
    "campaign_members": ("CampaignMember",),
    "activities": ("Task", "Event"),
    "associations": ("OpportunityContactRole", "AccountContactRelation"),
    "licences": ("UserLicense", "PackageLicense"),
    "licence_holders": ("UserPackageLicense",),
    "logins": ("LoginHistory",),
}
NO_ENTRIES = frozenset({"008000000000002AAA", "008000000000006AAA"})  # history rows that keep the stage
