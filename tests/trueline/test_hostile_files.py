"""Audit on files as people and attackers make them: it reads what can be read and names the rest."""

from __future__ import annotations

import csv
import zipfile
from pathlib import Path

import pytest

from tests.trueline.conftest import Cli

HEADINGS = "First Name,Last Name,Email,Phone,Company"
ANN = "Ann,Lee,ann.lee@example.com,+1 415 555 2671,Acme Ltd"
ZOE = "Zoë,Müller,zoe@example.org,+49 30 901820,Größe & Söhne"
PLAIN = f"{HEADINGS}\n{ANN}\n{ZOE}\n"
HUGE = "x" * 10_000_000

READ = [
    pytest.param(PLAIN.encode(), 2, id="plain"),
    pytest.param(PLAIN.encode("utf-8-sig"), 2, id="bom"),
    pytest.param(PLAIN.replace(",", ";").encode(), 2, id="semicolons"),
    pytest.param(PLAIN.replace(",", "\t").encode(), 2, id="tabs"),
    pytest.param(PLAIN.replace("\n", "\r\n").encode(), 2, id="crlf"),
    pytest.param(PLAIN.encode("latin-1"), 2, id="latin-1"),
    pytest.param(PLAIN.encode("utf-16"), 2, id="utf-16"),
    pytest.param(PLAIN.replace("Ann", "A\x00nn").encode(), 2, id="nul-bytes"),
    pytest.param(f"{HEADINGS}\n{ANN},more,and more\nZoë,Müller\n".encode(), 2, id="ragged-rows"),
    pytest.param(f"{HEADINGS},Email\n{ANN},ann@example.net\n".encode(), 1, id="duplicated-headings"),
    pytest.param(f"{HEADINGS}\n{ANN.replace('Acme', HUGE)}\n{ZOE}\n".encode(), 2, id="cell-of-10-mb"),
    pytest.param(f"{HEADINGS}\n{ANN.replace('Ann', '<script>alert(1)</script>')}\n".encode(), 1, id="html"),
    pytest.param(f"{HEADINGS}\n{ANN.replace('Ann', '=cmd|calc!A0')}\n".encode(), 1, id="formula"),
    pytest.param(
        f"{HEADINGS}\n{ANN.replace('Ann', chr(27) + '[2J' + chr(155) + '2J')}\n".encode(), 1, id="escape-codes"
    ),
    pytest.param(f"{HEADINGS}\n{ANN.replace('Ann', chr(0x202E) + 'nnA')}\n".encode(), 1, id="direction"),
]


@pytest.mark.parametrize(("content", "records"), READ)
def test_file_is_read_whatever_its_form(trueline: Cli, tmp_path: Path, content: bytes, records: int) -> None:
    (tmp_path / "contacts.csv").write_bytes(content)
    out = tmp_path / "page.html"
    ran = trueline("audit", tmp_path / "contacts.csv", "--out", out)
    assert (ran.code, ran.err) == (0, "")
    assert f"Read {records} record" in ran.out
    assert not [char for char in ran.out if not char.isprintable() and char != "\n"]
    assert out.stat().st_mode & 0o777 == 0o600
    page = out.read_text("utf-8")
    assert "<script" not in page.lower()
    assert "\x1b" not in page
    assert len(page) < 1_000_000


def test_json_of_hostile_values_holds_no_raw_control_character(trueline: Cli, tmp_path: Path) -> None:
    name = "\x1b[2J\x9b2J‮\x7f"
    (tmp_path / "contacts.csv").write_text(f"{HEADINGS}\n{ANN.replace('Ann', name)}\n{ANN}\n", "utf-8")
    ran = trueline("audit", tmp_path / "contacts.csv", "--out", tmp_path / "page.json", "--json")
    assert ran.code == 0
    assert ran.document["records"] == 2
    for text in (ran.out, (tmp_path / "page.json").read_text("utf-8")):
        assert not [char for char in text if not char.isprintable() and char != "\n"]


