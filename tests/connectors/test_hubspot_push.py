"""Writing HubSpot fields over HTTP: guard, batch, read-back with history, and what happens when the wire fails."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from model.changes import Change, Convert, Planned, Restore, SetField
from model.errors import AuthFailed, QuotaSpent, Unavailable
from model.evidence import RecordKey
from model.streams import Value
from sandbox.faults import Fault
from sandbox.wire import Request, Response
from tests.connectors.hubspot_portal import Portal, open_portal, planned

UPDATE = "/contacts/batch/update"
READ = "/contacts/batch/read"


@pytest.fixture
def portal() -> Iterator[Portal]:
    with open_portal() as opened:
        yield opened


def contact(portal: Portal, **properties: Any) -> str:
    made = portal.app.create("contacts", **{"firstname": "Ada", **properties})
    # Later writes get later stamps, as they do where a plan takes its time.
    portal.app.clock.turn(1)
    return made


def phone_change(portal: Portal, record_id: str, before: Value = None, after: Value = "+441615550100") -> SetField:
    return portal.set_field("contacts", record_id, "phone", before, after)


def meanwhile(portal: Portal, route: str, act: Callable[[], object], stage: Any = "before") -> None:
    """Let somebody else act when the first call of a route comes in, or when it has been answered."""

    def strike(_: Request, __: Response | None) -> None:
        portal.app.clock.turn(1)
        act()
        portal.app.clock.turn(1)

    portal.listener.faults.add(Fault(route=route, count=1, stage=stage, act=strike))


def test_field_is_written_and_read_back_with_its_new_version(portal: Portal) -> None:
    record = contact(portal)
    sent = portal.connect().send(planned(phone_change(portal, record)))

    assert [outcome.status for outcome in sent.outcomes] == ["applied"]
    assert portal.value("contacts", record, "phone") == "+441615550100"
    assert sent.outcomes[0].version == portal.version("contacts", record)
    assert sent.records[0].columns["phone"] == ["+441615550100"]
    assert sent.records[0].columns["changed_at"] == [sent.outcomes[0].version]


def test_values_are_spelt_for_hubspot_and_read_back_equal(portal: Portal) -> None:
    deal = portal.app.create("deals", dealname="Big", pipeline="default", dealstage="appointmentscheduled")
    person = contact(portal)
    changes = planned(
        portal.set_field("deals", deal, "amount", None, 123456),
        portal.set_field("deals", deal, "close_on", None, 20577),
        portal.set_field("contacts", person, "email_opt_out", None, True),
    )
    hubspot = portal.connect()
    statuses = [outcome.status for outcome in hubspot.send(changes).outcomes]

    assert statuses == ["applied"] * 3
    assert float(portal.value("deals", deal, "amount") or "") == 1234.56
    assert portal.value("contacts", person, "hs_email_optout") == "true"
    assert [one.value for one in hubspot.observe(changes).values()] == [123456, 20577, True]


def test_currency_written_along_decides_the_units_of_an_amount(portal: Portal) -> None:
    deal = portal.app.create("deals", dealname="Big", pipeline="default", dealstage="appointmentscheduled", amount="15")
    changes = planned(
        portal.set_field("deals", deal, "amount", 1500, 1500), portal.set_field("deals", deal, "currency", "EUR", "GBP")
    )
    sent = portal.connect().send(changes)
    assert [outcome.status for outcome in sent.outcomes] == ["applied", "applied"]
    assert (sent.records[0].columns["amount"], sent.records[0].columns["currency"]) == ([1500], ["GBP"])


def test_amount_stays_when_its_currency_cannot_be_written(portal: Portal) -> None:
    deal = portal.app.create("deals", dealname="Big", pipeline="default", dealstage="appointmentscheduled", amount="15")
    changes = planned(
        portal.set_field("deals", deal, "amount", 1500, 1500), portal.set_field("deals", deal, "currency", "USD", "JPY")
    )
    outcomes = portal.connect().send(changes).outcomes
    assert outcomes[0].code == "CURRENCY"
    assert outcomes[1].status in ("rejected", "conflict")
    assert float(portal.value("deals", deal, "amount") or "") == 15


def test_blank_clears_the_property(portal: Portal) -> None:
    record = contact(portal, phone="12345678")
    sent = portal.connect().send(planned(phone_change(portal, record, "12345678", None)))
    assert sent.outcomes[0].status == "applied"
    assert portal.value("contacts", record, "phone") in (None, "")


def test_value_already_there_is_not_written(portal: Portal) -> None:
    record = contact(portal, phone="+441615550100")
    hubspot = portal.connect()
    assert hubspot.send(planned(phone_change(portal, record))).outcomes[0].status == "already"
    assert "write" not in hubspot.usage.calls


def test_moved_value_is_a_conflict_and_not_written(portal: Portal) -> None:
    record = contact(portal)
    change = phone_change(portal, record)
    portal.app.edit("contacts", record, phone="999")
    sent = portal.connect().send(planned(change))
    assert (sent.outcomes[0].status, sent.outcomes[0].found) == ("conflict", "999")
    assert portal.value("contacts", record, "phone") == "999"


def test_change_of_another_field_is_no_conflict(portal: Portal) -> None:
    record = contact(portal)
    change = phone_change(portal, record)
    portal.app.edit("contacts", record, city="Leeds")
    assert portal.connect().send(planned(change)).outcomes[0].status == "applied"


def test_foreign_value_in_the_gap_is_detected_and_kept(portal: Portal) -> None:
    record = contact(portal, phone="1")
    change = phone_change(portal, record, "1", "2")
    meanwhile(portal, UPDATE, lambda: portal.app.edit("contacts", record, phone="77"))
    sent = portal.connect().send(planned(change))
    assert (sent.outcomes[0].status, sent.outcomes[0].found) == ("overwrote", "77")


def test_foreign_value_over_a_blank_in_the_gap_is_detected(portal: Portal) -> None:
    record = contact(portal)
    change = phone_change(portal, record)
    meanwhile(portal, UPDATE, lambda: portal.app.edit("contacts", record, phone="77"))
    assert portal.connect().send(planned(change)).outcomes[0].found == "77"


def test_foreign_value_after_ours_is_told_and_not_called_overwritten(portal: Portal) -> None:
    record = contact(portal)
    change = phone_change(portal, record)
    meanwhile(portal, UPDATE, lambda: portal.app.edit("contacts", record, phone="77"), stage="after")
    outcome = portal.connect().send(planned(change)).outcomes[0]
    assert (outcome.status, outcome.code, outcome.found) == ("applied", "CHANGED_AGAIN", "77")


def test_foreign_change_of_another_field_in_the_gap_is_harmless(portal: Portal) -> None:
    record = contact(portal)
    change = phone_change(portal, record)
    meanwhile(portal, UPDATE, lambda: portal.app.edit("contacts", record, city="Leeds"))
    assert portal.connect().send(planned(change)).outcomes[0].status == "applied"
    assert portal.value("contacts", record, "city") == "Leeds"


def test_deleted_and_merged_records_are_conflicts(portal: Portal) -> None:
    gone, left, right = contact(portal), contact(portal), contact(portal)
    changes = planned(phone_change(portal, gone), phone_change(portal, left))
    portal.app.delete("contacts", gone)
    portal.app.merge("contacts", left, right)
    sent = portal.connect().send(changes)
    assert [(o.status, o.code) for o in sent.outcomes] == [("conflict", "OBJECT_NOT_FOUND")] * 2


def test_record_merged_away_in_the_gap_is_silently_left_out_and_said(portal: Portal) -> None:
    left, right, other = contact(portal), contact(portal), contact(portal)
    changes = planned(phone_change(portal, left), phone_change(portal, other))
    meanwhile(portal, UPDATE, lambda: str(portal.app.merge("contacts", left, right)))
    sent = portal.connect().send(changes)
    assert [(o.status, o.code) for o in sent.outcomes] == [("unknown", "MERGED_AWAY"), ("applied", "")]


def test_record_deleted_in_the_gap_is_rejected_with_the_remotes_reason(portal: Portal) -> None:
    left, other = contact(portal), contact(portal)
    changes = planned(phone_change(portal, left), phone_change(portal, other))
    meanwhile(portal, UPDATE, lambda: portal.app.delete("contacts", left))
    first, second = portal.connect().send(changes).outcomes
    assert (first.status, first.code) == ("rejected", "OBJECT_NOT_FOUND")
    assert "may be deleted" in first.message
    assert second.status == "applied"


def test_batch_refused_for_one_record_is_halved_so_that_the_others_are_written(portal: Portal) -> None:
    records = [contact(portal, email=f"p{number}@example.com") for number in range(7)]
    changes = [
        portal.set_field("contacts", record, "email", f"p{number}@example.com", f"q{number}@example.com")
        for number, record in enumerate(records)
    ]
    taken = contact(portal, email="q3@example.com")
    outcomes = portal.connect().send(planned(*changes)).outcomes

    assert [outcome.status for outcome in outcomes] == ["applied"] * 3 + ["rejected"] + ["applied"] * 3
    assert outcomes[3].code == "CONFLICT"
    assert taken in outcomes[3].message


def test_lost_answer_is_settled_by_reading_back(portal: Portal) -> None:
    record = contact(portal)
    portal.listener.faults.add(Fault(route=UPDATE, stage="after", drop=True))
    sent = portal.connect().send(planned(phone_change(portal, record)))
    assert sent.outcomes[0].status == "applied"
    assert portal.slept


def test_lost_request_that_never_arrived_is_unknown_and_found_unwritten(portal: Portal) -> None:
    record = contact(portal)
    changes = planned(phone_change(portal, record))
    portal.listener.faults.add(Fault(route=UPDATE, drop=True))
    hubspot = portal.connect()
    assert hubspot.send(changes).outcomes[0].status == "unknown"
    assert hubspot.observe(changes)[changes[0].id].value is None


def test_foreign_value_lost_under_a_repeated_attempt_is_detected(portal: Portal) -> None:
    """Our first attempt arrives unheard, somebody writes, our second attempt overwrites them."""
    record = contact(portal, phone="1")
    change = phone_change(portal, record, "1", "2")
    portal.listener.faults.add(Fault(route=UPDATE, stage="after", drop=True, count=1))
    portal.listener.faults.add(
        Fault(route=UPDATE, nth=2, act=lambda *_: portal.app.edit("contacts", record, phone="77"))
    )
    outcome = portal.connect().send(planned(change)).outcomes[0]
    assert (outcome.status, outcome.found) == ("overwrote", "77")


def test_read_back_that_fails_leaves_the_outcome_unknown(portal: Portal) -> None:
    record = contact(portal)
    portal.listener.faults.add(Fault(route=READ, after=1, status=502, body="gone"))
    outcome = portal.connect().send(planned(phone_change(portal, record))).outcomes[0]
    assert (outcome.status, outcome.code) == ("unknown", "NOT_READ_BACK")
    assert portal.value("contacts", record, "phone") == "+441615550100"


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        pytest.param(Fault(route=READ, status=502, body="x"), Unavailable, id="guard-unavailable"),
        pytest.param(Fault(route=READ, status=401, body="{}"), AuthFailed, id="guard-refused"),
        pytest.param(Fault(route=READ, status=429, body="{}"), Unavailable, id="guard-limited"),
        pytest.param(Fault(route=UPDATE, status=401, body="{}"), AuthFailed, id="write-refused"),
        pytest.param(Fault(route=UPDATE, status=429, body='{"policyName":"DAILY"}'), QuotaSpent, id="write-quota"),
        pytest.param(Fault(route=UPDATE, status=423, body="{}"), Unavailable, id="write-locked"),
    ],
)
def test_failure_before_anything_was_sent_is_raised_as_such(
    portal: Portal, fault: Fault, expected: type[Exception]
) -> None:
    record = contact(portal)
    portal.listener.faults.add(fault)
    with pytest.raises(expected) as caught:
        portal.connect().send(planned(phone_change(portal, record)))
    assert not getattr(caught.value, "sent", False)
    assert portal.value("contacts", record, "phone") is None


def test_lock_is_waited_out(portal: Portal) -> None:
    record = contact(portal)
    portal.listener.faults.add(Fault(route=UPDATE, status=423, body="{}", count=1))
    assert portal.connect().send(planned(phone_change(portal, record))).outcomes[0].status == "applied"
    assert max(portal.slept) >= 2


def test_missing_write_scope_is_named_in_the_outcome(portal: Portal) -> None:
    record = contact(portal)
    portal.app.revoke_scope("crm.objects.contacts.write")
    outcome = portal.connect().send(planned(phone_change(portal, record))).outcomes[0]
    assert (outcome.status, outcome.code) == ("rejected", "MISSING_SCOPES")
    assert "crm.objects.contacts.write" in outcome.message


def test_accepted_but_unkept_value_is_rejected_as_not_stored(portal: Portal) -> None:
    record = contact(portal, lifecyclestage="customer")
    change = portal.set_field("contacts", record, "lifecycle_stage", "customer", "lead")
    outcome = portal.connect().send(planned(change)).outcomes[0]
    assert (outcome.status, outcome.code) == ("rejected", "NOT_STORED")
    assert outcome.found == "customer"


def test_several_changes_of_one_record_go_out_as_one_input(portal: Portal) -> None:
    record = contact(portal)
    changes = planned(
        phone_change(portal, record),
        portal.set_field("contacts", record, "city", None, "Leeds"),
        portal.set_field("contacts", record, "given_name", "Ada", "Adela"),
    )
    hubspot = portal.connect()
    assert [o.status for o in hubspot.send(changes).outcomes] == ["applied"] * 3
    assert hubspot.usage.calls == {"describe": 2, "read": 2, "write": 1}


def test_hundred_records_cost_one_guard_read_one_write_and_two_history_reads(portal: Portal) -> None:
    records = [portal.app.create("contacts", firstname=f"N{number}") for number in range(100)]
    hubspot = portal.connect()
    sent = hubspot.send(planned(*[phone_change(portal, record) for record in records]))
    assert {outcome.status for outcome in sent.outcomes} == {"applied"}
    assert hubspot.usage.calls == {"describe": 2, "read": 3, "write": 1}
    assert [len(batch) for batch in sent.records] == [100]


def test_batches_hold_a_hundred_records_no_field_twice_and_follow_the_streams(portal: Portal) -> None:
    def change(stream: str, record: int, field: str = "phone") -> SetField:
        return SetField(RecordKey("hs", stream, str(record)), field, None, "x", None, "why")

    changes = planned(
        *[change("contacts", number) for number in range(150)],
        *[change("contacts", number, "city") for number in range(150)],
        change("contacts", 3),
        change("accounts", 1),
    )
    units = portal.connect().batches(changes)
    assert [len(unit) for unit in units] == [1, 200, 101]
    assert units[0][0].change.key.stream == "accounts"
    assert sorted(planned.id for unit in units for planned in unit) == [planned.id for planned in changes]
    for unit in units:
        slots = [(p.change.key.id, p.change.field) for p in unit if isinstance(p.change, SetField)]
        assert len(slots) == len(set(slots))


def refusal(portal: Portal, change: Change) -> str | None:
    hubspot = portal.connect()
    hubspot.check()
    calls = hubspot.usage.total
    told = hubspot.refusal(Planned("p", change))
    assert hubspot.usage.total == calls
    return told


@pytest.mark.parametrize(
    ("stream", "field", "after", "reason"),
    [
        pytest.param("users", "name", "x", "cannot be written", id="stream"),
        pytest.param("contacts", "account_id", "1", "derived", id="derived"),
        pytest.param("contacts", "do_not_call", True, "no property", id="no-property"),
        pytest.param("contacts", "last_activity_on", 1, "read-only", id="read-only"),
        pytest.param("contacts", "lifecycle_stage", "dreamer", "not an option", id="option"),
        pytest.param("contacts", "city", "x" * 65_537, "longer than", id="length"),
        pytest.param("contacts", "city", "a\0b", "NUL", id="nul"),
        pytest.param("contacts", "city", "", "explicit blank", id="empty-text"),
        pytest.param("deals", "close_on", "soon", "type of property", id="type"),
    ],
)
def test_refusal_says_what_cannot_be_written_without_a_call(
    portal: Portal, stream: str, field: str, after: Value, reason: str
) -> None:
    told = refusal(portal, SetField(RecordKey("hs", stream, "1"), field, None, after, None, "why"))
    assert told is not None
    assert reason in told


def test_refusal_of_an_unsupported_kind_names_it(portal: Portal) -> None:
    restored = Restore(RecordKey("hs", "contacts", "1"), None, "why")
    assert "restores deleted records on its own screens only" in (refusal(portal, restored) or "")
    converted = Convert(RecordKey("hs", "contacts", "1"), None, None, None, "why")
    assert "no leads" in (refusal(portal, converted) or "")
    assert portal.connect().send(planned(converted)).outcomes[0].status == "rejected"


def test_refusal_passes_what_can_be_written(portal: Portal) -> None:
    key = RecordKey("hs", "contacts", "1")
    assert refusal(portal, SetField(key, "lifecycle_stage", None, "lead", None, "why")) is None
    assert refusal(portal, SetField(key, "phone", "1", None, None, "why")) is None


def test_refused_change_is_an_outcome_even_when_nobody_asked(portal: Portal) -> None:
    record = contact(portal)
    change = portal.set_field("contacts", record, "last_activity_on", None, 5)
    outcome = portal.connect().send(planned(change)).outcomes[0]
    assert (outcome.status, outcome.code) == ("rejected", "REFUSED")


def test_observe_tells_values_versions_and_what_is_gone(portal: Portal) -> None:
    here, gone = contact(portal, phone="5"), contact(portal)
    changes = planned(phone_change(portal, here, "1"), phone_change(portal, gone))
    portal.app.delete("contacts", gone)
    observed = portal.connect().observe(changes)
    assert observed[changes[0].id].value == "5"
    assert observed[changes[0].id].version == portal.version("contacts", here)
    assert not observed[changes[1].id].exists
