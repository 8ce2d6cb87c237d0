"""Deletions that no query shows, and the watermark that loses no late commit."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from connectors._salesforce_parts import STREAM_NAMES
from connectors._salesforce_rows import time_of
from connectors.salesforce import SalesforceConnector
from model.batch import Page, Watermark
from model.errors import Unavailable
from sandbox.clock import SandboxClock
from sandbox.faults import Fault
from sandbox.salesforce import SalesforceApp
from sandbox.server import Listener
from sandbox.wire import Request, Response
from tests.connectors.harness_salesforce import settings_for

DAY_S = 86_400


@dataclass
class Org:
    app: SalesforceApp
    listener: Listener
    contact: str
    mark: Watermark

    def connect(self) -> SalesforceConnector:
        settings = settings_for(self.listener.url, client_id="sandbox-client", timeout_s=5.0)
        return SalesforceConnector("sf", settings, lambda _: "sandbox-secret")

    def pull(self, stream: str = "contacts", mark: Watermark | None = None) -> list[Page]:
        """A minute later."""
        self.app.clock.turn(60)
        connector = self.connect()
        try:
            return list(connector.pull(stream, mark or self.mark))
        finally:
            connector.close()

    def purge(self, sobject: str, record_id: str) -> None:
        """Delete a record and empty the recycle bin."""
        self.app.delete(sobject, record_id)
        self.app._org.records.bin.purge(self.app._org.schema.get(sobject), record_id)

    def answer(self, change: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
        def act(_: Request, response: Response | None) -> Response:
            assert response is not None
            return Response.of_json(change(json.loads(response.body)))

        self.listener.faults.add(Fault(route="/deleted", stage="after", act=act))


@pytest.fixture
def org() -> Iterator[Org]:
    app = SalesforceApp(clock=SandboxClock())
    app.clock.turn(-DAY_S)
    contact = app.create("Contact", LastName="L")
    with Listener(app) as listener:
        org = Org(app, listener, contact, Watermark())
        org.mark = org.pull()[-1].watermark
        app.clock.turn(DAY_S)
        listener.requests.clear()
        yield org


def dead(pages: list[Page]) -> dict[str, bool]:
    """Whether each record is deleted, by what is said of it last."""
    return {
        str(one): bool(is_deleted)
        for page in pages
        for one, is_deleted in zip(page.batch.columns["id"], page.batch.columns["is_deleted"], strict=True)
    }


def test_record_that_left_the_recycle_bin_arrives_as_deleted(org: Org) -> None:
    org.purge("Contact", org.contact)
    first, *others = org.pull()
    assert dead([first]) == {org.contact: True}
    assert first.batch.readable == frozenset()
    assert (first.is_full, first.is_last) == (False, False)
    assert dead(others) == {}


def test_record_restored_since_is_alive_again(org: Org) -> None:
    org.app.delete("Contact", org.contact)
    org.app.clock.turn(1)
    org.app.undelete("Contact", org.contact)
    assert dead(org.pull()) == {org.contact: False}


@pytest.mark.parametrize("sobject", ["CampaignMember", "OpportunityContactRole"])
def test_rows_that_no_bin_keeps_arrive_as_deleted(org: Org, sobject: str) -> None:
    deal = org.app.create("Opportunity", Name="D", StageName="Prospecting", CloseDate="2026-12-01")
    parents = {"CampaignMember": {"CampaignId": org.app.create("Campaign", Name="C")}}
    values = parents.get(sobject, {"OpportunityId": deal})
    made = org.app.create(sobject, ContactId=org.contact, **values)
    stream = {"CampaignMember": "campaign_members"}.get(sobject, "associations")
    org.purge(sobject, made)
    assert dead(org.pull(stream)) == {made: True}


def test_window_costs_a_call_for_changes_and_one_for_deletes(org: Org) -> None:
    connector = org.connect()
    list(connector.pull("contacts", org.mark))
    assert (connector.usage.calls["list"], connector.usage.calls["deleted"]) == (1, 1)
    assert (connector.usage.budgeted, connector.usage.minimum) == (2, 2)


def test_window_of_every_stream_costs_the_fewest_calls(org: Org) -> None:
    connector = org.connect()
    for stream in STREAM_NAMES:
        list(connector.pull(stream, org.mark))
    assert connector.usage.budgeted == connector.usage.minimum > 2 * len(STREAM_NAMES) - 10


def test_full_pull_asks_for_no_deletes(org: Org) -> None:
    connector = org.connect()
    list(connector.pull("contacts", Watermark()))
    assert (connector.usage.budgeted, connector.usage.minimum) == (1, 1)


def test_window_longer_than_the_remotes_memory_is_told(org: Org) -> None:
    long_ago = Watermark(org.mark.since - 30 * DAY_S * 1_000_000 if org.mark.since else None)
    page = org.pull(mark=long_ago)[0]
    assert any("what was purged before" in gap for gap in page.gaps)
    assert not any("purged" in gap for gap in org.pull()[0].gaps)


def test_memory_that_the_remote_has_shortened_is_told(org: Org) -> None:
    org.answer(lambda body: {**body, "earliestDateAvailable": body["latestDateCovered"]})
    assert any("what was purged before" in gap for gap in org.pull()[0].gaps)


def test_next_window_starts_before_a_transaction_that_is_still_open(org: Org) -> None:
    begun = "2026-01-01T00:00:00.000+0000"
    org.answer(lambda body: {**body, "latestDateCovered": begun})
    last = org.pull()[-1]
    assert last.is_last
    assert last.watermark.since == time_of(begun)


@pytest.mark.parametrize("lasts_s", [300, 3_600], ids=["within-the-overlap", "beyond-it"])
def test_write_and_deletion_that_commit_late_are_not_lost(org: Org, lasts_s: int) -> None:
    doomed = org.app.create("Contact", LastName="Doomed")
    running = org.app.doors["begin"]()
    org.app.doors["write"](transaction=running, sobject="Contact", record_id=org.contact, Title="late")
    org.app.doors["remove"](transaction=running, sobject="Contact", record_id=doomed)
    org.app.clock.turn(lasts_s)
    mark = org.pull()[-1].watermark
    org.app.clock.turn(60)
    org.app.doors["commit"](transaction=running)

    pages = org.pull(mark=mark)
    assert dead(pages)[doomed] is True
    titles = [title for page in pages for title in page.batch.columns.get("title", [])]
    assert "late" in titles


def test_deletions_that_cannot_be_asked_for_are_told_and_the_pull_goes_on(org: Org) -> None:
    org.app.edit("Contact", org.contact, Title="T")
    body = '[{"errorCode":"EXCEEDED_ID_LIMIT","message":"x"}]'
    org.listener.faults.add(Fault(route="/deleted", status=400, body=body))
    (page,) = org.pull()
    assert any("EXCEEDED_ID_LIMIT" in gap for gap in page.gaps)
    assert dead([page]) == {org.contact: False}


def test_many_deletions_come_in_pages_and_are_asked_for_again_after_a_kill(org: Org) -> None:
    row = {"id": org.contact, "deletedDate": "2026-01-01T00:00:00.000+0000"}
    org.answer(lambda body: {**body, "deletedRecords": [row] * 5_001})
    pages = org.pull()
    assert [len(page.batch) for page in pages[:-1]] == [5_000, 1]
    assert [len(page.batch) for page in org.pull(mark=pages[0].watermark)[:-1]] == [5_000, 1]
    assert [len(page.batch.readable) > 0 for page in org.pull(mark=pages[1].watermark)] == [True]


def test_deletions_in_another_shape_are_unavailable(org: Org) -> None:
    org.answer(lambda _: {"deletedRecords": [{"id": 5}]})
    with pytest.raises(Unavailable, match="deletions of Contact"):
        org.pull()
