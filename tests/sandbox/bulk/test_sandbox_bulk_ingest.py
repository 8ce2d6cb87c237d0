"""Ingest jobs: their steps, their three results, and what ends a whole job."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.bulk.client import JOBS, Jobs, load, rows
from tests.sandbox.salesforce_org import Org

INSERT = {"object": "Contact", "operation": "insert"}


def test_new_ingest_job_is_open_and_names_where_to_upload(ingests: Jobs) -> None:
    answer = ingests.make(object="contact", operation="insert")
    body = answer.json()
    assert answer.status_code == 200
    assert (body["state"], body["object"], body["lineEnding"]) == ("Open", "Contact", "LF")
    assert body["contentUrl"] == f"services/data/v60.0/jobs/ingest/{body['id']}/batches"


def test_job_goes_from_open_through_upload_to_complete(org: Org, ingests: Jobs) -> None:
    org.app.set_bulk(polls=1)
    job = ingests.make(**INSERT).json()["id"]
    assert ingests.state(job) == "Open"
    assert org.client.put(ingests.url(f"{job}/batches"), content=b"LastName\nA\n").status_code == 201
    assert ingests.patch(job, "UploadComplete").json()["state"] == "UploadComplete"
    assert (org.app.count("Contact"), ingests.state(job)) == (0, "InProgress")
    body = ingests.get(job).json()
    assert (body["state"], body["jobType"], body["numberRecordsProcessed"]) == ("JobComplete", "V2Ingest", 1)
    assert {"apiActiveProcessingTime", "apexProcessingTime", "retries", "totalProcessingTime"} <= body.keys()
    assert "contentUrl" not in body
    assert org.app.count("Contact") == 1


def test_job_with_bad_rows_writes_the_good_ones(org: Org, ingests: Jobs) -> None:
    job = load(ingests, f"LastName,FirstName,Email\nGood,,a@x.example\n,Bob,\nB,{'x' * 41},\n")
    body = ingests.get(job).json()
    assert (body["state"], body["numberRecordsProcessed"], body["numberRecordsFailed"]) == ("JobComplete", 3, 2)
    [contact] = org.app.rows("Contact")
    assert rows(ingests.get(f"{job}/successfulResults")) == [
        ["sf__Id", "sf__Created", "LastName", "FirstName", "Email"],
        [contact["Id"], "true", "Good", "", "a@x.example"],
    ]
    header, *failed = rows(ingests.get(f"{job}/failedResults"))
    assert header == ["sf__Id", "sf__Error", "LastName", "FirstName", "Email"]
    errors = {row[2]: row[1] for row in failed}
    assert errors[""] == "REQUIRED_FIELD_MISSING:Required fields are missing: [LastName]:LastName --"
    assert errors["B"].startswith("STRING_TOO_LONG:First Name: data value too large: xxx")
    assert errors["B"].endswith("(max length=40):FirstName --")
    assert rows(ingests.get(f"{job}/unprocessedrecords")) == [["LastName", "FirstName", "Email"]]


@pytest.mark.parametrize("path", ["unprocessedRecords", "unprocessedrecords", "UNPROCESSEDRECORDS/"])
def test_unprocessed_records_are_found_in_any_spelling(ingests: Jobs, path: str) -> None:
    assert ingests.get(f"{load(ingests, 'LastName' + chr(10))}/{path}").content == b'"LastName"\n'


def test_results_do_not_come_in_the_order_of_the_upload(ingests: Jobs) -> None:
    sent = [f"L{number:03}" for number in range(450)]
    job = load(ingests, "LastName\n" + "".join(f"{name}\n" for name in sent))
    found = [row[2] for row in rows(ingests.get(f"{job}/successfulResults"))[1:]]
    assert found != sent
    assert sorted(found) == sent


def test_update_leaves_empty_cells_and_clears_with_na(org: Org, ingests: Jobs) -> None:
    contact = org.app.create("Contact", LastName="A", Phone="1", Title="T", Email="a@x.example")
    job = load(ingests, f"Id,Phone,Title,Email\n{contact},,#N/A,b@x.example\n", operation="update")
    row = org.app.row("Contact", contact)
    assert (row["Phone"], row["Title"], row["Email"]) == ("1", None, "b@x.example")
    assert rows(ingests.get(f"{job}/successfulResults"))[1] == [contact, "false", contact, "", "#N/A", "b@x.example"]


def test_failed_update_names_the_record(org: Org, ingests: Jobs) -> None:
    contact = org.app.create("Contact", LastName="A")
    gone = org.app.create("Contact", LastName="B")
    org.app.delete("Contact", gone)
    job = load(ingests, f"Id,LastName\n{contact},#N/A\n{gone},C\n,D\nx,E\n", operation="update")
    failed = {row[2]: row[:2] for row in rows(ingests.get(f"{job}/failedResults"))[1:]}
    assert failed[contact][0] == contact
    assert failed[contact][1].startswith("REQUIRED_FIELD_MISSING:")
    assert failed[gone] == [gone, "ENTITY_IS_DELETED:entity is deleted:--"]
    assert failed[""] == ["", "MISSING_ARGUMENT:Id not specified in an update call:--"]
    assert failed["x"][1].startswith("MALFORMED_ID:")


def test_upsert_by_external_id_tells_what_it_created(org: Org, ingests: Jobs) -> None:
    old = org.app.create("Contact", LastName="A", Trueline_Id__c="t1")
    job = load(
        ingests,
        "Trueline_Id__c,LastName\nt1,B\nt2,C\n,D\n",
        operation="upsert",
        externalIdFieldName="trueline_id__c",
    )
    assert ingests.get(job).json()["externalIdFieldName"] == "Trueline_Id__c"
    created = {row[2]: row[1] for row in rows(ingests.get(f"{job}/successfulResults"))[1:]}
    assert created == {"t1": "false", "t2": "true"}
    assert org.app.row("Contact", old)["LastName"] == "B"
    assert rows(ingests.get(f"{job}/failedResults"))[1][1] == "MISSING_ARGUMENT:Trueline_Id__c not specified:--"


def test_upsert_by_id_creates_rows_without_one(org: Org, ingests: Jobs) -> None:
    old = org.app.create("Contact", LastName="A")
    data = f"Id,LastName\n{old},B\n,C\n"
    job = load(ingests, data, operation="upsert", externalIdFieldName="Id")
    assert ingests.get(job).json()["numberRecordsFailed"] == 0
    assert {row["LastName"] for row in org.app.rows("Contact")} == {"B", "C"}


@pytest.mark.parametrize(("operation", "kept"), [("delete", 1), ("hardDelete", 0)])
def test_deleted_rows_go_to_the_bin_or_for_good(org: Org, ingests: Jobs, operation: str, kept: int) -> None:
    contact = org.app.create("Contact", LastName="A")
    job = load(ingests, f"Id\n{contact}\n", operation=operation)
    assert rows(ingests.get(f"{job}/successfulResults"))[1] == [contact, "false", contact]
    assert len(org.records("SELECT Id FROM Contact", "queryAll")) == kept
    assert org.app.count("Contact") == 0


def test_hard_delete_without_its_permission_is_refused(org: Org, ingests: Jobs) -> None:
    org.app.settings.bulk_hard_delete = False
    answer = ingests.make(object="Contact", operation="hardDelete")
    assert (answer.status_code, answer.json()[0]["errorCode"]) == (400, "FEATURENOTENABLED")


def test_lookup_columns_find_parents_by_their_keys(org: Org, ingests: Jobs) -> None:
    account = org.app.create("Account", Name="A", Trueline_Id__c="acc")
    boss = org.app.create("Contact", LastName="Boss", Email="boss@x.example")
    data = (
        "LastName,account.Trueline_Id__c,ReportsTo.Email,Owner.Id\n"
        f"A,acc,boss@x.example,{org.app.user_id}\nB,nope,,\nC,#N/A,,\n"
    )
    job = load(ingests, data)
    made = {row["LastName"]: row for row in org.app.rows("Contact")}
    assert (made["A"]["AccountId"], made["A"]["ReportsToId"]) == (account, boss)
    assert made["C"]["AccountId"] is None
    [failed] = rows(ingests.get(f"{job}/failedResults"))[1:]
    assert failed[1] == (
        "INVALID_FIELD:Foreign key external ID: nope not found for field Trueline_Id__c in entity Account:--"
    )


def test_polymorphic_lookup_needs_the_kind_of_record(org: Org, ingests: Jobs) -> None:
    lead = org.app.create("Lead", LastName="L", Company="C", Email="l@x.example")
    load(ingests, "Subject,Lead:Who.Email\nS,l@x.example\n", object="Task")
    assert org.app.rows("Task")[0]["WhoId"] == lead
    for name in ("Who.Email", "Account:What.Name"):
        job = load(ingests, f"Subject,{name}\nS,l@x.example\n", object="Task")
        assert ingests.get(job).json()["errorMessage"] == f"InvalidBatch : Field name not found : {name}"


def test_cells_are_read_by_the_type_of_their_field(org: Org, ingests: Jobs) -> None:
    data = (
        "LastName,Birthdate,DoNotCall,EmailBouncedDate\n"
        "A,1940-06-07Z,TRUE,2026-01-02T03:04:05+01:00\nB,7.6.1940,,\nC,,maybe,\nD,,,soon\n"
    )
    job = load(ingests, data)
    row = org.app.rows("Contact")[0]
    assert (row["Birthdate"], row["DoNotCall"]) == ("1940-06-07", 1)
    failed = {row[2]: row[1] for row in rows(ingests.get(f"{job}/failedResults"))[1:]}
    assert failed["B"] == (
        "INVALID_TYPE_ON_FIELD_IN_RECORD:Birthdate: value not of required type: 7.6.1940:Birthdate --"
    )
    assert {name: error.partition(":")[0] for name, error in failed.items()} == dict.fromkeys(
        "BCD", "INVALID_TYPE_ON_FIELD_IN_RECORD"
    )


def test_numbers_may_be_in_scientific_notation(org: Org, ingests: Jobs) -> None:
    job = load(ingests, "Name,AnnualRevenue,NumberOfEmployees\nA,1.5E6,3\nB,many,\nC,0x10,\nD,nan,\n", object="Account")
    [row] = org.app.rows("Account")
    assert (row["AnnualRevenue"], row["NumberOfEmployees"]) == (1_500_000.0, 3)
    assert len(rows(ingests.get(f"{job}/failedResults"))) == 4


def test_assignment_rule_runs_only_for_the_job_that_names_it(org: Org, ingests: Jobs) -> None:
    somebody = org.records("SELECT Id FROM User WHERE Username = 'somebody@sandbox.example'")[0]["Id"]
    org.app.settings.rules.assignment["Lead"] = somebody
    load(ingests, "LastName,Company\nA,C\n", object="Lead")
    job = load(ingests, "LastName,Company\nB,C\n", object="Lead", assignmentRuleId="01QS10000000001")
    assert ingests.get(job).json()["assignmentRuleId"].startswith("01QS10000000001")
    owners = {row["LastName"]: row["OwnerId"] for row in org.app.rows("Lead")}
    assert owners == {"A": org.app.user_id, "B": somebody}


@pytest.mark.parametrize(
    ("data", "message"),
    [
        pytest.param("LastName,Nope\nA,B\n", "InvalidBatch : Field name not found : Nope", id="header"),
        pytest.param("\ufeffLastName\nA\n", "InvalidBatch : Field name not found : \ufeffLastName", id="BOM"),
        pytest.param(
            '\ufeff"LastName"\nA\n',
            "InvalidBatch : Failed to parse CSV. Found unescaped quote. A value with quote should be within a quote",
            id="BOM before a quote",
        ),
        pytest.param(
            'LastName\nA "B"\n',
            "InvalidBatch : Failed to parse CSV. Found unescaped quote. A value with quote should be within a quote",
            id="quote within",
        ),
        pytest.param(
            'LastName,Phone\n"A" ,1\n',
            "InvalidBatch : Failed to parse CSV. Found unescaped quote. A value with quote should be within a quote",
            id="blank after a quote",
        ),
        pytest.param(
            "LastName\r\nA\r\n",
            "ClientInputError : LineEnding is invalid on user data. Current LineEnding setting is LF",
            id="CRLF",
        ),
        pytest.param(
            "LastName\nA\r\n",
            "ClientInputError : LineEnding is invalid on user data. Current LineEnding setting is LF",
            id="one CRLF",
        ),
        pytest.param("LastName,Phone\nA\n", "InvalidBatch : Failed to parse CSV. Row 2 has 1 columns and the header 2",
                     id="ragged"),
        pytest.param("", "InvalidBatch : Failed to parse CSV. The file has no header row", id="nothing"),
        pytest.param(
            f"LastName\n{'x' * 32_001}\n",
            "InvalidBatch : Failed to parse CSV. A field has over 32,000 characters",
            id="long field",
        ),
        pytest.param(
            f"LastName\n{'x' * 140_000}\n",
            "InvalidBatch : Failed to parse CSV. A field has over 32,000 characters",
            id="very long field",
        ),
        pytest.param(
            f"{','.join(['LastName'] * 5_001)}\n",
            "InvalidBatch : Failed to parse CSV. A record has more than 5,000 fields",
            id="many fields",
        ),
        pytest.param(
            f"{','.join(['Last' + 'Name' * 1_000] * 101)}\n",
            "InvalidBatch : Failed to parse CSV. A record has over 400,000 characters",
            id="long record",
        ),
        pytest.param(b"LastName\n\xe9\n", "InvalidBatch : Failed to parse CSV. The file is not in UTF-8", id="latin-1"),
    ],
)  # fmt: skip
def test_file_with_a_fault_fails_as_a_whole(org: Org, ingests: Jobs, data: str | bytes, message: str) -> None:
    job = load(ingests, data)
    body = ingests.get(job).json()
    assert (body["state"], body["errorMessage"], body["numberRecordsProcessed"]) == ("Failed", message, 0)
    assert org.app.count("Contact") == 0
    assert ingests.get(f"{job}/failedResults").status_code == 200
    assert ingests.get(f"{job}/unprocessedrecords").status_code == 200


def test_hidden_field_is_a_field_name_not_found(org: Org, ingests: Jobs) -> None:
    org.app.hide_field("Contact", "Phone")
    job = load(ingests, "LastName,Phone\nA,1\nB,2\n")
    assert ingests.get(job).json()["errorMessage"] == "InvalidBatch : Field name not found : Phone"
    assert len(rows(ingests.get(f"{job}/unprocessedrecords"))) == 3


def test_delete_takes_ids_alone(ingests: Jobs) -> None:
    job = load(ingests, "Id,LastName\n003000000000001,A\n", operation="delete")
    assert ingests.get(job).json()["state"] == "Failed"


def test_crlf_job_carries_newlines_inside_quotes(org: Org, ingests: Jobs) -> None:
    data = 'LastName;Description\r\nA;"one\r\ntwo\nthree ""four"""\r\n'
    job = load(ingests, data, lineEnding="CRLF", columnDelimiter="SEMICOLON")
    assert org.app.rows("Contact")[0]["Description"] == 'one\r\ntwo\nthree "four"'
    assert ingests.get(f"{job}/successfulResults").content.endswith(b'"one\r\ntwo\nthree ""four"""\r\n')
    wrong = load(ingests, "LastName\nA\n", lineEnding="CRLF")
    assert ingests.get(wrong).json()["errorMessage"].endswith("Current LineEnding setting is CRLF")


