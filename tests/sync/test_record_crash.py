"""Creates through a push that dies: what was made is found again, and made once."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from model.changes import Create
from sandbox.faults import Fault
from sandbox.start import start
from sync.plan import plan_changes
from sync.pull import pull_all
from tests.sync.conftest import TODAY, Crm, connected
from tests.sync.killed import finish, killing, start_command, write_project
from tests.sync.test_record_sync import WIDE, cycle, synced


@pytest.mark.soak
@pytest.mark.parametrize(("connection", "route"), [("sf", "composite/sobjects/"), ("hs", "batch/create")])
def test_push_killed_after_a_create_doubles_nothing(tmp_path: Path, connection: str, route: str) -> None:
    with start(40, 9, 1.0, TODAY) as sandbox:
        crm = Crm(sandbox, connected(sandbox))
        write_project(crm, tmp_path)
        with crm.open(tmp_path, sync=synced(), **WIDE) as workspace:
            pull_all(workspace)
            plan_changes(workspace)
        served: Any = sandbox.salesforce[0] if connection == "sf" else sandbox.hubspot
        with killing(served, Fault(route, nth=2, stage="after")) as victims:
            victims.append(start_command(["push", "--apply"], tmp_path))
            assert finish(victims[0]) < 0
        with crm.open(tmp_path, sync=synced(), **WIDE) as workspace:
            assert workspace.store.unfinished()
            sandbox.hubspot.app.clock.turn(120)  # HubSpot's search shows a new record some moments later
            cycle(workspace)
            assert cycle(workspace) == []
            made = [change.key.id for item in workspace.store.outcomes()
                    if item.outcome.status in ("applied", "already")
                    and isinstance(change := item.planned.change, Create)]  # fmt: skip
        marks = [row["Trueline_Id__c"] for table in ("Account", "Contact", "Lead")
                 for row in sandbox.salesforce[0].app.rows(table)]  # fmt: skip
        marks += [row["trueline_id"] for table in ("companies", "contacts") for row in sandbox.hubspot.app.rows(table)]
        counted = Counter(mark for mark in marks if mark)
        assert set(counted.values()) == {1}
        assert set(counted) == set(made)
