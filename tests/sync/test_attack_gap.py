"""Somebody else writes at the same moment: nobody's value is lost without being told, and it can be put back."""

from __future__ import annotations

from pathlib import Path

import pytest

from model.changes import Associate, SetField
from model.errors import InputError
from sync.past import undone_changes
from sync.push import push_stored
from sync.undo import undo_run
from tests.sync.scene import Scene, change_of, link_of, outcomes, plan, pushed

BOTH = pytest.mark.parametrize("connection", ["sf", "hs"])
MINE, OURS = "Head of mine", "Head of ours"
LINKS = "batch/create"


def unlinked(scene: Scene) -> tuple[str, str, str]:
    """A HubSpot contact without a company, and two companies."""
    person = next(record for record in scene.ids("hs") if not scene.value("hs", record, "account_id"))
    one, two = scene.ids("hs", "accounts")[:2]
    return person, one, two


def test_value_overwritten_in_the_gap_is_told_and_undo_puts_it_back(scene: Scene) -> None:
    record = scene.ids("hs")[0]
    with scene.open_alike() as workspace:
        scene.when("hs", lambda: scene.edit("hs", record, title=MINE))
        report, (came,) = pushed(workspace, [change_of(workspace, "hs", record, "title", OURS)])
        assert (came.status, came.found) == ("overwrote", MINE)
        assert MINE not in came.message
        push_stored(workspace, undo_run(workspace, report.run_id or "").plan.plan_id, kind="undo")
    assert scene.value("hs", record, "title") == MINE


def test_restore_puts_back_what_was_overwritten_and_nothing_else(scene: Scene) -> None:
    first, second = scene.ids("hs")[:2]
    with scene.open_alike() as workspace:
        changes = [change_of(workspace, "hs", record, "title", OURS) for record in (first, second)]
        scene.when("hs", lambda: scene.edit("hs", first, title=MINE))
        report, _ = pushed(workspace, changes)
        restored = undo_run(workspace, report.run_id or "", only_overwritten=True)
        push_stored(workspace, restored.plan.plan_id, kind="undo")
        assert scene.value("hs", first, "title") == MINE
        assert scene.value("hs", second, "title") == OURS
        with pytest.raises(InputError, match="overwrote nobody's value"):
            undo_run(workspace, (restored.plan.plan_id and "r0004") or "", only_overwritten=True)


def test_salesforce_refuses_the_write_itself(scene: Scene) -> None:
    record = scene.ids("sf")[0]
    with scene.open_alike() as workspace:
        scene.when("sf", lambda: scene.edit("sf", record, title=MINE))
        _, (came,) = pushed(workspace, [change_of(workspace, "sf", record, "title", OURS)])
        assert came.status == "conflict"
    assert scene.value("sf", record, "title") == MINE


@pytest.mark.parametrize("after", [OURS, None], ids=["set", "clear"])
def test_value_overwritten_in_a_push_that_crashed_is_told_when_it_is_settled(scene: Scene, after: str | None) -> None:
    record = next(r for r in scene.ids("hs") if scene.value("hs", r, "title"))
    with scene.open_alike() as workspace:
        plan_id = plan(workspace, [change_of(workspace, "hs", record, "title", after)])
        scene.when("hs", lambda: scene.edit("hs", record, title=MINE))
        scene.fault("hs", stage="after", nth=1, drop=True)
        scene.fault("hs", stage="after", route="batch/read", after=1, drop=True)
        scene.fault("hs", route="batch/update", after=1, drop=True)  # the connector's own second try
        report = push_stored(workspace, plan_id)
        assert report.statuses == {"unknown": 1}
        scene.prepared.crm.sandbox.hubspot.faults.clear()
        again = push_stored(workspace, plan_id)
        (came,) = outcomes(workspace, plan_id)
        assert (came.status, came.found) == ("overwrote", MINE)
        assert again.statuses == {"overwrote": 1}
        push_stored(workspace, undo_run(workspace, report.run_id or "").plan.plan_id, kind="undo")
    assert scene.value("hs", record, "title") == MINE


@pytest.mark.parametrize("later", [MINE, "before"], ids=["changed", "put-back"])
def test_value_changed_again_after_a_crash_is_neither_sent_again_nor_called_a_conflict(
    scene: Scene, later: str
) -> None:
    record = next(r for r in scene.ids("hs") if scene.value("hs", r, "title"))
    before = str(scene.value("hs", record, "title"))
    with scene.open_alike() as workspace:
        plan_id = plan(workspace, [change_of(workspace, "hs", record, "title", OURS)])
        scene.fault("hs", stage="after", nth=1, drop=True)
        scene.fault("hs", stage="after", route="batch/read", after=1, drop=True)
        scene.fault("hs", route="batch/update", after=1, drop=True)
        push_stored(workspace, plan_id)
        scene.prepared.crm.sandbox.hubspot.faults.clear()
        scene.hs.clock.turn(5)
        scene.edit("hs", record, title=before if later == "before" else later)
        push_stored(workspace, plan_id)
        (came,) = outcomes(workspace, plan_id)
        assert (came.status, came.code) == ("applied", "CHANGED_AGAIN")
    assert scene.value("hs", record, "title") == (before if later == "before" else later)


