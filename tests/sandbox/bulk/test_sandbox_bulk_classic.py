"""Bulk API 1.0 in the spellings of jsforce (XML and CSV), simple-salesforce (JSON) and tap-salesforce (both)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree

import httpx
import pytest

from tests.sandbox.salesforce_org import Org

NS = "{http://www.force.com/2009/06/asyncapi/dataload}"
JOBS = "/services/async/60.0/job"


@dataclass
class Classic:
    """Sends the session in this API's own header, with bodies of one content type."""

    org: Org
    content_type: str = "application/json"
    session: str = ""

    def __post_init__(self) -> None:
        self.session = self.session or self.org.client.headers["Authorization"].removeprefix("Bearer ")

    def send(self, method: str, path: str, body: Any = b"", content_type: str = "", **headers: str) -> httpx.Response:
        content = body if isinstance(body, bytes | str) else json.dumps(body)
        sent = {"X-SFDC-Session": self.session, "Content-Type": content_type or self.content_type, **headers}
        return httpx.request(method, f"{self.org.url}{JOBS}{path}", content=content, headers=sent)

    def job(self, operation: str, kind: str = "JSON", sobject: str = "Contact", **more: str) -> str:
        made = self.send("POST", "", {"operation": operation, "object": sobject, "contentType": kind, **more})
        assert made.status_code == 201
        return str(made.json()["id"])


@pytest.fixture
def classic(org: Org) -> Classic:
    return Classic(org)


def texts(answer: httpx.Response, name: str) -> list[str]:
    return [one.text or "" for one in ElementTree.fromstring(answer.text).iter(f"{NS}{name}")]


def test_json_insert_tells_each_record_in_its_place(org: Org, classic: Classic) -> None:
    job = classic.job("insert")
    rows = [{"LastName": "A"}, {"FirstName": "B"}, {"attributes": {"type": "Contact"}, "lastname": "C", "Title": None}]
    batch = classic.send("POST", f"/{job}/batch", rows).json()
    assert (batch["state"], batch["jobId"], batch["numberRecordsFailed"]) == ("Completed", job, 1)
    assert classic.send("POST", f"/{job}", {"state": "Closed"}).json()["state"] == "Closed"
    results = classic.send("GET", f"/{job}/batch/{batch['id']}/result").json()
    assert [one["success"] for one in results] == [True, False, True]
    assert (results[1]["id"], results[1]["errors"][0]["statusCode"]) == (None, "REQUIRED_FIELD_MISSING")
    assert org.app.row("Contact", results[2]["id"])["LastName"] == "C"
    assert classic.send("GET", f"/{job}/batch/{batch['id']}/request").json() == rows
    told = classic.send("GET", f"/{job}").json()
    assert (told["numberBatchesCompleted"], told["numberRecordsProcessed"], told["apiVersion"]) == (1, 3, 60.0)


def test_csv_job_of_an_xml_client_speaks_xml_and_csv(org: Org) -> None:
    classic = Classic(org, "application/xml; charset=utf-8")
    info = (
        '<?xml version="1.0" encoding="UTF-8"?><jobInfo xmlns="http://www.force.com/2009/06/asyncapi/dataload">'
        "<operation>upsert</operation><object>Account</object>"
        "<externalIdFieldName>Trueline_Id__c</externalIdFieldName><contentType>CSV</contentType></jobInfo>"
    )
    made = classic.send("POST", "", info)
    assert (made.status_code, texts(made, "state")) == (201, ["Open"])
    job = texts(made, "id")[0]
    csv = 'Name,Trueline_Id__c,Phone\n"A, ""B""\nC",t1,\n,t2,#N/A\n'
    batch = classic.send("POST", f"/{job}/batch", csv, "text/csv")
    assert (batch.status_code, texts(batch, "numberRecordsFailed")) == (201, ["1"])
    result = classic.send("GET", f"/{job}/batch/{texts(batch, 'id')[0]}/result")
    lines = result.text.splitlines()
    assert (result.headers["content-type"], lines[0]) == ("text/csv", '"Id","Success","Created","Error"')
    assert lines[1].endswith(',"true","true",""')
    assert '"REQUIRED_FIELD_MISSING:Required fields are missing: [Name]:Name --"' in lines[2]
    assert [row["Name"] for row in org.app.rows("Account")] == ['A, "B"\nC']
    assert texts(classic.send("GET", f"/{job}/batch"), "state") == ["Completed"]


