"""All at once: generated CRM data in one or more Salesforce orgs, a HubSpot and a GLEIF, each behind its own port."""

from __future__ import annotations

import json
import ssl
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any, Generic, TypeVar

from sandbox.claim import claimed
from sandbox.clock import SandboxClock
from sandbox.control import PREFIX
from sandbox.desk import FaultDesk
from sandbox.generator import Dataset, generate, write_truth
from sandbox.generator.native import linked
from sandbox.gleif import GleifApp
from sandbox.hubspot import HubspotApp, Settings
from sandbox.keys import Keys
from sandbox.log import RequestLog
from sandbox.salesforce import SalesforceApp
from sandbox.server import Listener
from sandbox.wire import App

SYSTEMS = ("salesforce", "hubspot", "gleif")
SALESFORCE_CREDENTIALS: Mapping[str, str] = {
    "client_id": "sandbox-client",
    "client_secret": "sandbox-secret",
    "username": "admin@sandbox.example",
    "password": "sandbox",
    "security_token": "sandbox-token",
    "refresh_token": "sandbox-refresh",
}
HUBSPOT_CREDENTIALS: Mapping[str, str] = {
    "token": "pat-sandbox-token",
    "client_id": "sandbox-client",
    "client_secret": "sandbox-secret",
    "refresh_token": "sandbox-refresh",
    "code": "sandbox-code",
}
SOAP_LOGIN = "64.0"  # the last version that logs in over SOAP
AnyApp = TypeVar("AnyApp", bound=App)


@dataclass(frozen=True, slots=True)
class Served(Generic[AnyApp]):
    """One system of the sandbox: where it listens, what opens it, and what tests reach into."""

    app: AnyApp
    listener: Listener
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


@dataclass(frozen=True, slots=True)
class Options:
    """What the data was generated from; a state folder remembers it."""

    size: int
    seed: int
    dirt: float
    as_of: str
    orgs: int
    native: bool = False


class Sandbox(AbstractContextManager["Sandbox"]):
    """The running systems, until `stop` or the end of the with block.

    `dataset` is what was generated, with its truth. A system that was not asked for raises LookupError.
    """

    def __init__(self, dataset: Dataset, state_dir: Path | None, keys: Keys | None, stack: ExitStack) -> None:
        self.dataset = dataset
        self.state_dir = state_dir
        self._keys = keys
        self.salesforce: list[Served[SalesforceApp]] = []
        self._hubspot: Served[HubspotApp] | None = None
        self._gleif: Served[GleifApp] | None = None
        self.stack = stack  # of all that ends with the sandbox

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Close every port and database; calling it twice is harmless."""
        self.stack.close()

    @property
    def hubspot(self) -> Served[HubspotApp]:
        return _present(self._hubspot, "HubSpot")

    @property
    def gleif(self) -> Served[GleifApp]:
        return _present(self._gleif, "GLEIF")

    def describe(self) -> dict[str, dict[str, str]]:
        """For each system its URL, its credentials and where its state is kept; fit to be printed as JSON."""
        return {name: dict(self._facts(served)) for name, served in self._named()}

    def _named(self) -> Iterator[tuple[str, Served[Any]]]:
        for number, served in enumerate(self.salesforce, start=1):
            yield "salesforce" if number == 1 else f"salesforce_{number}", served
        for name, one in (("hubspot", self._hubspot), ("gleif", self._gleif)):
            if one is not None:
                yield name, one

    def _facts(self, served: Served[Any]) -> Iterator[tuple[str, str]]:
        yield "url", served.url
        yield "control", f"{served.url}{PREFIX}"
        if served.url.startswith("https:") and self._keys is not None:
            yield "ca", str(self._keys.ca)
        if isinstance(served.app, SalesforceApp):
            yield "token_url", f"{served.url}/services/oauth2/token"
            yield "soap_url", f"{served.url}/services/Soap/u/{SOAP_LOGIN}"
            yield "org_id", served.app.org_id
        yield from served.credentials.items()
        if self.state_dir is not None:
            yield "state", str(self.state_dir)

    def serve_salesforce(self, number: int, path: Path | None, clock: SandboxClock, listen: _Ports) -> None:
        app = SalesforceApp(path, clock=clock, org=number)
        self.stack.callback(app.close)
        if not app.count("Contact"):
            app.load(self.dataset.salesforce[number - 1])
        credentials = dict(SALESFORCE_CREDENTIALS)
        if self._keys is not None:
            app.settings.jwt_public_key = self._keys.jwt_public()
            credentials["jwt_private_key"] = str(self._keys.jwt)
        self.salesforce.append(Served(app, self._listen(app, listen), credentials))

    def serve_hubspot(self, path: Path | None, clock: SandboxClock, listen: _Ports, *, native: bool) -> None:
        app = HubspotApp(path, clock=clock, settings=Settings(salesforce_integration=native))
        self.stack.callback(app.close)
        if not app.count("contacts"):
            app.load(self.dataset.hubspot)
        self._hubspot = Served(app, self._listen(app, listen), HUBSPOT_CREDENTIALS)

    def serve_gleif(self, clock: SandboxClock, listen: _Ports) -> None:
        app = GleifApp(clock=clock, per_minute=None)
        app.load(self.dataset.gleif)
        self._gleif = Served(app, self._listen(app, listen))

    def _listen(self, app: App, ports: _Ports) -> Listener:
        port = ports.next(app.system)
        try:
            listener = Listener(app, port, state_dir=self.state_dir, tls=ports.tls)
        except OSError as error:
            raise PortUnusable(port, error) from error
        return self.stack.enter_context(listener)


class PortUnusable(OSError):
    """The system does not let us listen on `port`."""

    def __init__(self, port: int, error: OSError) -> None:
        super().__init__(error.errno, error.strerror)
        self.port = port


@dataclass(slots=True)
class _Ports:
    """A system's own ports in turn, then those given for any, then free ones."""

    given: list[int]
    own: dict[str, list[int]]
    tls: ssl.SSLContext | None = None

    def next(self, system: str) -> int:
        for ports in (self.own.get(system), self.given):
            if ports:
                return ports.pop(0)
        return 0


