"""Merging over SOAP: guards, surviving values, groups of any size, and answers that get lost."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from connectors.connector import Observed
from model.changes import Merge, Planned
from model.errors import Unavailable
from model.evidence import RecordKey
from model.streams import Value
from sandbox.faults import Fault
from sandbox.wire import Request, Response
from tests.connectors.salesforce_world import BETTER, PHONE, World

SOAP = "/services/Soap/u/"


def merge(world: World, survivor: str, *losers: str, seen_at: int | None = None, **values: Value) -> Planned:
    stream = {"001": "accounts", "003": "contacts", "00Q": "leads"}[survivor[:3]]
    keys = [RecordKey("sf", stream, one) for one in (survivor, *losers)]
    seen = world.versions.get(survivor) if seen_at is None else seen_at
    return Planned(f"m{survivor}", Merge(keys[0], tuple(keys[1:]), tuple(values.items()), seen, "a reason"))


def push(world: World, change: Planned) -> Any:
    return world.push(change)[change.id]


def soap_calls(world: World) -> int:
    return sum(entry.path.startswith(SOAP) for entry in world.listener.requests)


def row(world: World, record_id: str) -> dict[str, Any]:
    return world.app.row({"001": "Account", "003": "Contact", "00Q": "Lead"}[record_id[:3]], record_id)


def test_losers_end_in_the_survivor_with_the_values_that_were_chosen(world: World) -> None:
    first, second, third = world.contacts
    world.app.edit("Contact", first, Title="old")
    world.pull()
    change = merge(world, first, second, third, phone=BETTER, title=None, email_opt_out=True)
    (unit,) = world.sink.batches([change])
    sent = world.sink.send(unit)

    (outcome,) = sent.outcomes
    assert (outcome.status, outcome.code, outcome.made) == ("applied", "", first)
    assert [row(world, first)[name] for name in ("Phone", "Title", "HasOptedOutOfEmail")] == [BETTER, None, True]
    assert [row(world, one)["MasterRecordId"] for one in (second, third)] == [first, first]
    (batch,) = sent.records
    merged = dict(zip(batch.columns["id"], batch.columns["merged_into"], strict=True))
    assert merged == {first: None, second: first, third: first}
    assert outcome.version == dict(zip(batch.columns["id"], batch.columns["changed_at"], strict=True))[first]


def test_group_of_any_size_goes_in_threes_in_one_call(world: World) -> None:
    world.add_people(8)
    survivor, *losers = world.contacts
    world.listener.requests.clear()
    assert push(world, merge(world, survivor, *losers)).status == "applied"
    assert {row(world, one)["MasterRecordId"] for one in losers} == {survivor}
    assert (soap_calls(world), len(world.listener.requests)) == (1, 3)


def test_accounts_bring_their_contacts_along(world: World) -> None:
    survivor, loser, _ = world.accounts
    world.app.edit("Contact", world.contacts[0], AccountId=loser)
    assert push(world, merge(world, survivor, loser)).status == "applied"
    assert row(world, world.contacts[0])["AccountId"] == survivor


def test_survivor_that_moved_since_the_plan_is_left_alone(world: World) -> None:
    world.app.edit("Contact", world.contacts[0], Title="mine")
    outcome = push(world, merge(world, *world.contacts))
    assert (outcome.status, outcome.code) == ("conflict", "MOVED")
    assert soap_calls(world) == 0


@pytest.mark.parametrize("place", [0, 1], ids=["survivor", "loser"])
def test_record_that_is_gone_is_a_conflict(world: World, place: int) -> None:
    world.app.delete("Contact", world.contacts[place])
    outcome = push(world, merge(world, *world.contacts))
    assert (outcome.status, outcome.code) == ("conflict", "GONE")
    assert soap_calls(world) == 0


def test_loser_merged_elsewhere_meanwhile_is_a_conflict(world: World) -> None:
    first, second, third = world.contacts
    assert push(world, merge(world, third, second)).status == "applied"
    outcome = push(world, merge(world, first, second))
    assert (outcome.status, outcome.code) == ("conflict", "GONE")


def test_merge_that_is_done_already_is_not_sent_again(world: World) -> None:
    change = merge(world, *world.contacts)
    push(world, change)
    outcome = push(world, change)
    assert (outcome.status, outcome.made) == ("already", world.contacts[0])
    assert soap_calls(world) == 1


def test_merge_that_stopped_half_way_goes_on_where_it_stopped(world: World) -> None:
    first, second, third = world.contacts
    push(world, merge(world, first, second))
    outcome = push(world, merge(world, first, second, third, seen_at=1))
    assert outcome.status == "applied"
    assert row(world, third)["MasterRecordId"] == first


def test_chain_of_merges_counts_as_done(world: World) -> None:
    first, second, third = world.contacts
    push(world, merge(world, second, third))
    world.pull()
    push(world, merge(world, first, second))
    assert push(world, merge(world, first, second, third)).status == "already"


def test_loser_that_the_remote_refuses_leaves_the_others_merged_and_is_told(world: World) -> None:
    world.add_people(4)
    survivor, *losers = world.contacts
    world.before_write(lambda: world.app.delete("Contact", losers[2]), route=SOAP)
    outcome = push(world, merge(world, survivor, *losers))
    assert (outcome.status, outcome.code, outcome.made) == ("applied", "PARTLY", survivor)
    assert outcome.message == "2 of 3 were merged"
    assert row(world, losers[0])["MasterRecordId"] == survivor


def test_refused_merge_keeps_the_remotes_reason(world: World) -> None:
    first, second, _ = world.contacts
    outcome = push(world, merge(world, first, second, email="no address"))
    assert (outcome.status, outcome.code) == ("rejected", "INVALID_EMAIL_ADDRESS")
    assert outcome.message
    assert not row(world, second)["IsDeleted"]


def test_lost_answer_is_unknown_and_observe_tells(world: World) -> None:
    first, second, third = world.contacts
    change = merge(world, first, second, third)
    world.listener.faults.add(Fault(route=SOAP, stage="after", drop=True))
    assert push(world, change).status == "unknown"
    assert soap_calls(world) == 1
    assert world.sink.observe([change])[change.id].value == first


def test_call_that_never_arrived_is_unsent_and_observe_tells(world: World) -> None:
    change = merge(world, *world.contacts)
    world.listener.faults.add(Fault(route=SOAP, drop=True))
    assert push(world, change).status == "unknown"
    observed = world.sink.observe([change])[change.id]
    assert (observed.value, observed.exists) == (None, True)
    world.app.delete("Contact", world.contacts[0])
    assert world.sink.observe([change])[change.id] == Observed(None, None, exists=False)


def test_remote_out_of_reach_raises_with_nothing_sent(world: World) -> None:
    world.listener.faults.add(Fault(route=SOAP, status=420))
    with pytest.raises(Unavailable) as caught:
        push(world, merge(world, *world.contacts))
    assert not caught.value.sent


def test_foreign_value_overwritten_in_the_gap_is_reported(world: World) -> None:
    first, second, _ = world.contacts
    world.before_write(lambda: world.app.edit("Contact", first, Phone="foreign"), route=SOAP)
    outcome = push(world, merge(world, first, second, phone=BETTER))
    assert (outcome.status, outcome.found, outcome.made) == ("overwrote", "foreign", first)


def test_expired_session_is_renewed_once(world: World) -> None:
    fault = (
        '<soapenv:Envelope xmlns:soapenv="x"><soapenv:Body><soapenv:Fault><faultcode>sf:INVALID_SESSION_ID</faultcode>'
        "<faultstring>INVALID_SESSION_ID: Invalid Session ID</faultstring></soapenv:Fault></soapenv:Body>"
        "</soapenv:Envelope>"
    )
    world.listener.faults.add(Fault(route=SOAP, status=500, body=fault, count=1))
    assert push(world, merge(world, *world.contacts)).status == "applied"
    assert world.sink.usage.calls["auth"] == 2


def test_locked_record_is_merged_after_a_wait(world: World) -> None:
    locked = (
        '<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"><soapenv:Body>'
        '<mergeResponse xmlns="urn:partner.soap.sforce.com"><result><errors><message>lock</message>'
        "<statusCode>UNABLE_TO_LOCK_ROW</statusCode></errors><success>false</success></result></mergeResponse>"
        "</soapenv:Body></soapenv:Envelope>"
    )
    world.listener.faults.add(Fault(route=SOAP, status=200, body=locked, count=1))
    assert push(world, merge(world, *world.contacts)).status == "applied"
    assert len(world.slept) == 1


@pytest.mark.parametrize(
    "body",
    [
        pytest.param("<html>", id="html"),
        pytest.param('<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', id="document-type"),
        pytest.param(
            '<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body/></e:Envelope>', id="empty"
        ),
    ],
)
def test_answer_that_is_none_leaves_the_outcome_unknown(world: World, body: str) -> None:
    world.listener.faults.add(Fault(route=SOAP, status=200, body=body))
    assert push(world, merge(world, *world.contacts)).status == "unknown"
    assert soap_calls(world) == 1


def test_answer_that_leaves_a_request_out_makes_it_unknown(world: World) -> None:
    def act(request: Request, response: Response | None) -> Response:
        assert response is not None
        head, _, tail = response.body.partition(b"<result>")
        return Response(200, head + tail[tail.index(b"</result>") + 9 :], response.headers)

    world.listener.faults.add(Fault(route=SOAP, stage="after", act=act))
    assert push(world, merge(world, *world.contacts)).status == "unknown"


def test_token_that_soap_does_not_take_is_told(world: World) -> None:
    world.app.settings.jwt_access_tokens = True
    world.app.expire_tokens()
    outcome = push(world, merge(world, *world.contacts))
    assert outcome.status == "rejected"
    assert "switch off JWT-based access tokens" in outcome.message
    assert soap_calls(world) == 0


def test_converted_leads_are_not_merged(world: World) -> None:
    leads = [world.app.create("Lead", LastName="L", Company="C") for _ in range(2)]
    world.app._org.database.execute("UPDATE Lead SET IsConverted = 1 WHERE Id = ?", (leads[1],))
    outcome = push(world, merge(world, *leads))
    assert (outcome.status, outcome.code) == ("rejected", "CONVERTED")


def test_hostile_text_survives_the_envelope(world: World) -> None:
    first, second, _ = world.contacts
    text = "<b>&amp;</b> ]]> \"q\" 'a' Zoë\r\n😀"
    assert push(world, merge(world, first, second, title=text)).status == "applied"
    assert row(world, first)["Title"].replace("\r\n", "\n") == text.replace("\r\n", "\n")


def test_text_that_xml_cannot_hold_is_refused(world: World) -> None:
    outcome = push(world, merge(world, *world.contacts, title="\x07"))
    assert (outcome.status, outcome.code) == ("rejected", "NOT_EXACT")
    assert row(world, world.contacts[0])["Phone"] == PHONE


# --- contacts of several accounts ---


def related(world: World) -> set[tuple[str, str, str]]:
    rows = [one for one in world.app.rows("AccountContactRelation") if not one["IsDeleted"]]
    return {(one["AccountId"], one["ContactId"], one["Roles"] or "") for one in rows}


@pytest.fixture
def redundant(world: World) -> World:
    """Two contacts that are both related to the first account, one of them to the second account as well."""
    world.app.turn_on("contacts_to_multiple_accounts")
    for account, contact in ((0, 0), (0, 1), (1, 1)):
        ends = {"AccountId": world.accounts[account], "ContactId": world.contacts[contact]}
        world.app.create("AccountContactRelation", Roles="Evaluator", **ends)
    world.reconnect()
    world.pull()
    return world


def test_relations_that_keep_contacts_from_being_merged_come_off_first(redundant: World) -> None:
    (first, second, _), (one, two, _) = redundant.contacts, redundant.accounts
    assert push(redundant, merge(redundant, first, second)).status == "applied"
    assert related(redundant) == {(one, first, "Evaluator"), (two, first, "Evaluator")}
    assert soap_calls(redundant) == 2


def test_relations_that_keep_accounts_from_being_merged_come_off_first(redundant: World) -> None:
    (first, second, _), (one, two, _) = redundant.contacts, redundant.accounts
    assert push(redundant, merge(redundant, one, two)).status == "applied"
    assert related(redundant) == {(one, first, "Evaluator"), (one, second, "Evaluator")}


def test_relations_are_put_back_where_the_merge_is_refused_all_the_same(redundant: World) -> None:
    before = related(redundant)
    redundant.app.settings.rules.denied.add(("Contact", "update"))
    planned = merge(redundant, *redundant.contacts[:2])
    taken = redundant.sink.snapshots([planned])[planned.id]
    assert isinstance(planned.change, Merge)
    outcome = push(redundant, replace(planned, change=replace(planned.change, snapshots=tuple(taken))))
    assert (outcome.status, outcome.code) == ("rejected", "INSUFFICIENT_ACCESS_OR_READONLY")
    assert related(redundant) == before


def test_merge_refused_for_another_reason_takes_no_relation_off(redundant: World) -> None:
    before = related(redundant)
    redundant.app.create("AccountContactRelation", AccountId=redundant.accounts[2], ContactId=redundant.contacts[2])
    redundant.listener.faults.add(Fault(route=SOAP, stage="after", act=lambda _, answer: _refused(answer)))
    outcome = push(redundant, merge(redundant, redundant.contacts[0], redundant.contacts[2]))
    assert (outcome.status, outcome.code) == ("rejected", "MERGE_FAILED")
    assert before <= related(redundant)


def _refused(answer: Response | None) -> Response:
    assert answer is not None
    errors = b"<errors><message>no</message><statusCode>MERGE_FAILED</statusCode></errors><success>false</success>"
    head, _, tail = answer.body.partition(b"<success>true</success>")
    return Response(200, head + errors + tail, answer.headers)
