"""simple-salesforce's own Bulk 2.0 handler, unpatched, against the jobs of the sandbox."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from simple_salesforce.api import Salesforce
from simple_salesforce.exceptions import SalesforceOperationError

from tests.sandbox.salesforce_org import Org, Rewriting


@pytest.fixture
def bulk2(org: Org) -> Iterator[Any]:
    with requests.Session() as session:
        session.mount("https://", Rewriting(org.url))
        token = org.client.headers["Authorization"].removeprefix("Bearer ")
        client = Salesforce(session=session, session_id=token, instance_url="https://x.example", version="60.0")
        yield client.bulk2


def test_client_queries_and_downloads_every_page(org: Org, bulk2: Any, tmp_path: Path) -> None:
    for number in range(5):
        org.app.create("Contact", LastName=f"Zoë {number}", Description="one\ntwo")
    soql = "SELECT LastName, Description FROM Contact"
    pages = list(bulk2.Contact.query(soql, max_records=2, wait=0))
    found = [row for page in pages for row in csv.DictReader(io.StringIO(page, newline=""))]
    assert (len(pages), [row["LastName"] for row in found]) == (3, [f"Zoë {number}" for number in range(5)])
    assert {row["Description"] for row in found} == {"one\ntwo"}
    files = bulk2.Contact.download(soql, str(tmp_path), max_records=3, wait=0)
    assert [file["number_of_records"] for file in files] == [3, 2]
    assert Path(files[1]["file"]).read_text("utf-8").startswith('"LastName","Description"\n"Zoë 3"')


def test_client_inserts_updates_upserts_and_deletes(org: Org, bulk2: Any) -> None:
    contacts = bulk2.Contact
    [made] = contacts.insert(records=[{"LastName": "A", "Trueline_Id__c": "1"}, {"LastName": ""}], wait=0)
    assert (made["numberRecordsProcessed"], made["numberRecordsFailed"]) == (2, 1)
    everything = contacts.get_all_ingest_records(made["job_id"])
    [good], [bad] = everything["successfulRecords"], everything["failedRecords"]
    assert (good["LastName"], good["sf__Created"], everything["unprocessedRecords"]) == ("A", "true", [])
    assert bad["sf__Error"].startswith("REQUIRED_FIELD_MISSING:")
    contacts.update(records=[{"Id": good["sf__Id"], "LastName": "B"}], wait=0)
    contacts.upsert(
        records=[{"Trueline_Id__c": "1", "Phone": "5"}, {"Trueline_Id__c": "2", "Phone": "#N/A", "LastName": "C"}],
        external_id_field="Trueline_Id__c",
        wait=0,
    )
    rows = {row["LastName"]: (row["Phone"], row["Trueline_Id__c"]) for row in org.app.rows("Contact")}
    assert rows == {"B": ("5", "1"), "C": (None, "2")}
    contacts.delete(records=[{"Id": row["Id"]} for row in org.app.rows("Contact")], wait=0)
    assert org.app.count("Contact") == 0


def test_client_aborts_and_reports_a_failed_job(org: Org, bulk2: Any) -> None:
    with pytest.raises(SalesforceOperationError, match="Field name not found : Nope"):
        bulk2.Contact.insert(records=[{"Nope": "A"}], wait=0)
    org.app.set_bulk(failure="InternalServerError : Retried more than fifteen times")
    with pytest.raises(SalesforceOperationError, match="Retried more than fifteen times"):
        list(bulk2.Contact.query("SELECT Id FROM Contact", wait=0))
