"""The world as Salesforce orgs hold it: API names, 18-character ids, picklists, required fields, lengths."""

from __future__ import annotations

import numpy as np
import polars as pl

from sandbox.generator import deals as deal_world
from sandbox.generator import ids, staff
from sandbox.generator.calendar import days, times
from sandbox.generator.chance import Ints

LENGTHS = {
    "Account": {
        "Name": 255,
        "Legal_Name__c": 255,
        "Website": 255,
        "Phone": 40,
        "BillingStreet": 255,
        "BillingCity": 40,
        "BillingState": 80,
        "BillingPostalCode": 20,
        "BillingCountry": 80,
    },
    "Contact": {
        "FirstName": 40,
        "LastName": 80,
        "Email": 80,
        "Phone": 40,
        "MobilePhone": 40,
        "Title": 128,
        "Department": 80,
        "MailingStreet": 255,
        "MailingCity": 40,
        "MailingState": 80,
        "MailingPostalCode": 20,
        "MailingCountry": 80,
    },
    "Lead": {
        "FirstName": 40,
        "LastName": 80,
        "Company": 255,
        "Email": 80,
        "Phone": 40,
        "MobilePhone": 40,
        "Title": 128,
        "Website": 255,
        "Street": 255,
        "City": 40,
        "State": 80,
        "PostalCode": 20,
        "Country": 80,
    },
    "Opportunity": {"Name": 120, "NextStep": 255},
}
LEAD_STATUSES = (
    ("Open - Not Contacted", False),
    ("Working - Contacted", False),
    ("Closed - Converted", True),
    ("Closed - Not Converted", False),
)
# Stages nobody uses any more stay in the list, inactive.
_RETIRED_STAGES = (("Id. Decision Makers", 60, "Pipeline"), ("Perception Analysis", 70, "Pipeline"))


def shorten(frame: pl.DataFrame, sobject: str) -> pl.DataFrame:
    """Cut text to the lengths the object allows, as an import with truncation allowed would."""
    limits = LENGTHS[sobject]
    return frame.with_columns(pl.col(name).str.slice(0, limit) for name, limit in limits.items())