def test_aborted_job_gives_its_rows_back_unprocessed(org: Org, ingests: Jobs) -> None:
    org.app.set_bulk(polls=9)
    job = load(ingests, "LastName\nA\nB\n")
    early = ingests.get(f"{job}/successfulResults")
    assert (early.status_code, early.json()[0]["errorCode"]) == (400, "INVALIDJOBSTATE")
    assert ingests.patch(job, "Aborted").json()["state"] == "Aborted"
    assert rows(ingests.get(f"{job}/unprocessedrecords")) == [["LastName"], ["A"], ["B"]]
    assert rows(ingests.get(f"{job}/successfulResults")) == [["sf__Id", "sf__Created", "LastName"]]
    assert org.app.count("Contact") == 0


def test_job_goes_on_where_an_earlier_run_ended(org: Org, ingests: Jobs) -> None:
    org.app.set_bulk(polls=1)
    job = load(ingests, "LastName\n" + "A\n" * 250)
    org.app._org.database.execute(
        "UPDATE _bulk_jobs SET facts = json_set(facts, '$.numberRecordsProcessed', 200) WHERE id = ?", (job,)
    )
    assert ingests.state(job) == "JobComplete"
    assert org.app.count("Contact") == 50


@pytest.mark.parametrize(
    ("body", "code"),
    [
        pytest.param({"operation": "insert"}, "INVALIDJOB", id="no object"),
        pytest.param({"operation": "insert", "object": "Nope"}, "INVALIDJOB", id="unknown object"),
        pytest.param({"operation": "insert", "object": "OpportunityHistory"}, "INVALIDENTITY", id="read-only object"),
        pytest.param({"operation": "merge", "object": "Contact"}, "JSON_PARSER_ERROR", id="operation"),
        pytest.param({"operation": "upsert", "object": "Contact"}, "INVALIDJOB", id="upsert without key"),
        pytest.param(
            {"operation": "upsert", "object": "Contact", "externalIdFieldName": "Phone"}, "INVALIDJOB", id="no key"
        ),
        pytest.param({"operation": "insert", "object": "Contact", "assignmentRuleId": "x"}, "MALFORMED_ID", id="rule"),
    ],
)
def test_ingest_job_with_a_wrong_body_is_refused(ingests: Jobs, body: dict[str, Any], code: str) -> None:
    answer = ingests.make(**body)
    assert (answer.status_code, answer.json()[0]["errorCode"]) == (400, code)


