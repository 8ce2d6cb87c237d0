"""Taking merges apart from snapshots: children, joins that collided, the recycle bin, what others did since."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from connectors.connector import Sink
from model.changes import Merge, Outcome, Planned, Unmerge
from model.evidence import RecordKey
from model.snapshots import Snapshot
from model.streams import Value
from sandbox.faults import Fault
from tests.connectors.salesforce_world import World

VALUES: tuple[tuple[str, Value], ...] = (("title", "Boss"), ("email_opt_out", True))
# What no API sets: stamps, and what the platform works out.
_SYSTEM = frozenset(
    {"SystemModstamp", "LastModifiedDate", "LastModifiedById", "CreatedDate", "CreatedById", "LastActivityDate"}
)
_JOINS = ("CampaignMember", "OpportunityContactRole")


def state(world: World) -> dict[Any, Any]:
    """All live rows without stamps; joins by what they join instead of by their ids."""
    found: dict[Any, Any] = {}
    for declared in world.app._org.schema:
        if declared.name.endswith("History") or declared.name == "Task":
            continue
        for row in world.app._org.database.rows(declared, "1 = 1", ()):
            if not row.get("IsDeleted"):
                kept = {name: value for name, value in row.items() if name not in _SYSTEM}
                key = (row.get("CampaignId"), row.get("OpportunityId"), row.get("ContactId"))
                is_join = declared.name in _JOINS
                found[declared.name, key if is_join else row["Id"]] = kept | ({"Id": ""} if is_join else {})
    return found


def populated(world: World) -> tuple[str, str, str]:
    """Three contacts with colliding campaign members and roles, reports, tasks and an account to hang on."""
    app, (first, second, third) = world.app, world.contacts
    app.edit("Contact", second, AccountId=world.accounts[1], Title="old", HasOptedOutOfEmail=True)
    campaigns = [app.create("Campaign", Name=name) for name in "AB"]
    for campaign, contact, status in ((0, first, "Sent"), (0, second, "Responded"), (1, second, "Sent")):
        app.create("CampaignMember", CampaignId=campaigns[campaign], ContactId=contact, Status=status)
    for name, contacts in (("O", (first, second)), ("P", (second,))):
        deal = app.create("Opportunity", Name=name, StageName="Prospecting", CloseDate="2026-12-01",
                          AccountId=world.accounts[1])  # fmt: skip
        for contact in contacts:
            app.create("OpportunityContactRole", OpportunityId=deal, ContactId=contact, IsPrimary=contact == second)
    app.create("Contact", LastName="Report", ReportsToId=second)
    app.create("Task", WhoId=second, Subject="call")
    world.pull()
    return first, second, third


def merge(world: World, *ids: str, values: tuple[tuple[str, Value], ...] = VALUES) -> tuple[Planned, Planned]:
    """Merge, and the change that undoes it."""
    stream = {"001": "accounts", "003": "contacts"}[ids[0][:3]]
    keys = [RecordKey("sf", stream, one) for one in ids]
    merging = Planned("m", Merge(keys[0], tuple(keys[1:]), values, world.versions.get(ids[0]), "a reason"))
    shots: tuple[Snapshot, ...] = world.sink.snapshots([merging])["m"]
    outcome = world.push(merging)["m"]
    assert outcome.status == "applied"
    world.app.clock.turn(5)
    apart = Unmerge(keys[0], tuple(keys[1:]), values, outcome.version, "a reason", of="m", snapshots=shots)
    return merging, Planned("u", apart)


def undone(world: World, apart: Planned) -> Outcome:
    return world.push(apart)["u"]


def test_sink_offers_snapshots(world: World) -> None:
    assert isinstance(world.sink, Sink)


def test_merge_of_people_with_colliding_joins_is_taken_apart_to_the_last_value(world: World) -> None:
    ids = populated(world)
    before = state(world)
    _, apart = merge(world, *ids)
    assert state(world) != before
    outcome = undone(world, apart)
    assert (outcome.status, outcome.code, outcome.made) == ("applied", "", f"{ids[1]};{ids[2]}")
    assert state(world) == before


def test_merge_of_accounts_is_taken_apart_with_what_hung_on_them(world: World) -> None:
    populated(world)
    before = state(world)
    _, apart = merge(world, *world.accounts, values=(("name", "Best"),))
    assert undone(world, apart).code == ""
    assert state(world) == before


def test_undo_done_twice_writes_nothing_the_second_time(world: World) -> None:
    _, apart = merge(world, *populated(world))
    assert world.sink.observe([apart])["u"].value is None
    undone(world, apart)
    after = state(world)
    world.listener.requests.clear()
    assert undone(world, apart).status == "already"
    assert not [one for one in world.listener.requests if "sobjects" in one.path or "Soap" in one.path]
    assert state(world) == after
    assert world.sink.observe([apart])["u"].value == undone(world, apart).made


def test_loser_that_left_the_recycle_bin_is_made_anew_with_all_that_hung_on_it(world: World) -> None:
    first, second, third = populated(world)
    before = state(world)
    _, apart = merge(world, first, second, third)
    world.app._org.records.bin.empty(0)
    outcome = undone(world, apart)
    new = dict(zip((second, third), str(outcome.made).split(";"), strict=True))
    assert outcome.code == ""
    assert set(new.values()).isdisjoint({first, second, third})

    def renamed(value: object) -> object:
        return new.get(str(value), value)

    wanted = {
        (kind, tuple(map(renamed, key)) if isinstance(key, tuple) else renamed(key)): {
            name: renamed(value) for name, value in row.items()
        } | ({"Trueline_Id__c": key} if key in new else {})
        for (kind, key), row in before.items()
    }  # fmt: skip
    assert state(world) == wanted
    again = undone(world, apart)
    assert again.made == outcome.made, "it is found by its external id"


@pytest.mark.parametrize("nth", range(1, 9))
@pytest.mark.parametrize("stage", ["before", "after"])
def test_undo_cut_short_at_any_call_goes_on_where_it_was(world: World, nth: int, stage: str) -> None:
    ids = populated(world)
    before = state(world)
    _, apart = merge(world, *ids)
    route = "/(services/Soap|services/data/v[0-9.]+/composite/sobjects)"
    world.listener.faults.add(Fault(route=route, stage=stage, drop=True, nth=(nth + 1) // 2))  # type: ignore[arg-type]
    first = undone(world, apart)
    assert first.status in ("unknown", "applied")
    world.listener.faults.clear()
    if first.status == "unknown":
        assert undone(world, apart).status in ("applied", "already")
    assert state(world) == before


def test_what_others_did_since_stays(world: World) -> None:
    first, second, third = populated(world)
    report = next(row["Id"] for row in world.app.rows("Contact") if row["LastName"] == "Report")
    _, apart = merge(world, first, second, third)
    world.app.edit("Contact", first, Title="Chair")
    world.app.edit("Contact", report, ReportsToId=None)
    outcome = undone(world, apart)
    assert outcome.code == "PARTLY"
    assert "title was changed" in outcome.message.lower()
    assert world.app.row("Contact", first)["Title"] == "Chair"
    assert not world.app.row("Contact", first)["HasOptedOutOfEmail"]
    assert world.app.row("Contact", report)["ReportsToId"] is None


def test_survivor_that_was_merged_on_is_a_conflict(world: World) -> None:
    first, second, third = world.contacts
    _, apart = merge(world, first, second, values=())
    merge(world, third, first, values=())
    assert (undone(world, apart).status, undone(world, apart).code) == ("conflict", "GONE")


def test_merge_without_snapshot_is_refused_with_the_reason(world: World) -> None:
    _, apart = merge(world, *world.contacts, values=())
    assert isinstance(apart.change, Unmerge)
    outcome = undone(world, Planned("u", replace(apart.change, snapshots=())))
    assert (outcome.status, outcome.code) == ("rejected", "NO_SNAPSHOT")


def test_snapshots_of_many_merges_cost_as_many_calls_as_of_one(world: World) -> None:
    world.add_people(40)
    ids = world.contacts
    merges = [
        Planned(f"m{at}", Merge(RecordKey("sf", "contacts", ids[at]), (RecordKey("sf", "contacts", ids[at + 1]),),
                                (), None, "a reason"))
        for at in range(0, 40, 2)
    ]  # fmt: skip
    world.sink.snapshots(merges[:1])
    calls = []
    for some in (merges[:1], merges):
        world.listener.requests.clear()
        assert len(world.sink.snapshots(some)) == len(some)
        calls.append(len(world.listener.requests))
    assert calls[0] == calls[1]
