"""What is sent to Salesforce at all, and in which units."""

from __future__ import annotations

from typing import Any

import pytest

from model.changes import Associate, Change, Convert, Create, Delete, Merge, Planned, Restore, SetField
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
    other, deal = RecordKey("sf", "contacts", "003000000000002AAA"), RecordKey("sf", "deals", "006000000000001AAA")
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
        "backwards-link": (
            Associate(account, contact, "primary", 1, "r"),
            "links contacts to accounts and deals to contacts",
        ),
        "role": (Associate(deal, contact, "Evaluator", 1, "r"), None),
        "role-unknown": (Associate(deal, contact, "No such role", 1, "r"), None),
        "far-link": (Associate(contact, RecordKey("hs", "accounts", "1"), "primary", 1, "r"), "one connection"),
        "create": (Create(contact, (("family_name", "L"),), None, "r"), None),
        "create-nothing": (Create(contact, (), None, "r"), "LastName is required"),
        "create-read-only": (Create(contact, (("last_activity_on", 1),), None, "r"), "may not be set"),
        "create-long-id": (Create(RecordKey("sf", "contacts", "t" * 65), (), None, "r"), "holds 64"),
        "create-user": (Create(RecordKey("sf", "users", "t"), (), None, "r"), "read only"),
        "delete": (Delete(contact, 1, "r"), None),
        "restore": (Restore(contact, 1, "r"), None),
        "merge": (Merge(contact, (other,), (("phone", BETTER),), 1, "r"), None),
        "merge-value": (Merge(contact, (other,), (("family_name", None),), 1, "r"), "may not be blank"),
        "merge-alone": (Merge(contact, (contact,), (), 1, "r"), "different records"),
        "merge-far": (Merge(contact, (RecordKey("hs", "contacts", "1"),), (), 1, "r"), "one kind and connection"),
        "merge-deals": (Merge(deal, (RecordKey("sf", "deals", "0062"),), (), 1, "r"), "may not be merged"),
        "convert": (Convert(lead, contact, account, 1, "r"), None),
        "convert-contact": (Convert(contact, None, None, 1, "r"), "leads are converted"),
        "convert-to-lead": (Convert(lead, account, None, 1, "r"), "becomes one of the contacts"),
        "convert-name": (Convert(lead, None, None, 1, "r", deal_name="x" * 121), "1 to 120"),
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


def test_org_without_our_external_id_is_told_how_to_get_it(world: World) -> None:
    world.app.hide_field("Contact", "Trueline_Id__c")
    world.sink._schema.forget("Contact")
    told = str(world.sink.refusal(Planned("c1", Create(RecordKey("sf", "contacts", "t"), (), None, "r"))))
    assert "add a text field Trueline_Id__c of 64 characters to Contact" in told
    assert "marked as External ID and Unique" in told
    assert "external_id" in told


def test_units_come_in_the_order_of_dependence(world: World) -> None:
    keys = {stream: RecordKey("sf", stream, f"{stream}1") for stream in ("accounts", "contacts", "leads")}
    contact, account, lead = keys["contacts"], keys["accounts"], keys["leads"]
    changes: list[Change] = [
        Delete(account, 1, "r"), Delete(contact, 1, "r"), SetField(contact, "phone", None, "1", 1, "r"),
        Create(contact, (), None, "r"), Create(account, (), None, "r"), Convert(lead, None, None, 1, "r"),
        Merge(contact, (RecordKey("sf", "contacts", "2"),), (), 1, "r"), Restore(contact, 1, "r"),
    ]  # fmt: skip
    units = world.sink.batches([Planned(str(number), change) for number, change in enumerate(changes)])
    assert [(unit[0].change.kind, unit[0].change.key.stream) for unit in units] == [
        ("restore", "contacts"), ("merge", "contacts"), ("convert", "leads"), ("create", "accounts"),
        ("create", "contacts"), ("set-field", "contacts"), ("delete", "contacts"), ("delete", "accounts"),
    ]  # fmt: skip


def test_merge_units_hold_two_hundred_requests(world: World) -> None:
    def merge(number: int, losers: int) -> Planned:
        keys = [RecordKey("sf", "contacts", f"{number}-{n}") for n in range(losers + 1)]
        return Planned(str(number), Merge(keys[0], tuple(keys[1:]), (), 1, "r"))

    units = world.sink.batches([merge(number, 3) for number in range(101)])
    assert [len(unit) for unit in units] == [100, 1]
    assert "401 records at once" in str(world.sink.refusal(merge(1, 401)))
