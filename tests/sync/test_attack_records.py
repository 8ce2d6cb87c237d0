"""What a push makes of lost answers about whole records: made, merged, converted, deleted and restored just once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import polars as pl
import pytest

from model.changes import Change, Convert, Create, Delete, Merge, Restore
from model.evidence import RecordKey
from tests.sync.scene import Scene, pushed

LOST = pytest.mark.parametrize(
    "fault",
    [
        pytest.param({"stage": "after", "drop": True}, id="answer-lost"),
        pytest.param({"stage": "before", "drop": True}, id="request-lost"),
        pytest.param({"stage": "after", "cut_after": 20}, id="cut-body"),
        pytest.param({"status": 503}, id="busy"),
    ],
)
SOAP, COLLECTION = "/services/Soap/u/", "/composite/sobjects"


def version(workspace: Any, record: str, stream: str) -> int:
    held = workspace.store.frame(stream, connections=["sf"]).filter(pl.col("id") == record)
    return int(held["changed_at"].dt.epoch("us").item())


def key(record: str, stream: str = "contacts") -> RecordKey:
    return RecordKey("sf", stream, record)


def made(_: Any, __: Scene) -> Change:
    return Create(key("t-1"), (("family_name", "Made"),), None, "r")


def merged(workspace: Any, scene: Scene) -> Change:
    survivor, *losers = scene.ids("sf")[:4]
    return Merge(key(survivor), tuple(key(one) for one in losers), (), version(workspace, survivor, "contacts"), "r")


def deleted(workspace: Any, scene: Scene) -> Change:
    record = scene.ids("sf")[0]
    return Delete(key(record), version(workspace, record, "contacts"), "r")


def restored(_: Any, scene: Scene) -> Change:
    record = scene.ids("sf")[0]
    scene.sf.delete("Contact", record)
    return Restore(key(record), None, "r")


def converted(workspace: Any, scene: Scene) -> Change:
    record = next(row["Id"] for row in scene.sf.rows("Lead") if not row["IsConverted"])
    return Convert(key(record, "leads"), None, None, version(workspace, record, "leads"), "r")


@LOST
@pytest.mark.parametrize(
    ("change", "route", "contacts"),
    [
        pytest.param(made, COLLECTION, 1, id="create"),
        pytest.param(merged, SOAP, -3, id="merge"),
        pytest.param(deleted, COLLECTION, -1, id="delete"),
        pytest.param(restored, SOAP, 0, id="restore"),
        pytest.param(converted, SOAP, 1, id="convert"),
    ],
)
def test_change_whose_answer_was_lost_is_carried_out_once_in_the_same_run(
    scene: Scene, fault: dict[str, Any], change: Callable[[Any, Scene], Change], route: str, contacts: int
) -> None:
    before = len(scene.ids("sf"))
    with scene.open_alike() as workspace:
        wanted = change(workspace, scene)
        scene.fault("sf", route=route, count=1, **fault)
        report, (outcome,) = pushed(workspace, [wanted])
        assert (outcome.status, report.stopped) == ("applied", {})
        assert (outcome.made is None) == isinstance(wanted, Delete)
        assert not workspace.store.unfinished()
    assert len(scene.ids("sf")) - before == contacts


def test_merge_is_known_to_the_store_before_the_next_pull(scene: Scene) -> None:
    with scene.open_alike() as workspace:
        wanted = merged(workspace, scene)
        assert isinstance(wanted, Merge)
        pushed(workspace, [wanted])
        held = workspace.store.frame("contacts", columns=["merged_into"], connections=["sf"], deleted=True)
        losers = held.filter(pl.col("id").is_in([loser.id for loser in wanted.losers]))
        assert losers["merged_into"].to_list() == [wanted.key.id] * 3
