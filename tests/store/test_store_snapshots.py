"""Snapshots: kept with the journal, kept as they were first, and emptied of people who are forgotten."""

from __future__ import annotations

from model.changes import Merge, Outcome
from model.evidence import RecordKey
from model.snapshots import Hanging, Snapshot
from store import Person, Store

ANN, BO = (RecordKey("sf", "contacts", f"003-{name}") for name in ("ann", "bo"))
HANGING = (Hanging("Task", "WhoId", "00T-1"),
           Hanging("CampaignMember", "ContactId", "00v-1", {"ContactId": "003-ann", "Status": "Sent"}),
           Hanging("companies", "", "7", None, (("HUBSPOT_DEFINED", 1), ("USER_DEFINED", 40))))  # fmt: skip


def shot(key: RecordKey, title: str = "CEO", hanging: tuple[Hanging, ...] = HANGING) -> Snapshot:
    return Snapshot(
        key, 5, {"Title": title, "ReportsToId": "003-ann", "Amount": "1.50", "Out": True}, hanging, ("a gap",)
    )


def planned(store: Store) -> str:
    run_id = store.begin_run("plan", 1)
    plan_id = store.save_plan(run_id, [Merge(ANN, (BO,), (), 5, "a reason")], 1)
    return store.plan_changes(plan_id)[0].id


def test_snapshots_come_back_as_they_were_kept(store: Store) -> None:
    change_id = planned(store)
    assert store.snapshots(change_id) == ()
    store.journal(store.begin_run("push", 2), [change_id], 2, {change_id: (shot(ANN), shot(BO))})
    assert store.snapshots(change_id) == (shot(ANN), shot(BO))


def test_change_sent_again_before_anything_arrived_has_new_snapshots(store: Store) -> None:
    change_id, run_id = planned(store), store.begin_run("push", 2)
    store.journal(run_id, [change_id], 2, {change_id: (shot(ANN), shot(BO))})
    store.journal(run_id, [change_id], 3, {change_id: (shot(ANN, "COO"), shot(BO, "COO"))})
    assert store.snapshots(change_id) == (shot(ANN, "COO"), shot(BO, "COO"))


def test_change_sent_again_after_a_part_arrived_keeps_what_it_had(store: Store) -> None:
    change_id, run_id = planned(store), store.begin_run("push", 2)
    store.journal(run_id, [change_id], 2, {change_id: (shot(ANN), shot(BO))})
    store.journal(run_id, [change_id], 3, {change_id: (shot(ANN, "merged"),)})
    assert store.snapshots(change_id) == (shot(ANN), shot(BO))


def test_change_sent_again_keeps_the_joins_that_are_off_already(store: Store) -> None:
    change_id, run_id = planned(store), store.begin_run("push", 2)
    store.journal(run_id, [change_id], 2, {change_id: (shot(ANN), shot(BO))})
    new = Hanging("Task", "WhoId", "00T-2")
    store.journal(run_id, [change_id], 3, {change_id: (shot(ANN, "COO", (new,)), shot(BO, "COO"))})
    assert store.snapshots(change_id) == (shot(ANN, "COO", (new, HANGING[1])), shot(BO, "COO"))


def test_forgetting_one_leaves_the_other_without_a_mention(store: Store) -> None:
    change_id = planned(store)
    store.journal(store.begin_run("push", 2), [change_id], 2, {change_id: (shot(ANN), shot(BO))})
    store.record(store.begin_run("push", 3), [Outcome(change_id, "applied")], (), 3)
    counts = store.forget(Person((ANN,), ()), 9, apply=False)
    assert counts["snapshots"] == 2
    assert shot(BO).without({ANN.id}).values == {"Title": "CEO", "ReportsToId": None, "Amount": "1.50", "Out": True}
    assert [one.id for one in shot(BO).without({ANN.id}).hanging] == ["00T-1", "7"]
