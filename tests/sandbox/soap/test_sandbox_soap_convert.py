"""convertLead: what becomes of a lead, what it joins, and every refusal."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from sandbox.salesforce.rules import DuplicateRule, ValidationRule
from tests.sandbox.salesforce_org import Org
from tests.sandbox.soap.soap_client import SoapClient

DEAL = {"Name": "O", "StageName": "Qualification", "CloseDate": "2026-01-01"}


@pytest.fixture
def lead(org: Org) -> str:
    return org.app.create(
        "Lead", FirstName="Ada", LastName="Byron", Company="Engines", Email="ada@engines.example", Phone="1",
        Title="Countess", Street="1 Row", City="London", Country="UK", LeadSource="Web", Website="https://e.example",
        AnnualRevenue=5, HasOptedOutOfEmail=True, Description="told us",
    )  # fmt: skip


def test_conversion_makes_account_contact_and_opportunity_of_the_lead(org: Org, soap: SoapClient, lead: str) -> None:
    answer = soap.convert(lead)
    assert (answer.one("success"), answer.one("leadId")) == ("true", lead)
    account = org.app.row("Account", answer.one("accountId"))
    contact = org.app.row("Contact", answer.one("contactId"))
    deal = org.app.row("Opportunity", answer.one("opportunityId"))
    assert [account[name] for name in ("Name", "Website", "BillingCity", "AccountSource", "AnnualRevenue")] == [
        "Engines", "https://e.example", "London", "Web", 5,
    ]  # fmt: skip
    names = ("Name", "Email", "MailingStreet", "LeadSource", "HasOptedOutOfEmail", "Description", "AccountId")
    assert [contact[name] for name in names] == [
        "Ada Byron", "ada@engines.example", "1 Row", "Web", 1, "told us", account["Id"],
    ]  # fmt: skip
    assert (deal["Name"], deal["StageName"], deal["AccountId"]) == ("Engines", "Prospecting", account["Id"])
    due = date.fromisoformat(deal["CloseDate"])
    assert due >= org.app.clock.today()
    assert due.month in (3, 6, 9, 12)
    roles = org.app.rows("OpportunityContactRole")
    assert [(row["OpportunityId"], row["ContactId"], row["IsPrimary"]) for row in roles] == [
        (deal["Id"], contact["Id"], 1)
    ]


def test_converted_lead_says_so_and_is_frozen(org: Org, soap: SoapClient, lead: str) -> None:
    answer = soap.convert(lead)
    row = org.app.row("Lead", lead)
    assert (row["IsConverted"], row["Status"]) == (1, "Closed - Converted")
    assert row["ConvertedDate"] == org.app.clock.today().isoformat()
    ids = [row[f"Converted{name}Id"] for name in ("Account", "Contact", "Opportunity")]
    assert ids == [answer.one(f"{name}Id") for name in ("account", "contact", "opportunity")]
    assert org.patch("Lead", lead, Phone="9").json()[0]["errorCode"] == "CANNOT_UPDATE_CONVERTED_LEAD"
    again = soap.convert(lead)
    assert again.errors == [("CANNOT_UPDATE_CONVERTED_LEAD", "cannot reference converted lead")]
    assert 'accountId xsi:nil="true"' in again.text


def test_conversion_without_an_opportunity_makes_none(org: Org, soap: SoapClient, lead: str) -> None:
    answer = soap.convert(lead, doNotCreateOpportunity=True)
    assert (answer.one("success"), org.app.count("Opportunity")) == ("true", 0)
    assert '<opportunityId xsi:nil="true"/>' in answer.text
    assert org.app.row("Lead", lead)["ConvertedOpportunityId"] is None


def test_opportunity_has_the_name_and_the_owner_given(org: Org, soap: SoapClient, lead: str) -> None:
    other = next(row["Id"] for row in org.app.rows("User") if row["Id"] != org.app.user_id)
    answer = soap.convert(lead, opportunityName="Big one", ownerId=other)
    made = [org.app.row(kind, answer.one(f"{kind.lower()}Id")) for kind in ("Account", "Contact", "Opportunity")]
    assert {row["OwnerId"] for row in made} == {other}
    assert made[2]["Name"] == "Big one"


def test_joined_records_get_only_what_they_lack(org: Org, soap: SoapClient, lead: str) -> None:
    account = org.app.create("Account", Name="Known", Phone="7")
    contact = org.app.create("Contact", LastName="Known", AccountId=account, LeadSource="Other", Title="Boss")
    answer = soap.convert(lead, accountId=account[:15], contactId=contact, doNotCreateOpportunity=True)
    assert (answer.one("accountId"), answer.one("contactId")) == (account, contact)
    row = org.app.row("Account", account)
    assert (row["Name"], row["Phone"], row["Website"]) == ("Known", "7", "https://e.example")
    row = org.app.row("Contact", contact)
    assert [row[name] for name in ("LastName", "FirstName", "Title", "Email", "LeadSource")] == [
        "Known", "Ada", "Boss", "ada@engines.example", "Other",
    ]  # fmt: skip
    assert row["HasOptedOutOfEmail"] == 0
    assert (org.app.count("Account"), org.app.count("Contact")) == (1, 1)


def test_lead_source_of_the_joined_contact_is_overwritten_when_asked(org: Org, soap: SoapClient, lead: str) -> None:
    account = org.app.create("Account", Name="Known")
    contact = org.app.create("Contact", LastName="Known", AccountId=account, LeadSource="Other")
    soap.convert(lead, accountId=account, contactId=contact, overwriteLeadSource=True)
    assert org.app.row("Contact", contact)["LeadSource"] == "Web"


def test_joined_opportunity_gets_the_contact_in_a_role_that_is_not_primary(
    org: Org, soap: SoapClient, lead: str
) -> None:
    account = org.app.create("Account", Name="Known")
    deal = org.app.create("Opportunity", AccountId=account, **DEAL)
    answer = soap.convert(lead, accountId=account, opportunityId=deal)
    assert (answer.one("opportunityId"), org.app.count("Opportunity")) == (deal, 1)
    role = org.app.rows("OpportunityContactRole")[0]
    assert (role["OpportunityId"], role["ContactId"], role["IsPrimary"]) == (deal, answer.one("contactId"), 0)


def test_campaign_members_keep_the_lead_and_get_the_contact(org: Org, soap: SoapClient, lead: str) -> None:
    first, last = (org.app.create("Campaign", Name=name) for name in "FL")
    member = org.app.create("CampaignMember", CampaignId=first, LeadId=lead)
    org.app.clock.turn(5)
    org.app.create("CampaignMember", CampaignId=last, LeadId=lead)
    answer = soap.convert(lead)
    row = org.app.row("CampaignMember", member)
    contact = answer.one("contactId")
    assert (row["LeadId"], row["ContactId"], row["LeadOrContactId"]) == (lead, contact, contact)
    assert org.app.row("Opportunity", answer.one("opportunityId"))["CampaignId"] == last


def test_membership_that_went_further_counts_when_the_contact_is_a_member_too(
    org: Org, soap: SoapClient, lead: str
) -> None:
    campaign = org.app.create("Campaign", Name="C")
    account = org.app.create("Account", Name="Known")
    contact = org.app.create("Contact", LastName="Known", AccountId=account)
    org.app.create("CampaignMember", CampaignId=campaign, LeadId=lead, Status="Responded")
    own = org.app.create("CampaignMember", CampaignId=campaign, ContactId=contact, Status="Sent")
    soap.convert(lead, accountId=account, contactId=contact)
    rows = org.app.rows("CampaignMember")
    assert [(row["Id"], row["LeadId"], row["Status"], row["HasResponded"]) for row in rows] == [
        (own, lead, "Responded", 1)
    ]


def test_activities_move_to_the_contact_and_the_opportunity(org: Org, soap: SoapClient, lead: str) -> None:
    task = org.app.create("Task", Subject="T", WhoId=lead)
    answer = soap.convert(lead)
    row = org.app.row("Task", task)
    assert [row[name] for name in ("WhoId", "WhatId", "AccountId")] == [
        answer.one(f"{name}Id") for name in ("contact", "opportunity", "account")
    ]


def test_lead_of_a_queue_needs_an_owner(org: Org, soap: SoapClient, lead: str) -> None:
    queue = org.app.create("Group", Name="Q", Type="Queue")
    org.app.edit("Lead", lead, OwnerId=queue)
    refused = soap.convert(lead)
    assert refused.errors[0][0] == "INVALID_OWNER"
    assert soap.convert(lead, ownerId=org.app.user_id).one("success") == "true"


@pytest.mark.parametrize(
    ("values", "code"),
    [
        pytest.param({"status": "Closed - Not Converted"}, "INVALID_STATUS", id="status that does not convert"),
        pytest.param({"status": ""}, "INVALID_STATUS", id="no status"),
        pytest.param({"contactId": "contact"}, "MISSING_ARGUMENT", id="contact without account"),
        pytest.param({"contactId": "contact", "accountId": "other"}, "INVALID_CROSS_REFERENCE_KEY", id="another's"),
        pytest.param({"accountId": "001000000000009AAA"}, "INVALID_CROSS_REFERENCE_KEY", id="unknown account"),
        pytest.param({"accountId": "x"}, "MALFORMED_ID", id="no id"),
        pytest.param({"accountId": "contact"}, "INVALID_CROSS_REFERENCE_KEY", id="another type"),
        pytest.param({"ownerId": "005000000000009AAA"}, "INVALID_CROSS_REFERENCE_KEY", id="unknown owner"),
        pytest.param({"leadId": "00Q000000000009AAA"}, "INVALID_CROSS_REFERENCE_KEY", id="unknown lead"),
        pytest.param({"leadId": ""}, "MISSING_ARGUMENT", id="no lead"),
    ],
)
def test_refused_conversion_tells_why_and_changes_nothing(
    org: Org, soap: SoapClient, lead: str, values: dict[str, Any], code: str
) -> None:
    account, other = (org.app.create("Account", Name=name) for name in "KO")
    named = {"contact": org.app.create("Contact", LastName="K", AccountId=account), "other": other}
    state = org.app.dump()
    answer = soap.convert(lead, **{name: named.get(value, value) for name, value in values.items()})
    assert (answer.status, answer.one("success")) == (200, "false")
    assert [found for found, _ in answer.errors] == [code]
    assert org.app.dump() == state


def test_leads_of_a_call_stand_alone(org: Org, soap: SoapClient, lead: str) -> None:
    other = org.app.create("Lead", LastName="L", Company="C")
    requests = "".join(
        f"<urn:LeadConvert xmlns:urn='u'><convertedStatus>{status}</convertedStatus><leadId>{one}</leadId>"
        "</urn:LeadConvert>"
        for one, status in ((lead, "Nope"), (other, "Closed - Converted"))
    )
    answer = soap.call("convertLead", requests)
    assert (answer.all("success"), answer.all("leadId")) == (["false", "true"], [lead, other])


def test_more_than_100_leads_are_a_fault(soap: SoapClient) -> None:
    answer = soap.call("convertLead", "<leadConverts/>" * 101)
    assert answer.fault == (500, "sf:EXCEEDED_LEAD_CONVERT_LIMIT")


def test_hidden_fields_are_passed_over(org: Org, soap: SoapClient, lead: str) -> None:
    org.app.hide_field("Contact", "Description")
    answer = soap.convert(lead)
    assert org.app.row("Contact", answer.one("contactId"))["Description"] is None


def test_somebody_else_can_convert_through_the_control_endpoint(org: Org, lead: str) -> None:
    answer = org.client.post("/__sandbox__/doors/convert", json={"lead": lead, "opportunity": False})
    assert answer.json()["result"]["opportunity_id"] is None
    row = org.app.row("Lead", lead)
    assert (row["IsConverted"], row["LastModifiedById"] != org.app.user_id) == (1, True)


def test_duplicate_rule_stops_a_conversion_unless_it_is_bypassed(org: Org, soap: SoapClient, lead: str) -> None:
    org.app.settings.rules.duplicates.append(DuplicateRule("Accounts_DR", "Account", ("Name",)))
    org.app.create("Account", Name="Engines")
    assert [code for code, _ in soap.convert(lead).errors] == ["DUPLICATES_DETECTED"]
    assert org.app.row("Lead", lead)["IsConverted"] == 0
    assert soap.convert(lead, bypassAccountDedupeCheck=True).one("success") == "true"


def test_validation_rule_of_what_is_made_stops_the_whole_conversion(org: Org, soap: SoapClient, lead: str) -> None:
    org.app.settings.rules.validations.append(ValidationRule("Contact", "Title != null", "No titles here"))
    answer = soap.convert(lead)
    assert answer.errors == [("FIELD_CUSTOM_VALIDATION_EXCEPTION", "No titles here")]
    assert (org.app.count("Account"), org.app.count("Contact")) == (0, 0)
