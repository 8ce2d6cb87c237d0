"""Reads under every fault of the catalogues: all records or a clear error, never half of them taken for all."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest

from connectors._salesforce_client import Clocks
from connectors.hubspot import connect
from connectors.salesforce import SalesforceConnector
from model.batch import Page, Watermark
from model.errors import (
    AuthFailed,
    ConnectorError,
    NotPermitted,
    QuotaSpent,
    RateLimited,
    Unavailable,
)
from model.settings import HubspotConnection
from sandbox.catalogue import Entry
from sandbox.hubspot import HubspotApp
from sandbox.hubspot.faults import FAULTS as HUBSPOT
from sandbox.salesforce import SalesforceApp
from sandbox.salesforce.faults import FAULTS as SALESFORCE
from sandbox.transport_faults import TRANSPORT
from tests.connectors.harness_salesforce import settings_for
from tests.connectors.pages import ids, read
from tests.wire import Wire

TIMEOUT_S = 0.2
# Doors that need to be told which record; what they do is tested where it matters.
NEEDS_A_RECORD = {"created", "edited", "deleted", "undeleted", "restored", "merged", "converted", "associated"}
NEEDS_A_RECORD |= {"dissociated", "field_hidden", "field_locked", "scope_revoked"}


def on_reads(*catalogues: Iterable[Entry]) -> list[Any]:
    """Each fault once and for ever; what vendors say has its place in the contract suite and is left to `make soak`."""
    cases = []
    for entry in (entry for catalogue in catalogues for entry in catalogue):
        if entry.name.rpartition(".")[2] in NEEDS_A_RECORD:
            continue
        is_quick = entry.name.startswith("transport.") or ".paging." in entry.name
        for times, word in ((1, "once"), (None, "always")):
            marks = [] if is_quick and word == "always" else [pytest.mark.soak]
            cases.append(pytest.param(entry, times, id=f"{entry.name}-{word}", marks=marks))
    return cases


def faster(entry: Entry) -> dict[str, Any]:
    """Waits as long as it takes to outlast the connector's patience, and no longer."""
    words: dict[str, Any] = {"delay_s": TIMEOUT_S * 1.5} if entry.what.delay_s else {}
    return words | ({"drip_s": 0.01} if entry.what.drip_s else {})


def check(pages: list[Page], error: ConnectorError | None, expected: set[str]) -> None:
    if error is not None:
        assert not any(page.is_last for page in pages)
        assert "\n" not in str(error)
        assert error.connection
    else:
        assert pages[-1].is_last
        assert ids(pages) == expected


def salesforce(wire: Wire[SalesforceApp], slept: list[float]) -> SalesforceConnector:
    settings = settings_for(wire.url, client_id="sandbox-client", timeout_s=TIMEOUT_S, streams=("leads",))
    return SalesforceConnector("sf", settings, lambda _: "sandbox-secret", clocks=Clocks(sleep=slept.append))


@pytest.mark.parametrize(("entry", "times"), on_reads(TRANSPORT, SALESFORCE))
def test_salesforce_pull_under_a_fault_is_whole_or_fails_clearly(
    salesforce_wire: Wire[SalesforceApp], entry: Entry, times: int | None
) -> None:
    wire = salesforce_wire
    expected = {row["Id"] for row in wire.app.rows("Lead")}
    wire.app.doors["set_page_size"](rows=len(expected) // 2 + 1)
    route = "" if entry.what.of_kind or entry.what.call else "/query"
    wire.faults.raise_(entry.name, route=route, count=times, **faster(entry))
    slept: list[float] = []
    connection = salesforce(wire, slept)
    pages, error = read(connection.pull("leads", Watermark()))
    connection.close()
    check(pages, error, expected)
    assert len(wire.requests) < 40
    assert entry.what.call or not wire.changes()


@pytest.mark.parametrize(("entry", "times"), on_reads(TRANSPORT, HUBSPOT))
def test_hubspot_pull_under_a_fault_is_whole_or_fails_clearly(
    hubspot_wire: Wire[HubspotApp], entry: Entry, times: int | None
) -> None:
    wire = hubspot_wire
    expected = {str(row["hs_object_id"]) for row in wire.app.rows("companies")}
    route = "" if entry.what.call else "/objects/|/batch/"
    wire.faults.raise_(entry.name, route=route, count=times, **faster(entry))
    slept: list[float] = []
    base = {"system": "hubspot", "secret": "env:TOKEN", "base_url": wire.url, "timeout_s": TIMEOUT_S}
    connection = connect(
        "hs", HubspotConnection.model_validate(base), lambda _: wire.credentials["token"], sleep=slept.append
    )
    pages, error = read(connection.pull("accounts", Watermark()))
    connection.close()
    check(pages, error, expected)
    assert len(wire.requests) < 40
    assert entry.what.call or not wire.changes()


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        pytest.param("INVALID_SESSION_ID", AuthFailed, id="session"),
        pytest.param("REQUEST_LIMIT_EXCEEDED.daily", QuotaSpent, id="day"),
        pytest.param("REQUEST_LIMIT_EXCEEDED.concurrent", RateLimited, id="concurrency"),
        pytest.param("API_DISABLED_FOR_ORG", NotPermitted, id="no API"),
        pytest.param("420", Unavailable, id="no routing"),
        pytest.param("503", Unavailable, id="maintenance"),
        pytest.param("tokens_expire", None, id="expired"),
        pytest.param("paging.ends_early", Unavailable, id="ends early"),
        pytest.param("paging.repeats", Unavailable, id="repeats"),
    ],
)
def test_salesforce_fault_becomes_the_error_that_says_what_to_do(
    salesforce_wire: Wire[SalesforceApp], name: str, expected: type[ConnectorError] | None
) -> None:
    salesforce_wire.app.doors["set_page_size"](rows=5)
    salesforce_wire.faults.raise_(f"salesforce.{name}", route="/query")
    connection = salesforce(salesforce_wire, [])
    _, error = read(connection.pull("leads", Watermark()))
    connection.close()
    assert type(error) is (expected or type(None))
