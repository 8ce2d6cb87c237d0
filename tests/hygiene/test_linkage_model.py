"""A model by itself: it weighs a pair the same whichever other records are there, and comes back from its bytes."""

from __future__ import annotations

import json
from functools import cache

import numpy as np
import polars as pl
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from hygiene.linkage.comparison import Comparison
from hygiene.linkage.link import Linked, link, link_keys, prepared
from hygiene.linkage.model import Model
from tests.hygiene.test_linkage import PERSON, people

KINDS = {**PERSON, "phone": "phone", "born": "date", "city": "area"}
ROWS = 600
few = settings(max_examples=25, deadline=None)


@cache
def table() -> pl.DataFrame:
    chance = np.random.default_rng(5)
    base = people(ROWS // 2, 2)
    cities = chance.choice(["Leeds", "York", "Hull", "Bath"], len(base))
    days = chance.integers(1, 29, len(base))
    return base.with_columns(
        pl.Series("city", cities),
        pl.Series("born", [f"19{50 + day}-03-{day:02}" for day in days.tolist()]),
        pl.Series("phone", [f"0161 555 {number:04}" for number in chance.integers(0, 400, len(base)).tolist()]),
    )


@cache
def learned() -> tuple[Linked, Model]:
    keys, comparisons = prepared(table(), KINDS)
    linked = link_keys(keys, comparisons)
    assert linked.learned is not None
    return linked, Model.of(linked.learned, linked.compared, comparisons, len(keys), [7, 3])


def weights(rows: pl.DataFrame, names: pl.Series) -> dict[frozenset[object], float]:
    linked = link(rows, KINDS, model=learned()[1])
    left, right = names[linked.left].to_list(), names[linked.right].to_list()
    return {
        frozenset(pair): weight
        for pair, weight in zip(zip(left, right, strict=True), linked.probability.tolist(), strict=True)
    }


def test_model_gives_the_records_it_was_learned_from_the_same_probabilities() -> None:
    linked, model = learned()
    again = link(table(), KINDS, model=model)
    assert np.array_equal(linked.probability, again.probability)
    assert np.array_equal(linked.clusters(), again.clusters())


def test_model_comes_back_from_its_bytes() -> None:
    model = learned()[1]
    back = Model.parse(model.body)
    assert (back.body, back.version, back.skewed) == (model.body, model.version, (3, 7))
    assert np.array_equal(link(table(), KINDS, model=back).probability, learned()[0].probability)


def test_model_that_differs_in_one_number_has_another_version() -> None:
    model = learned()[1]
    other = json.loads(model.body)
    other["share"][0] += 1e-12
    assert Model.parse(json.dumps(other).encode()).version != model.version


def test_model_of_another_format_is_refused() -> None:
    with pytest.raises(ValueError, match="format 99"):
        Model.parse(b'{"format":99}')


def test_model_of_other_comparisons_is_refused() -> None:
    with pytest.raises(ValueError, match="other comparisons"):
        link(table(), PERSON, model=learned()[1])


def test_pairs_of_few_records_are_told_what_learning_began_with() -> None:
    linked, model = learned()
    few_pairs = link(table()[:3], KINDS, model=model).compared
    for one, began in zip(model.informed(few_pairs), linked.compared, strict=True):
        assert one.prior.m.tolist() == began.prior.m.tolist()
        assert one.prior.u.tolist() == began.prior.u.tolist()


def test_model_keeps_only_values_that_occur_more_than_once() -> None:
    kept = learned()[1].terms.counts["phone0"]
    counted = table()["phone"].str.replace_all(r"\D", "").value_counts(name="n").filter(pl.col("n") > 1)
    assert kept["value"].to_list() == sorted(counted["phone"].str.slice(-10).to_list())
    assert kept["count"].sum() == counted["n"].sum()


@few
@given(st.sets(st.integers(0, ROWS - 1), min_size=2, max_size=30), st.randoms(use_true_random=False))
def test_pair_weighs_the_same_among_any_other_records_in_any_order(rows: set[int], chance: object) -> None:
    order = list(rows)
    chance.shuffle(order)  # type: ignore[attr-defined]
    some = table()[order]
    assume(some["company"].count())  # where nobody names one, nothing tells that a company is an employer here
    every = all_weights()
    assert weights(some, pl.Series(order)).items() <= every.items()


@cache
def all_weights() -> dict[frozenset[object], float]:
    return weights(table(), pl.Series(range(ROWS)))


@few
@given(st.permutations(range(60)))
def test_clusters_are_the_same_in_any_order_of_the_records(order: list[int]) -> None:
    assert clusters(order) == clusters_in_order()


def clusters(order: list[int]) -> set[frozenset[int]]:
    roots = link(table()[order], KINDS, model=learned()[1]).clusters()
    return {frozenset(np.array(order)[roots == root].tolist()) for root in set(roots.tolist())}


@cache
def clusters_in_order() -> set[frozenset[int]]:
    return clusters(list(range(60)))


@few
@given(st.lists(st.tuples(st.integers(0, ROWS - 1), st.integers(0, ROWS - 1)), min_size=1, max_size=40))
def test_comparisons_say_the_same_when_left_and_right_change_places(pairs: list[tuple[int, int]]) -> None:
    keys, comparisons = compared()
    left, right = (np.array(side, np.uint32) for side in zip(*pairs, strict=True))
    for comparison in comparisons:
        straight, swapped = comparison.compare(left, right), comparison.compare(right, left)
        assert straight.words == swapped.words
        assert straight.levels.tolist() == swapped.levels.tolist()
    assert len(keys) == ROWS


@cache
def compared() -> tuple[pl.DataFrame, list[Comparison]]:
    return prepared(table(), KINDS, learned()[1].terms)
