"""The evaluator of the benchmarks: examples worked out by hand, and laws."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.evaluate import (
    THRESHOLDS,
    agreement,
    answer_score,
    connected,
    coverage,
    labelled_score,
    labels_of,
    pair_score,
    reliability,
)
from benchmarks.judge import blocking_loss, judged_clusters, judged_pairs, judged_sweep
from benchmarks.labelled import LabelledSet

# Entities a (3 records), b (2), c (1); found: two of a with one of b, the rest of b with c, the third a alone.
TRUTH = pl.Series(["a", "a", "a", "b", "b", "c"])
FOUND = pl.Series([1, 1, 2, 1, 3, 3])
LAW = settings(deadline=None, max_examples=50)
groupings = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=25)


def split(pairs: list[tuple[int, int]]) -> tuple[pl.Series, pl.Series]:
    return pl.Series([one for one, _ in pairs]), pl.Series([other for _, other in pairs])


def test_pairs_of_a_small_clustering_are_counted() -> None:
    score = pair_score(FOUND, TRUTH)
    assert (score.right, score.found, score.true) == (1, 4, 4)
    assert (score.precision, score.recall, score.f1) == (0.25, 0.25, 0.25)


def test_b_cubed_of_a_small_clustering_is_the_mean_over_its_records() -> None:
    found = agreement(FOUND, TRUTH)
    # Records in order: their cluster's share that is theirs, and their entity's share that is in the cluster.
    assert found.b_cubed_precision == pytest.approx((2 / 3 + 2 / 3 + 1 + 1 / 3 + 1 / 2 + 1 / 2) / 6)
    assert found.b_cubed_recall == pytest.approx((2 / 3 + 2 / 3 + 1 / 3 + 1 / 2 + 1 / 2 + 1) / 6)


def test_only_whole_clusters_are_right_and_singles_are_none() -> None:
    truth = pl.Series(["a", "a", "b", "b", "b", "c"])
    clusters = agreement(pl.Series([1, 1, 2, 2, 3, 4]), truth).clusters
    assert (clusters.right, clusters.found, clusters.true) == (1, 2, 2)


def test_records_without_a_truth_do_not_count() -> None:
    found, truth = pl.Series([1, 1, 1, 2]), pl.Series(["a", "a", None, "b"])
    assert agreement(found, truth) == agreement(pl.Series([1, 1, 2]), pl.Series(["a", "a", "b"]))


def test_labels_give_each_null_a_number_of_its_own() -> None:
    assert labels_of(pl.Series(["x", None, "x", None, "a"])).tolist() == [1, 2, 1, 3, 0]
    assert labels_of(pl.Series([None, None], dtype=pl.String)).tolist() == [0, 1]


def test_answers_count_abstentions_and_wrong_answers_apart() -> None:
    answered = pl.Series([1, 2, None, 4, None], dtype=pl.Int64)
    true = pl.Series([1, 3, 3, None, None], dtype=pl.Int64)
    score = answer_score(answered, true)
    assert (score.right, score.found, score.true) == (1, 3, 3)
    assert coverage(answered, true) == pytest.approx(2 / 3)


def test_labelled_pairs_are_scored_without_any_others() -> None:
    score = labelled_score(np.array([True, True, False]), np.array([True, False, True]))
    assert (score.right, score.found, score.true) == (1, 2, 2)


def test_reliability_puts_each_pair_in_its_bin() -> None:
    probability = np.array([0.0, 0.5, 0.6, 0.99, 1.0])
    table = reliability(probability, np.array([False, True, False, True, True]))
    assert table["from"].to_list() == [0.0, 0.5, 0.99]
    assert table["pairs"].to_list() == [1, 2, 2]
    assert table["said"].to_list() == pytest.approx([0.0, 0.55, 0.995])
    assert table["true"].to_list() == [0.0, 0.5, 1.0]


def test_components_grow_as_the_threshold_falls() -> None:
    pairs = pl.DataFrame({"left": [0, 1, 3], "right": [1, 2, 4], "probability": [0.9, 0.4, 0.6]})
    found = {threshold: labels.tolist() for threshold, labels in connected(5, pairs, (0.3, 0.5, 0.95))}
    assert found == {0.95: [0, 1, 2, 3, 4], 0.5: [0, 0, 2, 3, 3], 0.3: [0, 0, 0, 3, 3]}


def people(truth: pl.Series, boundary: int | None = None, pairs: pl.DataFrame | None = None) -> LabelledSet:
    table = pl.DataFrame({"name": ["x"] * len(truth)})
    return LabelledSet("people", table, {"name": "family_name"}, truth, boundary, pairs)


def test_sweep_finds_the_best_threshold() -> None:
    pairs = pl.DataFrame({"left": [0, 0, 3], "right": [1, 2, 5], "probability": [0.97, 0.8, 0.1]})
    judged = judged_sweep(people(TRUTH), pairs, 0.9)
    assert judged["fixed"]["recall"] == 0.25
    assert judged["threshold"] in {one for one in THRESHOLDS if 0.1 < one <= 0.8}
    assert judged["best"] == {"precision": 1.0, "recall": 0.75, "f1": pytest.approx(6 / 7)}


def test_between_two_tables_only_pairs_across_count() -> None:
    two = people(pl.Series(["a", "a", "b", "a", "b", None]), boundary=3)
    found = pl.DataFrame({"left": [0, 2], "right": [3, 5]})
    assert judged_pairs(two, found)["pairs"] == {"precision": 0.5, "recall": pytest.approx(1 / 3), "f1": 0.4}


def test_where_pairs_are_labelled_no_others_count() -> None:
    gold = pl.DataFrame({"left": [0, 1], "right": [3, 3], "same": [True, False]})
    found = pl.DataFrame({"left": [0, 2], "right": [3, 4]})
    assert judged_pairs(people(TRUTH, 3, gold), found)["pairs"]["f1"] == 1.0


def test_blocking_loss_lets_a_twin_have_the_candidates_of_its_first() -> None:
    truth = pl.Series(["a", "a", "a", "b", "b", "c"])
    left, right = np.array([0, 0]), np.array([1, 2])
    # Row 1 is the twin of row 0: 0-1, 0-2 and with them 1-2 are seen, 3-4 is not.
    assert blocking_loss(people(truth), left, right, np.array([1])) == pytest.approx(1 / 4)
    assert blocking_loss(people(truth), left, right, np.array([], int)) == pytest.approx(2 / 4)


def test_set_is_read_as_it_was_saved(tmp_path: Path) -> None:
    one = people(TRUTH, 3, pl.DataFrame({"left": [0], "right": [3], "same": [True]}))
    one.save(tmp_path / "one")
    again = LabelledSet.load(tmp_path / "one")
    assert again.table.equals(one.table)
    assert again.truth.to_list() == TRUTH.to_list()
    assert (again.family, again.kinds, again.boundary) == (one.family, one.kinds, 3)
    assert again.pairs is not None
    assert again.pairs.rows() == [(0, 3, True)]


@LAW
@given(groupings)
def test_the_truth_itself_is_perfect(pairs: list[tuple[int, int]]) -> None:
    truth, _ = split(pairs)
    judged = judged_clusters(people(truth), truth)
    assert all(value == 1.0 for measure in judged.values() for value in measure.values())


@LAW
@given(groupings)
def test_singles_find_nothing_and_are_never_wrong(pairs: list[tuple[int, int]]) -> None:
    truth, _ = split(pairs)
    found = agreement(pl.Series(range(len(truth))), truth)
    assert found.pairs.precision == found.clusters.precision == found.b_cubed_precision == 1.0
    assert found.pairs.recall == (0.0 if truth.n_unique() < len(truth) else 1.0)
    assert found.b_cubed_recall == pytest.approx(truth.n_unique() / len(truth))


@LAW
@given(groupings)
def test_all_in_one_finds_everything(pairs: list[tuple[int, int]]) -> None:
    truth, _ = split(pairs)
    found = agreement(pl.Series([0] * len(truth)), truth)
    assert found.pairs.recall == found.b_cubed_recall == 1.0


@LAW
@given(groupings)
def test_found_and_true_change_places(pairs: list[tuple[int, int]]) -> None:
    found, truth = split(pairs)
    there, back = agreement(found, truth), agreement(truth, found)
    assert there.pairs.precision == back.pairs.recall
    assert there.clusters.precision == back.clusters.recall
    assert there.b_cubed_precision == pytest.approx(back.b_cubed_recall)


@LAW
@given(groupings)
def test_counts_agree_with_looking_at_every_pair_and_record(pairs: list[tuple[int, int]]) -> None:
    found, truth = split(pairs)
    rows = range(len(found))
    joined = {(one, other) for one in rows for other in rows if one < other and found[one] == found[other]}
    true = {(one, other) for one in rows for other in rows if one < other and truth[one] == truth[other]}
    score = pair_score(found, truth)
    assert (score.right, score.found, score.true) == (len(joined & true), len(joined), len(true))
    shares = [
        len({other for other in rows if found[other] == found[row] and truth[other] == truth[row]})
        / len({other for other in rows if found[other] == found[row]})
        for row in rows
    ]
    assert agreement(found, truth).b_cubed_precision == pytest.approx(sum(shares) / len(shares))
