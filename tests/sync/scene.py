"""One small sandbox and one planned store, made once and put back before each test: what the attacks play with."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from connectors import hubspot
from connectors._salesforce_client import Clocks
from connectors.salesforce import SalesforceConnector
from model.changes import Associate, Change, Outcome, SetField
from model.evidence import RecordKey
from model.settings import HubspotConnection, SalesforceConnection
from model.streams import Value
from sandbox.faults import Fault
from sandbox.hubspot import HubspotApp
from sandbox.salesforce import SalesforceApp
from sandbox.wire import Request, Response
from sync.enrich import enrich_accounts
from sync.match import match_records
from sync.plan import plan_changes
from sync.pull import pull_all
from sync.push import PushReport, push_stored
from sync.resolve import resolve_people
from sync.workspace import Workspace

if TYPE_CHECKING:
    from tests.sync.conftest import Crm

# What is pulled where only field sync is looked at.
ALIKE = {"sf": ("users", "accounts", "contacts", "leads", "associations"),
         "hs": ("users", "accounts", "contacts", "associations")}  # fmt: skip
WRITE = {"sf": "/composite", "hs": "batch/update"}
TABLES = {
    "sf": {"accounts": "Account", "contacts": "Contact", "leads": "Lead"},
    "hs": {"accounts": "companies", "contacts": "contacts"},
}
# Nobody may write these; a new address has not bounced yet.
STAMPS = {"LastModifiedDate", "SystemModstamp", "LastModifiedById", "lastmodifieddate", "hs_lastmodifieddate",
          "hs_updated_by_user_id",
          "IsEmailBounced", "EmailBouncedReason", "EmailBouncedDate"}  # fmt: skip
NAMES = {
    "sf": {"phone": "Phone", "title": "Title", "city": "MailingCity", "given_name": "FirstName",
           "account_id": "AccountId", "email": "Email", "website": "Website", "company": "Company"},
    "hs": {"phone": "phone", "title": "jobtitle", "city": "city", "given_name": "firstname",
           "account_id": "associatedcompanyid", "email": "email", "website": "website", "company": "company"},
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Prepared:
    """The running sandbox, its state and a store that was pulled from it."""

    crm: Crm
    secret: Callable[[str], str]
    states: dict[str, bytes]
    store: Path

    def put_back(self) -> None:
        for name, served in (("sf", self.crm.sandbox.salesforce[0]), ("hs", self.crm.sandbox.hubspot)):
            served.faults.clear()
            served.requests.clear()
            served.app.restore(self.states[name])
        self.crm.sandbox.hubspot.app.renew_tokens()


def prepared_scene(
    crm: Crm, secret: Callable[[str], str], folder: Path, prepare: Callable[[Workspace], object]
) -> Prepared:
    with crm.open(folder) as workspace:
        prepare(workspace)
    # What was pulled is a while old, so that no guard has to wait for a second to pass.
    apps: dict[str, SalesforceApp | HubspotApp]
    apps = {"sf": crm.sandbox.salesforce[0].app, "hs": crm.sandbox.hubspot.app}
    for app in apps.values():
        app.clock.turn(120)
    return Prepared(crm, secret, {name: app.dump() for name, app in apps.items()}, folder / "trueline.db")


def unwaiting(crm: Crm, secret: Callable[[str], str], workspace: Workspace) -> Workspace:
    """The workspace, with connections that do not wait but turn the clock of their own CRM."""
    orgs = {org.url: org.app for org in crm.sandbox.salesforce}
    for name, settings in workspace.settings.connections.items():
        if isinstance(settings, SalesforceConnection):
            clocks = Clocks(sleep=orgs[settings.base_url or ""].clock.turn)
            workspace._open[name] = SalesforceConnector(name, settings, secret, clocks=clocks)
        elif isinstance(settings, HubspotConnection):
            turn = crm.sandbox.hubspot.app.clock.turn
            workspace._open[name] = hubspot.connect(name, settings, secret, sleep=turn)
    return workspace


@dataclass(slots=True)
class Scene:
    """The sandbox as it was, and a copy of the store to work on."""

    prepared: Prepared
    folder: Path

    @property
    def crm(self) -> Crm:
        return self.prepared.crm

    @property
    def sf(self) -> SalesforceApp:
        return self.prepared.crm.sandbox.salesforce[0].app

    @property
    def hs(self) -> HubspotApp:
        return self.prepared.crm.sandbox.hubspot.app

    def open(self, **changed: Any) -> Workspace:
        """A workspace whose connections do not wait but turn the sandbox's clock."""
        if not (self.folder / "trueline.db").exists():
            shutil.copy(self.prepared.store, self.folder / "trueline.db")
        return unwaiting(self.prepared.crm, self.prepared.secret, self.prepared.crm.open(self.folder, **changed))

    def open_alike(self, **changed: Any) -> Workspace:
        """The same, of the two CRMs alone, pulling no more than field sync looks at."""
        known = self.prepared.crm.settings.connections
        few = {name: known[name].model_copy(update={"streams": streams}) for name, streams in ALIKE.items()}
        return self.open(connections=few, **changed)

    def fault(self, connection: str, **values: Any) -> None:
        sandbox = self.prepared.crm.sandbox
        served = sandbox.salesforce[0] if connection == "sf" else sandbox.hubspot
        served.faults.add(Fault(**{"route": WRITE[connection], **values}))

    def when(self, connection: str, act: Callable[[], object], **values: Any) -> None:
        """Somebody else acts at a write, by default before the first one arrives."""

        def strike(_: Request, __: Response | None) -> None:
            app = self.sf if connection == "sf" else self.hs
            app.clock.turn(2)
            act()
            app.clock.turn(2)

        self.fault(connection, act=strike, **{"nth": 1, **values})

    def ids(self, connection: str, stream: str = "contacts") -> list[str]:
        app: Any = self.sf if connection == "sf" else self.hs
        key = "Id" if connection == "sf" else "hs_object_id"
        return [str(row[key]) for row in app.rows(TABLES[connection][stream])]

    def value(self, connection: str, record: str, field: str, stream: str = "contacts") -> object:
        app: Any = self.sf if connection == "sf" else self.hs
        return app.row(TABLES[connection][stream], record)[NAMES[connection][field]]

    def edit(self, connection: str, record: str, stream: str = "contacts", **values: Any) -> None:
        app: Any = self.sf if connection == "sf" else self.hs
        names = NAMES[connection]
        app.edit(TABLES[connection][stream], record, **{names[field]: value for field, value in values.items()})


