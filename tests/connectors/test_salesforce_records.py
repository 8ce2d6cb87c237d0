"""Making, converting, deleting and restoring records in the sandbox org."""

from __future__ import annotations

from typing import Any, Literal

import pytest

from model.changes import ADOPTED, Convert, Create, Delete, Outcome, Planned, Restore
from model.evidence import RecordKey
from model.streams import Value
from sandbox.faults import Fault
from tests.connectors.salesforce_world import World

SOAP = "/services/Soap/u/"


def create(external_id: str, stream: str = "contacts", **values: Value) -> Planned:
    named = values or {"family_name": "New"}
    return Planned(external_id, Create(RecordKey("sf", stream, external_id), tuple(named.items()), None, "a reason"))


def push(world: World, change: Planned) -> Outcome:
    return world.push(change)[change.id]


# --- creates ---


def test_created_record_carries_our_id_and_is_read_back(world: World) -> None:
    change = create("t-1", family_name="New", account_id=world.accounts[0], email_opt_out=True, title=None)
    (unit,) = world.sink.batches([change])
    sent = world.sink.send(unit)
    (outcome,) = sent.outcomes
    assert outcome.status == "applied"
    made = world.app.row("Contact", str(outcome.made))
    assert (made["Trueline_Id__c"], made["LastName"], made["AccountId"]) == ("t-1", "New", world.accounts[0])
    assert made["HasOptedOutOfEmail"]
    assert sent.records[0].columns["id"] == [outcome.made]
    assert outcome.version == sent.records[0].columns["changed_at"][0]


def test_two_hundred_records_are_made_by_one_call(world: World) -> None:
    outcomes = world.push(*[create(f"t-{number}") for number in range(201)])
    assert {outcome.status for outcome in outcomes.values()} == {"applied"}
    assert world.writes() == 2


def test_long_external_ids_are_looked_up_within_the_limits_of_an_address(world: World) -> None:
    ids = [f"ä'{number:03}" + "ö" * 50 for number in range(60)]
    outcomes = world.push(*[create(one) for one in ids])
    assert {outcome.status for outcome in outcomes.values()} == {"applied"}
    assert {outcome.status for outcome in world.push(*[create(one) for one in ids]).values()} == {"already"}


def test_record_made_before_is_neither_doubled_nor_written(world: World) -> None:
    first = push(world, create("t-1"))
    world.app.edit("Contact", str(first.made), LastName="Edited")
    again = push(world, create("t-1"))
    assert (again.status, again.made) == ("already", first.made)
    assert world.app.row("Contact", str(first.made))["LastName"] == "Edited"
    assert world.app.count("Contact") == 4


def test_record_that_the_remote_refuses_keeps_its_reason_and_the_others_are_made(world: World) -> None:
    outcomes = world.push(create("t-1", family_name="x" * 81), create("t-2"))
    assert (outcomes["t-1"].status, outcomes["t-1"].code) == ("rejected", "STRING_TOO_LONG")
    assert outcomes["t-2"].status == "applied"


def test_lost_answer_of_a_create_is_found_by_its_id(world: World) -> None:
    change = create("t-1")
    world.listener.faults.add(Fault(route="/composite", stage="after", drop=True))
    assert push(world, change).status == "unknown"
    made = world.app.rows("Contact")[-1]["Id"]
    assert world.sink.observe([change])["t-1"].value == made
    assert push(world, change).status == "already"
    assert world.app.count("Contact") == 4


def test_person_whose_address_is_there_already_stands_for_the_one_to_be_made(world: World) -> None:
    there = world.app.create("Contact", LastName="There", Email="Ada@a.example")
    outcome = push(world, create("t-1", family_name="New", email="ada@a.example"))
    assert (outcome.status, outcome.code, outcome.made) == ("already", ADOPTED, there)
    assert world.app.row("Contact", there)["LastName"] == "There"


@pytest.mark.parametrize("on_create", ["alert", "block"])
def test_duplicate_rule_stops_a_create_and_the_record_it_means_is_taken(
    world: World, on_create: Literal["alert", "block"]
) -> None:
    there = world.app.create("Account", Name="Acme", Website="acme.example")
    world.app.admin.add_duplicate_rule("Accounts", "Account", ["Name"], on_create=on_create)
    outcomes = world.push(
        create("t-1", "accounts", name="acme", website="acme.example"),
        create("t-2", "accounts", name="Acme", website="elsewhere.example"),
        create("t-3", "accounts", name="Other"),
    )
    assert (outcomes["t-1"].status, outcomes["t-1"].made) == ("already", there)
    assert (outcomes["t-2"].status, outcomes["t-2"].code) == ("rejected", "DUPLICATES_DETECTED")
    assert outcomes["t-3"].status == "applied"


