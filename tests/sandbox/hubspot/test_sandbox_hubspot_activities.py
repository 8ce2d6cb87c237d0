"""Engagements and the objects around deals: what each needs, what it may hold, how it is linked."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.sandbox.hubspot.conftest import Account

AT = {"hs_timestamp": "2026-11-20T09:00:00Z"}


@pytest.mark.parametrize(
    ("kind", "needed", "type_id"),
    [
        ("calls", AT, "0-48"),
        ("emails", {**AT, "hs_email_direction": "INCOMING_EMAIL"}, "0-49"),
        ("meetings", AT, "0-47"),
        ("notes", AT, "0-46"),
        ("tasks", AT, "0-27"),
        ("communications", AT, "0-18"),
        ("postal_mail", AT, "0-116"),
        ("tickets", {"subject": "S", "hs_pipeline_stage": "1"}, "0-5"),
        ("leads", {"hs_lead_name": "L"}, "0-136"),
        ("products", {"name": "P"}, "0-7"),
        ("quotes", {"hs_title": "Q", "hs_expiration_date": "2027-01-31"}, "0-14"),
    ],
)
def test_create_without_what_the_object_needs_answers_400(
    office: Account, kind: str, needed: dict[str, str], type_id: str
) -> None:
    made = office.post(f"/crm/v3/objects/{kind}", {"properties": needed})
    assert made.status_code == 201, made.text
    read = office.get(f"/crm/objects/2026-03/{type_id}/{made.json()['id']}", properties=",".join(needed)).json()
    assert {name: read["properties"][name] for name in needed}.keys() == needed.keys()
    for name in needed:
        lacking = {key: value for key, value in needed.items() if key != name}
        refused = office.post(f"/crm/v3/objects/{kind}", {"properties": lacking})
        assert refused.status_code == 400
        assert refused.json()["context"]["properties"] == [name]


def test_meeting_without_timestamp_takes_its_start(office: Account) -> None:
    body = {"properties": {"hs_meeting_start_time": "2026-11-20T10:00:00Z"}}
    made = office.post("/crm/v3/objects/meetings", body).json()
    shown = office.get(f"/crm/v3/objects/meetings/{made['id']}", properties="hs_timestamp").json()
    assert shown["properties"]["hs_timestamp"] == "2026-11-20T10:00:00.000Z"


def test_note_body_holds_65536_characters_and_not_one_more(office: Account) -> None:
    longest = "x" * 65_536
    assert office.post("/crm/v3/objects/notes", {"properties": {**AT, "hs_note_body": longest}}).status_code == 201
    refused = office.post("/crm/v3/objects/notes", {"properties": {**AT, "hs_note_body": longest + "x"}})
    assert refused.status_code == 400
    assert refused.json()["errors"][0]["context"]["propertyName"] == ["hs_note_body"]


def test_lead_goes_into_the_first_stage_of_its_pipeline(office: Account) -> None:
    made = office.post("/crm/v3/objects/leads", {"properties": {"hs_lead_name": "New"}}).json()
    shown = office.get(f"/crm/v3/objects/leads/{made['id']}", properties="hs_pipeline,hs_pipeline_stage").json()
    assert shown["properties"]["hs_pipeline"] == "lead-pipeline-id"
    assert shown["properties"]["hs_pipeline_stage"] == "new-stage-id"


@pytest.mark.parametrize(
    ("source", "target", "there", "back"),
    [
        ("contacts", "calls", 193, 194),
        ("companies", "notes", 189, 190),
        ("deals", "tasks", 215, 216),
        ("tickets", "emails", 223, 224),
        ("contacts", "communications", 82, 81),
        ("deals", "postal_mail", 458, 457),
        ("leads", "meetings", 600, 601),
        ("deals", "line_items", 19, 20),
        ("quotes", "deals", 64, 63),
    ],
)
def test_unlabelled_association_types_have_the_ids_of_the_documentation(
    office: Account, source: str, target: str, there: int, back: int
) -> None:
    for one, other, expected in ((source, target, there), (target, source, back)):
        labels = office.get(f"/crm/v4/associations/{one}/{other}/labels").json()["results"]
        assert [label["typeId"] for label in labels if label["label"] is None] == [expected]


def test_engagement_is_made_with_its_associations_and_found_by_search(office: Account) -> None:
    link = {"to": {"id": "2"}, "types": [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 194}]}
    body = {"properties": {**AT, "hs_call_title": "Zebra"}, "associations": [link]}
    made = office.post("/crm/v3/objects/calls", body).json()
    listed = office.get(f"/crm/v3/objects/calls/{made['id']}", associations="contacts").json()
    assert listed["associations"]["contacts"]["results"] == [{"id": "2", "type": "call_to_contact"}]
    office.app.catch_up_index()
    asked = {"propertyName": "associations.contact", "operator": "EQ", "value": "2"}
    assert office.found("calls", asked, query="zebra") == [made["id"]]


def test_lead_has_a_primary_contact(office: Account) -> None:
    types = [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 578}]
    body = {"properties": {"hs_lead_name": "New"}, "associations": [{"to": {"id": "3"}, "types": types}]}
    made = office.post("/crm/v3/objects/leads", body).json()
    shown = office.get(f"/crm/v3/objects/leads/{made['id']}", properties="hs_primary_contact_id").json()
    assert shown["properties"]["hs_primary_contact_id"] == "3"


ROLLED = "num_notes,num_contacted_notes,notes_last_updated,notes_last_contacted,notes_next_activity_date"


def _rolled(office: Account, contact: str) -> list[str | None]:
    shown = office.get(f"/crm/v3/objects/contacts/{contact}", properties=ROLLED).json()["properties"]
    return [shown[name] and shown[name][:16] for name in ROLLED.split(",")]


def test_contact_tells_how_many_activities_it_has_and_when(office: Account) -> None:
    before = office.get("/crm/v3/objects/contacts/5").json()["properties"]["lastmodifieddate"]
    made = {}
    for kind, type_id, at in (
        ("calls", 194, "2026-11-01T09:00:00Z"),
        ("notes", 202, "2026-11-05T09:00:00Z"),
        ("meetings", 200, "2026-12-01T09:00:00Z"),
        ("tasks", 204, "2026-11-30T09:00:00Z"),
    ):
        types = [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": type_id}]
        body = {"properties": {"hs_timestamp": at}, "associations": [{"to": {"id": "5"}, "types": types}]}
        made[kind] = office.post(f"/crm/v3/objects/{kind}", body).json()["id"]
    assert _rolled(office, "5") == ["4", "2", "2026-11-05T09:00", "2026-11-01T09:00", "2026-11-30T09:00"]
    assert office.get("/crm/v3/objects/contacts/5").json()["properties"]["lastmodifieddate"] > before
    office.patch(f"/crm/v3/objects/tasks/{made['tasks']}", {"hs_task_status": "COMPLETED"})
    office.client.delete(f"/crm/v3/objects/notes/{made['notes']}")
    office.patch(f"/crm/v3/objects/calls/{made['calls']}", {"hs_timestamp": "2026-11-02T09:00:00Z"})
    assert _rolled(office, "5") == ["3", "2", "2026-11-02T09:00", "2026-11-02T09:00", "2026-12-01T09:00"]
    for kind in ("calls", "meetings", "tasks"):
        office.client.delete(f"/crm/v4/objects/contacts/5/associations/{kind}/{made[kind]}")
    assert _rolled(office, "5") == [None] * 5
