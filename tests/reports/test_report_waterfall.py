"""The waterfall of a pair as text and as a page: it adds up, fits the terminal, and lets no value out of its cell."""

from __future__ import annotations

import math
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hygiene.linkage.explain import Step, Waterfall
from reports.waterfall import Field, bars, in_percent, waterfall_html, waterfall_lines
from tests.reports.hostile import ATTACKS
from tests.reports.parsed import Page

quick = settings(deadline=None)
BITS = st.floats(-60, 60, allow_nan=False)
STEPS = st.lists(st.builds(Step, st.sampled_from(["name", "email", "date of birth"]), st.text(max_size=90), BITS))
FALLS = st.builds(Waterfall, BITS, STEPS.map(tuple))


@quick
@given(FALLS)
def test_shown_bits_add_up_to_the_shown_sum(fall: Waterfall) -> None:
    *steps, total = bars(fall)[0]
    assert math.isclose(sum(step.bits for step in steps), total.bits, abs_tol=1e-6)
    assert total.bits == pytest.approx(fall.bits, abs=0.051)


@quick
@given(FALLS)
def test_bars_follow_one_another_from_even_odds_and_stay_in_the_picture(fall: Waterfall) -> None:
    (*steps, total), even = bars(fall)
    places = [even, *(step.end for step in steps)]
    assert [step.start for step in steps] == places[:-1]
    assert (total.start, total.end) == (even, places[-1])
    assert all(0 <= place <= 1 for place in places)


@quick
@given(FALLS)
def test_text_fits_into_eighty_columns(fall: Waterfall) -> None:
    lines = waterfall_lines(fall)
    assert max(map(len, lines)) <= 80
    assert all(line.isprintable() for line in lines)
    assert sum("|" in line[44:] for line in lines) == len(fall.steps) + 2


@pytest.mark.parametrize(
    ("probability", "text"),
    [(0.5, "50 %"), (0.998, "99.8 %"), (0.999964, "99.996 %"), (1.0, "more than 99.999 %"), (0.0, "less than 0.001 %")],
)
def test_probability_is_never_said_to_be_certain(probability: float, text: str) -> None:
    assert in_percent(probability) == f"{text} likely the same"


@pytest.mark.parametrize("attack", ATTACKS)
def test_page_shows_hostile_values_and_runs_none(attack: str) -> None:
    fall = Waterfall(-9.0, (Step(attack, attack, 12.0), Step("email", "different e-mails", -1.5)))
    page = Page(waterfall_html(attack, f"sf/contacts/{attack}", attack, [Field("email", attack, None)], fall))
    assert page.named("script", "img", "link", "base", "iframe", "object", "embed", "a", "form") == []
    assert page.handlers_and_references() == []
    drawn = page.named("rect")
    assert [re.fullmatch(r"\d+\.\d\d", one["x"]) is None for one in drawn] == [False] * 8
    assert [one["class"] for one in drawn[::2]] == ["bad", "good", "bad", "good"]


def test_page_without_a_model_shows_the_records_only() -> None:
    page = Page(
        waterfall_html("a/contacts/1", "a/contacts/2", "kept apart", [Field("email", "a@b.example", None)], None)
    )
    assert page.named("svg") == []
    assert "a@b.example" in page.text
