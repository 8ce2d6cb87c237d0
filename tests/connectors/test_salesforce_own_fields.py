"""Fields of the org's own, mapped by the settings, are written as the canonical ones are."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date

import pytest

from connectors._salesforce_write import Guard
from model.changes import Create, Planned
from model.evidence import RecordKey
from sandbox.faults import Fault
from tests.connectors.salesforce_world import World, open_world

BORN = (date(1980, 5, 4) - date(1970, 1, 1)).days
FIELDS = {"contacts": {"born_on": "Birthdate", "fax_number": "Fax"}}


@pytest.fixture
def world() -> Iterator[World]:
    with open_world(fields=FIELDS) as opened:
        yield opened


@pytest.mark.parametrize("guard", ["conditional", "re-read"])
def test_own_field_is_written_and_read_back_in_its_type(world: World, guard: Guard) -> None:
    world.sink._guard = world.sink._writer.guard = guard
    contact = world.contacts[0]
    outcomes = world.push(
        world.set(contact, "born_on", None, BORN, number=1), world.set(contact, "fax_number", None, "0161 1", number=2)
    )
    assert [outcomes[change].status for change in ("c1", "c2")] == ["applied", "applied"]
    row = world.app.row("Contact", contact)
    assert (row["Birthdate"], row["Fax"]) == ("1980-05-04", "0161 1")
    observed = world.sink.observe([world.set(contact, "born_on", None, BORN)])
    assert observed["c1"].value == BORN


def test_own_field_that_holds_another_value_is_a_conflict(world: World) -> None:
    contact = world.contacts[0]
    assert world.push(world.set(contact, "fax_number", "0161 2", "0161 1"))["c1"].status == "conflict"


def test_foreign_value_of_an_own_field_overwritten_in_the_gap_is_found_in_the_history(world: World) -> None:
    world.sink._guard = world.sink._writer.guard = "re-read"
    contact = world.contacts[0]
    world.before_write(lambda: world.app.edit("Contact", contact, Fax="foreign"))
    rows = [
        {"ContactId": contact, "Field": "Fax", "OldValue": None, "NewValue": "foreign"},
        {"ContactId": contact, "Field": "Fax", "OldValue": "foreign", "NewValue": "0161 1"},
    ]
    history = json.dumps({"totalSize": 2, "done": True, "records": rows})
    world.listener.faults.add(Fault(route="/query", contains="ContactHistory", status=200, body=history))
    outcome = world.push(world.set(contact, "fax_number", None, "0161 1"))["c1"]
    assert (outcome.status, outcome.found) == ("overwrote", "foreign")


def test_own_field_is_refused_by_its_length_and_where_it_is_not_mapped(world: World) -> None:
    contact = world.contacts[0]
    assert "40" in (world.sink.refusal(world.set(contact, "fax_number", None, "1" * 41)) or "")
    assert "does not exist" in (world.sink.refusal(world.set(contact, "shoe_size", None, "44")) or "")
    assert world.sink.refusal(world.set(contact, "born_on", None, BORN)) is None


def test_record_is_made_with_its_own_fields(world: World) -> None:
    values = (("family_name", "New"), ("born_on", BORN))
    made = Planned("c1", Create(RecordKey("sf", "contacts", "e0001"), values, None, "a reason"))
    assert world.sink.refusal(made) is None
    outcome = world.push(made)["c1"]
    assert outcome.status == "applied"
    assert world.app.row("Contact", str(outcome.made))["Birthdate"] == "1980-05-04"
