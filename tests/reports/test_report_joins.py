"""Planned merges and conversions side by side, on the page and in a terminal."""

from __future__ import annotations

from datetime import date

import pytest

from model.changes import Chosen, Convert, Merge
from model.evidence import RecordKey
from reports.content import Join, Report
from reports.gather import gather
from reports.html import render_html
from reports.joins import print_join
from store import Store
from tests.reports.shelf import NOTHING_REQUIRED, put

A, B, C = (RecordKey("sf", "contacts", one) for one in "abc")
HOSTILE = "<script>alert(1)</script>"


@pytest.fixture
def report(store: Store) -> Report:
    put(store, "sf", "users", id=["u1"], name=["Ada Owner"])
    put(store, "sf", "contacts", id=["a", "b"], phone=["0161 555 0100", None], title=[None, HOSTILE],
        owner_id=["u1", "u9"], email_opt_out=[False, True])  # fmt: skip
    put(store, "sf", "leads", id=["l"], given_name=["Ann"], company=["Acme"])
    chosen = (
        Chosen("phone", "+441615550100", A, "the only value"),
        Chosen("title", HOSTILE, B, "the newest"),
        Chosen("owner_id", "u1", A, "the survivor's"),
        Chosen("email_opt_out", True, B, "an opt-out always wins"),
    )
    merge = Merge(A, (B,), (("title", HOSTILE),), 1, "one person", "merge-duplicates", chosen=chosen)
    convert = Convert(RecordKey("sf", "leads", "l"), A, None, 1, "a contact already", "convert-lead")
    store.save_plan(store.begin_run("plan", 1), [merge, convert], 1)
    return gather(store, date(2026, 11, 22), NOTHING_REQUIRED)


def test_merge_has_a_column_for_each_record_and_marks_what_survives(report: Report) -> None:
    assert (report.joins.merges, report.joins.conversions) == (1, 1)
    merge, convert = report.joins.shown
    assert merge.records == ("a (survives)", "b")
    told = {line.field: (line.cells, line.kept, line.value, line.reason) for line in merge.lines}
    assert told["phone"] == (("0161 555 0100", "(blank)"), (True, False), "+441615550100", "the only value")
    assert told["owner_id"][0] == ("Ada Owner", "u9"), "an owner is shown by name where it is known"
    assert told["email_opt_out"][:2] == (("no", "yes"), (False, True))
    assert convert.records == ("contact a", "lead l")
    assert not report.changes, "what is joined is told here only"


def test_page_shows_merges_escaped_and_says_how_they_are_sent(report: Report) -> None:
    page = render_html(report)
    assert HOSTILE not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert page.count('<td class="kept">') == 4
    assert "→ +441615550100" in page
    assert "trueline push --merges --apply" in page


def test_terminal_stars_what_survives_and_shows_a_corrected_value(report: Report) -> None:
    said: list[str] = []
    rows: list[tuple[object, ...]] = []
    merge: Join = report.joins.shown[0]
    print_join(merge, said.append, lambda _, table: rows.extend(tuple(row) for row in table))
    assert said[1:] == ["sf/contacts/a: merge 1 record into it", "    one person"]
    assert rows[0] == ("phone", "* 0161 555 0100 -> +441615550100", "(blank)", "the only value")


def test_record_that_is_gone_since_the_plan_leaves_its_column_blank(store: Store) -> None:
    put(store, "sf", "contacts", id=["a"], title=["CEO"])
    merge = Merge(A, (B, C), (), 1, "one person", chosen=(Chosen("title", "CEO", A, "the only value"),))
    store.save_plan(store.begin_run("plan", 1), [merge], 1)
    (join,) = gather(store, date(2026, 11, 22), NOTHING_REQUIRED).joins.shown
    assert join.lines[0].cells == ("CEO", "(blank)", "(blank)")
