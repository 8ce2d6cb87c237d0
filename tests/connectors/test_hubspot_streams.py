"""Pulling what surrounds HubSpot's records over HTTP: activities, stage history, forms, submissions, logins."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from model.batch import Page
from sandbox.faults import Fault
from tests.connectors.hubspot_portal import Portal, open_portal, rows


@pytest.fixture
def portal() -> Iterator[Portal]:
    with open_portal() as opened:
        yield opened


def by_id(pages: list[Page]) -> dict[object, dict[str, object]]:
    return {row["id"]: dict(row) for row in rows(pages)}


def make_one_of_each(portal: Portal) -> dict[str, str]:
    at = "2026-05-04T09:00:00.000Z"
    app = portal.app
    return {
        "calls": app.create(
            "calls", hs_timestamp=at, hs_call_title="Hello", hs_call_direction="INBOUND", hs_call_duration="90000"
        ),
        "emails": app.create("emails", hs_timestamp=at, hs_email_direction="INCOMING_EMAIL", hs_email_subject="Re"),
        "meetings": app.create(
            "meetings",
            hs_timestamp=at,
            hs_meeting_title="Demo",
            hs_meeting_start_time=at,
            hs_meeting_end_time="2026-05-04T09:30:00.000Z",
        ),
        "notes": app.create("notes", hs_timestamp=at, hs_note_body="Called back"),
        "tasks": app.create("tasks", hs_timestamp=at, hs_task_subject="Ring", hs_task_status="COMPLETED"),
    }


def test_activities_of_all_kinds_come_as_one_stream_with_ids_of_their_own(portal: Portal) -> None:
    made = make_one_of_each(portal)
    found = by_id(portal.pull("activities"))
    assert found.keys() == {
        f"call:{made['calls']}", f"email:{made['emails']}", f"meeting:{made['meetings']}", f"note:{made['notes']}",
        f"task:{made['tasks']}",
    }  # fmt: skip
    call = found[f"call:{made['calls']}"]
    assert (call["type"], call["subject"], call["direction"], call["duration_s"]) == ("call", "Hello", "in", 90)
    assert found[f"email:{made['emails']}"]["direction"] == "in"
    assert found[f"meeting:{made['meetings']}"]["duration_s"] == 1800
    task = found[f"task:{made['tasks']}"]
    assert (task["is_done"], task["happened_at"]) == (True, None)
    assert task["due_on"] is not None


def test_activities_name_whom_they_are_linked_to_in_full_and_by_change(portal: Portal) -> None:
    contact = portal.app.create("contacts", email="a@b.example")
    company = portal.app.create("companies", name="Acme")
    first = make_one_of_each(portal)
    portal.app.associate("calls", first["calls"], "contacts", contact)
    portal.app.clock.turn(600)
    pages = portal.pull("activities")
    assert by_id(pages)[f"call:{first['calls']}"]["contact_id"] == contact

    second = make_one_of_each(portal)
    portal.app.associate("notes", second["notes"], "companies", company)
    found = by_id(portal.pull("activities", pages[-1].watermark))
    assert found.keys() >= {f"note:{second['notes']}"}
    assert found[f"note:{second['notes']}"]["account_id"] == company


def test_deleted_activity_comes_with_the_next_pull(portal: Portal) -> None:
    made = make_one_of_each(portal)
    portal.app.clock.turn(600)
    last = portal.pull("activities")[-1]
    portal.app.delete("notes", made["notes"])
    deleted = [key for key, row in by_id(portal.pull("activities", last.watermark)).items() if row["is_deleted"]]
    assert deleted == [f"note:{made['notes']}"]


def test_activities_of_a_kind_that_may_not_be_read_are_a_gap(portal: Portal) -> None:
    made = make_one_of_each(portal)
    body = '{"status":"error","category":"MISSING_SCOPES","message":"no"}'
    portal.listener.faults.add(Fault(route="/objects/2026-03/emails", status=403, body=body))
    pages = portal.pull("activities")
    assert f"call:{made['calls']}" in by_id(pages)
    assert any("emails are unknown" in gap for page in pages for gap in page.gaps)
    assert pages[-1].is_last
    assert not pages[-1].is_full  # what was not shown is not gone


def test_pull_of_activities_restarted_after_each_page_loses_nothing(portal: Portal) -> None:
    make_one_of_each(portal)
    whole = by_id(portal.pull("activities"))
    found: dict[object, dict[str, object]] = {}
    page = next(iter(portal.connect().pull("activities", portal.pull("deals")[-1].watermark.__class__())))
    found |= by_id([page])
    while not page.is_last:
        page = next(iter(portal.connect().pull("activities", page.watermark)))
        found |= by_id([page])
    assert found == whole


def make_deal(portal: Portal, *stages: str) -> str:
    deal = portal.app.create("deals", dealname="Big", pipeline="default", dealstage=stages[0])
    for stage in stages[1:]:
        portal.app.clock.turn(60)
        portal.app.edit("deals", deal, dealstage=stage)
    return deal


def test_stage_history_is_each_entry_into_another_stage(portal: Portal) -> None:
    path = ("appointmentscheduled", "qualifiedtobuy", "qualifiedtobuy", "appointmentscheduled", "closedwon")
    deal = make_deal(portal, *path)
    found = rows(portal.pull("stage_history"))
    assert [(row["deal_id"], row["stage"]) for row in found] == [
        (deal, "appointmentscheduled"),
        (deal, "qualifiedtobuy"),
        (deal, "appointmentscheduled"),
        (deal, "closedwon"),
    ]
    moments = [row["entered_at"] for row in found]
    assert moments == sorted(moments, key=str)
    assert len({row["id"] for row in found}) == 4


def test_stage_history_by_change_reads_only_deals_that_changed(portal: Portal) -> None:
    for _ in range(3):
        make_deal(portal, "appointmentscheduled")
    portal.app.clock.turn(600)
    last = portal.pull("stage_history")[-1]
    deal = make_deal(portal, "appointmentscheduled", "closedlost")
    hubspot = portal.connect()
    portal.app.catch_up_index()
    found = rows(list(hubspot.pull("stage_history", last.watermark)))
    assert {row["deal_id"] for row in found} == {deal}
    assert hubspot.usage.budgeted == hubspot.usage.minimum == 2


def test_users_carry_the_id_that_logins_name(portal: Portal) -> None:
    assert all(row["login_id"] for row in rows(portal.pull("users")))


def test_stream_that_the_token_may_not_read_is_a_gap_where_not_every_account_has_it(portal: Portal) -> None:
    body = '{"status":"error","category":"MISSING_SCOPES","message":"no"}'
    portal.listener.faults.add(Fault(route="/activity/login", status=403, body=body))
    (page,) = portal.pull("logins")
    assert page.is_last
    assert not page.is_full
    assert page.watermark.since is None  # so that the first read that works begins at the beginning
    assert page.gaps == ("logins: not shown to us by this account or token (a permission is not granted), so unknown",)


def test_submissions_come_newest_first_over_any_number_of_pages(portal: Portal) -> None:
    form = portal.app.make_form("Newsletter")
    for number in range(120):
        portal.app.submit_form(form, email=f"visitor{number}@example.com")
    found = rows(portal.pull("campaign_members"))
    assert len({row["email"] for row in found}) == 120
