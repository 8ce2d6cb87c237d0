"""Faults on a real org: what a client meets in mid-run, and what somebody else does between its read and its write."""

from __future__ import annotations

import csv
import io
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import httpx
import pytest

from sandbox.faults import Fault
from tests.sandbox.salesforce_org import BASE, Org


def test_token_expired_in_mid_run_answers_401_until_a_new_login(org: Org) -> None:
    org.listener.faults.add(Fault(route="/query", nth=2, expire=True))
    statuses = [org.query("SELECT Id FROM Account").status_code for _ in range(3)]
    assert statuses == [200, 401, 401]
    org.log_in()
    assert org.query("SELECT Id FROM Account").status_code == 200


def test_edit_by_somebody_else_before_the_write_is_seen_by_its_precondition(org: Org) -> None:
    account = org.create("Account", Name="A")
    read = org.client.get(f"{BASE}/sobjects/Account/{account}")
    org.app.clock.turn(3)
    arguments = {"sobject": "Account", "record_id": account, "Phone": "theirs"}
    org.listener.faults.add(Fault(method="PATCH", call="edit", arguments=arguments))
    headers = {"If-Unmodified-Since": read.headers["Last-Modified"]}
    assert org.patch("Account", account, headers, Phone="ours").status_code == 412
    assert org.app.row("Account", account)["Phone"] == "theirs"


def test_answer_lost_after_the_write_leaves_the_write(org: Org) -> None:
    org.listener.faults.add(Fault(method="POST", route="/sobjects/Account", stage="after", drop=True, count=1))
    with pytest.raises(httpx.RemoteProtocolError):
        org.create("Account", Name="A")
    assert org.app.count("Account") == 1


def test_field_hidden_in_mid_run_fails_the_next_query(org: Org) -> None:
    soql = "SELECT Phone FROM Account"
    arguments = {"sobject": "Account", "field": "Phone"}
    org.listener.faults.add(Fault(route="/query", nth=2, call="hide_field", arguments=arguments))
    assert [org.query(soql).status_code for _ in range(2)] == [200, 400]


def test_request_log_names_the_kinds_of_calls(org: Org) -> None:
    org.listener.requests.clear()
    org.query("SELECT Id FROM Account")
    org.client.get(f"{BASE}/sobjects/Account/describe")
    org.client.post(f"{BASE}/composite/sobjects", json={})
    org.create("Account", Name="A")
    org.log_in()
    expected = {"query": 1, "describe": 1, "collections": 1, "rows": 1, "auth": 1}
    assert org.listener.requests.kinds() == expected


def test_many_threads_write_and_none_is_lost(org: Org) -> None:
    account = org.create("Account", Name="A")

    def write(number: int) -> int:
        org.patch("Account", account, Phone=str(number))
        return org.client.post(f"{BASE}/sobjects/Contact", json={"LastName": str(number)}).status_code

    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(write, range(24))) == {201}
    assert org.app.count("Contact") == 24
    assert org.app.api_calls == 49


def collection(org: Org, names: list[str], **more: object) -> list[dict[str, Any]]:
    """The results of accounts of these names, created in one call."""
    records = [{"attributes": {"type": "Account"}, "Name": name} for name in names]
    body: list[dict[str, Any]] = org.client.post(f"{BASE}/composite/sobjects", json={"records": records, **more}).json()
    return body


def test_locked_row_of_a_collection_is_not_written_and_the_others_are(org: Org) -> None:
    org.listener.faults.raise_("salesforce.UNABLE_TO_LOCK_ROW", rows=(3,))
    results = collection(org, ["a", "b", "c", "d"])
    assert [result["success"] for result in results] == [True, True, False, True]
    assert results[2]["errors"][0]["statusCode"] == "UNABLE_TO_LOCK_ROW"
    assert org.names("SELECT Name FROM Account ORDER BY Name") == ["a", "b", "d"]


