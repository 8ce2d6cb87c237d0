"""Merges and their undo through the push: both CRMs as before, in step, after a crash, on both kinds of store."""

from __future__ import annotations

import os
import random
from pathlib import Path
from typing import Any, Literal

import polars as pl
import pytest

from model.changes import Convert, Merge, Unmerge, records_of
from model.evidence import RecordKey
from model.settings import Caps, PlanSettings
from sandbox.faults import Fault
from sync.instep import OUT_OF_STEP
from sync.plan import plan_changes
from sync.pull import pull_all
from sync.push import push_stored
from sync.undo import undo_run
from sync.workspace import Workspace
from tests.sync.conftest import fresh_scene
from tests.sync.killed import finish, killing, start_command, write_project
from tests.sync.merged import chosen_merges, grouped, hubspot, old_ids, salesforce
from tests.sync.scene import Scene, outcomes, plan

WIDE = Caps(max_share=1.0, max_merges=10_000)


def merged_and_undone(scene: Scene, workspace: Workspace, groups: int, chance: random.Random) -> int:
    """Merge by chance and take it apart; both CRMs are as before. How many merges that were."""
    before = salesforce(scene), hubspot(scene, {})
    merges = grouped(chosen_merges(workspace, chance, groups))
    plan_id = plan(workspace, merges)
    report = push_stored(workspace, plan_id, joins=True)
    assert report.statuses == {"applied": len(merges)}, report.reasons
    assert (salesforce(scene), hubspot(scene, {})) != before
    for app in (scene.sf, scene.hs):
        app.clock.turn(60)
    undoing = undo_run(workspace, report.run_id or "")
    assert undoing.lost == ()
    assert {sentence.split(":")[0] for sentence in undoing.unrestored} == {"sf", "hs"}
    undone = push_stored(workspace, undoing.plan.plan_id, kind="undo")
    assert undone.statuses == {"applied": len(merges)}, undone.reasons
    same(scene, workspace, before)
    return len(merges)


def test_undo_of_an_undo_merges_again(scene: Scene) -> None:
    with scene.open_alike(caps=WIDE) as workspace:
        merges = pair_of_merges(workspace)
        report = push_stored(workspace, plan(workspace, merges), joins=True)
        live = scene.sf.count("Contact"), scene.hs.count("contacts")
        for _ in range(2):
            for app in (scene.sf, scene.hs):
                app.clock.turn(60)
            undoing = undo_run(workspace, report.run_id or "")
            report = push_stored(workspace, undoing.plan.plan_id, kind="undo", joins=True)
            assert report.statuses == {"applied": 2}, report.reasons
        assert (scene.sf.count("Contact"), scene.hs.count("contacts")) == live


def same(scene: Scene, workspace: Workspace, before: tuple[Any, Any]) -> None:
    """Both CRMs are what they were but for the closed list of `tests.sync.merged`."""
    now = salesforce(scene), hubspot(scene, old_ids(workspace.store))
    for was, is_now in zip(before, now, strict=True):
        for key in sorted(was | is_now, key=str):
            left, right = (rows.get(key, {}) for rows in (was, is_now))
            assert left == right or key[0] != "link", key
            if key[0] != "link":
                told = {name: (left.get(name), right.get(name)) for name in left | right}
                assert {name: pair for name, pair in told.items() if pair[0] != pair[1]} == {}, key


def test_merges_by_chance_are_undone_in_both_crms(scene: Scene) -> None:
    with scene.open_alike(caps=WIDE) as workspace:
        assert merged_and_undone(scene, workspace, 25, random.Random(9)) >= 20


@pytest.mark.soak
@pytest.mark.timeout(0)
def test_a_thousand_merges_are_undone_in_both_crms(tmp_path: Path) -> None:
    """MERGES merges over CRMs of another seed each time; SEED repeats a soak."""
    wanted, seed = int(os.environ.get("MERGES", "1000")), int(os.environ.get("SEED", "1"))
    print(f"\nsoak of {wanted} merges and their undo, SEED={seed}")
    chance, done, step = random.Random(seed), 0, 0
    while done < wanted:
        seed = chance.randrange(1_000_000)
        with fresh_scene(tmp_path / str(step), 400, seed) as scene, scene.open_alike(caps=WIDE) as workspace:
            done += merged_and_undone(scene, workspace, 100, chance)
        step += 1
        print(f"{done} merges undone", flush=True)


def pair_of_merges(workspace: Workspace) -> list[Merge]:
    """One merge of contacts in each CRM, as of one person."""
    chosen = chosen_merges(workspace, random.Random(1), 5)
    return [merge for merge in grouped(chosen) if merge.key.stream == "contacts"]


def by_connection(workspace: Workspace, plan_id: str) -> dict[str, Any]:
    changes = workspace.store.plan_changes(plan_id)
    told = zip(changes, outcomes(workspace, plan_id), strict=True)
    return {planned.change.key.connection: outcome for planned, outcome in told}