def stamps(created: Ints, modified: Ints, user: pl.Series) -> list[pl.Series]:
    """The audit columns every object has; those of set-up objects end here.

    SystemModstamp runs ahead of LastModifiedDate where an automatic process came after the user.
    """
    system = modified + np.where(created // 1000 % 9 == 0, 2_500, 0)
    return [
        times(created).alias("CreatedDate"),
        times(modified).alias("LastModifiedDate"),
        times(system).alias("SystemModstamp"),
        user.alias("CreatedById"),
        user.alias("LastModifiedById"),
    ]


def alive(n: int) -> pl.Series:
    """The flag of records that can be deleted, and have not been."""
    return pl.repeat(False, n, dtype=pl.Boolean, eager=True).alias("IsDeleted")


def users(staff_: pl.DataFrame, org: int, calendar_today: int) -> pl.DataFrame:
    """User rows; leavers are inactive and stay."""
    n = len(staff_)
    own = ids.salesforce("User", n, org)
    hired = (calendar_today - staff_["age"].to_numpy()) * 86_400_000 + 32_400_000
    seen = (calendar_today - staff_["seen"].to_numpy()) * 86_400_000 + 30_000_000
    suffix = "" if org == 0 else f".org{org + 1}"
    return pl.DataFrame(
        [
            own,
            staff_["given"].alias("FirstName"),
            staff_["family"].alias("LastName"),
            staff_.select(pl.format("{} {}", "given", "family").alias("Name")).to_series(),
            staff_.select(pl.concat_str("email", pl.lit(suffix)).alias("Username")).to_series(),
            staff_["email"].alias("Email"),
            staff_["is_active"].alias("IsActive"),
            pl.repeat("Standard", n, eager=True).alias("UserType"),
            staff_["role"].alias("Title"),
            staff_["department"].alias("Department"),
            own.gather(staff_["manager"]).alias("ManagerId"),
            times(seen).alias("LastLoginDate"),
            *stamps(hired, np.maximum(seen, hired), own.gather(np.zeros(n, dtype=np.int64))),
        ]
    )


def groups(org: int, calendar_today: int, admin: str) -> pl.DataFrame:
    """The queues that own leads nobody has taken."""
    n = len(staff.QUEUES)
    moment = np.full(n, (calendar_today - 2800) * 86_400_000 + 30_000_000)
    return pl.DataFrame(
        [
            ids.salesforce("Group", n, org),
            pl.Series("Name", staff.QUEUES),
            pl.Series("DeveloperName", [name.replace(" ", "_") for name in staff.QUEUES]),
            pl.repeat("Queue", n, eager=True).alias("Type"),
            *stamps(moment, moment, pl.repeat(admin, n, eager=True)),
        ]
    )


def queues(groups_: pl.DataFrame, user_ids: pl.Series, org: int) -> dict[str, pl.DataFrame]:
    """What the queues hold and who works on them: QueueSobject and GroupMember."""
    n = len(groups_)
    moment, admin = groups_["SystemModstamp"], groups_["CreatedById"]
    members = np.flatnonzero(np.arange(len(user_ids)) % 3 == 0)
    group = np.tile(np.arange(n), len(members))
    return {
        "QueueSobject": pl.DataFrame(
            [
                ids.salesforce("QueueSobject", n, org),
                groups_["Id"].alias("QueueId"),
                pl.repeat("Lead", n, dtype=pl.String, eager=True).alias("SobjectType"),
                admin.alias("CreatedById"),
                moment.alias("SystemModstamp"),
            ]
        ),
        "GroupMember": pl.DataFrame(
            [
                ids.salesforce("GroupMember", len(group), org),
                groups_["Id"].gather(group).alias("GroupId"),
                user_ids.gather(np.repeat(members, n)).alias("UserOrGroupId"),
                moment.gather(group).alias("SystemModstamp"),
            ]
        ),
    }


def organization(org: int, calendar_today: int, admin: str) -> pl.DataFrame:
    moment = np.full(1, (calendar_today - 2900) * 86_400_000)
    return pl.DataFrame(
        [
            ids.salesforce("Organization", 1, org),
            pl.Series("Name", ["Trueline Demo" if org == 0 else f"Trueline Demo {org + 1}"]),
            pl.Series("IsSandbox", [True]),
            pl.Series("OrganizationType", ["Developer Edition"]),
            pl.Series("InstanceName", [f"CS{org + 41}"]),
            pl.Series("TimeZoneSidKey", ["Europe/London" if org else "America/New_York"]),
            pl.Series("DefaultLocaleSidKey", ["en_US"]),
            pl.Series("LanguageLocaleKey", ["en_US"]),
            *stamps(moment, moment, pl.Series([admin])),
        ]
    )


def lead_statuses(org: int) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "Id": ids.salesforce("LeadStatus", len(LEAD_STATUSES), org, start=9001),
            "ApiName": [name for name, _ in LEAD_STATUSES],
            "MasterLabel": [name for name, _ in LEAD_STATUSES],
            "IsConverted": [flag for _, flag in LEAD_STATUSES],
            "IsDefault": [number == 0 for number in range(len(LEAD_STATUSES))],
            "SortOrder": list(range(1, len(LEAD_STATUSES) + 1)),
        }
    )


def stages(org: int) -> pl.DataFrame:
    listed = [(name, probability, forecast, True) for name, _, probability, forecast in deal_world.STAGES]
    listed += [(name, probability, forecast, False) for name, probability, forecast in _RETIRED_STAGES]
    return pl.DataFrame(
        {
            "Id": ids.salesforce("OpportunityStage", len(listed), org),
            "ApiName": [row[0] for row in listed],
            "MasterLabel": [row[0] for row in listed],
            "IsActive": [row[3] for row in listed],
            "IsClosed": [row[0].startswith("Closed") for row in listed],
            "IsWon": [row[0] == "Closed Won" for row in listed],
            "SortOrder": list(range(1, len(listed) + 1)),
            "DefaultProbability": [float(row[1]) for row in listed],
            "ForecastCategory": [deal_world.forecast_code(row[2]) for row in listed],
            "ForecastCategoryName": [row[2] for row in listed],
        }
    )


