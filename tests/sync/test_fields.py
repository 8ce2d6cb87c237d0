"""Field sync between the two sandbox CRMs: what changes on one side arrives on the other, once, and nothing echoes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from hygiene.partners import Known, partner_pairs
from model.conflicts import Answer
from model.settings import PlanSettings
from model.sync_settings import SyncSettings
from sync.match import match_records
from sync.plan import plan_changes
from sync.pull import pull_all
from sync.push import push_stored
from sync.undo import undo_run
from sync.workspace import Workspace
from tests.sync.scene import Prepared, Scene, change_of, pushed, worked_on

BETWEEN = ("sf", "hs")


def settings(fields: dict[str, Any], **stream: Any) -> dict[str, Any]:
    sync = SyncSettings.model_validate({"between": BETWEEN, "contacts": {"fields": fields, **stream}})
    return {"sync": sync, "plan": PlanSettings(rules=(), merges="off")}


TITLE = settings({"title": "two-way"})


def pair_of(workspace: Workspace) -> tuple[str, str]:
    """A contact in each CRM that are one person and have one address."""
    match_records(workspace)
    store = workspace.store
    plan_changes(workspace)
    known = Known(store.memberships(), store.partners(), store.pairs(), store.bases(), store.verdicts())
    pairs, _ = partner_pairs(known, BETWEEN, ("contacts",), 0.95)
    emails = {row["id"]: row["email"] for row in store.frame("contacts").iter_rows(named=True) if row["email"]}
    return next(
        (left, right)
        for left, right in pairs.select("left_id", "right_id").iter_rows()
        if left in emails and emails[left] == emails.get(right)
    )


def cycle(scene: Scene, workspace: Workspace, times: int = 1) -> list[str]:
    """Pull, plan and push, so often, a minute apart; the last plan's changes in words."""
    rows: list[str] = []
    for _ in range(times):
        scene.sf.clock.turn(60)
        scene.hs.clock.turn(60)  # what was edited is found by searches by now
        assert not [result.stopped for result in pull_all(workspace) if result.stopped]
        report = plan_changes(workspace)
        rows = [f"{row.key.split('/')[0]} {row.what}" for row in report.rows]
        if report.plan_id:
            push_stored(workspace, report.plan_id)
    return rows


def set_alike(scene: Scene, sf: str, hs: str, **values: str) -> None:
    scene.edit("sf", sf, **values)
    scene.edit("hs", hs, **values)


@pytest.fixture(scope="module")
def buyers(prepared: Prepared, tmp_path_factory: pytest.TempPathFactory) -> tuple[Prepared, list[str]]:
    """The two CRMs and the store with a person who is a Buyer on both sides, and that contact's ids."""
    ids: list[str] = []

    def agree(scene: Scene) -> None:
        with scene.open_alike(**TITLE) as workspace:
            ids.extend(pair_of(workspace))
            set_alike(scene, *ids, title="Buyer")
            cycle(scene, workspace)

    return worked_on(prepared, tmp_path_factory.mktemp("buyers"), agree), ids


@pytest.fixture
def buyer(buyers: tuple[Prepared, list[str]], tmp_path: Path) -> tuple[Scene, str, str]:
    """Those, put back to where they were."""
    made, (sf, hs) = buyers
    made.put_back()
    return Scene(made, tmp_path), sf, hs


def test_a_change_on_one_side_goes_to_the_other_and_nothing_echoes(scene: Scene) -> None:
    with scene.open_alike(**settings({"title": "two-way", "phone": "two-way", "country": "two-way"})) as workspace:
        sf, hs = pair_of(workspace)
        set_alike(scene, sf, hs, title="Buyer", phone="+442071234567")
        cycle(scene, workspace)
        scene.edit("sf", sf, title="Head of Buying")
        scene.edit("hs", hs, phone="+442071234568")
        assert sorted(cycle(scene, workspace)) == [
            "hs title: 'Buyer' -> 'Head of Buying'",
            "sf phone: '+442071234567' -> '+442071234568'",
        ]
        assert (scene.value("hs", hs, "title"), scene.value("sf", sf, "phone")) == ("Head of Buying", "+442071234568")
        assert cycle(scene, workspace) == []
        assert plan_changes(workspace).plan_id is None


