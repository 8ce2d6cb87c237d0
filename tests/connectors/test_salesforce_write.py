"""Writing to the sandbox org over HTTP, with other people's edits and network failures in between."""

from __future__ import annotations

import json
from typing import Any

import pytest

from connectors._salesforce_client import Clocks
from connectors.connector import Sink
from connectors.salesforce import SalesforceConnector
from model.changes import Dissociate
from model.errors import AuthFailed, Unavailable
from sandbox.faults import Fault
from sandbox.wire import Request, Response
from tests.connectors.harness_salesforce import settings_for
from tests.connectors.salesforce_world import BETTER, PHONE, World


def test_connector_is_a_sink(world: World) -> None:
    assert isinstance(world.sink, Sink)


def test_write_is_applied_and_read_back(world: World) -> None:
    unit = world.sink.batches([world.set(world.contacts[0], "phone", PHONE, BETTER)])[0]
    sent = world.sink.send(unit)

    assert [outcome.status for outcome in sent.outcomes] == ["applied"]
    assert world.phone() == BETTER
    assert sent.records[0].columns["phone"] == [BETTER]
    assert sent.outcomes[0].version == sent.records[0].columns["changed_at"][0]


def test_all_fields_of_a_record_travel_in_one_row(world: World) -> None:
    contact = world.contacts[0]
    outcomes = world.push(
        world.set(contact, "phone", PHONE, BETTER, number=1),
        world.set(contact, "title", None, "CTO", number=2),
        world.set(contact, "email_opt_out", False, True, number=3),
    )
    assert {outcome.status for outcome in outcomes.values()} == {"applied"}
    assert world.writes() == 1
    assert world.app.row("Contact", contact)["Title"] == "CTO"


def test_sixty_records_cost_one_read_three_guarded_composites_and_one_read_back(world: World) -> None:
    world.add_people(60)
    world.listener.requests.clear()
    outcomes = world.push(*world.phones())

    assert {outcome.status for outcome in outcomes.values()} == {"applied"}
    assert world.listener.requests.kinds() == {"query": 2, "composite": 3}


def test_edit_by_somebody_else_before_our_write_is_refused_by_the_remote_and_kept(world: World) -> None:
    world.before_write(lambda: world.app.edit("Contact", world.contacts[0], Phone="foreign"))
    outcome = world.push(world.set(world.contacts[0], "phone", PHONE, BETTER))["c1"]

    assert (outcome.status, outcome.code) == ("conflict", "MOVED")
    assert world.phone() == "foreign"


def test_record_that_moved_since_the_plan_is_left_alone(world: World) -> None:
    world.app.edit("Contact", world.contacts[0], Title="New title")
    outcome = world.push(world.set(world.contacts[0], "phone", PHONE, BETTER))["c1"]

    assert (outcome.status, outcome.code, outcome.found) == ("conflict", "MOVED", PHONE)
    assert world.writes() == 0


def test_field_that_holds_a_third_value_is_left_alone(world: World) -> None:
    outcome = world.push(world.set(world.contacts[0], "phone", "other", BETTER))["c1"]
    assert (outcome.status, outcome.code, outcome.found) == ("conflict", "VALUE", PHONE)
    assert world.phone() == PHONE


def test_value_that_is_there_already_costs_no_write(world: World) -> None:
    world.app.edit("Contact", world.contacts[0], Phone=BETTER)
    assert world.push(world.set(world.contacts[0], "phone", PHONE, BETTER))["c1"].status == "already"
    assert world.writes() == 0


def test_record_modified_within_the_running_second_is_read_again_after_it(world: World) -> None:
    world.versions.clear()
    edited = world.contacts[0]
    world.before_write(lambda: world.app.edit("Contact", edited, Title="x"), route="/queryAll")
    assert world.push(world.set(edited, "phone", PHONE, BETTER))["c1"].status == "applied"
    assert world.slept == [1.0]


def test_deleted_record_is_a_conflict(world: World) -> None:
    world.app.delete("Contact", world.contacts[0])
    outcome = world.push(world.set(world.contacts[0], "phone", PHONE, BETTER))["c1"]
    assert (outcome.status, outcome.code) == ("conflict", "GONE")