@BOTH
def test_undo_leaves_alone_what_somebody_changed_since(scene: Scene, connection: str) -> None:
    first, second = scene.ids(connection)[:2]
    with scene.open_alike() as workspace:
        before = scene.value(connection, second, "title")
        changes = [change_of(workspace, connection, record, "title", OURS) for record in (first, second)]
        report, _ = pushed(workspace, changes)
        scene.edit(connection, first, title=MINE)
        back = push_stored(workspace, undo_run(workspace, report.run_id or "").plan.plan_id, kind="undo")
        assert back.statuses == {"conflict": 1, "applied": 1}
    assert scene.value(connection, first, "title") == MINE
    assert scene.value(connection, second, "title") == before


@BOTH
def test_undo_works_though_another_field_of_the_record_moved_since(scene: Scene, connection: str) -> None:
    """Or no run could be undone after the next one wrote another field of the same record."""
    record = scene.ids(connection)[0]
    before = scene.value(connection, record, "title")
    with scene.open_alike() as workspace:
        report, _ = pushed(workspace, [change_of(workspace, connection, record, "title", OURS)])
        app_clock = scene.sf.clock if connection == "sf" else scene.hs.clock
        app_clock.turn(5)
        scene.edit(connection, record, phone="+1 206 555 0199")
        app_clock.turn(5)
        back = push_stored(workspace, undo_run(workspace, report.run_id or "").plan.plan_id, kind="undo")
        assert back.statuses == {"applied": 1}
    assert scene.value(connection, record, "title") == before
    assert scene.value(connection, record, "phone") == "+1 206 555 0199"


@BOTH
def test_undo_of_an_undo_does_it_again_and_lets_it_be_planned_again(scene: Scene, connection: str) -> None:
    record = scene.ids(connection)[0]
    before = scene.value(connection, record, "title")
    with scene.open_alike() as workspace:
        change = change_of(workspace, connection, record, "title", OURS)
        report, _ = pushed(workspace, [change])
        undone = push_stored(workspace, undo_run(workspace, report.run_id or "").plan.plan_id, kind="undo")
        assert scene.value(connection, record, "title") == before
        assert (change.key, "title", OURS) in undone_changes(workspace.store.outcomes())
        redone = push_stored(workspace, undo_run(workspace, undone.run_id or "").plan.plan_id, kind="undo")
        assert redone.statuses == {"applied": 1}
        assert scene.value(connection, record, "title") == OURS
        assert (change.key, "title", OURS) not in undone_changes(workspace.store.outcomes())


@BOTH
def test_undo_twice_changes_nothing_the_second_time(scene: Scene, connection: str) -> None:
    record = scene.ids(connection)[0]
    before = scene.value(connection, record, "title")
    with scene.open_alike() as workspace:
        report, _ = pushed(workspace, [change_of(workspace, connection, record, "title", OURS)])
        for expected in ("applied", "already"):
            plan_id = undo_run(workspace, report.run_id or "").plan.plan_id
            assert push_stored(workspace, plan_id, kind="undo").statuses == {expected: 1}
    assert scene.value(connection, record, "title") == before


def test_undo_of_a_primary_mark_leaves_the_link_that_stood_before(scene: Scene) -> None:
    person, account, _ = unlinked(scene)
    scene.hs.associate("contacts", person, "companies", account)
    kinds = scene.hs._portal.kind("contacts"), scene.hs._portal.kind("companies")
    scene.hs._links.unlabel(kinds[0], int(person), kinds[1], int(account), [1])
    assert scene.value("hs", person, "account_id") is None
    with scene.open_alike() as workspace:
        report, (came,) = pushed(workspace, [link_of(workspace, "hs", person, account)])
        assert (came.status, came.code) == ("applied", "WAS_LINKED")
        assert scene.value("hs", person, "account_id") == account
        back = push_stored(workspace, undo_run(workspace, report.run_id or "").plan.plan_id, kind="undo")
        assert back.statuses == {"applied": 1}
    assert scene.value("hs", person, "account_id") is None
    assert linked(scene, person) == [account], "the older link still stands"


def test_undo_of_a_new_link_removes_it_and_its_undo_makes_it_primary_again(scene: Scene) -> None:
    person, account, _ = unlinked(scene)
    with scene.open_alike() as workspace:
        report, _ = pushed(workspace, [link_of(workspace, "hs", person, account)])
        back = push_stored(workspace, undo_run(workspace, report.run_id or "").plan.plan_id, kind="undo")
        assert linked(scene, person) == []
        push_stored(workspace, undo_run(workspace, back.run_id or "").plan.plan_id, kind="undo")
    assert scene.value("hs", person, "account_id") == account


