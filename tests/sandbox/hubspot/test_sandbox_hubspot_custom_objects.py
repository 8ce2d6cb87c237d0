"""Custom objects: a schema makes an object type, whose records work as all others do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hubspot import HubSpot

if TYPE_CHECKING:
    from tests.sandbox.hubspot.conftest import Account

PATH = "/crm-object-schemas/v3/schemas"


def _body(name: str, **more: Any) -> dict[str, Any]:
    return {
        "name": name,
        "labels": {"singular": "Car", "plural": "Cars"},
        "primaryDisplayProperty": "model",
        "requiredProperties": ["model"],
        "searchableProperties": ["model"],
        "properties": [
            {"name": "model", "label": "Model", "type": "string", "fieldType": "text"},
            {"name": "vin", "label": "VIN", "type": "string", "fieldType": "text", "hasUniqueValue": True},
        ],
        "associatedObjects": ["CONTACT", "0-2"],
        **more,
    }


@pytest.fixture(scope="module")
def cars(office: Account) -> dict[str, Any]:
    made = office.post(PATH, _body("cars"))
    assert made.status_code == 201, made.text
    body: dict[str, Any] = made.json()
    return body


def test_schema_tells_type_id_name_properties_and_associations(office: Account, cars: dict[str, Any]) -> None:
    assert cars["objectTypeId"].startswith("2-")
    assert cars["fullyQualifiedName"] == "p48000001_cars"
    assert {"model", "vin", "hs_object_id", "hubspot_owner_id"} <= {one["name"] for one in cars["properties"]}
    assert next(one for one in cars["properties"] if one["name"] == "hubspot_owner_id")["label"] == "Car owner"
    ends = {one["toObjectTypeId"] for one in cars["associations"]}
    assert {"0-1", "0-2", "0-48", "0-46"} <= ends and "0-3" not in ends
    listed = office.get("/crm-object-schemas/2026-03/schemas").json()["results"]
    assert [one["name"] for one in listed] == ["cars"]
    assert office.get(f"{PATH}/contacts").json()["objectTypeId"] == "0-1"


@pytest.mark.parametrize("name", ["type id", "cars", "p_cars", "p48000001_cars", "P48000001_CARS"])
def test_records_are_reached_by_every_name_of_the_type(office: Account, cars: dict[str, Any], name: str) -> None:
    word = cars["objectTypeId"] if name == "type id" else name
    made = office.post(f"/crm/v3/objects/{word}", {"properties": {"model": f"T {name}"}})
    assert made.status_code == 201, made.text
    number = made.json()["id"]
    assert int(number) < 2**53
    read = office.get(f"/crm/objects/2026-03/{word}/{number}", properties="model").json()
    assert read["properties"]["model"] == f"T {name}"
    office.app.catch_up_index()
    found = office.found(word, {"propertyName": "model", "operator": "EQ", "value": f"t {name}"})
    assert number in found


def test_required_unique_and_batch_rules_hold_for_custom_records(office: Account, cars: dict[str, Any]) -> None:
    path = f"/crm/v3/objects/{cars['objectTypeId']}"
    assert office.post(path, {"properties": {"vin": "1"}}).status_code == 400
    inputs = [{"id": f"v{n}", "idProperty": "vin", "properties": {"model": "U"}} for n in range(2)]
    put = office.post(f"{path}/batch/upsert", {"inputs": inputs})
    assert [one["new"] for one in put.json()["results"]] == [True, True]
    again = office.post(f"{path}/batch/upsert", {"inputs": inputs[:1]}).json()["results"][0]
    assert again["new"] is False
    assert office.client.patch(f"{path}/{again['id']}", json={"properties": {"nonsense": "1"}}).status_code == 400
    past = office.get(f"{path}/{again['id']}", propertiesWithHistory="model").json()
    assert past["propertiesWithHistory"]["model"][0]["value"] == "U"


def test_custom_record_is_associated_both_ways(office: Account, cars: dict[str, Any]) -> None:
    number = office.post("/crm/v3/objects/cars", {"properties": {"model": "Linked"}}).json()["id"]
    put = office.client.put(f"/crm/v4/objects/cars/{number}/associations/default/contacts/1")
    assert put.status_code == 200, put.text
    page = office.get("/crm/v4/objects/contacts/1/associations/cars").json()["results"]
    assert [str(one["toObjectId"]) for one in page] == [number]
    assert page[0]["associationTypes"][0]["category"] == "USER_DEFINED"
    shown = office.get("/crm/v3/objects/contacts/1", associations="p_cars").json()
    assert shown["associations"]["p48000001_cars"]["results"][0]["id"] == number
    refused = office.client.put(f"/crm/v4/objects/cars/{number}/associations/default/deals/21")
    assert refused.status_code == 400
    wanted = {"fromObjectTypeId": cars["objectTypeId"], "toObjectTypeId": "0-3", "name": "car_to_deal"}
    assert office.post(f"{PATH}/cars/associations", wanted).status_code == 201
    assert office.client.put(f"/crm/v4/objects/cars/{number}/associations/default/deals/21").status_code == 200


def test_custom_object_has_pipelines_and_properties_of_its_own(office: Account, cars: dict[str, Any]) -> None:
    made = office.post("/crm/v3/pipelines/cars", {"label": "Sales", "stages": [{"label": "Lot"}, {"label": "Sold"}]})
    assert made.status_code == 201, made.text
    number = office.post("/crm/v3/objects/cars", {"properties": {"model": "Staged"}}).json()["id"]
    shown = office.get(f"/crm/v3/objects/cars/{number}", properties="hs_pipeline_stage").json()
    assert shown["properties"]["hs_pipeline_stage"] == made.json()["stages"][0]["id"]
    definition = {
        "name": "doors", "label": "Doors", "type": "number", "fieldType": "number", "groupName": "cars_information",
    }  # fmt: skip
    assert office.post("/crm/v3/properties/cars", definition).status_code == 201
    assert office.patch(f"/crm/v3/objects/cars/{number}", {"doors": "five"}).status_code == 400


@pytest.mark.parametrize(
    "change",
    [
        {"name": "9lives"},
        {"labels": None},
        {"properties": []},
        {"requiredProperties": ["nonsense"]},
        {"associatedObjects": ["NONSENSE"]},
    ],
)
def test_schema_that_makes_no_sense_is_refused_and_leaves_nothing(office: Account, change: dict[str, Any]) -> None:
    assert office.post(PATH, {**_body("boats"), **change}).status_code in (400, 404)
    assert office.get("/crm/v3/objects/boats").status_code == 400
    assert office.get(f"{PATH}/boats").status_code == 400


def test_schema_goes_when_its_records_are_gone(account: Account) -> None:
    assert account.post(PATH, _body("vans")).status_code == 201
    assert account.post(PATH, _body("vans")).status_code == 409
    number = account.post("/crm/v3/objects/vans", {"properties": {"model": "X"}}).json()["id"]
    assert account.client.delete(f"{PATH}/vans").status_code == 400
    account.client.delete(f"/crm/v3/objects/vans/{number}")
    assert account.client.delete(f"{PATH}/vans").status_code == 204
    assert account.get("/crm/v3/objects/vans").status_code == 400
    assert account.post(PATH, _body("vans")).status_code == 201


def test_state_with_custom_objects_comes_back_the_same_to_the_byte(account: Account) -> None:
    empty = account.app.dump()
    account.post(PATH, _body("vans"))
    number = account.post("/crm/v3/objects/vans", {"properties": {"model": "X"}}).json()["id"]
    full = account.app.dump()
    account.app.restore(empty)
    assert account.app.dump() == empty
    assert account.get("/crm/v3/objects/vans").status_code == 400
    account.app.restore(full)
    assert account.app.dump() == full
    assert account.get(f"/crm/v3/objects/vans/{number}", properties="model").json()["properties"]["model"] == "X"


def test_client_works_with_schemas_and_custom_records(office: Account, cars: dict[str, Any]) -> None:
    client = HubSpot(access_token="pat-sandbox-token", host=office.url, base_url=office.url)
    assert client.crm.schemas.core_api.get_by_id("cars").fully_qualified_name == "p48000001_cars"
    made = client.crm.objects.basic_api.create(cars["objectTypeId"], {"properties": {"model": "C"}})
    assert client.crm.objects.basic_api.get_by_id("p48000001_cars", made.id).id == made.id
    changed = client.crm.schemas.core_api.update("cars", {"description": "with wheels"})
    assert changed.description == "with wheels"
