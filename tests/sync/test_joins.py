"""Merges and conversions: proposed by a plan, sent only when asked for, and then nothing is left to do."""

from __future__ import annotations

import polars as pl
import pytest

from hygiene.merging import Groups
from model.changes import JOINING, Change, Convert, Merge, Planned, SetField, records_of
from model.errors import CapExceeded
from model.evidence import RecordKey
from model.settings import Caps, PlanSettings
from store import Store
from sync.joins import _within_cap
from sync.plan import plan_changes
from sync.push import phases, push_stored
from sync.workspace import Workspace
from tests.sync.scene import Scene, plan, prepare, remote_rows, stored_plan


def changes_planned(workspace: Workspace) -> list[Change]:
    report = plan_changes(workspace)
    return [one.change for one in workspace.store.plan_changes(report.plan_id)] if report.plan_id else []


def live(store: Store, key: RecordKey) -> bool:
    return not store.frame(key.stream, connections=[key.connection]).filter(pl.col("id") == key.id).is_empty()


def test_merges_are_sent_when_asked_for_and_then_nothing_is_left(with_plan: Workspace) -> None:
    workspace, first = with_plan, stored_plan(with_plan)
    merges = [change for change in first if isinstance(change, Merge)]
    assert {merge.key.connection for merge in merges} == {"sf", "hs"}
    report = push_stored(workspace, joins=True)
    assert report.statuses == {"applied": len(first)}, report
    prepare(workspace)
    assert not any(live(workspace.store, loser) for merge in merges for loser in merge.losers)
    second = changes_planned(workspace)
    assert {change.kind for change in second} <= JOINING, "values are right already; corrected leads are converted now"
    assert any(isinstance(change, Convert) for change in second)
    assert push_stored(workspace, joins=True).statuses == {"applied": len(second)}
    prepare(workspace)
    assert changes_planned(workspace) == []


def test_merge_sets_nothing_that_the_system_lets_nobody_write(planned: Scene) -> None:
    with planned.open() as workspace:
        merges = [change for change in stored_plan(workspace) if isinstance(change, Merge)]
        merge = next(one for one in merges if (one.key.connection, one.key.stream) == ("hs", "contacts"))
        planned.hs.edit("contacts", merge.key.id, hs_analytics_source="")
        planned.hs.edit("contacts", merge.losers[0].id, hs_analytics_source="OFFLINE")
        planned.hs.catch_up_index()
        prepare(workspace)
        again = [one for one in changes_planned(workspace) if isinstance(one, Merge)]
        ids = {merge.key.id, merge.losers[0].id}
        (mine,) = [one for one in again if ids <= {key.id for key in records_of(one)}]
        assert "lead_source" not in dict(mine.values)
        assert "lead_source" not in {chosen.field for chosen in mine.chosen}
        assert push_stored(workspace, joins=True).statuses.keys() == {"applied"}


def test_push_without_the_word_sends_no_merge_and_says_how_many_wait(with_plan: Workspace) -> None:
    workspace, changes = with_plan, stored_plan(with_plan)
    merges = [change for change in changes if change.kind in JOINING]
    report = push_stored(workspace)
    assert (report.held, report.statuses["applied"]) == (len(merges), len(changes) - len(merges))
    prepare(workspace)
    again = plan_changes(workspace)
    assert again.rows == []
    assert {row.key for row in again.joins} >= {str(merge.key) for merge in merges}
    assert all(live(workspace.store, key) for merge in merges for key in records_of(merge))


def test_merge_says_whence_each_value_comes_and_its_records_get_no_other_change(with_plan: Workspace) -> None:
    changes = stored_plan(with_plan)
    merges = [change for change in changes if isinstance(change, Merge)]
    joined = {key for merge in merges for key in records_of(merge)}
    assert len(joined) == sum(len(records_of(merge)) for merge in merges), "no record is in two merges"
    assert not {change.key for change in changes if change.kind not in JOINING} & joined
    for merge in merges:
        told = {chosen.field: chosen for chosen in merge.chosen}
        assert "this one survives" in merge.reason
        for field, value in merge.values:
            assert value not in (None, "", False)
            assert told[field].value == value
        for chosen in merge.chosen:
            assert chosen.reason
            assert chosen.source is None or chosen.source in records_of(merge)


def test_merges_can_be_switched_off_and_then_every_record_is_corrected(planned: Scene) -> None:
    with planned.open(plan=PlanSettings(merges="off")) as workspace:
        report = plan_changes(workspace)
        assert report.joins == ()
        push_stored(workspace)
        prepare(workspace)
        assert changes_planned(workspace) == []


