"""Pulling: windows, cursors, permissions and the shapes of records, against a fake and the sandbox org."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from connectors._salesforce_pull import OVERLAP_US, Cursor
from connectors.connector import Source
from connectors.registry import connect
from connectors.salesforce import SalesforceConnector
from model.batch import Batch, Page, Watermark
from model.errors import ConfigError, InputError, NotPermitted
from sandbox.faults import Fault
from sandbox.salesforce import SalesforceApp
from sandbox.server import Listener
from tests.connectors.fake_org import FakeOrg
from tests.connectors.harness_salesforce import connector_for, settings_for


@pytest.fixture
def org() -> FakeOrg:
    return FakeOrg()


@pytest.fixture
def listener(org: FakeOrg) -> Iterator[Listener]:
    with Listener(org) as opened:
        yield opened


@pytest.fixture
def fake(listener: Listener) -> Iterator[SalesforceConnector]:
    connector = connector_for(listener.url, [], timeout_s=5.0)
    yield connector
    connector.close()


@pytest.fixture
def app() -> SalesforceApp:
    return SalesforceApp()


@pytest.fixture
def sandbox(app: SalesforceApp) -> Iterator[SalesforceConnector]:
    with Listener(app) as opened:
        settings = settings_for(opened.url, client_id="sandbox-client", timeout_s=5.0, streams=None)
        connector = SalesforceConnector("sf", settings, lambda _: "sandbox-secret")
        yield connector
        connector.close()


def ids(pages: list[Page]) -> list[str]:
    return [str(record_id) for page in pages for record_id in page.batch.columns["id"]]


def only(connector: Source, stream: str, watermark: Watermark | None = None) -> Page:
    (page,) = connector.pull(stream, watermark or Watermark())
    return page


def row(batch: Batch, record_id: str) -> dict[str, Any]:
    place = batch.columns["id"].index(record_id)
    return {name: column[place] for name, column in batch.columns.items()}


# --- windows and cursors ---


def test_watermark_lies_an_overlap_before_the_remotes_own_clock(fake: SalesforceConnector, listener: Listener) -> None:
    listener.faults.add(Fault(headers={"Date": "Thu, 01 Jan 2026 12:00:00 GMT"}))
    pages = list(fake.pull("contacts", Watermark()))
    noon_us = 1_767_268_800_000_000
    since = pages[-1].watermark.since
    assert since is not None
    assert noon_us - OVERLAP_US <= since < noon_us - OVERLAP_US + 5_000_000
    assert all(page.watermark.since is None for page in pages[:-1])


def test_window_asks_for_deleted_records_too_and_by_stamp(fake: SalesforceConnector, org: FakeOrg) -> None:
    org.rows[4] |= {"IsDeleted": True, "MasterRecordId": org.rows[0]["Id"][:15]}
    since = 1_769_904_004_900_000  # 2026-02-01T00:00:04.9Z
    pages = list(fake.pull("contacts", Watermark(since)))

    assert "SystemModstamp >= 2026-02-01T00:00:04Z ORDER BY SystemModstamp" in org.queries[-1]
    assert ids(pages) == [org.rows[3]["Id"], org.rows[4]["Id"]]
    assert not pages[-1].is_full
    assert pages[-1].batch.columns["is_deleted"] == [False, True]
    assert pages[-1].batch.columns["merged_into"] == [None, org.rows[0]["Id"]]


@pytest.mark.parametrize("since", [None, 1_769_900_000_000_000], ids=["full", "window"])
def test_expired_cursor_goes_on_by_key_and_loses_nothing(
    fake: SalesforceConnector, org: FakeOrg, since: int | None
) -> None:
    stream = fake.pull("contacts", Watermark(since))
    pages = [next(stream)]
    org.cursors.clear()
    pages.extend(stream)
    assert set(ids(pages)) == {row["Id"] for row in org.rows}
    assert pages[-1].is_last
    assert len(org.queries) == 2


def test_cursor_of_another_version_starts_the_window_again(fake: SalesforceConnector, org: FakeOrg) -> None:
    for text in ("{", "[]", '{"link":"x"}', '"text"'):
        assert len(ids(list(fake.pull("contacts", Watermark(None, text))))) == len(org.rows)


def test_cursor_round_trips_through_its_text() -> None:
    cursor = Cursor(until=5, since=None, part=1, link="/x", last="003", seen=7, expected=9)
    assert Cursor.parse(str(cursor)) == cursor


def test_record_deleted_while_we_read_is_no_short_read(fake: SalesforceConnector, org: FakeOrg) -> None:
    stream = fake.pull("contacts", Watermark())
    pages = [next(stream)]
    gone = org.rows.pop()
    rows, _ = org.cursors["01gfake1"]
    rows[:] = [row for row in rows if row["Id"] != gone["Id"]]
    pages.extend(stream)
    assert len(ids(pages)) == 4


def test_empty_object_gives_one_last_page_without_rows(fake: SalesforceConnector, org: FakeOrg) -> None:
    list(fake.pull("contacts", Watermark()))
    org.rows.clear()
    page = only(fake, "contacts")
    assert len(page.batch) == 0
    assert (page.is_last, page.is_full) == (True, True)


# --- permissions ---


def test_field_that_describe_hides_is_unknown_and_said_so(fake: SalesforceConnector, org: FakeOrg) -> None:
    org.hidden = {"Phone"}
    pages = list(fake.pull("contacts", Watermark()))
    assert all("phone" not in page.batch.columns for page in pages)
    assert any("contacts.phone" in gap for gap in pages[0].gaps)
    assert pages[1].gaps == ()


def test_permission_taken_away_in_mid_run_costs_the_field_and_not_the_pull(
    fake: SalesforceConnector, org: FakeOrg
) -> None:
    stream = fake.pull("contacts", Watermark())
    pages = [next(stream)]
    org.hidden = {"Email"}
    org.cursors.clear()
    pages.extend(stream)
    assert len(ids(pages)) == 5
    assert ["email" in page.batch.readable for page in pages] == [True, False, False]
    assert any("contacts.email" in gap for gap in pages[1].gaps)


def test_object_that_cannot_be_versioned_is_not_permitted(fake: SalesforceConnector, org: FakeOrg) -> None:
    org.hidden = {"SystemModstamp", "LastModifiedDate"}
    with pytest.raises(NotPermitted, match="its changes cannot be followed"):
        list(fake.pull("contacts", Watermark()))


def test_missing_stamp_falls_back_to_the_modified_date(fake: SalesforceConnector, org: FakeOrg) -> None:
    org.hidden = {"SystemModstamp"}
    page = next(fake.pull("contacts", Watermark()))
    assert page.batch.columns["changed_at"][0] == 1_769_904_001_000_000


def test_required_object_the_org_lacks_is_not_permitted(listener: Listener) -> None:
    with pytest.raises(NotPermitted, match="Account"):
        list(connector_for(listener.url, []).pull("accounts", Watermark()))


def test_optional_object_the_org_lacks_gives_an_empty_stream_that_says_so(listener: Listener) -> None:
    page = only(connector_for(listener.url, []), "associations")
    assert len(page.batch) == 0
    assert not page.is_full  # nothing is said to be gone
    assert "OpportunityContactRole" in page.gaps[0]


# --- settings ---


def test_mapped_custom_field_is_read_and_a_free_one_goes_to_the_payload(org: FakeOrg, listener: Listener) -> None:
    for record in org.rows:
        record |= {"Mobile__c": "07700 900123", "Score__c": "7\u0000"}
    fields = {"contacts": {"mobile": "mobile__C", "score": "Score__c"}}
    page = next(connector_for(listener.url, [], fields=fields).pull("contacts", Watermark()))
    assert page.batch.columns["mobile"][0] == "07700 900123"
    assert json.loads(str(page.batch.columns["payload"][0])) == {"score": "7"}


def test_without_extra_fields_there_is_no_payload(fake: SalesforceConnector) -> None:
    assert "payload" not in next(fake.pull("contacts", Watermark())).batch.columns


def test_mapped_field_of_the_wrong_type_is_left_unread_and_said_so(listener: Listener) -> None:
    fields = {"contacts": {"last_activity_on": "Phone"}}
    page = next(connector_for(listener.url, [], fields=fields).pull("contacts", Watermark()))
    assert "last_activity_on" not in page.batch.columns
    assert any("is of type string, not date" in gap for gap in page.gaps)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        pytest.param({"fields": {"people": {"name": "X"}}}, "no such stream", id="stream"),
        pytest.param({"fields": {"contacts": {"phonee": "X"}}}, "did you mean phone", id="typo"),
        pytest.param({"fields": {"contacts": {"x": "Id FROM User"}}}, "API name", id="injection"),
        pytest.param({"streams": ("contacts", "people")}, "no stream people", id="streams"),
    ],
)
def test_setting_that_cannot_be_right_is_refused_at_connect(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        connect("sf", settings_for("http://127.0.0.1:9", **changes), lambda _: "")


def test_unknown_stream_is_an_input_error(fake: SalesforceConnector) -> None:
    with pytest.raises(InputError, match="no stream 'people'"):
        list(fake.pull("people", Watermark()))


def test_registry_connects_salesforce() -> None:
    connection = connect("sf", settings_for("http://127.0.0.1:9"), lambda _: "")
    assert isinstance(connection, SalesforceConnector)


# --- the sandbox org ---


def test_every_stream_of_an_org_is_pulled_and_counted(app: SalesforceApp, sandbox: SalesforceConnector) -> None:
    account = app.create("Account", Name="Acme")
    contact = app.create("Contact", LastName="L", AccountId=account)
    deal = app.create("Opportunity", Name="D", StageName="Prospecting", CloseDate="2026-12-01", AccountId=account)
    app.create("OpportunityContactRole", OpportunityId=deal, ContactId=contact, Role="Evaluator", IsPrimary=True)
    app.create("Lead", LastName="X", Company="Y", Status="Working - Contacted")
    app.create("Group", Name="Queue", Type="Queue")

    for stream in sandbox.streams():
        pages = list(sandbox.pull(stream, Watermark()))
        assert len(set(ids(pages))) == sandbox.count(stream)
        assert len({page.batch.readable for page in pages}) == 1
        assert len(ids(pages)) > 0


def test_users_stream_holds_people_and_queues_with_the_same_fields(
    app: SalesforceApp, sandbox: SalesforceConnector
) -> None:
    app.create("Group", Name="Queue", Type="Queue")
    app.create("Group", Name="Not a queue", Type="Regular")
    people, queues = sandbox.pull("users", Watermark())
    assert set(people.batch.columns["type"]) == {"person"}
    assert (queues.batch.columns["type"], queues.batch.columns["name"]) == (["queue"], ["Queue"])
    assert people.batch.readable == queues.batch.readable


def test_contact_role_links_a_deal_to_a_contact(app: SalesforceApp, sandbox: SalesforceConnector) -> None:
    account = app.create("Account", Name="Acme")
    contact = app.create("Contact", LastName="L")
    deal = app.create("Opportunity", Name="D", StageName="Prospecting", CloseDate="2026-12-01", AccountId=account)
    role = app.create("OpportunityContactRole", OpportunityId=deal, ContactId=contact, Role="Evaluator", IsPrimary=True)
    link = row(only(sandbox, "associations").batch, role)
    assert (link["from_stream"], link["from_id"], link["to_stream"], link["to_id"]) == (
        "deals", deal, "contacts", contact,
    )  # fmt: skip
    assert (link["label"], link["is_primary"]) == ("Evaluator", True)


def test_deal_arrives_with_money_in_minor_units_and_dates_as_days(
    app: SalesforceApp, sandbox: SalesforceConnector
) -> None:
    account = app.create("Account", Name="Acme")
    values = {"StageName": "Prospecting", "CloseDate": "1970-01-31", "Amount": 1234.56, "AccountId": account}
    created = app.create("Opportunity", Name="D", **values)
    deal = row(only(sandbox, "deals").batch, created)
    assert (deal["amount"], deal["currency"], deal["close_on"]) == (123_456, "USD", 30)
    assert (deal["is_closed"], deal["probability"], deal["stage"]) == (False, 0.1, "Prospecting")
    assert deal["account_id"] == account


@pytest.mark.parametrize(("currency", "amount"), [("JPY", 1_500), ("EUR", 150_000), ("KWD", 1_500_000)])
def test_stated_currency_decides_the_minor_unit_and_leaves_no_doubt(
    app: SalesforceApp, currency: str, amount: int
) -> None:
    account = app.create("Account", Name="Acme", AnnualRevenue=1500)
    with Listener(app) as listener:
        settings = settings_for(listener.url, client_id="sandbox-client", timeout_s=5.0, currency=currency)
        page = only(SalesforceConnector("sf", settings, lambda _: "sandbox-secret"), "accounts")
    assert row(page.batch, account)["revenue"] == amount
    assert page.gaps == ()


def test_assumed_currency_is_said(sandbox: SalesforceConnector) -> None:
    assert any("USD is taken from its locale en_US" in gap for gap in only(sandbox, "deals").gaps)


def test_deleted_contact_arrives_with_the_next_pull(app: SalesforceApp, sandbox: SalesforceConnector) -> None:
    contact = app.create("Contact", LastName="L")
    first = only(sandbox, "contacts")
    app.delete("Contact", contact)
    again = only(sandbox, "contacts", first.watermark)
    assert row(again.batch, contact)["is_deleted"] is True


def test_stages_are_read_whole_each_time(sandbox: SalesforceConnector) -> None:
    first = only(sandbox, "stages")
    again = only(sandbox, "stages", first.watermark)
    assert again.is_full
    assert len(again.batch) == len(first.batch) == 10


def test_hidden_field_of_the_sandbox_is_unknown(app: SalesforceApp, sandbox: SalesforceConnector) -> None:
    app.hide_field("Contact", "HasOptedOutOfEmail")
    page = only(sandbox, "contacts")
    assert "email_opt_out" not in page.batch.readable


def test_check_says_who_what_and_how_much(app: SalesforceApp, sandbox: SalesforceConnector) -> None:
    app.hide_field("Contact", "Phone")
    access = sandbox.check()
    told = "\n".join(access.facts)
    assert access.identity == "Sandbox (Developer Edition, SBX1, sandbox)"
    assert access.problems == ()
    for words in ("API version 65.0", "user admin@sandbox.example", "accounts: Account", "updateable", "left",
                  "contacts.phone: Contact.Phone is not readable"):  # fmt: skip
        assert words in told


def test_check_warns_when_the_day_is_nearly_used_up(app: SalesforceApp, sandbox: SalesforceConnector) -> None:
    app.settings.daily_limit = 1_000
    for _ in range(920):
        app._org.calls += 1
    assert "API calls are left for today" in sandbox.check().problems[0]
