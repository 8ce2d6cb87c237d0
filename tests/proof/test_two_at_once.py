"""Two processes started on one store at once: one works, the other says who holds the lease and does nothing."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sandbox.faults import Fault
from sandbox.start import start
from tests.postgres import postgres_server  # noqa: F401
from tests.proof.test_points import Project, on_postgresql, on_sqlite
from tests.sync.conftest import SECRETS, TODAY, Crm, connected
from tests.sync.killed import finish, start_command
from tests.sync.scene import WRITE, Prepared, prepare_plan, prepared_scene


@pytest.fixture(scope="module")
def planned(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prepared]:
    with start(30, 9, 1.0, TODAY) as sandbox:
        crm = Crm(sandbox, connected(sandbox))
        yield prepared_scene(crm, SECRETS.__getitem__, tmp_path_factory.mktemp("two"), prepare_plan)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=[pytest.mark.postgres, pytest.mark.soak])])
def project(planned: Prepared, tmp_path: Path, request: pytest.FixtureRequest) -> Project:
    folder = tmp_path / "one"
    folder.mkdir()
    if request.param == "sqlite":
        return on_sqlite(planned, folder)
    return on_postgresql(planned, folder, request.getfixturevalue("postgres_server"))


def held_at_a_write(project: Project, meanwhile: Callable[[], None]) -> int:
    """Push in a process of its own, and do something else while it is at its first write; its exit code."""
    reached, done = threading.Event(), threading.Event()

    def hold(*_: object) -> None:
        reached.set()
        done.wait(60)

    sandbox = project.prepared.crm.sandbox
    for connection, served in (("sf", sandbox.salesforce[0]), ("hs", sandbox.hubspot)):
        served.faults.add(Fault(route=WRITE[connection], nth=1, act=hold))
    process = start_command(["push", "--apply"], project.folder)
    try:
        assert reached.wait(60), (project.folder / "child.log").read_text()
        meanwhile()
    finally:
        done.set()
    return finish(process)


def test_of_two_pushes_at_once_one_works_and_the_other_says_who_does(project: Project, tmp_path: Path) -> None:
    project.begin()
    other = tmp_path / "other"
    other.mkdir()
    (other / "trueline.toml").write_text((project.folder / "trueline.toml").read_text())
    told: list[str] = []

    def push_as_well() -> None:
        assert finish(start_command(["push", "--apply"], other)) == 1
        told.append((other / "child.log").read_text())

    assert held_at_a_write(project, push_as_well) == 0
    (said,) = told
    assert said.startswith("trueline: ")
    assert said.count("\n") == 1
    assert "at work" in said
    assert "process" in said
    assert os.uname().nodename in said
    with project.open() as workspace:
        assert {item.outcome.status for item in workspace.store.outcomes()} == {"applied"}
        assert [run.kind for run in workspace.store.runs()].count("push") == 1