def test_formulas_in_records_are_neutral_in_every_table(trueline: Cli, tmp_path: Path) -> None:
    rows = "".join(f"=1+{n},@SUM(A1),+{n}@nowhere,-x,\t=2\n" for n in range(3))
    (tmp_path / "contacts.csv").write_text(f"{HEADINGS}\n{rows}", "utf-8")
    for ending in (".csv", ".xlsx", ".parquet"):
        assert trueline("audit", tmp_path / "contacts.csv", "--out", tmp_path / f"f{ending}").code == 0
    with (tmp_path / "f.csv").open(encoding="utf-8-sig", newline="") as file:
        cells = [cell for row in csv.reader(file) for cell in row]
    assert "'+0@nowhere" in cells
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t"))]
    with zipfile.ZipFile(tmp_path / "f.xlsx") as book:
        sheets = [book.read(name) for name in book.namelist() if "sheets/" in name]
    assert sheets
    assert not [sheet for sheet in sheets if b"<f" in sheet], "a cell of a sheet is text, whatever it starts with"


UNREAD = [
    pytest.param("nothing.csv", b"", "nothing.csv", id="empty"),
    pytest.param("other.csv", b"colour,weight\nred,5\n", "other.csv: not used", id="unknown-headings"),
    pytest.param("page.csv", b"<!doctype html><html><body>Sign in</body></html>", "page.csv", id="html-page"),
    pytest.param("book.xlsx", b"PK\x03\x04 cut in the middle", "book.xlsx", id="half-xlsx"),
    pytest.param("book.parquet", b"PAR1 cut in the middle", "book.parquet", id="half-parquet"),
    pytest.param("noise.csv", bytes(range(256)) * 40, "noise.csv", id="noise"),
    pytest.param("notes.docx", b"PK", "notes.docx", id="other-kind"),
]


@pytest.mark.parametrize(("name", "content", "sentence"), UNREAD)
def test_file_that_holds_no_records_is_named(
    trueline: Cli, tmp_path: Path, name: str, content: bytes, sentence: str
) -> None:
    (tmp_path / name).write_bytes(content)
    ran = trueline("audit", tmp_path / name, "--out", tmp_path / "page.html", "--json")
    ran.failed(2, sentence)
    assert not (tmp_path / "page.html").exists()


def test_file_with_headings_only_is_judged_as_empty(trueline: Cli, tmp_path: Path) -> None:
    (tmp_path / "contacts.csv").write_text(f"{HEADINGS}\n")
    ran = trueline("audit", tmp_path / "contacts.csv", "--out", tmp_path / "page.html")
    assert ran.code == 0
    assert "There are no records to judge" in ran.out


def test_file_that_is_absent_or_a_folder_is_named(trueline: Cli, tmp_path: Path) -> None:
    trueline("audit", tmp_path / "nope.csv").failed(2, "nope.csv")
    trueline("audit", tmp_path).failed(2, tmp_path.name)


def test_one_bad_file_among_good_ones_is_noted_and_the_rest_is_judged(trueline: Cli, tmp_path: Path) -> None:
    (tmp_path / "contacts.csv").write_text(PLAIN, "utf-8")
    (tmp_path / "stock.csv").write_text("colour,weight\nred,5\n", "utf-8")
    ran = trueline("audit", *sorted(tmp_path.glob("*.csv")), "--out", tmp_path / "page.html")
    assert ran.code == 0
    assert "stock.csv: not used" in ran.out


@pytest.mark.parametrize("currency", ["", "dollar", "12", "€"])
def test_currency_that_is_no_code_is_refused(trueline: Cli, tmp_path: Path, currency: str) -> None:
    trueline("audit", tmp_path / "x.csv", "--currency", currency).failed(2, "ISO 4217")


def test_currency_may_be_in_lower_case(trueline: Cli, tmp_path: Path) -> None:
    (tmp_path / "contacts.csv").write_text(PLAIN, "utf-8")
    assert trueline("audit", tmp_path / "contacts.csv", "--currency", "eur", "--out", tmp_path / "o.html").code == 0


def test_report_that_cannot_be_written_is_told_and_leaves_the_old_one(trueline: Cli, tmp_path: Path) -> None:
    (tmp_path / "contacts.csv").write_text(PLAIN, "utf-8")
    place = tmp_path / "contacts.csv" / "page.html"
    trueline("audit", tmp_path / "contacts.csv", "--out", place).failed(2, str(place), "cannot be written")
