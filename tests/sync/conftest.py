"""Two sandbox CRMs over HTTP and a project that is connected to them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest

from model.settings import Caps, ProjectSettings
from sandbox.salesforce import SalesforceApp
from sandbox.start import Sandbox, start
from sync.match import match_records
from sync.pull import pull_all
from sync.resolve import resolve_people
from sync.workspace import Workspace, open_workspace
from tests.sync.scene import Prepared, Scene, prepare_plan, prepared_scene

TODAY = date(2026, 11, 22)
SECRETS = {"env:SF": "sandbox-secret", "env:HS": "pat-sandbox-token"}


@dataclass(frozen=True, slots=True)
class Crm:
    """A running sandbox and the settings that reach it."""

    sandbox: Sandbox
    settings: ProjectSettings

    def open(self, folder: Path, **changed: object) -> Workspace:
        """A workspace on a store in `folder`, with settings changed at the top level."""
        settings = self.settings.model_copy(update=changed)
        return open_workspace(f"sqlite:///{folder}/trueline.db", settings, folder, SECRETS.__getitem__)


def connected(sandbox: Sandbox) -> ProjectSettings:
    """Settings for every system of a sandbox: sf (and sf_emea where there are two orgs), hs and gleif."""
    orgs = {
        name: {
            "system": "salesforce",
            "host": "sandbox.my.salesforce.com",
            "base_url": org.url,
            "client_id": "sandbox-client",
            "secret": "env:SF",
            "currency": "USD",
        }
        for name, org in zip(("sf", "sf_emea"), sandbox.salesforce, strict=False)
    }
    hs = {"system": "hubspot", "base_url": sandbox.hubspot.url, "secret": "env:HS"}
    gleif = {"system": "gleif", "base_url": sandbox.gleif.url, "calls_per_minute": 100_000, "max_lookups": 1_000}
    return ProjectSettings.model_validate(
        {"connections": {**orgs, "hs": hs, "gleif": gleif}, "caps": Caps(max_share=1.0).model_dump()}
    )


@contextmanager
def fresh_scene(
    folder: Path, size: int, seed: int, change: Callable[[SalesforceApp], object] | None = None
) -> Iterator[Scene]:
    """CRMs of their own, in a new folder, pulled into a store once the org was changed so."""
    folder.mkdir(exist_ok=True)
    with start(size, seed, 1.0, TODAY) as sandbox:
        if change is not None:
            change(sandbox.salesforce[0].app)
        crm = Crm(sandbox, connected(sandbox))
        yield Scene(prepared_scene(crm, SECRETS.__getitem__, folder, pull_all), folder)


@pytest.fixture
def crm() -> Iterator[Crm]:
    """A small dirty pair of CRMs, fresh for each test."""
    with start(160, 5, 1.0, TODAY) as sandbox:
        yield Crm(sandbox, connected(sandbox))


@pytest.fixture
def workspace(crm: Crm, tmp_path: Path) -> Iterator[Workspace]:
    with crm.open(tmp_path) as opened:
        yield opened


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prepared]:
    """A sandbox that was pulled into a store and matched there, once for all tests."""
    with start(60, 9, 1.0, TODAY) as sandbox:
        crm = Crm(sandbox, connected(sandbox))
        yield prepared_scene(crm, SECRETS.__getitem__, tmp_path_factory.mktemp("prepared"), _pulled_and_matched)


def _pulled_and_matched(workspace: Workspace) -> None:
    pull_all(workspace)
    match_records(workspace)
    resolve_people(workspace)


@pytest.fixture
def scene(prepared: Prepared, tmp_path: Path) -> Scene:
    """The sandbox put back to where it was, and a copy of the store."""
    prepared.put_back()
    return Scene(prepared, tmp_path)


@pytest.fixture(scope="session")
def planned_once(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prepared]:
    """A larger sandbox and a store with everything up to a plan, once for all tests."""
    with start(160, 5, 1.0, TODAY) as sandbox:
        crm = Crm(sandbox, connected(sandbox))
        yield prepared_scene(crm, SECRETS.__getitem__, tmp_path_factory.mktemp("planned"), prepare_plan)


@pytest.fixture
def planned(planned_once: Prepared, tmp_path: Path) -> Scene:
    """That sandbox put back to where it was, and a copy of the store with its plan."""
    planned_once.put_back()
    return Scene(planned_once, tmp_path)


@pytest.fixture
def with_plan(planned: Scene) -> Iterator[Workspace]:
    with planned.open() as opened:
        yield opened
