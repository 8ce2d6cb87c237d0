"""Shares that do not lie and text that cannot be disguised."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.wording import LIMIT, brief, brief_column, counted, percent, shown, text_of


@pytest.mark.parametrize(
    ("share", "words"),
    [
        pytest.param(0.0, "0%", id="nothing"),
        pytest.param(1e-9, "<1%", id="next to nothing"),
        pytest.param(0.5, "50%", id="half"),
        pytest.param(0.9999, ">99%", id="next to all"),
        pytest.param(1.0, "100%", id="all"),
    ],
)
def test_percent_says_nothing_and_all_only_when_it_is(share: float, words: str) -> None:
    assert percent(share) == words


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        pytest.param("Zoë Müller 李雷 عمر", "Zoë Müller 李雷 عمر", id="plain names of many scripts"),
        pytest.param("a\u200bb", "a\ufffdb", id="zero-width space"),
        pytest.param("abc\u202edef", "abc\ufffddef", id="right-to-left override"),
        pytest.param("a\u200db", "a\ufffdb", id="joiner between Latin letters"),
        pytest.param("\u0646\u06cc\u200c\u0644\u0648", "\u0646\u06cc\u200c\u0644\u0648", id="joiner in Persian"),
        pytest.param("👩\u200d💻", "👩\u200d💻", id="joiner in an emoji"),
        pytest.param("Jean\u00a0Paul", "Jean␣Paul", id="no-break space"),
        pytest.param("one\r\ntwo\tthree", "one ↵ two ⇥ three", id="line break and tab"),
        pytest.param("\x00\x1b[0m", "\ufffd\ufffd[0m", id="control characters"),
        pytest.param("\ud800", "\ufffd", id="half a surrogate pair"),
        pytest.param("e" + "\u0301" * 9, "e" + "\u0301" * 4, id="stacked marks"),
    ],
)
def test_shown_makes_visible_what_hides(text: str, seen: str) -> None:
    assert shown(text) == seen


@given(st.text())
def test_shown_is_bounded_encodable_and_stable(text: str) -> None:
    once = shown(text)
    once.encode()
    assert len(once) <= 3 * (2 * LIMIT + 40)
    assert shown(once) == once or len(once) > 2 * LIMIT


@given(st.text(max_size=LIMIT))
def test_brief_keeps_what_is_short(text: str) -> None:
    assert brief(text) == text
    assert pl.DataFrame({"a": [text]}).select(brief_column("a")).item() == text


def test_brief_says_how_long_the_text_was() -> None:
    assert brief("x" * 1000, 3) == "xxx… (1,000 characters)"
    column = pl.DataFrame({"a": ["x" * 1000, None]}).select(brief_column("a"))
    assert column["a"].to_list() == ["x" * LIMIT + "…", None]


@pytest.mark.parametrize(
    ("value", "words"),
    [
        pytest.param(None, "(blank)", id="blank"),
        pytest.param("", "", id="empty text is not blank"),
        pytest.param(True, "yes", id="flag"),
        pytest.param(1_000_000, "1000000", id="number without grouping"),
    ],
)
def test_text_of_tells_blank_from_empty(value: object, words: str) -> None:
    assert text_of(value) == words


def test_counted_agrees_in_number() -> None:
    assert [counted(number, "record") for number in (0, 1, 2000)] == ["0 records", "1 record", "2,000 records"]