def writes(scene: Scene, connection: str, route: str) -> int:
    sandbox = scene.crm.sandbox
    served: Any = sandbox.salesforce[0] if connection == "sf" else sandbox.hubspot
    return sum(route in one.path for one in served.requests)


@pytest.mark.parametrize(("moved", "table"), [("sf", "Contact"), ("hs", "contacts")])
@pytest.mark.parametrize("place", [0, 1], ids=["survivor-edited", "loser-deleted"])
def test_merges_in_step_are_sent_nowhere_when_one_side_moved(scene: Scene, moved: str, table: str, place: int) -> None:
    with scene.open_alike(caps=WIDE) as workspace:
        merges = pair_of_merges(workspace)
        plan_id = plan(workspace, merges)
        (mine,) = (merge for merge in merges if merge.key.connection == moved)
        app: Any = scene.sf if moved == "sf" else scene.hs
        app.clock.turn(5)
        if place:
            app.delete(table, mine.losers[0].id)
        else:
            scene.edit(moved, mine.key.id, title="Somebody's")
        push_stored(workspace, plan_id, joins=True)
        told = by_connection(workspace, plan_id)
    (other,) = {"sf", "hs"} - {moved}
    assert (told[moved].status, told[other].status) == ("conflict", "conflict")
    assert told[other].code == OUT_OF_STEP
    assert moved in told[other].message
    assert writes(scene, "sf", "/Soap/") == writes(scene, "hs", "/merge") == 0


def test_merges_in_step_go_to_salesforce_first_and_not_to_hubspot_where_it_refuses(scene: Scene) -> None:
    with scene.open_alike(caps=WIDE) as workspace:
        merges = pair_of_merges(workspace)
        plan_id = plan(workspace, merges)
        (mine,) = (merge for merge in merges if merge.key.connection == "sf")
        scene.when("sf", lambda: scene.sf.delete("Contact", mine.losers[0].id), route="/Soap/")
        push_stored(workspace, plan_id, joins=True)
        told = by_connection(workspace, plan_id)
    assert (told["sf"].status, told["hs"].status) == ("rejected", "conflict")
    assert told["hs"].code == OUT_OF_STEP
    assert writes(scene, "hs", "/merge") == 0


def test_merges_in_step_wait_for_salesforce_while_it_is_away(scene: Scene) -> None:
    with scene.open_alike(caps=WIDE) as workspace:
        merges = pair_of_merges(workspace)
        plan_id = plan(workspace, merges)
        scene.fault("sf", route="/query", status=503)
        report = push_stored(workspace, plan_id, joins=True)
        assert "sf" in report.stopped
        assert writes(scene, "hs", "/merge") == 0
        scene.crm.sandbox.salesforce[0].faults.clear()
        assert push_stored(workspace, plan_id, joins=True).statuses == {"applied": 2}
        told = by_connection(workspace, plan_id)
    assert {outcome.status for outcome in told.values()} == {"applied"}


def test_merge_of_one_person_in_two_crms_is_planned_as_one_item(with_plan: Workspace) -> None:
    store = with_plan.store
    report = plan_changes(with_plan)
    merges = [one.change for one in store.plan_changes(report.plan_id or "") if isinstance(one.change, Merge)]
    together = [merge for merge in merges if merge.group]
    members = {
        RecordKey(row["connection"], row["stream"], row["id"]): row["entity"]
        for row in store.memberships().iter_rows(named=True)
    }
    for merge in together:
        mates = [one for one in together if one.group == merge.group]
        assert len({one.key.connection for one in mates}) > 1
        assert {members[one.key] for one in mates} == {merge.group}
    assert report.unrestored
    assert ("in step" in report.sentence) is bool(together)


def test_undone_merges_are_not_proposed_again_and_what_was_learned_follows(planned: Scene) -> None:
    with planned.open(caps=WIDE) as workspace:
        store = workspace.store
        report = push_stored(workspace, joins=True)
        sent = [one.change for one in store.plan_changes(report.plan_id) if isinstance(one.change, Merge)]
        moved = [merge for merge in sent if merge.key.connection == "hs"]
        members = {(row["connection"], row["id"]): row["entity"] for row in store.memberships().iter_rows(named=True)}
        made = {
            item.planned.change.key: item.outcome.made
            for item in store.outcomes(kind=Merge.kind)
            if item.planned.change.key.connection == "hs"
        }
        assert moved
        assert all(("hs", made[merge.key]) in members for merge in moved), "the new id took the place of the old one"
        undoing = undo_run(workspace, report.run_id or "")
        undone = push_stored(workspace, undoing.plan.plan_id, kind="undo")
        assert undone.statuses.keys() <= {"applied", "already"}
        pull_all(workspace)
        again = plan_changes(workspace)
        pairs = {frozenset((merge.key, *merge.losers)) for merge in sent}
        proposed = [one.change for one in store.plan_changes(again.plan_id)] if again.plan_id else []
        assert not [one for one in proposed if isinstance(one, Merge) and frozenset((one.key, *one.losers)) in pairs]