def test_org_without_our_field_makes_each_record_once(world: World) -> None:
    for sobject in ("Contact", "Account"):
        world.app.hide_field(sobject, "Trueline_Id__c")
    world.reconnect()
    changes = create("t-1", email="ada@a.example", family_name="A"), create("t-2", "accounts", name="Acme")
    world.listener.faults.add(Fault(route="/composite/sobjects", stage="after", drop=True, count=2))
    assert {outcome.status for outcome in world.push(*changes).values()} == {"unknown"}
    observed = world.sink.observe(changes)
    assert observed["t-1"].value == world.app.rows("Contact")[-1]["Id"]
    assert observed["t-2"].value == world.app.rows("Account")[-1]["Id"]
    assert {outcome.status for outcome in world.push(*changes).values()} == {"already"}


def test_org_without_our_field_makes_nothing_that_could_not_be_found_again(world: World) -> None:
    world.app.hide_field("Contact", "Trueline_Id__c")
    world.reconnect()
    why = world.sink.refusal(create("t-1", family_name="Nobody"))
    assert why is not None
    assert "add a text field Trueline_Id__c of 64 characters to Contact" in why


def test_create_that_never_arrived_does_not_exist(world: World) -> None:
    change = create("t-1")
    world.listener.faults.add(Fault(route="/composite", drop=True))
    assert push(world, change).status == "unknown"
    assert not world.sink.observe([change])["t-1"].exists


# --- deletions and restores ---


def delete(world: World, record_id: str, *, seen_at: int | None = None) -> Planned:
    stream = {"001": "accounts", "003": "contacts"}[record_id[:3]]
    seen = world.versions[record_id] if seen_at is None else seen_at
    return Planned(f"d{record_id}", Delete(RecordKey("sf", stream, record_id), seen, "a reason"))


def restore(record_id: str) -> Planned:
    stream = {"001": "accounts", "003": "contacts"}[record_id[:3]]
    return Planned(f"r{record_id}", Restore(RecordKey("sf", stream, record_id), None, "a reason"))


def test_deleted_record_is_restored_with_its_children(world: World) -> None:
    account, contact = world.accounts[0], world.contacts[0]
    world.app.edit("Contact", contact, AccountId=account)
    world.pull()
    removed = delete(world, account)
    assert push(world, removed).status == "applied"
    assert world.app.row("Contact", contact)["IsDeleted"]
    assert not world.sink.observe([removed])[removed.id].exists

    back = push(world, restore(account))
    assert (back.status, back.made) == ("applied", account)
    assert not world.app.row("Contact", contact)["IsDeleted"]
    assert world.sink.observe([restore(account)])[f"r{account}"].exists


def test_record_that_moved_since_the_plan_is_not_deleted(world: World) -> None:
    contact = world.contacts[0]
    world.app.edit("Contact", contact, Title="mine")
    outcome = push(world, delete(world, contact))
    assert (outcome.status, outcome.code) == ("conflict", "MOVED")
    assert not world.app.row("Contact", contact)["IsDeleted"]


def test_deleting_and_restoring_twice_change_nothing(world: World) -> None:
    contact = world.contacts[0]
    assert push(world, restore(contact)).status == "already"
    world.app.delete("Contact", contact)
    assert push(world, delete(world, contact)).status == "already"


def test_record_that_left_the_recycle_bin_cannot_be_restored(world: World) -> None:
    contact = world.contacts[0]
    world.app.delete("Contact", contact)
    world.app._org.records.bin.purge(world.app._org.schema.get("Contact"), contact)
    outcome = push(world, restore(contact))
    assert (outcome.status, outcome.code) == ("conflict", "GONE")


@pytest.mark.parametrize("when", ["before", "after"])
def test_lost_answer_of_a_deletion_is_settled_by_reading(world: World, when: str) -> None:
    change = delete(world, world.contacts[0])
    stage: Any = {"stage": "after"} if when == "after" else {}
    world.listener.faults.add(Fault(route="/composite", method="DELETE", drop=True, **stage))
    assert push(world, change).status == "unknown"
    assert world.sink.observe([change])[change.id].exists is (when == "before")


def test_deleted_records_of_one_call_have_an_outcome_each(world: World) -> None:
    world.app._org.settings.rules.locked[world.contacts[1]] = "ENTITY_IS_LOCKED"
    outcomes = world.push(*(delete(world, contact) for contact in world.contacts))
    statuses = [outcomes[f"d{contact}"].status for contact in world.contacts]
    assert statuses == ["applied", "rejected", "applied"]
    assert outcomes[f"d{world.contacts[1]}"].code == "ENTITY_IS_LOCKED"


# --- conversions ---


def lead(world: World, **values: Any) -> str:
    world.app.clock.turn(-600)
    made = world.app.create("Lead", **{"LastName": "L", "Company": "C", **values})
    world.app.clock.turn(600)
    return made


