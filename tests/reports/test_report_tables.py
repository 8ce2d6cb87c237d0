"""Tables for spreadsheets: no value is run, none is lost, phone numbers stay usable, owner only."""

from __future__ import annotations

import csv
import stat
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.errors import InputError
from reports import tables
from reports.tables import XLSX_CELL, neutral, write_tables

RUN = (
    '=HYPERLINK("https://evil.example")', "+1-415-555-0100", "+44 20 7946 0000", "+1234567890123456", "+SUM(A1)",
    "-2+3+cmd|' /C calc'!A0", "@SUM(1)", "\t=1", "\r=1", " =1", "\u00a0=1", "\ufeff=1",
    "＝1", "＋1", "－1", "＠a", "\n+1", "--1", "+", "-",
)  # fmt: skip
LEFT = ("+442079460000", "-12.50", "-5", "a=b", "", "'=1", "O'Brien", "1+1", "0161 555 0100", "2026-11-22")


def made_neutral(*values: str | None) -> list[str | None]:
    frame = pl.DataFrame({"value": values}, schema={"value": pl.String})
    return frame.select(neutral(pl.col("value")))["value"].to_list()


@pytest.mark.parametrize("value", [pytest.param(value, id=ascii(value)) for value in RUN])
def test_text_that_a_spreadsheet_would_run_gets_an_apostrophe(value: str) -> None:
    assert made_neutral(value) == [f"'{value}"]


@pytest.mark.parametrize("value", [pytest.param(value, id=ascii(value)) for value in (*LEFT, None)])
def test_text_with_nothing_to_run_stays(value: str | None) -> None:
    assert made_neutral(value) == [value]


@given(st.text(alphabet=st.characters(codec="utf-8")))
def test_neutral_text_starts_no_formula_and_loses_nothing(value: str) -> None:
    (safe,) = made_neutral(value)
    assert safe in (value, f"'{value}")
    assert safe is not None
    start = safe.strip()[:1]
    assert start not in ("=", "@", "＝", "＋", "－", "＠")
    assert start not in ("+", "-") or safe[1:].replace(".", "").replace(",", "").isdecimal()


def sample() -> pl.DataFrame:
    return pl.DataFrame({"id": [*RUN, *LEFT], "=count": list(range(len(RUN) + len(LEFT)))})


def test_csv_keeps_every_value_behind_its_apostrophe(tmp_path: Path) -> None:
    write_tables({"findings": sample()}, tmp_path / "a.csv")
    with (tmp_path / "a.csv").open(encoding="utf-8-sig", newline="") as file:
        heading, *rows = csv.reader(file)
    assert heading == ["id", "'=count"]
    assert [row[0] for row in rows] == [*(f"'{value}" for value in RUN), *LEFT]


def test_csv_quotes_all_text_so_that_no_other_separator_splits_it(tmp_path: Path) -> None:
    write_tables({"findings": pl.DataFrame({"id": ["a;=1+1", None], "n": [1, 2]})}, tmp_path / "a.csv")
    assert (tmp_path / "a.csv").read_text("utf-8-sig").splitlines()[1:] == ['"a;=1+1",1', ",2"]


def cells(path: Path, sheet: str = "findings") -> pl.DataFrame:
    return pl.read_excel(path, sheet_name=sheet, infer_schema_length=0)


def test_xlsx_holds_text_as_it_is_and_no_formula(tmp_path: Path) -> None:
    frame = pl.DataFrame({"id": [*RUN, *LEFT, "https://evil.example", "_x0041_", "bell\x07"]})
    write_tables({"findings": frame}, tmp_path / "a.xlsx")
    read = [value or "" for value in cells(tmp_path / "a.xlsx")["id"].to_list()]
    assert [value.strip() for value in read] == [str(value).strip() for value in frame["id"].to_list()]


def test_xlsx_keeps_types_and_says_where_it_cut(tmp_path: Path) -> None:
    frame = pl.DataFrame(
        {
            "text": ["x" * (XLSX_CELL + 1)],
            "flag": [True],
            "day": [date(2026, 11, 22)],
            "time": [datetime(2026, 11, 22, 1, 2, 3, tzinfo=UTC)],
            "share": [0.25],
            "nan": [float("nan")],
            "large": [2**60],
        }
    )
    write_tables({"findings": frame}, tmp_path / "a.xlsx")
    read = pl.read_excel(tmp_path / "a.xlsx", sheet_name="findings")
    text = read["text"][0]
    assert (len(text), text[-5:]) == (XLSX_CELL, "(cut)")
    assert read["flag"][0] is True
    assert read["day"][0] == date(2026, 11, 22)
    assert read["time"][0] == datetime(2026, 11, 22, 1, 2, 3)
    assert (read["share"][0], str(read["large"][0])) == (0.25, str(2**60))


def test_xlsx_with_more_rows_than_a_sheet_has_goes_on_in_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tables, "XLSX_ROWS", 3)
    write_tables({"findings": pl.DataFrame({"id": list("abcdefg")})}, tmp_path / "a.xlsx")
    sheets = ("findings", "findings 2", "findings 3")
    assert [cells(tmp_path / "a.xlsx", sheet)["id"].to_list() for sheet in sheets] == [list("abc"), list("def"), ["g"]]


def test_xlsx_sheet_names_are_made_valid_and_different(tmp_path: Path) -> None:
    frame = pl.DataFrame({"id": ["1"]})
    names = ("a/b:c*d?e[f]\\", "'quoted'", "History", "", "x" * 40, "X" * 40, "new\nline")
    write_tables(dict.fromkeys(names, frame), tmp_path / "a.xlsx")
    read = pl.read_excel(tmp_path / "a.xlsx", sheet_id=0)
    assert list(read) == ["abcdef", "quoted", "table History", "table", "x" * 31, f"{'X' * 29} 2", "newline"]


def test_table_without_rows_keeps_its_headings(tmp_path: Path) -> None:
    empty = pl.DataFrame({"id": []}, schema={"id": pl.String})
    for name in ("a.csv", "a.xlsx", "a.parquet"):
        assert write_tables({"findings": empty}, tmp_path / name) == [tmp_path / name]
    assert (tmp_path / "a.csv").read_text("utf-8-sig").strip() == '"id"'
    assert pl.read_parquet(tmp_path / "a.parquet").columns == ["id"]


def test_parquet_keeps_values_as_read(tmp_path: Path) -> None:
    write_tables({"findings": sample()}, tmp_path / "a.parquet")
    assert pl.read_parquet(tmp_path / "a.parquet").equals(sample())


@pytest.mark.parametrize("name", ["a.csv", "a.xlsx", "a.parquet"])
def test_table_files_are_readable_by_their_owner_only(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("old")
    (tmp_path / name).chmod(0o644)
    write_tables({"findings": sample()}, tmp_path / name)
    assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_several_tables_get_a_file_each(tmp_path: Path) -> None:
    frame = pl.DataFrame({"id": ["1"]})
    written = write_tables({"findings": frame, "deals": frame}, tmp_path / "out.CSV")
    assert [path.name for path in written] == ["out-findings.csv", "out-deals.csv"]


def test_table_of_an_unknown_kind_is_refused_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"a\.pdf must end in \.xlsx"):
        write_tables({"findings": sample()}, tmp_path / "a.pdf")


def test_table_that_cannot_be_written_is_told_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for name in ("a.csv", "a.xlsx", "a.parquet"):
        with pytest.raises(InputError, match="cannot be written"):
            write_tables({"findings": sample()}, tmp_path / "file" / name)
