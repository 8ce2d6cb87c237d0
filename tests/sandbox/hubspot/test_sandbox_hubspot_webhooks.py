"""Webhooks: subscriptions, what is told of which event, signatures, batches, repetitions."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING, Any

import pytest
from hubspot import HubSpot
from hubspot.utils.signature import Signature

from tests.sandbox.hubspot.conftest import TOKEN

if TYPE_CHECKING:
    from tests.sandbox.hubspot.conftest import Account

APP = "/webhooks/v3/2001"
SECRET = "sandbox-secret"


class Receiver:
    """Takes deliveries on a port; `status` is what it answers."""

    def __init__(self) -> None:
        self.status = 200
        self.taken: list[tuple[dict[str, str], str]] = []
        self.came = threading.Event()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                receiver.taken.append((dict(self.headers.items()), body))
                receiver.came.set()
                self.send_response(receiver.status)
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class names it so
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook?x=1"

    def events(self) -> list[dict[str, Any]]:
        return [event for _, body in self.taken for event in json.loads(body)]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    thread = threading.Thread(target=made.server.serve_forever, args=(0.01,))
    thread.start()
    yield made
    made.server.shutdown()
    thread.join()
    made.server.server_close()


def subscribe(account: Account, receiver: Receiver, *event_types: str, **more: Any) -> None:
    settings = {"targetUrl": receiver.url, "throttling": {"maxConcurrentRequests": 10}}
    assert account.client.put(f"{APP}/settings", json=settings).status_code == 200
    for event_type in event_types:
        answer = account.post(f"{APP}/subscriptions", {"eventType": event_type, "active": True, **more})
        assert answer.status_code == 201, answer.text


def test_client_manages_subscriptions_with_a_developer_key(account: Account) -> None:
    client = HubSpot(api_key="sandbox-developer-key", host=account.url, base_url=account.url)
    settings, api = client.webhooks.settings_api, client.webhooks.subscriptions_api
    wanted = {"targetUrl": "http://127.0.0.1:9/hook", "throttling": {"maxConcurrentRequests": 5}}
    assert settings.configure(2001, wanted).target_url == "http://127.0.0.1:9/hook"
    assert settings.get_all(2001).throttling.max_concurrent_requests == 5
    made = api.create(2001, {"eventType": "contact.propertyChange", "propertyName": "email", "active": False})
    assert (made.active, made.property_name) == (False, "email")
    assert api.update(made.id, 2001, {"active": True}).active is True
    batch = api.update_batch(2001, {"inputs": [{"id": int(made.id), "active": False}]})
    assert [one.active for one in batch.results] == [False]
    assert [one.id for one in api.get_all(2001).results] == [made.id]
    assert api.get_by_id(made.id, 2001).event_type == "contact.propertyChange"
    assert api.get_all(2002).results == []
    api.archive(made.id, 2001)
    assert api.get_all(2001).results == []
    settings.clear(2001)
    assert account.get(f"{APP}/settings").status_code == 404
    assert account.get(f"{APP}/settings", hapikey="wrong").status_code == 401


@pytest.mark.parametrize(
    "body",
    [
        pytest.param({"eventType": "contact.explosion"}, id="unknown event"),
        pytest.param({"eventType": "company.privacyDeletion"}, id="privacy deletion of a company"),
        pytest.param({"eventType": "contact.propertyChange"}, id="no property"),
        pytest.param({"eventType": "deal.propertyChange", "propertyName": "hs_lastmodifieddate"}, id="untold property"),
        pytest.param({"eventType": "object.creation"}, id="no object type"),
    ],
)
def test_bad_subscription_is_refused(account: Account, body: dict[str, str]) -> None:
    assert account.post(f"{APP}/subscriptions", body).status_code == 400


@pytest.mark.parametrize("url", ["http://hooks.example/x", "https://127.0.0.1/x", "http://127.0.0.1:x/", "127.0.0.1"])
def test_deliveries_go_to_this_machine_only(account: Account, url: str) -> None:
    body = {"targetUrl": url, "throttling": {"maxConcurrentRequests": 1}}
    assert account.client.put(f"{APP}/settings", json=body).status_code == 400


def test_delivery_is_signed_over_method_address_body_and_time(account: Account, receiver: Receiver) -> None:
    subscribe(account, receiver, "contact.creation")
    account.post("/crm/v3/objects/contacts", {"properties": {"lastname": "Ärm"}})
    assert account.app.deliver_webhooks() == {"delivered": 1, "refused": 0, "given_up": 0}
    headers, body = receiver.taken[0]
    timestamp = headers["X-HubSpot-Request-Timestamp"]
    assert int(timestamp) == pytest.approx(account.clock.now_ms(), abs=60_000)
    signed = Signature.get_signature(SECRET, body, "v3", receiver.url, "POST", timestamp)
    assert headers["X-HubSpot-Signature-v3"] == signed
    assert headers["X-HubSpot-Signature"] == Signature.get_signature(SECRET, body, "v1")


def test_property_change_tells_value_source_and_place(account: Account, receiver: Receiver) -> None:
    subscribe(account, receiver, "contact.propertyChange", propertyName="firstname")
    account.patch("/crm/v3/objects/contacts/1", {"firstname": "Anna", "city": "Leeds"})
    account.app.edit("contacts", "1", user_id=77, firstname="")
    assert account.patch("/crm/v3/objects/contacts/1", {"firstname": "Eve", "city": "x" * 70_000}).status_code == 400
    account.app.deliver_webhooks()
    ours, somebody = receiver.events()
    assert ours.pop("eventId") != somebody["eventId"]
    assert abs(ours.pop("occurredAt") - account.clock.now_ms()) < 60_000
    assert ours == {
        "objectId": 1, "propertyName": "firstname", "propertyValue": "Anna", "changeSource": "INTEGRATION",
        "sourceId": "1001", "subscriptionId": 1_000_001, "portalId": 48_000_001, "appId": 2001,
        "subscriptionType": "contact.propertyChange", "attemptNumber": 0,
    }  # fmt: skip
    assert (somebody["changeSource"], somebody["sourceId"], somebody["propertyValue"]) == ("CRM_UI", "userId:77", "")


def test_merge_is_told_with_deletions_and_without_property_changes(account: Account, receiver: Receiver) -> None:
    subscribe(account, receiver, "contact.merge", "contact.deletion", "contact.creation", "contact.associationChange")
    subscribe(account, receiver, "contact.propertyChange", propertyName="lifecyclestage")
    account.app.associate("contacts", "2", "companies", "13")
    account.app.deliver_webhooks()
    receiver.taken.clear()
    survivor = account.post("/crm/v3/objects/contacts/merge", {"primaryObjectId": "1", "objectIdToMerge": "2"}).json()
    account.app.deliver_webhooks()
    merge, *deletions = receiver.events()
    assert merge["subscriptionType"] == "contact.merge"
    assert (merge["primaryObjectId"], merge["mergedObjectIds"]) == (1, [2])
    assert merge["newObjectId"] == int(survivor["id"]) and merge["numberOfPropertiesMoved"] > 0
    assert [(one["subscriptionType"], one["objectId"]) for one in deletions] == [
        ("contact.deletion", 1), ("contact.deletion", 2),
    ]  # fmt: skip


def test_association_change_is_told_to_both_ends(account: Account, receiver: Receiver) -> None:
    subscribe(account, receiver, "contact.associationChange", "company.associationChange")
    account.client.put("/crm/v4/objects/contacts/3/associations/default/companies/12")
    account.client.put("/crm/v4/objects/contacts/3/associations/default/companies/12")
    account.client.delete("/crm/v4/objects/companies/12/associations/contacts/3")
    account.app.deliver_webhooks()
    told = [
        (one["associationType"], one["fromObjectId"], one["toObjectId"], one["associationRemoved"])
        for one in receiver.events()
    ]
    assert told == [
        ("CONTACT_TO_COMPANY", 3, 12, False), ("COMPANY_TO_CONTACT", 12, 3, False),
        ("COMPANY_TO_CONTACT", 12, 3, True), ("CONTACT_TO_COMPANY", 3, 12, True),
    ]  # fmt: skip
    assert [one["isPrimaryAssociation"] for one in receiver.events()] == [True, True, False, False]


def test_deletion_restore_erasure_and_other_objects_are_told(account: Account, receiver: Receiver) -> None:
    subscribe(account, receiver, "contact.deletion", "contact.restore", "contact.privacyDeletion")
    subscribe(account, receiver, "object.creation", objectTypeId="0-46")
    account.client.delete("/crm/v3/objects/contacts/3")
    account.app.restore_record("contacts", "3")
    account.post("/crm/v3/objects/contacts/gdpr-delete", {"objectId": "3"})
    note = account.post("/crm/v3/objects/notes", {"properties": {"hs_timestamp": "0", "hs_note_body": "x"}}).json()
    account.app.deliver_webhooks()
    names = [(one["subscriptionType"], one["objectId"]) for one in receiver.events()]
    assert names == [
        ("contact.deletion", 3), ("contact.restore", 3), ("contact.privacyDeletion", 3),
        ("object.creation", int(note["id"])),
    ]  # fmt: skip
    assert receiver.events()[-1]["objectTypeId"] == "0-46"


def test_failed_input_of_a_batch_tells_nothing(account: Account, receiver: Receiver) -> None:
    subscribe(account, receiver, "contact.creation")
    wrong = [{"to": {"id": "99"}, "types": [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 279}]}]
    inputs = [
        {"properties": {"lastname": "A"}, "objectWriteTraceId": "a", "associations": wrong},
        {"properties": {"lastname": "B"}, "objectWriteTraceId": "b"},
    ]
    answer = account.post("/crm/v3/objects/contacts/batch/create", {"inputs": inputs})
    assert answer.status_code == 207
    account.app.deliver_webhooks()
    assert [str(one["objectId"]) for one in receiver.events()] == [answer.json()["results"][0]["id"]]


def test_refused_delivery_comes_again_ten_times_at_most(account: Account, receiver: Receiver) -> None:
    subscribe(account, receiver, "contact.deletion")
    account.client.delete("/crm/v3/objects/contacts/3")
    receiver.status = 500
    results = [account.app.deliver_webhooks() for _ in range(12)]
    assert [one["refused"] for one in results] == [1] * 11 + [0]
    assert results[10]["given_up"] == 1
    assert [one["attemptNumber"] for one in receiver.events()] == list(range(11))
    assert len({one["eventId"] for one in receiver.events()}) == 1


def test_many_events_come_in_batches_in_any_order_and_twice_if_wanted(account: Account, receiver: Receiver) -> None:
    subscribe(account, receiver, "company.creation")
    for start in (0, 100):
        inputs = [{"properties": {"name": f"C{start + n}"}} for n in range(100)]
        assert account.post("/crm/v3/objects/companies/batch/create", {"inputs": inputs}).status_code == 201
    assert account.app.deliver_webhooks(shuffled=True, doubled=True, seed=3)["delivered"] == 200
    assert [len(json.loads(body)) for _, body in receiver.taken] == [99, 99, 99, 99, 2, 2]
    ids = [one["objectId"] for one in receiver.events()]
    assert len(set(ids)) == 200 and ids[:99] == ids[99:198] and ids[:99] != sorted(ids[:99])


def test_courier_delivers_by_itself_and_ends(account: Account, receiver: Receiver) -> None:
    subscribe(account, receiver, "contact.deletion")
    account.app.set_webhook_courier(True)
    assert account.client.delete("/crm/v3/objects/contacts/3").status_code == 204
    assert receiver.came.wait(10)
    account.app.set_webhook_courier(False)
    assert "hubspot-webhooks" not in {thread.name for thread in threading.enumerate()}
    account.app.set_webhook_courier(True)  # the account's end ends it as well


def test_switched_off_subscription_is_told_nothing(account: Account, receiver: Receiver) -> None:
    subscribe(account, receiver, "contact.deletion")
    account.client.patch(f"{APP}/subscriptions/1000001", json={"active": False})
    account.client.delete("/crm/v3/objects/contacts/3", headers={"Authorization": f"Bearer {TOKEN}"})
    assert account.app.deliver_webhooks()["delivered"] == 0
