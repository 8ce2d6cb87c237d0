"""Clusters from pairs: all evidence between two groups counts, in any order, and a giant component costs no more than
its pairs."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from hygiene.linkage.agglomerate import agglomerate
from hygiene.linkage.codes import Rows
from hygiene.linkage.hashes import Hashes, mixed

PROBABILITIES = [0.001, 0.2, 0.5, 0.7, 0.9, 0.9999]
edges = st.dictionaries(
    st.tuples(st.integers(0, 11), st.integers(0, 11)).filter(lambda pair: pair[0] < pair[1]),
    st.sampled_from(PROBABILITIES),
    min_size=1,
)


def groups(pairs: dict[tuple[int, int], float], order: list[int]) -> set[frozenset[int]]:
    """The clusters of twelve records that stand in this order."""
    row_of = {record: row for row, record in enumerate(order)}
    rows = [sorted((row_of[one], row_of[other])) for one, other in pairs]
    left, right = np.array(rows, np.uint32).T

    def contents(rows: Rows) -> Hashes:
        return mixed(np.array(order, np.uint64)[rows])

    roots = agglomerate(12, left, right, np.array([*pairs.values()]), threshold=0.5, contents=contents)
    assert (roots <= np.arange(12)).all()
    assert (roots[roots] == roots).all()
    return {frozenset(np.array(order)[roots == root].tolist()) for root in set(roots.tolist())}


@settings(deadline=None, max_examples=50)
@given(edges, st.permutations(range(12)))
def test_clusters_do_not_depend_on_the_order_of_records_and_pairs(
    pairs: dict[tuple[int, int], float], order: list[int]
) -> None:
    turned = dict(reversed(pairs.items()))
    assert groups(pairs, list(range(12))) == groups(turned, order)


def test_hub_of_a_giant_component_keeps_only_as_many_as_agree() -> None:
    """30,000 records that one bridges, none of which was found alike with another."""
    count = 30_000
    left, right = np.zeros(count, np.uint32), np.arange(1, count + 1, dtype=np.uint32)
    roots = agglomerate(count + 1, left, right, np.full(count, 0.999), threshold=0.5)
    assert 2 <= (roots == 0).sum() < 20
    assert len(set(roots.tolist())) > count - 20


def test_chain_of_a_giant_component_falls_apart() -> None:
    count = 50_000
    left, right = np.arange(count, dtype=np.uint32), np.arange(1, count + 1, dtype=np.uint32)
    roots = agglomerate(count + 1, left, right, np.full(count, 0.999), threshold=0.5)
    assert np.bincount(roots).max() < 40
    assert (roots[roots] == roots).all()


def test_twins_follow_the_record_they_are_the_same_as() -> None:
    left, right = np.array([0, 0, 0, 1], np.uint32), np.array([1, 2, 3, 4], np.uint32)
    probability = np.array([0.99, 0.9, 0.9, 0.2])
    roots = agglomerate(5, left, right, probability, threshold=0.5, twins=np.array([2, 3, 4], np.uint32))
    assert roots.tolist() == [0, 0, 0, 0, 4]