def test_data_is_taken_once_while_the_job_is_open(org: Org, ingests: Jobs) -> None:
    job = ingests.make(**INSERT).json()["id"]
    url = ingests.url(f"{job}/batches")
    assert org.client.put(url, content=b"{}", headers={"Content-Type": "application/json"}).status_code == 415
    assert org.client.delete(ingests.url(job)).status_code == 400
    assert org.client.put(url, content=b"LastName\nA\n").status_code == 201
    assert org.client.put(url, content=b"LastName\nB\n").status_code == 400
    assert ingests.patch(job, "UploadComplete").status_code == 200
    assert ingests.patch(job, "UploadComplete").status_code == 400
    assert ingests.state(job) == "JobComplete"
    assert ingests.patch(job, "Aborted").json()[0]["errorCode"] == "INVALIDJOBSTATE"
    assert org.client.delete(ingests.url(job)).status_code == 204
    assert ingests.get(job).status_code == 404


def test_upload_beyond_the_limit_is_refused(org: Org, ingests: Jobs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sandbox.salesforce.bulk.ingest.MAX_UPLOAD", 16)
    job = ingests.make(**INSERT).json()["id"]
    assert org.client.put(ingests.url(f"{job}/batches"), content=b"LastName\nABC").status_code == 201
    job = ingests.make(**INSERT).json()["id"]
    assert org.client.put(ingests.url(f"{job}/batches"), content=b"LastName\nABCD").status_code == 413


def test_multipart_request_creates_and_uploads_in_one(org: Org, ingests: Jobs) -> None:
    files = {
        "job": (None, b'{"object": "Contact", "operation": "insert", "contentType": "CSV"}', "application/json"),
        "content": ("content", "LastName\nZoë\n".encode(), "text/csv"),
    }
    made = org.client.post(ingests.url(), files=files)
    assert (made.status_code, made.json()["state"]) == (200, "UploadComplete")
    assert ingests.get(made.json()["id"]).json()["numberRecordsProcessed"] == 1
    assert org.app.rows("Contact")[0]["LastName"] == "Zoë"
    files["content"] = ("content", b"LastName\n" + b"A\n" * 50_000, "text/csv")
    assert org.client.post(ingests.url(), files=files).status_code == 400
    del files["content"]
    assert org.client.post(ingests.url(), files=files).json()[0]["errorCode"] == "JSON_PARSER_ERROR"


def test_jobs_of_both_kinds_are_told_apart(org: Org, ingests: Jobs, queries: Jobs) -> None:
    job = ingests.make(**INSERT).json()["id"]
    query = queries.select("SELECT Id FROM User")
    assert [one["id"] for one in ingests.get("").json()["records"]] == [job]
    assert [one["id"] for one in ingests.get("", jobType="V2Query").json()["records"]] == [query]
    assert ingests.get("", jobType="Classic").json()["records"] == []
    assert queries.get(job).status_code == ingests.get(query).status_code == 404


def test_daily_limits_count_jobs_and_batches(org: Org, ingests: Jobs, queries: Jobs) -> None:
    queries.select("SELECT Id FROM User")
    load(ingests, "LastName\nA\n")
    limits = org.client.get(f"{JOBS.removesuffix('jobs')}limits").json()
    assert limits["DailyBulkV2QueryJobs"] == {"Max": 10_000, "Remaining": 9_999}
    assert limits["DailyBulkApiBatches"] == {"Max": 15_000, "Remaining": 14_999}
