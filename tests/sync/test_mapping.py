"""The mapping that is proposed from two CRMs, put to work as it is."""

from __future__ import annotations

import tomllib

from model.settings import ProjectSettings
from model.sync_settings import SyncSettings
from reports.sync_section import sync_section
from sync.mapping import propose_mapping
from sync.plan import plan_changes
from tests.sync.scene import Scene, pushed
from tests.sync.test_native import cells


def proposed(scene: Scene) -> SyncSettings:
    with scene.open() as workspace:
        section = tomllib.loads(sync_section(propose_mapping(workspace)))
        told = {**workspace.settings.model_dump(mode="json"), **section}
        return ProjectSettings.model_validate(told).sync


def test_proposed_mapping_plans_fields_of_both_crms_and_then_settles(scene: Scene) -> None:
    sync = proposed(scene)
    assert "country" in sync.contacts.fields
    with scene.open(sync=sync) as workspace:
        report = plan_changes(workspace)
        planned = workspace.store.plan_changes(report.plan_id or "")
        written = {(connection, field) for connection, _, _, field in cells(planned)}
        pushed(workspace, [one.change for one in planned])
        left = plan_changes(workspace)
    assert {"hs", "sf"} == {connection for connection, _ in written}
    assert report.by_rule["sync"] > 0
    assert left.by_rule.get("sync", 0) == 0, left.rows