def linked(scene: Scene, person: str) -> list[str]:
    kinds = scene.hs._portal.kind("contacts"), scene.hs._portal.kind("companies")
    return [str(other) for other, _ in scene.hs._links.of(kinds[0], [int(person)], kinds[1]).get(int(person), [])]


def test_primary_link_somebody_made_since_the_plan_is_not_replaced(scene: Scene) -> None:
    """Associations move no modified date: the version alone would not show it."""
    person, account, other = unlinked(scene)
    with scene.open_alike() as workspace:
        change = link_of(workspace, "hs", person, account)
        scene.hs.associate("contacts", person, "companies", other)
        _, (came,) = pushed(workspace, [change])
        assert (came.status, came.found) == ("conflict", other)
    assert scene.value("hs", person, "account_id") == other


def test_primary_link_overwritten_in_the_gap_is_put_back_by_undo(scene: Scene) -> None:
    person, account, other = unlinked(scene)
    with scene.open_alike() as workspace:
        scene.when("hs", lambda: scene.hs.associate("contacts", person, "companies", other), route=LINKS)
        report, (came,) = pushed(workspace, [link_of(workspace, "hs", person, account)])
        assert (came.status, came.found) == ("overwrote", other)
        push_stored(workspace, undo_run(workspace, report.run_id or "").plan.plan_id, kind="undo")
    assert scene.value("hs", person, "account_id") == other
    assert linked(scene, person) == [other]


@BOTH
def test_link_that_takes_the_place_of_another_is_undone_to_that_one(scene: Scene, connection: str) -> None:
    person = next(record for record in scene.ids(connection) if scene.value(connection, record, "account_id"))
    former = str(scene.value(connection, person, "account_id"))
    account = next(record for record in scene.ids(connection, "accounts") if record != former)
    with scene.open_alike() as workspace:
        plain = link_of(workspace, connection, person, account)
        moved = Associate(plain.key, plain.to, "primary", plain.seen_at, "a reason", "test", replaces=former)
        report, (came,) = pushed(workspace, [moved])
        assert came.status == "applied"
        assert scene.value(connection, person, "account_id") == account
        push_stored(workspace, undo_run(workspace, report.run_id or "").plan.plan_id, kind="undo")
    assert scene.value(connection, person, "account_id") == former


@BOTH
def test_two_steps_of_one_field_in_one_run_are_undone_to_the_first_value(scene: Scene, connection: str) -> None:
    """A push that settles a crashed plan and sends the next one has written the same field twice."""
    record = scene.ids(connection)[0]
    before = scene.value(connection, record, "title")
    clock = scene.sf.clock if connection == "sf" else scene.hs.clock
    with scene.open_alike() as workspace:
        one = change_of(workspace, connection, record, "title", "Step one")
        first = plan(workspace, [one])
        workspace.store.journal(workspace.store.begin_run("push", 1), [f"{first}-000001"], 1)
        clock.turn(5)
        scene.edit(connection, record, title="Step one")  # it had arrived
        clock.turn(5)
        version = int(clock.now_ms()) * 1000
        second = plan(workspace, [SetField(one.key, "title", "Step one", "Step two", version, "a reason", "test")])
        report = push_stored(workspace, second)
        assert report.statuses == {"applied": 2}
        undone = undo_run(workspace, report.run_id or "")
        assert len(undone.plan.rows) == 1
        push_stored(workspace, undone.plan.plan_id, kind="undo")
    assert scene.value(connection, record, "title") == before


def test_what_a_crashed_plan_never_sent_is_not_sent_with_the_next_plan(scene: Scene) -> None:
    first, second = scene.ids("hs")[:2]
    before = scene.value("hs", first, "title")
    with scene.open_alike() as workspace:
        old = plan(workspace, [change_of(workspace, "hs", first, "title", OURS)])
        workspace.store.journal(workspace.store.begin_run("push", 1), [f"{old}-000001"], 1)
        new = plan(workspace, [change_of(workspace, "hs", second, "title", OURS)])
        push_stored(workspace, new)
        assert scene.value("hs", first, "title") == before
        assert not workspace.store.unfinished()
        assert push_stored(workspace, old).statuses == {"applied": 1}


def test_undo_of_a_run_with_open_ends_says_so(scene: Scene, tmp_path: Path) -> None:
    with scene.open_alike() as workspace:
        plan_id = plan(workspace, [change_of(workspace, "hs", scene.ids("hs")[0], "title", OURS)])
        run_id = workspace.store.begin_run("push", 1)
        workspace.store.journal(run_id, [f"{plan_id}-000001"], 1)
        with pytest.raises(InputError, match="1 of its changes have no known end yet; push first"):
            undo_run(workspace, run_id)
