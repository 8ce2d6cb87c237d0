"""Kill -9 at every numbered point between journal and outcome: after the next push nothing is lost or doubled."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from sandbox.start import start
from sync.push import push_stored
from sync.workspace import Workspace, open_workspace
from tests.postgres import PostgresServer, postgres_server  # noqa: F401
from tests.proof.points import command_dying_at, points_of
from tests.sync.conftest import SECRETS, TODAY, Crm, connected
from tests.sync.killed import write_project
from tests.sync.scene import Prepared, prepare_plan, prepared_scene, remote_rows

PUSH = ["push", "--merges", "--apply"]
# How many points of all a test run takes; a soak takes every one.
SAMPLED = 6
Rows = dict[str, dict[object, dict[str, object]]]


@pytest.fixture(scope="module")
def planned_small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prepared]:
    """A small sandbox and a store with everything up to a plan, merges and conversions included."""
    with start(40, 9, 1.0, TODAY) as sandbox:
        crm = Crm(sandbox, connected(sandbox))
        yield prepared_scene(crm, SECRETS.__getitem__, tmp_path_factory.mktemp("points"), prepare_plan)


class Project:
    """A folder with settings and the store of a plan, on a sandbox that can be put back."""

    def __init__(self, prepared: Prepared, folder: Path, url: Callable[[], str]) -> None:
        self.prepared, self.folder, self._url = prepared, folder, url
        self.url = ""

    def begin(self) -> None:
        self.prepared.put_back()
        for app in (self.prepared.crm.sandbox.salesforce[0].app, self.prepared.crm.sandbox.hubspot.app):
            app.clock.turn(120)
        self.url = self._url()
        write_project(self.prepared.crm, self.folder)
        with (self.folder / "trueline.toml").open("a") as settings:
            settings.write(f'[store]\nurl = "{self.url}"\n')

    def open(self) -> Workspace:
        return open_workspace(self.url, self.prepared.crm.settings, self.folder, SECRETS.__getitem__)

    def left(self) -> tuple[Rows, list[tuple[object, ...]], list[tuple[str, str]]]:
        """What stands in the CRMs, how often HubSpot says each property was written, and the outcomes."""
        portal = self.prepared.crm.sandbox.hubspot.app._portal.store.db
        history = portal.execute("SELECT kind, id, name, count(*) FROM history GROUP BY 1, 2, 3 ORDER BY 1, 2, 3")
        with self.open() as workspace:
            last = {item.planned.id: item.outcome.status for item in workspace.store.outcomes()}
            assert not workspace.store.unfinished()
        return remote_rows(self.prepared.crm), history.fetchall(), sorted(last.items())


def on_sqlite(prepared: Prepared, folder: Path) -> Project:
    def copied() -> str:
        for file in folder.glob("trueline.db*"):
            file.unlink()
        shutil.copy(prepared.store, folder)
        return f"sqlite:///{folder}/trueline.db"

    return Project(prepared, folder, copied)


def on_postgresql(prepared: Prepared, folder: Path, server: PostgresServer) -> Project:
    """The same plan made in PostgreSQL; each begin works on a copy of that database."""
    prepared.put_back()
    made = server.new_database()
    with open_workspace(made, prepared.crm.settings, folder, SECRETS.__getitem__) as workspace:
        prepare_plan(workspace)

    def copied() -> str:
        url = server.new_database()
        with psycopg.connect(server.url(), autocommit=True) as connection:
            names = [address.rpartition("/")[2] for address in (url, made)]
            connection.execute(f"DROP DATABASE {names[0]}")
            connection.execute(f"CREATE DATABASE {names[0]} TEMPLATE {names[1]}")
        return url

    return Project(prepared, folder, copied)


def survive_kills(project: Project, every: bool) -> int:
    """Push once undisturbed, then once for each point, dying there and pushing again: the same is left behind. How
    many points were tried."""
    project.begin()
    assert command_dying_at(0, PUSH, project.folder) == 0, (project.folder / "child.log").read_text()
    points, wanted = points_of(project.folder), project.left()
    assert {status for _, status in wanted[2]} <= {"applied", "already"}
    chosen = range(1, len(points) + 1, 1 if every else max(len(points) // SAMPLED, 1))
    for point in chosen:
        project.begin()
        code = command_dying_at(point, PUSH, project.folder)
        assert code < 0, f"point {point} was not reached: {(project.folder / 'child.log').read_text()}"
        with project.open() as workspace:
            report = push_stored(workspace, joins=True)
        rows, history, outcomes = project.left()
        where = f"killed at point {point} of {len(points)}, {points[point - 1]}: {report.sentence} {report.stopped}"
        assert outcomes == wanted[2], where
        assert rows == wanted[0], where
        assert history == wanted[1], f"{where}: something was written twice"
    return len(chosen)


@pytest.mark.timeout(600)
def test_push_killed_at_some_points_neither_loses_nor_doubles(planned_small: Prepared, tmp_path: Path) -> None:
    assert survive_kills(on_sqlite(planned_small, tmp_path), every=False) >= SAMPLED


@pytest.mark.soak
@pytest.mark.timeout(0)
@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_push_killed_at_every_point_neither_loses_nor_doubles(
    planned_small: Prepared, tmp_path: Path, request: pytest.FixtureRequest, database: str
) -> None:
    if database == "sqlite":
        project = on_sqlite(planned_small, tmp_path)
    else:
        project = on_postgresql(planned_small, tmp_path, request.getfixturevalue("postgres_server"))
    print(f"\n{database}: killed at each of {survive_kills(project, every=True)} points", flush=True)
