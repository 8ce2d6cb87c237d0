"""simple-salesforce itself, unpatched, against the sandbox: only its adapter sends https to the listener."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import requests
from simple_salesforce.api import Salesforce
from simple_salesforce.exceptions import SalesforceGeneralError, SalesforceMalformedRequest, SalesforceResourceNotFound

from tests.sandbox.salesforce_org import Org, Rewriting


@pytest.fixture
def session(org: Org) -> Any:
    with requests.Session() as opened:
        opened.mount("https://", Rewriting(org.url))
        yield opened


@pytest.fixture
def salesforce(session: requests.Session) -> Any:
    return Salesforce(
        session=session, consumer_key="sandbox-client", consumer_secret="sandbox-secret", domain="x.my", version="60.0"
    )


def test_client_writes_reads_and_deletes_rows(org: Org, salesforce: Any) -> None:
    made = salesforce.Account.create({"Name": "A", "Trueline_Id__c": "t"})
    assert made["success"]
    assert salesforce.Account.update(made["id"], {"Phone": "1"}) == 204
    assert salesforce.Account.upsert("Trueline_Id__c/t", {"Phone": "2"}) == 200
    assert salesforce.Account.get_by_custom_id("Trueline_Id__c", "t")["Phone"] == "2"
    assert salesforce.Account.delete(made["id"]) == 204
    assert org.app.count("Account") == 0


def test_client_queries_through_all_pages(org: Org, salesforce: Any) -> None:
    for number in range(401):
        org.app.create("Account", Name=f"A{number}")
    found = salesforce.query_all(
        "SELECT Id, Owner.Name FROM Account", headers={"Sforce-Query-Options": "batchSize=200"}
    )
    assert (found["totalSize"], len(found["records"]), found["done"]) == (401, 401, True)
    assert salesforce.api_usage["api-usage"].total == 100000


def test_client_raises_its_own_errors_for_ours(org: Org, salesforce: Any) -> None:
    with pytest.raises(SalesforceMalformedRequest):
        salesforce.query("SELECT Nope FROM Account")
    with pytest.raises(SalesforceResourceNotFound):
        salesforce.Account.get("001000000000009AAA")
    account = org.create("Account", Name="A")
    with pytest.raises(SalesforceGeneralError) as stale:
        salesforce.Account.update(account, {}, headers={"If-Unmodified-Since": "Wed, 01 Jan 2020 00:00:00 GMT"})
    assert stale.value.status == 412


def test_client_logs_in_again_when_its_token_has_expired(org: Org, salesforce: Any) -> None:
    org.app.expire_tokens()
    assert salesforce.query("SELECT COUNT() FROM Account")["totalSize"] == 0


def test_client_describes_and_reads_limits(salesforce: Any) -> None:
    assert len(salesforce.Account.describe()["fields"]) > 50
    assert salesforce.describe()["maxBatchSize"] == 200
    assert salesforce.limits()["DailyApiRequests"]["Max"] == 100000


def test_client_reads_what_changed_what_is_gone_and_what_is_found(org: Org, salesforce: Any) -> None:
    start = org.app.clock.now() - timedelta(minutes=1)
    kept, gone = org.create("Account", Name="Kept Ltd"), org.create("Account", Name="Gone Ltd")
    org.app.delete("Account", gone)
    end = org.app.clock.now() + timedelta(seconds=1)
    assert salesforce.Account.updated(start, end)["ids"] == [kept]
    assert [row["id"] for row in salesforce.Account.deleted(start, end)["deletedRecords"]] == [gone]
    names = [row["Name"] for row in salesforce.query_all_iter("SELECT Name FROM Account", include_deleted=True)]
    assert names == ["Kept Ltd", "Gone Ltd"]
    assert salesforce.query("SELECT Name FROM Account WHERE IsDeleted = true")["totalSize"] == 0
    assert salesforce.quick_search("Kept")["searchRecords"][0]["Id"] == kept
    assert salesforce.search("FIND {Ltd} RETURNING Account(Name)")["searchRecords"][0]["Name"] == "Kept Ltd"
    assert salesforce.Account.metadata()["objectDescribe"]["name"] == "Account"
    assert salesforce.Account.describe_layout("012000000000000AAA")["detailLayoutSections"]


def test_client_logs_in_by_password(session: requests.Session) -> None:
    opened = Salesforce(
        session=session, username="admin@sandbox.example", password="sandbox", consumer_key="sandbox-client",
        consumer_secret="sandbox-secret", domain="x.my", version="60.0",
    )  # fmt: skip
    assert opened.query("SELECT Id FROM User")["done"]
