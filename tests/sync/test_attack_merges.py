"""A HubSpot merge takes several calls: whatever stops it between two of them, no opt-out and no value is lost."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl
import pytest

from model.changes import Merge, Outcome
from model.evidence import RecordKey
from sync.push import push_stored
from sync.workspace import Workspace
from tests.sync.scene import Scene, outcomes, plan, pushed


@pytest.fixture
def two(scene: Scene) -> tuple[str, str]:
    one, other = scene.ids("hs")[:2]
    return one, other


def merge_of(workspace: Workspace, one: str, other: str) -> Merge:
    held = workspace.store.frame("contacts", connections=["hs"]).filter(pl.col("id") == one)
    keys = [RecordKey("hs", "contacts", record) for record in (one, other)]
    values = (("email_opt_out", True), ("title", "Chosen"))
    return Merge(keys[0], (keys[1],), values, int(held["changed_at"].dt.epoch("us").item()), "a reason", "test")


def test_opt_out_stands_on_the_survivor_before_anything_is_merged(scene: Scene, two: tuple[str, str]) -> None:
    seen: list[object] = []
    with scene.open_alike() as workspace:
        change = merge_of(workspace, *two)
        scene.when("hs", lambda: seen.append(scene.hs.row("contacts", two[0])), route="/merge")
        _, (came,) = pushed(workspace, [change])
    assert came.status == "applied"
    assert [row["hs_email_optout"] for row in seen if isinstance(row, dict)] == ["true"]
    survivor = scene.hs.row("contacts", came.made or "") or {}
    assert (survivor["hs_email_optout"], survivor["jobtitle"]) == ("true", "Chosen")


def test_merge_stopped_before_its_values_sets_them_when_it_is_taken_up(scene: Scene, two: tuple[str, str]) -> None:
    came = taken_up(scene, two)
    assert came.status == "applied"
    assert (scene.hs.row("contacts", came.made or "") or {})["jobtitle"] == "Chosen"
    assert scene.prepared.crm.sandbox.hubspot.requests.count(route="/crm/objects/2026-03/contacts/merge") == 1


def test_value_somebody_set_after_a_merge_that_stopped_stays(scene: Scene, two: tuple[str, str]) -> None:
    came = taken_up(scene, two, title="Theirs")
    assert came.status == "applied"
    assert (scene.hs.row("contacts", came.made or "") or {})["jobtitle"] == "Theirs"


def taken_up(scene: Scene, two: tuple[str, str], **theirs: str) -> Outcome:
    """What came of a merge that met a dead line behind its opt-out, and was pushed again once the line was back."""
    with scene.open_alike() as workspace:
        plan_id = plan(workspace, [merge_of(workspace, *two)])
        scene.fault("hs", after=1, drop=True)
        push_stored(workspace, plan_id, joins=True)
        scene.prepared.crm.sandbox.hubspot.faults.clear()
        (survivor,) = (str(row["hs_object_id"]) for row in scene.hs.rows("contacts") if two[0] in merged_into(row))
        assert scene.value("hs", survivor, "title") != "Chosen"
        if theirs:
            scene.hs.clock.turn(2)
            scene.edit("hs", survivor, **theirs)
        push_stored(workspace, plan_id, joins=True)
        (came,) = outcomes(workspace, plan_id)
    return came


def merged_into(row: Mapping[str, object]) -> list[str]:
    return str(row["hs_merged_object_ids"] or "").split(";")