def convert(
    world: World, lead_id: str, *, contact: str | None = None, account: str | None = None, **more: Any
) -> Planned:
    into, at = (
        RecordKey("sf", stream, record_id) if record_id else None
        for stream, record_id in (("contacts", contact), ("accounts", account))
    )
    seen = next(
        page.batch.columns["changed_at"][page.batch.columns["id"].index(lead_id)]
        for page in world.sink.pull("leads", world.everything)
    )
    assert isinstance(seen, int)
    return Planned(f"v{lead_id}", Convert(RecordKey("sf", "leads", lead_id), into, at, seen, "a reason", **more))


def test_lead_becomes_a_contact_of_a_new_account(world: World) -> None:
    made = lead(world)
    change = convert(world, made)
    outcome = push(world, change)
    row = world.app.row("Lead", made)
    assert (outcome.status, outcome.made) == ("applied", row["ConvertedContactId"])
    assert (row["IsConverted"], row["ConvertedOpportunityId"]) == (True, None)
    assert world.app.row("Account", row["ConvertedAccountId"])["Name"] == "C"
    observed = world.sink.observe([change])[change.id]
    assert (observed.value, observed.version) == (outcome.made, outcome.version)


def test_lead_joins_a_contact_at_its_own_account_and_opens_a_deal(world: World) -> None:
    contact, account = world.contacts[0], world.accounts[0]
    world.app.edit("Contact", contact, AccountId=account)
    made = lead(world)
    outcome = push(world, convert(world, made, contact=contact, deal_name="Deal", status="Closed - Converted"))
    row = world.app.row("Lead", made)
    assert (outcome.status, outcome.made, row["ConvertedAccountId"]) == ("applied", contact, account)
    assert world.app.row("Opportunity", row["ConvertedOpportunityId"])["Name"] == "Deal"


def test_contact_without_account_cannot_be_joined(world: World) -> None:
    outcome = push(world, convert(world, lead(world), contact=world.contacts[0]))
    assert (outcome.status, outcome.code) == ("rejected", "NO_ACCOUNT")


@pytest.mark.parametrize("joins", [True, False], ids=["joined", "new"])
def test_lead_of_a_queue_gives_what_it_becomes_to_a_person(world: World, joins: bool) -> None:
    queue = world.app.create("Group", Name="Q", Type="Queue")
    somebody = world.app.create("User", Username="b@x.example", LastName="B", Email="b@x.example", IsActive=True)
    world.app.edit("Account", world.accounts[0], OwnerId=somebody)
    made = lead(world, OwnerId=queue)
    outcome = push(world, convert(world, made, account=world.accounts[0] if joins else None))
    assert outcome.status == "applied"
    owner = world.app.row("Contact", str(outcome.made))["OwnerId"]
    assert owner == (somebody if joins else world.app.user_id)


def test_lead_that_moved_since_the_plan_is_left_alone(world: World) -> None:
    made = lead(world)
    change = convert(world, made)
    world.app.edit("Lead", made, Title="mine")
    outcome = push(world, change)
    assert (outcome.status, outcome.code) == ("conflict", "MOVED")


def test_converted_lead_is_not_converted_again(world: World) -> None:
    made = lead(world)
    change = convert(world, made)
    first = push(world, change)
    assert push(world, change) == Outcome(change.id, "already", "", "it was converted already", first.version,
                                          None, first.made)  # fmt: skip
    other = convert(world, made, contact=world.contacts[0])
    outcome = push(world, other)
    assert (outcome.status, outcome.code, outcome.found) == ("conflict", "CONVERTED", first.made)


def test_status_that_is_none_keeps_the_remotes_reason(world: World) -> None:
    outcome = push(world, convert(world, lead(world), status="No such"))
    assert (outcome.status, outcome.code) == ("rejected", "INVALID_STATUS")


@pytest.mark.parametrize("when", ["before", "after"])
def test_lost_answer_of_a_conversion_is_settled_by_reading(world: World, when: str) -> None:
    made = lead(world)
    change = convert(world, made)
    stage: Any = {"stage": "after"} if when == "after" else {}
    world.listener.faults.add(Fault(route=SOAP, drop=True, **stage))
    assert push(world, change).status == "unknown"
    observed = world.sink.observe([change])[change.id]
    assert observed.value == world.app.row("Lead", made)["ConvertedContactId"]
    assert observed.exists


def test_hundred_leads_are_converted_by_one_call(world: World) -> None:
    leads = [lead(world, LastName=f"L {number}") for number in range(101)]
    changes = [Planned(one, Convert(RecordKey("sf", "leads", one), None, None, None, "r")) for one in leads]
    assert [len(unit) for unit in world.sink.batches(changes)] == [100, 1]
