"""SOQL: what it finds, how it pages, and the words it refuses with."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.salesforce_org import BASE, Org

HINT = "be sure to append the '__c' after the"


@pytest.fixture
def people(org: Org) -> Org:
    """Two accounts (Acme with Ann and Zoë, Beta with Bob), one contact of no account."""
    acme = org.create("Account", Name="Acme", Website="acme.example", AnnualRevenue=100, Trueline_Id__c="a")
    beta = org.create("Account", Name="Beta", ParentId=acme, AnnualRevenue=300, Industry="Energy")
    org.create("Contact", LastName="Ann", FirstName="A", AccountId=acme, Email="ann@acme.example", DoNotCall=True)
    org.create("Contact", LastName="Zoë", AccountId=acme, Birthdate="1990-05-01")
    org.create("Contact", LastName="Bob", AccountId=beta, Title="100% O'Neil_x")
    org.create("Contact", LastName="Loner")
    return org


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        pytest.param("LastName = 'ANN'", "Ann", id="equality without case"),
        pytest.param("LastName = 'ZOË'", "Zoë", id="equality without case beyond ASCII"),
        pytest.param("LastName IN ('zoë', 'BOB')", "Zoë Bob", id="in without case"),
        pytest.param("LastName != 'Ann'", "Zoë Bob Loner", id="unequal"),
        pytest.param("Email != 'ann@acme.example'", "Zoë Bob Loner", id="unequal finds blanks"),
        pytest.param("NOT (Email = 'ann@acme.example')", "Zoë Bob Loner", id="negation finds blanks"),
        pytest.param("Email NOT IN ('ann@acme.example')", "Zoë Bob Loner", id="not in finds blanks"),
        pytest.param("Email = null", "Zoë Bob Loner", id="null"),
        pytest.param("Email = ''", "Zoë Bob Loner", id="the empty string is null"),
        pytest.param("Email != NULL", "Ann", id="not null"),
        pytest.param("Email IN (null, 'x')", "Zoë Bob Loner", id="null in a list"),
        pytest.param("LastName LIKE '%o%'", "Zoë Bob Loner", id="like"),
        pytest.param("LastName LIKE '_o_'", "Zoë Bob", id="like one character"),
        pytest.param("LastName LIKE 'ZO_' ", "Zoë", id="like without case"),
        pytest.param("Title LIKE '100\\% O\\'Neil\\_x'", "Bob", id="like with escapes"),
        pytest.param("Title = '100% O\\'Neil_x'", "Bob", id="escaped quote"),
        pytest.param("Title LIKE '1000 O%'", "", id="an escaped wildcard is itself"),
        pytest.param("DoNotCall = true", "Ann", id="boolean"),
        pytest.param("DoNotCall = FALSE AND AccountId = null", "Loner", id="and"),
        pytest.param("LastName = 'Ann' OR (LastName = 'Bob' AND NOT Title = null)", "Ann Bob", id="nested"),
        pytest.param("Account.Name = 'acme'", "Ann Zoë", id="parent"),
        pytest.param("Account.Parent.Name = 'Acme'", "Bob", id="grandparent"),
        pytest.param("Account.Owner.Name LIKE 'Sandbox%' AND LastName > 'C'", "Zoë", id="owner of parent"),
        pytest.param("Account.Name = null", "Loner", id="no parent"),
        pytest.param("AccountId IN (SELECT Id FROM Account WHERE AnnualRevenue > 200)", "Bob", id="semi-join"),
        pytest.param("AccountId NOT IN (SELECT ParentId FROM Account)", "Bob Loner", id="anti-join past nulls"),
        pytest.param("Account.AnnualRevenue >= 1e2 AND Account.AnnualRevenue < 300.0", "Ann Zoë", id="numbers"),
        pytest.param("Birthdate = 1990-05-01", "Zoë", id="date"),
        pytest.param("Birthdate < LAST_N_YEARS:3", "Zoë", id="date literal"),
        pytest.param("CreatedDate = TODAY AND CreatedDate > YESTERDAY", "Ann Zoë Bob Loner", id="datetime literal"),
        pytest.param("CreatedDate = LAST_N_DAYS:0", "Ann Zoë Bob Loner", id="last no days is today"),
        pytest.param("CreatedDate > TODAY", "", id="after today"),
        pytest.param("CreatedDate > 2020-01-01T00:00:00+01:00", "Ann Zoë Bob Loner", id="datetime with offset"),
        pytest.param("contact.lastname = 'Ann'", "Ann", id="own name before a field"),
    ],
)
def test_query_condition_finds(people: Org, condition: str, found: str) -> None:
    names = people.names(f"SELECT LastName FROM Contact WHERE {condition}")
    assert " ".join(names) == found


def test_query_names_without_case_and_alias_answer_in_declared_case(people: Org) -> None:
    record = people.records("sElEcT c.iD, c.account.NAME, c.Account.Owner.Name FrOm CONTACT c wHeRe c.lastname='ann'")[
        0
    ]
    assert list(record) == ["attributes", "Id", "Account"]
    assert record["Account"]["Name"] == "Acme"
    assert record["Account"]["attributes"]["type"] == "Account"
    assert record["Account"]["Owner"]["Name"] == "Sandbox Admin"


def test_query_record_without_parent_has_null_in_its_place(people: Org) -> None:
    assert people.records("SELECT Account.Name FROM Contact WHERE LastName = 'Loner'")[0]["Account"] is None


@pytest.mark.parametrize(
    ("ordering", "found"),
    [
        pytest.param("LastName", "Ann Bob Loner Zoë", id="ascending"),
        pytest.param("LastName DESC", "Zoë Loner Bob Ann", id="descending"),
        pytest.param("Title, LastName", "Ann Loner Zoë Bob", id="nulls first"),
        pytest.param("Title DESC, LastName", "Ann Loner Zoë Bob", id="nulls first also descending"),
        pytest.param("Title ASC NULLS LAST, LastName DESC", "Bob Zoë Loner Ann", id="nulls last"),
        pytest.param("Account.Name NULLS LAST, LastName LIMIT 2 OFFSET 1", "Zoë Bob", id="limit and offset"),
    ],
)
def test_query_order(people: Org, ordering: str, found: str) -> None:
    assert " ".join(people.names(f"SELECT LastName FROM Contact ORDER BY {ordering}")) == found


def test_query_count_alone_has_a_size_and_no_records(people: Org) -> None:
    body = people.query("SELECT COUNT() FROM Contact WHERE Account.Name = 'Acme'").json()
    assert body == {"totalSize": 2, "done": True, "records": []}


def test_query_groups_with_having_and_names_unnamed_functions(people: Org) -> None:
    soql = (
        "SELECT Account.Name, COUNT(Id), MAX(LastName) latest FROM Contact WHERE AccountId != null "
        "GROUP BY Account.Name HAVING COUNT(Id) > 1 ORDER BY COUNT(Id) DESC"
    )
    expected = {"attributes": {"type": "AggregateResult"}, "Name": "Acme", "expr0": 2, "latest": "Zoë"}
    assert people.records(soql) == [expected]


def test_query_date_functions_group(people: Org) -> None:
    soql = "SELECT CALENDAR_YEAR(Birthdate) y, COUNT_DISTINCT(LastName) FROM Contact GROUP BY CALENDAR_YEAR(Birthdate)"
    assert [(r["y"], r["expr0"]) for r in people.records(soql)] == [(None, 3), (1990, 1)]


def test_query_children_come_within_their_parent(people: Org) -> None:
    soql = "SELECT Name, (SELECT LastName FROM Contacts ORDER BY LastName DESC LIMIT 1) FROM Account ORDER BY Name"
    first, second = people.records(soql)
    assert first["Contacts"]["totalSize"] == 1
    assert first["Contacts"]["records"][0]["LastName"] == "Zoë"
    assert second["Contacts"]["records"][0]["LastName"] == "Bob"


def test_query_standard_fields_leave_custom_ones_out(people: Org) -> None:
    record = people.records("SELECT FIELDS(STANDARD) FROM Account LIMIT 1")[0]
    assert "BillingAddress" in record
    assert "LEI__c" not in record
    assert "LEI__c" in people.records("SELECT FIELDS(CUSTOM) FROM Account LIMIT 1")[0]


def test_query_address_is_an_object_of_its_parts(people: Org) -> None:
    people.create("Account", Name="Placed", BillingCity="Leeds", BillingCountry="UK")
    place = people.records("SELECT BillingAddress FROM Account WHERE Name = 'Placed'")[0]["BillingAddress"]
    assert list(place) == [
        "city", "country", "geocodeAccuracy", "latitude", "longitude", "postalCode", "state", "street",
    ]  # fmt: skip
    assert place["city"] == "Leeds"


def test_query_owner_of_a_lead_may_be_a_queue(org: Org) -> None:
    queue = org.app.create("Group", Name="Inbound", Type="Queue")
    org.create("Lead", LastName="Q", Company="C", OwnerId=queue)
    org.create("Lead", LastName="U", Company="C")
    records = org.records("SELECT Owner.Name, Owner.Type FROM Lead ORDER BY LastName")
    assert [(r["Owner"]["Name"], r["Owner"]["Type"]) for r in records] == [
        ("Inbound", "Queue"),
        ("Sandbox Admin", "User"),
    ]
    assert records[0]["Owner"]["attributes"] == {"type": "Name", "url": f"{BASE}/sobjects/Group/{queue}"}
    assert org.names("SELECT LastName FROM Lead WHERE Owner.Name = 'INBOUND'") == ["Q"]
    assert org.names("SELECT LastName FROM Lead WHERE Owner.Type = 'queue'") == ["Q"]


def test_query_all_shows_the_deleted_which_query_hides(people: Org) -> None:
    bob = people.records("SELECT Id FROM Contact WHERE LastName = 'Bob'")[0]["Id"]
    people.app.delete("Contact", bob)
    assert people.names("SELECT LastName FROM Contact WHERE LastName = 'Bob'") == []
    soql = "SELECT LastName, IsDeleted, MasterRecordId FROM Contact WHERE IsDeleted = true"
    assert people.records(soql, "queryAll")[0]["IsDeleted"] is True
    assert people.records(soql) == []


def test_query_id_of_15_characters_finds_the_record(people: Org) -> None:
    record_id = people.records("SELECT Id FROM Contact WHERE LastName = 'Bob'")[0]["Id"]
    assert people.names(f"SELECT LastName FROM Contact WHERE Id = '{record_id[:15]}'") == ["Bob"]


def test_query_times_compare_whole_seconds(org: Org) -> None:
    record_id = org.create("Account", Name="A")
    second = org.app.row("Account", record_id)["SystemModstamp"][:19]
    assert org.names(f"SELECT Name FROM Account WHERE SystemModstamp = {second}Z") == ["A"]
    assert org.names(f"SELECT Name FROM Account WHERE SystemModstamp > {second}Z") == []
    assert org.names(f"SELECT Name FROM Account WHERE SystemModstamp <= {second}Z") == ["A"]


def test_query_pages_by_locator_and_ignores_a_repeated_query(org: Org) -> None:
    for number in range(450):
        org.app.create("Account", Name=f"A{number:03}")
    body = org.query("SELECT Name FROM Account ORDER BY Name", **{"Sforce-Query-Options": "batchSize=10"}).json()
    assert (body["totalSize"], body["done"], len(body["records"])) == (450, False, 200)
    names = [record["Name"] for record in body["records"]]
    org.app.create("Account", Name="A000 too late")
    while not body["done"]:
        body = org.client.get(body["nextRecordsUrl"], params={"q": "SELECT Id FROM Lead"}).json()
        names += [record["Name"] for record in body["records"]]
    assert names == [f"A{number:03}" for number in range(450)]
    assert "nextRecordsUrl" not in body


def test_query_locator_unknown_is_refused(org: Org) -> None:
    answer = org.client.get(f"{BASE}/query/01gS10000000001IAA-2000")
    assert (answer.status_code, answer.json()[0]["errorCode"]) == (400, "INVALID_QUERY_LOCATOR")


@pytest.mark.parametrize(
    ("soql", "code", "message"),
    [
        pytest.param(
            "select count() from XYZZY",
            "INVALID_TYPE",
            "\nselect count() from XYZZY\n                    ^\nERROR at Row:1:Column:21\nsObject type 'XYZZY' is not "
            f"supported. If you are attempting to use a custom object, {HINT} entity name. Please reference your "
            "WSDL or the describe call for the appropriate names.",
            id="unknown object",
        ),
        pytest.param(
            "SELECT Id, Nope FROM Account",
            "INVALID_FIELD",
            "\nSELECT Id, Nope FROM Account\n           ^\nERROR at Row:1:Column:12\nNo such column 'Nope' on entity "
            f"'Account'. If you are attempting to use a custom field, {HINT} custom field name. Please reference your "
            "WSDL or the describe call for the appropriate names.",
            id="unknown field",
        ),
        pytest.param("SELECT Id\nFROM Account\nWHERE Nope = 1", "INVALID_FIELD", "Row:3:Column:7", id="third line"),
        pytest.param("SELECT Nope.Name FROM Account", "INVALID_FIELD", "relationship 'Nope'", id="relationship"),
        pytest.param("SELECT Id FROM", "MALFORMED_QUERY", "unexpected token: '<EOF>'", id="end"),
        pytest.param("SELECT Id FROM Account x y", "MALFORMED_QUERY", "unexpected token: 'y'", id="extra word"),
        pytest.param("SELECT Id FROM Account WHERE Name = 'x", "MALFORMED_QUERY", "line breaks", id="open quote"),
        pytest.param("SELECT Id FROM Account; DROP TABLE Account", "MALFORMED_QUERY", "';'", id="semicolon"),
        pytest.param(
            "SELECT Id FROM Account WHERE Name='a' AND Name='b' OR Name='c'", "MALFORMED_QUERY", "'OR'", id="mixed"
        ),
        pytest.param("SELECT Id FROM Account WHERE Name = 'a\\q'", "MALFORMED_QUERY", "escape", id="escape"),
        pytest.param("SELECT Id FROM Account WHERE Name = 1", "INVALID_FIELD", "type string and should be", id="type"),
        pytest.param(
            "SELECT Id FROM Account WHERE CreatedDate > '2026-01-01'",
            "INVALID_FIELD",
            "type dateTime",
            id="quoted time",
        ),
        pytest.param("SELECT Id FROM Account WHERE Id = 'x'", "INVALID_QUERY_FILTER_OPERATOR", "invalid ID", id="id"),
        pytest.param("SELECT Id FROM Account WHERE Description = 'x'", "INVALID_FIELD", "filtered", id="long text"),
        pytest.param("SELECT Id, Id FROM Account", "INVALID_FIELD", "duplicate field selected: Id", id="twice"),
        pytest.param("SELECT FIELDS(ALL) FROM Account", "MALFORMED_QUERY", "LIMIT of at most 200", id="all fields"),
        pytest.param("SELECT Name, COUNT(Id) FROM Account", "MALFORMED_QUERY", "grouped or aggregated", id="ungrouped"),
        pytest.param("SELECT Id FROM Account OFFSET 2001", "NUMBER_OUTSIDE_VALID_RANGE", "2000", id="offset"),
        pytest.param("SELECT Id, (SELECT Id FROM Nopes) FROM Account", "INVALID_TYPE", "'Nopes'", id="children"),
        pytest.param(
            f"SELECT Id FROM Account WHERE {'(' * 1500}Name = 'x'{')' * 1500}", "MALFORMED_QUERY", "deeply", id="depth"
        ),
        pytest.param("", "MALFORMED_QUERY", "has to be specified", id="nothing"),
    ],
)
def test_query_malformed_is_refused_in_salesforces_words(org: Org, soql: str, code: str, message: str) -> None:
    answer = org.query(soql)
    assert answer.status_code == 400
    assert answer.json()[0]["errorCode"] == code
    assert message in answer.json()[0]["message"]


def test_query_uri_past_its_limit_answers_414(org: Org) -> None:
    soql = "SELECT Id FROM Account WHERE Name IN (" + ",".join(["'x'"] * 5000) + ")"
    assert org.query(soql).status_code == 414


def test_query_history_has_a_row_for_each_change_of_a_deal(org: Org) -> None:
    deal = org.create("Opportunity", Name="D", StageName="Prospecting", CloseDate="2026-12-01", Amount=10)
    org.patch("Opportunity", deal, Amount=20)
    org.patch("Opportunity", deal, NextStep="call")
    org.patch("Opportunity", deal, StageName="Closed Won")
    rows = org.records("SELECT StageName, Amount, PrevAmount FROM OpportunityHistory")
    assert [(r["StageName"], r["Amount"], r["PrevAmount"]) for r in rows] == [
        ("Prospecting", 10.0, None),
        ("Prospecting", 20.0, 10.0),
        ("Closed Won", 20.0, None),
    ]
    deal_row = org.records("SELECT IsClosed, IsWon, Probability, ExpectedRevenue FROM Opportunity")[0]
    assert (deal_row["IsClosed"], deal_row["Probability"], deal_row["ExpectedRevenue"]) == (True, 100.0, 20.0)


def shown(columns: list[dict[str, Any]]) -> list[Any]:
    return [(c["columnName"], c["aggregate"], shown(c["joinColumns"])) for c in columns]


@pytest.mark.parametrize(
    ("soql", "expected"),
    [
        (
            "SELECT Id, Owner.Name, (SELECT LastName FROM Contacts) FROM Account",
            [
                ("Id", False, []),
                ("Owner", False, [("Name", False, [])]),
                ("Contacts", True, [("LastName", False, [])]),
            ],
        ),
        (
            "SELECT Industry, COUNT(Id), MAX(Name) m FROM Account GROUP BY Industry",
            [("Industry", False, []), ("expr0", True, []), ("m", True, [])],
        ),
        ("SELECT COUNT() FROM Account", []),
    ],
)
def test_columns_are_told_in_place_of_rows(org: Org, soql: str, expected: list[Any]) -> None:
    """The command line client asks before each query that it prints as a table."""
    answer = org.client.get(f"{BASE}/query", params={"q": soql, "columns": "true"}).json()
    assert shown(answer["columnMetadata"]) == expected
    assert (answer["entityName"], answer["keyPrefix"]) == ("Account", "001")