def start(
    size: int = 2_000,
    seed: int = 1,
    dirt: float = 1.0,
    as_of: date | None = None,
    *,
    orgs: int = 1,
    ports: Sequence[int] | None = None,
    own_ports: Mapping[str, Sequence[int]] | None = None,
    state_dir: Path | None = None,
    systems: Sequence[str] = SYSTEMS,
    keys: Keys | None = None,
    tls: bool = False,
    native: bool = False,
) -> Sandbox:
    """Generate the data and serve it: first all Salesforce orgs, then HubSpot, then GLEIF take a port each.

    `own_ports` are a system's own; `ports` go to whoever has none, in that order. With `keys` a Salesforce takes JWT
    that their private key signed, and `tls` serves https under their authority.

    With `native` HubSpot's own Salesforce integration is on, and connected to the first org.
    `as_of` is the last day of the generated data, today by default. With `state_dir` the records live in files there,
    the truth about them beside them (truth/records.parquet ...), and a later start with the same folder goes on with
    them, whatever the other options say.
    """
    if tls and keys is None:
        raise ValueError("To speak TLS the sandbox needs keys.")
    if unknown := set(systems) - set(SYSTEMS):
        raise ValueError(f"The sandbox has no system {min(unknown)!r}; it has {', '.join(SYSTEMS)}.")
    with ExitStack() as stack:
        if state_dir is not None:
            stack.enter_context(claimed(state_dir))
        options = _remembered(Options(size, seed, dirt, (as_of or _today()).isoformat(), orgs, native), state_dir)
        day = date.fromisoformat(options.as_of)
        dataset = generate(options.size, seed=options.seed, dirt=options.dirt, as_of=day, orgs=options.orgs)
        dataset = linked(dataset) if options.native else dataset
        if state_dir is not None:
            write_truth(dataset, state_dir)
        sandbox = Sandbox(dataset, state_dir, keys, stack)
        own = {system: list(given) for system, given in (own_ports or {}).items()}
        listen = _Ports(list(ports or ()), own, keys.tls() if keys and tls else None)
        _serve(sandbox, options, systems, _clock(day), listen)
        sandbox.stack = stack.pop_all()
    return sandbox


def _serve(sandbox: Sandbox, options: Options, systems: Sequence[str], clock: SandboxClock, listen: _Ports) -> None:
    folder = sandbox.state_dir
    if "salesforce" in systems:
        for number in range(1, options.orgs + 1):
            sandbox.serve_salesforce(number, folder / f"salesforce_{number}.db" if folder else None, clock, listen)
    if "hubspot" in systems:
        sandbox.serve_hubspot(folder / "hubspot.db" if folder else None, clock, listen, native=options.native)
    if "gleif" in systems:
        sandbox.serve_gleif(clock, listen)


def _remembered(options: Options, state_dir: Path | None) -> Options:
    """The options the folder's records were made from; these ones when it has none yet."""
    if state_dir is None:
        return options
    file = state_dir / "sandbox.json"
    if file.is_file():
        return Options(**json.loads(file.read_text("utf-8")))
    file.write_text(json.dumps(asdict(options)), "utf-8")
    return options


def _today() -> date:
    return datetime.now(UTC).date()


def _clock(as_of: date) -> SandboxClock:
    """The machine's own time, unless the data reaches beyond it: all of it happened before the day it is as of."""
    begin = datetime.combine(as_of, time(), UTC)
    return SandboxClock(begin) if begin > datetime.now(UTC) else SandboxClock()


def _present(served: Served[AnyApp] | None, name: str) -> Served[AnyApp]:
    if served is None:
        raise LookupError(f"This sandbox was started without {name}.")
    return served
