"""What is sent to Salesforce at all, and in which units."""

from __future__ import annotations

from typing import Any

import pytest

from model.changes import Associate, Create, Delete, Planned, SetField
from model.evidence import RecordKey
from tests.connectors.salesforce_world import BETTER, PHONE, World


def test_units_hold_two_hundred_records_parents_first_and_siblings_together(world: World) -> None:
    changes = []
    for n in range(450):
        key = RecordKey("sf", "contacts", f"003{n:012}AAA")
        changes.append(Planned(f"p{n}", SetField(key, "phone", PHONE, BETTER, 1, "r")))
        changes.append(
            Planned(f"a{n}", Associate(key, RecordKey("sf", "accounts", f"001{n % 7:012}AAA"), "primary", 1, "r"))
        )
    changes.append(
        Planned("acc", SetField(RecordKey("sf", "accounts", "001000000000000AAA"), "phone", "1", "2", 1, "r"))
    )
    units = world.sink.batches(changes)

    assert [len({planned.change.key.id for planned in unit}) for unit in units] == [1, 200, 200, 50]
    assert sorted(planned.id for unit in units for planned in unit) == sorted(planned.id for planned in changes)
    parents = [p.change.to.id for unit in units for p in unit if isinstance(p.change, Associate)]
    assert parents == sorted(parents)
    assert all(len({p.change.key.stream for p in unit}) == 1 for unit in units)


def refusals() -> list[Any]:
    contact = RecordKey("sf", "contacts", "003000000000001AAA")
    account = RecordKey("sf", "accounts", "001000000000001AAA")
    lead = RecordKey("sf", "leads", "00Q000000000001AAA")
    cases: dict[str, tuple[Any, str | None]] = {
        "fine": (SetField(contact, "phone", None, BETTER, 1, "r"), None),
        "clear": (SetField(contact, "phone", PHONE, None, 1, "r"), None),
        "link": (Associate(contact, account, "primary", 1, "r"), None),
        "required": (SetField(contact, "family_name", "x", None, 1, "r"), "may not be blank"),
        "too-long": (SetField(contact, "family_name", "x", "y" * 81, 1, "r"), "holds 80"),
        "rounded": (SetField(account, "revenue", None, 150_050, 1, "r"), "decimal digits"),
        "amount": (SetField(account, "revenue", None, 150_000, 1, "r"), None),
        "unmapped": (SetField(account, "domain", None, "acme.example", 1, "r"), "not mapped"),
        "no-field": (SetField(account, "shoe_size", None, 1, 1, "r"), "does not exist"),
        "read-only": (SetField(contact, "last_activity_on", None, 1, 1, "r"), "may not be updated"),
        "converted": (SetField(lead, "is_converted", False, True, 1, "r"), "may not be updated"),
        "users": (SetField(RecordKey("sf", "users", "005"), "name", "a", "b", 1, "r"), "read only"),
        "backwards-link": (Associate(account, contact, "primary", 1, "r"), "links contacts to accounts"),
        "far-link": (Associate(contact, RecordKey("hs", "accounts", "1"), "primary", 1, "r"), "one connection"),
        "create": (Create(contact, (), None, "r"), "create are not sent"),
        "delete": (Delete(contact, 1, "r"), "delete are not sent"),
    }
    return [pytest.param(change, expected, id=name) for name, (change, expected) in cases.items()]


@pytest.mark.parametrize(("change", "expected"), refusals())
def test_refusal_says_why_a_change_cannot_be_sent(world: World, change: Any, expected: str | None) -> None:
    told = world.sink.refusal(Planned("c1", change))
    if expected is None:
        assert told is None
    else:
        assert told is not None
        assert expected in told


def test_restricted_picklist_refuses_a_value_it_has_not(world: World) -> None:
    world.app.lock_field("Contact", "Phone")
    world.sink._schema.forget("Contact")
    change = Planned("c1", SetField(RecordKey("sf", "contacts", "003x"), "phone", None, "1", 1, "r"))
    assert "may not be updated" in str(world.sink.refusal(change))
