"""Every fault of the catalogues does what its sentence says."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree

import httpx
import pytest

from sandbox.catalogue import Entry
from sandbox.hubspot import HubspotApp, Limits
from sandbox.hubspot.faults import FAULTS as HUBSPOT
from sandbox.salesforce import SalesforceApp
from sandbox.salesforce.faults import FAULTS as SALESFORCE
from sandbox.server import Listener
from sandbox.transport_faults import TRANSPORT
from tests.sandbox.salesforce_org import BASE, Org

ENVELOPE = (
    '<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body>'
    '<getServerTimestamp xmlns="urn:partner.soap.sforce.com"/></e:Body></e:Envelope>'
)


@pytest.fixture(scope="module")
def salesforce() -> Iterator[Org]:
    app = SalesforceApp()
    with Listener(app) as listener, httpx.Client(base_url=listener.url, verify=False) as client:
        org = Org(app, listener, client)
        org.log_in()
        yield org
    app.close()


@pytest.fixture(scope="module")
def hubspot() -> Iterator[tuple[Listener, httpx.Client]]:
    app = HubspotApp(limits=Limits(enabled=False))
    headers = {"Authorization": "Bearer pat-sandbox-token"}
    with Listener(app) as listener, httpx.Client(base_url=listener.url, headers=headers, verify=False) as client:
        yield listener, client
    app.close()


def with_answers(entries: tuple[Entry, ...]) -> list[Any]:
    return [pytest.param(entry, id=entry.name) for entry in entries if entry.answer is not None]


def status_said(entry: Entry) -> int:
    found = re.match(r"\d{3}", entry.says)
    assert found, entry.says
    return int(found[0])


def struck(listener: Listener, client: httpx.Client, entry: Entry, path: str) -> httpx.Response:
    """What a call gets that the fault strikes."""
    listener.faults.raise_(entry.name)
    try:
        if entry.what.of_kind == "auth":
            return client.post("/services/oauth2/token" if "salesforce" in entry.name else "/oauth/v1/token")
        return client.get(path)
    finally:
        listener.faults.clear()


@pytest.mark.parametrize("entry", with_answers(SALESFORCE))
def test_salesforce_fault_answers_with_its_status_and_code(salesforce: Org, entry: Entry) -> None:
    answer = struck(salesforce.listener, salesforce.client, entry, f"{BASE}/query?q=SELECT+Id+FROM+Account")
    assert answer.status_code == status_said(entry)
    name = entry.name.removeprefix("salesforce.")
    if name.isdecimal():
        assert answer.headers["Content-Type"].startswith("text/html")
    elif name.startswith("oauth."):
        assert answer.json()["error"] == name.split(".")[1]
        assert set(answer.json()) == {"error", "error_description"}
    elif name == "LOGIN_OAUTH_INVALID_TOKEN":
        assert name in (ElementTree.fromstring(answer.text).findtext("faultcode") or "")
    elif not name.startswith("bulk."):
        assert answer.json()[0]["errorCode"] == name.partition(".")[0]
        assert "{" not in answer.json()[0]["message"]


@pytest.mark.parametrize("entry", with_answers(HUBSPOT))
def test_hubspot_fault_answers_with_its_status_and_category(
    hubspot: tuple[Listener, httpx.Client], entry: Entry
) -> None:
    answer = struck(*hubspot, entry, "/crm/v3/objects/contacts")
    assert answer.status_code == status_said(entry)
    name = entry.name.removeprefix("hubspot.")
    if answer.headers["Content-Type"].startswith("text/html"):
        assert name.isdecimal()
        return
    body = answer.json()
    assert re.fullmatch(r"[0-9a-f-]{36}", body["correlationId"])
    assert answer.headers["X-HubSpot-Correlation-Id"]
    if answer.status_code == 429:
        assert (body["policyName"], body["errorType"]) == (name, "RATE_LIMIT")
    elif "error" in body:
        assert body["status"] == name
    elif not name.isdecimal():
        assert body["category"] == name.partition(".")[0]


@pytest.mark.parametrize("policy", ["TEN_SECONDLY_ROLLING", "SECONDLY", "DAILY"])
def test_hubspot_limit_comes_with_and_without_retry_after(hubspot: tuple[Listener, httpx.Client], policy: str) -> None:
    listener, client = hubspot
    listener.faults.raise_(f"hubspot.{policy}", count=1)
    listener.faults.raise_(f"hubspot.{policy}", after=1, retry_after_s=7)
    try:
        waits = [client.get("/crm/v3/owners").headers.get("Retry-After") for _ in range(2)]
    finally:
        listener.faults.clear()
    assert waits == [None, "7"]


@pytest.mark.parametrize("path", ["/services/Soap/u/59.0", "/services/Soap/c/59.0"])
def test_salesforce_fault_on_a_soap_call_is_a_soap_fault(salesforce: Org, path: str) -> None:
    salesforce.listener.faults.raise_("salesforce.INVALID_SESSION_ID")
    headers = {"Content-Type": "text/xml", "SOAPAction": '""'}
    answer = salesforce.client.post(path, content=ENVELOPE, headers=headers)
    salesforce.listener.faults.clear()
    assert answer.status_code == 500
    assert "<faultcode>sf:INVALID_SESSION_ID</faultcode>" in answer.text


def test_salesforce_fault_on_a_bulk_v1_call_has_its_own_words(salesforce: Org) -> None:
    salesforce.listener.faults.raise_("salesforce.UNSUPPORTED_API_VERSION")
    answer = salesforce.client.post("/services/async/29.0/job")
    salesforce.listener.faults.clear()
    assert (answer.status_code, answer.json()["exceptionCode"]) == (400, "InvalidVersion")


@pytest.mark.parametrize(
    ("arguments", "key", "allowed"),
    [
        pytest.param({}, "duplicateResut", False, id="blocked"),
        pytest.param({"allow_save": True, "key": "duplicateResult"}, "duplicateResult", True, id="warned"),
    ],
)
def test_salesforce_duplicates_tell_the_records_found(
    salesforce: Org, arguments: dict[str, Any], key: str, allowed: bool
) -> None:
    salesforce.listener.faults.raise_("salesforce.DUPLICATES_DETECTED", ids=["003S10000000001AAA"], **arguments)
    answer = salesforce.client.post(f"{BASE}/sobjects/Contact", json={"LastName": "A"})
    salesforce.listener.faults.clear()
    told = answer.json()[0][key]
    assert told["allowSave"] is allowed
    assert told["matchResults"][0]["matchRecords"][0]["record"]["Id"] == "003S10000000001AAA"


def test_salesforce_lock_names_the_ids_of_the_call(salesforce: Org) -> None:
    salesforce.listener.faults.raise_("salesforce.UNABLE_TO_LOCK_ROW", status=500)
    answer = salesforce.client.patch(f"{BASE}/sobjects/Account/001S10000000001AAA", json={})
    salesforce.listener.faults.clear()
    assert answer.status_code == 500
    assert answer.json()[0]["message"].endswith("this record or 1 records: 001S10000000001AAA")


@pytest.mark.parametrize("entry", [*TRANSPORT, *SALESFORCE, *HUBSPOT], ids=lambda entry: entry.name)
def test_every_fault_has_one_sentence_and_can_be_told_as_json(entry: Entry) -> None:
    assert entry.says.endswith(".")
    assert "\n" not in entry.says
    assert json.loads(json.dumps(entry.to_json()))["name"] == entry.name


def test_names_are_told_apart_and_begin_with_their_system() -> None:
    for system, entries in (("transport", TRANSPORT), ("salesforce", SALESFORCE), ("hubspot", HUBSPOT)):
        names = [entry.name for entry in entries]
        assert len(set(names)) == len(names)
        assert all(name.startswith(f"{system}.") for name in names)


def test_every_fault_that_opens_a_door_finds_it(salesforce: Org, hubspot: tuple[Listener, httpx.Client]) -> None:
    for listener, entries in ((salesforce.listener, SALESFORCE), (hubspot[0], HUBSPOT)):
        doors = getattr(listener.app, "doors", {})
        assert {entry.what.call for entry in entries if entry.what.call} <= doors.keys()
