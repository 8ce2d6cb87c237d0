"""Property definitions, their groups and their validation rules."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.sandbox.hubspot.conftest import Account

PATH = "/crm/v3/properties/companies"


def _definition(name: str, **more: Any) -> dict[str, Any]:
    return {
        "name": name, "label": name, "type": "string", "fieldType": "text", "groupName": "companyinformation", **more,
    }  # fmt: skip


def _made(account: Account, name: str, **more: Any) -> dict[str, Any]:
    made = account.post(PATH, _definition(name, **more))
    assert made.status_code == 201, made.text
    body: dict[str, Any] = made.json()
    return body


def test_definition_keeps_what_it_was_made_with(office: Account) -> None:
    options = [
        {"label": "Second", "value": "b", "displayOrder": 1, "hidden": True, "description": "later"},
        {"label": "First", "value": "a", "displayOrder": 0, "hidden": False},
    ]
    made = _made(
        office, "grade", type="enumeration", fieldType="select", options=options, displayOrder=3, hidden=True,
        formField=False, description="how good", textDisplayHint="unformatted_single_line",
    )  # fmt: skip
    assert [(one["value"], one["hidden"]) for one in made["options"]] == [("a", False), ("b", True)]
    assert made["options"][1]["description"] == "later"
    assert (made["displayOrder"], made["hidden"], made["formField"]) == (3, True, False)
    assert made["modificationMetadata"] == {
        "archivable": True, "readOnlyDefinition": False, "readOnlyOptions": False, "readOnlyValue": False,
    }  # fmt: skip
    assert made["createdUserId"] == "7001"
    assert made["textDisplayHint"] == "unformatted_single_line"
    changed = office.client.patch(f"{PATH}/grade", json={"label": "Grade", "options": options[:1]}).json()
    assert (changed["label"], [one["value"] for one in changed["options"]]) == ("Grade", ["b"])
    assert office.patch("/crm/v3/objects/companies/12", {"grade": "a"}).status_code == 400


@pytest.mark.parametrize(
    "change",
    [
        {"type": "bool", "fieldType": "text"},
        {"type": "json", "fieldType": "text"},
        {"options": [{"label": "A", "value": "a"}, {"label": "A", "value": "b"}]},
        {"hasUniqueValue": True, "type": "date", "fieldType": "date"},
        {"dataSensitivity": "secret"},
        {"label": ""},
    ],
)
def test_definition_that_makes_no_sense_answers_400(office: Account, change: dict[str, Any]) -> None:
    assert office.post(PATH, {**_definition("odd"), **change}).status_code == 400


def test_uniqueness_is_given_at_most_ten_times_and_never_changed(account: Account) -> None:
    # The account begins with one unique property of companies.
    for place in range(9):
        _made(account, f"key_{place}", hasUniqueValue=True)
    assert account.post(PATH, _definition("key_9", hasUniqueValue=True)).status_code == 400
    assert account.client.patch(f"{PATH}/key_1", json={"hasUniqueValue": False}).status_code == 400
    account.patch("/crm/v3/objects/companies/11", {"key_1": "x"})
    refused = account.patch("/crm/v3/objects/companies/12", {"key_1": "x"})
    assert refused.status_code == 400
    assert account.get("/crm/v3/objects/companies/x", idProperty="key_1").json()["id"] == "11"


def test_hubspot_definition_changes_only_its_open_options(office: Account) -> None:
    path = "/crm/v3/properties/contacts"
    assert office.client.patch(f"{path}/firstname", json={"label": "Given"}).status_code == 400
    known = office.get(f"{path}/hs_lead_status").json()
    more = [*known["options"], {"label": "Asleep", "value": "ASLEEP", "displayOrder": 99, "hidden": False}]
    changed = office.client.patch(f"{path}/hs_lead_status", json={"options": more})
    assert changed.status_code == 200 and changed.json()["options"][-1]["value"] == "ASLEEP"
    assert known["modificationMetadata"]["readOnlyOptions"] is False
    fixed = office.get(f"{path}/hs_analytics_source").json()
    assert fixed["modificationMetadata"]["readOnlyOptions"] is True
    assert office.client.patch(f"{path}/hs_analytics_source", json={"options": []}).status_code == 400
    assert office.client.delete(f"{path}/firstname").status_code == 400


def test_archived_property_is_listed_apart_and_comes_back_empty(office: Account) -> None:
    _made(office, "passing")
    office.patch("/crm/v3/objects/companies/13", {"passing": "x"})
    assert office.client.delete(f"{PATH}/passing").status_code == 204
    gone = {one["name"]: one for one in office.get(PATH, archived="true").json()["results"]}
    assert gone.keys() == {"passing"} and gone["passing"]["archivedAt"]
    assert "passing" not in {one["name"] for one in office.get(PATH).json()["results"]}
    _made(office, "passing")
    shown = office.get("/crm/v3/objects/companies/13", properties="passing").json()
    assert shown["properties"]["passing"] is None


def test_sensitive_properties_are_told_only_when_asked_for(office: Account) -> None:
    _made(office, "health", dataSensitivity="sensitive")
    assert "health" not in {one["name"] for one in office.get(PATH).json()["results"]}
    found = office.get(PATH, dataSensitivity="sensitive").json()["results"]
    assert [one["name"] for one in found] == ["health"]
    assert office.get(f"{PATH}/health").status_code == 404
    assert office.get(f"{PATH}/health", dataSensitivity="sensitive").status_code == 200
    assert office.get(PATH, dataSensitivity="x").status_code == 400


def test_calculated_property_cannot_be_written(office: Account) -> None:
    made = _made(office, "sum", type="number", fieldType="calculation_equation", calculationFormula="annualrevenue * 2")
    assert made["calculated"] is True and made["calculationFormula"] == "annualrevenue * 2"
    assert made["modificationMetadata"]["readOnlyValue"] is True
    refused = office.patch("/crm/v3/objects/companies/11", {"sum": "3"}).json()
    assert refused["errors"][0]["code"] == "READ_ONLY_VALUE"


@pytest.mark.parametrize(("version", "done"), [("v3", 201), ("2026-03", 201), ("2026-09", 200)])
def test_batch_create_answers_by_version_and_207_when_one_fails(office: Account, version: str, done: int) -> None:
    root = "/crm/v3/properties/companies" if version == "v3" else f"/crm/properties/{version}/companies"
    good = _definition("from_" + version.replace("-", "_"))
    assert office.post(f"{root}/batch/create", {"inputs": [good]}).status_code == done
    again = office.post(f"{root}/batch/create", {"inputs": [good, _definition(good["name"] + "_2")]})
    assert again.status_code == 207
    assert len(again.json()["results"]) == 1 and again.json()["numErrors"] == 1
    assert again.json()["errors"][0]["context"]["name"] == [good["name"]]


def test_group_with_properties_stays_until_it_is_empty(office: Account) -> None:
    group = {"name": "extras", "label": "Extras", "displayOrder": 2}
    assert office.post(f"{PATH}/groups", group).status_code == 201
    assert office.post(f"{PATH}/groups", group).status_code == 409
    _made(office, "in_extras", groupName="extras")
    renamed = office.client.patch(f"{PATH}/groups/extras", json={"label": "More"}).json()
    assert (renamed["label"], renamed["displayOrder"]) == ("More", 2)
    assert office.client.delete(f"{PATH}/groups/extras").status_code == 400
    office.client.patch(f"{PATH}/in_extras", json={"groupName": "companyinformation"})
    assert office.client.delete(f"{PATH}/groups/extras").status_code == 204
    assert office.get(f"{PATH}/groups/extras").status_code == 404


RULES = "/crm/v3/property-validations/0-2"


@pytest.mark.parametrize(
    ("rule", "arguments", "good", "bad", "kind"),
    [
        ("MIN_LENGTH", ["3"], "abc", "ab", "text"),
        ("MAX_LENGTH", ["3"], "abc", "abcd", "text"),
        ("ALPHANUMERIC", ["NUMERIC_ONLY"], "123", "12a", "text"),
        ("FORMAT", ["UPPER"], "ABC", "Abc", "text"),
        ("REGEX", ["^[A-Z]+-[0-9]+$", "No."], "AB-12", "AB12", "text"),
        ("EMAIL", [], "a@b.example", "a@b", "text"),
        ("EMAIL_ALLOWED_DOMAINS", ["b.example"], "a@b.example", "a@c.example", "text"),
        ("URL_BLOCKED_DOMAINS", ["b.example"], "https://c.example/x", "https://www.b.example", "text"),
        ("WHITESPACE", ["TRIM"], "a b", " a", "text"),
        ("SPECIAL_CHARACTERS", ["NOT_ALLOWED"], "a b", "a&b", "text"),
        ("MAX_NUMBER", ["9.5"], "9.5", "9.6", "number"),
        ("DECIMAL", ["2"], "1.25", "1.255", "number"),
        ("DAYS_OF_WEEK", ["MONDAY"], "2026-11-23", "2026-11-24", "date"),
        ("AFTER_DURATION", ["P7D"], "2026-12-01", "2026-11-25", "date"),
        ("END_DATE", ["1767225600000"], "2026-01-01", "2026-01-02", "date"),
        ("PHONE_NUMBER_WITH_EXPLICIT_COUNTRY_CODE", ["gb"], "+44 161 555 0100", "0161 555 0100", "phonenumber"),
    ],
)
def test_validation_rule_is_kept_by_writes(
    office: Account, rule: str, arguments: list[str], good: str, bad: str, kind: str
) -> None:
    name = rule.lower()[:40]
    type_name = {"text": "string", "phonenumber": "string"}.get(kind, kind)
    _made(office, name, type=type_name, fieldType=kind)
    put = office.client.put(f"{RULES}/{name}/rule-type/{rule}", json={"ruleArguments": arguments})
    assert put.status_code == 204, put.text
    assert office.get(f"{RULES}/{name}").json()["results"] == [{"ruleType": rule, "ruleArguments": arguments}]
    assert office.patch("/crm/v3/objects/companies/11", {name: good}).status_code == 200
    refused = office.patch("/crm/v3/objects/companies/11", {name: bad})
    assert refused.status_code == 400
    assert refused.json()["errors"][0]["context"]["propertyName"] == [name]
    assert name in {one["propertyName"] for one in office.get(RULES).json()["results"]}


@pytest.mark.parametrize(
    ("rule", "arguments"), [("MIN_LENGTH", ["x"]), ("MAX_NUMBER", ["1"]), ("NONSENSE", []), ("REGEX", ["("])]
)
def test_validation_rule_that_does_not_fit_answers_400(office: Account, rule: str, arguments: list[str]) -> None:
    put = office.client.put(f"{RULES}/website/rule-type/{rule}", json={"ruleArguments": arguments})
    assert put.status_code == 400
    assert office.get(f"{RULES}/website/rule-type/{rule}").status_code == 404
