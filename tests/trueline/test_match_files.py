"""`trueline match FILE`: anybody's files, without a project; and every file that cannot be matched."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

from sync.files import CHOICES
from tests.trueline.conftest import Cli

GIVEN = ("Anna", "Boris", "Carla", "Dmitri", "Elena", "Farid", "Greta", "Hamza", "Ingrid", "Jonas")
FAMILY = ("Abbott", "Bergmann", "Castellano", "Dubois", "Eriksen", "Fonseca", "Grant", "Horvath", "Ivanov", "Jansen")
CITIES = ("Aarhus", "Bologna", "Cork", "Dresden", "Evora", "Florence", "Ghent")
# (first name, last name, e-mail, city)
PEOPLE = [
    (given, family, f"{given}.{family}@{family}-{at}.example".lower(), CITIES[(at * 3 + other) % 7])
    for at, given in enumerate(GIVEN)
    for other, family in enumerate(FAMILY)
]
COPIES = (3, 11, 19, 27)


def people(*, separator: str = ",", headings: tuple[str, ...] = ("First Name", "Last Name", "E-mail", "City")) -> str:
    """A hundred people, four of them twice: the copies come last and have a slip in the family name."""
    slips = [(PEOPLE[at][0], PEOPLE[at][1][:3] + PEOPLE[at][1][2:], *PEOPLE[at][2:]) for at in COPIES]
    return "\n".join(separator.join(row) for row in (headings, *PEOPLE, *slips)) + "\n"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with `people.csv`, which is where commands run."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "people.csv").write_text(people(), "utf-8")
    return tmp_path


def doubled(out: Path) -> list[tuple[int, ...]]:
    """Rows (from 1) that share a cluster, of a written table."""
    frame = pl.read_csv(out, infer_schema=False)
    groups = frame.group_by("cluster", maintain_order=True).agg(pl.col("row").cast(pl.Int64))["row"].to_list()
    return [tuple(group) for group in groups if len(group) > 1]


EXPECTED = [(at + 1, len(PEOPLE) + place + 1) for place, at in enumerate(COPIES)]


def test_match_says_what_it_took_columns_for_and_how_many_are_double(trueline: Cli, here: Path) -> None:
    ran = trueline("match", "people.csv")
    assert ran.code == 0, ran
    assert "people.csv: 104 rows" in ran.out
    assert "First Name  given name   its heading says so" in ran.out
    assert "104 rows, 100 entities: 4 groups of duplicates, 4 surplus rows." in ran.out
    assert [path.name for path in here.iterdir()] == ["people.csv"]


def test_match_writes_every_row_with_cluster_probability_and_reason(trueline: Cli, here: Path) -> None:
    ran = trueline("match", "people.csv", "--out", "clusters.csv")
    assert "Wrote clusters.csv, readable by you only." in ran.out
    out = here / "clusters.csv"
    assert doubled(out) == EXPECTED
    frame = pl.read_csv(out, infer_schema=False)
    assert frame.columns == ["row", "cluster", "probability", "reason", "First Name", "Last Name", "E-mail", "City"]
    assert frame.height == 104
    joined = frame.filter(pl.col("row") == "4").row(0, named=True)
    assert float(joined["probability"]) > 0.5
    assert joined["reason"].endswith("(row 101)")
    assert "same e-mail" in joined["reason"]
    assert frame.filter(pl.col("row") == "1")["reason"].item() is None
    assert out.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("name", ["out.xlsx", "out.parquet", "out.json"])
def test_match_writes_the_kind_of_file_its_ending_says(trueline: Cli, here: Path, name: str) -> None:
    assert trueline("match", "people.csv", "--out", name).code == 0
    readers = {".xlsx": pl.read_excel, ".parquet": pl.read_parquet, ".json": pl.read_json}
    assert len(readers[Path(name).suffix](here / name)) == 104  # type: ignore[operator]


def test_match_of_several_files_brings_columns_of_one_meaning_together(trueline: Cli, here: Path) -> None:
    lines = people().splitlines()
    (here / "people.csv").write_text("\n".join(lines[:101]) + "\n")
    renamed = ["city;email address;surname;forename"]
    for line in lines[101:]:
        given, family, mail, city = line.split(",")
        renamed.append(";".join((city, mail, family, given)))
    (here / "more.csv").write_text("\n".join(renamed) + "\n")
    assert trueline("match", "people.csv", "more.csv", "--out", "all.csv").code == 0
    assert doubled(here / "all.csv") == EXPECTED
    frame = pl.read_csv(here / "all.csv", infer_schema=False)
    assert frame["file"].to_list() == ["people.csv"] * 100 + ["more.csv"] * 4
    assert frame["forename"].drop_nulls().len() == 4


def test_match_against_another_file_pairs_their_rows(trueline: Cli, here: Path) -> None:
    lines = people().splitlines()
    (here / "people.csv").write_text("\n".join(lines[:101]) + "\n")
    (here / "others.csv").write_text("\n".join([lines[0], *lines[101:]]) + "\n")
    ran = trueline("match", "people.csv", "--against", "others.csv", "--out", "pairs.csv")
    assert "4 pairs; 4 of 100 rows have a partner." in ran.out
    pairs = pl.read_csv(here / "pairs.csv").sort("right")
    assert list(zip(pairs["left"], pairs["right"], strict=True)) == [(at + 1, n + 1) for n, at in enumerate(COPIES)]
    assert pairs["left E-mail"].to_list() == pairs["right E-mail"].to_list()
    document = trueline("match", "people.csv", "--against", "others.csv", "--one-to-one", "--json").document
    assert document["pairs"] == 4


def test_match_takes_a_column_for_what_it_is_told(trueline: Cli, here: Path) -> None:
    (here / "odd.csv").write_text(people(headings=("aaa", "bbb", "ccc", "ddd")))
    wishes = ("--column", "aaa=given_name", "--column", "bbb=Family name", "--column", "ddd=ignore")
    ran = trueline("match", "odd.csv", *wishes, "--json")
    columns = {column["name"]: column["kind"] for column in ran.document["columns"]["odd.csv"]}
    assert columns == {"aaa": "given_name", "bbb": "family_name", "ccc": "email", "ddd": "ignore"}
    assert ran.document["groups"] == 4


def test_match_with_json_is_one_document(trueline: Cli, here: Path) -> None:
    document = trueline("match", "people.csv", "--json").document
    assert (document["rows"], document["entities"], document["groups"]) == (104, 100, 4)


def test_match_is_the_same_whatever_the_order_of_rows(trueline: Cli, here: Path) -> None:
    first, *rest = people().splitlines()
    (here / "turned.csv").write_text("\n".join([first, *rest[::-1]]) + "\n")
    trueline("match", "turned.csv", "--out", "turned-out.csv")
    turned = {tuple(sorted(105 - row for row in group)) for group in doubled(here / "turned-out.csv")}
    assert turned == set(EXPECTED)


def test_match_keeps_columns_that_are_called_like_its_own(trueline: Cli, here: Path) -> None:
    (here / "own.csv").write_text(people(headings=("First Name", "Last Name", "E-mail", "cluster")))
    assert trueline("match", "own.csv", "--out", "out.csv").code == 0
    frame = pl.read_csv(here / "out.csv", infer_schema=False)
    assert frame["cluster"][0] == "Aarhus"
    assert frame["cluster (2)"][0] == "c1"


def test_match_writes_no_formula_into_a_spreadsheet(trueline: Cli, here: Path) -> None:
    (here / "evil.csv").write_text(people() + '=HYPERLINK("http://x.example"),Stone,a@x.example,Town 1\n')
    trueline("match", "evil.csv", "--out", "out.csv")
    assert ',"=HYPER' not in (here / "out.csv").read_text("utf-8")


LAYOUTS = [
    pytest.param(people(separator=";").encode(), id="semicolons"),
    pytest.param(people(separator="\t").encode(), id="tabs"),
    pytest.param(b"\xef\xbb\xbf" + people().encode(), id="byte-order-mark"),
    pytest.param(people().replace("Abbott", "Äbbött").encode("cp1252"), id="windows-1252"),
    pytest.param(people().encode("utf-16"), id="utf-16"),
    pytest.param(people().replace("\n", "\r\n").encode(), id="carriage-returns"),
    pytest.param(people().replace("Ghent", '"Ghent\n"').encode(), id="quoted-newline"),
    pytest.param(people(headings=("First Name", "Last Name", "E-mail", "First Name")).encode(), id="heading-twice"),
    pytest.param("".join(f"{line},\n" for line in people().splitlines()).encode(), id="blank-column"),
]


@pytest.mark.parametrize("content", LAYOUTS)
def test_match_reads_files_however_they_are_laid_out(trueline: Cli, here: Path, content: bytes) -> None:
    (here / "people.csv").write_bytes(content)
    ran = trueline("match", "people.csv", "--out", "out.csv")
    assert ran.code == 0, ran
    assert doubled(here / "out.csv") == EXPECTED


def test_match_of_one_column_and_of_two_rows_is_possible(trueline: Cli, here: Path) -> None:
    (here / "names.csv").write_text("Company\n" + "".join(f"Firm {at} {at * 7919} GmbH\n" for at in range(40)))
    assert trueline("match", "names.csv", "--json").document["rows"] == 40
    (here / "two.csv").write_text("First Name,Last Name,E-mail\nAnn,Lee,ann@x.example\nAnn,Lee,ann@x.example\n")
    assert trueline("match", "two.csv", "--json").document["rows"] == 2


WRONG = [
    pytest.param(["nosuch.csv"], "There is no file nosuch.csv", id="no-file"),
    pytest.param(["."], "is a folder", id="folder"),
    pytest.param(["empty.csv"], "empty.csv is empty", id="empty"),
    pytest.param(["headings.csv"], "headings.csv has no rows below its headings", id="headings-only"),
    pytest.param(["blanks.csv"], "blanks.csv has no rows below its headings", id="blank-rows"),
    pytest.param(["numbers.csv"], "name one with --column 'Heading=kind'", id="nothing-to-compare"),
    pytest.param(["people.csv", "--column", "City=town"], "kinds are given_name, ", id="kind"),
    pytest.param(["people.csv", "--column", "Cty=area"], "called 'Cty'; the nearest: 'City'", id="heading"),
    pytest.param(["people.csv", "--column", "City"], "takes a heading and a kind", id="no-equals-sign"),
    pytest.param(["people.csv", "--threshold", "1.5"], "'--threshold'", id="threshold"),
    pytest.param(["people.csv", "--out", "x.pdf"], "must end in .csv, .xlsx, .parquet or .json", id="ending"),
    pytest.param(["people.csv", "--out", "folder.csv"], "folder.csv is a folder", id="out-folder"),
    pytest.param(["people.csv", "people.csv", "--against", "people.csv"], "name one file before it", id="two-against"),
    pytest.param(["people.csv", "--against", "numbers.csv"], "No column that people.csv and numbers.csv share",
                 id="against-strangers"),
    pytest.param(["--threshold", "0.9"], "trueline match FILE", id="no-file-named"),
    pytest.param(["picture.csv"], "is a picture", id="picture"),
    pytest.param(["open.csv"], "opens a quote", id="open-quote"),
]  # fmt: skip


@pytest.mark.parametrize(("given", "sentence"), WRONG)
def test_match_of_what_cannot_be_matched_says_why(trueline: Cli, here: Path, given: list[str], sentence: str) -> None:
    (here / "empty.csv").write_text("")
    (here / "folder.csv").mkdir()
    (here / "headings.csv").write_text("First Name,Last Name\n")
    (here / "blanks.csv").write_text("First Name,Last Name\n,\n,\n")
    (here / "numbers.csv").write_text("id,score\n1,7\n2,9\n")
    (here / "picture.csv").write_bytes(b"\x89PNG\r\n\x1a\n")
    (here / "open.csv").write_text('First Name,Last Name\nAnn,"Lee\nBen,Ray\n')
    ran = trueline("match", *given, "--json")
    ran.failed(2, sentence)
    assert sentence in json.loads(ran.out)["error"]


def test_page_about_matching_names_every_kind() -> None:
    page = (Path(__file__).parents[2] / "docs" / "matching.md").read_text("utf-8")
    assert [kind for kind in CHOICES if f"`{kind}`" not in page] == []
