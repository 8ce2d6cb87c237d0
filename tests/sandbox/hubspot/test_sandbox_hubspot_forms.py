"""Forms: their definitions, what a submission does to a contact, and how submissions are told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
import pytest
from hubspot import HubSpot

if TYPE_CHECKING:
    from tests.sandbox.hubspot.conftest import Account

FORMS = "/marketing/v3/forms"
SUBMISSIONS = "/form-integrations/v1/submissions/forms"


def _submit(account: Account, form: str, *fields: tuple[str, str], **more: Any) -> httpx.Response:
    body = {"fields": [{"objectTypeId": "0-1", "name": name, "value": value} for name, value in fields], **more}
    url = f"{account.url}/submissions/v3/integration/submit/48000001/{form}"
    return httpx.post(url, json=body)


def _properties(account: Account, contact: str, *names: str) -> dict[str, Any]:
    shown = account.get(f"/crm/v3/objects/contacts/{contact}", properties=",".join(names)).json()
    found: dict[str, Any] = shown["properties"]
    return found


def test_form_is_made_changed_listed_and_archived(office: Account) -> None:
    groups = [{"groupType": "default_group", "richTextType": "text", "fields": []}]
    made = office.post(FORMS, {"name": "Demo", "formType": "hubspot", "fieldGroups": groups})
    assert made.status_code == 201
    form = made.json()
    assert form["fieldGroups"] == groups and form["configuration"]["language"] == "en"
    assert office.client.patch(f"{FORMS}/{form['id']}", json={"name": "Demo two"}).json()["name"] == "Demo two"
    assert form["id"] in {one["id"] for one in office.get(FORMS).json()["results"]}
    assert office.client.delete(f"{FORMS}/{form['id']}").status_code == 204
    assert office.get(f"{FORMS}/{form['id']}").status_code == 404
    archived = office.get(FORMS, archived="true").json()["results"]
    assert form["id"] in {one["id"] for one in archived}


def test_submission_makes_a_contact_whose_history_names_the_form(office: Account) -> None:
    form = office.app.make_form("Newsletter")
    answer = _submit(
        office, form, ("email", "Nora@Example.com"), ("firstname", "Nora"),
        context={"pageUri": "https://www.example.com/news", "pageName": "News"},
    )  # fmt: skip
    assert answer.status_code == 200 and answer.json()["inlineMessage"]
    contact = office.get("/crm/v3/objects/contacts/nora@example.com", idProperty="email").json()["id"]
    shown = _properties(
        office, contact, "firstname", "recent_conversion_event_name", "num_conversion_events", "hs_object_source",
        "first_conversion_event_name", "lifecyclestage", "recent_conversion_date",
    )  # fmt: skip
    assert shown["recent_conversion_event_name"] == shown["first_conversion_event_name"] == "News: Newsletter"
    assert (shown["firstname"], shown["num_conversion_events"], shown["lifecyclestage"]) == ("Nora", "1", "lead")
    assert shown["hs_object_source"] == "FORM"
    past = office.get(f"/crm/v3/objects/contacts/{contact}", propertiesWithHistory="firstname").json()
    newest = past["propertiesWithHistory"]["firstname"][0]
    assert (newest["sourceType"], newest["sourceId"]) == ("FORM", form)
    told = office.get(f"{SUBMISSIONS}/{form}").json()["results"]
    assert {one["name"]: one["value"] for one in told[0]["values"]} == {
        "email": "Nora@Example.com", "firstname": "Nora",
    }  # fmt: skip
    assert told[0]["pageUrl"] == "https://www.example.com/news" and told[0]["conversionId"]
    assert isinstance(told[0]["submittedAt"], int)


def test_second_submission_updates_the_contact_and_counts(office: Account) -> None:
    first, second = office.app.make_form("One"), office.app.make_form("Two")
    assert office.app.submit_form(first, email="p1@example.com") == "1"
    office.app.submit_form(second, email="p1@example.com", city="Leeds")
    office.app.submit_form(second, email="P1@example.com", city="York")
    shown = _properties(
        office, "1", "city", "num_conversion_events", "num_unique_conversion_events", "first_conversion_event_name",
        "recent_conversion_event_name", "hs_calculated_form_submissions",
    )  # fmt: skip
    assert (shown["num_conversion_events"], shown["num_unique_conversion_events"], shown["city"]) == ("3", "2", "York")
    assert shown["first_conversion_event_name"] == "Contact: One"
    assert shown["recent_conversion_event_name"] == "Contact: Two"
    assert shown["hs_calculated_form_submissions"].count(second) == 2


def test_submission_finds_a_contact_by_an_additional_address(office: Account) -> None:
    form = office.app.make_form("Additional")
    assert office.app.submit_form(form, email="old@example.com", city="Bonn") == "2"
    shown = _properties(office, "2", "email", "city")
    assert (shown["email"], shown["city"]) == ("p2@example.com", "Bonn")


def test_submission_with_a_known_domain_takes_the_company_there_is(office: Account) -> None:
    form = office.app.make_form("Firm")
    fields = [
        {"objectTypeId": "0-1", "name": "email", "value": "f@beta.example"},
        {"objectTypeId": "0-2", "name": "domain", "value": "BETA.example"},
    ]
    url = f"{office.url}/submissions/v3/integration/submit/48000001/{form}"
    assert httpx.post(url, json={"fields": fields}).status_code == 200
    contact = office.get("/crm/v3/objects/contacts/f@beta.example", idProperty="email").json()["id"]
    assert _properties(office, contact, "associatedcompanyid")["associatedcompanyid"] == "12"


@pytest.mark.parametrize(
    ("fields", "more", "word"),
    [
        ([("email", "nobody")], {}, "INVALID_EMAIL"),
        ([("email", "x@example.com"), ("nonsense", "1")], {}, "FIELD_VALUE_INVALID"),
        ([("email", "x@example.com")], {"submittedAt": "1"}, None),
    ],
)
def test_submission_that_is_wrong_answers_400_and_makes_nobody(
    office: Account, fields: list[tuple[str, str]], more: dict[str, Any], word: str | None
) -> None:
    form = office.app.make_form("Wrong")
    refused = _submit(office, form, *fields, **more)
    assert refused.status_code == 400
    if word:
        assert refused.json()["errors"][0]["errorType"] == word
    assert office.get("/crm/v3/objects/contacts/x@example.com", idProperty="email").status_code == 404
    assert office.get(f"{SUBMISSIONS}/{form}").json()["results"] == []


def test_submissions_come_newest_first_in_pages_of_at_most_fifty(office: Account) -> None:
    form = office.app.make_form("Pages")
    for number in range(4):
        office.app.submit_form(form, email="p3@example.com", city=f"C{number}")
    seen: list[str] = []
    page = office.get(f"{SUBMISSIONS}/{form}", limit=3).json()
    while True:
        seen += [one["values"][1]["value"] for one in page["results"]]
        if "paging" not in page:
            break
        page = office.client.get(page["paging"]["next"]["link"]).json()
    assert seen == ["C3", "C2", "C1", "C0"]
    assert office.get(f"{SUBMISSIONS}/{form}", limit=51).status_code == 400
    assert office.get(f"{SUBMISSIONS}/nonsense").status_code == 404
    assert httpx.get(f"{office.url}{SUBMISSIONS}/{form}").status_code == 401


def test_client_works_with_forms(office: Account) -> None:
    client = HubSpot(access_token="pat-sandbox-token", host=office.url, base_url=office.url)
    made = client.marketing.forms.forms_api.create({"name": "By client", "formType": "hubspot"})
    assert client.marketing.forms.forms_api.get_by_id(made.id).name == "By client"
    assert client.marketing.forms.forms_api.update(made.id, {"name": "Renamed"}).name == "Renamed"
    assert client.marketing.forms.forms_api.archive(made.id) is None


def test_form_is_submitted_through_its_door(office: Account) -> None:
    form = office.app.make_form("Door")
    door = "/__sandbox__/doors/submit_form"
    assert office.post(door, {"form_id": form, "email": "p4@example.com"}).json() == {"result": "4"}
    assert office.post(door, {"form_id": "nonsense", "email": "p4@example.com"}).status_code == 400
