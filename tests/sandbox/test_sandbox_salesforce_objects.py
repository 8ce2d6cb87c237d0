"""The objects an org has, those it has only with a feature turned on, and what their describes say."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox.salesforce import SalesforceApp
from sandbox.salesforce.settings import Settings
from tests.sandbox.salesforce_org import BASE, Org, running

OBJECTS = (
    "Account", "Contact", "Lead", "Opportunity", "OpportunityHistory", "OpportunityFieldHistory",
    "AccountHistory", "ContactHistory", "LeadHistory", "OpportunityStage", "LeadStatus",
    "OpportunityContactRole", "AccountContactRole", "Campaign", "CampaignMember", "CampaignMemberStatus",
    "CampaignInfluence", "CampaignInfluenceModel", "Task", "Event", "User", "Group", "GroupMember",
    "QueueSobject", "UserLicense", "PackageLicense", "UserPackageLicense", "LoginHistory",
    "DuplicateRecordSet", "DuplicateRecordItem", "DuplicateRule", "MatchingRule", "MatchingRuleItem",
    "RecordType", "Individual", "Organization", "Profile", "UserRole", "Note", "Attachment", "Case",
    "Contract",
)  # fmt: skip


@pytest.fixture(scope="module")
def shared() -> Iterator[Org]:
    """An org that the tests of this file only read."""
    with running(SalesforceApp()) as org:
        yield org


def described(org: Org, sobject: str) -> dict[str, Any]:
    answer = org.client.get(f"{BASE}/sobjects/{sobject}/describe")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def fields_of(org: Org, sobject: str) -> dict[str, dict[str, Any]]:
    return {field["name"]: field for field in described(org, sobject)["fields"]}


@pytest.mark.parametrize("sobject", OBJECTS)
def test_every_object_is_described_and_all_its_fields_can_be_queried(shared: Org, sobject: str) -> None:
    listed = {entry["name"] for entry in shared.client.get(f"{BASE}/sobjects").json()["sobjects"]}
    names = list(fields_of(shared, sobject))
    assert sobject in listed
    assert shared.query(f"SELECT {', '.join(names)} FROM {sobject}").status_code == 200
    assert shared.query(f"SELECT FIELDS(STANDARD) FROM {sobject} LIMIT 1").status_code == 200


# Filter, sort, group: as the recorded describes of these types have them.
FLAGS = [
    ("Account", "Name", "fsg"),
    ("Account", "Description", ""),
    ("Account", "BillingStreet", "fsg"),
    ("Account", "BillingLatitude", "fs"),
    ("Account", "BillingAddress", "f"),
    ("Account", "AnnualRevenue", "fs"),
    ("Account", "NumberOfEmployees", "fsg"),
    ("Account", "CreatedDate", "fs"),
    ("Account", "LastActivityDate", "fsg"),
    ("Contact", "DoNotCall", "fsg"),
    ("Contact", "ReportsToId", "fsg"),
    ("Opportunity", "HasOpenActivity", "g"),
    ("Event", "Subject", "fs"),
    ("LoginHistory", "Application", "sg"),
    ("LoginHistory", "Browser", "sg"),
    ("LoginHistory", "ApiType", "sg"),
    ("LoginHistory", "ApiVersion", "sg"),
    ("LoginHistory", "LoginTime", "fs"),
    ("OpportunityFieldHistory", "Field", "fsg"),
    ("OpportunityFieldHistory", "OldValue", ""),
]


@pytest.mark.parametrize(("sobject", "field", "flags"), FLAGS)
def test_describe_field_says_what_it_can_be_filtered_sorted_and_grouped_by(
    shared: Org, sobject: str, field: str, flags: str
) -> None:
    found = fields_of(shared, sobject)[field]
    assert flags == "".join(flag[0] for flag in ("filterable", "sortable", "groupable") if found[flag])


@pytest.mark.parametrize("field", ["Application", "Browser", "ApiType", "ApiVersion"])
def test_login_history_cannot_be_filtered_by_what_a_client_says_of_itself(shared: Org, field: str) -> None:
    answer = shared.query(f"SELECT Id FROM LoginHistory WHERE {field} = 'x'")
    assert answer.json()[0]["errorCode"] == "INVALID_FIELD"
    assert f"field '{field}' can not be filtered in a query call" in answer.json()[0]["message"]
    assert shared.query("SELECT Application FROM LoginHistory WHERE LoginTime = TODAY").status_code == 200


def test_describe_flags_of_objects_follow_their_kind(shared: Org) -> None:
    listed = {entry["name"]: entry for entry in shared.client.get(f"{BASE}/sobjects").json()["sobjects"]}
    flags = ("createable", "updateable", "deletable", "undeletable", "replicateable", "searchable", "layoutable")
    told = {name: "".join(flag[:2] for flag in flags if listed[name][flag]) for name in listed}
    assert told["Account"] == told["Task"] == "crupdeunresela"
    assert told["CampaignMember"] == told["OpportunityContactRole"] == "crupderela"
    assert told["User"] == "cruprese" + "la"
    assert told["UserLicense"] == told["LoginHistory"] == told["OpportunityStage"] == ""
    assert told["AccountHistory"] == told["OpportunityHistory"] == "re"
    assert listed["AccountHistory"]["keyPrefix"] is None
    assert listed["OpportunityHistory"]["keyPrefix"] == "008"


# The recorded describes: parent, child, field, name of the relationship, rule.
RELATIONS = [
    ("Account", "Contact", "AccountId", "Contacts", "cascade"),
    ("Account", "Opportunity", "AccountId", "Opportunities", "cascade"),
    ("Account", "AccountContactRole", "AccountId", "AccountContactRoles", "cascade"),
    ("Account", "Task", "WhatId", "Tasks", "cascade"),
    ("Account", "Event", "WhatId", "Events", "cascade"),
    ("Account", "Note", "ParentId", "Notes", "cascade"),
    ("Account", "Attachment", "ParentId", "Attachments", "cascade"),
    ("Account", "DuplicateRecordItem", "RecordId", "DuplicateRecordItems", "cascade"),
    ("Account", "AccountHistory", "AccountId", "Histories", "cascade"),
    ("Account", "Case", "AccountId", "Cases", "restrict"),
    ("Account", "Contract", "AccountId", "Contracts", "restrict"),
    ("Account", "Account", "ParentId", "ChildAccounts", ""),
    ("Account", "Lead", "ConvertedAccountId", None, ""),
    ("Account", "Task", "AccountId", None, ""),
    ("Account", "User", "AccountId", "Users", ""),
    ("Contact", "CampaignMember", "ContactId", "CampaignMembers", "cascade"),
    ("Contact", "OpportunityContactRole", "ContactId", "OpportunityContactRoles", "cascade"),
    ("Contact", "CaseContactRole", "ContactId", "CaseContactRoles", "cascade"),
    ("Contact", "Event", "WhoId", "Events", "cascade"),
    ("Contact", "Case", "ContactId", "Cases", "restrict"),
    ("Contact", "Contract", "CustomerSignedId", "ContractsSigned", "restrict"),
    ("Contact", "User", "ContactId", "Users", "restrict"),
    ("Contact", "Contact", "ReportsToId", None, ""),
    ("Contact", "Opportunity", "ContactId", "Opportunities", ""),
    ("Lead", "CampaignMember", "LeadId", "CampaignMembers", "cascade"),
    ("Lead", "Task", "WhoId", "Tasks", "cascade"),
    ("Opportunity", "OpportunityFieldHistory", "OpportunityId", "Histories", "cascade"),
    ("Opportunity", "OpportunityHistory", "OpportunityId", "OpportunityHistories", "cascade"),
]


def test_describe_children_have_the_names_and_rules_of_the_recorded_describes(shared: Org) -> None:
    told = set()
    for parent in ("Account", "Contact", "Lead", "Opportunity"):
        for child in described(shared, parent)["childRelationships"]:
            rule = "cascade" * child["cascadeDelete"] + "restrict" * child["restrictedDelete"]
            told.add((parent, child["childSObject"], child["field"], child["relationshipName"], rule))
    assert set(RELATIONS) <= told


@pytest.mark.parametrize(
    ("feature", "soql", "code"),
    [
        ("contacts_to_multiple_accounts", "SELECT IsDirect FROM AccountContactRelation", "INVALID_TYPE"),
        ("multi_currency", "SELECT IsoCode FROM CurrencyType", "INVALID_TYPE"),
        ("multi_currency", "SELECT CurrencyIsoCode FROM Opportunity", "INVALID_FIELD"),
        ("person_accounts", "SELECT IsPersonAccount, PersonEmail FROM Account", "INVALID_FIELD"),
        ("state_and_country_picklists", "SELECT BillingCountryCode FROM Account", "INVALID_FIELD"),
    ],
)
def test_feature_brings_its_objects_and_fields_when_it_is_turned_on(
    org: Org, feature: str, soql: str, code: str
) -> None:
    assert org.query(soql).json()[0]["errorCode"] == code
    org.app.turn_on(feature)
    assert org.query(soql).status_code == 200


def test_feature_of_the_settings_is_there_from_the_start() -> None:
    features = frozenset({"multi_currency", "state_and_country_picklists"})
    with running(SalesforceApp(settings=Settings(features=features))) as org:
        deal = org.create("Opportunity", Name="D", StageName="Prospecting", CloseDate="2026-12-01", Amount=1)
        codes = [row["IsoCode"] for row in org.records("SELECT IsoCode FROM CurrencyType WHERE IsCorporate = true")]
        assert (
            org.records(f"SELECT CurrencyIsoCode FROM Opportunity WHERE Id = '{deal}'")[0]["CurrencyIsoCode"] == "USD"
        )
        assert codes == ["USD"]
        assert org.query("SELECT Id FROM CampaignInfluence").json()[0]["errorCode"] == "INVALID_TYPE"
        org.create("Account", Name="A", BillingCity="Leeds", BillingCountryCode="GB")
        address = org.records("SELECT BillingAddress FROM Account")[0]["BillingAddress"]
        assert (address["countryCode"], address["stateCode"]) == ("GB", None)


def test_features_turned_on_late_reach_the_records_there_are(org: Org) -> None:
    account = org.create("Account", Name="A")
    contact = org.create("Contact", LastName="C", AccountId=account)
    deal = org.create("Opportunity", Name="D", StageName="Prospecting", CloseDate="2026-12-01", Amount=2)
    org.app.turn_on("contacts_to_multiple_accounts")
    org.app.turn_on("multi_currency")
    relation = org.records("SELECT AccountId, ContactId, IsDirect FROM AccountContactRelation")[0]
    assert (relation["AccountId"], relation["ContactId"], relation["IsDirect"]) == (account, contact, True)
    row = org.records(f"SELECT CurrencyIsoCode, convertCurrency(Amount) FROM Opportunity WHERE Id = '{deal}'")[0]
    assert (row["CurrencyIsoCode"], row["Amount"]) == ("USD", 2.0)


def test_feature_unknown_is_refused_by_name(org: Org) -> None:
    with pytest.raises(ValueError, match="no feature 'nope'"):
        org.app.turn_on("nope")


def test_database_of_an_earlier_time_gets_the_tables_and_columns_it_lacks(tmp_path: Path) -> None:
    SalesforceApp(tmp_path / "org.db", settings=Settings(features=frozenset())).close()
    with running(SalesforceApp(tmp_path / "org.db", settings=Settings(features=frozenset({"person_accounts"})))) as org:
        org.create("Account", Name="A", PersonEmail="a@x.example")
        assert org.records("SELECT PersonEmail FROM Account")[0]["PersonEmail"] == "a@x.example"


def test_campaign_member_shows_the_fields_of_its_person(org: Org) -> None:
    account = org.create("Account", Name="Acme")
    contact = org.create("Contact", LastName="Ann", FirstName="A", AccountId=account, MailingCity="Leeds")
    lead = org.create("Lead", LastName="Bob", Company="Beta", DoNotCall=True, City="York")
    campaign = org.create("Campaign", Name="C")
    org.create("CampaignMember", CampaignId=campaign, ContactId=contact)
    org.create("CampaignMember", CampaignId=campaign, LeadId=lead)
    soql = "SELECT Name, City, CompanyOrAccount, Type, DoNotCall, LeadOrContactOwner.Name FROM CampaignMember"
    rows = org.records(f"{soql} WHERE CompanyOrAccount IN ('acme', 'BETA') ORDER BY Name")
    assert [(r["Name"], r["City"], r["CompanyOrAccount"], r["Type"], r["DoNotCall"]) for r in rows] == [
        ("A Ann", "Leeds", "Acme", "Contact", False),
        ("Bob", "York", "Beta", "Lead", True),
    ]
    assert rows[0]["LeadOrContactOwner"]["Name"] == "Sandbox Admin"


def test_describe_record_types_are_the_orgs_own_and_the_master(org: Org) -> None:
    kind = org.app.create("RecordType", Name="Partner", DeveloperName="Partner", SobjectType="Account", IsActive=True)
    infos = described(org, "Account")["recordTypeInfos"]
    assert [(info["recordTypeId"], info["master"], info["defaultRecordTypeMapping"]) for info in infos] == [
        (kind, False, True),
        ("012000000000000AAA", True, False),
    ]
    assert [info["name"] for info in described(org, "Contact")["recordTypeInfos"]] == ["Master"]
    assert described(org, "OpportunityContactRole")["recordTypeInfos"] == []


def test_describe_layouts_show_the_fields_the_user_sees(org: Org) -> None:
    org.app.hide_field("Contact", "Phone")
    whole = org.client.get(f"{BASE}/sobjects/Contact/describe/layouts").json()
    layout = org.client.get(f"{BASE}/sobjects/Contact/describe/layouts/012000000000000AAA").json()
    assert whole["layouts"] == [layout]
    assert [one["master"] for one in whole["recordTypeMappings"]] == [True]
    rows = layout["detailLayoutSections"][0]["layoutRows"]
    shown = {row["layoutItems"][0]["layoutComponents"][0]["value"]: row["layoutItems"][0]["required"] for row in rows}
    assert shown["LastName"]
    assert shown["Email"] is False
    assert "Phone" not in shown
    for path in ("OpportunityHistory/describe/layouts", "Contact/describe/layouts/012000000000001AAA"):
        assert org.client.get(f"{BASE}/sobjects/{path}").status_code == 404


def test_basic_information_has_the_records_the_user_wrote_last(org: Org) -> None:
    org.app.create("Account", Name="Somebody else's")
    account = org.create("Account", Name="Mine")
    body = org.client.get(f"{BASE}/sobjects/Account").json()
    assert body["objectDescribe"]["keyPrefix"] == "001"
    assert [(item["Id"], item["Name"]) for item in body["recentItems"]] == [(account, "Mine")]


@pytest.mark.parametrize("path", ["/sobjects", "/sobjects/Account/describe", "/sobjects/Account/describe/layouts"])
def test_describes_unchanged_since_answer_304_with_their_tag(org: Org, path: str) -> None:
    first = org.client.get(f"{BASE}{path}")
    since = {"If-Modified-Since": first.headers["Last-Modified"]}
    again = org.client.get(f"{BASE}{path}", headers=since)
    assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", first.headers["ETag"])
    org.app.clock.turn(5)
    org.app.create("LeadStatus", MasterLabel="New", ApiName="New")
    assert org.client.get(f"{BASE}{path}", headers=since).status_code == 200


def test_describe_within_a_composite_unchanged_has_no_body(org: Org) -> None:
    stamp = org.client.get(f"{BASE}/sobjects").headers["Last-Modified"]
    part = {
        "method": "GET",
        "url": f"{BASE}/sobjects",
        "referenceId": "all",
        "httpHeaders": {"If-Modified-Since": stamp},
    }
    answer = org.client.post(f"{BASE}/composite", json={"compositeRequest": [part]}).json()["compositeResponse"][0]
    assert (answer["httpStatusCode"], answer["body"]) == (304, None)
    assert set(answer["httpHeaders"]) == {"ETag", "Last-Modified"}
