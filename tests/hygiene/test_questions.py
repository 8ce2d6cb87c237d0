"""Which undecided pairs are asked about first, and what the answers do to the weights."""

from __future__ import annotations

import json
from random import Random

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hygiene.linkage.answers import refined
from hygiene.linkage.classes import weigh
from hygiene.questions import in_order
from tests.hygiene.test_linkage_model import learned

few = settings(max_examples=25, deadline=None)
SIDES = {f"{side}_{part}": pl.String for side in ("left", "right") for part in ("connection", "stream", "id")}


def asked(*pairs: tuple[float, tuple[str, ...]], decision: str = "unsure", rule: str = "evidence") -> pl.DataFrame:
    rows = [
        ("sf", "contacts", f"{at:03}", "sf", "contacts", f"{at:03}x", "person", decision, probability, rule, "",
         json.dumps([[0.5, word, 0.0] for word in words]))
        for at, (probability, words) in enumerate(pairs)
    ]  # fmt: skip
    schema = {**SIDES, "kind": pl.String, "decision": pl.String, "probability": pl.Float64, "rule": pl.String,
              "reason": pl.String, "evidence": pl.String}  # fmt: skip
    return pl.DataFrame(rows, schema=schema, orient="row")


def order(pairs: pl.DataFrame) -> list[int]:
    return [int(number) for number in in_order(pairs)["left_id"]]


def test_the_less_certain_pair_comes_first() -> None:
    assert order(asked((0.85, ("a",)), (0.5, ("b",)), (0.31, ("c",)))) == [1, 2, 0]


def test_pairs_that_are_alike_do_not_come_in_a_row() -> None:
    assert order(asked((0.5, ("a", "b")), (0.5, ("a", "b")), (0.5, ("a", "b")), (0.4, ("c", "d"))))[:2] == [0, 3]


def test_what_was_answered_is_asked_about_later() -> None:
    answers = asked(*[(1.0, ("a",))] * 3, decision="same", rule="verdict")
    assert order(pl.concat([asked((0.5, ("a",)), (0.4, ("b",))), answers])) == [1, 0]


def test_only_unsure_pairs_are_asked_about_and_each_once() -> None:
    many = asked(*[(0.3 + 0.002 * at, (f"w{at % 7}", f"v{at % 3}")) for at in range(260)])
    sure = asked((0.95, ("a",)), decision="same")
    assert sorted(order(pl.concat([many, sure]))) == list(range(260))
    assert in_order(sure).is_empty()


@few
@given(st.permutations(range(12)))
def test_order_of_the_questions_does_not_depend_on_that_of_the_pairs(mixed: list[int]) -> None:
    pairs = asked(*[(0.3 + 0.05 * (at % 6), (f"w{at % 4}", f"v{at % 3}")) for at in range(12)])
    assert order(pairs[mixed]) == order(pairs)


def test_verdict_moves_the_odds_of_its_pair_and_of_those_alike_towards_it() -> None:
    linked, model = learned()
    pair = int(np.abs(linked.probability - 0.5).argmin())
    compared = [one.at(np.array([pair])) for one in linked.compared]
    before = weigh(model.learned, compared)[0]
    for answer in (True, False):
        after = weigh(refined(model.learned, compared, np.array([answer])), compared)[0]
        assert bool(after > before) is answer


def test_no_verdict_leaves_the_model_as_it_is() -> None:
    linked, model = learned()
    none = [one.at(np.zeros(0, np.int64)) for one in linked.compared]
    assert refined(model.learned, none, np.zeros(0, bool)) is model.learned


@few
@given(st.lists(st.tuples(st.integers(0, 500), st.booleans()), min_size=1, max_size=12), st.randoms())
def test_same_verdicts_in_any_order_give_the_same_model(answers: list[tuple[int, bool]], chance: Random) -> None:
    linked, model = learned()
    mixed = list(answers)
    chance.shuffle(mixed)

    def tables(answers: list[tuple[int, bool]]) -> list[list[list[float]]]:
        compared = [one.at(np.array([pair for pair, _ in answers])) for one in linked.compared]
        moved = refined(model.learned, compared, np.array([answer for _, answer in answers]))
        return [table.tolist() for table in moved.tables]

    assert tables(mixed) == tables(answers)


def test_verdicts_of_many_who_agree_outweigh_what_was_learned() -> None:
    linked, model = learned()
    pair = int(np.abs(linked.probability - 0.5).argmin())
    many = [one.at(np.full(200, pair)) for one in linked.compared]
    moved = refined(model.learned, many, np.arange(200) % 10 != 0)
    assert weigh(moved, many)[0] == pytest.approx(0.9, abs=0.05)