def test_expired_token_in_mid_write_is_renewed_and_the_guard_travels_again(world: World) -> None:
    bodies: list[tuple[dict[str, Any], dict[str, str]]] = []

    def keep(request: Request, _: Response | None) -> None:
        bodies.append((request.json(), dict(request.headers)))

    world.listener.faults.add(Fault(route="/composite", count=1, expire=True))
    world.listener.faults.add(Fault(route="/composite", act=keep))
    assert world.push(world.set(world.contacts[0], "phone", PHONE, BETTER))["c1"].status == "applied"

    assert len(bodies) == 2
    for body, headers in bodies:
        inner = body["compositeRequest"][0]["httpHeaders"]
        assert inner["If-Unmodified-Since"].endswith("GMT")
        for sent in (headers, {name.lower(): value for name, value in inner.items()}):
            assert sent["sforce-auto-assign"] == "FALSE"
            assert sent["sforce-mru"] == "updateMru=false"
            assert "allowSave=true" in sent["sforce-duplicate-rule-header"]


def test_expired_token_at_a_row_alone_is_renewed_and_the_guard_travels_again(world: World) -> None:
    sent: list[dict[str, str]] = []

    def keep(request: Request, _: Response | None) -> None:
        sent.append(dict(request.headers))

    world.listener.faults.add(Fault(route="/sobjects/Contact/003", count=1, expire=True))
    world.listener.faults.add(Fault(route="/sobjects/Contact/003", act=keep))
    assert world.push(world.set(world.contacts[0], "title", None, "@{row0.id}"))["c1"].status == "applied"

    first, second = sent
    for name in ("if-unmodified-since", "sforce-auto-assign", "sforce-mru", "sforce-duplicate-rule-header"):
        assert first[name] == second[name]
    assert first["authorization"] != second["authorization"]


def test_calls_of_a_push_are_the_fewest_its_guard_allows(world: World) -> None:
    world.add_people(60)
    changes = world.phones()
    settings = settings_for(world.listener.url, client_id="sandbox-client", timeout_s=5.0)
    world.sink = SalesforceConnector(
        "sf", settings, lambda _: "sandbox-secret", clocks=Clocks(sleep=world.slept.append)
    )
    world.push(*changes)
    assert (world.sink.usage.budgeted, world.sink.usage.minimum) == (5, 5)


def test_lost_answer_leaves_the_outcome_unknown_and_observe_tells(world: World) -> None:
    world.listener.faults.add(Fault(route="/composite", stage="after", drop=True))
    change = world.set(world.contacts[0], "phone", PHONE, BETTER)
    assert world.push(change)["c1"].status == "unknown"
    assert world.writes() == 1  # never repeated blindly
    assert world.sink.observe([change])["c1"].value == BETTER


def test_lost_answer_in_mid_unit_leaves_the_rest_unsent(world: World) -> None:
    world.add_people(60)
    world.listener.faults.add(Fault(route="/composite", nth=2, stage="after", drop=True))
    statuses = [outcome.status for outcome in world.push(*world.phones()).values()]
    assert (statuses.count("applied"), statuses.count("unknown"), statuses.count("unsent")) == (25, 25, 10)


def test_remote_that_processes_nothing_raises_with_nothing_sent(world: World) -> None:
    world.listener.faults.add(Fault(route="/composite", status=420))
    with pytest.raises(Unavailable) as caught:
        world.push(world.set(world.contacts[0], "phone", PHONE, BETTER))
    assert not caught.value.sent
    assert world.phone() == PHONE


def test_remote_that_cannot_be_read_before_the_write_raises_with_nothing_sent(world: World) -> None:
    world.listener.faults.add(Fault(route="/queryAll", status=503))
    with pytest.raises(Unavailable) as caught:
        world.push(world.set(world.contacts[0], "phone", PHONE, BETTER))
    assert not caught.value.sent


def test_refused_login_raises_with_nothing_sent(world: World) -> None:
    world.app.expire_tokens()
    world.listener.faults.add(Fault(route="/oauth2/token", status=400, body='{"error":"invalid_client"}'))
    with pytest.raises(AuthFailed, match="invalid_client"):
        world.push(world.set(world.contacts[0], "phone", PHONE, BETTER))


def test_quota_spent_in_mid_unit_leaves_the_rest_unsent(world: World) -> None:
    world.add_people(30)
    body = json.dumps([{"errorCode": "REQUEST_LIMIT_EXCEEDED", "message": "TotalRequests Limit exceeded."}])
    world.listener.faults.add(Fault(route="/composite", nth=2, status=403, body=body))
    statuses = [outcome.status for outcome in world.push(*world.phones()).values()]
    assert (statuses.count("applied"), statuses.count("unsent")) == (25, 5)


