"""The page: hostile values, structure for everybody, same bytes from the same store, owner only."""

from __future__ import annotations

import os
import re
import stat
from dataclasses import replace
from datetime import date
from itertools import pairwise
from pathlib import Path

import pytest

from model.errors import InputError
from reports.content import Report
from reports.gather import gather
from reports.html import render_html, write_private
from store import Store
from tests.reports.hostile import HUGE, fill, gathered, hostile_report
from tests.reports.parsed import Page
from tests.reports.shelf import NOTHING_REQUIRED, belong, blame, finding, people, put

DAY = date(2026, 11, 22)


@pytest.fixture
def hostile(store: Store) -> Report:
    return hostile_report(store)


def test_hostile_values_become_text_and_nothing_else(hostile: Report) -> None:
    page = Page(render_html(hostile))
    allowed = {
        "html", "head", "meta", "title", "style", "body", "main", "header", "section", "h1", "h2", "h3", "p", "b", "ul",
        "ol", "li", "span", "div", "table", "thead", "tbody", "tr", "th", "td", "details", "summary", "code", "del",
        "ins", "svg", "rect", "dl", "dt", "dd", "wbr",
    }  # fmt: skip
    assert {tag for tag, _ in page.elements} <= allowed
    assert len(page.named("style")) == 1
    assert page.handlers_and_references() == []
    text = "".join(page.text)
    assert "<script>document.title='owned'</script>" in text
    assert "{{ 7 * 7 }}" in text


def test_page_holds_no_character_that_hides_or_reorders(hostile: Report) -> None:
    html = render_html(hostile)
    assert not re.search("[\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff\x00-\x09\x0b-\x1f\x7f-\x9f]", html)
    assert "\u0301" * 5 not in html


def test_page_forbids_itself_everything_but_its_own_style(hostile: Report) -> None:
    page = Page(render_html(hostile))
    policies = [meta["content"] for meta in page.named("meta") if meta.get("http-equiv") == "Content-Security-Policy"]
    assert len(policies) == 1
    assert "default-src 'none'" in policies[0]
    assert "unsafe" not in policies[0]
    assert not [meta for meta in page.named("meta") if meta.get("http-equiv", "").lower() == "refresh"]


def test_value_of_ten_megabytes_is_bounded_and_its_size_said(store: Store) -> None:
    put(store, "sf", "contacts", id=["1", "2"], given_name=[HUGE, "B"], email=[HUGE, "b@x.example"])
    belong(store, {("sf", "contacts", "1"): "E", ("sf", "contacts", "2"): "E"})
    blame(store, [finding(("sf", "contacts", "1"), "email-invalid", value=HUGE, message=f"not an address: {HUGE}")])
    report = gather(store, DAY, NOTHING_REQUIRED, notes=[HUGE])
    html = render_html(report)
    assert len(html) < 40_000
    assert "(10,000,000 characters)" in html


def test_page_reads_in_order_and_says_its_charts_in_words(hostile: Report) -> None:
    page = Page(render_html(hostile))
    assert [tag for tag, _ in page.elements].count("h1") == 1
    levels = [int(tag[1]) for tag, _ in page.elements if re.fullmatch("h[1-6]", tag)]
    assert all(later - earlier <= 1 for earlier, later in pairwise(levels))
    charts = page.named("svg")
    assert charts
    assert all(chart["role"] == "img" and chart["aria-label"] for chart in charts)
    assert all(cell.get("scope") == "col" for cell in page.named("th"))
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert {attributes["aria-labelledby"] for _, attributes in page.elements if "aria-labelledby" in attributes} <= set(
        ids
    )


def test_bars_of_a_chart_never_exceed_their_box(hostile: Report) -> None:
    page = Page(render_html(hostile))
    for rect in page.named("rect"):
        assert 0 <= float(rect.get("x", "0")) + float(rect["width"]) <= 100.01


def test_empty_store_gives_a_page_without_empty_sections(store: Store) -> None:
    page = Page(render_html(gather(store, DAY, {"contacts": ("email",)})))
    text = "".join(page.text)
    assert "There are no records to judge yet." in text
    for heading in ("What to do next", "What happened", "Duplicates stand", "Open deals by stage", "Planned changes"):
        assert heading not in text
    assert "Nothing was found." in text


def test_same_store_gives_the_same_bytes(store: Store) -> None:
    fill(store)
    assert render_html(gathered(store)) == render_html(gathered(store))


def test_story_lines_are_set_apart_by_their_verb(store: Store) -> None:
    people(store, "sf", "1")
    report = replace(gather(store, DAY, NOTHING_REQUIRED), story=("pull     1 record", "No verb here.  Two blanks."))
    html = render_html(report)
    assert "<b>pull</b> <span>1 record</span>" in html
    assert "<li><span>No verb here.  Two blanks.</span></li>" in html


def test_page_is_readable_by_its_owner_only_even_over_an_open_file(tmp_path: Path) -> None:
    target = tmp_path / "new" / "report.html"
    write_private(target, "first")
    target.chmod(0o644)
    write_private(target, "secönd\n")
    assert target.read_bytes() == "secönd\n".encode()
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert os.listdir(target.parent) == ["report.html"]  # noqa: PTH208  nothing is left beside it


def test_page_that_cannot_be_written_is_told_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot be written"):
        write_private(tmp_path / "file" / "report.html", "text")
    (tmp_path / "folder.html").mkdir()
    with pytest.raises(InputError, match=r"folder\.html cannot be written"):
        write_private(tmp_path / "folder.html", "text")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "folder.html"]
