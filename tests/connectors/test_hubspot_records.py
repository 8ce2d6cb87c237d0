"""Making, merging and deleting HubSpot records over HTTP: once, guarded, and found again when an answer is lost."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from model.changes import ADOPTED, Create, Delete, Merge, Outcome, Planned
from model.evidence import RecordKey
from model.streams import Value
from sandbox.faults import Fault
from sandbox.wire import Request, Response
from tests.connectors.hubspot_portal import Portal, open_portal, planned

CREATE = "/contacts/batch/create"
MERGE = "/contacts/merge"


@pytest.fixture
def portal() -> Iterator[Portal]:
    with open_portal() as opened:
        yield opened


def create(our_id: str, stream: str = "contacts", **values: Value) -> Create:
    return Create(RecordKey("hs", stream, our_id), tuple(values.items()), None, "a reason")


def sent(portal: Portal, *changes: Any, **settings: Any) -> list[Outcome]:
    hubspot = portal.connect(**settings)
    batch: tuple[Planned, ...] = planned(*changes)
    outcomes = {
        outcome.change_id: outcome for unit in hubspot.batches(batch) for outcome in hubspot.send(unit).outcomes
    }
    return [outcomes[one.id] for one in batch]


def contact(portal: Portal, **properties: Any) -> str:
    made = portal.app.create("contacts", **properties)
    portal.app.clock.turn(1)
    return made


def merge(portal: Portal, survivor: str, *losers: str, values: tuple[tuple[str, Value], ...] = ()) -> Merge:
    keys = tuple(RecordKey("hs", "contacts", loser) for loser in losers)
    version = portal.version("contacts", survivor)
    return Merge(RecordKey("hs", "contacts", survivor), keys, values, version, "a reason")


def test_created_records_carry_our_id_and_tell_theirs(portal: Portal) -> None:
    first, second = sent(
        portal,
        create("t-1", given_name="Ada", email="ada@a.example"),
        create("t-2", stream="accounts", name="Acme", domain="acme.example"),
    )
    assert (first.status, second.status) == ("applied", "applied")
    assert first.made and portal.value("contacts", first.made, "trueline_id") == "t-1"
    assert second.made and portal.value("accounts", second.made, "name") == "Acme"


def test_creating_again_finds_the_record_and_makes_none(portal: Portal) -> None:
    (first,) = sent(portal, create("t-1", given_name="Ada"))
    (again,) = sent(portal, create("t-1", given_name="Ada"))
    assert (again.status, again.made) == ("already", first.made)
    assert portal.app.count("contacts") == 1


@pytest.mark.parametrize("external_id", ["trueline_id", "our_key"])
def test_create_whose_answer_is_lost_is_found_in_the_same_run(portal: Portal, external_id: str) -> None:
    portal.listener.faults.add(Fault(route=CREATE, stage="after", drop=True, count=1))
    (outcome,) = sent(portal, create("t-1", given_name="Ada"), external_id=external_id)
    assert outcome.status == "applied"
    assert portal.app.count("contacts") == 1


def test_our_property_is_made_where_the_portal_has_none(portal: Portal) -> None:
    outcomes = [sent(portal, create("t-1", given_name="Ada"), external_id="our_key")[0] for _ in range(2)]
    assert [outcome.status for outcome in outcomes] == ["applied", "already"]
    assert portal.value("contacts", str(outcomes[0].made), "our_key") == "t-1"
    assert portal.app.count("contacts") == 1


def test_create_whose_answer_is_lost_is_observed_by_the_next_run(portal: Portal) -> None:
    portal.listener.faults.add(Fault(route=CREATE, stage="after", drop=True, count=1))
    portal.listener.faults.add(Fault(route="/contacts/batch/read", status=502, after=1))
    change = create("t-1", given_name="Ada")
    (outcome,) = sent(portal, change)
    assert outcome.status == "unknown"
    portal.listener.faults.clear()
    observed = portal.connect().observe(planned(change))["p0001-000001"]
    assert observed.exists
    assert portal.value("contacts", str(observed.value), "trueline_id") == "t-1"


def test_one_bad_record_of_a_batch_fails_alone(portal: Portal) -> None:
    good, bad = sent(portal, create("t-1", email="free@a.example"), create("t-2", email="bad@a@b", given_name="B"))
    assert good.status == "applied"
    assert bad.status == "rejected"


def test_contact_that_has_the_address_already_stands_for_the_one_to_be_made(portal: Portal) -> None:
    there = contact(portal, email="taken@a.example", firstname="A")
    _, taken = sent(
        portal, create("t-1", email="free@a.example"), create("t-2", email="Taken@a.example", given_name="B")
    )
    assert (taken.status, taken.code, taken.made) == ("already", ADOPTED, there)
    assert "taken" not in taken.message.lower()
    assert portal.value("contacts", there, "firstname") == "A", "nothing is written into it"
    assert portal.app.count("contacts") == 2


def test_create_without_the_right_to_make_our_property_says_what_to_do(portal: Portal) -> None:
    portal.app.revoke_scope("crm.schemas.contacts.write")
    (outcome,) = sent(portal, create("t-1", given_name="Ada"), external_id="our_key")
    assert outcome.status == "rejected"
    assert "text property our_key with unique values" in outcome.message
    assert portal.app.count("contacts") == 0


def test_merge_follows_the_new_id_and_sets_the_wanted_values(portal: Portal) -> None:
    ids = [contact(portal, firstname=name) for name in ("Ada", "Aada", "A.")]
    (outcome,) = sent(portal, merge(portal, *ids, values=(("phone", "+441615550100"),)))
    assert outcome.status == "applied"
    assert outcome.made not in ids and outcome.made
    row = portal.app.row("contacts", outcome.made)
    assert row is not None
    assert (row["firstname"], row["phone"]) == ("Ada", "+441615550100")
    assert set(ids) <= set((row["hs_merged_object_ids"] or "").split(";"))
    assert portal.app.count("contacts") == 1


def test_merge_tells_the_store_who_lives_on_in_whom(portal: Portal) -> None:
    ids = [contact(portal, firstname=name) for name in ("Ada", "Aada")]
    hubspot = portal.connect()
    came = hubspot.send(planned(merge(portal, *ids)))
    merged = {
        str(old): into
        for batch in came.records
        for old, into in zip(batch.columns["id"], batch.columns.get("merged_into", []), strict=False)
    }
    assert merged.items() >= dict.fromkeys(ids, came.outcomes[0].made).items()


def test_merge_of_a_record_that_moved_is_a_conflict_and_sends_nothing(portal: Portal) -> None:
    ids = [contact(portal, firstname=name) for name in ("Ada", "Aada")]
    change = merge(portal, *ids)
    portal.app.edit("contacts", ids[0], firstname="Eve")
    (outcome,) = sent(portal, change)
    assert outcome.status == "conflict"
    assert portal.app.count("contacts") == 2


def test_merge_with_a_deleted_loser_is_a_conflict(portal: Portal) -> None:
    ids = [contact(portal, firstname=name) for name in ("Ada", "Aada")]
    change = merge(portal, *ids)
    portal.app.delete("contacts", ids[1])
    assert [outcome.status for outcome in sent(portal, change)] == ["conflict"]


def test_merge_whose_answer_is_lost_is_looked_up_and_goes_on(portal: Portal) -> None:
    ids = [contact(portal, firstname=name) for name in ("Ada", "Aada", "A.")]
    portal.listener.faults.add(Fault(route=MERGE, stage="after", drop=True, count=1))
    (outcome,) = sent(portal, merge(portal, *ids))
    assert outcome.status == "applied"
    assert portal.app.count("contacts") == 1
    assert sum(entry.path.endswith(MERGE) for entry in portal.listener.requests) == 2


def test_merge_sent_again_is_found_done(portal: Portal) -> None:
    ids = [contact(portal, firstname=name) for name in ("Ada", "Aada")]
    change = merge(portal, *ids)
    (first,) = sent(portal, change)
    (again,) = sent(portal, change)
    assert (again.status, again.made) == ("already", first.made)
    observed = portal.connect().observe(planned(change))["p0001-000001"]
    assert observed.value == first.made


def test_merges_share_the_call_of_their_values_and_of_their_proofs(portal: Portal) -> None:
    pairs = [[contact(portal, firstname=f"{name} {number}") for name in ("Ada", "Aada")] for number in range(3)]
    changes = planned(*(merge(portal, *pair, values=(("title", f"{pair[0]}"),)) for pair in pairs))
    hubspot = portal.connect()
    (unit,) = hubspot.batches(changes)
    came = hubspot.send(unit).outcomes
    assert [outcome.status for outcome in came] == ["applied"] * 3
    titles = [portal.value("contacts", outcome.made or "", "jobtitle") for outcome in came]
    assert titles == [pair[0] for pair in pairs]
    assert hubspot.usage.calls == {"describe": 2, "read": 3 + 1, "write": 3 + 1}
    assert hubspot.usage.budgeted == hubspot.usage.minimum


def test_merges_behind_one_that_fails_are_unsent_and_those_before_stand(portal: Portal) -> None:
    pairs = [[contact(portal, firstname=f"{name} {number}") for name in ("Ada", "Aada")] for number in range(3)]
    changes = planned(*(merge(portal, *pair, values=(("title", "Chosen"),)) for pair in pairs))
    portal.listener.faults.add(Fault(route="batch/read$", after=1, count=5, status=503))
    came = portal.connect().send(changes).outcomes
    assert [outcome.status for outcome in came] == ["applied", "unsent", "unsent"]
    assert portal.value("contacts", came[0].made or "", "jobtitle") == "Chosen"
    assert portal.app.count("contacts") == 5


def test_value_that_somebody_set_while_merges_were_under_way_is_told(portal: Portal) -> None:
    ids = [contact(portal, firstname=name, jobtitle=name) for name in ("Ada", "Aada")]
    change = merge(portal, *ids, values=(("title", "Chosen"),))

    def theirs(_: Request, __: Response | None) -> None:
        portal.app.clock.turn(1)
        (survivor,) = [row["hs_object_id"] for row in portal.app.rows("contacts")]
        portal.app.edit("contacts", str(survivor), jobtitle="Theirs")
        portal.app.clock.turn(1)

    portal.listener.faults.add(Fault(route="batch/update$", act=theirs))
    (outcome,) = sent(portal, change)
    assert (outcome.status, outcome.found) == ("overwrote", "Theirs")
    assert portal.value("contacts", outcome.made or "", "jobtitle") == "Chosen"


def test_half_a_merge_says_how_far_it_came(portal: Portal) -> None:
    ids = [contact(portal, firstname=name) for name in ("Ada", "Aada", "A.")]
    body = '{"status":"error","category":"VALIDATION_ERROR","message":"no"}'
    portal.listener.faults.add(Fault(route=MERGE, status=400, body=body, after=1))
    (outcome,) = sent(portal, merge(portal, *ids))
    assert (outcome.status, outcome.code) == ("applied", "PARTLY")
    assert outcome.message.startswith("1 of 2 were merged")
    observed = portal.connect().observe(planned(merge(portal, str(outcome.made), ids[2])))["p0001-000001"]
    assert observed.value is None


def test_company_merge_is_soft_where_the_native_integration_is_on(portal: Portal) -> None:
    ids = [portal.app.create("companies", name=name) for name in ("Acme", "Acme Ltd")]
    portal.app.set_salesforce_integration(True)
    key, other = (RecordKey("hs", "accounts", record) for record in ids)
    (outcome,) = sent(portal, Merge(key, (other,), (), portal.version("accounts", ids[0]), "why"))
    assert (outcome.status, outcome.code) == ("applied", "SOFT")
    assert portal.app.count("companies") == 2


def test_delete_goes_to_the_bin_only_as_it_was_planned(portal: Portal) -> None:
    ids = [contact(portal, firstname=name) for name in ("Ada", "Eve")]
    changes = [Delete(RecordKey("hs", "contacts", record), portal.version("contacts", record), "why") for record in ids]
    portal.app.edit("contacts", ids[1], firstname="Eva")
    assert [outcome.status for outcome in sent(portal, *changes)] == ["applied", "conflict"]
    assert [outcome.status for outcome in sent(portal, *changes)] == ["already", "conflict"]
    assert portal.app.count("contacts") == 1


def test_delete_whose_answer_is_lost_is_read_back(portal: Portal) -> None:
    record = contact(portal, firstname="Ada")
    portal.listener.faults.add(Fault(route="/contacts/batch/archive", stage="after", drop=True, count=1))
    change = Delete(RecordKey("hs", "contacts", record), portal.version("contacts", record), "why")
    assert [outcome.status for outcome in sent(portal, change)] == ["applied"]
    assert not portal.connect().observe(planned(change))["p0001-000001"].exists


def test_merges_are_sent_before_creates_and_deletes_last(portal: Portal) -> None:
    ids = [contact(portal, firstname=name) for name in ("Ada", "Aada", "Eve")]
    gone = Delete(RecordKey("hs", "contacts", ids[2]), 1, "why")
    units = portal.connect().batches(planned(gone, create("t-1", given_name="B"), merge(portal, *ids[:2])))
    assert [unit[0].change.kind for unit in units] == ["merge", "create", "delete"]


def test_record_that_cannot_be_made_is_refused_before_it_is_sent(portal: Portal) -> None:
    hubspot = portal.connect()
    hubspot.check()
    (bad, good) = planned(create("t-1", given_name="x" * 70_000), create("t-2", given_name="Ada"))
    assert "longer than 65,536 characters" in (hubspot.refusal(bad) or "")
    assert hubspot.refusal(good) is None