def test_xml_records_are_read_and_told_as_xml(org: Org, classic: Classic) -> None:
    account = org.app.create("Account", Name="A", Phone="1")
    job = classic.job("update", "XML", "Account")
    body = (
        '<sObjects xmlns="http://www.force.com/2009/06/asyncapi/dataload" '
        'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
        f'<sObject><Id>{account}</Id><Phone xsi:nil="true"/></sObject><sObject><Id>x</Id></sObject></sObjects>'
    )
    batch = texts(classic.send("POST", f"/{job}/batch", body, "application/xml"), "id")[0]
    result = classic.send("GET", f"/{job}/batch/{batch}/result")
    assert (texts(result, "success"), texts(result, "statusCode")) == (["true", "false"], ["MALFORMED_ID"])
    assert org.app.row("Account", account)["Phone"] is None


@pytest.mark.parametrize("operation", ["delete", "hardDelete"])
def test_delete_takes_ids(org: Org, classic: Classic, operation: str) -> None:
    contact = org.app.create("Contact", LastName="A")
    job = classic.job(operation, "CSV")
    assert texts(classic.send("POST", f"/{job}/batch", f"Id\n{contact}\n", "text/csv"), "numberRecordsFailed") == ["0"]
    assert org.app.count("Contact") == 0


def test_hard_delete_needs_its_permission(org: Org, classic: Classic) -> None:
    org.app.settings.bulk_hard_delete = False
    body = {"operation": "hardDelete", "object": "Contact", "contentType": "CSV"}
    assert classic.send("POST", "", body).json()["exceptionCode"] == "FeatureNotEnabled"


def test_query_results_are_found_by_their_ids_in_each_form(org: Org, classic: Classic) -> None:
    account = org.app.create("Account", Name="Ümlaut")
    org.app.create("Contact", LastName='L "q"', AccountId=account, Birthdate="1970-01-02")
    soql = "SELECT LastName, Account.Name, Birthdate, HasOptedOutOfEmail, CreatedDate FROM Contact"
    found: dict[str, httpx.Response] = {}
    for kind, content_type in (("JSON", "application/json"), ("CSV", "text/csv"), ("XML", "application/xml")):
        job = classic.job("query", kind)
        batch = classic.send("POST", f"/{job}/batch", soql, content_type)
        identity = batch.json()["id"] if kind == "JSON" else texts(batch, "id")[0]
        results = classic.send("GET", f"/{job}/batch/{identity}/result")
        result = results.json()[0] if kind == "JSON" else texts(results, "result")[0]
        found[kind] = classic.send("GET", f"/{job}/batch/{identity}/result/{result}")
    record = found["JSON"].json()[0]
    assert (record["Account"]["Name"], record["Birthdate"]) == ("Ümlaut", 86_400_000)
    assert isinstance(record["CreatedDate"], int)
    head, line = found["CSV"].content.decode().splitlines()
    assert head == '"LastName","Account.Name","Birthdate","HasOptedOutOfEmail","CreatedDate"'
    assert line.startswith('"L ""q""","Ümlaut","1970-01-02","false","')
    assert line.endswith('Z"')
    assert texts(found["XML"], "LastName") == ['L "q"']


def test_query_all_sees_deleted_rows_and_an_empty_csv_says_so(org: Org, classic: Classic) -> None:
    org.app.delete("Contact", org.app.create("Contact", LastName="A"))
    counts = []
    for operation in ("query", "queryAll"):
        job = classic.job(operation, "CSV")
        batch = texts(classic.send("POST", f"/{job}/batch", "SELECT Id FROM Contact", "text/csv"), "id")[0]
        result = texts(classic.send("GET", f"/{job}/batch/{batch}/result"), "result")[0]
        counts.append(classic.send("GET", f"/{job}/batch/{batch}/result/{result}").text.splitlines())
    assert (counts[0], len(counts[1])) == (["Records not found for this query"], 2)


def test_chunked_query_is_processed_in_a_batch_of_its_own(org: Org, classic: Classic) -> None:
    body = {"operation": "query", "object": "Contact", "contentType": "CSV"}
    made = classic.send("POST", "", body, **{"Sforce-Enable-PKChunking": "true; chunkSize=1000"})
    job = made.json()["id"]
    asked = classic.send("POST", f"/{job}/batch", "SELECT Id FROM Contact", "text/csv")
    assert texts(asked, "state") == ["NotProcessed"]
    assert texts(classic.send("GET", f"/{job}/batch"), "state") == ["NotProcessed", "Completed"]


