"""Conflicts with their times and authors, from both sandbox CRMs: the newer value counts where clocks can say so."""

from __future__ import annotations

import pytest

from connectors.salesforce import SalesforceConnector
from model.changes import SetField
from model.conflicts import Conflict
from sync.plan import plan_changes
from sync.pull import pull_all
from sync.undo import undo_run
from sync.workspace import Workspace
from tests.sync.scene import Scene, change_of, pushed, stored_plan
from tests.sync.test_fields import cycle, pair_of, set_alike, settings

ALIKE = {"title": "Buyer", "phone": "+442071234567", "city": "Leeds"}
HISTORY = {"route": "batch/read", "contains": "propertiesWithHistory"}


def later(scene: Scene, seconds: float) -> None:
    scene.sf.clock.turn(seconds)
    scene.hs.clock.turn(seconds)


def agreed(scene: Scene, workspace: Workspace) -> tuple[str, str]:
    """A pair that has agreed on title, phone and city, a while ago."""
    now_ms = max(app.clock.now_ms() for app in (scene.sf, scene.hs))
    for app in (scene.sf, scene.hs):
        app.clock.set_ms(now_ms)  # other tests leave them apart
    sf, hs = pair_of(workspace)
    set_alike(scene, sf, hs, **ALIKE)
    cycle(scene, workspace)
    later(scene, 600)
    return sf, hs


def queued(workspace: Workspace, sf: str) -> dict[str, Conflict]:
    return {one.field: one for one in workspace.store.conflicts() if one.left.id == sf}


def planned(workspace: Workspace, sf: str, hs: str) -> dict[str, SetField]:
    """The changes of the newest plan to the pair, by connection and field."""
    changes = [one for one in stored_plan(workspace) if isinstance(one, SetField) and one.key.id in (sf, hs)]
    return {f"{one.key.connection} {one.field}": one for one in changes}


def test_the_newer_value_counts_in_both_directions_and_close_ones_wait(scene: Scene) -> None:
    with scene.open_alike(**settings(dict.fromkeys(ALIKE, "two-way"))) as workspace:
        sf, hs = agreed(scene, workspace)
        scene.edit("hs", hs, title="CEO", city="York")
        scene.edit("sf", sf, phone="+442071234568")
        later(scene, 30)
        scene.edit("sf", sf, city="Hull")
        later(scene, 600)
        scene.edit("sf", sf, title="CFO")
        scene.edit("hs", hs, phone="+442071234569")
        rows = cycle(scene, workspace)
        assert sorted(rows) == ["hs title: 'CEO' -> 'CFO'", "sf phone: '+442071234568' -> '+442071234569'"]
        reason = planned(workspace, sf, hs)["hs title"].reason
        assert reason.startswith("newer: set ")
        assert "; the other side's was set " in reason
        city = queued(workspace, sf)["city"]
        assert (city.left_value, city.right_value) == ("Hull", "York")
        assert city.left_at is not None
        assert city.right_at is not None
        assert city.left_at > city.right_at
        assert city.left_by
        assert city.right_by
        run = workspace.store.runs()[-1].id
        before = {name: sink.usage.calls.get("history", 0) for name, sink in workspace.sinks().items()}
        assert plan_changes(workspace).plan_id is None, "nothing echoes"
        after = {name: sink.usage.calls.get("history", 0) for name, sink in workspace.sinks().items()}
        assert after == before, "what is in the queue is not asked about again"
        undo_run(workspace, run)
        undone = planned(workspace, sf, hs)
        assert (undone["hs title"].after, undone["sf phone"].after) == ("CEO", "+442071234568")


def test_what_only_bounds_a_time_and_what_we_wrote_ourselves_never_wins(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    fields = {"title": "two-way", "phone": {"authority": "two-way", "newest": False}, "city": "two-way"}
    with scene.open_alike(**settings(fields)) as workspace:
        sf, hs = agreed(scene, workspace)
        scene.edit("hs", hs, title="CEO", city="York", phone="+442071234568")
        later(scene, 600)
        pushed(workspace, [change_of(workspace, "sf", sf, "city", "Hull")])
        later(scene, 600)
        tracked = scene.sf.settings.rules.tracked
        monkeypatch.setitem(tracked, "Contact", tuple(name for name in tracked["Contact"] if name != "Title"))
        scene.edit("sf", sf, title="CFO", phone="+442071234569")
        assert cycle(scene, workspace) == []
        waiting = queued(workspace, sf)
        assert waiting.keys() == {"title", "phone", "city"}
        assert waiting["title"].left_by.endswith(" or somebody before")
        assert waiting["title"].left_at is not None
        assert waiting["city"].left_by == "Trueline"
        later(scene, 600)
        scene.edit("hs", hs, title="Chair")
        assert cycle(scene, workspace) == ["sf title: 'CFO' -> 'Chair'"], "the latest time it can have may lose"


def test_a_system_that_tells_no_history_leaves_the_conflict_open_and_is_asked_again(scene: Scene) -> None:
    with scene.open_alike(**settings({"title": "two-way"})) as workspace:
        sf, hs = agreed(scene, workspace)
        scene.edit("hs", hs, title="CEO")
        later(scene, 3600)
        scene.edit("sf", sf, title="CFO")
        later(scene, 60)
        pull_all(workspace)
        for status in (429, 500, 403):
            scene.fault("hs", **HISTORY, status=status)
            plan_changes(workspace)
            title = queued(workspace, sf)["title"]
            assert (title.right_at, title.right_by) == (None, ""), status
            assert title.left_at is not None, status
            scene.prepared.crm.sandbox.hubspot.faults.clear()
        plan_changes(workspace)
        assert planned(workspace, sf, hs)["hs title"].after == "CFO"
        assert not queued(workspace, sf)


def test_a_clock_that_was_wrong_at_the_edit_and_is_right_again_makes_no_value_the_newer(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    with scene.open_alike(**settings({"title": "two-way", "city": "two-way"})) as workspace:
        sf, hs = agreed(scene, workspace)
        with monkeypatch.context() as wrong:
            ahead = SalesforceConnector.clock_ahead
            wrong.setattr(SalesforceConnector, "clock_ahead", lambda self: ahead(self) + 3_600_000_000)
            pull_all(workspace)
        with scene.sf.clock.at(scene.sf.clock.now_ms() + 3_600_000):
            scene.edit("sf", sf, title="CFO")
        later(scene, 600)
        scene.edit("hs", hs, title="CEO")
        later(scene, 3600)
        assert cycle(scene, workspace) == []
        title = queued(workspace, sf)["title"]
        assert title.left_at is not None
        assert title.right_at is not None
        assert title.left_at > title.right_at, "set before the other one, by a clock that was an hour ahead"
        later(scene, 100_000)
        pull_all(workspace)
        later(scene, 100_000)
        scene.edit("sf", sf, city="Hull")
        later(scene, 600)
        scene.edit("hs", hs, city="York")
        assert cycle(scene, workspace) == ["sf city: 'Hull' -> 'York'"], "right for more than a day"
