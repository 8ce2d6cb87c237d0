"""`trueline schedule`: cycles in lines of JSON, one process per store, and a clean end in the middle of a cycle."""

from __future__ import annotations

import json
import os
import signal
import threading

from sandbox.faults import Fault
from sandbox.wire import Request, Response
from store import Store
from tests.trueline.conftest import Cli, Project
from tests.trueline.test_broken_off import started

# A minute that no test lives to see.
NEVER = "0 0 29 2 *"


def test_schedule_syncs_at_once_holds_its_lease_and_ends_cleanly(trueline: Cli, pulled: Project) -> None:
    child = started("schedule", NEVER, "--now", "--json", "-p", pulled.folder)
    assert child.stdout
    told = json.loads(child.stdout.readline())
    assert "error" not in told
    assert told["plan"]
    assert told["changes"]
    assert (told["run"], told["outcomes"]) == (None, {})
    who = f"another schedule is at work on the store {pulled.store} (process {child.pid} on "
    trueline("schedule", NEVER, "-p", pulled.folder).failed(1, who, ", since 2")
    assert trueline("match", "-p", pulled.folder).code == 0, "between two cycles other commands work"
    child.send_signal(signal.SIGTERM)
    assert child.communicate(timeout=60) == ("", "")
    assert child.returncode == 0


def test_stopped_schedule_records_the_unit_in_hand_and_sends_no_other(pulled: Project) -> None:
    called, stopped = threading.Event(), threading.Event()

    def hold(request: Request, _: Response | None) -> None:
        called.set()
        stopped.wait(60)

    pulled.sandbox.salesforce[0].faults.add(Fault(route="/composite", nth=1, act=hold))
    child = started("schedule", NEVER, "--now", "--apply", "--json", "-p", pulled.folder)
    try:
        assert called.wait(120)
        child.send_signal(signal.SIGTERM)
    finally:
        stopped.set()
    out, err = child.communicate(timeout=60)
    assert (child.returncode, err) == (0, "")
    assert json.loads(out)["error"] == "Stopped; the next cycle goes on from there."
    with Store.open(pulled.store) as store:
        run = store.runs()[-1]
        statuses = {item.outcome.status for item in store.outcomes(run_id=run.id)}
        assert (run.kind, store.unfinished()) == ("push", [])
        assert statuses <= {"applied", "already", "rejected"}
        assert 0 < len(store.outcomes(run_id=run.id)) < len(store.plan_changes(store.latest_plan() or ""))


def test_cycle_that_finds_another_command_at_work_says_so_and_lives_on(pulled: Project) -> None:
    with Store.open(pulled.store) as store, store.alone("command"):
        child = started("schedule", NEVER, "--now", "--json", "-p", pulled.folder)
        assert child.stdout
        told = json.loads(child.stdout.readline())
        assert f"another command is at work on the store {pulled.store} (process {os.getpid()} on " in told["error"]
    child.send_signal(signal.SIGINT)
    assert child.wait(60) == 0
    child.communicate()


def test_schedule_of_what_is_no_expression_is_misuse(trueline: Cli, pulled: Project) -> None:
    trueline("schedule", "61 * * * *", "-p", pulled.folder).failed(2, "'61' is no minute of a cron expression")
