"""Query jobs: how they are made, asked about, ended, listed and thrown away."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest

from sandbox.salesforce.ids import make_id
from tests.sandbox.bulk.client import Jobs, rows
from tests.sandbox.salesforce_org import Org

BRIEF = {
    "id", "operation", "object", "createdById", "createdDate", "systemModstamp", "state", "concurrencyMode",
    "contentType", "apiVersion",
}  # fmt: skip


def test_new_query_job_answers_200_and_waits(queries: Jobs) -> None:
    answer = queries.make(operation="query", query="select id from account")
    body = answer.json()
    assert answer.status_code == 200
    assert body.keys() == BRIEF | {"lineEnding", "columnDelimiter"}
    assert (body["state"], body["object"], body["apiVersion"]) == ("UploadComplete", "Account", 60.0)
    assert body["id"].startswith("750")
    assert body["createdDate"].endswith("+0000")


def test_question_about_a_query_job_counts_its_rows(org: Org, queries: Jobs) -> None:
    org.app.create("Account", Name="A")
    body = queries.get(queries.select("SELECT Id FROM Account")).json()
    counted = {"jobType", "numberRecordsProcessed", "retries", "totalProcessingTime", "isPkChunkingSupported"}
    assert body.keys() == BRIEF | {"lineEnding", "columnDelimiter"} | counted
    assert (body["jobType"], body["numberRecordsProcessed"], body["state"]) == ("V2Query", 1, "JobComplete")


def test_query_leaves_out_what_query_all_gives(org: Org, queries: Jobs) -> None:
    org.app.delete("Account", org.app.create("Account", Name="A"))
    soql = "SELECT Name, IsDeleted FROM Account"
    assert rows(queries.get(f"{queries.select(soql)}/results")) == [["Name", "IsDeleted"]]
    everything = queries.make(operation="queryAll", query=soql).json()["id"]
    assert rows(queries.get(f"{everything}/results"))[1:] == [["A", "true"]]


def test_rows_of_a_query_without_order_come_by_id(org: Org, queries: Jobs) -> None:
    ids = [make_id("001", "S1", number) for number in range(1, 2_202)]
    stamps = [datetime(2026, 1, 1, tzinfo=UTC) - timedelta(hours=number) for number in range(len(ids))]
    org.app.load({"Account": pl.DataFrame({"Id": ids, "Name": ids, "SystemModstamp": stamps})})
    found = rows(queries.get(f"{queries.select('SELECT Id FROM Account')}/results"))
    assert [row for (row,) in found[1:]] == ids


@pytest.mark.parametrize(
    ("soql", "code", "words"),
    [
        pytest.param("SELECT COUNT() FROM Account", "FEATURENOTENABLED", "not supported in Bulk", id="count"),
        pytest.param(
            "SELECT Type FROM Account GROUP BY Type", "FEATURENOTENABLED", "not supported in Bulk", id="group by"
        ),
        pytest.param("SELECT MAX(Name) FROM Account", "FEATURENOTENABLED", "not supported in Bulk", id="aggregate"),
        pytest.param(
            "SELECT Id, (SELECT Id FROM Contacts) FROM Account",
            "FEATURENOTENABLED",
            "Aggregate Relationships not supported in Bulk",
            id="child query",
        ),
        pytest.param("SELECT Id FROM Account OFFSET 1", "FEATURENOTENABLED", "OFFSET not supported", id="offset"),
        pytest.param(
            "SELECT BillingAddress FROM Account",
            "INVALID_FIELD",
            "Selecting compound data not supported in Bulk Query",
            id="compound",
        ),
        pytest.param("SELECT Owner.Nope FROM Account", "INVALID_FIELD", "No such column 'Nope'", id="unknown field"),
        pytest.param("SELECT Id FROM Nope", "INVALID_TYPE", "sObject type 'Nope' is not supported", id="object"),
        pytest.param("SELECT FROM", "MALFORMED_QUERY", "", id="malformed"),
        pytest.param(
            "SELECT TYPEOF What WHEN Account THEN Name END FROM Task", "FEATURENOTENABLED", "TYPEOF", id="typeof"
        ),
        pytest.param(" ", "MALFORMED_QUERY", "", id="blank"),
    ],
)
def test_query_that_a_job_cannot_run_is_refused_at_once(queries: Jobs, soql: str, code: str, words: str) -> None:
    answer = queries.make(operation="query", query=soql)
    assert answer.status_code == 400
    assert answer.json()[0]["errorCode"] == code
    assert words in answer.json()[0]["message"]


@pytest.mark.parametrize(
    "body",
    [
        pytest.param({}, id="nothing"),
        pytest.param({"operation": "insert"}, id="operation"),
        pytest.param({"operation": ["query"]}, id="operation that is a list"),
        pytest.param({"operation": "query", "query": 5}, id="query that is a number"),
        pytest.param({"operation": "query", "query": "SELECT Id FROM User", "contentType": "JSON"}, id="content"),
        pytest.param({"operation": "query", "query": "SELECT Id FROM User", "lineEnding": "CR"}, id="line ending"),
        pytest.param({"operation": "query", "query": "SELECT Id FROM User", "columnDelimiter": ","}, id="delimiter"),
    ],
)
def test_query_job_with_a_wrong_body_is_refused(queries: Jobs, body: dict[str, Any]) -> None:
    answer = queries.make(**body)
    assert answer.status_code == 400
    assert answer.json()[0].keys() >= {"errorCode", "message"}


def test_job_stays_in_progress_for_as_many_questions_as_set(org: Org, queries: Jobs) -> None:
    org.app.set_bulk(polls=2)
    job = queries.make(operation="query", query="SELECT Id FROM Account").json()["id"]
    early = queries.get(f"{job}/results")
    assert (early.status_code, early.json()[0]["errorCode"]) == (400, "INVALIDJOBSTATE")
    assert [queries.state(job) for _ in range(4)] == ["InProgress", "InProgress", "JobComplete", "JobComplete"]


def test_job_stays_in_progress_until_its_seconds_are_over(org: Org, queries: Jobs) -> None:
    org.app.set_bulk(seconds=60)
    job = queries.make(operation="query", query="SELECT Id FROM Account").json()["id"]
    assert queries.state(job) == "InProgress"
    org.app.clock.turn(61)
    assert queries.state(job) == "JobComplete"


def test_job_that_fails_tells_why(org: Org, queries: Jobs) -> None:
    org.app.set_bulk(failure="Retried more than fifteen times")
    job = queries.make(operation="query", query="SELECT Id FROM Account").json()["id"]
    body = queries.get(job).json()
    assert (body["state"], body["errorMessage"]) == ("Failed", "Retried more than fifteen times")
    assert queries.get(f"{job}/results").status_code == 400


def test_job_whose_field_goes_away_before_it_runs_fails(org: Org, queries: Jobs) -> None:
    org.app.set_bulk(polls=1)
    job = queries.make(operation="query", query="SELECT Phone FROM Account").json()["id"]
    org.app.hide_field("Account", "Phone")
    assert queries.state(job) == "InProgress"
    body = queries.get(job).json()
    assert body["state"] == "Failed"
    assert "No such column 'Phone'" in body["errorMessage"]


def test_abort_ends_a_job_under_way_only(org: Org, queries: Jobs) -> None:
    org.app.set_bulk(polls=9)
    job = queries.make(operation="query", query="SELECT Id FROM Account").json()["id"]
    unfinished = org.client.delete(queries.url(job))
    assert (unfinished.status_code, unfinished.json()[0]["errorCode"]) == (400, "API_ERROR")
    aborted = queries.patch(job, "Aborted")
    assert (aborted.status_code, aborted.json()["state"], aborted.json().keys()) == (200, "Aborted", BRIEF)
    assert queries.state(job) == "Aborted"
    again = queries.patch(job, "Aborted")
    assert again.status_code == 400
    assert again.json() == [{"message": "Aborting already Completed Job not allowed", "errorCode": "INVALIDJOBSTATE"}]


def test_deleted_job_is_not_found(org: Org, queries: Jobs) -> None:
    job = queries.select("SELECT Id FROM Account")
    gone = org.client.delete(queries.url(job))
    assert (gone.status_code, gone.content) == (204, b"")
    for path in (job, f"{job}/results", f"{job}/resultPages"):
        answer = queries.get(path)
        assert (answer.status_code, answer.json()[0]["errorCode"]) == (404, "NOT_FOUND")


def test_list_of_jobs_goes_on_through_its_locator(org: Org, queries: Jobs) -> None:
    org.app.settings.bulk_list_page = 2
    made = {queries.make(operation="query", query="SELECT Id FROM User").json()["id"] for _ in range(5)}
    listed = queries.get("").json()
    found = [job["id"] for job in listed["records"]]
    assert not listed["done"]
    while not listed["done"]:
        listed = org.client.get(listed["nextRecordsUrl"]).json()
        found += [job["id"] for job in listed["records"]]
    assert (len(found), set(found), listed["nextRecordsUrl"]) == (5, made, None)
    assert queries.get("", queryLocator="x").status_code == 400


def test_jobs_are_kept_for_seven_days(org: Org, queries: Jobs) -> None:
    old = queries.select("SELECT Id FROM User")
    org.app.clock.turn(8 * 24 * 3600)
    org.log_in()
    new = queries.select("SELECT Id FROM User")
    assert [queries.get(job).status_code for job in (old, new)] == [404, 200]


def test_versions_before_query_jobs_do_not_know_them(org: Org, queries: Jobs) -> None:
    body = {"operation": "query", "query": "SELECT Id FROM User"}
    assert org.client.post("/services/data/v46.0/jobs/query", json=body).status_code == 404
    assert org.client.post("/services/data/v47.0/jobs/query", json=body).status_code == 200


def test_every_request_about_a_job_counts_as_a_call(org: Org, queries: Jobs) -> None:
    before = org.app.api_calls
    queries.get(f"{queries.select('SELECT Id FROM User')}/results")
    assert org.app.api_calls == before + 3


def test_jobs_and_results_are_part_of_the_saved_state(org: Org, queries: Jobs) -> None:
    org.app.create("Account", Name="A")
    job = queries.select("SELECT Name FROM Account")
    expected = queries.get(f"{job}/results").content
    state = org.app.dump()
    org.client.delete(queries.url(job))
    org.app.restore(state)
    assert queries.get(f"{job}/results").content == expected


def test_unfinished_job_goes_on_in_another_process(org: Org, queries: Jobs) -> None:
    org.app.set_bulk(polls=1)
    job = queries.make(operation="query", query="SELECT Id FROM User").json()["id"]
    assert queries.state(job) == "InProgress"
    org.app.restore(org.app.dump())
    assert queries.state(job) == "JobComplete"
