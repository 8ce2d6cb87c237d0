"""Requests about jobs that make no sense have an answer of the vendor's kind, never a failure of the sandbox."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.sandbox.bulk.client import JOBS, Jobs, load
from tests.sandbox.salesforce_org import Org

ODD: tuple[Any, ...] = (
    None,
    True,
    7,
    -1.5,
    "",
    "x",
    "750000000000000",
    [],
    {},
    [1],
    {"a": 1},
    "\0",
    "\ud800",
    "é" * 300,
)
FIELDS = (
    "operation", "query", "object", "contentType", "columnDelimiter", "lineEnding", "externalIdFieldName",
    "assignmentRuleId", "state",
)  # fmt: skip
GOOD = {
    "query": {"operation": "query", "query": "SELECT Id FROM User"},
    "ingest": {"operation": "upsert", "object": "Contact", "externalIdFieldName": "Trueline_Id__c"},
}


def assert_refusal(status: int, body: bytes) -> None:
    assert 400 <= status < 500, body
    [error] = json.loads(body)
    assert error.keys() >= {"message", "errorCode"}


@pytest.mark.parametrize("kind", ["query", "ingest"])
def test_body_with_one_odd_value_is_taken_or_refused(org: Org, kind: str) -> None:
    for name in FIELDS:
        for value in ODD:
            text = json.dumps({**GOOD[kind], name: value})
            answer = org.client.post(f"{JOBS}/{kind}", content=text, headers={"Content-Type": "application/json"})
            if answer.status_code != 200:
                assert_refusal(answer.status_code, answer.content)


@pytest.mark.parametrize("kind", ["query", "ingest"])
@pytest.mark.parametrize("body", [b"", b"[]", b"null", b"{", b"\xff", b'{"operation":' + b"[" * 5000, b"<x/>"])
def test_body_that_is_no_object_is_refused(org: Org, kind: str, body: bytes) -> None:
    assert_refusal(*(lambda a: (a.status_code, a.content))(org.client.post(f"{JOBS}/{kind}", content=body)))


def test_odd_parameters_are_refused(org: Org, queries: Jobs) -> None:
    job = queries.select("SELECT Id FROM User")
    odd = ("-1", "0", "x", "1.5", "²", "9" * 40, "null", "MQ==", "//", "\0", "'", "MTAwMDAwMDAwMDAwMDAwMDAwMDAwMDA")
    for value in odd:
        for path, name in ((f"{job}/results", "locator"), (f"{job}/results", "maxRecords"), ("", "queryLocator")):
            answer = queries.get(path, **{name: value})
            if answer.status_code != 200:
                assert_refusal(answer.status_code, answer.content)
        locator = f"01g{org.app.org_id[3:]}-{value}"
        assert queries.get("", queryLocator=locator).status_code in (200, 400)


@pytest.mark.parametrize("job", ["x", "750000000000000", "750000000000000AAA", "..", "é", "%00", "'"])
def test_job_that_does_not_exist_is_not_found(org: Org, job: str) -> None:
    for method, path in (
        ("GET", f"query/{job}"), ("PATCH", f"query/{job}"), ("DELETE", f"query/{job}"), ("GET", f"query/{job}/results"),
        ("GET", f"ingest/{job}"), ("PATCH", f"ingest/{job}"), ("PUT", f"ingest/{job}/batches"),
        ("GET", f"ingest/{job}/failedResults"), ("GET", f"ingest/{job}/unprocessedrecords"),
    ):  # fmt: skip
        content = b'{"state": "Aborted"}' if method == "PATCH" else None
        headers = {"Content-Type": "text/csv"} if method == "PUT" else {}
        answer = org.client.request(method, f"{JOBS}/{path}", content=content, headers=headers)
        assert answer.status_code in (404, 405), (method, path, answer.text)


def test_odd_cells_fail_their_row_alone(org: Org, ingests: Jobs) -> None:
    names = ("Email", "Birthdate", "DoNotCall", "AccountId", "OwnerId", "ReportsTo.Email", "MailingLatitude", "Id")
    cells = ("x", "-1", "1e999", "2026-13-45", "001000000000000AAA", "#N/A", "é" * 500, "'", '""""', "TRUE", "\t", "²")
    data = f"LastName,{','.join(names)}\n"
    for place in range(len(names)):
        for cell in cells:
            row = ["A", *([""] * len(names))]
            row[place + 1] = cell
            data += ",".join(row) + "\n"
    body = ingests.get(load(ingests, data)).json()
    assert (body["state"], body["numberRecordsProcessed"]) == ("JobComplete", len(names) * len(cells))
    assert 0 < body["numberRecordsFailed"] < len(names) * len(cells)
    assert org.app.count("Contact") == body["numberRecordsProcessed"] - body["numberRecordsFailed"]


@pytest.mark.parametrize(
    "content_type", ["multipart/form-data", "multipart/form-data; boundary=x", "multipart/form-data; boundary="]
)
def test_multipart_body_without_its_parts_is_refused(org: Org, content_type: str) -> None:
    for body in (b"", b"--x--", b"--x\r\nContent-Disposition: form-data; name=job\r\n\r\n{}\r\n--x--\r\n"):
        answer = org.client.post(f"{JOBS}/ingest", content=body, headers={"Content-Type": content_type})
        assert_refusal(answer.status_code, answer.content)