def test_both_changed_is_a_conflict_that_waits_for_an_answer(buyer: tuple[Scene, str, str]) -> None:
    scene, sf, hs = buyer
    with scene.open_alike(**TITLE) as workspace:
        scene.edit("sf", sf, title="CFO")
        scene.edit("hs", hs, title="CEO")
        assert not any("CFO" in row or "CEO" in row for row in cycle(scene, workspace))
        [conflict] = [one for one in workspace.store.conflicts() if one.left.id == sf]
        assert (conflict.field, conflict.left_value, conflict.right_value, conflict.base) == (
            "title",
            "CFO",
            "CEO",
            "Buyer",
        )
        workspace.store.answer_conflict(conflict.id, Answer("right"), "ops", 1)
        assert cycle(scene, workspace) == ["sf title: 'CFO' -> 'CEO'"]
        assert cycle(scene, workspace) == []
        assert conflict.id not in [one.id for one in workspace.store.conflicts()]


@pytest.mark.parametrize(
    ("answer", "ends"), [(Answer("leave"), ("CFO", "CEO")), (Answer("value", "COO"), ("COO", "COO"))]
)
def test_an_answer_may_leave_both_or_give_a_third_value(
    buyer: tuple[Scene, str, str], answer: Answer, ends: tuple[str, str]
) -> None:
    scene, sf, hs = buyer
    with scene.open_alike(**TITLE) as workspace:
        scene.edit("sf", sf, title="CFO")
        scene.edit("hs", hs, title="CEO")
        cycle(scene, workspace)
        [conflict] = [one for one in workspace.store.conflicts() if one.left.id == sf]
        workspace.store.answer_conflict(conflict.id, answer, "ops", 1)
        cycle(scene, workspace, 3)
        assert (scene.value("sf", sf, "title"), scene.value("hs", hs, "title")) == ends
        assert not [one for one in workspace.store.conflicts() if one.left.id == sf]
        scene.edit("hs", hs, title="Chair")
        cycle(scene, workspace, 2)
        assert scene.value("sf", sf, "title") == "Chair"


def test_undoing_a_correction_leaves_an_edit_as_open_as_it_was(scene: Scene) -> None:
    with scene.open_alike(**settings({"title": {"authority": "two-way", "newest": False}})) as workspace:
        sf, hs = pair_of(workspace)
        set_alike(scene, sf, hs, title="Buyer")
        cycle(scene, workspace)
        scene.edit("sf", sf, title="CFO")
        scene.edit("hs", hs, title="CEO")
        assert cycle(scene, workspace) == []
        report, _ = pushed(workspace, [change_of(workspace, "hs", hs, "title", "Chief")])
        undone = undo_run(workspace, report.run_id or "")
        push_stored(workspace, undone.plan.plan_id, kind="undo")
        assert cycle(scene, workspace) == [], "both changed since they agreed, whatever came and went between"
        assert [one.field for one in workspace.store.conflicts() if one.left.id == sf] == ["title"]


def test_undoing_a_sync_puts_the_value_back_on_one_side_and_is_not_carried_over(buyer: tuple[Scene, str, str]) -> None:
    scene, sf, hs = buyer
    with scene.open_alike(**TITLE) as workspace:
        scene.edit("sf", sf, title="CFO")
        cycle(scene, workspace)
        run = workspace.store.runs()[-1].id
        undone = undo_run(workspace, run)
        push_stored(workspace, undone.plan.plan_id)
        assert cycle(scene, workspace, 2) == []
        assert (scene.value("sf", sf, "title"), scene.value("hs", hs, "title")) == ("CFO", "Buyer")


def test_what_a_system_makes_of_a_value_is_no_edit(buyer: tuple[Scene, str, str]) -> None:
    scene, _, hs = buyer
    with scene.open_alike(**TITLE) as workspace:
        scene.edit("hs", hs, title="Buyer  of   things ")
        cycle(scene, workspace)
        assert cycle(scene, workspace, 2) == []