_CALLS = (("sf", "/Soap/", ""), ("hs", "/merge", ""), ("hs", "batch/create", ""), ("sf", "composite/sobjects", "PATCH"),
          ("hs", "batch/update", ""), ("hs", "associations/.*/batch/create", ""))  # fmt: skip


@pytest.mark.parametrize(("connection", "route", "method", "stage"), [
    (*_CALLS[0], "after"),
    *(pytest.param(*call, "after", marks=pytest.mark.soak) for call in _CALLS[1:]),
    *(pytest.param(*call, "before", marks=pytest.mark.soak) for call in _CALLS),
])  # fmt: skip
def test_merge_and_undo_killed_at_a_write_go_on_where_they_were(
    scene: Scene, connection: str, route: str, method: str, stage: Literal["before", "after"]
) -> None:
    """Both the merges and their undo are killed at the first such call they make, if they make one."""
    write_project(scene.crm, scene.folder)
    served: Any = scene.crm.sandbox.salesforce[0] if connection == "sf" else scene.crm.sandbox.hubspot
    before = salesforce(scene), hubspot(scene, {})
    with scene.open_alike(caps=WIDE) as workspace:
        merges = grouped(chosen_merges(workspace, random.Random(2), 5))
        plan_id = plan(workspace, merges)
    fault = Fault(route=route, method=method, nth=1, stage=stage)
    with killing(served, fault) as victims:
        victims.append(start_command(["push", plan_id, "--merges", "--apply"], scene.folder))
        died = finish(victims[0]) < 0
    with scene.open_alike(caps=WIDE) as workspace:
        push_stored(workspace, plan_id, joins=True)
        told = {item.planned.id: item for item in workspace.store.outcomes(plan_id=plan_id)}
        assert {item.outcome.status for item in told.values()} == {"applied"}
        runs = list(dict.fromkeys(item.run_id for item in told.values()))
        undoing = [undo_run(workspace, run_id).plan.plan_id for run_id in reversed(runs)]
    for undo_plan in undoing:
        with killing(served, fault) as victims:
            victims.append(start_command(["push", str(undo_plan), "--apply"], scene.folder))
            died = finish(victims[0]) < 0 or died
        with scene.open_alike(caps=WIDE) as workspace:
            push_stored(workspace, undo_plan, kind="undo")
            unmerged = [item.outcome.status for item in workspace.store.outcomes(plan_id=undo_plan, kind=Unmerge.kind)]
            assert set(unmerged) <= {"applied", "already", "unsent"}
    with scene.open_alike(caps=WIDE) as workspace:
        same(scene, workspace, before)
    assert died, "the call was never made"


def test_conversions_take_status_and_deal_from_the_settings_and_say_they_stay(planned: Scene) -> None:
    wanted = PlanSettings(convert_status="Closed - Converted", convert_deal=True)
    with planned.open(caps=WIDE, plan=wanted) as workspace:
        push_stored(workspace)
        pull_all(workspace)
        report = plan_changes(workspace)
        converts = {
            one.id: one.change
            for one in workspace.store.plan_changes(report.plan_id or "")
            if isinstance(one.change, Convert)
        }
        assert converts
        assert {change.status for change in converts.values()} == {"Closed - Converted"}
        assert all(change.deal_name for change in converts.values())
        told = {row.id: row.lasting for row in report.joins}
        assert all("cannot be undone" in str(told[change_id]) for change_id in converts)


def test_chains_of_merges_by_others_are_followed_with_what_is_known_and_never_undone(planned: Scene) -> None:
    with planned.open(caps=WIDE) as workspace:
        store = workspace.store
        ids = {name: planned.ids(name)[:3] for name in ("sf", "hs")}
        entities = {(row["connection"], row["id"]): row["entity"] for row in store.memberships().iter_rows(named=True)}
        survivor = str(planned.hs.merge("contacts", ids["hs"][0], ids["hs"][1]))
        last = str(planned.hs.merge("contacts", survivor, ids["hs"][2]))
        first, second, third = ids["sf"]
        planned.sf.merge("Contact", second, [first])
        planned.sf.merge("Contact", third, [second])
        for app in (planned.sf, planned.hs):
            app.clock.turn(700)
        planned.hs.catch_up_index()
        pull_all(workspace)
        contacts = store.frame("contacts", columns=["is_deleted", "merged_into"])
        assert not contacts.filter(pl.col("id").is_in([first, second, *ids["hs"]])).height, "they are no records now"
        members = {(row["connection"], row["id"]): row["entity"] for row in store.memberships().iter_rows(named=True)}
        assert members["hs", last] == entities["hs", ids["hs"][0]]
        gone = {RecordKey("sf", "contacts", one) for one in (first, second)}
        gone |= {RecordKey("hs", "contacts", one) for one in ids["hs"]}
        plan_id = plan_changes(workspace).plan_id
        changes = [one.change for one in store.plan_changes(plan_id)] if plan_id else []
        assert not {key for change in changes for key in records_of(change)} & gone