def worked_on(prepared: Prepared, folder: Path, work: Callable[[Scene], object]) -> Prepared:
    """The sandbox and the store a while after that work was done: where several tests begin."""
    prepared.put_back()
    scene = Scene(prepared, folder)
    work(scene)
    for app in (scene.sf, scene.hs):
        app.clock.turn(120)
    states = {"sf": scene.sf.dump(), "hs": scene.hs.dump()}
    return Prepared(prepared.crm, prepared.secret, states, folder / "trueline.db")


def prepare(workspace: Workspace, *, enrich: bool = True) -> None:
    """Everything before the plan."""
    stopped = [result for result in pull_all(workspace) if result.stopped]
    assert not stopped
    match_records(workspace)
    resolve_people(workspace)
    if enrich:
        enrich_accounts(workspace)


def prepare_plan(workspace: Workspace) -> None:
    prepare(workspace)
    plan_changes(workspace)


def remote_rows(crm: Crm) -> dict[str, dict[object, dict[str, object]]]:
    """All records of both CRMs as they stand there, without the stamps that every write moves."""
    org, portal = crm.sandbox.salesforce[0].app, crm.sandbox.hubspot.app
    rows: dict[str, dict[object, dict[str, object]]] = {
        name: {row["Id"]: row for row in org.rows(name)} for name in TABLES["sf"].values()
    }
    rows |= {name: {row["hs_object_id"]: dict(row) for row in portal.rows(name)} for name in TABLES["hs"].values()}
    return {
        name: {key: {k: v for k, v in row.items() if k not in STAMPS} for key, row in table.items()}
        for name, table in rows.items()
    }


def change_of(workspace: Workspace, connection: str, record: str, field: str, after: Value, stream: str = "contacts",
              rule: str = "test") -> SetField:  # fmt: skip
    """A change from what the store holds now."""
    held = workspace.store.frame(stream, connections=[connection]).filter(pl.col("id") == record)
    version = int(held["changed_at"].dt.epoch("us").item())
    return SetField(RecordKey(connection, stream, record), field, held[field].item(), after, version, "a reason", rule)


def link_of(workspace: Workspace, connection: str, record: str, account: str) -> Associate:
    key, to = RecordKey(connection, "contacts", record), RecordKey(connection, "accounts", account)
    held = workspace.store.frame("contacts", connections=[connection]).filter(pl.col("id") == record)
    return Associate(key, to, "primary", int(held["changed_at"].dt.epoch("us").item()), "a reason", "test")


def plan(workspace: Workspace, changes: Sequence[Change]) -> str:
    run_id = workspace.store.begin_run("plan", 1)
    return workspace.store.save_plan(run_id, changes, 1)


def stored_plan(workspace: Workspace) -> list[Change]:
    """The changes of the newest plan."""
    return [planned.change for planned in workspace.store.plan_changes(workspace.store.latest_plan() or "")]


def outcomes(workspace: Workspace, plan_id: str) -> list[Outcome]:
    """The last outcome of each change of a plan, in plan order."""
    last = {item.planned.id: item.outcome for item in workspace.store.outcomes(plan_id=plan_id)}
    return [last[change_id] for change_id in sorted(last)]


def pushed(workspace: Workspace, changes: Sequence[Change]) -> tuple[PushReport, list[Outcome]]:
    plan_id = plan(workspace, changes)
    report = push_stored(workspace, plan_id, joins=True)
    return report, outcomes(workspace, plan_id)
