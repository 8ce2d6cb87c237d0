"""Seats, logins, statuses and tracked changes of the generated org agree with the rest of it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest

from sandbox.clock import SandboxClock
from sandbox.generator import generate, salesforce, staff
from sandbox.generator import seats as seats_of
from sandbox.generator.chance import Chance
from sandbox.generator.dataset import Frames
from sandbox.salesforce import SalesforceApp
from tests.sandbox.salesforce_org import running

AS_OF = date(2026, 11, 22)


@pytest.fixture(scope="module")
def org() -> Frames:
    return generate(3000, seed=3, as_of=AS_OF).salesforce[0]


@pytest.mark.parametrize(
    ("sobject", "name", "target"),
    [
        ("User", "ProfileId", "Profile"),
        ("User", "UserRoleId", "UserRole"),
        ("Profile", "UserLicenseId", "UserLicense"),
        ("UserRole", "ParentRoleId", "UserRole"),
        ("UserPackageLicense", "PackageLicenseId", "PackageLicense"),
        ("UserPackageLicense", "UserId", "User"),
        ("LoginHistory", "UserId", "User"),
        ("CampaignMemberStatus", "CampaignId", "Campaign"),
        ("OpportunityFieldHistory", "OpportunityId", "Opportunity"),
        ("QueueSobject", "QueueId", "Group"),
        ("GroupMember", "UserOrGroupId", "User"),
    ],
)
def test_references_lead_to_records(org: Frames, sobject: str, name: str, target: str) -> None:
    values = org[sobject][name].drop_nulls()
    assert len(values)
    assert values.is_in(org[target]["Id"].implode()).all()


def test_licences_count_the_active_users_they_are_used_by(org: Frames) -> None:
    holders = org["User"].filter("IsActive").join(org["Profile"], left_on="ProfileId", right_on="Id")
    used = dict(holders.group_by("UserLicenseId").len().iter_rows())
    for row in org["UserLicense"].iter_rows(named=True):
        assert row["UsedLicenses"] == used.get(row["Id"], 0)
        assert row["UsedLicenses"] <= row["TotalLicenses"]


def test_package_seats_count_up_and_some_are_held_by_leavers(org: Frames) -> None:
    seats = org["UserPackageLicense"]
    assert seats.select(pl.struct("PackageLicenseId", "UserId").is_unique().all()).item()
    held = dict(seats.group_by("PackageLicenseId").len().iter_rows())
    for row in org["PackageLicense"].iter_rows(named=True):
        assert row["UsedLicenses"] == held.get(row["Id"], 0)
        assert row["AllowedLicenses"] == -1 or row["UsedLicenses"] <= row["AllowedLicenses"]
    assert -1 in org["PackageLicense"]["AllowedLicenses"]
    many = staff.hired(300_000, 1.0, Chance(3, "staff"))
    today = (AS_OF - date(1970, 1, 1)).days
    made = seats_of.frames(many, salesforce.users(many, 0, today), 0, today, Chance(3, "seats"))
    leavers = made["User"].filter(~pl.col("IsActive"))["Id"]
    assert made["UserPackageLicense"]["UserId"].is_in(leavers.implode()).any()


def test_logins_end_with_the_one_the_user_record_tells(org: Frames) -> None:
    logins = org["LoginHistory"].filter(pl.col("Status") == "Success")
    last = logins.group_by("UserId").agg(pl.col("LoginTime").max())
    both = org["User"].join(last, left_on="Id", right_on="UserId")
    assert both["LastLoginDate"].equals(both["LoginTime"], check_names=False)
    oldest = datetime.combine(AS_OF, datetime.min.time(), UTC) - timedelta(days=181)
    assert org["LoginHistory"]["LoginTime"].min() > oldest  # type: ignore[operator]
    recent = org["User"].filter(pl.col("LastLoginDate") > oldest + timedelta(days=2))["Id"]
    assert recent.is_in(last["UserId"].implode()).all()


def test_statuses_of_a_campaign_decide_who_has_responded(org: Frames) -> None:
    members = org["CampaignMember"].join(
        org["CampaignMemberStatus"], left_on=["CampaignId", "Status"], right_on=["CampaignId", "Label"]
    )
    assert len(members) == len(org["CampaignMember"])
    assert (members["HasResponded"] == members["HasResponded_right"]).all()
    assert org["CampaignMemberStatus"].group_by("CampaignId").agg(pl.col("IsDefault").sum())["IsDefault"].eq(1).all()


def test_tracked_changes_are_those_of_the_stage_history(org: Frames) -> None:
    tracked = org["OpportunityFieldHistory"]
    staged = tracked.filter(pl.col("Field") == "StageName").sort("OpportunityId", "CreatedDate")
    last = staged.group_by("OpportunityId", maintain_order=True).last()
    both = last.join(org["Opportunity"], left_on="OpportunityId", right_on="Id")
    assert both["NewValue"].equals(both["StageName"], check_names=False)
    assert (staged["OldValue"] != staged["NewValue"]).all()
    assert set(tracked["Field"].unique()) == {"created", "StageName", "CloseDate"}
    oldest = datetime.combine(AS_OF, datetime.min.time(), UTC) - timedelta(days=731)
    assert tracked["CreatedDate"].min() > oldest  # type: ignore[operator]


def test_org_serves_what_was_generated(org: Frames) -> None:
    app = SalesforceApp(clock=SandboxClock(datetime(2026, 11, 22, 12, tzinfo=UTC)))
    app.load(org)
    with running(app) as served:
        soql = "SELECT UserId, COUNT(Id) n FROM LoginHistory WHERE LoginTime = LAST_N_DAYS:30 GROUP BY UserId"
        assert served.records(soql)
        seat = served.records("SELECT PackageLicense.NamespacePrefix, UserId FROM UserPackageLicense LIMIT 1")[0]
        assert seat["PackageLicense"]["NamespacePrefix"]
        admin = served.records("SELECT Profile.UserLicense.Name FROM User WHERE Username = 'admin@sandbox.example'")
        assert admin[0]["Profile"]["UserLicense"]["Name"] == "Salesforce"
        count = served.query("SELECT COUNT() FROM Task").json()["totalSize"]
        archived = org["Task"]["IsArchived"].sum()
        assert count == len(org["Task"]) - archived
        assert served.query("SELECT COUNT() FROM Task", "queryAll").json()["totalSize"] == len(org["Task"])
        assert served.query("SELECT COUNT() FROM UserLicense").json()["totalSize"] == 3
