"""What a write brings about by itself: derived values, history, mirrored relations, totals, stamps."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.salesforce import SalesforceApp, Settings
from tests.sandbox.salesforce_org import Org, running

DEAL = {"Name": "D", "StageName": "Prospecting", "CloseDate": "2026-11-01"}


def deal(org: Org, **values: Any) -> str:
    return org.create("Opportunity", **{**DEAL, **values})


def test_stage_brings_its_flags_probability_and_forecast(org: Org) -> None:
    made = deal(org, Amount=1000)
    row = org.app.row("Opportunity", made)
    assert (row["Probability"], row["ForecastCategory"], row["LastStageChangeDate"]) == (10.0, "Pipeline", None)
    org.patch("Opportunity", made, StageName="Closed Won")
    row = org.app.row("Opportunity", made)
    assert (row["IsClosed"], row["IsWon"], row["Probability"], row["ExpectedRevenue"]) == (1, 1, 100.0, 1000.0)
    assert row["LastStageChangeDate"] == row["SystemModstamp"]


def test_values_given_with_a_stage_stand(org: Org) -> None:
    made = deal(org)
    org.patch("Opportunity", made, StageName="Qualification", Probability=33, ForecastCategoryName="Best Case")
    row = org.app.row("Opportunity", made)
    assert (row["Probability"], row["ForecastCategoryName"], row["ForecastCategory"]) == (33.0, "Best Case", "BestCase")


@pytest.mark.parametrize(("close", "pushes"), [("2026-11-30", 0), ("2026-12-01", 1), ("2026-10-01", 0)])
def test_push_count_grows_when_the_close_date_moves_to_a_later_month(org: Org, close: str, pushes: int) -> None:
    made = deal(org)
    org.patch("Opportunity", made, CloseDate=close)
    assert org.app.row("Opportunity", made)["PushCount"] == pushes


def test_opportunity_history_has_a_row_for_each_change_of_four_fields(org: Org) -> None:
    made = deal(org, Amount=10)
    for change in (
        {"Amount": 20},
        {"NextStep": "call"},
        {"CloseDate": "2026-12-01"},
        {"Probability": 50},
        {"Amount": 20},
    ):
        org.patch("Opportunity", made, **change)
    rows = org.records("SELECT Amount, PrevAmount, CloseDate, PrevCloseDate, Probability FROM OpportunityHistory")
    seen = [(r["Amount"], r["PrevAmount"], r["CloseDate"], r["PrevCloseDate"], r["Probability"]) for r in rows]
    assert seen == [
        (10, None, "2026-11-01", None, 10),
        (20, 10, "2026-11-01", None, 10),
        (20, None, "2026-12-01", "2026-11-01", 10),
        (20, None, "2026-12-01", None, 50),
    ]
    row = org.app.row("Opportunity", made)
    assert (row["LastAmountChangedHistoryId"], row["LastCloseDateChangedHistoryId"]) == (
        rows_id(org, 1),
        rows_id(org, 2),
    )


def rows_id(org: Org, number: int) -> str:
    return str(org.app.rows("OpportunityHistory")[number]["Id"])


def test_field_history_tells_who_changed_what(org: Org) -> None:
    first, second = (org.create("Account", Name=name) for name in "AB")
    contact = org.create("Contact", LastName="L", AccountId=first, DoNotCall=True)
    org.patch("Contact", contact, Phone="1", AccountId=second, DoNotCall=False, Fax="untracked", LastName="L")
    soql = f"SELECT Field, DataType, OldValue, NewValue, CreatedById FROM ContactHistory WHERE ContactId = '{contact}'"
    rows = org.records(soql)
    assert {row["CreatedById"] for row in rows} == {org.app.user_id}
    seen = [(row["Field"], row["DataType"], row["OldValue"], row["NewValue"]) for row in rows]
    assert seen == [
        ("created", None, None, None),
        ("Account", "Text", "A", "B"),
        ("Account", "EntityId", first, second),
        ("Phone", "PhoneNumber", None, "1"),
        ("DoNotCall", "Boolean", True, False),
    ]


def test_field_history_follows_the_administrators_choice(org: Org) -> None:
    org.app.admin.track_fields("Lead", ["Fax", "Description"])
    lead = org.create("Lead", LastName="L", Company="C")
    org.patch("Lead", lead, Phone="1", Fax="2", Description="long")
    rows = org.records("SELECT Field, NewValue FROM LeadHistory")
    assert [(r["Field"], r["NewValue"]) for r in rows] == [("created", None), ("Fax", "2"), ("Description", None)]
    made = deal(org, Amount=1)
    org.app.edit("Opportunity", made, Amount=2)
    assert (
        org.records("SELECT OldValue, NewValue FROM OpportunityFieldHistory WHERE Field = 'Amount'")[0]["NewValue"] == 2
    )


def test_history_goes_and_comes_with_its_record(org: Org) -> None:
    account = org.create("Account", Name="A")
    org.app.delete("Account", account)
    assert org.app.count("AccountHistory") == 0
    org.app.undelete("Account", account)
    assert org.app.count("AccountHistory") == 1


@pytest.mark.parametrize("goes", [False, True])
def test_direct_relation_mirrors_the_contacts_account(goes: bool) -> None:
    with running(SalesforceApp(settings=Settings(features=frozenset({"contacts_to_multiple_accounts"})))) as org:
        org.app.settings.rules.former_account_goes = goes
        first, second = (org.create("Account", Name=name) for name in "AB")
        contact = org.create("Contact", LastName="L", AccountId=first)
        org.create("AccountContactRelation", AccountId=second, ContactId=contact, Roles="Evaluator;Other")
        direct = "SELECT AccountId FROM AccountContactRelation WHERE IsDirect = "
        assert [row["AccountId"] for row in org.records(f"{direct} TRUE")] == [first]
        org.patch("Contact", contact, AccountId=second)
        assert [row["AccountId"] for row in org.records(f"{direct} TRUE")] == [second]
        assert [row["AccountId"] for row in org.records(f"{direct} FALSE")] == ([] if goes else [first])
        again = org.client.post(
            "/services/data/v60.0/sobjects/AccountContactRelation", json={"AccountId": second, "ContactId": contact}
        )
        assert again.json()[0]["errorCode"] == "DUPLICATE_VALUE"
        org.patch("Contact", contact, AccountId=None)
        assert org.app.count("AccountContactRelation") == (0 if goes else 2)
        org.patch("Contact", contact, AccountId=first)
        org.app.delete("Contact", contact)
        org.app.undelete("Contact", contact)
        assert [row["AccountId"] for row in org.records(f"{direct} TRUE")] == [first]


def test_campaign_comes_with_statuses_that_decide_who_responded(org: Org) -> None:
    campaign = org.create("Campaign", Name="C")
    contacts = [org.create("Contact", LastName=name) for name in "abc"]
    sent, unknown, responded = (
        org.create("CampaignMember", CampaignId=campaign, ContactId=contact, **status)
        for contact, status in zip(contacts, ({}, {"Status": "Dreaming"}, {"Status": "responded"}), strict=True)
    )
    today = org.app.clock.today().isoformat()
    seen = [
        (row["Status"], row["HasResponded"], row["FirstRespondedDate"])
        for row in (org.app.row("CampaignMember", one) for one in (sent, unknown, responded))
    ]
    assert seen == [("Sent", 0, None), ("Sent", 0, None), ("Responded", 1, today)]
    org.patch("CampaignMember", responded, Status="Sent")
    row = org.app.row("CampaignMember", responded)
    assert (row["HasResponded"], row["FirstRespondedDate"]) == (0, today)
    status = org.records("SELECT Id FROM CampaignMemberStatus WHERE Label = 'Sent'")[0]["Id"]
    org.patch("CampaignMemberStatus", status, HasResponded=True)
    assert org.app.row("CampaignMember", sent)["HasResponded"] == 1


def test_campaign_takes_each_person_once(org: Org) -> None:
    campaign, contact = org.create("Campaign", Name="C"), org.create("Contact", LastName="L")
    member = org.create("CampaignMember", CampaignId=campaign, ContactId=contact)
    body = {"CampaignId": campaign, "ContactId": contact}
    again = org.client.post("/services/data/v60.0/sobjects/CampaignMember", json=body)
    assert (again.status_code, again.json()[0]["errorCode"]) == (400, "DUPLICATE_VALUE")
    nobody = org.client.post("/services/data/v60.0/sobjects/CampaignMember", json={"CampaignId": campaign})
    assert nobody.json()[0]["errorCode"] == "REQUIRED_FIELD_MISSING"
    org.app.delete("CampaignMember", member)
    assert org.create("CampaignMember", **body)


def test_campaign_totals_follow_members_and_deals_without_moving_its_stamps(org: Org) -> None:
    campaign = org.create("Campaign", Name="C")
    before = org.app.row("Campaign", campaign)
    org.app.clock.turn(5)
    contact, lead = org.create("Contact", LastName="L"), org.create("Lead", LastName="L", Company="C")
    org.create("CampaignMember", CampaignId=campaign, ContactId=contact, Status="Responded")
    org.create("CampaignMember", CampaignId=campaign, LeadId=lead)
    deal(org, CampaignId=campaign, Amount=10)
    deal(org, CampaignId=campaign, Amount=5, StageName="Closed Won")
    totals = (
        "NumberOfContacts", "NumberOfLeads", "NumberOfResponses", "NumberOfOpportunities", "NumberOfWonOpportunities",
        "AmountAllOpportunities", "AmountWonOpportunities",
    )  # fmt: skip
    row = org.records(f"SELECT {', '.join(totals)} FROM Campaign")[0]
    assert [row[name] for name in totals] == [1, 1, 1, 2, 1, 15.0, 5.0]
    org.app.delete("Contact", contact)
    assert org.records("SELECT NumberOfContacts FROM Campaign WHERE NumberOfLeads > 0")[0]["NumberOfContacts"] == 0
    assert org.app.row("Campaign", campaign) == before


def test_contact_of_a_new_deal_becomes_its_one_primary_role(org: Org) -> None:
    first, second = (org.create("Contact", LastName=name) for name in "ab")
    made = deal(org, ContactId=first)
    role = org.app.rows("OpportunityContactRole")[0]
    assert (role["ContactId"], role["IsPrimary"]) == (first, 1)
    org.create("OpportunityContactRole", OpportunityId=made, ContactId=second, IsPrimary=True)
    assert [row["IsPrimary"] for row in org.app.rows("OpportunityContactRole")] == [0, 1]


def test_closed_task_dates_everything_it_is_about(org: Org) -> None:
    account = org.create("Account", Name="A")
    contact = org.create("Contact", LastName="L", AccountId=account)
    made = deal(org, AccountId=account)
    before = org.app.row("Contact", contact)
    org.app.clock.turn(5)
    task = org.create("Task", WhoId=contact, WhatId=made, ActivityDate="2026-05-01")
    assert org.app.row("Contact", contact)["LastActivityDate"] is None
    org.patch("Task", task, Status="Completed")
    assert org.app.row("Task", task)["CompletedDateTime"] == org.app.row("Task", task)["SystemModstamp"]
    about = {"Account": account, "Contact": contact, "Opportunity": made}
    assert {org.app.row(kind, one)["LastActivityDate"] for kind, one in about.items()} == {"2026-05-01"}
    after = org.app.row("Contact", contact)
    assert after["SystemModstamp"] > before["SystemModstamp"]
    assert after["LastModifiedDate"] == before["LastModifiedDate"]
    org.app.delete("Task", task)
    assert org.app.row("Account", account)["LastActivityDate"] is None


def test_open_and_overdue_tasks_show_on_the_deal(org: Org) -> None:
    made = deal(org)
    soql = "SELECT HasOpenActivity, HasOverdueTask FROM Opportunity"
    assert [list(org.records(soql)[0].values())[1:]] == [[False, False]]
    org.create("Task", WhatId=made, ActivityDate="2020-01-01")
    assert [list(org.records(soql)[0].values())[1:]] == [[True, True]]


def test_update_with_the_same_value_moves_the_stamps_and_makes_no_history(org: Org) -> None:
    account = org.create("Account", Name="A")
    before = org.app.row("Account", account)
    org.app.clock.turn(2)
    org.patch("Account", account, Name="A")
    after = org.app.row("Account", account)
    assert after["SystemModstamp"] == after["LastModifiedDate"] > before["SystemModstamp"]
    assert org.app.count("AccountHistory") == 1


def test_bounced_address_shows_as_bounced(org: Org) -> None:
    contact = org.create("Contact", LastName="L", Email="a@b.example", EmailBouncedReason="no such user")
    assert org.app.row("Contact", contact)["IsEmailBounced"] == 1


def test_person_account_is_one_person_in_two_records() -> None:
    with running(SalesforceApp(settings=Settings(features=frozenset({"person_accounts"})))) as org:
        person = org.create("Account", FirstName="Ada", LastName="L", PersonEmail="a@b.example", Phone="1")
        row = org.app.row("Account", person)
        assert (row["Name"], row["IsPersonAccount"]) == ("Ada L", 1)
        contact = org.app.row("Contact", row["PersonContactId"])
        assert (contact["AccountId"], contact["Name"], contact["IsPersonAccount"]) == (person, "Ada L", 1)
        assert (contact["Email"], contact["Phone"]) == ("a@b.example", "1")
        org.patch("Account", person, LastName="Lovelace", PersonTitle="Countess", PersonHasOptedOutOfEmail=True)
        contact = org.app.row("Contact", row["PersonContactId"])
        assert (contact["Name"], contact["Title"], contact["HasOptedOutOfEmail"]) == ("Ada Lovelace", "Countess", 1)
        org.patch("Contact", contact["Id"], FirstName="Augusta")
        assert org.app.row("Account", person)["Name"] == "Augusta Lovelace"
        company = org.create("Account", Name="Acme")
        assert org.app.row("Account", company)["IsPersonAccount"] == 0
        org.app.delete("Account", person)
        assert org.app.count("Contact") == 0


def test_direct_relation_and_default_status_cannot_be_deleted() -> None:
    with running(SalesforceApp(settings=Settings(features=frozenset({"contacts_to_multiple_accounts"})))) as org:
        account = org.create("Account", Name="A")
        org.create("Contact", LastName="L", AccountId=account)
        org.create("Campaign", Name="C")
        for kind, condition in (("AccountContactRelation", "IsDirect"), ("CampaignMemberStatus", "IsDefault")):
            one = org.records(f"SELECT Id FROM {kind} WHERE {condition} = TRUE")[0]["Id"]
            answer = org.client.delete(f"/services/data/v60.0/sobjects/{kind}/{one}")
            assert answer.json()[0]["errorCode"] == "DELETE_FAILED"


def test_campaign_of_a_deal_is_its_primary_source(org: Org) -> None:
    campaign, other = (org.create("Campaign", Name=name) for name in "CO")
    made = deal(org, CampaignId=campaign, Amount=200)
    soql = "SELECT CampaignId, Influence, RevenueShare FROM CampaignInfluence ORDER BY CampaignId"
    seen = [(r["CampaignId"], r["Influence"], r["RevenueShare"]) for r in org.records(soql)]
    assert seen == [(campaign, 100, 200.0)]
    model = org.records("SELECT Id FROM CampaignInfluenceModel WHERE IsModelLocked = TRUE")[0]["Id"]
    org.create("CampaignInfluence", CampaignId=other, OpportunityId=made, ModelId=model, Influence=50)
    assert len(org.records(soql)) == 2
    org.patch("Opportunity", made, Amount=300)
    assert [(r["CampaignId"], r["RevenueShare"]) for r in org.records(soql)] == [(campaign, 300.0)]
    org.patch("Opportunity", made, CampaignId=None)
    assert org.records(soql) == []


def test_activities_over_a_year_old_are_found_by_query_all_alone(org: Org) -> None:
    today = org.app.clock.today()
    for day, status in (("2020-01-01", "Completed"), ("2020-01-01", "Not Started"), (f"{today}", "Completed")):
        org.create("Task", ActivityDate=day, Status=status)
    assert org.app.admin.archive_activities() == 1
    assert [len(org.records("SELECT Id FROM Task", path)) for path in ("query", "queryAll")] == [2, 3]


def test_new_lead_has_the_orgs_default_status_and_a_deal_only_stages_in_use(org: Org) -> None:
    statuses = {row["ApiName"]: row["Id"] for row in org.app.rows("LeadStatus")}
    org.app.edit("LeadStatus", statuses["Open - Not Contacted"], IsDefault=False)
    org.app.edit("LeadStatus", statuses["Working - Contacted"], IsDefault=True)
    assert org.app.row("Lead", org.create("Lead", LastName="L", Company="C"))["Status"] == "Working - Contacted"
    made = deal(org)
    org.app.edit("OpportunityStage", str(org.app.rows("OpportunityStage")[0]["Id"]), IsActive=False)
    again = org.client.post("/services/data/v60.0/sobjects/Opportunity", json=DEAL)
    assert again.json()[0]["errorCode"] == "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"
    assert org.patch("Opportunity", made, NextStep="call").status_code == 204


def test_stamps_are_whole_seconds(org: Org) -> None:
    org.create("Account", Name="A")
    row = org.records("SELECT CreatedDate, LastModifiedDate, SystemModstamp FROM Account")[0]
    assert {value[19:] for name, value in row.items() if name != "attributes"} == {".000+0000"}
    task = org.create("Task", ReminderDateTime="2026-05-01T10:00:00.678Z")
    assert org.app.row("Task", task)["ReminderDateTime"] == "2026-05-01T10:00:00.000+0000"


def test_beginning_end_and_length_of_an_event_agree(org: Org) -> None:
    names = ("StartDateTime", "ActivityDateTime", "EndDateTime", "DurationInMinutes")

    def told(event: str) -> list[str | int]:
        row = org.app.row("Event", event)
        return [row[name] if name == names[3] else row[name][11:16] for name in names]

    event = org.create("Event", Subject="E", StartDateTime="2026-03-02T10:00:00Z", DurationInMinutes=30)
    assert told(event) == ["10:00", "10:00", "10:30", 30]
    org.patch("Event", event, EndDateTime="2026-03-02T11:00:00Z")
    assert told(event) == ["10:00", "10:00", "11:00", 60]
    org.patch("Event", event, DurationInMinutes=15)
    assert told(event) == ["10:00", "10:00", "10:15", 15]
    org.patch("Event", event, ActivityDateTime="2026-03-02T12:00:00Z")
    assert told(event) == ["12:00", "12:00", "12:15", 15]
    other = org.create(
        "Event", Subject="E", ActivityDateTime="2026-03-02T10:00:00Z", EndDateTime="2026-03-02T10:45:00Z"
    )
    assert told(other) == ["10:00", "10:00", "10:45", 45]
    assert (
        org.patch("Event", other, DurationInMinutes=-(2**31) + 1).json()[0]["errorCode"] == "FIELD_INTEGRITY_EXCEPTION"
    )
