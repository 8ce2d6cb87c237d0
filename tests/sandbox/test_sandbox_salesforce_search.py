"""SOSL and parameterized search."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from sandbox.salesforce import SalesforceApp
from tests.sandbox.salesforce_org import BASE, Org, running


@pytest.fixture(scope="module")
def found_org() -> Iterator[Org]:
    """Two accounts, two contacts and a lead; only read."""
    app = SalesforceApp()
    acme = app.create("Account", Name="Acme Corporation", Phone="0161 555 0100", Website="acme.example")
    app.create("Account", Name="Acmeister", Industry="Energy", Description="Not the acme you look for")
    app.create("Contact", LastName="O'Neil", FirstName="Zo\u00eb", Email="zoe@acme.example", AccountId=acme)
    app.create("Contact", LastName="Smith", FirstName="Ann", Email="smith@beta.example")
    app.create("Lead", LastName="Acme", Company="Smith & Sons")
    app.delete("Account", app.create("Account", Name="Acme gone"))
    with running(app) as org:
        yield org


def sosl(org: Org, text: str) -> list[str]:
    answer = org.client.get(f"{BASE}/search", params={"q": text})
    assert answer.status_code == 200, answer.text
    return [record.get("Name") or record["attributes"]["type"] for record in answer.json()["searchRecords"]]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("FIND {acme} RETURNING Account(Name)", "Acme Corporation / Acmeister"),
        ("FIND {ACME} IN NAME FIELDS RETURNING Account(Id, Name)", "Acme Corporation"),
        ("find {acme*} in name fields returning account(name order by name desc)", "Acmeister / Acme Corporation"),
        ("FIND {acme} RETURNING Account(Name WHERE Industry = 'Energy')", "Acmeister"),
        ("FIND {acme} RETURNING Account(Name ORDER BY Name LIMIT 1), Lead(Name)", "Acme Corporation / Acme"),
        ("FIND {acme} RETURNING Account, Contact, Lead LIMIT 2", "Account / Account"),
        ("FIND {acme} IN EMAIL FIELDS RETURNING Contact(Name), Lead(Name)", "Zo\u00eb O'Neil"),
        ("FIND {0161*} IN PHONE FIELDS RETURNING Account(Name)", "Acme Corporation"),
        ("FIND {smith OR neil} RETURNING Contact(Name)", "Zo\u00eb O'Neil / Ann Smith"),
        ("FIND {smith AND ann} RETURNING Contact(Name)", "Ann Smith"),
        ("FIND {smith AND NOT ann} RETURNING Contact(Name)", ""),
        ('FIND {"Ann Smith"} RETURNING Contact(Name)', "Ann Smith"),
        ("FIND {zo\u00cb} RETURNING Contact(Name)", "Zo\u00eb O'Neil"),
        ("FIND {O\\'Neil} RETURNING Contact(Name)", "Zo\u00eb O'Neil"),
        ("FIND {sm?th} RETURNING Contact(Name), Lead(Name, Company) WITH HIGHLIGHT LIMIT 5", "Ann Smith / Acme"),
        ("FIND {nobody} RETURNING Contact(Name)", ""),
        ("FIND {smith} IN ALL FIELDS", "Contact / Lead"),
    ],
)
def test_sosl_finds_whole_words_in_the_fields_asked_for(found_org: Org, text: str, names: str) -> None:
    assert " / ".join(sosl(found_org, text)) == names


@pytest.mark.parametrize(
    ("text", "code", "message"),
    [
        ("FIND acme", "MALFORMED_SEARCH", "The search term must be enclosed in braces"),
        ("FIND {a}", "MALFORMED_SEARCH", "longer than one character"),
        ("FIND {acme} RETURNING Account(Nope)", "INVALID_FIELD", "No such column 'Nope'"),
        ("FIND {acme} RETURNING Nope(Id)", "INVALID_TYPE", "'Nope' is not supported"),
        ("FIND {acme} RETURNING OpportunityHistory(Id)", "INVALID_SEARCH", "does not support search"),
        ("", "MALFORMED_SEARCH", "has to be specified"),
    ],
)
def test_sosl_malformed_is_refused(found_org: Org, text: str, code: str, message: str) -> None:
    answer = found_org.client.get(f"{BASE}/search", params={"q": text})
    assert (answer.status_code, answer.json()[0]["errorCode"]) == (400, code)
    assert message in answer.json()[0]["message"]


def test_search_of_an_old_version_answers_a_bare_list(found_org: Org) -> None:
    answer = found_org.client.get("/services/data/v36.0/search", params={"q": "FIND {smith} RETURNING Contact"})
    assert [record["attributes"]["type"] for record in answer.json()] == ["Contact"]


def test_parameterized_search_by_query_and_by_body_agree(found_org: Org) -> None:
    query = {
        "q": "acme*", "sobject": "Account", "Account.fields": "id,name", "Account.orderBy": "Name DESC",
        "Account.limit": "1", "in": "NAME",
    }  # fmt: skip
    body = {
        "q": "acme*",
        "in": "NAME",
        "sobjects": [{"name": "Account", "fields": ["Id", "Name"], "orderBy": "Name DESC", "limit": 1}],
    }
    got = found_org.client.get(f"{BASE}/parameterizedSearch", params=query).json()
    posted = found_org.client.post(f"{BASE}/parameterizedSearch", json=body).json()
    assert got == posted
    assert [record["Name"] for record in got["searchRecords"]] == ["Acmeister"]


def test_parameterized_search_takes_its_term_as_plain_text(found_org: Org) -> None:
    body: dict[str, Any] = {"q": "zoe@acme.example", "fields": ["Name"], "sobjects": [{"name": "Contact"}]}
    answer = found_org.client.post(f"{BASE}/parameterizedSearch", json={**body, "overallLimit": 5, "defaultLimit": 3})
    assert [record["Name"] for record in answer.json()["searchRecords"]] == ["Zo\u00eb O'Neil"]
    answer = found_org.client.post(f"{BASE}/parameterizedSearch", json={**body, "sobjects": ["Contact"]})
    assert answer.json()[0]["errorCode"] == "INVALID_SEARCH"
