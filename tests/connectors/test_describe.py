"""What both connectors tell of a stream's fields to people who map them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest

from connectors import hubspot, salesforce
from connectors.connector import Sink
from model.errors import NotPermitted
from model.remote import RemoteField
from model.settings import HubspotConnection, SalesforceConnection
from sandbox.start import Sandbox, start


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with start(20, 3, 0.0, date(2026, 11, 22), systems=("salesforce", "hubspot")) as running:
        yield running


@pytest.fixture
def sf(sandbox: Sandbox) -> Iterator[Sink]:
    url = sandbox.salesforce[0].url
    host = "sandbox.my.salesforce.com"
    settings = SalesforceConnection(
        system="salesforce", host=host, base_url=url, client_id="sandbox-client", secret="env:SF",
        fields={"contacts": {"birthday": "Birthdate"}},
    )  # fmt: skip
    connection = salesforce.connect("sf", settings, lambda _: "sandbox-secret")
    yield connection
    connection.close()


@pytest.fixture
def hs(sandbox: Sandbox) -> Iterator[Sink]:
    settings = HubspotConnection(system="hubspot", base_url=sandbox.hubspot.url, secret="env:HS")
    connection = hubspot.connect("hs", settings, lambda _: "pat-sandbox-token")
    yield connection
    connection.close()


def by_name(connection: Sink, stream: str) -> dict[str, RemoteField]:
    fields = connection.describe(stream)
    assert [field.name.lower() for field in fields] == sorted(field.name.lower() for field in fields)
    return {field.name: field for field in fields}


def test_describe_of_salesforce_tells_mapping_length_and_need(sf: Sink) -> None:
    found = by_name(sf, "contacts")
    family = found["LastName"]
    assert (family.field, family.type, family.length, family.is_required) == ("family_name", "text", 80, True)
    assert found["Phone"].is_required is False
    assert found["LastActivityDate"].is_writable is False
    assert "MailingAddress" not in found


def test_describe_of_salesforce_tells_the_values_of_a_picklist(sf: Sink) -> None:
    stage = by_name(sf, "deals")["StageName"]
    assert stage.field == "stage"
    assert stage.kind == "picklist"
    assert ("Closed Won", True) in {(option.value, option.is_active) for option in stage.options}


def test_describe_of_hubspot_tells_labels_and_values_of_options(hs: Sink) -> None:
    found = by_name(hs, "deals")
    labels = {option.value: option.label for option in found["dealstage"].options}
    assert labels["closedwon"] == "Closed Won"
    assert found["dealstage"].is_closed
    assert (found["amount"].type, found["amount"].field) == ("money", "amount")
    assert found["dealname"].is_required
    assert not found["hs_is_closed"].is_writable


def test_describe_of_hubspot_knows_custom_and_derived_fields(hs: Sink) -> None:
    assert by_name(hs, "accounts")["lei"].is_custom
    contacts = by_name(hs, "contacts")
    assert not contacts["email"].is_custom
    assert not contacts["associatedcompanyid"].is_writable


@pytest.mark.parametrize("stream", ["leads", "users"])
def test_describe_of_a_stream_hubspot_does_not_write_is_empty(hs: Sink, stream: str) -> None:
    assert hs.describe(stream) == ()


def test_describe_of_salesforce_users_is_empty_and_it_has_no_native_integration(sf: Sink) -> None:
    assert sf.describe("users") == ()
    assert sf.native_if_on is None
    assert sf.native_streams() == ()


def test_describe_without_the_right_to_see_fields_is_not_permitted(sandbox: Sandbox, hs: Sink) -> None:
    scopes = ("crm.schemas.companies.read", "crm.objects.companies.read")
    for scope in scopes:
        sandbox.hubspot.app.revoke_scope(scope)
    with pytest.raises(NotPermitted):
        hs.describe("accounts")
    for scope in scopes:
        sandbox.hubspot.app.grant_scope(scope)
