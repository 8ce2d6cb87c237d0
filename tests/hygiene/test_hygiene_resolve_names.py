"""Company names to accounts by name alone."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from hygiene.resolve_tables import RESOLVED, resolve_names, resolve_tables
from model.settings import ResolveSettings

ACCOUNTS = pl.Series(
    ["Acme Inc", "Acme Labs Ltd", "Westinghouse Air Brake Technologies Corp", "Super Micro Computer, Inc.",
     "International Business Machines Corp", "Northwind Trading GmbH", "Hershey Co", "Toro Co", "Toro Corp.",
     "Bluebird Capital II", "Bluebird Capital III", "Manufacturing Partners of Ohio", None]
)  # fmt: skip


def account_of(name: str | None, accounts: pl.Series = ACCOUNTS) -> str | None:
    row = resolve_names(pl.Series([name], dtype=pl.String), accounts)["account_row"][0]
    return None if row is None else accounts[row]


@pytest.mark.parametrize(
    ("name", "account"),
    [
        pytest.param("ACME, Incorporated", "Acme Inc", id="legal-form"),
        pytest.param("Acme Labs", "Acme Labs Ltd", id="the-longer-of-two"),
        pytest.param("Hershey Company (The)", "Hershey Co", id="bracket"),
        pytest.param("Northwind Trading GmbH - Zweigstelle Linz", "Northwind Trading GmbH", id="after-a-dash"),
        pytest.param("Norhtwind Trading", "Northwind Trading GmbH", id="misspelt"),
        pytest.param("Toro Company Common Stock", "Toro Co", id="form-tells-namesakes-apart"),
        pytest.param("Bluebird Capital III Corp.", "Bluebird Capital III", id="number"),
        pytest.param("Completely Different", None, id="stranger"),
        pytest.param("Bluebird Capital IV", None, id="another-number"),
        pytest.param("n/a", None, id="stand-in"),
        pytest.param(None, None, id="none"),
    ],
)
def test_a_name_means_the_account_or_none(name: str | None, account: str | None) -> None:
    assert account_of(name) == account


def test_every_name_has_one_row_and_abstention_names_its_reason_and_runner_up() -> None:
    names = pl.Series(["Toro", None, "Acme", "Zzyzx"])
    found = resolve_names(names, ACCOUNTS)
    assert found.schema == RESOLVED
    assert found["row"].to_list() == [0, 1, 2, 3]
    assert found["account_row"].to_list() == [None, None, 0, None]
    assert found["abstained_because"].to_list() == [
        "several accounts fit about equally well", "no company name", None, "no account has a name like it"
    ]  # fmt: skip
    assert found["runner_up_row"][0] in (7, 8)


@pytest.mark.parametrize("name", ["IBM", "Wabtec", "Supermicro"])
def test_initials_syllables_and_joined_words_find_their_account_among_many(name: str) -> None:
    others = pl.Series([f"{one}{other} Services" for one in ("kal", "bro", "mit", "zen") for other in ("tor", "vex")])
    best = resolve_names(pl.Series([name]), pl.concat([ACCOUNTS.drop_nulls(), others]), threshold=0.0)
    assert {"IBM": 4, "Wabtec": 2, "Supermicro": 3}[name] == best["account_row"][0]


def test_words_that_every_asked_name_adds_say_nothing() -> None:
    accounts = pl.Series([f"Firm{n:03} Systems" for n in range(200)])
    names = pl.Series([f"Firm{n:03} Systems Depositary Certificates" for n in range(0, 200, 2)])
    assert resolve_names(names, accounts)["account_row"].to_list() == list(range(0, 200, 2))


def test_order_of_rows_does_not_change_the_choice() -> None:
    names = pl.Series(["Acme", "Northwind", "Hershey", "IBM"])
    straight = resolve_names(names, ACCOUNTS)["account_row"].to_list()
    turned = resolve_names(names.reverse(), ACCOUNTS.reverse())["account_row"].to_list()
    last = len(ACCOUNTS) - 1
    assert straight == [None if row is None else last - row for row in reversed(turned)]


def test_empty_columns_give_an_empty_frame() -> None:
    empty = pl.Series([], dtype=pl.String)
    assert resolve_names(empty, ACCOUNTS).schema == RESOLVED
    assert resolve_names(pl.Series(["Acme"]), empty)["account_row"].to_list() == [None]


def tickers(reference: Path) -> Path:
    folder = reference / "companies" / "tickers"
    if not folder.is_dir():
        pytest.skip("no companies/tickers beside this checkout")
    return folder


def read(path: Path) -> pl.DataFrame:
    return pl.read_csv(path, infer_schema_length=0)


def test_index_members_are_found_among_registered_companies(reference: Path) -> None:
    folder = tickers(reference)
    accounts, asked = read(folder / "gold_sec_accounts.csv"), read(folder / "gold_sp500_to_sec_dev.csv")
    best = resolve_names(asked["Security"], accounts["sec_name"], threshold=0.0)
    right = accounts["cik10"].gather(best["account_row"]) == asked["cik10"]
    assert right.fill_null(value=False).mean() >= 0.99  # type: ignore[operator]


def test_listings_are_found_or_abstained_from(reference: Path) -> None:
    folder = tickers(reference)
    accounts, asked = read(folder / "gold_sec_accounts.csv"), read(folder / "gold_listing_to_sec_dev.csv")
    found = resolve_names(asked["name"], accounts["sec_name"])["account_row"]
    right = (accounts["cik10"].gather(found) == asked["cik10"]).drop_nulls()
    assert right.mean() >= 0.99  # type: ignore[operator]
    assert found.count() / len(found) >= 0.94


PEOPLE = pl.DataFrame(
    {"mail": ["ann@northwind.example", "bob@gmail.com", "cy@gmail.com", None],
     "firm": [None, "Hershey Company", None, "Toro"], "tel": [None, None, "+1 312 555 0199", None],
     "land": ["DE", None, None, "Canada"]}
)  # fmt: skip
FIRMS = pl.DataFrame(
    {"title": ["Northwind Trading GmbH", "Hershey Co", "Toro Inc", "Toro Ltd"],
     "web": ["https://www.northwind.example/de", None, None, None], "tel": [None, "+1 (312) 555-0199", None, None],
     "land": ["Germany", "US", "CA", "GB"]}
)  # fmt: skip
PEOPLE_KINDS = {"mail": "email", "firm": "company_name", "tel": "phone", "land": "country"}
FIRM_KINDS = {"title": "company_name", "web": "domain", "tel": "phone", "land": "country"}


def test_tables_are_resolved_by_all_their_columns_together() -> None:
    found = resolve_tables(PEOPLE, FIRMS, PEOPLE_KINDS, FIRM_KINDS)
    assert found.schema == RESOLVED
    assert found["account_row"].to_list() == [0, 1, 1, 2]
    assert found["reason"][0].startswith("same domain")


def test_tables_with_names_alone_are_resolved_as_names_are() -> None:
    asked = pl.Series("firm", ["Hershey Company", "Northwind", None, "Hershey Company", "Zamboni"])
    rows = pl.int_range(len(asked), eager=True)
    people = pl.DataFrame({"no": rows, "firm": asked, "land": ["US", "DE", "DE", None, "FR"]})
    kinds = {"firm": "company_name", "no": "identifier"}
    by_name = resolve_tables(people, FIRMS, kinds, {"title": "company_name", "web": "domain"})
    assert by_name.equals(resolve_names(asked, FIRMS["title"]))
    assert by_name["account_row"].to_list() == [1, 0, None, 1, None]
    sure = resolve_tables(people, FIRMS, kinds, FIRM_KINDS, settings=ResolveSettings(threshold=1.0))
    assert sure["account_row"].null_count() == len(people)


def test_countries_tell_accounts_of_one_name_apart() -> None:
    people = pl.DataFrame({"firm": ["Toro", "Toro", "Toro"], "land": ["Canada", "United Kingdom", None]})
    kinds = {"firm": "company_name", "land": "country"}
    found = resolve_tables(people, FIRMS, kinds, {"title": "company_name", "land": "country"})
    assert found["account_row"].to_list() == [2, 3, None]
    assert found["abstained_because"].to_list() == [None, None, "several accounts fit about equally well"]


def test_tables_without_accounts_or_people_are_resolved_to_nothing() -> None:
    assert resolve_tables(PEOPLE, FIRMS.clear(), PEOPLE_KINDS, FIRM_KINDS)["account_row"].to_list() == [None] * 4
    assert resolve_tables(PEOPLE.clear(), FIRMS, PEOPLE_KINDS, FIRM_KINDS).is_empty()