def test_a_lost_answer_is_read_back_and_agreed_on(buyer: tuple[Scene, str, str]) -> None:
    scene, sf, hs = buyer
    with scene.open_alike(**TITLE) as workspace:
        scene.edit("sf", sf, title="CFO")
        scene.fault("hs", drop=True, stage="after", nth=1)
        cycle(scene, workspace)
        assert cycle(scene, workspace) == []
        scene.edit("hs", hs, title="CEO")
        assert cycle(scene, workspace) == ["sf title: 'CFO' -> 'CEO'"]


def test_a_leader_is_followed_and_fills_nothing_when_blank(scene: Scene) -> None:
    with scene.open_alike(
        **settings({"title": "always-salesforce", "phone": "prefer-salesforce-unless-blank"})
    ) as workspace:
        sf, hs = pair_of(workspace)
        scene.edit("sf", sf, title="CFO", phone=None)
        scene.edit("hs", hs, title="CEO", phone="+442071234567")
        cycle(scene, workspace)
        assert (scene.value("hs", hs, "title"), scene.value("sf", sf, "phone")) == ("CFO", "+442071234567")
        scene.edit("hs", hs, title="Chair")
        scene.edit("sf", sf, title=None)
        cycle(scene, workspace, 2)
        assert scene.value("hs", hs, "title") == "Chair"
        found = workspace.store.findings().filter(pl.col("rule") == "sync-cleared", pl.col("id") == sf)
        assert found["field"].to_list() == ["title"]


def test_a_value_without_counterpart_is_a_finding_and_not_dropped(scene: Scene) -> None:
    told = {"title": {"authority": "two-way", "values": {"CFO": "Money"}}}
    with scene.open_alike(**settings(told)) as workspace:
        sf, hs = pair_of(workspace)
        scene.edit("sf", sf, title="CFO")
        scene.edit("hs", hs, title="Money")
        cycle(scene, workspace)
        scene.edit("sf", sf, title="CEO")
        assert not any(hs in row for row in cycle(scene, workspace))
        assert scene.value("hs", hs, "title") == "Money"
        found = workspace.store.findings().filter(pl.col("rule") == "sync-unmapped", pl.col("id") == sf)
        assert found["value"].to_list() == ["CEO"]


def test_an_opt_out_goes_to_the_other_side_though_no_setting_names_it(scene: Scene) -> None:
    with scene.open_alike(**settings({})) as workspace:
        sf, hs = pair_of(workspace)
        cycle(scene, workspace, 2)
        scene.sf.edit("Contact", sf, HasOptedOutOfEmail=True)
        cycle(scene, workspace, 2)
        held = workspace.store.frame("contacts", connections=["hs"]).filter(pl.col("id") == hs)
        assert held["email_opt_out"].to_list() == [True]


def test_an_address_that_another_record_has_is_not_carried_over(scene: Scene) -> None:
    with scene.open_alike(**settings({"email": "always-salesforce"})) as workspace:
        sf, hs = pair_of(workspace)
        other = next(one for one in scene.ids("hs") if one != hs and scene.value("hs", one, "email"))
        address = str(scene.value("hs", other, "email")).upper()
        scene.edit("sf", sf, email=address)
        assert not [row for row in cycle(scene, workspace) if address in row]
        found = workspace.store.findings().filter(pl.col("rule") == "sync-refused", pl.col("id") == hs)
        assert found["message"].to_list() == ["another record there has this address"]


def test_what_a_system_refused_waits_until_the_record_changes(scene: Scene) -> None:
    with scene.open_alike(**settings({"title": "always-salesforce"})) as workspace:
        sf, hs = pair_of(workspace)
        set_alike(scene, sf, hs, title="Buyer")
        cycle(scene, workspace)
        scene.edit("sf", sf, title="CFO")
        scene.fault("hs", status=400, body='{"status":"error","message":"no","category":"VALIDATION_ERROR"}', count=9)
        assert "hs title: 'Buyer' -> 'CFO'" in cycle(scene, workspace)
        scene.prepared.crm.sandbox.hubspot.faults.clear()
        report = plan_changes(workspace)
        assert report.plan_id is None
        assert sum(report.refused.values()) == 1
        scene.edit("hs", hs, phone="+442071234567")
        assert cycle(scene, workspace) == ["hs title: 'Buyer' -> 'CFO'"]
        assert scene.value("hs", hs, "title") == "CFO"