def test_locked_row_of_an_all_or_none_collection_undoes_the_others(org: Org) -> None:
    org.listener.faults.raise_("salesforce.UNABLE_TO_LOCK_ROW", rows=(2,))
    codes = [result["errors"][0]["statusCode"] for result in collection(org, ["a", "b"], allOrNone=True)]
    assert codes == ["ALL_OR_NONE_OPERATION_ROLLED_BACK", "UNABLE_TO_LOCK_ROW"]
    assert org.app.count("Account") == 0


def test_locked_row_known_by_its_id_fails_wherever_it_stands(org: Org) -> None:
    ids = [org.create("Account", Name=name) for name in "abc"]
    org.listener.faults.raise_("salesforce.UNABLE_TO_LOCK_ROW", row_contains=ids[1], count=1)
    records = [{"attributes": {"type": "Account"}, "id": one, "Phone": "7"} for one in ids]
    first, again = (org.client.patch(f"{BASE}/composite/sobjects", json={"records": records}).json() for _ in range(2))
    assert [result["success"] for result in first] == [True, False, True]
    assert f"records: {ids[1]}" in first[1]["errors"][0]["message"]
    assert all(result["success"] for result in again)


def test_row_of_a_composite_and_a_batch_fails_alone(org: Org) -> None:
    org.listener.faults.raise_("salesforce.ENTITY_IS_LOCKED", rows=(2,))
    path = f"{BASE}/sobjects/Account"
    parts = [{"method": "POST", "url": path, "referenceId": f"r{n}", "body": {"Name": str(n)}} for n in range(3)]
    composite = org.client.post(f"{BASE}/composite", json={"compositeRequest": parts}).json()
    assert [part["httpStatusCode"] for part in composite["compositeResponse"]] == [201, 400, 201]
    parts = [{"method": "POST", "url": f"v60.0{path.partition('v60.0')[2]}", "richInput": {"Name": "x"}}] * 3
    batch = org.client.post(f"{BASE}/composite/batch", json={"batchRequests": parts}).json()
    assert [part["statusCode"] for part in batch["results"]] == [201, 400, 201]
    assert batch["results"][1]["result"][0]["errorCode"] == "ENTITY_IS_LOCKED"
    assert org.app.count("Account") == 4


def test_row_of_a_tree_fails_the_whole_tree(org: Org) -> None:
    org.listener.faults.raise_("salesforce.STORAGE_LIMIT_EXCEEDED", rows=(2,))
    records = [{"attributes": {"type": "Account", "referenceId": f"r{n}"}, "Name": str(n)} for n in range(2)]
    answer = org.client.post(f"{BASE}/composite/tree/Account", json={"records": records})
    assert answer.status_code == 400
    assert [result["referenceId"] for result in answer.json()["results"]] == ["r1"]
    assert org.app.count("Account") == 0


def bulk_insert(org: Org, names: list[str]) -> dict[str, Any]:
    """The job, after it ended, that inserts accounts of these names."""
    jobs = f"{BASE}/jobs/ingest"
    job = org.client.post(jobs, json={"object": "Account", "operation": "insert"}).json()
    csv = "\n".join(["Name", *names, ""])
    org.client.put(f"{jobs}/{job['id']}/batches", content=csv, headers={"Content-Type": "text/csv"})
    org.client.patch(f"{jobs}/{job['id']}", json={"state": "UploadComplete"})
    found: dict[str, Any] = org.client.get(f"{jobs}/{job['id']}").json()
    return found


def bulk_rows(org: Org, job: dict[str, Any], results: str) -> list[str]:
    """The names among the results of a job."""
    text = org.client.get(f"{BASE}/jobs/ingest/{job['id']}/{results}").text
    return [row["Name"] for row in csv.DictReader(io.StringIO(text))]


def test_row_of_a_bulk_job_fails_alone(org: Org) -> None:
    org.listener.faults.raise_("salesforce.UNABLE_TO_LOCK_ROW", of_kind="bulk", rows=(2,))
    job = bulk_insert(org, ["a", "b", "c"])
    assert (job["state"], job["numberRecordsFailed"]) == ("JobComplete", 1)
    assert bulk_rows(org, job, "failedResults") == ["b"]
    assert sorted(bulk_rows(org, job, "successfulResults")) == ["a", "c"]


