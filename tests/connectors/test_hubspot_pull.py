"""Pulling HubSpot over HTTP from the sandbox: full, by change, deletes, merges, owners, stages."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from connectors import _hubspot_links as links_module
from connectors import _hubspot_operations as operations
from connectors import _hubspot_pages as pages_module
from model.batch import Watermark
from model.errors import ConfigError, NotPermitted, QuotaSpent, Unavailable
from sandbox.faults import Fault
from sandbox.hubspot import Settings
from sandbox.wire import Request, Response
from tests.connectors.hubspot_portal import Portal, open_portal, rows


@pytest.fixture
def portal() -> Iterator[Portal]:
    with open_portal() as opened:
        yield opened


def make_contacts(portal: Portal, count: int) -> list[str]:
    first = portal.app.count("contacts")
    return [portal.app.create("contacts", email=f"person{first + number}@example.com") for number in range(count)]


def test_full_pull_pages_by_a_hundred_and_shows_live_and_archived_records(portal: Portal) -> None:
    made = make_contacts(portal, 205)
    portal.app.delete("contacts", made[3])
    pages = portal.pull("contacts")

    assert [len(page.batch) for page in pages] == [100, 100, 4, 1]
    assert all(page.is_full for page in pages)
    found = {row["id"]: row for row in rows(pages)}
    assert found.keys() == set(made)
    assert [key for key, row in found.items() if row["is_deleted"]] == [made[3]]
    assert pages[-1].watermark.since is not None


def test_full_pull_of_an_empty_portal_is_one_empty_page_with_a_watermark(portal: Portal) -> None:
    pages = portal.pull("deals")
    assert rows(pages) == []
    assert pages[-1].is_last
    assert pages[-1].watermark.since


def test_incremental_pull_shows_only_what_changed_in_the_overlapping_window(portal: Portal) -> None:
    made = make_contacts(portal, 5)
    portal.app.clock.turn(600)
    last = portal.pull("contacts")[-1]
    portal.app.edit("contacts", made[2], phone="+44 161 555 0100")
    pages = portal.pull("contacts", last.watermark)

    assert not any(page.is_full for page in pages)
    assert [(row["id"], row["phone"]) for row in rows(pages)] == [(made[2], "+44 161 555 0100")]


def test_incremental_pull_by_company_and_deal_uses_their_own_stamp(portal: Portal) -> None:
    company = portal.app.create("companies", name="Acme")
    deal = portal.app.create("deals", dealname="Big", pipeline="default", dealstage="appointmentscheduled")
    portal.app.clock.turn(600)
    marks = {stream: portal.pull(stream)[-1].watermark for stream in ("accounts", "deals")}
    portal.app.edit("companies", company, city="Leeds")
    portal.app.edit("deals", deal, amount="10")

    assert [row["city"] for row in rows(portal.pull("accounts", marks["accounts"]))] == ["Leeds"]
    assert [row["amount"] for row in rows(portal.pull("deals", marks["deals"]))] == [1000]


def test_incremental_pull_walks_by_id_beyond_one_search_page(portal: Portal, monkeypatch: pytest.MonkeyPatch) -> None:
    """Equal stamps and any number of results: the walk uses ids, never a search offset."""
    last = portal.pull("contacts")[-1]
    made = make_contacts(portal, 450)
    pages = portal.pull("contacts", last.watermark)

    assert [len(page.batch) for page in pages] == [200, 200, 50, 0]
    assert [row["id"] for row in rows(pages)] == made


def test_interrupted_incremental_pull_goes_on_from_each_page(portal: Portal) -> None:
    last = portal.pull("contacts")[-1]
    made = make_contacts(portal, 210)
    seen: list[Any] = []
    watermark = last.watermark
    for _ in range(5):
        portal.app.catch_up_index()
        page = next(iter(portal.connect().pull("contacts", watermark)))
        seen += page.batch.columns["id"]
        watermark = page.watermark
        if page.is_last:
            break
    assert seen == made
    assert watermark.cursor is None


def test_cursor_of_another_version_starts_the_window_again(portal: Portal) -> None:
    last = portal.pull("contacts")[-1]
    made = make_contacts(portal, 3)
    for cursor in ("not json", "{}", '{"until":"x"}', "[1]"):
        pages = portal.pull("contacts", Watermark(last.watermark.since, cursor))
        assert [row["id"] for row in rows(pages)] == made


def test_change_that_the_search_index_did_not_know_yet_comes_with_the_next_pull(portal: Portal) -> None:
    made = make_contacts(portal, 1)
    portal.app.clock.turn(600)
    last = portal.pull("contacts")[-1]
    portal.app.set_index_lag(30_000)
    portal.app.edit("contacts", made[0], city="Leeds")
    portal.app.clock.turn(5)
    lagging = list(portal.connect().pull("contacts", last.watermark))
    assert rows(lagging) == []
    portal.app.clock.turn(60)
    later = list(portal.connect().pull("contacts", lagging[-1].watermark))
    assert [row["city"] for row in rows(later)] == ["Leeds"]


def test_incremental_pull_costs_the_documented_minimum(portal: Portal) -> None:
    make_contacts(portal, 500)
    portal.app.clock.turn(600)
    last = portal.pull("contacts")[-1]
    for record in make_contacts(portal, 400):
        portal.app.edit("contacts", record, city="Leeds")
    portal.app.catch_up_index()
    hubspot = portal.connect()
    assert len(rows(list(hubspot.pull("contacts", last.watermark)))) == 400
    assert hubspot.usage.calls == {"describe": 2, "search": 2, "deleted": 1}
    assert hubspot.usage.budgeted == hubspot.usage.minimum == 3


def test_deleted_record_comes_with_the_next_incremental_pull(portal: Portal) -> None:
    made = make_contacts(portal, 2)
    portal.app.clock.turn(600)
    last = portal.pull("contacts")[-1]
    portal.app.delete("contacts", made[0])
    found = rows(portal.pull("contacts", last.watermark))
    assert [(row["id"], row["is_deleted"]) for row in found] == [(made[0], True)]


def test_record_deleted_a_day_before_the_window_is_not_shown_again(portal: Portal) -> None:
    made = make_contacts(portal, 2)
    portal.app.delete("contacts", made[0])
    portal.app.clock.turn(24 * 3600 + 600)
    last = portal.pull("contacts")[-1]
    assert rows(portal.pull("contacts", last.watermark)) == []


def test_merged_record_comes_as_gone_with_its_survivor_before_it(portal: Portal) -> None:
    left, right = make_contacts(portal, 2)
    portal.app.clock.turn(600)
    last = portal.pull("contacts")[-1]
    survivor = portal.app.merge("contacts", left, right)
    pages = portal.pull("contacts", last.watermark)

    gone = [page for page in pages if "merged_into" in page.batch.columns]
    assert [page.batch.readable for page in gone] == [frozenset()]
    assert {(row["id"], row["merged_into"]) for row in rows(gone)} == {(left, survivor), (right, survivor)}
    assert survivor in {row["id"] for row in rows(pages)}
    assert not gone[0].is_last


def test_values_arrive_typed_with_currency_zone_and_blank(portal: Portal) -> None:
    portal.app.settings.time_zone = "Europe/Berlin"
    portal.app.create(
        "deals",
        dealname="Big",
        pipeline="default",
        dealstage="closedwon",
        amount="1234.5",
        closedate="2026-05-03T22:30:00Z",
    )
    portal.app.create("companies", name="Acme", annualrevenue="1000", numberofemployees="12")
    deal, company = rows(portal.pull("deals"))[0], rows(portal.pull("accounts"))[0]

    assert (deal["amount"], deal["currency"]) == (123450, "EUR")
    assert deal["close_on"] == 20577  # 2026-05-04 in Berlin
    assert (deal["is_closed"], deal["is_won"], deal["stage"]) == (True, True, "closedwon")
    assert (company["revenue"], company["employees"], company["phone"]) == (100000, 12, None)


def test_contact_fields_map_to_their_documented_properties(portal: Portal) -> None:
    company = portal.app.create("companies", name="Acme")
    contact = portal.app.create("contacts", firstname="Ada", company="Acme Ltd", hs_email_optout="true")
    portal.app.associate("contacts", contact, "companies", company)
    found = rows(portal.pull("contacts"))[0]
    assert (found["given_name"], found["company"], found["email_opt_out"]) == ("Ada", "Acme Ltd", True)
    assert found["account_id"] == company


def test_long_property_list_is_searched_by_id_and_read_in_batches(
    portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages_module, "LONGEST_SEARCH", 300)
    last = portal.pull("contacts")[-1]
    made = make_contacts(portal, 130)
    hubspot = portal.connect()
    portal.app.catch_up_index()
    found = rows(list(hubspot.pull("contacts", last.watermark)))

    assert [row["id"] for row in found] == made
    assert found[0]["email"] == "person0@example.com"
    assert hubspot.usage.calls["read"] == 2


def test_owners_come_with_leavers_as_inactive_users(portal: Portal) -> None:
    owners = {
        "false": [{"id": "7", "email": "a@example.com", "firstName": "Ada", "lastName": "B", "type": "PERSON"}],
        "true": [{"id": "8", "email": "c@example.com", "firstName": "Cy", "type": "QUEUE", "archived": True}],
    }

    def answer(request: Request, _: Response | None) -> Response:
        return Response.of_json({"results": owners[request.first("archived") or "false"]})

    portal.listener.faults.add(Fault(route="/crm/owners/2026-03", act=answer))
    found = rows(portal.pull("users"))
    assert [(row["id"], row["name"], row["type"], row["is_active"]) for row in found] == [
        ("7", "Ada B", "person", True),
        ("8", "Cy", "queue", False),
    ]


def test_stages_tell_key_order_probability_and_outcome(portal: Portal) -> None:
    found = {row["key"]: row for row in rows(portal.pull("stages"))}
    assert found["closedwon"]["id"] == "default:closedwon"
    assert (found["closedwon"]["is_closed"], found["closedwon"]["is_won"]) == (True, True)
    assert (found["closedlost"]["is_closed"], found["closedlost"]["is_won"]) == (True, False)
    assert (found["qualifiedtobuy"]["probability"], found["qualifiedtobuy"]["position"]) == (0.4, 1)
    assert found["qualifiedtobuy"]["pipeline_name"] == "Sales Pipeline"


def test_count_is_the_search_total_of_live_records(portal: Portal) -> None:
    made = make_contacts(portal, 4)
    portal.app.delete("contacts", made[0])
    portal.app.catch_up_index()
    hubspot = portal.connect()
    assert hubspot.count("contacts") == 3
    assert hubspot.count("users") is None
    assert hubspot.usage.calls["count"] == 1


def test_full_read_is_counted_once_and_a_later_count_is_a_new_one(portal: Portal) -> None:
    make_contacts(portal, 3)
    portal.app.catch_up_index()
    hubspot = portal.connect()
    assert len(rows(list(hubspot.pull("contacts", Watermark())))) == 3
    make_contacts(portal, 1)
    portal.app.catch_up_index()
    assert (hubspot.count("contacts"), hubspot.usage.calls["count"]) == (3, 1)
    assert (hubspot.count("contacts"), hubspot.usage.calls["count"]) == (4, 2)


def test_stream_without_scope_is_not_permitted_and_names_it(portal: Portal) -> None:
    portal.app.revoke_scope("crm.objects.companies.read")
    portal.app.revoke_scope("crm.schemas.companies.read")
    with pytest.raises(NotPermitted) as caught:
        portal.pull("accounts")
    assert "crm.objects.companies.read" in caught.value.missing
    assert rows(portal.pull("contacts")) == []


def test_pull_stops_at_the_daily_share_and_goes_on_later(portal: Portal) -> None:
    made = make_contacts(portal, 500)
    portal.app.set_limits(daily=1000)
    portal.app.catch_up_index()
    pages = []
    with pytest.raises(QuotaSpent):
        for page in portal.connect(daily_share=0.005).pull("contacts", Watermark()):
            pages.append(page)  # noqa: PERF402  # what came before the error counts
    rest = portal.pull("contacts", pages[-1].watermark)
    assert {row["id"] for row in rows([*pages, *rest])} == set(made)


def test_search_that_shows_nothing_of_its_total_is_unavailable(portal: Portal) -> None:
    last = portal.pull("contacts")[-1]
    portal.listener.faults.add(Fault(route="/search$", status=200, body='{"total": 5, "results": []}'))
    with pytest.raises(Unavailable, match="0 of 5"):
        portal.pull("contacts", last.watermark)


def test_search_that_does_not_move_on_is_unavailable(portal: Portal) -> None:
    last = portal.pull("contacts")[-1]
    repeated = {"total": 2, "results": [{"id": "5", "properties": {}}] * 2}
    portal.listener.faults.add(Fault(route="/search$", status=200, body=json.dumps(repeated)))
    with pytest.raises(Unavailable, match="move on"):
        portal.pull("contacts", last.watermark)


def test_smuggled_characters_are_taken_out(portal: Portal) -> None:
    def answer(_: Request, response: Response | None) -> Response:
        assert response is not None
        response.body = response.body.replace(b"Acme", b"A\\u0000cm\\ud800e \\ud83d\\ude00")
        return response

    portal.app.create("companies", name="Acme")
    portal.listener.faults.add(Fault(route="/objects/2026-03/companies$", stage="after", act=answer))
    assert rows(portal.pull("accounts"))[0]["name"] == "Acm\ufffde \U0001f600"


def test_unknown_stream_or_mapping_is_a_config_error(portal: Portal) -> None:
    with pytest.raises(ConfigError, match="leads"):
        portal.connect(streams=("contacts", "leads"))
    with pytest.raises(ConfigError, match="users"):
        portal.connect(fields={"users": {"name": "x"}})
    with pytest.raises(ConfigError, match="emial"):
        portal.connect(fields={"contacts": {"emial": "x"}})
    with pytest.raises(ConfigError, match="tickets"):
        portal.connect().pull("tickets", Watermark())


def test_streams_follow_the_settings_in_dependency_order(portal: Portal) -> None:
    every = portal.connect().streams()
    assert every[:5] == ("users", "stages", "accounts", "contacts", "deals")
    assert set(every[5:]) == {"stage_history", "campaigns", "campaign_members", "activities", "associations", "logins"}
    assert portal.connect(streams=("deals", "accounts")).streams() == ("accounts", "deals")


def test_pacing_stays_below_the_burst_and_search_limits(portal: Portal) -> None:
    """More calls than the allowance of 5 per ten seconds, and no answer says too many."""
    portal.app.set_limits(burst=5)
    make_contacts(portal, 600)
    portal.pull("contacts")
    mark = Watermark(since=portal.app.clock.now_ms() * 1000)
    portal.pull("contacts", mark)
    statuses = {entry.status for entry in portal.listener.requests}
    assert 429 not in statuses
    assert sum(portal.slept) > 10


def test_pacing_of_links_stays_below_their_own_burst(portal: Portal) -> None:
    person = portal.app.create("contacts", firstname="Ada")
    hubspot = portal.connect()
    for _ in range(400):
        links_module.read_links(hubspot._gateway, "contacts", "accounts", [person])
    assert {entry.status for entry in portal.listener.requests} <= {200, 207}
    assert sum(portal.slept) > 15  # 400 calls, 135 in any ten seconds


def test_portal_settings_default_zone_is_used_where_it_is_unknown() -> None:
    with open_portal(Settings(time_zone="Nowhere/City", currency="")) as portal:
        portal.app.create("companies", name="Acme", annualrevenue="5")
        pages = portal.pull("accounts")
        assert "revenue" not in pages[0].batch.readable
        assert any("currency" in gap for gap in pages[0].gaps)


def test_each_operation_is_named_once() -> None:
    names = [operation.name for operation in operations.OPERATIONS]
    assert len(names) == len(set(names))
    assert all("{version}" in operation.path for operation in operations.OPERATIONS)
    undated = {operation.name for operation in operations.OPERATIONS if operation.version[:2] != "20"}
    assert undated == {"forms", "form submissions", "further address", "further address removal"}
