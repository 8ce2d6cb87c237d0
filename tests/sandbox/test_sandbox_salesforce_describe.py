"""Describe, field-level security, limits and counts."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.salesforce_org import BASE, Org


def fields_of(org: Org, sobject: str) -> dict[str, dict[str, Any]]:
    answer = org.client.get(f"{BASE}/sobjects/{sobject}/describe")
    return {field["name"]: field for field in answer.json()["fields"]}


def test_describe_global_lists_every_object_with_its_urls(org: Org) -> None:
    listed = {entry["name"]: entry for entry in org.client.get(f"{BASE}/sobjects/").json()["sobjects"]}
    assert listed["Account"]["mergeable"]
    assert listed["OpportunityContactRole"]["undeletable"] is False
    assert {name for name, entry in listed.items() if entry["mergeable"]} == {"Account", "Contact", "Lead"}
    assert org.client.get(listed["Lead"]["urls"]["describe"]).json()["keyPrefix"] == "00Q"


@pytest.mark.parametrize(
    ("sobject", "field", "kind", "length"),
    [
        ("Account", "Name", "string", 255),
        ("Account", "Website", "url", 255),
        ("Account", "DunsNumber", "string", 9),
        ("Account", "BillingStreet", "textarea", 255),
        ("Account", "LEI__c", "string", 20),
        ("Contact", "Email", "email", 80),
        ("Contact", "FirstName", "string", 40),
        ("Contact", "Name", "string", 121),
        ("Contact", "Title", "string", 128),
        ("Lead", "Company", "string", 255),
        ("Opportunity", "Name", "string", 120),
        ("OpportunityContactRole", "Role", "picklist", 40),
    ],
)
def test_describe_field_has_type_and_length_of_the_fact_sheet(
    org: Org, sobject: str, field: str, kind: str, length: int
) -> None:
    described = fields_of(org, sobject)[field]
    assert (described["type"], described["length"]) == (kind, length)


def test_describe_flags_tell_what_may_be_written(org: Org) -> None:
    contact = fields_of(org, "Contact")
    assert (contact["Name"]["createable"], contact["Name"]["updateable"]) == (False, False)
    assert (contact["LastName"]["nillable"], contact["Email"]["idLookup"]) == (False, True)
    assert fields_of(org, "Opportunity")["ContactId"]["updateable"] is False
    assert fields_of(org, "Account")["Trueline_Id__c"]["externalId"]
    assert fields_of(org, "Lead")["OwnerId"]["referenceTo"] == ["Group", "User"]


def test_describe_children_have_their_cascade_rule(org: Org) -> None:
    children = org.client.get(f"{BASE}/sobjects/Account/describe").json()["childRelationships"]
    rules = {(child["childSObject"], child["field"]): child["cascadeDelete"] for child in children}
    assert rules[("Contact", "AccountId")]
    assert rules[("Account", "ParentId")] is False


def test_describe_stage_values_follow_the_orgs_stages(org: Org) -> None:
    values = [value["value"] for value in fields_of(org, "Opportunity")["StageName"]["picklistValues"]]
    assert values[0] == "Prospecting"
    assert values[-1] == "Closed Lost"


def test_describe_unchanged_since_answers_304_until_a_field_changes(org: Org) -> None:
    path = f"{BASE}/sobjects/Account/describe"
    stamp = org.client.get(path).headers["Last-Modified"]
    assert org.client.get(path, headers={"If-Modified-Since": stamp}).status_code == 304
    org.app.clock.turn(5)
    org.app.hide_field("Account", "Phone")
    assert org.client.get(path, headers={"If-Modified-Since": stamp}).status_code == 200


def test_hidden_field_is_gone_from_describe_query_read_and_write(org: Org) -> None:
    account = org.create("Account", Name="A", Phone="1")
    org.app.hide_field("account", "phone")
    assert "Phone" not in fields_of(org, "Account")
    assert org.query("SELECT Phone FROM Account").json()[0]["errorCode"] == "INVALID_FIELD"
    assert org.query("SELECT Id FROM Account WHERE Phone = '1'").json()[0]["errorCode"] == "INVALID_FIELD"
    assert "Phone" not in org.client.get(f"{BASE}/sobjects/Account/{account}").json()
    assert "Phone" not in org.records("SELECT FIELDS(STANDARD) FROM Account")[0]
    assert org.patch("Account", account, Phone="2").json()[0]["errorCode"] == "INVALID_FIELD"
    org.app.show_field("Account", "Phone")
    assert org.records("SELECT Phone FROM Account")[0]["Phone"] == "1"


def test_locked_field_can_be_read_but_not_written(org: Org) -> None:
    account = org.create("Account", Name="A", Phone="1")
    org.app.lock_field("Account", "Phone")
    assert fields_of(org, "Account")["Phone"]["updateable"] is False
    assert org.patch("Account", account, Phone="2").json()[0]["errorCode"] == "INVALID_FIELD_FOR_INSERT_UPDATE"
    assert org.records("SELECT Phone FROM Account")[0]["Phone"] == "1"


def test_record_count_counts_live_rows_and_skips_unknown_names(org: Org) -> None:
    org.app.delete("Account", org.create("Account", Name="A"))
    org.create("Account", Name="B")
    answer = org.client.get(f"{BASE}/limits/recordCount", params={"sObjects": "Account,Nope,Lead"})
    assert answer.json() == {"sObjects": [{"count": 1, "name": "Account"}, {"count": 0, "name": "Lead"}]}


def test_limits_have_a_maximum_and_a_rest(org: Org) -> None:
    body = org.client.get(f"{BASE}/limits").json()
    assert body["DailyApiRequests"] == {"Max": 100000, "Remaining": 99999}
    assert {"DailyBulkApiBatches", "DailyBulkV2QueryJobs"} <= body.keys()
