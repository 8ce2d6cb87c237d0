"""Answers that lack rows and do not say so: read again, or the stream fails and its watermark stays."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from connectors._salesforce_client import Clocks
from connectors.salesforce import SalesforceConnector
from model.batch import Watermark
from model.errors import Unavailable
from sandbox.hubspot import HubspotApp
from sandbox.salesforce import SalesforceApp
from tests.connectors.harness_salesforce import settings_for
from tests.connectors.hubspot_portal import Portal, open_portal, rows
from tests.connectors.pages import ids, read
from tests.connectors.salesforce_world import BETTER, PHONE, World, open_world
from tests.wire import Wire

LOSES, ENDS = "hubspot.paging.loses_rows", "hubspot.paging.ends_early"
SEARCH, LIST, LINKS = "/search$", r"/crm/objects/[\d-]+/contacts$", "/batch/read$"


@pytest.fixture
def portal() -> Iterator[Portal]:
    with open_portal() as opened:
        yield opened


def make_contacts(app: HubspotApp, count: int, start: int = 0) -> list[str]:
    return [app.create("contacts", email=f"person{start + number}@example.com") for number in range(count)]


def a_day_later(portal: Portal, stream: str = "contacts") -> Watermark:
    """The watermark of a pull a while after everything so far."""
    portal.app.clock.turn(86_400)
    return portal.pull(stream)[-1].watermark


@pytest.mark.parametrize("count", [pytest.param(3, id="one page"), pytest.param(450, id="three pages")])
def test_search_that_loses_rows_once_is_asked_again(portal: Portal, count: int) -> None:
    since = a_day_later(portal)
    made = make_contacts(portal.app, count)
    portal.listener.faults.raise_(LOSES, route=SEARCH, after=count // 300, count=1)
    assert ids(portal.pull("contacts", since)) == set(made)
    assert len([one for one in portal.listener.requests if one.path.endswith("/search")]) == 2 + count // 200 + 1


def test_search_that_always_loses_rows_fails_and_the_next_pull_brings_them(portal: Portal) -> None:
    since = a_day_later(portal)
    made = make_contacts(portal.app, 250)
    portal.listener.faults.raise_(LOSES, route=SEARCH, after=1)
    portal.app.catch_up_index()
    pages, error = read(portal.connect().pull("contacts", since))
    assert isinstance(error, Unavailable)
    assert str(error).startswith("hs: the search of contacts showed 25 of 50 changed records")
    assert not any(page.is_last for page in pages)
    portal.listener.faults.clear()
    rest = portal.pull("contacts", pages[-1].watermark)
    assert ids([*pages, *rest]) == set(made)


def test_search_that_ends_early_loses_nothing(portal: Portal) -> None:
    since = a_day_later(portal)
    made = make_contacts(portal.app, 250)
    portal.listener.faults.raise_(ENDS, route=SEARCH)
    assert ids(portal.pull("contacts", since)) == set(made)


@pytest.mark.parametrize("name", [LOSES, ENDS])
def test_deletes_that_a_sweep_lacked_come_with_the_next(portal: Portal, name: str) -> None:
    made = make_contacts(portal.app, 150)
    since = a_day_later(portal)
    for record in made:
        portal.app.delete("contacts", record)
    portal.app.clock.turn(600)
    portal.listener.faults.raise_(name, route=LIST, count=1)
    first = portal.pull("contacts", since)
    assert ids(first) < set(made)
    portal.app.clock.turn(6 * 3600)
    assert ids(portal.pull("contacts", first[-1].watermark)) == set(made)


@pytest.mark.parametrize("name", [LOSES, ENDS])
def test_full_read_that_came_up_short_begins_anew(portal: Portal, name: str) -> None:
    made = make_contacts(portal.app, 250)
    portal.listener.faults.raise_(name, route=LIST, count=1)
    pages = portal.pull("contacts")
    assert all(page.is_full for page in pages)
    assert ids(pages) == set(made)


def test_full_read_that_always_comes_up_short_fails_and_the_next_is_whole(portal: Portal) -> None:
    made = make_contacts(portal.app, 250)
    portal.listener.faults.raise_(LOSES, route=LIST)
    portal.app.catch_up_index()
    pages, error = read(portal.connect().pull("contacts", Watermark()))
    assert isinstance(error, Unavailable)
    portal.listener.faults.clear()
    assert ids(portal.pull("contacts", pages[-1].watermark)) == set(made)


def linked(portal: Portal, count: int) -> tuple[str, list[str]]:
    company = portal.app.create("companies", name="Acme")
    people = make_contacts(portal.app, count)
    for person in people:
        portal.app.associate("contacts", person, "companies", company)
    return company, people


def test_links_of_changed_records_that_are_left_out_are_asked_for_again(portal: Portal) -> None:
    since = a_day_later(portal, "associations")
    company, people = linked(portal, 3)
    portal.listener.faults.raise_(LOSES, route=f"associations/.*{LINKS}", count=1)
    found = rows(portal.pull("associations", since))
    assert {(row["from_id"], row["to_id"]) for row in found} == {(person, company) for person in people}


def test_links_that_are_always_left_out_fail_the_stream(portal: Portal) -> None:
    since = a_day_later(portal, "associations")
    linked(portal, 3)
    portal.listener.faults.raise_(LOSES, route=f"associations/.*{LINKS}")
    portal.app.catch_up_index()
    pages, error = read(portal.connect().pull("associations", since))
    assert isinstance(error, Unavailable)
    assert "links of 2 of 3 records" in str(error)
    assert not pages


def test_sweep_of_links_that_lacked_records_takes_no_link_for_gone(portal: Portal) -> None:
    linked(portal, 150)
    portal.listener.faults.raise_(LOSES, route=LIST, count=1)
    pages = portal.pull("associations")
    assert not pages[-1].is_full
    assert any("the sweep of associations showed 100 of 150 contacts" in gap for page in pages for gap in page.gaps)


def test_records_that_a_batch_read_left_out_are_asked_for_again(
    portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("connectors._hubspot_pages.LONGEST_SEARCH", 100)
    since = a_day_later(portal)
    made = make_contacts(portal.app, 7)
    portal.listener.faults.raise_(LOSES, route=LINKS)
    assert ids(portal.pull("contacts", since)) == set(made)


def test_stage_history_of_a_deal_that_was_left_out_is_asked_for_again(portal: Portal) -> None:
    since = a_day_later(portal, "stage_history")
    deals = [portal.app.create("deals", dealname=str(n), dealstage="appointmentscheduled") for n in range(4)]
    portal.listener.faults.raise_(LOSES, route=LINKS, count=1)
    assert {row["deal_id"] for row in rows(portal.pull("stage_history", since))} == set(deals)


# --- Salesforce ---


@pytest.fixture
def leads(salesforce_wire: Wire[SalesforceApp]) -> Iterator[SalesforceConnector]:
    settings = settings_for(salesforce_wire.url, client_id="sandbox-client", streams=("leads",))
    connection = SalesforceConnector("sf", settings, lambda _: "sandbox-secret", clocks=Clocks(sleep=lambda _: None))
    yield connection
    connection.close()


@pytest.mark.parametrize("name", ["loses_rows", "ends_early"])
@pytest.mark.parametrize("times", [pytest.param(1, id="once"), pytest.param(None, id="always")])
def test_window_of_salesforce_that_lacks_rows_begins_anew_or_fails(
    salesforce_wire: Wire[SalesforceApp], leads: SalesforceConnector, name: str, times: int | None
) -> None:
    wire = salesforce_wire
    wire.app.doors["set_page_size"](rows=4)
    expected = {row["Id"] for row in wire.app.rows("Lead")}
    wire.faults.raise_(f"salesforce.paging.{name}", route="/query", count=times)
    pages, error = read(leads.pull("leads", Watermark(1)))
    assert (error is None) == (times == 1)
    if error is not None:
        assert isinstance(error, Unavailable)
        assert not any(page.is_last for page in pages)
        wire.faults.clear()
        pages = list(leads.pull("leads", pages[-1].watermark))
    assert pages[-1].is_last
    assert ids(pages) >= expected


@pytest.fixture
def world() -> Iterator[World]:
    with open_world() as opened:
        yield opened


@pytest.mark.parametrize("times", [pytest.param(1, id="once"), pytest.param(None, id="always")])
def test_guard_read_of_salesforce_that_lacks_rows_is_not_believed(world: World, times: int | None) -> None:
    world.add_people(4)
    changes = tuple(world.set(record, "phone", PHONE, BETTER, number=n) for n, record in enumerate(world.contacts, 1))
    world.listener.faults.raise_("salesforce.paging.loses_rows", route="/query", count=times)
    if times is None:
        with pytest.raises(Unavailable) as raised:
            world.sink.send(changes)
        assert not raised.value.sent
    else:
        assert {outcome.status for outcome in world.sink.send(changes).outcomes} == {"applied"}