def test_bulk_job_that_stops_leaves_the_rest_unprocessed(org: Org) -> None:
    org.listener.faults.raise_("salesforce.bulk.job_stops", of_kind="bulk", rows=(3,))
    job = bulk_insert(org, ["a", "b", "c", "d"])
    assert (job["state"], job["numberRecordsProcessed"]) == ("Failed", 2)
    assert bulk_rows(org, job, "unprocessedrecords") == ["c", "d"]
    assert org.app.count("Account") == 2


def test_merge_befallen_by_a_row_fault_merges_nothing(org: Org) -> None:
    ids = [org.create("Account", Name=name) for name in "ab"]
    org.listener.faults.raise_("salesforce.MERGE_FAILED", of_kind="soap", rows=(1,))
    token = org.client.headers["Authorization"].split()[1]
    envelope = (
        '<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/" xmlns:u="urn:partner.soap.sforce.com">'
        f"<e:Header><u:SessionHeader><u:sessionId>{token}</u:sessionId></u:SessionHeader></e:Header><e:Body><u:merge>"
        f"<u:request><u:masterRecord><type>Account</type><Id>{ids[0]}</Id></u:masterRecord>"
        f"<u:recordToMergeIds>{ids[1]}</u:recordToMergeIds></u:request></u:merge></e:Body></e:Envelope>"
    )
    headers = {"Content-Type": "text/xml", "SOAPAction": '""'}
    answer = org.client.post("/services/Soap/u/60.0", content=envelope, headers=headers)
    assert "<statusCode>MERGE_FAILED</statusCode>" in answer.text
    assert org.app.count("Account") == 2


@pytest.mark.parametrize(
    ("name", "kept", "goes_on"),
    [
        pytest.param("elsewhere", 2, True, id="elsewhere"),
        pytest.param("ends_early", 2, False, id="ends early"),
        pytest.param("loses_rows", 1, True, id="loses rows"),
        pytest.param("empty_page", 0, True, id="empty page"),
        pytest.param("unknown_fields", 2, True, id="unknown fields"),
    ],
)
def test_paging_fault_changes_the_page(org: Org, name: str, kept: int, goes_on: bool) -> None:
    for n in range(5):
        org.create("Account", Name=str(n))
    org.listener.faults.raise_("salesforce.short_pages")
    org.listener.faults.raise_(f"salesforce.paging.{name}")
    page = org.query("SELECT Id FROM Account").json()
    assert (len(page["records"]), page["done"]) == (kept, not goes_on)
    assert page["totalSize"] == 5
    assert page.get("nextRecordsUrl", "").startswith("http://elsewhere.example/") == (name == "elsewhere")


def test_paging_that_repeats_gives_the_same_page_again(org: Org) -> None:
    for n in range(5):
        org.create("Account", Name=str(n))
    org.app.doors["set_page_size"](rows=2)
    org.listener.faults.raise_("salesforce.paging.repeats")
    first = org.query("SELECT Name FROM Account ORDER BY Name").json()
    second = org.client.get(first["nextRecordsUrl"]).json()
    assert [record["Name"] for record in second["records"]] == ["0", "1"]
    assert second["nextRecordsUrl"] == first["nextRecordsUrl"]


def test_paging_with_duplicates_repeats_a_row_across_pages(org: Org) -> None:
    for n in range(5):
        org.create("Account", Name=str(n))
    org.app.doors["set_page_size"](rows=2)
    org.listener.faults.raise_("salesforce.paging.duplicates")
    page = org.query("SELECT Name FROM Account ORDER BY Name").json()
    names = [record["Name"] for record in page["records"]]
    while not page["done"]:
        page = org.client.get(page["nextRecordsUrl"]).json()
        names += [record["Name"] for record in page["records"]]
    assert names == ["0", "1", "1", "2", "3", "3", "4"]


