"""Fields of the CRMs' own, mapped under one name, are kept alike as the canonical ones are."""

from __future__ import annotations

from typing import Any

from model.settings import PlanSettings
from model.sync_settings import SyncSettings
from sync.plan import plan_changes
from sync.pull import pull_all
from sync.push import push_stored
from sync.undo import undo_run
from sync.workspace import Workspace
from tests.sync.scene import Scene
from tests.sync.test_fields import pair_of

OWN = {"sf": {"fax_number": "Fax"}, "hs": {"fax_number": "fax"}}
OURS, THEIRS = "+442071230001", "+442071230002"


def opened(scene: Scene) -> Workspace:
    connections = {
        name: one.model_copy(update={"fields": {"contacts": OWN[name]}}) if name in OWN else one
        for name, one in scene.prepared.crm.settings.connections.items()
    }
    told: dict[str, Any] = {"between": ("sf", "hs"), "contacts": {"fields": {"fax_number": "two-way"}}}
    plan = PlanSettings(rules=(), merges="off")
    return scene.open(connections=connections, sync=SyncSettings.model_validate(told), plan=plan)


def cycle(scene: Scene, workspace: Workspace) -> tuple[list[str], str | None]:
    """Pull, plan and push, a minute later: the changes in words and the run that sent them."""
    scene.sf.clock.turn(60)
    scene.hs.clock.turn(60)
    pull_all(workspace)
    report = plan_changes(workspace)
    rows = [f"{row.key.split('/')[0]} {row.what}" for row in report.rows if "fax" in row.what]
    if report.plan_id is None:
        return rows, None
    pushed = push_stored(workspace, report.plan_id)
    assert pushed.statuses.keys() <= {"applied", "already"}, pushed
    return rows, pushed.run_id


def test_own_field_goes_to_the_other_crm_is_no_echo_and_is_undone(scene: Scene) -> None:
    with opened(scene) as workspace:
        pull_all(workspace, full=True)
        sf, hs = pair_of(workspace)
        scene.hs.edit("contacts", hs, fax=OURS)
        rows, run = cycle(scene, workspace)
        assert rows == [f"sf fax_number: blank -> '{OURS}'"]
        assert cycle(scene, workspace)[0] == []
        scene.sf.edit("Contact", sf, Fax=THEIRS)
        assert cycle(scene, workspace)[0] == [f"hs fax_number: '{OURS}' -> '{THEIRS}'"]
        assert scene.hs.row("contacts", hs)["fax"] == THEIRS  # type: ignore[index]
        assert cycle(scene, workspace)[0] == []
        scene.sf.edit("Contact", sf, Fax=OURS)
        scene.hs.edit("contacts", hs, fax=OURS)
        assert cycle(scene, workspace)[0] == []
        push_stored(workspace, undo_run(workspace, run or "").plan.plan_id)
        assert scene.sf.row("Contact", sf)["Fax"] is None
