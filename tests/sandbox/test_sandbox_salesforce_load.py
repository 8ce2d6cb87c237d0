"""Loading frames, ids, and a database on disk."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.salesforce import SalesforceApp
from sandbox.salesforce.ids import long_id, make_id
from tests.sandbox.salesforce_org import Org

WHEN = datetime(2026, 3, 1, 12, 30, 15, 678_000, UTC)


@given(st.integers(0, 62**9 - 1), st.text("ABCxyz019", min_size=2, max_size=2))
def test_id_survives_the_loss_of_its_case(number: int, pod: str) -> None:
    whole = make_id("003", pod, number)
    assert len(whole) == 18
    assert long_id(whole[:15]) == long_id(whole) == long_id(whole.lower()) == whole


@pytest.mark.parametrize(
    ("short", "whole"),
    [("001300000000aaa", "001300000000aaaAAA"), ("001D000000IqhSL", "001D000000IqhSLIAZ"), ("00QABCDE", None)],
)
def test_id_known_examples(short: str, whole: str | None) -> None:
    assert long_id(short) == whole


def frames() -> dict[str, pl.DataFrame]:
    account = make_id("001", "ZZ", 1)
    stamp = pl.Series([WHEN], dtype=pl.Datetime("ms", "UTC"))
    contacts = pl.DataFrame(
        {
            "Id": [make_id("003", "ZZ", 1)],
            "FirstName": [""],
            "LastName": ["Zoë"],
            "AccountId": [account],
            "Birthdate": [date(1990, 5, 1)],
            "DoNotCall": [None],
            "SystemModstamp": stamp,
        },
        schema_overrides={"DoNotCall": pl.Boolean},
    )
    deals = pl.DataFrame(
        {
            "Id": [make_id("006", "ZZ", 1)],
            "Name": ["D"],
            "StageName": ["Closed Won"],
            "CloseDate": [date(2026, 1, 1)],
            "Amount": [12.5],
        }
    )
    return {"Contact": contacts, "Account": pl.DataFrame({"Id": [account], "Name": ["A"]}), "Opportunity": deals}


def test_load_gives_records_the_api_serves(org: Org) -> None:
    org.app.load(frames())
    record = org.records("SELECT Name, Account.Name, Birthdate, DoNotCall, SystemModstamp, FirstName FROM Contact")[0]
    del record["attributes"], record["Account"]["attributes"]
    assert record == {
        "Name": "Zoë",
        "Account": {"Name": "A"},
        "Birthdate": "1990-05-01",
        "DoNotCall": False,
        "SystemModstamp": "2026-03-01T12:30:15.000+0000",
        "FirstName": None,
    }


def test_load_works_out_what_the_frame_leaves_out(org: Org) -> None:
    org.app.load(frames())
    deal = org.records("SELECT IsWon, Probability, ExpectedRevenue, OwnerId FROM Opportunity")[0]
    assert (deal["IsWon"], deal["Probability"], deal["ExpectedRevenue"]) == (True, 100.0, 12.5)
    assert deal["OwnerId"] == org.app.user_id


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        pytest.param({"Nope": pl.DataFrame({"Id": ["x"]})}, "no sObject Nope", id="object"),
        pytest.param({"Account": pl.DataFrame({"Id": ["x"], "Domain": ["x"]})}, "no field Domain", id="field"),
    ],
)
def test_load_unknown_name_says_which(org: Org, frame: dict[str, pl.DataFrame], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        org.app.load(frame)


def test_loaded_rows_can_be_updated_and_new_ids_do_not_meet_them(org: Org) -> None:
    org.app.load(frames())
    contact = org.app.rows("Contact")[0]["Id"]
    assert org.patch("Contact", contact, FirstName="A").status_code == 204
    assert org.app.row("Contact", contact)["Name"] == "A Zoë"
    assert org.create("Contact", LastName="B") != contact


def test_database_on_disk_is_found_again(tmp_path: Path) -> None:
    first = SalesforceApp(tmp_path / "org.db")
    first.load(frames())
    user = first.user_id
    first.close()
    second = SalesforceApp(tmp_path / "org.db")
    assert (second.count("Contact"), second.user_id) == (1, user)
    second.close()


def test_two_orgs_have_different_ids() -> None:
    first, second = SalesforceApp(org=1), SalesforceApp(org=2)
    assert first.org_id != second.org_id
    assert first.create("Account", Name="A") != second.create("Account", Name="A")
    first.close()
    second.close()
