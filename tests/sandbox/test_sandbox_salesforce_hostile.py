"""Requests no honest client sends: each is refused with a sentence, none breaks the org."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.salesforce_org import BASE, Org


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b'{"Name": "\\ud800"}', id="half a surrogate"),
        pytest.param(b'{"Name": "a\\u0000b"}', id="NUL"),
        pytest.param(b'{"Name": "x", "AnnualRevenue": 1e999}', id="infinity"),
        pytest.param(b'{"Name": "x", "AnnualRevenue": NaN}', id="not a number"),
        pytest.param(b'{"Name": "x", "NumberOfEmployees": true}', id="a flag for a number"),
        pytest.param(b'{"Name": ["x"]}', id="a list for a text"),
        pytest.param(b'{"Name": "x", "Parent": {"Name": "y"}}', id="a parent by a field that is no key"),
        pytest.param(b'{"Name": "\xff"}', id="not UTF-8"),
        pytest.param(b"[" * 5000, id="nested without end"),
        pytest.param(b'"text"', id="not an object"),
        pytest.param(b"", id="nothing"),
    ],
)
def test_create_hostile_body_is_refused(org: Org, body: bytes) -> None:
    answer = org.client.post(f"{BASE}/sobjects/Account", content=body)
    assert answer.status_code in (400, 404)
    assert answer.json()[0].keys() >= {"message", "errorCode"}
    assert org.app.count("Account") == 0


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/composite/sobjects", {"records": [1, None, "x", {}, {"attributes": 3}, {"attributes": {"type": "Nope"}}]}),
        ("/composite/sobjects", {"records": {}}),
        ("/composite/sobjects", {}),
        ("/composite/sobjects/Account", {"ids": "x", "fields": [1]}),
        ("/composite/sobjects/Account", {"ids": ["001000000000001AAA"], "fields": 18446744073709551616}),
        ("/composite/sobjects/Account", {"ids": 4, "fields": ["Id"]}),
        ("/composite/tree/Account", {"records": [{"attributes": "r1", "Name": "x"}]}),
        ("/parameterizedSearch", {"q": "ab", "fields": 4, "sobjects": [{"name": "Account"}]}),
        ("/parameterizedSearch", {"q": "ab", "sobjects": [{"name": "Account", "fields": 4}]}),
        ("/parameterizedSearch", {"q": "ab", "overallLimit": "\u00b2"}),
        ("/composite", {"compositeRequest": [{"method": 1, "url": 2, "referenceId": "a", "body": [1]}]}),
        ("/composite", {"compositeRequest": ["x"]}),
        ("/composite/batch", {"batchRequests": [{}]}),
        ("/composite/batch", {"batchRequests": ["x"]}),
    ],
)
def test_bundles_hostile_shape_is_answered(org: Org, path: str, body: dict[str, Any]) -> None:
    assert org.client.post(f"{BASE}{path}", json=body).status_code in (200, 400)


@pytest.mark.parametrize("digits", ["9" * 40, "9" * 5000, "\u00b2", "\u0663"], ids=["40", "5000", "square", "arabic"])
@pytest.mark.parametrize(
    "path",
    [
        "/query?q=SELECT Id FROM Account LIMIT {}",
        "/query?q=SELECT Id FROM Account LIMIT 1 OFFSET {}",
        "/query?q=SELECT Id FROM Account WHERE NumberOfEmployees > {}",
        "/query?q=SELECT Id FROM Account WHERE CreatedDate = LAST_N_DAYS:{}",
        "/query/01g000000000000AAA-{}",
        "/search?q=FIND {{abc}} LIMIT {}",
        "/parameterizedSearch?q=abc&overallLimit={}",
        "/recent?limit={}",
    ],
)
def test_numbers_without_end_are_answered(org: Org, path: str, digits: str) -> None:
    assert org.client.get(f"{BASE}{path.format(digits)}").status_code in (200, 400)


def test_batch_size_without_end_is_the_largest_page(org: Org) -> None:
    headers = {"Sforce-Query-Options": f"batchSize={'9' * 5000}"}
    answer = org.client.get(f"{BASE}/query", params={"q": "SELECT Id FROM Account"}, headers=headers)
    assert answer.json()["done"]


def test_values_that_look_like_sql_or_html_are_kept_as_they_are(org: Org) -> None:
    text = 'Robert\'); DROP TABLE "Account";-- <b>=1+1</b> % _ \\ \n\t\U0001f600'
    account = org.create("Account", Name=text)
    assert org.client.get(f"{BASE}/sobjects/Account/{account}").json()["Name"] == text
    escaped = text.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n").replace("\t", "\\t")
    assert org.names(f"SELECT Name FROM Account WHERE Name = '{escaped}'") == [text]


def test_token_in_an_odd_header_is_refused(org: Org) -> None:
    for value in ("", "Bearer", "Bearer x y", "Basic x", "Session x"):
        answer = org.client.get(f"{BASE}/limits", headers={"Authorization": value})
        assert answer.json()[0]["errorCode"] == "INVALID_SESSION_ID"