def accounts(skeleton: pl.DataFrame, said: pl.DataFrame, owner_ids: pl.Series, own: pl.Series) -> pl.DataFrame:
    """Account rows from the account records of one org; `parent` of the skeleton is an Id or null."""
    website = said.select(
        pl.when(pl.col("domain").is_null())
        .then(None)
        .when(skeleton["www"] & ~pl.col("domain").str.contains("/|www"))
        .then(pl.format("https://www.{}", "domain"))
        .otherwise("domain")
    ).to_series()
    frame = pl.DataFrame(
        [
            own.alias("Id"),
            said["name"].alias("Name"),
            said["legal_name"].alias("Legal_Name__c"),
            said["lei"].alias("LEI__c"),
            said["registration"].alias("Registration_Number__c"),
            skeleton["parent_id"].alias("ParentId"),
            owner_ids.alias("OwnerId"),
            skeleton["type"].alias("Type"),
            said["industry"].alias("Industry"),
            website.alias("Website"),
            said["phone"].alias("Phone"),
            said["street"].alias("BillingStreet"),
            said["city"].alias("BillingCity"),
            said["state"].alias("BillingState"),
            said["postal"].alias("BillingPostalCode"),
            said["country"].alias("BillingCountry"),
            said["revenue"].cast(pl.Float64).alias("AnnualRevenue"),
            said["employees"].cast(pl.Int64).alias("NumberOfEmployees"),
            days(skeleton["last_activity"]).alias("LastActivityDate"),
            *stamps(skeleton["created"].to_numpy(), skeleton["modified"].to_numpy(), owner_ids),
            alive(len(own)),
        ]
    )
    return shorten(frame, "Account").sort("Id")


def contacts(skeleton: pl.DataFrame, said: pl.DataFrame, owner_ids: pl.Series, own: pl.Series) -> pl.DataFrame:
    frame = pl.DataFrame(
        [
            own.alias("Id"),
            skeleton["account_id"].alias("AccountId"),
            owner_ids.alias("OwnerId"),
            said["salutation"].alias("Salutation"),
            said["given"].alias("FirstName"),
            said["family"].fill_null("Unknown").alias("LastName"),
            said["email"].alias("Email"),
            said["phone"].alias("Phone"),
            said["mobile"].alias("MobilePhone"),
            said["title"].alias("Title"),
            said["department"].alias("Department"),
            said["street"].alias("MailingStreet"),
            said["city"].alias("MailingCity"),
            said["state"].alias("MailingState"),
            said["postal"].alias("MailingPostalCode"),
            said["country"].alias("MailingCountry"),
            said["lead_source"].alias("LeadSource"),
            said["opt_out"].alias("HasOptedOutOfEmail"),
            said["do_not_call"].alias("DoNotCall"),
            skeleton["bounced"].alias("IsEmailBounced"),
            days(skeleton["last_activity"]).alias("LastActivityDate"),
            *stamps(skeleton["created"].to_numpy(), skeleton["modified"].to_numpy(), owner_ids),
            alive(len(own)),
        ]
    )
    return shorten(_with_name(frame), "Contact").sort("Id")


def leads(
    skeleton: pl.DataFrame, said: pl.DataFrame, owner_ids: pl.Series, creator: pl.Series, own: pl.Series
) -> pl.DataFrame:
    converted = skeleton["converted_contact"].is_not_null()
    frame = pl.DataFrame(
        [
            own.alias("Id"),
            owner_ids.alias("OwnerId"),
            said["salutation"].alias("Salutation"),
            said["given"].alias("FirstName"),
            said["family"].fill_null("Unknown").alias("LastName"),
            said["company"].fill_null("Unknown").alias("Company"),
            said["email"].alias("Email"),
            said["phone"].alias("Phone"),
            said["mobile"].alias("MobilePhone"),
            said["title"].alias("Title"),
            said["website"].alias("Website"),
            said["street"].alias("Street"),
            said["city"].alias("City"),
            said["state"].alias("State"),
            said["postal"].alias("PostalCode"),
            said["country"].alias("Country"),
            said["lead_source"].alias("LeadSource"),
            skeleton["industry"].alias("Industry"),
            skeleton["employees"].cast(pl.Int64).alias("NumberOfEmployees"),
            skeleton["revenue"].cast(pl.Float64).alias("AnnualRevenue"),
            skeleton["status"].alias("Status"),
            converted.alias("IsConverted"),
            days(skeleton["converted_day"]).alias("ConvertedDate"),
            skeleton["converted_account"].alias("ConvertedAccountId"),
            skeleton["converted_contact"].alias("ConvertedContactId"),
            pl.repeat(None, len(own), dtype=pl.String, eager=True).alias("ConvertedOpportunityId"),
            said["opt_out"].alias("HasOptedOutOfEmail"),
            said["do_not_call"].alias("DoNotCall"),
            days(skeleton["last_activity"]).alias("LastActivityDate"),
            *stamps(skeleton["created"].to_numpy(), skeleton["modified"].to_numpy(), creator),
            alive(len(own)),
        ]
    )
    return shorten(_with_name(frame), "Lead").sort("Id")


def _with_name(frame: pl.DataFrame) -> pl.DataFrame:
    whole = pl.concat_str("FirstName", "LastName", separator=" ", ignore_nulls=True).str.slice(0, 121)
    return frame.with_columns(whole.alias("Name"))