def test_row_the_remote_refuses_keeps_its_code_and_reason(world: World) -> None:
    outcomes = world.push(
        world.set(world.contacts[0], "phone", PHONE, "1" * 41, number=1),
        world.set(world.contacts[1], "phone", PHONE, BETTER, number=2),
    )
    assert (outcomes["c1"].status, outcomes["c1"].code) == ("rejected", "STRING_TOO_LONG")
    assert "too large" in outcomes["c1"].message
    assert outcomes["c2"].status == "applied"


def test_locked_row_is_sent_again_after_a_wait(world: World) -> None:
    locked = {"httpStatusCode": 400, "body": [{"errorCode": "UNABLE_TO_LOCK_ROW", "message": "lock"}]}

    def lock(_: Request, __: Response | None) -> Response:
        rows = [{**locked, "referenceId": f"row{n}"} for n in range(2)]
        return Response.of_json({"compositeResponse": rows})

    world.listener.faults.add(Fault(route="/composite", count=1, act=lock))
    outcomes = world.push(*world.phones()[:2])
    assert {outcome.status for outcome in outcomes.values()} == {"applied"}
    assert len(world.slept) == 1


def test_row_that_stays_locked_is_rejected_after_bounded_tries(world: World) -> None:
    body = {"compositeResponse": [
        {"referenceId": "row0", "httpStatusCode": 500, "body": [{"errorCode": "UNABLE_TO_LOCK_ROW", "message": "x"}]}
    ]}  # fmt: skip
    world.listener.faults.add(Fault(route="/composite", status=200, body=json.dumps(body)))
    outcome = world.push(world.set(world.contacts[0], "phone", PHONE, BETTER))["c1"]
    assert (outcome.status, outcome.code) == ("rejected", "UNABLE_TO_LOCK_ROW")
    assert world.writes() == 4


def test_row_the_answer_leaves_out_is_unknown(world: World) -> None:
    world.listener.faults.add(Fault(route="/composite", status=200, body='{"compositeResponse":[]}'))
    assert world.push(world.set(world.contacts[0], "phone", PHONE, BETTER))["c1"].status == "unknown"


def test_value_that_a_composite_would_take_for_a_reference_is_sent_alone(world: World) -> None:
    reference = world.set(world.contacts[0], "title", None, "@{row0.id}")
    plain = world.set(world.contacts[1], "phone", PHONE, BETTER, number=2)
    outcomes = world.push(reference, plain)
    assert [outcomes[key].status for key in ("c1", "c2")] == ["applied", "applied"]
    assert world.app.row("Contact", world.contacts[0])["Title"] == "@{row0.id}"


def test_value_sent_alone_is_guarded_like_the_others(world: World) -> None:
    edited = world.contacts[0]
    world.before_write(lambda: world.app.edit("Contact", edited, Title="mine"), route="/sobjects/Contact/003")
    outcome = world.push(world.set(edited, "title", None, "@{row0.id}"))["c1"]
    assert (outcome.status, outcome.code) == ("conflict", "MOVED")
    assert world.app.row("Contact", edited)["Title"] == "mine"


def test_value_sent_alone_and_refused_keeps_the_reason(world: World) -> None:
    world.listener.faults.add(
        Fault(route="/sobjects/Contact/003", status=400, body='[{"errorCode":"STRING_TOO_LONG","message":"too long"}]')
    )
    outcome = world.push(world.set(world.contacts[0], "title", None, "@{row0.id}"))["c1"]
    assert (outcome.status, outcome.code) == ("rejected", "STRING_TOO_LONG")


def test_permission_taken_away_since_the_plan_is_named(world: World) -> None:
    world.app.hide_field("Contact", "Phone")
    outcome = world.push(world.set(world.contacts[0], "phone", PHONE, BETTER))["c1"]
    assert (outcome.status, outcome.code) == ("rejected", "UNREADABLE")


def test_read_back_that_fails_still_reports_what_was_accepted(world: World) -> None:
    world.listener.faults.add(Fault(route="/queryAll", after=1, status=503))
    outcome = world.push(world.set(world.contacts[0], "phone", PHONE, BETTER))["c1"]
    assert (outcome.status, outcome.version) == ("applied", None)
    assert world.phone() == BETTER


def test_converted_lead_is_left_alone_without_a_write(world: World) -> None:
    lead = world.app.create("Lead", LastName="L", Company="C", Phone=PHONE)
    world.app._org.database.execute("UPDATE Lead SET IsConverted = 1 WHERE Id = ?", (lead,))
    outcome = world.push(world.set(lead, "phone", PHONE, BETTER))["c1"]
    assert (outcome.status, outcome.code) == ("rejected", "CONVERTED")
    assert world.writes() == 0