def test_world_refused_refresh_and_expired_token_lock_a_client_out(org: Org) -> None:
    grant = {"grant_type": "refresh_token", "refresh_token": "sandbox-refresh", "client_id": "sandbox-client"}
    assert org.token(**grant).status_code == 200
    org.listener.faults.raise_("salesforce.refresh_refused", nth=1)
    org.listener.faults.raise_("salesforce.tokens_expire", nth=1)
    assert org.query("SELECT Id FROM Account").status_code == 401
    assert org.token(**grant).json()["error"] == "invalid_grant"


def test_world_daily_limit_is_reached_in_mid_run(org: Org) -> None:
    org.listener.faults.raise_("salesforce.daily_limit_reached", nth=2, left=1)
    statuses = [org.query("SELECT Id FROM Account").status_code for _ in range(3)]
    assert statuses == [200, 200, 403]


def test_world_clock_skew_moves_dates_and_stamps(org: Org) -> None:
    before = org.app.clock.now()
    org.listener.faults.raise_("salesforce.clock_skew", seconds=-7200)
    answer = org.client.post(f"{BASE}/sobjects/Account", json={"Name": "A"})
    dated = parsedate_to_datetime(answer.headers["Date"])
    stamped = str(org.app.row("Account", answer.json()["id"])["SystemModstamp"])
    assert dated < before - timedelta(minutes=110)
    assert stamped[:13] == f"{dated:%Y-%m-%dT%H}"


def test_world_record_count_lags_until_it_catches_up(org: Org) -> None:
    def counted() -> int:
        found = org.client.get(f"{BASE}/limits/recordCount", params={"sObjects": "Account"}).json()
        return int(found["sObjects"][0]["count"])

    org.listener.faults.raise_("salesforce.record_count_lags")
    org.create("Account", Name="A")
    assert counted() == 0
    org.app.doors["catch_up_record_count"]()
    assert counted() == 1


def test_world_others_edit_merge_delete_and_undelete_between_our_calls(org: Org) -> None:
    one, two = (org.create("Account", Name=name) for name in "ab")
    raise_ = org.listener.faults.raise_
    raise_("salesforce.edited", nth=1, sobject="Account", record_id=one, Phone="theirs")
    raise_("salesforce.deleted", nth=2, sobject="Account", record_id=two)
    raise_("salesforce.undeleted", nth=3, sobject="Account", record_id=two)
    raise_("salesforce.merged", nth=4, sobject="Account", master=one, losers=[two])
    found = [org.names("SELECT Name FROM Account WHERE Phone = 'theirs' OR Name = 'b' ORDER BY Name") for _ in range(4)]
    assert found == [["a", "b"], ["a"], ["a", "b"], ["a"]]
    assert org.app.row("Account", two)["MasterRecordId"] == one


@pytest.mark.parametrize(
    ("name", "told"),
    [
        pytest.param("QUERY_TIMEOUT", "api-usage=0/100000", id="an error of the API"),
        pytest.param("REQUEST_LIMIT_EXCEEDED.daily", "api-usage=100000/100000", id="the spent day"),
        pytest.param("INVALID_SESSION_ID", None, id="an unknown caller"),
        pytest.param("502", None, id="the edge"),
    ],
)
def test_fault_tells_the_usage_as_the_api_would(org: Org, name: str, told: str | None) -> None:
    org.listener.faults.raise_(f"salesforce.{name}")
    assert org.query("SELECT Id FROM Account").headers.get("Sforce-Limit-Info") == told


def test_edit_after_our_read_is_seen_by_the_next_one_only(org: Org) -> None:
    account = org.create("Account", Name="A")
    org.listener.faults.raise_(
        "salesforce.edited", route="/query", stage="after", sobject="Account", record_id=account, Name="B"
    )
    assert [org.names("SELECT Name FROM Account") for _ in range(2)] == [["A"], ["B"]]
