"""What if it dies right here? SIGKILL from within an HTTP call, before or after the remote did its work."""

from __future__ import annotations

import json
import os
import random
import re
import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest

from sandbox.faults import Fault
from sandbox.start import Served, start
from sandbox.wire import App, Request, Response
from sync.plan import pending_plan, plan_changes
from sync.pull import pull_all
from sync.push import push_stored
from tests.sync.conftest import SECRETS, TODAY, Crm, connected
from tests.sync.killed import finish, killing, start_command, write_project
from tests.sync.scene import Prepared, prepare, prepare_plan, prepared_scene, remote_rows

WRITES = {"sf": ("composite", "PATCH"), "hs": (r"batch/(update|create|archive|associate)", "")}


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prepared]:
    """A small sandbox and a store with everything up to a plan."""
    with start(60, 9, 1.0, TODAY) as sandbox:
        crm = Crm(sandbox, connected(sandbox))
        yield prepared_scene(crm, SECRETS.__getitem__, tmp_path_factory.mktemp("small"), prepare_plan)


@pytest.fixture
def project(small: Prepared, tmp_path: Path) -> Path:
    """A project on the sandbox put back to where it was; its store has the plan."""
    small.put_back()
    write_project(small.crm, tmp_path)
    shutil.copy(small.store, tmp_path)
    return tmp_path


def served(crm: Crm, connection: str) -> Served[App]:
    return crm.sandbox.salesforce[0] if connection == "sf" else crm.sandbox.hubspot  # type: ignore[return-value]


def count_writes(crm: Crm, connection: str) -> Counter[str]:
    """From now on, how often each record of a connection is sent to be written."""
    sent: Counter[str] = Counter()

    def note(request: Request, response: Response | None) -> Response | None:
        body = json.dumps(request.json())
        sent.update(re.findall(r"sobjects/\w+/(\w{15,18})", body) if connection == "sf" else set(hubspot_ids(request)))
        return None

    route, contains = WRITES[connection]
    served(crm, connection).faults.add(Fault(route=route, contains=contains, stage="after", act=note))
    return sent


def hubspot_ids(request: Request) -> list[str]:
    return [str(item["id"]) for item in request.json()["inputs"] if "id" in item]


def survive_kill_of_a_push(crm: Crm, folder: Path, connection: str, fault: Fault) -> bool:
    """Push the stored plan, die at the call the fault describes, push again: every change is applied exactly once.
    Whether it died."""
    with crm.open(folder) as workspace:
        planned = pending_plan(workspace)
    sent = {name: count_writes(crm, name) for name in WRITES}
    with killing(served(crm, connection), fault) as victims:
        victims.append(start_command(["push", "--apply"], folder))
        died = finish(victims[0]) < 0
    with crm.open(folder) as workspace:
        push_stored(workspace, planned.plan_id)
        statuses = {item.planned.id: item.outcome.status for item in workspace.store.outcomes(plan_id=planned.plan_id)}
        assert set(statuses.values()) == {"applied"}
        assert len(statuses) == len(planned.rows)
        prepare(workspace)
        assert plan_changes(workspace).rows == []
    if fault.stage == "after":
        again = {record: times for record, times in sent[connection].items() if times > 1}
        assert not again, "a write that had arrived was sent again"
    return died


# Points of a push are killed by tests/proof/test_points.py too, some in every run of the tests.
@pytest.mark.soak
@pytest.mark.parametrize(("connection", "stage", "nth"), [("sf", "after", 1), ("hs", "before", 1), ("hs", "after", 2)])
def test_push_killed_at_a_write_neither_repeats_nor_loses_a_change(
    small: Prepared, project: Path, connection: str, stage: Literal["before", "after"], nth: int
) -> None:
    route, contains = WRITES[connection]
    fault = Fault(route, contains=contains, nth=nth, stage=stage)
    died = survive_kill_of_a_push(small.crm, project, connection, fault)
    assert died or nth > 1, "the first write of each system must have been reached"


@pytest.mark.soak
@pytest.mark.timeout(0)
def test_pushes_killed_at_any_call_neither_repeat_nor_lose_a_change(tmp_path: Path) -> None:
    """SOAK_STEPS pushes over CRMs of another seed each, killed at a call chosen by chance; SEED repeats a soak."""
    steps, seed = int(os.environ.get("SOAK_STEPS", "20")), int(os.environ.get("SEED", "1"))
    print(f"\nsoak of {steps} killed pushes, SEED={seed}")
    chance, died = random.Random(seed), 0
    for step in range(steps):
        folder = tmp_path / str(step)
        folder.mkdir()
        stage: Literal["before", "after"] = "after" if chance.random() < 0.5 else "before"
        connection, nth = chance.choice(["sf", "hs"]), chance.randrange(1, 14)
        with start(60, chance.randrange(1_000_000), 1.0, TODAY) as sandbox:
            crm = Crm(sandbox, connected(sandbox))
            write_project(crm, folder)
            with crm.open(folder) as workspace:
                prepare_plan(workspace)
            died += survive_kill_of_a_push(crm, folder, connection, Fault(nth=nth, stage=stage))
        print(f"step {step}: {connection}, call {nth}, {stage}; {died} of {step + 1} died", flush=True)
    assert died, "no push was killed at all"


@pytest.mark.parametrize(("connection", "nth"), [("sf", 12), pytest.param("hs", 9, marks=pytest.mark.soak)])
def test_pull_killed_in_mid_stream_resumes_and_loses_nothing(
    small: Prepared, project: Path, connection: str, nth: int
) -> None:
    (project / "trueline.db").unlink()
    with killing(served(small.crm, connection), Fault(route="/(query|objects|associations)", nth=nth)) as victims:
        victims.append(start_command(["pull"], project))
        assert finish(victims[0]) < 0
    with small.crm.open(project) as resumed, small.crm.open(small.store.parent) as whole:
        assert not [result for result in pull_all(resumed) if result.stopped]
        for stream in ("users", "stages", "accounts", "contacts", "leads", "deals"):
            assert resumed.store.frame(stream).equals(whole.store.frame(stream)), stream
        # A link has no version of its own in HubSpot; its `changed_at` is when it was seen.
        links = [store.frame("associations").drop("changed_at") for store in (resumed.store, whole.store)]
        assert links[0].equals(links[1])


def test_undo_killed_at_a_write_still_puts_everything_back(small: Prepared, project: Path) -> None:
    before = remote_rows(small.crm)
    with small.crm.open(project) as workspace:
        run_id = push_stored(workspace).run_id or ""
    with killing(served(small.crm, "hs"), Fault(route="batch/update", nth=1, stage="after")) as victims:
        victims.append(start_command(["undo", run_id, "--apply"], project))
        assert finish(victims[0]) < 0
    with small.crm.open(project) as workspace:
        push_stored(workspace, kind="undo")
    assert remote_rows(small.crm) == before
