"""A HubSpot merge takes several calls: whatever stops it between two of them, no opt-out and no value is lost."""

from __future__ import annotations

import polars as pl
import pytest

from model.changes import Merge
from model.evidence import RecordKey
from sync.workspace import Workspace
from tests.sync.scene import Scene, pushed


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
    with scene.open() as workspace:
        change = merge_of(workspace, *two)
        scene.when("hs", lambda: seen.append(scene.hs.row("contacts", two[0])), route="/merge")
        _, (came,) = pushed(workspace, [change])
    assert came.status == "applied"
    assert [row["hs_email_optout"] for row in seen if isinstance(row, dict)] == ["true"]
    survivor = scene.hs.row("contacts", came.made or "") or {}
    assert (survivor["hs_email_optout"], survivor["jobtitle"]) == ("true", "Chosen")


def test_merge_stopped_before_its_values_sets_them_when_it_is_taken_up(scene: Scene, two: tuple[str, str]) -> None:
    with scene.open() as workspace:
        change = merge_of(workspace, *two)
        scene.fault("hs", nth=2, drop=True)
        report, (came,) = pushed(workspace, [change])
        assert report.settled == 0, "it is sent again, not taken for done"
    assert came.status == "applied"
    assert (scene.hs.row("contacts", came.made or "") or {})["jobtitle"] == "Chosen"
    assert scene.prepared.crm.sandbox.hubspot.requests.count(route="/crm/objects/2026-03/contacts/merge") == 1


def test_value_somebody_set_after_a_merge_that_stopped_stays(scene: Scene, two: tuple[str, str]) -> None:
    def set_by_somebody() -> None:
        scene.edit("hs", survivor_of(scene, two[0]), title="Theirs")

    with scene.open() as workspace:
        change = merge_of(workspace, *two)
        scene.fault("hs", nth=2, drop=True)
        scene.when("hs", set_by_somebody, nth=2)
        _, (came,) = pushed(workspace, [change])
    assert came.status == "applied"
    assert (scene.hs.row("contacts", came.made or "") or {})["jobtitle"] == "Theirs"


def survivor_of(scene: Scene, record: str) -> str:
    return next(
        str(row["hs_object_id"])
        for row in scene.hs.rows("contacts")
        if record in str(row["hs_merged_object_ids"] or "").split(";")
    )
