"""HubSpot's own Python client, unpatched, against the portal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
from hubspot import HubSpot
from hubspot.crm.contacts import ApiException

if TYPE_CHECKING:
    from tests.sandbox.hubspot.conftest import Account


@pytest.fixture
def client(account: Account) -> Iterator[Any]:
    yield HubSpot(access_token="pat-sandbox-token", host=account.url, base_url=account.url)


def test_client_reads_all_records(client: Any) -> None:
    found = client.crm.contacts.get_all(properties=["email", "hs_email_optout"], archived=False)
    assert [one.id for one in found] == ["1", "2", "3", "4", "5"]
    assert found[0].properties["hs_email_optout"] == "true"
    past = client.crm.contacts.get_all(properties_with_history=["email"])
    assert past[0].properties_with_history["email"][0].value == "p1@example.com"
    linked = client.crm.contacts.basic_api.get_by_id("1", associations=["companies"])
    assert {one.id for one in linked.associations["companies"].results} == {"11", "12"}


def test_client_writes_one_record(client: Any) -> None:
    api = client.crm.contacts.basic_api
    made = api.create({"properties": {"email": "n@example.com", "firstname": "N"}})
    assert made.id and made.properties["firstname"] == "N"
    assert api.update(made.id, {"properties": {"firstname": "M"}}).properties["firstname"] == "M"
    with pytest.raises(ApiException) as refused:
        api.create({"properties": {"email": "n@example.com"}})
    assert refused.value.status == 409
    assert api.archive(made.id) is None
    survivor = api.merge({"primaryObjectId": "1", "objectIdToMerge": "2"})
    assert api.get_by_id("2").id == survivor.id


def test_client_runs_batches(client: Any) -> None:
    api = client.crm.companies.batch_api
    read = api.read({"inputs": [{"id": "11"}, {"id": "99"}], "properties": ["name"], "propertiesWithHistory": []})
    assert read.num_errors == 1 and read.errors[0].context == {"ids": ["99"]}
    made = api.create({"inputs": [{"properties": {"name": "N"}, "objectWriteTraceId": "1"}]})
    assert made.results[0].object_write_trace_id == "1"
    done = api.update({"inputs": [{"id": "11", "properties": {"city": "Leeds"}}]})
    assert done.results[0].properties["city"] == "Leeds"
    put = api.upsert({"inputs": [{"id": "e1", "idProperty": "trueline_id", "properties": {"name": "E"}}]})
    assert put.results[0].new is True
    assert api.archive({"inputs": [{"id": "12"}]}) is None


def test_client_searches(client: Any) -> None:
    condition = {"propertyName": "lastname", "operator": "EQ", "value": "berg"}
    answer = client.crm.contacts.search_api.do_search(
        {"filterGroups": [{"filters": [condition]}], "sorts": ["createdate"], "properties": ["lastname"], "limit": 5}
    )
    assert answer.total == 1 and answer.results[0].id == "2"


def test_client_links_records(client: Any) -> None:
    v4 = client.crm.associations.v4
    page = v4.basic_api.get_page("contacts", "1", "companies", limit=500)
    assert [str(one.to_object_id) for one in page.results] == ["11", "12"]
    assert len(v4.basic_api.create_default("contacts", "3", "companies", "11").results) == 2
    spec = [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 1}]
    assert v4.basic_api.create("contacts", "3", "companies", "12", spec).labels == ["Primary"]
    assert v4.basic_api.archive("contacts", "3", "companies", "12") is None
    read = v4.batch_api.get_page("contacts", "companies", {"inputs": [{"id": "1"}]})
    assert len(read.results[0].to) == 2
    pair = {"from": {"id": "4"}, "to": {"id": "11"}, "types": spec}
    assert v4.batch_api.create("contacts", "companies", {"inputs": [pair]}).status == "COMPLETE"
    gone = {"from": {"id": "4"}, "to": [{"id": "11"}]}
    assert v4.batch_api.archive("contacts", "companies", {"inputs": [gone]}) is None
    assert len(v4.schema.definitions_api.get_all("contacts", "companies").results) == 2
    old = client.crm.associations.batch_api.read("contacts", "companies", {"inputs": [{"id": "1"}]})
    assert {one.type for one in old.results[0].to} == {"contact_to_company", "contact_to_company_unlabeled"}


def test_client_reads_definitions_owners_and_pipelines(client: Any) -> None:
    names = {one.name for one in client.crm.properties.core_api.get_all("contacts").results}
    assert {"email", "hs_additional_emails", "lastmodifieddate"} <= names
    made = client.crm.properties.core_api.create(
        "deals",
        {"name": "tier", "label": "Tier", "type": "string", "fieldType": "text", "groupName": "dealinformation"},
    )
    assert made.modification_metadata.read_only_value is False
    owner = client.crm.owners.owners_api.get_page(archived=False).results[0]
    assert (owner.id, owner.user_id) == ("31", 501)
    assert client.crm.owners.owners_api.get_by_id(32, archived=True).user_id is None
    stages = client.crm.pipelines.pipelines_api.get_all("deals").results[0].stages
    assert stages[-1].metadata["isClosed"] == "true"


def test_client_uses_generic_objects_and_any_path(client: Any) -> None:
    note = client.crm.objects.basic_api.create("notes", {"properties": {"hs_timestamp": "0", "hs_note_body": "x"}})
    assert client.crm.objects.notes.basic_api.get_by_id(note.id).properties["hs_object_id"] == note.id
    answer = client.api_request({"path": "/crm/objects/2026-09/contacts", "qs": {"limit": 1}})
    assert answer.json()["results"][0]["id"] == "1"
    token = client.oauth.tokens_api.create(
        grant_type="refresh_token", client_id="sandbox-client", client_secret="sandbox-secret",
        refresh_token="sandbox-refresh",
    )  # fmt: skip
    assert token.expires_in == 1800
    assert client.oauth.access_tokens_api.get(token.access_token).hub_id
