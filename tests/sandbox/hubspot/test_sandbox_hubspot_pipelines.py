"""Pipelines and stages: their definitions, what may be deleted, and the audit of every change."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hubspot import HubSpot

if TYPE_CHECKING:
    from tests.sandbox.hubspot.conftest import Account

PATH = "/crm/v3/pipelines/deals"


def _new(account: Account, label: str, *stages: str) -> dict[str, Any]:
    listed = [
        {"label": name, "displayOrder": place, "metadata": {"probability": "0.5"}} for place, name in enumerate(stages)
    ]
    made = account.post(PATH, {"label": label, "displayOrder": 1, "stages": listed})
    assert made.status_code == 201, made.text
    body: dict[str, Any] = made.json()
    return body


def _audit(account: Account, path: str) -> list[str]:
    return [one["action"] for one in account.get(f"{path}/audit").json()["results"]]


def test_stage_metadata_are_strings_and_say_whether_it_is_closed(office: Account) -> None:
    won = next(one for one in office.get(f"{PATH}/default/stages").json()["results"] if one["id"] == "closedwon")
    assert won["metadata"] == {"isClosed": "true", "probability": "1.0"}
    stages = [{"label": "Half", "metadata": {"probability": 0.5}}, {"label": "Lost", "metadata": {"probability": "0"}}]
    made = office.post(PATH, {"label": "Strings", "displayOrder": 1, "stages": stages}).json()
    assert [one["metadata"] for one in made["stages"]] == [
        {"isClosed": "false", "probability": "0.5"},
        {"isClosed": "true", "probability": "0.0"},
    ]
    ticket = office.post("/crm/v3/pipelines/tickets/0/stages", {"label": "Off", "metadata": {"ticketState": "CLOSED"}})
    assert ticket.json()["metadata"] == {"isClosed": "true", "ticketState": "CLOSED"}


def test_ids_of_pipeline_and_stages_are_numbers_of_their_own_unless_given(office: Account) -> None:
    first, second = _new(office, "First", "A", "B"), _new(office, "Second", "A")
    ids = [first["id"], *(one["id"] for one in first["stages"]), second["id"], second["stages"][0]["id"]]
    assert len(set(ids)) == 5 and all(one.isdecimal() for one in ids)
    named = {
        "label": "Named", "pipelineId": "mine", "stages": [
            {"label": "N", "stageId": "my_stage", "metadata": {"probability": "0.1"}}],
    }  # fmt: skip
    made = office.post(PATH, named).json()
    assert (made["id"], made["stages"][0]["id"]) == ("mine", "my_stage")


def test_new_stage_takes_deals_and_brings_its_own_stamps(office: Account) -> None:
    made = _new(office, "Stamped", "Fresh")
    stage = made["stages"][0]["id"]
    deal = {"dealname": "X", "dealstage": stage}
    assert office.post("/crm/v3/objects/deals", {"properties": deal}).status_code == 400
    created = office.post("/crm/v3/objects/deals", {"properties": {**deal, "pipeline": made["id"]}})
    assert created.status_code == 201
    names = {one["name"] for one in office.get("/crm/v3/properties/deals").json()["results"]}
    assert f"hs_v2_date_entered_{stage}" in names


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (PATH, {"label": "P", "stages": [{"label": "A"}]}),
        (PATH, {"label": "P", "stages": [{"label": "A", "metadata": {"probability": "2"}}]}),
        (PATH, {"label": "P", "stages": [{"label": "A", "metadata": {"probability": "0.1"}}] * 2}),
        (PATH, {"label": "P", "stages": {}}),
        (PATH, {"stages": []}),
        ("/crm/v3/pipelines/tickets", {"label": "P", "stages": [{"label": "A", "metadata": {"ticketState": "X"}}]}),
        ("/crm/v3/pipelines/contacts", {"label": "P", "stages": []}),
    ],
)
def test_pipeline_that_makes_no_sense_answers_400(office: Account, path: str, body: dict[str, Any]) -> None:
    assert office.post(path, body).status_code == 400


def test_second_pipeline_of_the_same_label_answers_409(office: Account) -> None:
    _new(office, "Twice", "A")
    assert office.post(PATH, {"label": "Twice", "stages": []}).status_code == 409


def test_every_change_of_a_definition_is_in_its_audit(office: Account) -> None:
    made = _new(office, "Audited", "A")
    one, stage = f"{PATH}/{made['id']}", f"{PATH}/{made['id']}/stages/{made['stages'][0]['id']}"
    office.client.patch(one, json={"label": "Audited twice"})
    office.client.patch(stage, json={"label": "B", "metadata": {"probability": "0.7"}})
    office.client.put(stage, json={"label": "C", "displayOrder": 0, "metadata": {"probability": "0.8"}})
    more = office.post(f"{one}/stages", {"label": "D", "metadata": {"probability": "0.9"}}).json()
    office.client.delete(f"{one}/stages/{more['id']}")
    assert _audit(office, stage) == ["UPDATE", "UPDATE", "CREATE"]
    assert _audit(office, f"{one}/stages/{more['id']}") == ["DELETE", "CREATE"]
    office.client.delete(one)
    assert _audit(office, one) == ["DELETE", *["UPDATE"] * 5, "CREATE"]
    newest, *_, oldest = office.get(f"{one}/audit").json()["results"]
    assert newest["fromUserId"] == 7001 and newest["identifier"].endswith(f":{made['id']}")
    before, after = json.loads(oldest["rawObject"]), json.loads(newest["rawObject"])
    assert (before["label"], before["stages"][0]["label"], before["active"]) == ("Audited", "A", True)
    assert (after["label"], after["stages"][0]["label"], after["active"]) == ("Audited twice", "C", False)
    assert after["stages"][0]["metadata"]["probability"] == "0.8"


def test_stage_in_use_is_deleted_only_without_validation(office: Account) -> None:
    made = _new(office, "Used", "A", "B")
    one, stage = f"{PATH}/{made['id']}", made["stages"][0]["id"]
    properties = {"dealname": "X", "pipeline": made["id"], "dealstage": stage}
    deal = office.post("/crm/v3/objects/deals", {"properties": properties}).json()["id"]
    for path in (one, f"{one}/stages/{stage}"):
        refused = office.client.delete(path, params={"validateReferencesBeforeDelete": "true"})
        assert refused.status_code == 400
        body = refused.json()
        assert body["subCategory"] == "PipelineError.STAGE_ID_IN_USE"
        assert body["context"]["objectIds"] == [f"[{deal}]"]
    assert office.client.delete(f"{one}/stages/{stage}").status_code == 204
    office.client.delete(f"/crm/v3/objects/deals/{deal}")
    assert office.client.delete(one, params={"validateReferencesBeforeDelete": "true"}).status_code == 204
    assert office.get(one).status_code == 404
    back = office.client.patch(one, json={"archived": False})
    assert back.status_code == 200 and [one["label"] for one in back.json()["stages"]] == ["B"]


def test_replaced_pipeline_keeps_the_stages_that_are_named(office: Account) -> None:
    made = _new(office, "Replaced", "A", "B", "C")
    first, second, third = (one["id"] for one in made["stages"])
    half = {"probability": "0.5"}
    stages = [
        {"label": "B", "displayOrder": 0, "metadata": half},
        {"label": "Renamed", "stageId": third, "displayOrder": 1, "metadata": half},
        {"label": "New", "displayOrder": 2, "metadata": half},
    ]
    path = f"{PATH}/{made['id']}"
    put = office.client.put(path, json={"label": "Replaced too", "displayOrder": 4, "stages": stages}).json()
    assert [one["label"] for one in put["stages"]] == ["B", "Renamed", "New"]
    assert [one["id"] for one in put["stages"]][:2] == [second, third]
    assert _audit(office, f"{path}/stages/{first}") == ["DELETE", "CREATE"]


def test_client_works_with_pipelines(office: Account) -> None:
    client = HubSpot(access_token="pat-sandbox-token", host=office.url, base_url=office.url)
    made = client.crm.pipelines.pipelines_api.create(
        "deals", {"label": "By client", "displayOrder": 2, "stages": [
            {"label": "A", "displayOrder": 0, "metadata": {"probability": "0.2"}}]},
    )  # fmt: skip
    stage = client.crm.pipelines.pipeline_stages_api.update(
        "deals", made.id, made.stages[0].id, {"metadata": {"probability": "0.3"}}
    )
    assert stage.metadata["probability"] == "0.3"
    changes = client.crm.pipelines.pipeline_stage_audits_api.get_audit("deals", stage.id).results
    assert [one.action for one in changes] == ["UPDATE", "CREATE"]
    assert client.crm.pipelines.pipeline_audits_api.get_audit("deals", made.id).results[-1].action == "CREATE"
    assert client.crm.pipelines.pipelines_api.archive("deals", made.id) is None
