"""Plans, journal and outcomes: what was planned comes back, what was sent is never forgotten."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model.batch import Batch
from model.changes import (
    Associate,
    Change,
    Convert,
    Create,
    Delete,
    Dissociate,
    Merge,
    Outcome,
    OutcomeStatus,
    Restore,
    SetField,
)
from model.errors import InputError, StoreError
from model.evidence import Evidence, RecordKey
from model.snapshots import Snapshot
from store import Store
from store.plans import dump_change, load_change

TEXT = st.text(max_size=8)
VALUE = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXT
KEY = st.builds(RecordKey, TEXT, TEXT, TEXT)
EVIDENCE = st.lists(st.builds(Evidence, st.floats(0, 1), TEXT, st.none() | st.floats(-9, 9)), max_size=2).map(tuple)
VALUES = st.lists(st.tuples(TEXT, VALUE), max_size=3).map(tuple)
SEEN = st.none() | st.integers(0, 2**62)
COMMON = {"key": KEY, "seen_at": SEEN, "reason": TEXT, "rule": TEXT, "evidence": EVIDENCE}
CHANGES: st.SearchStrategy[Change] = st.one_of(
    st.builds(SetField, **COMMON, field=TEXT, before=VALUE, after=VALUE),
    st.builds(Associate, **COMMON, to=KEY, label=TEXT),
    st.builds(Dissociate, **COMMON, to=KEY, label=TEXT),
    st.builds(Create, **COMMON, values=VALUES),
    st.builds(Merge, **COMMON, losers=st.lists(KEY, max_size=3).map(tuple), values=VALUES),
    st.builds(Convert, **COMMON, contact=st.none() | KEY, account=st.none() | KEY),
    st.builds(Delete, **COMMON),
    st.builds(Restore, **COMMON),
)
ANN = RecordKey("sf", "contacts", "003A")


def set_phone(after: str = "+441615550100") -> SetField:
    return SetField(ANN, "phone", "0161 555 0100", after, 5, "E.164 form")


Sent = tuple[Store, str, list[str]]


@pytest.fixture
def sent(store: Store) -> Sent:
    """A store with a run and a plan of three changes; their ids."""
    run_id = store.begin_run("push", 1)
    plan_id = store.save_plan(run_id, [set_phone(), Delete(ANN, 5, "duplicate"), Restore(ANN, 5, "undo")], 2)
    return store, run_id, [planned.id for planned in store.plan_changes(plan_id)]


def open_ids(store: Store) -> list[tuple[str, str]]:
    return [(run_id, planned.id) for run_id, planned in store.unfinished()]


@settings(deadline=None)
@given(CHANGES)
def test_change_as_json_comes_back_equal_with_its_types(change: Change) -> None:
    back = load_change(dump_change(change))
    # repr tells 1 from 1.0 and from True, which are equal.
    assert (back, repr(back)) == (change, repr(change))


def test_plan_comes_back_in_order_with_ids_that_sort(store: Store) -> None:
    run_id = store.begin_run("plan", 1)
    changes = [set_phone(str(number)) for number in range(12)]
    first, second = store.save_plan(run_id, changes, 2), store.save_plan(run_id, [], 3)
    planned = store.plan_changes(first)
    assert [item.change for item in planned] == changes
    assert [item.id for item in planned] == [f"p0001-{number:06d}" for number in range(1, 13)]
    assert (store.plan_changes(second), store.latest_plan()) == ([], second)


def test_latest_plan_of_an_empty_store_is_none(store: Store) -> None:
    assert store.latest_plan() is None
    with pytest.raises(InputError, match="no plan p0009"):
        store.plan_changes("p0009")


def test_journaled_change_is_unfinished_until_its_outcome(sent: Sent) -> None:
    store, run_id, ids = sent
    assert store.unfinished() == []
    store.journal(run_id, ids[:2], 3)
    assert open_ids(store) == [(run_id, ids[0]), (run_id, ids[1])]
    store.record(run_id, [Outcome(ids[0], "applied", version=9)], [], 4)
    assert open_ids(store) == [(run_id, ids[1])]


@pytest.mark.parametrize("status", ["applied", "already", "rejected", "conflict", "overwrote", "unsent"])
def test_unknown_outcome_stays_unfinished_until_known(sent: Sent, status: OutcomeStatus) -> None:
    store, run_id, ids = sent
    store.journal(run_id, ids[:1], 3)
    store.record(run_id, [Outcome(ids[0], "unknown")], [], 4)
    assert open_ids(store) == [(run_id, ids[0])]
    later = store.begin_run("push", 5)
    store.record(later, [Outcome(ids[0], status)], [], 6)
    assert open_ids(store) == []


def test_change_sent_again_is_unfinished_again(sent: Sent) -> None:
    store, run_id, ids = sent
    store.journal(run_id, ids[:1], 3)
    store.record(run_id, [Outcome(ids[0], "unsent")], [], 4)
    later = store.begin_run("push", 5)
    store.journal(later, ids[:1], 6)
    assert open_ids(store) == [(later, ids[0])]
    store.record(later, [Outcome(ids[0], "applied")], [], 7)
    assert open_ids(store) == []
    assert [item.outcome.status for item in store.outcomes(plan_id="p0001")] == ["unsent", "applied"]


def test_what_is_noted_as_settled_hides_nothing_that_is_open(sent: Sent) -> None:
    store, run_id, ids = sent
    store.journal(run_id, ids[:2], 3)
    store.record(run_id, [Outcome(ids[0], "applied", version=9)], [], 4)
    store.note_settled()
    assert open_ids(store) == [(run_id, ids[1])]
    store.record(run_id, [Outcome(ids[1], "applied", version=9)], [], 5)
    store.note_settled()
    assert open_ids(store) == []
    later = store.begin_run("push", 6)
    store.journal(later, ids[:1], 7)
    assert open_ids(store) == [(later, ids[0])]


def test_outcome_without_sending_is_kept(sent: Sent) -> None:
    store, run_id, ids = sent
    outcome = Outcome(ids[2], "rejected", "REFUSED", "not writable", found=True)
    store.record(run_id, [outcome], [], 4)
    (recorded,) = store.outcomes(run_id=run_id)
    assert (recorded.outcome, recorded.run_id, recorded.at, recorded.planned.id) == (outcome, run_id, 4, ids[2])
    assert open_ids(store) == []


@pytest.mark.parametrize("found", [None, "", "x\0y", 1, 1.0, True, False, 2**70, "\ud800"], ids=repr)
def test_outcome_keeps_what_was_found_with_its_type(sent: Sent, found: object) -> None:
    store, run_id, ids = sent
    store.record(run_id, [Outcome(ids[0], "overwrote", found=found)], [], 4)  # type: ignore[arg-type]
    assert repr(store.outcomes(run_id=run_id)[0].outcome.found) == repr(found)


def test_record_saves_outcomes_and_read_backs_together(sent: Sent) -> None:
    store, run_id, ids = sent
    good = Batch("sf", "contacts", {"id": ["003A"], "changed_at": [9], "phone": ["1"]}, frozenset({"phone"}))
    bad = Batch("sf", "contacts", {"id": ["003B"], "changed_at": [9], "phone": ["\0"]}, frozenset({"phone"}))
    store.journal(run_id, ids[:1], 3)
    with pytest.raises(StoreError):
        store.record(run_id, [Outcome(ids[0], "applied")], [good, bad], 4)
    assert open_ids(store) == [(run_id, ids[0])]
    assert store.counts().is_empty()
    store.record(run_id, [Outcome(ids[0], "applied")], [good, good], 4)
    assert store.frame("contacts", columns=["phone"]).rows() == [("sf", "003A", "1")]


def test_journal_of_a_change_nobody_planned_is_refused(sent: Sent) -> None:
    store, run_id, ids = sent
    with pytest.raises(StoreError):
        store.journal(run_id, [ids[0], "p0001-000099"], 3)
    assert store.unfinished() == []


def test_runs_are_numbered_and_listed(store: Store) -> None:
    first, second = store.begin_run("pull", 10), store.begin_run("push", 20)
    store.end_run(first, "done", 15, {"rows": 3, "gaps": ["phone of sf is not readable"]})
    one, two = store.runs()
    assert (one.id, one.kind, one.started_at, one.ended_at, one.status) == (first, "pull", 10, 15, "done")
    assert one.summary == {"rows": 3, "gaps": ["phone of sf is not readable"]}
    assert (two.id, two.ended_at, two.status, dict(two.summary)) == (second, None, "running", {})
    assert (first, second) == ("r0001", "r0002")
    with pytest.raises(StoreError, match="no run r0009"):
        store.end_run("r0009", "done", 1, {})


def test_snapshots_journaled_with_a_change_come_back_and_stay_when_it_is_sent_again(sent: Sent) -> None:
    store, run_id, (first, *_) = sent
    shots = tuple(Snapshot(RecordKey("sf", "contacts", name), 5, {"Phone": "0161"}) for name in ("003A", "003B"))
    store.journal(run_id, [first], 3, {first: shots})
    assert store.snapshots(first) == shots
    store.journal(run_id, [first], 4, {first: shots[:1]})
    assert store.snapshots(first) == shots
