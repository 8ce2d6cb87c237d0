"""What each stream of the sandbox org brings."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from connectors._salesforce_rows import time_of
from connectors.connector import Source
from connectors.salesforce import SalesforceConnector
from model.batch import Batch, Page, Watermark
from sandbox.salesforce import SalesforceApp
from sandbox.server import Listener
from tests.connectors.harness_salesforce import settings_for


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


def test_every_stream_of_an_org_is_pulled_and_counted(app: SalesforceApp, sandbox: SalesforceConnector) -> None:
    account = app.create("Account", Name="Acme")
    contact = app.create("Contact", LastName="L", AccountId=account)
    deal = app.create("Opportunity", Name="D", StageName="Prospecting", CloseDate="2026-12-01", AccountId=account)
    app.create("OpportunityContactRole", OpportunityId=deal, ContactId=contact, Role="Evaluator", IsPrimary=True)
    app.create("Lead", LastName="X", Company="Y", Status="Working - Contacted")
    app.create("Group", Name="Queue", Type="Queue")
    campaign = app.create("Campaign", Name="C")
    app.create("CampaignMember", CampaignId=campaign, ContactId=contact, Status="Sent")
    app.create("Task", Subject="S", WhoId=contact, WhatId=deal)
    package = app.create("PackageLicense", NamespacePrefix="pkg", AllowedLicenses=-1, UsedLicenses=1, Status="Active")
    app.create("UserPackageLicense", PackageLicenseId=package, UserId=app.user_id)
    app.create("LoginHistory", UserId=app.user_id, LoginTime="2026-01-01T10:00:00.000Z", Status="Success")

    for stream in sandbox.streams():
        pages = list(sandbox.pull(stream, Watermark()))
        assert sandbox.count(stream) == (None if stream == "stage_history" else len(set(ids(pages))))
        assert len({page.batch.readable for page in pages}) == 1
        assert len(ids(pages)) > 0


def test_activities_say_what_happened_when_and_with_whom(app: SalesforceApp, sandbox: SalesforceConnector) -> None:
    account = app.create("Account", Name="Acme")
    contact = app.create("Contact", LastName="L", AccountId=account)
    lead = app.create("Lead", LastName="X", Company="Y")
    deal = app.create("Opportunity", Name="D", StageName="Prospecting", CloseDate="2026-12-01", AccountId=account)
    call = app.create("Task", Subject="S", WhoId=contact, WhatId=deal, TaskSubtype="Call", CallType="Inbound",
                      CallDurationInSeconds=90, Status="Completed", ActivityDate="1970-01-03")  # fmt: skip
    app.edit("Task", call, CompletedDateTime=None)
    open_task = app.create("Task", Subject="S", WhoId=lead)
    meeting = app.create("Event", Subject="S", WhatId=account, DurationInMinutes=30,
                         StartDateTime="1970-01-01T00:00:05.000Z", EndDateTime="1970-01-01T00:30:05.000Z")  # fmt: skip
    series = app.create("Task", Subject="Master", IsRecurrence=True)
    tasks, events = (page.batch for page in sandbox.pull("activities", Watermark()))

    called = row(tasks, call)
    assert (called["type"], called["direction"], called["duration_s"], called["is_done"]) == ("call", "in", 90, True)
    assert (called["contact_id"], called["deal_id"], called["lead_id"]) == (contact, deal, None)
    assert called["happened_at"] == 2 * 86_400_000_000
    assert (row(tasks, open_task)["lead_id"], row(tasks, open_task)["happened_at"]) == (lead, None)
    met = row(events, meeting)
    assert (met["type"], met["happened_at"], met["duration_s"], met["account_id"]) == (
        "meeting", 5_000_000, 1_800, account,
    )  # fmt: skip
    assert series not in tasks.columns["id"]


def test_archived_activity_is_read_and_a_deleted_one_is_not(app: SalesforceApp, sandbox: SalesforceConnector) -> None:
    old, gone = (app.create("Task", Subject=subject) for subject in ("old", "gone"))
    app.edit("Task", old, IsArchived=True)
    app.delete("Task", gone)
    assert ids(list(sandbox.pull("activities", Watermark()))) == [old]
    assert sandbox.count("activities") == 1


def test_stage_history_holds_the_entries_of_a_deal_into_its_stages(
    app: SalesforceApp, sandbox: SalesforceConnector
) -> None:
    deal = app.create("Opportunity", Name="D", StageName="Prospecting", CloseDate="2026-12-01")
    other = app.create("Opportunity", Name="E", StageName="Prospecting", CloseDate="2026-12-01")
    for values in ({"Amount": 5}, {"StageName": "Qualification"}, {"Amount": 6}, {"StageName": "Prospecting"}):
        app.clock.turn(1)
        app.edit("Opportunity", deal, **values)
    first = list(sandbox.pull("stage_history", Watermark()))
    path = [
        (page.batch.columns["deal_id"][n], page.batch.columns["stage"][n])
        for page in first
        for n in range(len(page.batch))
    ]
    assert path == [
        (deal, "Prospecting"), (deal, "Qualification"), (deal, "Prospecting"), (other, "Prospecting"),
    ]  # fmt: skip

    app.clock.turn(3_600)
    app.edit("Opportunity", deal, StageName="Closed Won")
    (again,) = sandbox.pull("stage_history", Watermark(int(app.clock.now_ms()) * 1000 - 60_000_000))
    assert again.batch.columns["stage"] == ["Prospecting", "Qualification", "Prospecting", "Closed Won"]


def test_licences_without_limit_have_no_total(app: SalesforceApp, sandbox: SalesforceConnector) -> None:
    app.create("PackageLicense", NamespacePrefix="pkg", AllowedLicenses=-1, UsedLicenses=1, Status="Active")
    users, packages = (page.batch.columns for page in sandbox.pull("licences", Watermark()))
    assert (users["type"], users["total"]) == (["user"], [100])
    assert (packages["type"], packages["name"], packages["total"]) == (["package"], ["pkg"], [None])


def test_logins_are_followed_by_their_time(app: SalesforceApp, sandbox: SalesforceConnector) -> None:
    moments = [f"2026-01-0{day}T10:00:00.000Z" for day in (1, 2, 3)]
    made = [app.create("LoginHistory", UserId=app.user_id, LoginTime=moment, Status="Success") for moment in moments]
    app.create("LoginHistory", UserId=app.user_id, LoginTime=moments[0], Status="Invalid Password")
    page = only(sandbox, "logins", Watermark(time_of(moments[1])))
    assert page.batch.columns["id"] == made[1:]
    assert page.batch.columns["is_success"] == [True, True]
    assert page.batch.columns["changed_at"] == page.batch.columns["logged_in_at"]


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


def test_check_says_what_stands_in_the_way_of_making_and_merging(
    app: SalesforceApp, sandbox: SalesforceConnector
) -> None:
    assert "merges, conversions and restores: possible, by SOAP" in sandbox.check().facts
    app.hide_field("Lead", "Trueline_Id__c")
    app.settings.jwt_access_tokens = True
    app.expire_tokens()
    with Listener(app) as listener:
        settings = settings_for(listener.url, client_id="sandbox-client", timeout_s=5.0, streams=None)
        told = SalesforceConnector("sf", settings, lambda _: "sandbox-secret").check().facts
    assert any(fact.startswith("no external id Trueline_Id__c on Lead: new records of these") for fact in told)
    assert any("SOAP takes no access tokens in JWT form" in fact for fact in told)


def test_check_warns_when_the_day_is_nearly_used_up(app: SalesforceApp, sandbox: SalesforceConnector) -> None:
    app.settings.daily_limit = 1_000
    app.doors["use_up_calls"](left=80)
    assert "API calls are left for today" in sandbox.check().problems[0]
