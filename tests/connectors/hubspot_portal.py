"""The sandbox's HubSpot behind its listener, and our connector in front of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from connectors._hubspot_values import time_of
from connectors.hubspot import Hubspot, connect
from model.batch import Page, Watermark
from model.changes import Associate, Change, Dissociate, Planned, SetField
from model.evidence import RecordKey
from model.settings import HubspotConnection
from model.streams import Value
from sandbox.clock import SandboxClock
from sandbox.hubspot import HubspotApp, Limits, Settings
from sandbox.server import Listener

# Far from midnight, when associations are swept.
NOON = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
TOKEN = "pat-sandbox-token"
PLURAL = {"accounts": "companies", "contacts": "contacts", "deals": "deals"}
MODIFIED = {"accounts": "hs_lastmodifieddate", "contacts": "lastmodifieddate", "deals": "hs_lastmodifieddate"}


@dataclass
class Portal:
    """The connector's sleeps are kept in `slept`; they turn the sandbox's clock instead of taking time."""

    app: HubspotApp
    listener: Listener
    slept: list[float] = field(default_factory=list)
    opened: list[Hubspot] = field(default_factory=list)

    def connect(self, **settings: Any) -> Hubspot:
        """A fresh connection, closed with the portal."""
        base = {"system": "hubspot", "secret": "env:TOKEN", "base_url": self.listener.url}
        checked = HubspotConnection.model_validate({**base, **settings})
        hubspot = connect(
            "hs", checked, lambda _: TOKEN, sleep=self.sleep, clock=lambda: self.app.clock.now_ms() / 1000
        )
        self.opened.append(hubspot)
        return hubspot

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.app.clock.turn(seconds)

    def pull(self, stream: str, watermark: Watermark | None = None, **settings: Any) -> list[Page]:
        self.app.catch_up_index()
        return list(self.connect(**settings).pull(stream, watermark or Watermark()))

    def version(self, stream: str, record_id: str) -> int:
        row = self.app.row(PLURAL[stream], record_id)
        assert row is not None
        return time_of(row[MODIFIED[stream]] or "")

    def value(self, stream: str, record_id: str, name: str) -> str | None:
        row = self.app.row(PLURAL[stream], record_id)
        assert row is not None
        return row[name]

    def set_field(self, stream: str, record_id: str, name: str, before: Value, after: Value) -> SetField:
        """A change planned from the record as it is now."""
        version = self.version(stream, record_id)
        return SetField(RecordKey("hs", stream, record_id), name, before, after, version, "a reason")

    def link(
        self,
        kind: type[Associate | Dissociate],
        one: tuple[str, str],
        to: tuple[str, str],
        label: str,
        replaces: str | None = None,
    ) -> Change:
        change = kind(RecordKey("hs", *one), RecordKey("hs", *to), label, self.version(*one), "a reason")
        return replace(change, replaces=replaces) if isinstance(change, Associate) else change


def planned(*changes: Change) -> tuple[Planned, ...]:
    return tuple(Planned(f"p0001-{number:06}", change) for number, change in enumerate(changes, 1))


def rows(pages: list[Page]) -> list[dict[str, Value]]:
    """All records of some pages, one dict each."""
    return [
        {name: column[place] for name, column in page.batch.columns.items()}
        for page in pages
        for place in range(len(page.batch))
    ]


@contextmanager
def open_portal(settings: Settings | None = None, limits: Limits | None = None) -> Iterator[Portal]:
    app = HubspotApp(settings=settings, limits=limits or Limits(), clock=SandboxClock(NOON))
    with Listener(app) as listener:
        portal = Portal(app, listener)
        try:
            yield portal
        finally:
            for hubspot in portal.opened:
                hubspot.close()
            app.close()
