"""getUpdated and getDeleted: windows, transactions in flight, and stamps that processes of the system move."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.sandbox.salesforce_org import BASE, Org


def iso(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S+00:00")


def window(org: Org, resource: str, start: datetime, end: datetime | None = None, sobject: str = "Account") -> Any:
    ends = end or org.app.clock.now() + timedelta(seconds=1)
    path = f"{BASE}/sobjects/{sobject}/{resource}/"
    return org.client.get(path, params={"start": iso(start), "end": iso(ends)})


def updated(org: Org, start: datetime, sobject: str = "Account") -> dict[str, Any]:
    answer = window(org, "updated", start, sobject=sobject)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("+0000", "+00:00"))


def test_updated_tells_the_ids_of_a_window_and_how_far_it_reaches(org: Org) -> None:
    start = org.app.clock.now()
    account = org.create("Account", Name="A")
    org.app.delete("Account", org.create("Account", Name="B"))
    body = updated(org, start)
    assert body["ids"] == [account]
    assert start.replace(microsecond=0) <= moment(body["latestDateCovered"]) <= org.app.clock.now()
    org.app.clock.turn(60)
    assert updated(org, org.app.clock.now())["ids"] == []


def test_late_commit_is_stamped_when_written_and_seen_when_committed(org: Org) -> None:
    account = org.create("Account", Name="A")
    org.app.clock.turn(10)
    began = org.app.clock.now()
    transaction = org.app.doors["begin"]()
    org.app.clock.turn(10)
    org.app.doors["write"](transaction=transaction, sobject="Account", record_id=account, Phone="1")
    org.app.doors["write"](transaction=transaction, sobject="Account", Name="Late")
    org.app.clock.turn(10)
    other = org.create("Account", Name="In time")
    body = updated(org, began)
    assert body["ids"] == [other]
    assert moment(body["latestDateCovered"]) == began.replace(microsecond=0)
    org.app.clock.turn(10)
    ids = org.app.doors["commit"](transaction=transaction)
    stamp = moment(org.app.row("Account", account)["SystemModstamp"])
    assert began + timedelta(seconds=9) < stamp < moment(org.app.row("Account", other)["SystemModstamp"])
    late = org.records(f"SELECT Name, CreatedDate, LastModifiedDate FROM Account WHERE Id = '{ids[1]}'")[0]
    assert moment(late["CreatedDate"]) < moment(org.app.row("Account", other)["CreatedDate"])
    after = updated(org, moment(body["latestDateCovered"]))
    assert set(after["ids"]) == {account, other, ids[1]}
    assert moment(after["latestDateCovered"]) > stamp


def test_late_commit_hides_from_a_watermark_that_trusts_the_newest_stamp(org: Org) -> None:
    transaction = org.app.doors["begin"]()
    org.app.doors["write"](transaction=transaction, sobject="Account", Name="Late")
    org.app.clock.turn(5)
    org.create("Account", Name="Newest")
    newest = org.records("SELECT SystemModstamp FROM Account")[0]["SystemModstamp"].replace("+0000", "Z")
    org.app.doors["commit"](transaction=transaction)
    assert org.names(f"SELECT Name FROM Account WHERE SystemModstamp >= {newest}") == ["Newest"]


def test_late_deletion_and_roll_back(org: Org) -> None:
    first, second = org.create("Account", Name="A"), org.create("Account", Name="B")
    org.app.clock.turn(5)
    began = org.app.clock.now()
    gone, kept = org.app.doors["begin"](), org.app.doors["begin"]()
    org.app.doors["remove"](transaction=gone, sobject="Account", record_id=first)
    org.app.doors["remove"](transaction=kept, sobject="Account", record_id=second)
    org.app.clock.turn(5)
    assert window(org, "deleted", began).json()["deletedRecords"] == []
    org.app.doors["commit"](transaction=gone)
    org.app.doors["roll_back"](transaction=kept)
    body = window(org, "deleted", began).json()
    assert [row["id"] for row in body["deletedRecords"]] == [first]
    assert moment(body["deletedRecords"][0]["deletedDate"]) < began + timedelta(seconds=4)
    with pytest.raises(LookupError, match="no open transaction"):
        org.app.doors["commit"](transaction=kept)


def test_stamp_moved_by_the_system_leaves_the_date_of_last_change(org: Org) -> None:
    account = org.create("Account", Name="A")
    before = org.app.row("Account", account)
    org.app.clock.turn(60)
    since = org.app.clock.now()
    org.app.doors["touch"](sobject="Account", record_id=account, LastActivityDate="2026-01-01")
    after = org.app.row("Account", account)
    assert (after["LastModifiedDate"], after["LastActivityDate"]) == (before["LastModifiedDate"], "2026-01-01")
    assert after["SystemModstamp"] > before["SystemModstamp"]
    assert updated(org, since)["ids"] == [account]
    with pytest.raises(LookupError, match="no field Nope"):
        org.app.doors["touch"](sobject="Account", record_id=account, Nope=1)


def test_deletions_forgotten_begin_later_and_are_missing(org: Org) -> None:
    start = org.app.clock.now()
    account = org.create("Account", Name="A")
    org.app.delete("Account", account)
    assert len(window(org, "deleted", start).json()["deletedRecords"]) == 1
    org.app.clock.turn(60)
    org.app.doors["forget_deletions"]()
    org.app.clock.turn(60)
    body = window(org, "deleted", start).json()
    assert body["deletedRecords"] == []
    assert moment(body["earliestDateAvailable"]) > start + timedelta(seconds=50)
    assert org.records("SELECT Id FROM Account WHERE IsDeleted = true", "queryAll")[0]["Id"] == account


def test_history_rows_are_told_by_their_creation(org: Org) -> None:
    start = org.app.clock.now()
    account = org.create("Account", Name="A", Phone="1")
    org.patch("Account", account, Phone="2")
    rows = org.records("SELECT Id FROM AccountHistory")
    assert set(updated(org, start, "AccountHistory")["ids"]) == {row["Id"] for row in rows}
    assert rows


def test_window_in_whole_minutes_leaves_the_present_one_out(org: Org) -> None:
    org.app.settings.whole_minutes = True
    start = org.app.clock.now() - timedelta(minutes=2)
    account = org.create("Account", Name="A")
    body = updated(org, start)
    assert body["ids"] == []
    assert moment(body["latestDateCovered"]).second == 0
    org.app.clock.turn(60)
    assert updated(org, moment(body["latestDateCovered"]))["ids"] == [account]


@pytest.mark.parametrize(
    ("sobject", "start_days", "end_days", "code"),
    [
        pytest.param("Account", 0, -1, "INVALID_REPLICATION_DATE", id="end before start"),
        pytest.param("Account", -31, 0, "INVALID_REPLICATION_DATE", id="too long ago"),
        pytest.param("OpportunityStage", -1, 0, "INVALID_TYPE_FOR_OPERATION", id="not replicated"),
    ],
)
def test_window_that_makes_no_sense_is_refused(
    org: Org, sobject: str, start_days: int, end_days: int, code: str
) -> None:
    now = org.app.clock.now()
    answer = window(org, "updated", now + timedelta(days=start_days), now + timedelta(days=end_days), sobject)
    assert (answer.status_code, answer.json()[0]["errorCode"]) == (400, code)
    assert window(org, "deleted", now - timedelta(days=16)).json()[0]["errorCode"] == "INVALID_REPLICATION_DATE"
