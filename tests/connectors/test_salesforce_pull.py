"""Pulling: windows, cursors, permissions and the shapes of records, against a fake org."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from connectors._salesforce_cursor import Cursor
from connectors._salesforce_pull import OVERLAP_US
from connectors.connector import Source
from connectors.registry import connect
from connectors.salesforce import SalesforceConnector
from model.batch import Page, Watermark
from model.errors import ConfigError, InputError, NotPermitted
from sandbox.faults import Fault
from sandbox.server import Listener
from tests.connectors.fake_objects import further_objects
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


def ids(pages: list[Page]) -> list[str]:
    return [str(record_id) for page in pages for record_id in page.batch.columns["id"]]


def only(connector: Source, stream: str, watermark: Watermark | None = None) -> Page:
    (page,) = connector.pull(stream, watermark or Watermark())
    return page


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


def test_mapped_custom_fields_are_typed_by_describe(org: FakeOrg, listener: Listener) -> None:
    for record in org.rows:
        record |= {"Mobile__c": "07700 900123", "Score__c": "7\u0000", "Seats__c": 5, "Vip__c": True,
                   "Met__c": "1970-01-03", "Seen__c": "1970-01-01T00:00:01.000Z", "Rate__c": 0.5}  # fmt: skip
    names = {"mobile": "mobile__C", "score": "Score__c", "seats": "Seats__c", "vip": "Vip__c", "met": "Met__c",
             "seen": "Seen__c", "rate": "Rate__c"}  # fmt: skip
    page = next(connector_for(listener.url, [], fields={"contacts": names}).pull("contacts", Watermark()))
    assert page.batch.columns["mobile"][0] == "07700 900123"
    custom = {name: (column.type, column.values[0]) for name, column in page.batch.custom.items()}
    assert custom == {
        "score": ("text", "7"), "seats": ("int", 5), "vip": ("bool", True), "met": ("date", 2),
        "seen": ("time", 1_000_000), "rate": ("real", 0.5),
    }  # fmt: skip


def test_custom_field_of_one_object_is_blank_for_the_other_objects_of_its_stream(
    org: FakeOrg, listener: Listener
) -> None:
    org.others = further_objects()
    for record in org.others["Task"]:
        record["Channel__c"] = "fax"
    connector = connector_for(listener.url, [], fields={"activities": {"channel": "Channel__c"}})
    tasks, _, events, *_ = connector.pull("activities", Watermark())
    assert tasks.batch.custom["channel"].values == ["fax", "fax"]
    assert events.batch.custom["channel"].values == [None, None]


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
        pytest.param({"fields": {"contacts": {"changed_at": "Seen__c"}}}, "not in use", id="system-field"),
        pytest.param({"fields": {"contacts": {"a b": "Seen__c"}}}, "plain name", id="odd-name"),
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
