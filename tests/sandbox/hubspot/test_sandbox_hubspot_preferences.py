"""What contacts subscribed to, and what they did."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hubspot import HubSpot

if TYPE_CHECKING:
    from tests.sandbox.hubspot.conftest import Account

ROOT = "/communication-preferences"


def _states(account: Account, email: str) -> dict[str, str]:
    told = account.get(f"{ROOT}/v3/status/email/{email}").json()["subscriptionStatuses"]
    return {one["name"]: one["status"] for one in told}


def test_opt_out_of_one_subscription_shows_on_the_contact(office: Account) -> None:
    definitions = office.get(f"{ROOT}/v3/definitions").json()["subscriptionDefinitions"]
    first = definitions[0]
    done = office.post(f"{ROOT}/v3/unsubscribe", {"emailAddress": "p2@example.com", "subscriptionId": first["id"]})
    assert done.status_code == 200 and done.json()["status"] == "NOT_SUBSCRIBED"
    assert _states(office, "p2@example.com") == {
        one["name"]: "NOT_SUBSCRIBED" if one is first else "SUBSCRIBED" for one in definitions
    }
    name = f"hs_email_optout_{first['id']}"
    shown = office.get("/crm/v3/objects/contacts/2", properties=name).json()["properties"]
    assert shown[name] == "true"


def test_who_has_opted_out_is_not_subscribed_by_others(office: Account) -> None:
    number = office.get(f"{ROOT}/v3/definitions").json()["subscriptionDefinitions"][1]["id"]
    refused = office.post(f"{ROOT}/v3/subscribe", {"emailAddress": "p1@example.com", "subscriptionId": number})
    assert refused.status_code == 400
    assert set(_states(office, "p1@example.com").values()) == {"NOT_SUBSCRIBED"}
    allowed = office.post(f"{ROOT}/v3/subscribe", {"emailAddress": "p3@example.com", "subscriptionId": number})
    assert allowed.json()["status"] == "SUBSCRIBED"


@pytest.mark.parametrize("version", ["v4", "2026-03"])
def test_later_versions_tell_three_states(office: Account, version: str) -> None:
    path = f"{ROOT}/{version}/statuses/p4@example.com"
    told = office.get(path, channel="EMAIL").json()["results"]
    body = {"channel": "EMAIL", "statusState": "UNSUBSCRIBED", "subscriptionId": told[2]["subscriptionId"]}
    assert told[0]["status"] == "NOT_SPECIFIED"
    assert office.post(path, body).json()["results"][0]["status"] == "UNSUBSCRIBED"
    assert office.get(f"{path}/unsubscribe-all", channel="EMAIL").json()["results"][0]["status"] == "SUBSCRIBED"
    assert office.get(path).status_code == 400
    stranger = f"{ROOT}/{version}/statuses/stranger-{version}@example.com/unsubscribe-all"
    assert office.post(f"{stranger}?channel=EMAIL", {}).status_code == 200
    assert office.get(stranger, channel="EMAIL").json()["results"][0]["status"] == "UNSUBSCRIBED"


def test_events_are_the_forms_a_contact_filled_in(office: Account) -> None:
    form = office.app.make_form("Events")
    for _ in range(2):
        office.app.submit_form(form, email="p5@example.com")
    path = "/events/v3/events"
    wanted: dict[str, Any] = {"objectType": "contact", "objectId": "5"}
    page = office.get(path, **wanted, limit=1).json()
    rest = office.client.get(page["paging"]["next"]["link"]).json()
    events = [*page["results"], *rest["results"]]
    assert [one["objectId"] for one in events] == ["5", "5"]
    types = office.get("/events/event-occurrences/2026-03/event-types").json()["eventTypes"]
    assert {one["eventType"] for one in events} == set(types)
    assert office.get(path).status_code == 400
    assert office.get(path, **wanted, occurredAfter="2030-01-01T00:00:00Z").json()["results"] == []


def test_client_reads_preferences_and_events(office: Account) -> None:
    client = HubSpot(access_token="pat-sandbox-token", host=office.url, base_url=office.url)
    assert client.communication_preferences.definition_api.get_page().subscription_definitions
    told = client.communication_preferences.status_api.get_email_status("p3@example.com")
    assert told.recipient == "p3@example.com"
    assert client.events.events_api.get_page(object_type="contact", object_id=1).results == []