# --- links ---


def test_link_fills_a_blank_and_is_taken_off_again(world: World) -> None:
    contact, account = world.contacts[0], world.accounts[0]
    assert world.push(world.link(contact, account))["associate"].status == "applied"
    assert world.app.row("Contact", contact)["AccountId"] == account

    world.pull()
    assert world.push(world.link(contact, account, kind=Dissociate))["dissociate"].status == "applied"
    assert world.app.row("Contact", contact)["AccountId"] is None


def test_link_never_replaces_another_account_by_itself(world: World) -> None:
    contact = world.contacts[0]
    world.app.edit("Contact", contact, AccountId=world.accounts[1])
    world.pull()
    outcome = world.push(world.link(contact, world.accounts[0]))["associate"]
    assert (outcome.status, outcome.found) == ("conflict", world.accounts[1])


def test_link_moves_where_the_old_one_is_taken_off_in_the_same_plan(world: World) -> None:
    contact = world.contacts[0]
    world.app.edit("Contact", contact, AccountId=world.accounts[1])
    world.pull()
    outcomes = world.push(
        world.link(contact, world.accounts[1], kind=Dissociate), world.link(contact, world.accounts[0])
    )
    assert {outcome.status for outcome in outcomes.values()} == {"applied"}
    assert world.app.row("Contact", contact)["AccountId"] == world.accounts[0]


# --- the other guard ---


@pytest.fixture
def rereading(world: World) -> World:
    world.sink.close()
    settings = settings_for(world.listener.url, client_id="sandbox-client", timeout_s=5.0, streams=("contacts",))
    clocks = Clocks(sleep=world.slept.append)
    world.sink = SalesforceConnector("sf", settings, lambda _: "sandbox-secret", clocks=clocks, guard="re-read")
    world.pull()
    return world


def test_collections_take_two_hundred_rows_in_one_call(rereading: World) -> None:
    world = rereading
    world.add_people(210)
    outcomes = world.push(*world.phones())
    assert {outcome.status for outcome in outcomes.values()} == {"applied"}
    assert world.writes() == 2


def test_collection_row_the_remote_refuses_keeps_its_reason(rereading: World) -> None:
    outcomes = rereading.push(
        rereading.set(rereading.contacts[0], "phone", PHONE, "1" * 41, number=1),
        rereading.set(rereading.contacts[1], "phone", PHONE, BETTER, number=2),
    )
    assert [outcomes[c].status for c in ("c1", "c2")] == ["rejected", "applied"]
    assert outcomes["c1"].code == "STRING_TOO_LONG"


def test_overwritten_foreign_value_is_found_in_the_history(rereading: World) -> None:
    world = rereading
    contact = world.contacts[0]
    world.before_write(lambda: world.app.edit("Contact", contact, Phone="foreign"))
    rows = [
        {"ContactId": contact, "Field": "Phone", "OldValue": PHONE, "NewValue": "foreign"},
        {"ContactId": contact, "Field": "Phone", "OldValue": "foreign", "NewValue": BETTER},
        {"ContactId": contact, "Field": "Phone", "OldValue": BETTER, "NewValue": "later"},
    ]
    history = json.dumps({"totalSize": 3, "done": True, "records": rows})
    world.listener.faults.add(Fault(route="/query", contains="ContactHistory", status=200, body=history))

    outcome = world.push(world.set(contact, "phone", PHONE, BETTER))["c1"]
    assert (outcome.status, outcome.found) == ("overwrote", "foreign")


def test_overwritten_foreign_link_is_found_in_the_history_by_its_id(rereading: World) -> None:
    world = rereading
    contact, foreign = world.contacts[0], world.accounts[1]
    world.before_write(lambda: world.app.edit("Contact", contact, AccountId=foreign))
    outcome = world.push(world.link(contact, world.accounts[0]))["associate"]
    assert (outcome.status, outcome.found) == ("overwrote", foreign)


def test_hostile_record_id_is_quoted_and_finds_nothing(world: World) -> None:
    change = world.set("003' OR Name != '", "phone", None, BETTER)
    assert not world.sink.observe([change])["c1"].exists


def test_undo_right_after_a_push_puts_the_old_value_back(world: World) -> None:
    assert world.push(world.set(world.contacts[0], "phone", PHONE, BETTER))["c1"].status == "applied"
    world.pull()
    assert world.push(world.set(world.contacts[0], "phone", BETTER, PHONE))["c1"].status == "applied"
    assert world.phone() == PHONE
