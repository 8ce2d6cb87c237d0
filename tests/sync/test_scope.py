"""A cycle that looks at what changed alone leaves nothing for one that looks at everything."""

from __future__ import annotations

import random
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from model.sync_settings import SyncSettings
from sync.enrich import enrich_accounts
from sync.plan import PlanReport, plan_changes
from sync.pull import pull_all
from sync.push import push_stored
from sync.scope import is_at_rest, plan_settings, scope_of
from sync.score import score_records
from sync.workspace import Workspace
from tests.sync.scene import Prepared, Scene, worked_on

FIELDS = {"title": "two-way", "phone": "prefer:sf-unless-blank", "city": "two-way", "email": "fill-only"}
SETTINGS = {
    "sync": SyncSettings.model_validate({
        "between": ("sf", "hs"), "contacts": {"fields": FIELDS}, "accounts": {"fields": {"phone": "two-way"}},
    })
}  # fmt: skip
VALUES = {"title": "Head of {}", "phone": "+4420712345{:02}", "city": "Town {}"}


def pulled(scene: Scene, workspace: Workspace) -> None:
    scene.sf.clock.turn(60)
    scene.hs.clock.turn(60)
    assert not [result.stopped for result in pull_all(workspace) if result.stopped]


def settled(scene: Scene, workspace: Workspace, *, full: bool) -> list[PlanReport]:
    """Pull, plan and push until nothing is planned any more; the plans."""
    plans: list[PlanReport] = []
    while not plans or plans[-1].rows:
        pulled(scene, workspace)
        plans.append(plan_changes(workspace, full=full))
        if plans[-1].rows:
            push_stored(workspace, plans[-1].plan_id)
        assert len(plans) < 9
    return plans


@pytest.fixture(scope="module")
def rested(prepared: Prepared, tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    """The two CRMs and the store when plans of everything have nothing left."""

    def settle(scene: Scene) -> None:
        with scene.open_alike(**SETTINGS) as workspace:
            settled(scene, workspace, full=True)
            score_records(workspace)

    return worked_on(prepared, tmp_path_factory.mktemp("rested"), settle)


@pytest.fixture
def at_rest(rested: Prepared, tmp_path: Path) -> Scene:
    """Those, put back to where they were."""
    rested.put_back()
    return Scene(rested, tmp_path)


def edited(scene: Scene, seed: int) -> None:
    chance = random.Random(seed)
    for number in range(12):
        name = chance.choice(("sf", "hs"))
        field = chance.choice(sorted(VALUES))
        record = chance.choice(scene.ids(name))
        scene.edit(name, record, **{field: VALUES[field].format(number)})
    scene.sf.delete("Contact", chance.choice(scene.ids("sf")))
    scene.hs.create("contacts", email=f"new{seed}@fresh.example", lastname="Fresh", country="germany")


def changes(report: PlanReport) -> set[tuple[str, str]]:
    return {(row.key, row.what) for row in report.rows}


@pytest.mark.parametrize("seed", [1, pytest.param(2, marks=pytest.mark.soak)])
def test_what_changed_alone_is_planned_as_everything_is(at_rest: Scene, seed: int) -> None:
    with at_rest.open_alike(**SETTINGS) as workspace:
        edited(at_rest, seed)
        pulled(at_rest, workspace)
        some = plan_changes(workspace, full=False)
        every = plan_changes(workspace)
        assert (some.in_part, every.in_part) == (True, False)
        assert some.rows
        assert changes(some) == changes(every)


def test_cycles_of_what_changed_leave_nothing_for_a_whole_plan(at_rest: Scene) -> None:
    with at_rest.open_alike(**SETTINGS) as workspace:
        edited(at_rest, 3)
        plans = settled(at_rest, workspace, full=False)
        assert all(plan.in_part for plan in plans)
        assert not plan_changes(workspace).rows


def test_nothing_is_looked_at_where_nothing_changed(at_rest: Scene) -> None:
    with at_rest.open_alike(**SETTINGS) as workspace:
        pulled(at_rest, workspace)
        settled(at_rest, workspace, full=False)
        assert is_at_rest(workspace)
        at_rest.edit("sf", at_rest.ids("sf")[0], city="Elsewhere")
        pulled(at_rest, workspace)
        assert not is_at_rest(workspace)
        scope = scope_of(workspace, plan_settings(workspace))
        assert scope is not None
        assert 0 < scope.keys.height < 20


def test_what_was_not_sent_is_planned_again(at_rest: Scene) -> None:
    with at_rest.open_alike(**SETTINGS) as workspace:
        edited(at_rest, 4)
        pulled(at_rest, workspace)
        first = plan_changes(workspace, full=False)
        again = plan_changes(workspace, full=False)
        assert first.rows
        assert changes(again) == changes(first)


def test_other_settings_call_for_a_whole_plan(at_rest: Scene) -> None:
    with at_rest.open_alike(**SETTINGS) as workspace:
        assert plan_changes(workspace, full=False).in_part
        workspace.settings = workspace.settings.model_copy(update={"sync": SyncSettings()})
        assert not plan_changes(workspace, full=False).in_part


def judged(workspace: Workspace) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Scores and findings but for spelling, whatever run they are of."""
    findings = workspace.store.findings().filter(pl.col("step") == "score", pl.col("rule") != "spelling-variant")
    told = findings.drop("run_id", "position")
    return workspace.store.scores(), told.sort(told.columns)


def test_what_changed_alone_is_scored_as_everything_is(at_rest: Scene) -> None:
    with at_rest.open_alike(**SETTINGS) as workspace:
        edited(at_rest, 5)
        at_rest.hs.edit("deals", at_rest.hs.rows("deals")[0]["hs_object_id"] or "", amount=None)
        pulled(at_rest, workspace)
        plan_changes(workspace, full=False)
        some = score_records(workspace, full=False)
        in_part = judged(workspace)
        score_records(workspace)
        assert some.in_part
        for frame, whole in zip(in_part, judged(workspace), strict=True):
            assert_frame_equal(frame, whole)


def test_answers_of_lookups_have_their_accounts_looked_at_again(scene: Scene) -> None:
    with scene.open() as workspace:
        workspace.store.settle("plan", "s")
        assert enrich_accounts(workspace).asked
        waiting = workspace.store.waiting("plan")
        assert set(waiting["stream"]) == {"accounts"}
        workspace.store.settle("plan", "s")
        assert enrich_accounts(workspace).remembered >= waiting.height
        assert workspace.store.waiting("plan").is_empty()
