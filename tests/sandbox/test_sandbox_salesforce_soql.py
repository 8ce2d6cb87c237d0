"""The rarer constructs of SOQL: polymorphic relationships, roll-ups, nested children, scopes, and what is refused."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from sandbox.clock import SandboxClock
from sandbox.salesforce import SalesforceApp
from sandbox.salesforce.fields import multipicklist
from sandbox.salesforce.settings import Settings
from tests.sandbox.salesforce_org import BASE, Org, running

START = datetime(2026, 5, 20, 9, 30, tzinfo=UTC)  # a Wednesday


@pytest.fixture(scope="module")
def shop() -> Iterator[Org]:
    """Acme (won 100 and 50, lost 30) and Beta (open 70), two contacts, a lead, tasks about them; only read."""
    features = frozenset({"multi_currency", "campaign_influence"})
    app = SalesforceApp(clock=SandboxClock(START), settings=Settings(features=features))
    app.add_field("Account", multipicklist("Regions__c", ("North", "South", "East", "West")))
    somebody = app._find_user("somebody@sandbox.example")
    acme = app.create("Account", Name="Acme", Industry="Energy", Regions__c="North;South", Phone="1", OwnerId=somebody)
    beta = app.create("Account", Name="Beta", Industry="Banking", Regions__c="East", ParentId=acme, OwnerId=app.user_id)
    ann = app.create("Contact", LastName="Ann", AccountId=acme, Title="CEO")
    app.create("Contact", LastName="Bob", AccountId=beta, ReportsToId=ann)
    lead = app.create("Lead", LastName="Cid", Company="Cid", Status="Open - Not Contacted")
    deals = (
        ("A", acme, "Closed Won", 100, "2026-05-20", "USD"),
        ("B", acme, "Closed Won", 45, "2026-02-01", "EUR"),
        ("C", acme, "Closed Lost", 30, "2025-11-30", "USD"),
        ("D", beta, "Prospecting", 70, "2026-08-18", "USD"),
    )
    ids = {}
    for name, account, stage, amount, close, currency in deals:
        ids[name] = app.create(
            "Opportunity", Name=name, AccountId=account, StageName=stage, Amount=amount, CloseDate=close,
            CurrencyIsoCode=currency,
        )  # fmt: skip
    app.create("Task", Subject="about Acme", WhatId=acme, WhoId=ann)
    app.create("Task", Subject="about D", WhatId=ids["D"], WhoId=lead)
    app.create("Task", Subject="long ago", WhatId=acme, IsArchived=True)
    app.create("Task", Subject="about nothing")
    with running(app) as org:
        yield org


def subjects(org: Org, condition: str) -> str:
    return " / ".join(r["Subject"] for r in org.records(f"SELECT Subject FROM Task WHERE {condition} ORDER BY Subject"))


def refusal(org: Org, soql: str) -> tuple[str, str]:
    answer = org.query(soql)
    assert answer.status_code == 400, answer.text
    return answer.json()[0]["errorCode"], answer.json()[0]["message"]


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        pytest.param("Regions__c INCLUDES ('South')", "Acme", id="includes one"),
        pytest.param("Regions__c INCLUDES ('north;south', 'West')", "Acme", id="includes all of a set"),
        pytest.param("Regions__c INCLUDES ('North;West', 'East')", "Beta", id="includes the other set"),
        pytest.param("Regions__c INCLUDES ('N_rth', 'Nor%')", "", id="includes no wildcards"),
        pytest.param("Regions__c EXCLUDES ('North')", "Beta", id="excludes"),
        pytest.param("Regions__c = 'North;South'", "Acme", id="the whole value"),
        pytest.param("Id IN (SELECT AccountId FROM Opportunity WHERE IsWon = true)", "Acme", id="semi-join"),
        pytest.param(
            "Name != 'x' AND Id NOT IN (SELECT AccountId FROM Opportunity WHERE StageName LIKE 'Closed%')",
            "Beta",
            id="anti-join",
        ),
        pytest.param("OwnerId IN (SELECT Id FROM User WHERE FirstName = 'Somebody')", "Acme", id="through the owner"),
        pytest.param("Parent.Parent.Name = null AND Parent.Name != null", "Beta", id="blank grandparent"),
        pytest.param("toLabel(Industry) = 'energy'", "Acme", id="label"),
        pytest.param("CALENDAR_MONTH(CreatedDate) = 5 AND DAY_IN_WEEK(CreatedDate) = 4", "Acme Beta", id="date parts"),
        pytest.param("WEEK_IN_YEAR(CreatedDate) = 20 AND WEEK_IN_MONTH(CreatedDate) = 3", "Acme Beta", id="weeks"),
        pytest.param("DAY_ONLY(convertTimezone(CreatedDate)) = 2026-05-20", "Acme Beta", id="time zone"),
        pytest.param("HOUR_IN_DAY(CreatedDate) = 9", "Acme Beta", id="hour"),
        pytest.param("Id > '000000000000000' AND Id < 'zzzzzzzzzzzzzzz'", "Acme Beta", id="range of ids"),
    ],
)
def test_condition_of_accounts_finds(shop: Org, condition: str, found: str) -> None:
    assert " ".join(shop.names(f"SELECT Name FROM Account WHERE {condition} ORDER BY Name")) == found


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        ("CloseDate = TODAY", "A"),
        ("CloseDate = THIS_WEEK", "A"),
        ("CloseDate = THIS_MONTH", "A"),
        ("CloseDate = LAST_QUARTER", "B"),
        ("CloseDate = THIS_FISCAL_QUARTER", "A"),
        ("CloseDate = NEXT_FISCAL_QUARTER", "D"),
        ("CloseDate = THIS_FISCAL_YEAR", "A B D"),
        ("CloseDate = LAST_FISCAL_YEAR", "C"),
        ("CloseDate = NEXT_90_DAYS", "D"),
        ("CloseDate = NEXT_N_DAYS:89", ""),
        ("CloseDate = LAST_N_DAYS:108", "A B"),
        ("CloseDate > LAST_N_MONTHS:3", "A D"),
        ("CloseDate = LAST_N_QUARTERS:2", "B C"),
        ("CloseDate = N_DAYS_AGO:108", "B"),
        ("CloseDate = N_MONTHS_AGO:3", "B"),
        ("CloseDate = N_FISCAL_YEARS_AGO:1", "C"),
        ("CloseDate = NEXT_N_FISCAL_QUARTERS:1", "D"),
        ("CloseDate < LAST_YEAR", ""),
        ("CloseDate >= TOMORROW", "D"),
        ("CloseDate IN (TODAY, LAST_YEAR)", "A C"),
        ("FISCAL_QUARTER(CloseDate) = 4", "C"),
        ("CALENDAR_YEAR(CloseDate) = 2025", "C"),
    ],
)
def test_date_literals_name_ranges_of_days(shop: Org, condition: str, found: str) -> None:
    assert " ".join(shop.names(f"SELECT Name FROM Opportunity WHERE {condition} ORDER BY Name")) == found


def test_fiscal_year_begins_when_the_organization_says() -> None:
    with running(SalesforceApp(clock=SandboxClock(START))) as org:
        org.app.edit("Organization", org.app.org_id, FiscalYearStartMonth=4)
        for close in ("2026-03-31", "2026-04-01", "2027-03-31"):
            org.app.create("Opportunity", Name=close, StageName="Prospecting", CloseDate=close)
        year = "SELECT Name, FISCAL_YEAR(CloseDate) y, FISCAL_QUARTER(CloseDate) q FROM Opportunity"
        rows = org.records(f"{year} GROUP BY Name, FISCAL_YEAR(CloseDate), FISCAL_QUARTER(CloseDate) ORDER BY Name")
        assert [(r["y"], r["q"]) for r in rows] == [(2026, 4), (2027, 1), (2027, 4)]
        in_year = org.names("SELECT Name FROM Opportunity WHERE CloseDate = THIS_FISCAL_YEAR ORDER BY Name")
        assert in_year == ["2026-04-01", "2027-03-31"]
        assert org.names("SELECT Name FROM Opportunity WHERE CloseDate = THIS_FISCAL_QUARTER") == ["2026-04-01"]


def test_polymorphic_relationships_tell_kind_and_name(shop: Org) -> None:
    soql = "SELECT Subject, Who.Name, Who.Type, What.Name, What.Type FROM Task WHERE WhatId != null ORDER BY Subject"
    first, second = shop.records(soql)
    assert (first["Who"]["Type"], first["What"]["Type"], first["What"]["Name"]) == ("Contact", "Account", "Acme")
    assert (second["Who"]["Type"], second["What"]["Type"]) == ("Lead", "Opportunity")
    assert first["Who"]["attributes"]["type"] == "Name"
    assert first["Who"]["attributes"]["url"].startswith(f"{BASE}/sobjects/Contact/003")


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        ("What.Type = 'Opportunity'", "about D"),
        ("What.Type IN ('Account', 'Contract')", "about Acme"),
        ("Who.Name = 'cid'", "about D"),
        ("Who.Title = 'CEO'", "about Acme"),
        ("Who.FirstName = null AND Owner.Profile.Name = 'Standard User'", ""),
        ("What.Type = null", "about nothing"),
    ],
)
def test_polymorphic_relationships_filter(shop: Org, condition: str, found: str) -> None:
    assert subjects(shop, condition) == found


def test_typeof_gives_each_kind_its_own_fields(shop: Org) -> None:
    soql = (
        "SELECT Subject, TYPEOF What WHEN Account THEN Phone, Industry WHEN Opportunity THEN Amount, Account.Name "
        "ELSE Name END FROM Task ORDER BY Subject"
    ).replace(", Account.Name", "")
    rows = {row["Subject"]: row["What"] for row in shop.records(soql)}
    del rows["about Acme"]["attributes"]["url"], rows["about D"]["attributes"]["url"]
    assert rows == {
        "about Acme": {"attributes": {"type": "Account"}, "Phone": "1", "Industry": "Energy"},
        "about D": {"attributes": {"type": "Opportunity"}, "Amount": 70.0},
        "about nothing": None,
    }


def test_typeof_other_kinds_get_the_fields_of_else_or_nothing(shop: Org) -> None:
    rows = shop.records("SELECT TYPEOF What WHEN Account THEN Phone ELSE Name END FROM Task WHERE Subject = 'about D'")
    assert rows[0]["What"]["Name"] == "D"
    rows = shop.records("SELECT TYPEOF What WHEN Account THEN Phone END FROM Task WHERE Subject = 'about D'")
    assert rows[0]["What"] is None


def test_archived_activities_show_in_query_all_alone(shop: Org) -> None:
    assert subjects(shop, "Subject = 'long ago'") == ""
    soql = "SELECT Subject FROM Task WHERE IsArchived = true"
    assert [row["Subject"] for row in shop.records(soql, "queryAll")] == ["long ago"]
    children = shop.records("SELECT (SELECT Subject FROM Tasks) FROM Account WHERE Name = 'Acme'")[0]["Tasks"]
    assert children["totalSize"] == 1


def test_rollup_adds_totals_for_each_level(shop: Org) -> None:
    soql = (
        "SELECT Account.Name a, IsWon, GROUPING(Account.Name) ga, GROUPING(IsWon) gw, COUNT(Id) n FROM Opportunity "
        "GROUP BY ROLLUP(Account.Name, IsWon)"
    )
    rows = [(r["a"], r["IsWon"], r["ga"], r["gw"], r["n"]) for r in shop.records(soql)]
    assert rows == [
        ("Acme", False, 0, 0, 1),
        ("Acme", True, 0, 0, 2),
        ("Acme", None, 0, 1, 3),
        ("Beta", False, 0, 0, 1),
        ("Beta", None, 0, 1, 1),
        (None, None, 1, 1, 4),
    ]


def test_cube_adds_totals_for_each_combination(shop: Org) -> None:
    soql = "SELECT Account.Name, IsWon, COUNT(Id) n FROM Opportunity GROUP BY CUBE(Account.Name, IsWon) ORDER BY n DESC"
    rows = [(r["Name"], r["IsWon"], r["n"]) for r in shop.records(soql)]
    assert rows[0] == (None, None, 4)
    assert {(None, True, 2), (None, False, 2), ("Acme", None, 3)} <= set(rows)
    assert len(rows) == 8


def test_totals_are_ordered_by_what_says_that_they_are_totals(shop: Org) -> None:
    soql = (
        "SELECT Account.Name a, GROUPING(Account.Name) g, COUNT(Id) n FROM Opportunity GROUP BY CUBE(Account.Name) "
        "ORDER BY GROUPING(Account.Name) DESC"
    )
    first = shop.records(soql)[0]
    assert (first["a"], first["g"]) == (None, 1)


def test_amounts_of_several_currencies_add_up_in_the_orgs_own(shop: Org) -> None:
    row = shop.records("SELECT SUM(Amount) s, AVG(Amount), MIN(CloseDate) m FROM Opportunity WHERE IsWon = true")[0]
    assert (row["s"], row["expr0"], row["m"]) == (150.0, 75.0, "2026-02-01")
    row = shop.records("SELECT Amount, convertCurrency(Amount) own FROM Opportunity WHERE Name = 'B'")[0]
    assert (row["Amount"], row["own"]) == (45.0, 50.0)


def test_format_shows_values_as_people_read_them(shop: Org) -> None:
    soql = (
        "SELECT FORMAT(Amount) amount, FORMAT(CloseDate) day, FORMAT(CreatedDate) at, toLabel(StageName), "
        "FORMAT(Probability) p FROM Opportunity WHERE Name = 'A'"
    )
    row = shop.records(soql)[0]
    del row["attributes"]
    assert row == {
        "amount": "$100.00", "day": "5/20/2026", "at": "5/20/2026, 9:30 AM", "StageName": "Closed Won", "p": "100%",
    }  # fmt: skip
    grouped = shop.records("SELECT FORMAT(MAX(Amount)) top FROM Opportunity WHERE CurrencyIsoCode = 'USD'")
    assert grouped[0]["top"] == "$100.00"


def test_children_nest_several_levels_deep(shop: Org) -> None:
    soql = (
        "SELECT Name, (SELECT Name, (SELECT Subject, Who.Name FROM Tasks) FROM Account.Opportunities ORDER BY Name), "
        "(SELECT LastName FROM Contacts) FROM Account ORDER BY Name"
    )
    acme, beta = shop.records(soql)
    assert [deal["Name"] for deal in acme["Opportunities"]["records"]] == ["A", "B", "C"]
    assert acme["Opportunities"]["records"][0]["Tasks"] is None
    task = beta["Opportunities"]["records"][0]["Tasks"]["records"][0]
    assert (task["Subject"], task["Who"]["Name"]) == ("about D", "Cid")
    assert acme["Contacts"]["records"][0]["LastName"] == "Ann"


@pytest.mark.parametrize(
    ("scope", "found"),
    [("everything", "Acme Beta"), ("MINE", "Beta"), ("team", "Beta")],
)
def test_scope_narrows_to_the_users_own(shop: Org, scope: str, found: str) -> None:
    names = shop.names(f"SELECT Name FROM Account USING SCOPE {scope} WHERE Name != null ORDER BY Name")
    assert " ".join(names) == found


def test_scope_of_queues_and_users(org: Org) -> None:
    queue = org.app.create("Group", Name="Inbound", Type="Queue")
    org.app.create("Lead", LastName="Q", Company="C", OwnerId=queue)
    org.create("Lead", LastName="U", Company="C")
    assert org.names("SELECT LastName FROM Lead USING SCOPE queue_owned") == ["Q"]
    assert org.names("SELECT LastName FROM Lead USING SCOPE user_owned") == ["U"]
    assert org.names("SELECT LastName FROM Lead USING SCOPE mine") == ["U"]
    assert refusal(org, "SELECT Id FROM Lead USING SCOPE delegated")[0] == "INVALID_QUERY_SCOPE"


def test_aliases_of_related_objects(shop: Org) -> None:
    soql = "SELECT c.LastName, a.Name FROM Contact c, c.Account a, a.Parent AS p WHERE p.Name = 'Acme'"
    row = shop.records(soql)[0]
    assert (row["LastName"], row["Account"]["Name"]) == ("Bob", "Beta")


@pytest.mark.parametrize(
    "ending",
    [
        "WITH SECURITY_ENFORCED",
        "WITH USER_MODE ORDER BY Name LIMIT 5",
        "LIMIT 5 FOR VIEW",
        "FOR REFERENCE",
        "FOR UPDATE",
        "ORDER BY Name ASC NULLS LAST, Id DESC NULLS FIRST LIMIT 1 OFFSET 1 UPDATE TRACKING",
    ],
)
def test_clauses_that_change_nothing_here_are_accepted(shop: Org, ending: str) -> None:
    assert shop.query(f"SELECT Id FROM Account {ending}").status_code == 200


def test_for_view_moves_the_date_of_last_sight_and_no_stamp(org: Org) -> None:
    account = org.app.create("Account", Name="A")
    stamp = org.app.row("Account", account)["SystemModstamp"]
    org.records("SELECT Id FROM Account FOR REFERENCE")
    row = org.app.row("Account", account)
    assert (row["LastViewedDate"], row["LastReferencedDate"] is None) == (None, False)
    org.records("SELECT Id FROM Account FOR VIEW")
    row = org.app.row("Account", account)
    assert (row["LastViewedDate"] is None, row["SystemModstamp"]) == (False, stamp)


def test_fields_of_all_need_a_limit_or_a_list_of_ids(shop: Org) -> None:
    account = shop.records("SELECT Id FROM Account WHERE Name = 'Acme'")[0]["Id"]
    assert shop.records(f"SELECT FIELDS(ALL) FROM Account WHERE Id IN ('{account}')")[0]["Regions__c"] == "North;South"
    assert "Regions__c" not in shop.records("SELECT FIELDS(STANDARD), (SELECT Id FROM Contacts) FROM Account")[0]
    for fields in ("FIELDS(ALL)", "FIELDS(CUSTOM), Id"):
        assert refusal(shop, f"SELECT {fields} FROM Account LIMIT 201")[1] == (
            "The SOQL FIELDS function must have a LIMIT of at most 200"
        )
    assert "duplicate field selected: Id" in refusal(shop, "SELECT Id, FIELDS(STANDARD) FROM Account")[1]


def test_history_values_keep_their_types(org: Org) -> None:
    change = org.app.create("AccountHistory", Field="Phone", OldValue="1")
    values = "UPDATE AccountHistory SET OldValue = ?, NewValue = ? WHERE Id = ?"
    for old, new, shown in ((b"\0", b"\1", [False, True]), (1.5, 2, [1.5, 2]), ("x", None, ["x", None])):
        org.app._org.database.execute(values, (old, new, change))
        row = org.records("SELECT OldValue, NewValue FROM AccountHistory")[0]
        assert [row["OldValue"], row["NewValue"]] == shown


REFUSED: list[Any] = [
    pytest.param("SELECT Name n FROM Account", "only aggregate expressions use field aliasing", id="alias"),
    pytest.param("SELECT Amount FROM Opportunity GROUP BY Amount", "field 'Amount' can not be grouped", id="amount"),
    pytest.param("SELECT Description, COUNT(Id) FROM Account GROUP BY Description", "can not be grouped", id="text"),
    pytest.param("SELECT Id FROM Account ORDER BY Description", "can not be sorted", id="sort"),
    pytest.param("SELECT Name, Account.Name, COUNT(Id) FROM Contact GROUP BY Name, Account.Name",
                 "duplicate alias: Name", id="two of a name"),
    pytest.param("SELECT MAX(CreatedDate) FROM Account LIMIT 1", "LIMIT", id="limit of one aggregate"),
    pytest.param("SELECT GROUPING(Name), COUNT(Id) FROM Account GROUP BY Name, Id HAVING COUNT(Name) > GROUPING(Id)",
                 "unexpected token", id="grouping in having"),
    pytest.param("SELECT COUNT_DISTINCT(Description) FROM Account", "aggregate operator COUNT_DISTINCT", id="count"),
    pytest.param("SELECT Id FROM Account WHERE Name = 'x' OR Id IN (SELECT AccountId FROM Contact)",
                 "Semi join sub-selects are not allowed with the 'OR' operator", id="semi-join beside or"),
    pytest.param("SELECT Id FROM Account WHERE Name = 'x' AND (Name = 'y' OR Id IN (SELECT AccountId FROM Contact))",
                 "only allowed at the top level WHERE expressions", id="nested semi-join"),
    pytest.param("SELECT Id FROM Account WHERE NOT (Id IN (SELECT AccountId FROM Contact))",
                 "only allowed at the top level WHERE expressions", id="semi-join under not"),
    pytest.param("SELECT Id FROM Account WHERE Id IN (SELECT ParentId FROM Account)",
                 "The inner and outer selects should not be on the same object type", id="semi-join of one object"),
    pytest.param("SELECT Id FROM Account WHERE Id IN (SELECT Id FROM Contact)",
                 "The selected field 'Id' in the subquery and the left operand field in the where expression in the "
                 "outer query 'Id' should point to the same object type", id="semi-join of other kinds"),
    pytest.param("SELECT Id FROM Account WHERE Id IN (SELECT AccountId FROM Contact WHERE AccountId IN "
                 "(SELECT AccountId FROM Opportunity))", "Nesting of semi join", id="semi-join in semi-join"),
    pytest.param("SELECT Id FROM Account WHERE Industry INCLUDES ('x')", "invalid operator on picklist field",
                 id="includes"),
    pytest.param("SELECT Id FROM Account WHERE Id LIKE '001%'", "invalid operator on id field", id="like of an id"),
    pytest.param("SELECT Id FROM Account WHERE CreatedDate LIKE '2026%'", "invalid operator on datetime field",
                 id="like of a time"),
    pytest.param("SELECT Id FROM Account WHERE BillingAddress = 'x'", "invalid operator on address", id="address"),
    pytest.param("SELECT Id FROM Account WHERE CreatedDate > 2026-01-01", "type dateTime", id="day for a time"),
    pytest.param("SELECT Id FROM Opportunity WHERE CloseDate > 2026-01-01T00:00:00Z", "type date", id="time for a day"),
    pytest.param("SELECT Id FROM Account WHERE CreatedDate = LAST_N_DAYS", "token: 'LAST_N_DAYS'", id="no n"),
    pytest.param("SELECT Id FROM Account WHERE CreatedDate = TODAY:3", "unexpected token: 'TODAY'", id="n of today"),
    pytest.param("SELECT Id FROM Account WHERE Name = 'a\nb'", "line breaks not allowed", id="line break"),
    pytest.param("SELECT Id -- all\nFROM Account", "unexpected token: '-'", id="comment"),
    pytest.param("SELECT Id /* all */ FROM Account", "unexpected token: '/'", id="comment of C"),
    pytest.param("SELECT Id FROM Account ALL ROWS", "ALL ROWS not allowed in this context", id="all rows"),
    pytest.param("SELECT Id FROM Account WITH DATA CATEGORY x", "unexpected token", id="data category"),
    pytest.param("SELECT What.Amount FROM Task", "No such column 'Amount' on entity 'Name'", id="field of one kind"),
    pytest.param("SELECT What.Owner.Name FROM Task", "Didn't understand relationship 'Owner'", id="beyond a name"),
    pytest.param("SELECT TYPEOF What WHEN Contact THEN Id END FROM Task", "'Contact' is not supported", id="kind"),
    pytest.param("SELECT TYPEOF Account WHEN Account THEN Id END FROM Contact", "polymorphic", id="typeof one kind"),
    pytest.param("SELECT Id, (SELECT Id FROM Contacts), (SELECT Id FROM Contacts) FROM Account", "duplicate",
                 id="children twice"),
    pytest.param("SELECT Id, (SELECT COUNT() FROM Contacts) FROM Account", "child query", id="count of children"),
    pytest.param("SELECT COUNT() FROM Account ORDER BY Name", "cannot have an ORDER BY", id="ordered count"),
    pytest.param("SELECT Account.Parent.Parent.Parent.Parent.Parent.Name FROM Contact", "at most 5", id="six steps"),
]  # fmt: skip


@pytest.mark.parametrize(("soql", "message"), REFUSED)
def test_what_soql_does_not_allow_is_refused(shop: Org, soql: str, message: str) -> None:
    assert message in refusal(shop, soql)[1]