@pytest.mark.parametrize(
    ("operation", "body", "message"),
    [
        ("query", "SELECT Nope FROM Contact", "INVALID_FIELD"),
        ("query", "SELECT COUNT(Id) FROM Contact", "FeatureNotEnabled"),
        ("query", "SELECT Id FROM Contact LIMIT 5 OFFSET 1", "FeatureNotEnabled"),
        ("query", "SELECT MailingAddress FROM Contact", "compound data"),
        ("query", "SELECT Id FROM Account", "job's object"),
        ("insert", '{"LastName": "A"}', "InvalidBatch"),
        ("insert", "[[1], 2]", "InvalidBatch"),
        ("insert", "[" * 5000, "InvalidBatch"),
        ("insert", json.dumps([{"LastName": "A"}] * 10_001), "10,000 records"),
    ],
)
def test_batch_that_cannot_be_read_fails_and_says_why(
    org: Org, classic: Classic, operation: str, body: str, message: str
) -> None:
    job = classic.job(operation)
    batch = classic.send("POST", f"/{job}/batch", body).json()
    assert batch["state"] == "Failed"
    assert message in batch["stateMessage"]
    assert org.app.count("Contact") == 0


@pytest.mark.parametrize("identity", [None, 5, True, ["x"], {"Trueline_Id__c": 5}, "001000000000000AAA"])
def test_odd_id_fails_its_record_alone(classic: Classic, identity: Any) -> None:
    batch = classic.send("POST", f"/{classic.job('update')}/batch", [{"Id": identity, "LastName": "A"}]).json()
    assert (batch["state"], batch["numberRecordsFailed"]) == ("Completed", 1)


@pytest.mark.parametrize("line", ["Nope\n1\n", "LastName,Title\nA\n", "\xff"], ids=["column", "width", "bytes"])
def test_csv_that_cannot_be_read_fails(classic: Classic, line: str) -> None:
    job = classic.job("insert", "CSV")
    answer = classic.send("POST", f"/{job}/batch", line.encode("latin-1"), "text/csv")
    assert texts(answer, "state") == ["Failed"]


@pytest.mark.parametrize(
    ("method", "path", "body", "code"),
    [
        ("POST", "", b"no job", "InvalidJob"),
        ("POST", "", b"[]", "InvalidJob"),
        ("POST", "", b'{"operation": "insert", "object": "Nope"}', "InvalidJob"),
        ("POST", "", b'{"operation": "smash", "object": "Contact"}', "InvalidJob"),
        ("POST", "", b'{"operation": "upsert", "object": "Contact", "externalIdFieldName": "Title"}', "InvalidJob"),
        ("POST", "", b'{"operation": "insert", "object": "Contact", "contentType": "ZIP_CSV"}', "InvalidJob"),
        ("GET", "/750000000000000AAA", b"", "InvalidJob"),
        ("GET", "/nonsense/at/all", b"", "InvalidUrl"),
        ("DELETE", "/750000000000000AAA", b"", "InvalidUrl"),
    ],
)
def test_senseless_request_is_refused_with_a_code(
    classic: Classic, method: str, path: str, body: bytes, code: str
) -> None:
    answer = classic.send(method, path, body)
    assert (answer.status_code, answer.json()["exceptionCode"]) == (400, code)


def test_unknown_session_is_refused_as_clients_know_it(org: Org) -> None:
    told = Classic(org, session="x").send("GET", "/750000000000000AAA")
    expected = {"exceptionCode": "InvalidSessionId", "exceptionMessage": "Invalid session id"}
    assert (told.status_code, told.json()) == (400, expected)
    as_xml = Classic(org, "application/xml", "x").send("GET", "/750000000000000AAA")
    assert texts(as_xml, "exceptionCode") == ["InvalidSessionId"]


def test_closed_job_takes_no_more_batches(classic: Classic) -> None:
    job = classic.job("insert")
    classic.send("POST", f"/{job}", {"state": "Closed"})
    for body, path in (([], f"/{job}/batch"), ({"state": "Closed"}, f"/{job}")):
        answer = classic.send("POST", path, body)
        assert (answer.status_code, answer.json()["exceptionCode"]) == (400, "InvalidJobState")


def test_batches_count_in_the_daily_allowance_that_both_bulk_apis_share(org: Org, classic: Classic) -> None:
    before = org.client.get("/services/data/v60.0/limits").json()["DailyBulkApiBatches"]["Remaining"]
    classic.send("POST", f"/{classic.job('insert')}/batch", [{"LastName": "A"}])
    after = org.client.get("/services/data/v60.0/limits").json()["DailyBulkApiBatches"]["Remaining"]
    assert before - after == 1


def test_retired_version_is_refused(org: Org, classic: Classic) -> None:
    answer = httpx.post(f"{org.url}/services/async/29.0/job", headers={"X-SFDC-Session": classic.session})
    assert answer.status_code == 400
    assert "InvalidVersion" in answer.text
