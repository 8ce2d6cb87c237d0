"""A HubSpot portal behind a port, with a few records in it."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx
import polars as pl
import pytest

from sandbox.clock import SandboxClock
from sandbox.desk import FaultDesk
from sandbox.hubspot import HubspotApp, Limits
from sandbox.log import RequestLog
from sandbox.server import Listener

# Making a context that knows the machine's authorities takes longer than most tests.
PLAIN = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
TOKEN = "pat-sandbox-token"
NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
DAY = datetime(2026, 1, 1, 9, 30, 0, 250_000, tzinfo=UTC)


@dataclass
class Account:
    """One portal: the app, its clock, its address and a client that carries the private app's token."""

    app: HubspotApp
    clock: SandboxClock
    url: str
    client: httpx.Client
    faults: FaultDesk
    requests: RequestLog

    def get(self, path: str, **params: Any) -> httpx.Response:
        return self.client.get(path, params=params)

    def post(self, path: str, body: Any) -> httpx.Response:
        return self.client.post(path, json=body)

    def patch(self, path: str, properties: dict[str, Any]) -> httpx.Response:
        return self.client.patch(path, json={"properties": properties})

    def search(self, kind: str, *filters: dict[str, Any], **body: Any) -> httpx.Response:
        groups = [{"filters": list(filters)}] if filters else []
        return self.post(f"/crm/v3/objects/{kind}/search", {"filterGroups": groups, **body})

    def found(self, kind: str, *filters: dict[str, Any], **body: Any) -> list[str]:
        """The ids a search finds."""
        answer = self.search(kind, *filters, **body)
        assert answer.status_code == 200, answer.text
        return [one["id"] for one in answer.json()["results"]]

    def made(self, kind: str = "contacts", **properties: Any) -> str:
        """The id of a new record, of a contact with a last name when nothing is said."""
        answer = self.post(f"/crm/v3/objects/{kind}", {"properties": properties or {"lastname": "New"}})
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    def value(self, path: str, name: str) -> str | None:
        """One property of the record at a path."""
        found: str | None = self.get(path, properties=name).json()["properties"][name]
        return found


def bearer(text: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {text}"}


def frames() -> dict[str, pl.DataFrame]:
    numbers = range(1, 6)
    contacts = pl.DataFrame(
        {
            "id": [str(n) for n in numbers],
            "email": [f"p{n}@example.com" for n in numbers],
            "firstname": ["Ana", "Bo", "Cy", "Di", None],
            "lastname": ["Ärm", "Berg", "Cole", "Dahl", "Eck"],
            "hs_email_optout": [True, False, None, False, False],
            "lifecyclestage": ["lead", "customer", None, "subscriber", "lead"],
            "hubspot_owner_id": ["31"] * 5,
            "hs_additional_emails": [None, "old@example.com", None, None, None],
            "createdate": [DAY] * 5,
            "lastmodifieddate": [DAY.replace(second=n) for n in numbers],
        },
        schema_overrides={
            "createdate": pl.Datetime("ms", "UTC"),
            "lastmodifieddate": pl.Datetime("ms", "UTC"),
        },
    )
    companies = pl.DataFrame(
        {
            "id": ["11", "12", "13"],
            "name": ["Acme GmbH", "Beta Ltd", "ACME"],
            "domain": ["acme.example", "beta.example", "acme.example"],
            "annualrevenue": [1500.5, 2000.0, None],
            "numberofemployees": [10, 200, 9],
        }
    )
    deals = pl.DataFrame(
        {
            "id": ["21", "22"],
            "dealname": ["One", "Two"],
            "pipeline": ["default", "default"],
            "dealstage": ["appointmentscheduled", "closedwon"],
            "amount": [100.0, 250.5],
        }
    )
    owners = pl.DataFrame(
        {
            "id": ["31", "32"],
            "email": ["o1@example.com", "o2@example.com"],
            "firstName": ["Olga", "Omar"],
            "lastName": ["One", "Two"],
            "userId": ["501", "502"],
            "archived": [False, True],
        }
    )
    links = pl.DataFrame(
        {
            "from_type": ["contacts", "contacts", "deals"],
            "from_id": ["1", "1", "21"],
            "to_type": ["companies", "companies", "contacts"],
            "to_id": ["11", "12", "1"],
            "type_id": [1, 279, 3],
            "category": ["HUBSPOT_DEFINED"] * 3,
        }
    )
    return {"contacts": contacts, "companies": companies, "deals": deals, "owners": owners, "associations": links}


@pytest.fixture
def account() -> Iterator[Account]:
    with opened() as found:
        yield found


@pytest.fixture(scope="module")
def office() -> Iterator[Account]:
    """One account for all tests of a module, which leave each other's records alone."""
    with opened() as found:
        yield found


@pytest.fixture(scope="module")
def still() -> Iterator[Account]:
    """One account for all tests of a module, whose time passes only as its clock is turned."""
    with opened(SandboxClock(NOW, wall_ms=lambda: 0)) as found:
        yield found


@contextmanager
def opened(clock: SandboxClock | None = None) -> Iterator[Account]:
    clock = clock or SandboxClock(NOW)
    app = HubspotApp(clock=clock, limits=Limits(enabled=False))
    app.load(frames())
    headers = {"Authorization": f"Bearer {TOKEN}"}
    with Listener(app) as listener, httpx.Client(base_url=listener.url, headers=headers, verify=PLAIN) as client:
        yield Account(app, clock, listener.url, client, listener.faults, listener.requests)
    app.close()
