"""Contacts put into roles in deals, and taken out of them."""

from __future__ import annotations

from typing import Any

import pytest

from model.changes import WAS_LINKED, WAS_PRIMARY, Associate, Dissociate, Planned
from model.evidence import RecordKey
from sandbox.faults import Fault
from tests.connectors.salesforce_world import World


@pytest.fixture
def deal(world: World) -> str:
    return world.app.create("Opportunity", Name="D", StageName="Prospecting", CloseDate="2026-12-01")


def link(deal: str, contact: str, label: str = "", *, replaces: str | None = None) -> Planned:
    keys = RecordKey("sf", "deals", deal), RecordKey("sf", "contacts", contact)
    return Planned(f"a{contact}", Associate(*keys, label, None, "r", replaces=replaces))


def unlink(deal: str, contact: str, label: str = "") -> Planned:
    keys = RecordKey("sf", "deals", deal), RecordKey("sf", "contacts", contact)
    return Planned(f"d{contact}", Dissociate(*keys, label, None, "r"))


def push(world: World, change: Planned) -> Any:
    return world.push(change)[change.id]


def roles(world: World) -> list[tuple[str, str | None, bool]]:
    return [(row["ContactId"], row["Role"], bool(row["IsPrimary"])) for row in world.app.rows("OpportunityContactRole")]


def test_contact_is_put_into_a_role_and_taken_out_again(world: World, deal: str) -> None:
    contact = world.contacts[0]
    (unit,) = world.sink.batches([link(deal, contact, "Evaluator")])
    sent = world.sink.send(unit)
    assert sent.outcomes[0].status == "applied"
    assert roles(world) == [(contact, "Evaluator", False)]
    columns = sent.records[0].columns
    assert (columns["from_id"], columns["to_id"], columns["label"]) == ([deal], [contact], ["Evaluator"])

    assert push(world, unlink(deal, contact)).status == "applied"
    assert roles(world) == []


def test_two_hundred_roles_cost_one_call(world: World, deal: str) -> None:
    world.add_people(5)
    outcomes = world.push(*(link(deal, contact) for contact in world.contacts))
    assert {outcome.status for outcome in outcomes.values()} == {"applied"}
    assert world.writes() == 1


def test_link_that_stands_already_is_not_made_again(world: World, deal: str) -> None:
    contact = world.contacts[0]
    push(world, link(deal, contact, "Evaluator"))
    assert [push(world, link(deal, contact, label)).status for label in ("", "Evaluator", "Influencer")] == [
        "already", "already", "conflict",
    ]  # fmt: skip
    assert roles(world) == [(contact, "Evaluator", False)]


def test_primary_mark_is_put_on_and_taken_off_and_the_role_stays(world: World, deal: str) -> None:
    contact = world.contacts[0]
    push(world, link(deal, contact, "Evaluator"))
    outcome = push(world, link(deal, contact, "primary"))
    assert (outcome.status, outcome.code) == ("applied", WAS_LINKED)
    assert roles(world) == [(contact, "Evaluator", True)]
    outcome = push(world, unlink(deal, contact, "primary"))
    assert (outcome.status, outcome.code) == ("applied", WAS_PRIMARY)
    assert roles(world) == [(contact, "Evaluator", False)]
    assert push(world, unlink(deal, contact, "primary")).status == "already"


def test_primary_contact_that_nobody_read_is_not_replaced(world: World, deal: str) -> None:
    first, second, _ = world.contacts
    push(world, link(deal, first, "primary"))
    outcome = push(world, link(deal, second, "primary"))
    assert (outcome.status, outcome.found) == ("conflict", first)
    assert push(world, link(deal, second, "primary", replaces=first)).status == "applied"


def test_role_that_the_remote_refuses_keeps_its_reason(world: World, deal: str) -> None:
    world.app.delete("Contact", world.contacts[0])
    outcome = push(world, link(deal, world.contacts[0]))
    assert (outcome.status, bool(outcome.code)) == ("rejected", True)


@pytest.mark.parametrize("when", ["before", "after"])
def test_lost_answer_is_settled_by_reading(world: World, deal: str, when: str) -> None:
    change = link(deal, world.contacts[0])
    stage: Any = {"stage": "after"} if when == "after" else {}
    world.listener.faults.add(Fault(route="/composite", drop=True, count=1, **stage))
    assert push(world, change).status == "unknown"
    stands = world.contacts[0] if when == "after" else None
    assert world.sink.observe([change])[change.id].value == stands
    assert push(world, change).status == ("already" if when == "after" else "applied")
    assert len(roles(world)) == 1
