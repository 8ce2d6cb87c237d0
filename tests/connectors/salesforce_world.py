"""A sandbox org with people in it and a connection that has pulled them: where the write tests play."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from connectors._salesforce_client import Clocks
from connectors.salesforce import SalesforceConnector
from model.batch import Watermark
from model.changes import Associate, Dissociate, Outcome, Planned, SetField
from model.evidence import RecordKey
from model.streams import Value
from sandbox.clock import SandboxClock
from sandbox.faults import Fault
from sandbox.salesforce import SalesforceApp
from sandbox.server import Listener
from sandbox.wire import Request, Response
from tests.connectors.harness_salesforce import settings_for

PHONE, BETTER = "0161 555 0100", "+441615550100"


@dataclass
class World:
    """An org with people in it, and a connection to it that has pulled them."""

    app: SalesforceApp
    listener: Listener
    sink: SalesforceConnector
    slept: list[float]
    connect: Callable[[], SalesforceConnector]
    accounts: list[str] = field(default_factory=list)
    contacts: list[str] = field(default_factory=list)
    versions: dict[str, int] = field(default_factory=dict)
    everything: Watermark = field(default_factory=Watermark)

    def reconnect(self) -> None:
        """Look at the org with new eyes."""
        self.sink.close()
        self.sink = self.connect()

    def pull(self) -> None:
        for stream in ("accounts", "contacts"):
            for page in self.sink.pull(stream, Watermark()):
                columns = page.batch.columns
                self.versions |= dict(zip(columns["id"], columns["changed_at"], strict=True))  # type: ignore[arg-type]

    def add_people(self, count: int) -> None:
        """Other contacts, a while old, instead of the first three."""
        self.app.clock.turn(-600)
        self.contacts = [self.app.create("Contact", LastName=f"P {n}", Phone=PHONE) for n in range(count)]
        self.app.clock.turn(600)
        self.pull()

    def set(self, record: str, name: str, before: Value, after: Value, *, number: int = 1) -> Planned:
        stream = {"001": "accounts", "003": "contacts", "00Q": "leads"}[record[:3]]
        key = RecordKey("sf", stream, record)
        return Planned(f"c{number}", SetField(key, name, before, after, self.versions.get(record), "a reason"))

    def phones(self) -> list[Planned]:
        return [self.set(c, "phone", PHONE, BETTER, number=n) for n, c in enumerate(self.contacts)]

    def link(self, contact: str, account: str, *, kind: type[Associate | Dissociate] = Associate) -> Planned:
        keys = RecordKey("sf", "contacts", contact), RecordKey("sf", "accounts", account)
        return Planned(kind.kind, kind(*keys, "primary", self.versions.get(contact), "a reason"))

    def push(self, *changes: Planned) -> dict[str, Outcome]:
        outcomes = [outcome for unit in self.sink.batches(changes) for outcome in self.sink.send(unit).outcomes]
        assert len(outcomes) == len(changes)
        return {outcome.change_id: outcome for outcome in outcomes}

    def phone(self, number: int = 0) -> str:
        return str(self.app.row("Contact", self.contacts[number])["Phone"])

    def before_write(self, act: Callable[[], object], *, route: str = "/composite", nth: int = 1) -> None:
        """Somebody else acts after our guard read and before our write arrives."""

        def acts(_: Request, __: Response | None) -> None:
            act()

        self.listener.faults.add(Fault(route=route, nth=nth, act=acts))

    def writes(self) -> int:
        return sum("/composite" in entry.path for entry in self.listener.requests)


@contextmanager
def open_world(**changes: Any) -> Iterator[World]:
    """A fresh world; the records in it are an hour old. `changes` are settings of the connection."""
    clock = SandboxClock()
    app = SalesforceApp(clock=clock)
    clock.turn(-3_600)
    accounts = [app.create("Account", Name=f"Account {n}") for n in range(3)]
    contacts = [app.create("Contact", LastName=f"Person {n}", Phone=PHONE) for n in range(3)]
    clock.turn(3_600)
    slept: list[float] = []
    with Listener(app) as listener:
        base = {"client_id": "sandbox-client", "timeout_s": 5.0, "streams": ("accounts", "contacts", "leads")}
        settings = settings_for(listener.url, **{**base, **changes})

        def connect() -> SalesforceConnector:
            return SalesforceConnector("sf", settings, lambda _: "sandbox-secret", clocks=Clocks(sleep=slept.append))

        opened = World(app, listener, connect(), slept, connect, accounts, contacts)
        opened.pull()
        yield opened
        opened.sink.close()
