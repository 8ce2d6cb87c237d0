"""Fixtures for any test: a Salesforce and a HubSpot over HTTP with generated records, their fault desk and call counts.

Each test gets an org and a portal of its own that begin as all others do, so nothing that it does is left to the next.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from typing import Generic, TypeVar

import pytest

from sandbox.desk import FaultDesk
from sandbox.generator import Dataset, generate
from sandbox.hubspot import HubspotApp, Limits
from sandbox.log import RequestLog
from sandbox.salesforce import SalesforceApp
from sandbox.server import Listener
from sandbox.start import HUBSPOT_CREDENTIALS, SALESFORCE_CREDENTIALS
from sandbox.state import Difference, differences

AnyCrm = TypeVar("AnyCrm", SalesforceApp, HubspotApp)
_AS_OF = date(2026, 6, 1)


@dataclass
class Wire(Generic[AnyCrm]):
    """One CRM behind its port."""

    app: AnyCrm
    listener: Listener
    before: bytes
    credentials: Mapping[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return self.listener.url

    @property
    def faults(self) -> FaultDesk:
        return self.listener.faults

    @property
    def requests(self) -> RequestLog:
        return self.listener.requests

    def calls(self) -> dict[str, int]:
        """How many requests of each kind came so far."""
        return self.requests.kinds()

    def changes(self) -> list[Difference]:
        """What is otherwise in the CRM than when the test began."""
        return differences(self.before, self.app.dump())


@pytest.fixture
def salesforce_wire() -> Iterator[Wire[SalesforceApp]]:
    """An org of some sixty generated people."""
    yield from _served(SalesforceApp(), _salesforce_state, SALESFORCE_CREDENTIALS)


@pytest.fixture
def hubspot_wire() -> Iterator[Wire[HubspotApp]]:
    """A portal of the same people; without rate limits, which the desk can raise, and without a lag of its search."""
    app = HubspotApp(limits=Limits(enabled=False))
    app.set_index_lag(0)
    yield from _served(app, _hubspot_state, HUBSPOT_CREDENTIALS)


def _served(app: AnyCrm, state: Callable[[], bytes], credentials: Mapping[str, str]) -> Iterator[Wire[AnyCrm]]:
    app.restore(state())
    with Listener(app) as listener:
        yield Wire(app, listener, app.dump(), credentials)
    app.close()


@lru_cache(maxsize=1)
def _dataset() -> Dataset:
    return generate(60, seed=7, dirt=1.0, as_of=_AS_OF, orgs=1)


@lru_cache(maxsize=1)
def _salesforce_state() -> bytes:
    app = SalesforceApp()
    app.load(_dataset().salesforce[0])
    dumped = app.dump()
    app.close()
    return dumped


@lru_cache(maxsize=1)
def _hubspot_state() -> bytes:
    app = HubspotApp()
    app.load(_dataset().hubspot)
    dumped = app.dump()
    app.close()
    return dumped
