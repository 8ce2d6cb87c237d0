"""The rules a write obeys: the platform's about values and references, the administrator's about records."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.sandbox.salesforce_org import BASE, Org

ALLOW = {"Sforce-Duplicate-Rule-Header": "allowSave=true; includeRecordDetails=true"}


def post(org: Org, sobject: str, headers: dict[str, str] | None = None, **values: Any) -> httpx.Response:
    return org.client.post(f"{BASE}/sobjects/{sobject}", json=values, headers=headers)


def refusal(answer: httpx.Response) -> tuple[int, str, list[str] | None]:
    error = answer.json()[0]
    return answer.status_code, error["errorCode"], error.get("fields")


@pytest.mark.parametrize(
    ("sobject", "values", "code", "fields"),
    [
        pytest.param("Contact", {"Email": "no address"}, "INVALID_EMAIL_ADDRESS", ["Email"], id="e-mail"),
        pytest.param("Contact", {"Email": "a@b"}, "INVALID_EMAIL_ADDRESS", ["Email"], id="e-mail without a dot"),
        pytest.param("Contact", {"Birthdate": "0026-01-01"}, "FIELD_INTEGRITY_EXCEPTION", ["Birthdate"], id="year"),
        pytest.param("Contact", {"Birthdate": "1990-02-30"}, "JSON_PARSER_ERROR", None, id="no day"),
        pytest.param("Contact", {"DoNotCall": "maybe"}, "JSON_PARSER_ERROR", None, id="no flag"),
        pytest.param("Contact", {"DoNotCall": None}, "INVALID_TYPE_ON_FIELD_IN_RECORD", ["DoNotCall"], id="null flag"),
        pytest.param("Contact", {"Name": "A B"}, "INVALID_FIELD_FOR_INSERT_UPDATE", ["Name"], id="compound name"),
        pytest.param("Contact", {"MailingAddress": {}}, "INVALID_FIELD_FOR_INSERT_UPDATE", ["MailingAddress"],
                     id="compound address"),
        pytest.param("Contact", {"Account": {"Name": "x"}}, "INVALID_FIELD", None, id="parent by no key"),
        pytest.param("Contact", {"Account": {"LEI__c": "x"}}, "INVALID_FIELD", None, id="parent that is not there"),
        pytest.param("Contact", {"Account": 1}, "INVALID_FIELD", None, id="parent that is none"),
        pytest.param("Contact", {"RecordTypeId": "012000000000009AAA"}, "INVALID_CROSS_REFERENCE_KEY", ["RecordTypeId"],
                     id="record type"),
        pytest.param("Task", {"Who": {"Email": "a@b.example"}}, "INVALID_FIELD", None, id="parent of unsaid kind"),
    ],
)  # fmt: skip
def test_create_wrong_value_is_refused(
    org: Org, sobject: str, values: dict[str, Any], code: str, fields: list[str] | None
) -> None:
    needed: dict[str, Any] = {"LastName": "L"} if sobject == "Contact" else {}
    answer = post(org, sobject, None, **needed, **values)
    assert refusal(answer) == (400, code, fields)
    assert org.app.count(sobject) == 0


def test_numbers_are_rounded_half_up_to_their_scale(org: Org) -> None:
    deal = org.create("Opportunity", Name="D", StageName="Prospecting", CloseDate="2026-12-01", Amount="1.005")
    assert org.app.row("Opportunity", deal)["Amount"] == 1.01
    account = org.create("Account", Name="A", AnnualRevenue=2.5)
    assert org.app.row("Account", account)["AnnualRevenue"] == 3.0


def test_text_is_kept_without_the_space_around_it_and_is_blank_without_more(org: Org) -> None:
    account = org.create("Account", Name=" A  B\r\n", Site="\u00a0S\u3000", Phone="\t", TickerSymbol=" " * 20 + "T")
    row = org.app.row("Account", account)
    kept = [row[name] for name in ("Name", "Site", "Phone", "TickerSymbol")]
    assert kept == ["A  B", "\u00a0S\u3000", None, "T"]
    assert refusal(org.patch("Account", account, Name="  "))[1] == "REQUIRED_FIELD_MISSING"


def test_key_is_looked_for_without_the_space_around_it(org: Org) -> None:
    by_key = f"{BASE}/sobjects/Account/Trueline_Id__c"
    statuses = [org.client.patch(f"{by_key}/{value}", json={"Name": "A"}).status_code for value in ("%20k", "k%20")]
    assert statuses == [201, 200]
    assert refusal(org.client.patch(f"{by_key}/%20", json={"Name": "A"})) == (400, "MISSING_ARGUMENT", [])


def test_parent_by_key_may_be_changed_cleared_and_ambiguous(org: Org) -> None:
    first, second = (org.create("Account", Name=n, LEI__c=n, Trueline_Id__c=n) for n in "ab")
    contact = org.create("Contact", LastName="L", AccountId=first)
    org.patch("Contact", contact, account={"trueline_id__c": "b"})
    assert org.app.row("Contact", contact)["AccountId"] == second
    org.patch("Account", second, LEI__c="a")
    assert refusal(org.patch("Contact", contact, Account={"LEI__c": "a"}))[1] == "DUPLICATE_EXTERNAL_ID"
    org.patch("Contact", contact, Account=None)
    assert org.app.row("Contact", contact)["AccountId"] is None
    task = org.create("Task", Who={"attributes": {"type": "Contact"}, "Id": contact})
    assert org.app.row("Task", task)["WhoId"] == contact


def test_field_of_create_is_refused_on_update(org: Org) -> None:
    contacts = [org.create("Contact", LastName=name) for name in "ab"]
    campaign = org.create("Campaign", Name="C")
    member = org.create("CampaignMember", CampaignId=campaign, ContactId=contacts[0])
    answer = org.patch("CampaignMember", member, ContactId=contacts[1])
    assert refusal(answer) == (400, "INVALID_FIELD_FOR_INSERT_UPDATE", ["ContactId"])


def test_locked_and_hidden_fields_are_refused_each_in_its_way(org: Org) -> None:
    org.app.lock_field("Account", "Phone")
    org.app.hide_field("Account", "Fax")
    assert refusal(post(org, "Account", Name="A", Phone="1")) == (400, "INVALID_FIELD_FOR_INSERT_UPDATE", ["Phone"])
    assert refusal(post(org, "Account", Name="A", Fax="1"))[1] == "INVALID_FIELD"


@pytest.mark.parametrize(("sobject", "link"), [("Account", "ParentId"), ("Contact", "ReportsToId")])
def test_hierarchy_that_would_be_a_circle_is_refused(org: Org, sobject: str, link: str) -> None:
    name = "Name" if sobject == "Account" else "LastName"
    top = org.create(sobject, **{name: "T"})
    below = org.create(sobject, **{name: "B", link: top})
    assert refusal(org.patch(sobject, top, None, **{link: below})) == (400, "CIRCULAR_DEPENDENCY", [link])
    assert refusal(org.patch(sobject, top, None, **{link: top}))[1] == "CIRCULAR_DEPENDENCY"


def test_record_type_must_be_the_objects_own_and_active(org: Org) -> None:
    good, foreign, off = (
        org.app.admin.add_record_type("Account", "Customer"),
        org.app.admin.add_record_type("Contact", "Person"),
        org.app.admin.add_record_type("Account", "Old", active=False),
    )
    account = org.create("Account", Name="A", RecordTypeId=good)
    assert org.app.row("Account", account)["RecordTypeId"] == good
    for wrong in (foreign, off):
        answer = org.patch("Account", account, RecordTypeId=wrong)
        assert refusal(answer) == (400, "INVALID_CROSS_REFERENCE_KEY", ["RecordTypeId"])
    org.patch("Account", account, RecordTypeId="012000000000000AAA")
    assert org.app.row("Account", account)["RecordTypeId"] is None


def test_lead_may_belong_to_a_queue_but_to_no_other_group(org: Org) -> None:
    queue, group = (org.app.create("Group", Name=kind, Type=kind) for kind in ("Queue", "Regular"))
    lead = org.create("Lead", LastName="L", Company="C", OwnerId=queue)
    assert org.app.row("Lead", lead)["OwnerId"] == queue
    assert refusal(org.patch("Lead", lead, OwnerId=group)) == (400, "FIELD_INTEGRITY_EXCEPTION", ["OwnerId"])
    assert refusal(post(org, "Account", Name="A", OwnerId=queue)) == (400, "MALFORMED_ID", ["OwnerId"])


def test_update_of_a_record_whose_owner_left_is_refused_where_the_org_says_so(org: Org) -> None:
    gone = org.app.create("User", LastName="G", Username="g@sandbox.example", Email="g@sandbox.example", IsActive=False)
    account = org.app.create("Account", Name="A", OwnerId=gone)
    assert org.patch("Account", account, Phone="1").status_code == 204
    org.app.settings.rules.inactive_owner_blocks = True
    assert refusal(org.patch("Account", account, Phone="2"))[1] == "INACTIVE_OWNER_OR_USER"
    assert org.patch("Account", account, Phone="2", OwnerId=org.app.user_id).status_code == 204


def test_converted_lead_takes_no_activities(org: Org) -> None:
    lead = org.create("Lead", LastName="L", Company="C")
    org.app.edit("Lead", lead, IsConverted=True)
    assert refusal(post(org, "Task", WhoId=lead))[1] == "CANNOT_UPDATE_CONVERTED_LEAD"


def test_validation_rule_refuses_with_the_administrators_words(org: Org) -> None:
    org.app.admin.add_validation_rule(
        "Account", "Phone = null AND Rating = 'Hot'", "Hot accounts need a phone", "Phone"
    )
    account = org.create("Account", Name="A")
    answer = org.patch("Account", account, Rating="Hot")
    assert answer.json() == [
        {"message": "Hot accounts need a phone", "errorCode": "FIELD_CUSTOM_VALIDATION_EXCEPTION", "fields": ["Phone"]}
    ]
    assert org.app.row("Account", account)["Rating"] is None
    assert org.patch("Account", account, Rating="Hot", Phone="1").status_code == 204
    assert refusal(post(org, "Account", Name="B", Rating="Hot"))[1] == "FIELD_CUSTOM_VALIDATION_EXCEPTION"


def test_rule_that_makes_no_sense_is_refused_at_the_door(org: Org) -> None:
    for call, arguments in (
        ("add_validation_rule", {"sobject": "Account", "condition": "Nope = 1", "message": "m"}),
        ("add_validation_rule", {"sobject": "Nope", "condition": "Name = ''", "message": "m"}),
        ("add_duplicate_rule", {"name": "r", "sobject": "Account", "fields": ["Nope"]}),
        ("add_duplicate_rule", {"name": "r", "sobject": "Account", "fields": ["Name"], "on_create": "shout"}),
        ("track_fields", {"sobject": "Account", "fields": ["Nope"]}),
    ):
        answer = org.client.post(f"/__sandbox__/doors/{call}", json=arguments)
        assert answer.status_code == 400, call
        assert answer.json()["error"]


def test_alert_rule_tells_the_matches_and_yields_to_the_header(org: Org) -> None:
    org.app.admin.add_duplicate_rule("Contacts_DR", "Contact", ["Email", "LastName"])
    first = org.create("Contact", LastName="L", Email="a@b.example")
    answer = post(org, "Contact", LastName="l", Email="A@b.example")
    assert answer.status_code == 400
    error = answer.json()[0]
    assert (error["errorCode"], error["message"]) == ("DUPLICATES_DETECTED", "Use one of these records?")
    told = error["duplicateResut"]
    assert (told["allowSave"], told["duplicateRule"], told["duplicateRuleEntityType"]) == (
        True,
        "Contacts_DR",
        "Contact",
    )
    result = told["matchResults"][0]
    assert (result["entityType"], result["size"], result["success"]) == ("Contact", 1, True)
    attributes = {"type": "Contact", "url": f"{BASE}/sobjects/Contact/{first}"}
    assert result["matchRecords"][0]["record"] == {"attributes": attributes, "Id": first}
    assert org.app.count("Contact") == 1
    assert post(org, "Contact", ALLOW, LastName="L", Email="a@b.example").status_code == 201


def test_alert_that_was_passed_is_noted_in_a_set(org: Org) -> None:
    org.app.admin.add_duplicate_rule("Contacts_DR", "Contact", ["Email"])
    ids = [org.create("Contact", LastName="L", Email="a@b.example")]
    ids += [post(org, "Contact", ALLOW, LastName="L", Email="a@b.example").json()["id"] for _ in range(2)]
    sets = org.records("SELECT RecordCount, DuplicateRule.DeveloperName FROM DuplicateRecordSet")
    assert [(s["RecordCount"], s["DuplicateRule"]["DeveloperName"]) for s in sets] == [(3, "Contacts_DR")]
    items = org.records("SELECT RecordId FROM DuplicateRecordItem")
    assert sorted(item["RecordId"] for item in items) == sorted(ids)


def test_block_rule_yields_to_nothing_and_tells_all_fields_on_demand(org: Org) -> None:
    org.app.admin.add_duplicate_rule("Block", "Account", ["Name"], on_create="block", on_update="block", message="No.")
    org.create("Account", Name="A", Phone="1")
    other = org.create("Account", Name="B")
    told = post(org, "Account", ALLOW, Name="a").json()[0]["duplicateResut"]
    assert (told["allowSave"], told["errorMessage"]) == (False, "No.")
    assert told["matchResults"][0]["matchRecords"][0]["record"]["Phone"] == "1"
    assert org.patch("Account", other, ALLOW, Name="A").status_code == 400
    assert org.patch("Account", other, Phone="2").status_code == 204


def test_rule_may_search_another_object_and_blanks_match_nothing(org: Org) -> None:
    org.app.admin.add_duplicate_rule("Leads_vs_Contacts", "Lead", ["Email"], against="Contact")
    org.create("Contact", LastName="C", Email="a@b.example")
    org.create("Contact", LastName="D")
    org.create("Lead", LastName="L", Company="C")
    told = post(org, "Lead", LastName="L", Company="C", Email="a@b.example").json()[0]["duplicateResut"]
    assert told["matchResults"][0]["entityType"] == "Contact"


def test_collection_tells_duplicates_by_their_code_alone(org: Org) -> None:
    org.app.admin.add_duplicate_rule("Accounts_DR", "Account", ["Name"])
    org.create("Account", Name="A")
    records = [{"attributes": {"type": "Account"}, "Name": name} for name in "AB"]
    results = org.client.post(f"{BASE}/composite/sobjects", json={"records": records}).json()
    error = {"statusCode": "DUPLICATES_DETECTED", "message": "Use one of these records?", "fields": []}
    assert results[0] == {"success": False, "errors": [error]}
    assert results[1]["success"]
    again = org.client.post(f"{BASE}/composite/sobjects", json={"records": records}, headers=ALLOW).json()
    assert [row["success"] for row in again] == [True, True]


@pytest.mark.parametrize("sobject", ["Account", "Lead"])
def test_assignment_rule_takes_the_owner_of_a_write_over(org: Org, sobject: str) -> None:
    other = org.app.create("User", LastName="O", Username="o@sandbox.example", Email="o@sandbox.example", IsActive=True)
    org.app.admin.set_assignment_rule(sobject, other)
    values: dict[str, Any] = {"Name": "A"} if sobject == "Account" else {"LastName": "L", "Company": "C"}
    routed = post(org, sobject, **values).json()["id"]
    kept = post(org, sobject, {"Sforce-Auto-Assign": "FALSE"}, **values).json()["id"]
    assert [org.app.row(sobject, one)["OwnerId"] for one in (routed, kept)] == [other, org.app.user_id]


@pytest.mark.parametrize("operation", ["create", "update", "delete"])
def test_right_the_user_does_not_have_refuses_and_shows_in_the_describe(org: Org, operation: str) -> None:
    account = org.create("Account", Name="A")
    org.app.admin.deny("Account", operation)
    tries = {
        "create": lambda: post(org, "Account", Name="B"),
        "update": lambda: org.patch("Account", account, Phone="1"),
        "delete": lambda: org.client.delete(f"{BASE}/sobjects/Account/{account}"),
    }
    assert refusal(tries[operation]()) == (403, "INSUFFICIENT_ACCESS_OR_READONLY", [])
    described = org.client.get(f"{BASE}/sobjects/Account/describe").json()
    assert described[{"create": "createable", "update": "updateable", "delete": "deletable"}[operation]] is False
    org.app.edit("Account", account, Phone="2")
    org.app.delete("Account", account)


def test_locked_record_is_neither_changed_nor_deleted(org: Org) -> None:
    account = org.create("Account", Name="A")
    org.app.admin.lock_record(account)
    assert refusal(org.patch("Account", account, Phone="1")) == (400, "ENTITY_IS_LOCKED", [])
    assert refusal(org.client.delete(f"{BASE}/sobjects/Account/{account}"))[1] == "ENTITY_IS_LOCKED"
    org.app.admin.lock_record(account, None)
    assert org.patch("Account", account, Phone="1").status_code == 204


def test_history_and_users_cannot_be_written_or_deleted(org: Org) -> None:
    org.create("Account", Name="A")
    history = org.app.rows("AccountHistory")[0]["Id"]
    assert refusal(org.patch("AccountHistory", history, Field="x"))[1] == "INVALID_TYPE_FOR_OPERATION"
    assert refusal(post(org, "AccountHistory", Field="x"))[1] == "INVALID_TYPE_FOR_OPERATION"
    answer = org.client.delete(f"{BASE}/sobjects/User/{org.app.user_id}")
    assert refusal(answer)[1] == "INVALID_TYPE_FOR_OPERATION"


def test_mru_header_spares_the_list_of_recent_records(org: Org) -> None:
    seen = org.create("Account", Name="Seen")
    post(org, "Account", {"Sforce-Mru": "updateMru=false"}, Name="Unseen")
    recent = org.client.get(f"{BASE}/sobjects/Account").json()["recentItems"]
    assert [item["Id"] for item in recent] == [seen]


def test_record_not_shared_is_neither_written_nor_referred_to(org: Org) -> None:
    account = org.create("Account", Name="A")
    org.app.admin.hide_record(account)
    code = "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY"
    assert refusal(org.patch("Account", account, Phone="1"))[1] == code
    assert refusal(org.client.delete(f"{BASE}/sobjects/Account/{account}"))[1] == code
    assert refusal(post(org, "Contact", LastName="L", AccountId=account))[1:] == (code, ["AccountId"])


def test_duplicate_header_is_unknown_before_version_52(org: Org) -> None:
    org.app.admin.add_duplicate_rule("Accounts_DR", "Account", ["Name"])
    org.create("Account", Name="A")
    path = f"{BASE}/sobjects/Account".replace("v60.0", "v51.0")
    assert org.client.post(path, json={"Name": "A"}, headers=ALLOW).status_code == 400


@pytest.mark.parametrize(
    ("values", "missing"),
    [
        ({}, ["DurationInMinutes", "ActivityDateTime"]),
        ({"StartDateTime": "2026-05-01T10:00:00Z"}, ["DurationInMinutes"]),
        ({"DurationInMinutes": 30}, ["ActivityDateTime"]),
        ({"StartDateTime": "2026-05-01T10:00:00Z", "EndDateTime": "2026-05-01T11:00:00Z"}, None),
        ({"IsAllDayEvent": True, "ActivityDate": "2026-05-01"}, None),
    ],
)
def test_event_needs_a_beginning_and_a_length(org: Org, values: dict[str, Any], missing: list[str] | None) -> None:
    answer = post(org, "Event", None, Subject="E", **values)
    if missing:
        assert refusal(answer) == (400, "REQUIRED_FIELD_MISSING", missing)
    else:
        assert answer.status_code == 201
