"""The waterfall of a pair adds up to the probability that the model gives it."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hygiene.linkage.explain import SILENT, waterfall
from hygiene.linkage.link import link
from tests.hygiene.test_linkage import PERSON
from tests.hygiene.test_linkage_model import KINDS, few, learned, table

LAST = len(learned()[0].left) - 1


@few
@given(st.integers(0, LAST))
def test_steps_add_up_to_the_log_odds_of_the_pair(pair: int) -> None:
    linked, model = learned()
    steps = waterfall(model, linked.compared, pair)
    probability = float(linked.probability[pair])
    assert steps.probability == pytest.approx(probability, rel=1e-9)
    assert steps.bits == pytest.approx(math.log2(probability) - math.log1p(-probability) / math.log(2), rel=1e-6)
    assert steps.levels[-1] == pytest.approx(steps.bits)


@few
@given(st.integers(0, LAST))
def test_each_step_says_its_level_in_words(pair: int) -> None:
    linked, model = learned()
    for one, step in zip(linked.compared, waterfall(model, linked.compared, pair).steps, strict=True):
        assert step.comparison == one.family
        assert step.words == (one.words[one.levels[pair]] or SILENT)


def test_nothing_to_compare_moves_nothing() -> None:
    rows = table()[:2].with_columns(email=None)
    linked = link(rows, KINDS, model=learned()[1])
    silent = [step for step in waterfall(learned()[1], linked.compared).steps if step.words == SILENT]
    assert [step.comparison for step in silent] == ["email"]
    assert silent[0].bits == 0.0


def test_comparisons_of_another_model_are_refused() -> None:
    other = link(table()[:10], PERSON)
    with pytest.raises(ValueError, match="other comparisons"):
        waterfall(learned()[1], other.compared)
