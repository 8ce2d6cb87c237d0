"""`trueline resolve PEOPLE --accounts ACCOUNTS`: the account of every row of a file, without a project."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from tests.trueline.conftest import Cli

FIRMS = ("Borealis Shipping GmbH", "Cirrus Foods Ltd", "Delta Rope Works", "Emmer & Sons", "Falken Optik AG",
         "Gulliver Toys Inc", "Harbour Lights LLC", "Isar Metallbau GmbH")  # fmt: skip


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """`firms.csv` with eight accounts, `people.csv` with one person of each and two whose firm is not among them."""
    monkeypatch.chdir(tmp_path)
    hosts = [f"{firm.split()[0].lower()}.example" for firm in FIRMS]
    accounts = [f'a{at},"{firm}",https://www.{host}' for at, (firm, host) in enumerate(zip(FIRMS, hosts, strict=True))]
    (tmp_path / "firms.csv").write_text("\n".join(("Key,Account Name,Website", *accounts)) + "\n")
    people = [f'Ann{at} Lee,"{firm.rpartition(" ")[0]}",ann{at}@{host}'
              for at, (firm, host) in enumerate(zip(FIRMS, hosts, strict=True))]  # fmt: skip
    strangers = ["Bo Ray,Zephyr Balloons,bo@zephyr.example", "Cy Dow,,cy@gmail.com"]
    (tmp_path / "people.csv").write_text("\n".join(("Contact Name,Company,Email", *people, *strangers)) + "\n")
    return tmp_path


def test_resolve_finds_the_account_of_every_row_that_has_one(trueline: Cli, here: Path) -> None:
    ran = trueline("resolve", "people.csv", "--accounts", "firms.csv", "--out", "links.csv")
    assert ran.code == 0, ran
    assert "8 of 10 rows have an account, 2 were left open:" in ran.out
    links = pl.read_csv(here / "links.csv", infer_schema=False)
    assert links["account"].to_list() == [*FIRMS, None, None]
    assert links["account_row"].drop_nulls().to_list() == [str(at + 1) for at in range(8)]
    assert links["Contact Name"][9] == "Cy Dow"
    assert links["reason"].null_count() == 0
    assert links.columns[:5] == ["row", "account_row", "account", "probability", "reason"]


def test_resolve_names_accounts_by_a_column(trueline: Cli, here: Path) -> None:
    trueline("resolve", "people.csv", "--accounts", "firms.csv", "--id", "Key", "--out", "links.parquet")
    assert pl.read_parquet(here / "links.parquet")["account"].to_list()[:2] == ["a0", "a1"]


def test_resolve_with_json_is_one_document(trueline: Cli, here: Path) -> None:
    document = trueline("resolve", "people.csv", "--accounts", "firms.csv", "--json").document
    assert (document["rows"], document["accounts"], document["linked"]) == (10, 8, 8)


WRONG = [
    pytest.param(["people.csv"], "Name both files", id="no-accounts"),
    pytest.param(["--accounts", "firms.csv"], "Name both files", id="no-people"),
    pytest.param(["--out", "x.csv"], "Name both files", id="no-files"),
    pytest.param(["nosuch.csv", "--accounts", "firms.csv"], "There is no file nosuch.csv", id="no-such-people"),
    pytest.param(["people.csv", "--accounts", "nosuch.csv"], "There is no file nosuch.csv", id="no-such-accounts"),
    pytest.param(["people.csv", "--accounts", "firms.csv", "--id", "Kay"], "the nearest: 'Key'", id="no-such-id"),
    pytest.param(["people.csv", "--accounts", "towns.csv"], "towns.csv has no company name", id="nothing-to-find-by"),
]


@pytest.mark.parametrize(("given", "sentence"), WRONG)
def test_resolve_of_what_cannot_be_resolved_says_why(
    trueline: Cli, here: Path, given: list[str], sentence: str
) -> None:
    (here / "towns.csv").write_text("City,Country\nBonn,DE\nCork,IE\n")
    trueline("resolve", *given).failed(2, sentence)
