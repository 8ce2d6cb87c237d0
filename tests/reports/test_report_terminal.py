"""The summary in a terminal of 80 columns, printed as the command line prints it."""

from __future__ import annotations

import re
import sys
from dataclasses import replace
from datetime import date

import pytest

from hygiene.rules import RULES
from model.streams import STREAMS
from reports.content import Report, Source
from reports.gather import gather
from reports.terminal import print_report
from store import Store
from tests.reports.hostile import hostile_report
from tests.reports.shelf import NOTHING_REQUIRED, blame, finding, people
from trueline.screen import Screen

WIDTH = 80


def printed(report: Report, capsys: pytest.CaptureFixture[str], *, is_terminal: bool = True) -> list[str]:
    """The lines a terminal of 80 columns gets, or a pipe, without colours."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COLUMNS", str(WIDTH))
        patch.setattr(sys.stdout, "isatty", lambda: is_terminal)
        screen = Screen()
        print_report(report, screen.say, lambda headings, rows: screen.table(headings, rows, right=(1,)))
    plain = re.sub(r"\x1b\[[0-9;]*m", "", capsys.readouterr().out)
    return [line.rstrip() for line in plain.splitlines()]


@pytest.fixture
def every_rule(store: Store) -> Report:
    people(store, "sf", "1")
    blame(store, [finding(("sf", "contacts", "1"), rule) for rule in RULES])
    sources = tuple(Source(name, stream, 1_000_000) for name in ("hs", "sf_emea") for stream in STREAMS)
    report = gather(store, date(2026, 11, 22), NOTHING_REQUIRED, notes=["word " * 60, *["note"] * 30])
    return replace(report, sources=sources)


def test_summary_of_everything_fits_eighty_columns(every_rule: Report, capsys: pytest.CaptureFixture[str]) -> None:
    lines = printed(every_rule, capsys)
    assert max(map(len, lines)) <= WIDTH
    assert "19 more notes are in the page." in lines


def test_advice_needs_no_second_line(every_rule: Report) -> None:
    assert max(len(chapter.advice) for chapter in every_rule.chapters) <= WIDTH - 5


def test_summary_of_hostile_values_fits_and_moves_no_cursor(store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    lines = printed(hostile_report(store), capsys)
    assert max(map(len, lines)) <= WIDTH
    assert all(line.isprintable() for line in lines)


def test_summary_reads_like_this(store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    people(store, "sf", "1", "2", "3")
    blame(store, [finding(("sf", "contacts", "1"), "email-invalid"), finding(("sf", "contacts", ""), "field-unknown")])
    report = gather(store, date(2026, 11, 22), {"contacts": ("family_name",)}, notes=["a.csv: 3 fields"])
    lines = printed(report, capsys)
    assert printed(report, capsys, is_terminal=False) == lines
    assert lines == [
        "CRM audit, as of 2026-11-22",
        "1 of 3 records (33%) has something to fix. Start with: wrong values.",
        "",
        "Clean records      67%  2 of 3 records without a finding",
        "Duplicates           0  no surplus records",
        "Completeness      100%  of required fields are filled",
        "",
        "weight  records  finding",
        "high          1  The e-mail cannot receive mail as it is written.",
        "info          –  A required field could not be read, so it is not scored.",
        "",
        "What to do next",
        "  1. Wrong values: 1 record",
        "     Let trueline plan correct what is certain; the rest needs a person.",
        "",
        "sf: 3 contacts",
        "Note: a.csv: 3 fields",
    ]


def test_summary_of_nothing_is_short(store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    lines = printed(gather(store, date(2026, 11, 22), NOTHING_REQUIRED), capsys)
    assert lines[:2] == ["CRM audit, as of 2026-11-22", "There are no records to judge yet."]
    assert len(lines) < 8