def test_plan_proposes_the_surest_up_to_the_cap(planned: Scene) -> None:
    with planned.open(caps=Caps(max_share=1.0, max_merges=3)) as workspace:
        report = plan_changes(workspace)
        assert len(report.joins) == 3
        assert report.waiting > 0
        assert f"{report.waiting:,} more are over caps.max_merges" in report.sentence
        sure = [change.evidence[0].similarity for change in stored_plan(workspace) if change.kind in JOINING]
        assert min(sure) >= 0.99
    with planned.open(caps=Caps(max_share=1.0, max_merges=2)) as workspace:
        with pytest.raises(CapExceeded, match="merges and conversions"):
            push_stored(workspace, joins=True)
        assert push_stored(workspace).held == 3, "without them the rest may go"


def test_planning_merges_writes_to_neither_crm_and_is_the_same_each_time(planned: Scene) -> None:
    before = remote_rows(planned.crm)
    with planned.open() as workspace:
        assert stored_plan(workspace) == changes_planned(workspace)
    assert remote_rows(planned.crm) == before


def test_losers_of_a_merge_count_as_records_that_a_push_touches(scene: Scene) -> None:
    with scene.open(caps=Caps(max_share=0.5)) as workspace:
        ids = scene.ids("hs")
        keys = [RecordKey("hs", "contacts", one) for one in ids[: len(ids) // 2 + 1]]
        plan_id = plan(workspace, [Merge(keys[0], tuple(keys[1:]), (), None, "a reason", "test")])
        with pytest.raises(CapExceeded, match="max_share"):
            push_stored(workspace, plan_id, joins=True)


def test_merge_that_would_take_back_an_opt_out_or_write_a_forbidden_field_is_refused(scene: Scene) -> None:
    one, other, *_ = (RecordKey("hs", "contacts", one) for one in scene.ids("hs"))
    for values, words in ((("email_opt_out", False), "opt-out"), (("title", "CEO"), "plan.never")):
        with scene.open(plan=PlanSettings(never=("contacts.title",))) as workspace:
            plan_id = plan(workspace, [Merge(one, (other,), (values,), None, "a reason", "test")])
            assert push_stored(workspace, plan_id, joins=True).statuses == {"rejected": 1}
            (outcome,) = workspace.store.outcomes(plan_id=plan_id)
            assert words in outcome.outcome.message


def test_hubspot_merge_with_a_value_the_survivor_cannot_hold_is_refused_before_anything_is_joined(
    scene: Scene,
) -> None:
    one, other, *_ = (RecordKey("hs", "contacts", one) for one in scene.ids("hs"))
    with scene.open() as workspace:
        held = workspace.store.frame("contacts").filter((pl.col("connection") == "hs") & (pl.col("id") == one.id))
        version = int(held["changed_at"].dt.epoch("us").item())
        wrong = Merge(one, (other,), (("lifecycle_stage", "no such stage"),), version, "a reason", "test")
        assert push_stored(workspace, plan(workspace, [wrong]), joins=True).statuses == {"rejected": 1}
    assert {one.id, other.id} <= set(scene.ids("hs"))


def test_values_go_before_merges_people_before_their_accounts_and_conversions_last() -> None:
    def key(stream: str) -> RecordKey:
        return RecordKey("sf", stream, "1")

    account, contact = (Merge(key(stream), (), (), None, "") for stream in ("accounts", "contacts"))
    lead = Convert(key("leads"), None, None, None, "")
    value = SetField(key("deals"), "name", None, "x", None, "")
    ordered = phases([Planned("", one) for one in (lead, account, contact, value)])
    assert [[one.change for one in phase] for phase in ordered] == [[value], [contact], [account], [lead]]


def test_merge_that_carries_a_correction_is_not_displaced_by_a_surer_one() -> None:
    key = {"connection": "sf", "stream": "accounts"}
    members = pl.DataFrame([{**key, "id": one, "group": one[0], "entity": one[0], "sure": sure}
                            for one, sure in (("a1", 0.9), ("a2", 0.9), ("b1", 0.99), ("b2", 0.99))])  # fmt: skip
    leads = pl.DataFrame(schema={"sure": pl.Float64, "connection": pl.String, "id": pl.String})
    for corrected, taken in (("a2", "a"), ("b1", "b"), ("c1", "b")):
        chosen, waiting = _within_cap(Groups(members, leads), pl.DataFrame([{**key, "id": corrected}]), 1)
        assert (set(chosen.members["group"]), waiting) == ({taken}, 1)
