"""merge and undelete: what survives, what moves, what collides, and every refusal."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from sandbox.salesforce.rules import ValidationRule
from tests.sandbox.salesforce_org import BASE, Org
from tests.sandbox.soap.soap_client import PARTNER, SoapClient, merge_request, sobject

ENVELOPE = "http://schemas.xmlsoap.org/soap/envelope/"


@pytest.fixture
def accounts(org: Org) -> list[str]:
    return [org.app.create("Account", Name=name) for name in "ABCD"]


@pytest.fixture
def contacts(org: Org) -> list[str]:
    return [org.app.create("Contact", LastName=name) for name in "ABCD"]


def test_master_keeps_its_values_even_blank_ones_but_for_those_given(org: Org, soap: SoapClient) -> None:
    master = org.app.create("Account", Name="A", Phone="1", Site="old")
    loser = org.app.create("Account", Name="B", Phone="2", Fax="3", Website="https://b.example")
    answer = soap.merge("Account", master, loser, nulls=("Site",), Website="https://b.example")
    assert (answer.one("success"), answer.one("id"), answer.all("mergedRecordIds")) == ("true", master, [loser])
    row = org.app.row("Account", master)
    kept = [row[name] for name in ("Name", "Phone", "Fax", "Site", "Website")]
    assert kept == ["A", "1", None, None, "https://b.example"]


def test_loser_is_deleted_and_names_its_master_to_query_all_and_get_deleted(
    org: Org, soap: SoapClient, accounts: list[str]
) -> None:
    start = org.app.clock.now().isoformat()
    org.app.clock.turn(1)
    soap.merge("Account", *accounts[:3])
    org.app.clock.turn(1)
    found = org.records(
        "SELECT Id, MasterRecordId FROM Account WHERE IsDeleted = true AND MasterRecordId != null "
        "AND SystemModstamp > 2000-01-01T00:00:00Z ORDER BY Name",
        "queryAll",
    )
    assert [(one["Id"], one["MasterRecordId"]) for one in found] == [(one, accounts[0]) for one in accounts[1:3]]
    params = {"start": start, "end": org.app.clock.now().isoformat()}
    deleted = org.client.get(f"{BASE}/sobjects/Account/deleted", params=params).json()["deletedRecords"]
    assert [one["id"] for one in deleted] == sorted(accounts[1:3])


def test_merge_moves_the_stamps_of_master_and_children(org: Org, soap: SoapClient, accounts: list[str]) -> None:
    child = org.app.create("Contact", LastName="L", AccountId=accounts[1])
    before = {name: org.app.row(kind, name) for kind, name in (("Account", accounts[0]), ("Contact", child))}
    org.app.clock.turn(5)
    soap.merge("Account", *accounts[:2])
    master, contact = org.app.row("Account", accounts[0]), org.app.row("Contact", child)
    assert master["LastModifiedDate"] == master["SystemModstamp"] > before[accounts[0]]["SystemModstamp"]
    assert contact["SystemModstamp"] > before[child]["SystemModstamp"]
    assert contact["LastModifiedDate"] == before[child]["LastModifiedDate"]


def test_account_merge_moves_everything_that_pointed_at_the_loser(
    org: Org, soap: SoapClient, accounts: list[str]
) -> None:
    master, loser, other = accounts[:3]
    deal = {"StageName": "Prospecting", "CloseDate": "2026-01-01"}
    lead = org.app.create("Lead", LastName="L", Company="C")
    org.app.edit("Lead", lead, ConvertedAccountId=loser)
    children = {
        org.app.create("Contact", LastName="L", AccountId=loser): ("Contact", "AccountId"),
        org.app.create("Opportunity", Name="O", AccountId=loser, **deal): ("Opportunity", "AccountId"),
        org.app.create("Task", Subject="T", WhatId=loser): ("Task", "WhatId"),
        org.app.create("Event", Subject="E", WhatId=loser, DurationInMinutes=5,
                       ActivityDateTime="2026-01-01T00:00:00Z"): ("Event", "WhatId"),
        org.app.create("Account", Name="Child", ParentId=loser): ("Account", "ParentId"),
        lead: ("Lead", "ConvertedAccountId"),
    }  # fmt: skip
    untouched = org.app.create("Contact", LastName="U", AccountId=other)
    answer = soap.merge("Account", master, loser)
    assert set(answer.all("updatedRelatedIds")) == set(children)
    assert {org.app.row(kind, one)[link] for one, (kind, link) in children.items()} == {master}
    assert org.app.rows("Task")[0]["AccountId"] == master
    assert org.app.row("Contact", untouched)["AccountId"] == other


def test_contact_merge_moves_people_links_and_works_the_account_out_anew(org: Org, soap: SoapClient) -> None:
    home, away = (org.app.create("Account", Name=name) for name in "HA")
    master = org.app.create("Contact", LastName="M", AccountId=home)
    loser = org.app.create("Contact", LastName="L", AccountId=away)
    deal = org.app.create("Opportunity", Name="O", StageName="Prospecting", CloseDate="2026-01-01", ContactId=loser)
    report = org.app.create("Contact", LastName="R", ReportsToId=loser)
    task = org.app.create("Task", Subject="T", WhoId=loser)
    role = org.app.rows("OpportunityContactRole")[0]["Id"]
    assert org.app.row("Task", task)["AccountId"] == away
    assert soap.merge("Contact", master, loser).one("success") == "true"
    assert org.app.row("Opportunity", deal)["ContactId"] == master
    assert org.app.row("Contact", report)["ReportsToId"] == master
    assert (org.app.row("Task", task)["WhoId"], org.app.row("Task", task)["AccountId"]) == (master, home)
    moved = org.app.row("OpportunityContactRole", role)
    assert (moved["ContactId"], moved["IsPrimary"]) == (master, 0)


def test_member_of_the_same_campaign_collides_and_the_masters_stays(
    org: Org, soap: SoapClient, contacts: list[str]
) -> None:
    same, other = (org.app.create("Campaign", Name=name) for name in "SO")
    kept = org.app.create("CampaignMember", CampaignId=same, ContactId=contacts[0], Status="Sent")
    lost = org.app.create("CampaignMember", CampaignId=same, ContactId=contacts[1], Status="Responded")
    moved = org.app.create("CampaignMember", CampaignId=other, ContactId=contacts[1], Status="Responded")
    answer = soap.merge("Contact", *contacts[:2])
    assert answer.all("updatedRelatedIds") == [moved]
    rows = {row["Id"]: row for row in org.app.rows("CampaignMember")}
    assert rows.keys() == {kept, moved}
    assert (rows[kept]["Status"], rows[kept]["HasResponded"]) == ("Sent", 0)
    assert {row["LeadOrContactId"] for row in rows.values()} == {contacts[0]}
    assert org.app.row("CampaignMember", lost)["IsDeleted"] == 1


def test_losers_collide_with_each_other_too(org: Org, soap: SoapClient, contacts: list[str]) -> None:
    campaign = org.app.create("Campaign", Name="C")
    members = [org.app.create("CampaignMember", CampaignId=campaign, ContactId=one) for one in contacts[1:3]]
    soap.merge("Contact", *contacts[:3])
    assert [(row["Id"], row["ContactId"]) for row in org.app.rows("CampaignMember")] == [(members[0], contacts[0])]


def test_role_on_the_same_opportunity_collides_and_the_masters_stays(
    org: Org, soap: SoapClient, contacts: list[str]
) -> None:
    deal = org.app.create("Opportunity", Name="O", StageName="Prospecting", CloseDate="2026-01-01")
    roles = [
        org.app.create("OpportunityContactRole", OpportunityId=deal, ContactId=one, Role=role)
        for one, role in zip(contacts, ("Evaluator", "Decision Maker"), strict=False)
    ]
    soap.merge("Contact", *contacts[:2])
    assert [(row["Id"], row["Role"]) for row in org.app.rows("OpportunityContactRole")] == [(roles[0], "Evaluator")]


def test_lead_merge_moves_its_children(org: Org, soap: SoapClient) -> None:
    master, loser = (org.app.create("Lead", LastName=name, Company="C") for name in "ML")
    campaign = org.app.create("Campaign", Name="C")
    member = org.app.create("CampaignMember", CampaignId=campaign, LeadId=loser)
    task = org.app.create("Task", Subject="T", WhoId=loser)
    assert set(soap.merge("Lead", master, loser).all("updatedRelatedIds")) == {member, task}
    assert org.app.row("CampaignMember", member)["LeadOrContactId"] == master
    assert org.app.row("Task", task)["WhoId"] == master


def test_converted_lead_can_lose_but_not_be_the_master(org: Org, soap: SoapClient) -> None:
    """Salesforce help 005123891."""
    converted, fresh = (org.app.create("Lead", LastName=name, Company="C") for name in "CF")
    org.app.convert(converted)
    answer = soap.merge("Lead", converted, fresh)
    assert answer.errors == [("CANNOT_UPDATE_CONVERTED_LEAD", "cannot reference converted lead")]
    assert soap.merge("Lead", fresh, converted).one("success") == "true"


def test_master_takes_over_a_unique_value_of_its_loser(org: Org, soap: SoapClient, accounts: list[str]) -> None:
    org.app.edit("Account", accounts[1], Trueline_Id__c="t")
    assert soap.merge("Account", *accounts[:2], Trueline_Id__c="t").one("success") == "true"
    assert org.app.row("Account", accounts[0])["Trueline_Id__c"] == "t"


def test_validation_rule_of_the_master_stops_the_merge(org: Org, soap: SoapClient, accounts: list[str]) -> None:
    org.app.settings.rules.validations.append(ValidationRule("Account", "Phone = null", "A phone, please"))
    answer = soap.merge("Account", *accounts[:2])
    assert answer.errors == [("FIELD_CUSTOM_VALIDATION_EXCEPTION", "A phone, please")]
    assert org.app.count("Account") == 4
    assert soap.merge("Account", *accounts[:2], Phone="1").one("success") == "true"


def test_activities_of_the_loser_date_the_master(org: Org, soap: SoapClient, contacts: list[str]) -> None:
    org.app.create("Task", Subject="T", WhoId=contacts[1], ActivityDate="2026-01-05", Status="Completed")
    soap.merge("Contact", *contacts[:2])
    assert org.app.row("Contact", contacts[0])["LastActivityDate"] == "2026-01-05"


def test_chain_of_merges_keeps_each_link(org: Org, soap: SoapClient, accounts: list[str]) -> None:
    soap.merge("Account", accounts[1], accounts[0])
    soap.merge("Account", accounts[2], accounts[1])
    masters = [org.app.row("Account", one)["MasterRecordId"] for one in accounts[:3]]
    assert masters == [accounts[1], accounts[2], None]


def test_requests_of_a_call_stand_alone_and_may_share_a_master(org: Org, soap: SoapClient, accounts: list[str]) -> None:
    gone = org.app.create("Account", Name="G")
    org.app.delete("Account", gone)
    requests = [merge_request("Account", accounts[0], one) for one in (accounts[1], gone, accounts[2])]
    answer = soap.call("merge", "".join(requests))
    assert answer.all("success") == ["true", "false", "true"]
    assert answer.errors == [("ENTITY_IS_DELETED", "entity is deleted")]
    assert org.app.count("Account") == 2


MALFORMED, MISSING = "MALFORMED_ID", "INVALID_CROSS_REFERENCE_KEY"


@pytest.mark.parametrize(
    ("losers", "values", "code"),
    [
        pytest.param(lambda a, c: a[1:4], {}, "LIMIT_EXCEEDED", id="three losers"),
        pytest.param(lambda a, c: [], {}, "MISSING_ARGUMENT", id="no loser"),
        pytest.param(lambda a, c: [a[0]], {}, "MERGE_FAILED", id="itself"),
        pytest.param(lambda a, c: [a[1], a[1][:15]], {}, "MERGE_FAILED", id="one twice"),
        pytest.param(lambda a, c: [c], {}, MALFORMED, id="another type"),
        pytest.param(lambda a, c: ["x"], {}, MALFORMED, id="no id"),
        pytest.param(lambda a, c: ["001000000000009AAA"], {}, MISSING, id="unknown"),
        pytest.param(lambda a, c: [a[1]], {"Name": ""}, "REQUIRED_FIELD_MISSING", id="required"),
        pytest.param(lambda a, c: [a[1]], {"CreatedDate": "x"}, "INVALID_FIELD_FOR_INSERT_UPDATE", id="read-only"),
        pytest.param(lambda a, c: [a[1]], {"Phone": "1" * 41}, "STRING_TOO_LONG", id="length"),
        pytest.param(lambda a, c: [a[1]], {"Nope": "1"}, "INVALID_FIELD", id="unknown field"),
    ],
)  # fmt: skip
def test_refused_merge_tells_why_and_changes_nothing(
    org: Org,
    soap: SoapClient,
    accounts: list[str],
    losers: Callable[[list[str], str], list[str]],
    values: dict[str, Any],
    code: str,
) -> None:
    contact = org.app.create("Contact", LastName="C", AccountId=accounts[1])
    state = org.app.dump()
    answer = soap.merge("Account", accounts[0], *losers(accounts, contact), **values)
    assert (answer.status, answer.one("success")) == (200, "false")
    assert [found for found, _ in answer.errors] == [code]
    assert org.app.dump() == state


@pytest.mark.parametrize(("kind", "link"), [("Account", "ParentId"), ("Contact", "ReportsToId")])
def test_merge_that_would_close_a_loop_is_refused(org: Org, soap: SoapClient, kind: str, link: str) -> None:
    name = "Name" if kind == "Account" else "LastName"
    top = org.app.create(kind, **{name: "T"})
    middle = org.app.create(kind, **{name: "M", link: top})
    bottom = org.app.create(kind, **{name: "B", link: middle})
    answer = soap.merge(kind, bottom, top)
    assert answer.errors == [("CIRCULAR_DEPENDENCY", "attempt to violate hierarchy constraints")]
    assert answer.all("fields") == [link]
    assert soap.merge(kind, middle, top).one("success") == "false"
    assert soap.merge(kind, middle, top, nulls=(link,)).one("success") == "true"
    assert soap.merge(kind, middle, bottom).one("success") == "true"


def test_type_that_cannot_be_merged_is_a_fault(org: Org, soap: SoapClient) -> None:
    assert soap.merge("Opportunity", "006000000000001AAA").fault == (500, "sf:INVALID_TYPE_FOR_OPERATION")
    assert soap.merge("Nope", "006000000000001AAA").fault == (500, "sf:INVALID_TYPE")


def test_type_must_come_first(soap: SoapClient, accounts: list[str]) -> None:
    late = f"<masterRecord><Id>{accounts[0]}</Id><type>Account</type></masterRecord>"
    answer = soap.call("merge", f"<request>{late}<recordToMergeIds>{accounts[1]}</recordToMergeIds></request>")
    assert answer.fault == (500, "soapenv:Client")
    assert answer.one("faultstring").startswith("Missing entity type information.")


def test_master_is_named_by_its_id_alone(org: Org, soap: SoapClient, accounts: list[str]) -> None:
    org.app.edit("Account", accounts[0], Trueline_Id__c="t")
    master = f"<masterRecord>{sobject('Account', Trueline_Id__c='t')}</masterRecord>"
    answer = soap.call("merge", f"<request>{master}<recordToMergeIds>{accounts[1]}</recordToMergeIds></request>")
    assert answer.errors == [("MISSING_ARGUMENT", "Id not specified in a merge call")]


def test_more_than_200_requests_are_a_fault(soap: SoapClient, accounts: list[str]) -> None:
    answer = soap.call("merge", merge_request("Account", *accounts[:2]) * 201)
    assert answer.fault == (500, "sf:EXCEEDED_ID_LIMIT")


# As jsforce, the WSDL, a script over simple-salesforce, and salesforcer write it.
SPELLINGS = {
    "jsforce": (
        '<soapenv:Body xmlns="urn:partner.soap.sforce.com"><merge><mergeRequests><masterRecord><type>Account</type>'
        "<Id>{0}</Id><Phone>7</Phone></masterRecord><recordToMergeIds>{1}</recordToMergeIds></mergeRequests></merge>"
        "</soapenv:Body>"
    ),
    "wsdl": (
        '<soapenv:Body xmlns:urn="urn:partner.soap.sforce.com" xmlns:o="urn:sobject.partner.soap.sforce.com">'
        "<urn:merge><urn:request><urn:masterRecord><o:type>Account</o:type><o:Id>{0}</o:Id><o:Phone>7</o:Phone>"
        "</urn:masterRecord>"
        "<urn:recordToMergeIds>{1}</urn:recordToMergeIds></urn:request></urn:merge></soapenv:Body>"
    ),
    "script": (
        '<soapenv:Body><n:merge xmlns:n="urn:partner.soap.sforce.com"><n:merge><n:masterRecord>'
        '<e:type xmlns:e="urn:sobject.partner.soap.sforce.com">Account</e:type>'
        '<e:Id xmlns:e="urn:sobject.partner.soap.sforce.com">{0}</e:Id><Phone>7</Phone></n:masterRecord>'
        "<n:recordToMergeIds>\n{1}\n</n:recordToMergeIds></n:merge></n:merge></soapenv:Body>"
    ),
    "salesforcer": (
        '<soapenv:Body><urn:merge xmlns:urn="urn:partner.soap.sforce.com"><mergeRequest xsi:type="MergeRequest">'
        '<masterRecord xsi:type="Account"><Id>{0}</Id><Phone>7</Phone></masterRecord>'
        "<recordToMergeIds>{1}</recordToMergeIds></mergeRequest></urn:merge></soapenv:Body>"
    ),
}


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_merge_is_understood_in_every_clients_spelling(
    org: Org, soap: SoapClient, accounts: list[str], spelling: str
) -> None:
    body = SPELLINGS[spelling].format(accounts[0][:15], accounts[1])
    answer = soap.post(
        f'<soapenv:Envelope xmlns:soapenv="{ENVELOPE}" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
        f'<soapenv:Header><u:SessionHeader xmlns:u="{PARTNER}"><u:sessionId>{soap.session}</u:sessionId>'
        f"</u:SessionHeader></soapenv:Header>{body}</soapenv:Envelope>",
        SOAPAction="merge",
    )
    assert "<success>true</success>" in answer.text
    assert (org.app.row("Account", accounts[0])["Phone"], org.app.count("Account")) == ("7", 3)


def test_undeleted_loser_comes_back_without_children_and_without_a_master(
    org: Org, soap: SoapClient, accounts: list[str]
) -> None:
    child = org.app.create("Contact", LastName="L", AccountId=accounts[1])
    soap.merge("Account", *accounts[:2])
    assert soap.undelete(accounts[1]).one("success") == "true"
    row = org.app.row("Account", accounts[1])
    assert (row["IsDeleted"], row["MasterRecordId"]) == (0, None)
    assert org.app.row("Contact", child)["AccountId"] == accounts[0]


def test_undeleted_parent_brings_its_cascade_back(org: Org, soap: SoapClient, accounts: list[str]) -> None:
    child = org.app.create("Contact", LastName="L", AccountId=accounts[0])
    org.app.delete("Account", accounts[0])
    assert org.app.row("Contact", child)["IsDeleted"] == 1
    assert soap.undelete(accounts[0]).one("success") == "true"
    assert org.app.row("Contact", child)["IsDeleted"] == 0


def test_contact_role_cannot_be_undeleted(org: Org, soap: SoapClient, contacts: list[str]) -> None:
    deal = org.app.create("Opportunity", Name="O", StageName="Prospecting", CloseDate="2026-01-01")
    role = org.app.create("OpportunityContactRole", OpportunityId=deal, ContactId=contacts[0])
    org.app.delete("OpportunityContactRole", role)
    assert [code for code, _ in soap.undelete(role).errors] == ["UNDELETE_FAILED"]


def test_somebody_else_can_merge_through_the_control_endpoint(org: Org, accounts: list[str]) -> None:
    arguments = {"sobject": "Account", "master": accounts[0], "losers": accounts[1:2], "Phone": "7"}
    answer = org.client.post("/__sandbox__/doors/merge", json=arguments)
    assert answer.status_code == 200, answer.text
    row = org.app.row("Account", accounts[0])
    assert (row["Phone"], row["LastModifiedById"] != org.app.user_id) == ("7", True)
    again = org.client.post("/__sandbox__/doors/merge", json=arguments)
    assert (again.status_code, "ENTITY_IS_DELETED" in again.text) == (400, True)
