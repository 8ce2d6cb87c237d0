"""The command line as a user has it: in process, in a process of its own, and on projects connected to a sandbox."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from tenacity import wait_none

from sandbox.start import Sandbox, start
from trueline.cli import run

ROOT = Path(__file__).parents[2]
TODAY = date(2026, 11, 22)
COMMAND = (sys.executable, "-m", "trueline")
_SEARCHES_PER_S = 1_000
SECRETS = {"TL_SF": "sandbox-secret", "TL_HS": "pat-sandbox-token"}


@dataclass(frozen=True, slots=True)
class Ran:
    """What a command line came to."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """The one JSON document on standard output; fails where there is more or less."""
        return json.loads(self.out)

    def failed(self, code: int, *sentences: str) -> None:
        """Assert plain sentences on standard error, a line each, that say all of `sentences`."""
        assert self.code == code, self
        assert self.err, self
        assert all(line.startswith("trueline: ") for line in self.err.splitlines()), self
        assert "Traceback" not in self.err
        assert "fault of its own" not in self.err
        for sentence in sentences:
            assert sentence in self.err, self.err


Cli = Callable[..., Ran]


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a developer's shell or a CI sets must not change what is printed; the sandbox's secrets are known."""
    for name in ("FORCE_COLOR", "NO_COLOR", "COLUMNS", "TRUELINE_PROJECT", "TRUELINE_STORE_URL", "TERM"):
        monkeypatch.delenv(name, raising=False)
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Calls are tried again as often as ever, but at once, and searches go out as fast as these CRMs take them."""
    for wait in ("wait_exponential", "wait_random"):
        monkeypatch.setattr(f"connectors._retry.{wait}", lambda *_, **__: wait_none())
    monkeypatch.setattr("connectors._hubspot_gateway.SEARCHES_PER_S", _SEARCHES_PER_S)


@pytest.fixture
def trueline(capsys: pytest.CaptureFixture[str]) -> Cli:
    """Run a command line in this process."""

    def call(*arguments: object) -> Ran:
        capsys.readouterr()
        code = run([str(argument) for argument in arguments])
        return Ran(code, *capsys.readouterr())

    return call


def environment(**extra: str) -> dict[str, str]:
    """The environment of a process that finds this source tree and the sandbox's secrets."""
    kept = {name: value for name, value in os.environ.items() if name not in ("FORCE_COLOR", "COLUMNS")}
    return {**kept, "PYTHONPATH": str(ROOT), **SECRETS, **extra}


def process(*arguments: object, **options: Any) -> Ran:
    """Run a command line in a process of its own."""
    done = subprocess.run(
        [*COMMAND, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        **{"env": environment(), **options},
    )
    return Ran(done.returncode, done.stdout, done.stderr)


def settings_for(salesforce: str, hubspot: str, gleif: str = "", more: str = "") -> str:
    """A trueline.toml that reaches a sandbox at these addresses."""
    lookup = f'[connections.gleif]\nsystem = "gleif"\nbase_url = "{gleif}"\ncalls_per_minute = 100000\n'
    return f"""
[connections.sf]
system = "salesforce"
host = "sandbox.my.salesforce.com"
base_url = "{salesforce}"
client_id = "sandbox-client"
currency = "USD"
secret = "env:TL_SF"
[connections.hs]
system = "hubspot"
base_url = "{hubspot}"
secret = "env:TL_HS"
{lookup if gleif else ""}
[caps]
max_share = 1.0
{more}
"""


@dataclass(frozen=True, slots=True)
class Project:
    """A project folder and the sandbox its connections reach."""

    folder: Path
    sandbox: Sandbox

    @property
    def store(self) -> Path:
        return self.folder / "trueline.db"

    def write(self, more: str = "") -> None:
        """Write the settings, with further tables at the end."""
        served = self.sandbox
        text = settings_for(served.salesforce[0].url, served.hubspot.url, served.gleif.url, more)
        (self.folder / "trueline.toml").write_text(text)


@contextmanager
def patient() -> Iterator[Sandbox]:
    """CRMs that take any number of searches, and whose records nobody has changed for a while."""
    with start(60, 5, 1.0, TODAY) as sandbox:
        sandbox.hubspot.app.set_limits(searches_per_s=_SEARCHES_PER_S)
        for app in (sandbox.salesforce[0].app, sandbox.hubspot.app):
            app.clock.turn(120)
        yield sandbox


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    """A fresh pair of CRMs and a project that was never pulled."""
    with patient() as sandbox:
        made = Project(tmp_path, sandbox)
        made.write()
        yield made


@pytest.fixture(scope="session")
def pulled_once(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """CRMs that no test writes to, and a project with everything up to a plan in its store."""
    with patient() as sandbox, pytest.MonkeyPatch.context() as patch:
        made = Project(tmp_path_factory.mktemp("pulled"), sandbox)
        patch.setattr("connectors._hubspot_gateway.SEARCHES_PER_S", _SEARCHES_PER_S)
        made.write()
        for name, value in SECRETS.items():
            patch.setenv(name, value)
        assert run(["sync", "-p", str(made.folder), "--json"]) == 0
        yield made


@pytest.fixture
def pulled(pulled_once: Project, tmp_path: Path) -> Project:
    """A copy of the project, so that a test may change its store but not the CRMs."""
    shutil.copytree(pulled_once.folder, tmp_path / "project")
    return Project(tmp_path / "project", pulled_once.sandbox)
