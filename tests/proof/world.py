"""Two small sandbox CRMs with clocks of their own, one store, and how to come back to where they began."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from connectors import hubspot
from connectors._salesforce_client import Clocks
from connectors.salesforce import SalesforceConnector
from model.settings import HubspotConnection, ProjectSettings, SalesforceConnection
from sandbox.clock import SandboxClock
from sandbox.desk import FaultDesk
from sandbox.generator import generate
from sandbox.hubspot import HubspotApp
from sandbox.hubspot.tokens import SCOPES
from sandbox.salesforce import SalesforceApp
from sandbox.salesforce.fields import SObject
from sandbox.server import Listener
from sync.plan import plan_changes
from sync.pull import pull_all
from sync.push import push_stored
from sync.workspace import Workspace, open_workspace
from tests.proof.ledger import FIELDS, TABLES, App, Ledger
from tests.sync.conftest import SECRETS, TODAY

SIZE = 34
# What is kept alike in the two CRMs, without either leading.
TWO_WAY = {"contacts": ("title", "phone", "mobile", "city"), "accounts": ("phone", "city", "website")}
STREAMS = {"sf": ("accounts", "contacts", "leads", "associations"), "hs": ("accounts", "contacts", "associations")}


@dataclass(slots=True)
class World:
    """The CRMs by connection name, what listens for them, and the oracle that watches them."""

    apps: dict[str, App]
    listeners: dict[str, Listener]
    settings: ProjectSettings
    folder: Path
    ledger: Ledger
    states: dict[str, bytes] = field(default_factory=dict)
    prior: frozenset[str] = frozenset()  # changes that were made while the world was prepared
    pushed: list[str] = field(default_factory=list)  # runs that wrote, for undo
    answered: set[tuple[str, str, str, str]] = field(default_factory=set)  # cells of conflicts that a person answered
    seen: list[tuple[str, str]] = field(default_factory=list)  # promises that a step itself saw broken, and how
    last_pull: int = 0  # where the ledger stood when the last whole pull began
    skewed: str = ""  # whose clock went wrong since
    declared: list[SObject] = field(default_factory=list)  # as they are while the API user has every right

    @property
    def sf(self) -> SalesforceApp:
        app = self.apps["sf"]
        assert isinstance(app, SalesforceApp)
        return app

    @property
    def hs(self) -> HubspotApp:
        app = self.apps["hs"]
        assert isinstance(app, HubspotApp)
        return app

    @property
    def store(self) -> Path:
        return self.folder / "trueline.db"

    def desk(self, connection: str) -> FaultDesk:
        return self.listeners[connection].faults

    def open(self) -> Workspace:
        """What a command opens: fresh connections, which let time pass in both CRMs instead of waiting."""
        workspace = open_workspace(f"sqlite:///{self.store}", self.settings, self.folder, SECRETS.__getitem__)
        for name, settings in self.settings.connections.items():
            if isinstance(settings, SalesforceConnection):
                clocks = Clocks(sleep=self.pass_time)
                workspace._open[name] = SalesforceConnector(name, settings, SECRETS.__getitem__, clocks=clocks)
            elif isinstance(settings, HubspotConnection):
                workspace._open[name] = hubspot.connect(name, settings, SECRETS.__getitem__, sleep=self.pass_time)
        return workspace

    def ids(self, connection: str, stream: str) -> list[str]:
        """The live records of a stream, in a fixed order."""
        self.ledger.catch_up()
        return sorted(self.ledger.live(connection, stream))

    def act(self, connection: str, door: str, **arguments: Any) -> Any:
        """Do something in a CRM as somebody else."""
        result = self.apps[connection].doors[door](**arguments)
        self.ledger.catch_up()
        return result

    def pass_time(self, seconds: float) -> None:
        for app in self.apps.values():
            app.clock.turn(seconds)

    def begin(self) -> None:
        """Put the CRMs and the store back to where the world began."""
        self.repair()
        for name, app in self.apps.items():
            app.restore(self.states[name])
            app.clock.set_ms(round(datetime.now(UTC).timestamp() * 1000))
        for file in self.folder.glob("trueline.db*"):
            file.unlink()
        shutil.copy(self.folder / "prepared.db", self.store)
        self.pushed.clear()
        self.seen.clear()
        self.answered.clear()
        self.last_pull, self.skewed = 0, ""
        self.ledger.begin(str(self.store))

    def prepare(self) -> None:
        """Bring the CRMs and the store to rest, once; every walk begins there."""
        with self.open() as workspace:
            for _ in range(10):
                pull_all(workspace)
                if plan_changes(workspace).plan_id is None:
                    break
                report = push_stored(workspace, joins=True)
            else:
                raise AssertionError(f"the CRMs never came to rest: {report.sentence} {dict(report.reasons)}")
            self.prior = frozenset(item.planned.id for item in workspace.store.outcomes())
        shutil.move(self.store, self.folder / "prepared.db")
        self.states = {name: app.dump() for name, app in self.apps.items()}

    def repair(self) -> None:
        """Take every fault off the desks and give back every right: from now on the CRMs work as they should."""
        for listener in self.listeners.values():
            listener.faults.clear()
            listener.requests.clear()
        self._repair_salesforce()
        self._repair_hubspot()

    def _repair_salesforce(self) -> None:
        doors = self.sf.doors
        for door in ("set_page_size", "catch_up_record_count", "set_bulk", "clear_rules"):
            doors[door]()
        self.sf.settings.rules.denied.clear()
        self.sf._org.usage.leave(self.sf.settings.daily_limit)
        for declared in self.declared:
            self.sf._org.schema.replace(declared)
        for connection, stream in FIELDS:
            for name in FIELDS[connection, stream].values() if connection == "sf" else ():
                self.sf.show_field(TABLES["sf"][stream], name)
        self.sf._org.database.execute("DELETE FROM _unshared")

    def _repair_hubspot(self) -> None:
        self.hs.renew_tokens()
        for scope in SCOPES:
            self.hs.grant_scope(scope)
        self.hs.set_index_lag(0)
        self.hs.catch_up_index()
        self.hs.set_salesforce_integration(False)
        self.hs.drop_rules()
        self.hs._limiter._bursts.clear()
        self.hs._limiter._searches.clear()
        self.hs.use_up_calls(self.hs.limits.daily)


@contextmanager
def living_world(folder: Path, seed: int = 9, **changed: Any) -> Iterator[World]:
    """The CRMs, running; settings of the project may be changed at the top level."""
    dataset = generate(SIZE, seed=seed, dirt=1.0, as_of=TODAY)
    apps: dict[str, App] = {
        "sf": SalesforceApp(clock=SandboxClock()),
        "hs": HubspotApp(clock=SandboxClock()),
    }
    apps["sf"].load(dataset.salesforce[0])
    apps["hs"].load(dataset.hubspot)
    ledger = Ledger(apps)
    listeners = {name: Listener(app) for name, app in apps.items()}
    try:
        for listener in listeners.values():
            listener.start()
        world = World(apps, listeners, project(listeners, **changed), folder, ledger)
        world.declared = [world.sf._org.schema.get(table) for table in TABLES["sf"].values()]
        world.prepare()
        yield world
    finally:
        for listener in listeners.values():
            listener.stop()
        for app in apps.values():
            app.close()


def project(listeners: dict[str, Listener], **changed: Any) -> ProjectSettings:
    """Settings that reach both CRMs; only what the oracle judges is pulled."""
    sf = {"system": "salesforce", "host": "sandbox.my.salesforce.com", "base_url": listeners["sf"].url,
          "client_id": "sandbox-client", "secret": "env:SF", "currency": "USD", "streams": STREAMS["sf"]}  # fmt: skip
    hs = {"system": "hubspot", "base_url": listeners["hs"].url, "secret": "env:HS", "streams": STREAMS["hs"]}
    caps = {"max_share": 1.0, "max_vanished_share": 1.0}
    both = ["sf", "hs"]
    people, accounts = (dict.fromkeys(names, "two-way") for names in (TWO_WAY["contacts"], TWO_WAY["accounts"]))
    streams = {"contacts": {"fields": people, "create": both}, "accounts": {"fields": accounts, "create": both}}
    sync = {"between": both, **streams}
    return ProjectSettings.model_validate({"connections": {"sf": sf, "hs": hs}, "caps": caps, "sync": sync, **changed})
