"""Clusters against slow, obvious oracles."""

from __future__ import annotations

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from hygiene.cluster import PAIRS, cluster, components


def _slow_components(size: int, edges: list[tuple[int, int]]) -> list[int]:
    labels = list(range(size))
    for _ in range(size):
        for one, other in edges:
            labels[one] = labels[other] = min(labels[one], labels[other])
    return labels


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 14), st.integers(0, 14)), max_size=25))
def test_components_are_those_of_spreading_the_smallest_row(rows: list[tuple[int, int]]) -> None:
    edges = pl.DataFrame(rows, schema={"left": pl.UInt32, "right": pl.UInt32}, orient="row")
    assert components(15, edges).tolist() == _slow_components(15, rows)


EDGES = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9), st.sampled_from([4.0, 8.0, 12.0])), max_size=20)
APART = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=5)
AGAINST = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9), st.sampled_from([-12.0, -3.0])), max_size=8)


def _pairs(
    edges: list[tuple[int, int, float]], apart: list[tuple[int, int]], against: list[tuple[int, int, float]]
) -> pl.DataFrame:
    """Each pair once: what keeps apart before what joins before what merely speaks against it."""
    rows = [
        *((one, other, 4.0, False, True, False) for one, other in apart),
        *((one, other, bits, True, False, False) for one, other, bits in edges),
        *((one, other, bits, False, False, False) for one, other, bits in against),
    ]
    ordered = [(min(row[:2]), max(row[:2]), *row[2:]) for row in rows if row[0] != row[1]]
    return pl.DataFrame(ordered, schema=PAIRS, orient="row").unique(
        ["left", "right"], keep="first", maintain_order=True
    )


@settings(max_examples=80, deadline=None)
@given(EDGES, APART, AGAINST, st.integers(2, 10))
def test_clusters_keep_enemies_apart_respect_the_cap_and_tell_what_they_did_not_join(
    edges: list[tuple[int, int, float]],
    apart: list[tuple[int, int]],
    against: list[tuple[int, int, float]],
    cap: int,
) -> None:
    pairs = _pairs(edges, apart, against)
    found = cluster(10, pairs, max_cluster=cap)
    for one, other in pairs.filter("parts").select("left", "right").iter_rows():
        assert found.roots[one] != found.roots[other]
    assert max(found.roots.count(root) for root in found.roots) <= cap
    unjoined = {*found.split, *found.capped}
    for one, other in pairs.filter("joins").select("left", "right").iter_rows():
        assert found.roots[one] == found.roots[other] or (one, other) in unjoined
    assert cluster(10, pairs.reverse(), max_cluster=cap) == found


def test_bridge_joins_no_groups_that_all_other_evidence_keeps_apart() -> None:
    sure = [(0, 1, 12.0), (2, 3, 12.0), (1, 2, 4.0)]
    against = [(0, 2, -6.0), (0, 3, -6.0), (1, 3, -6.0)]
    found = cluster(4, _pairs(sure, [], against), max_cluster=9)
    assert found.roots == [0, 0, 2, 2]
    assert found.split == [(1, 2)]
    assert cluster(4, _pairs(sure, [], []), max_cluster=9).roots == [0, 0, 0, 0]


def test_person_joins_what_a_rule_keeps_apart_but_not_what_a_person_does() -> None:
    asked = pl.DataFrame([(0, 1, 12.0, True, False, True), (1, 2, 12.0, True, False, True)], schema=PAIRS, orient="row")
    rule, person = ((0, 2, -12.0, False, True, by_person) for by_person in (False, True))
    by_rule = cluster(3, pl.concat([asked, pl.DataFrame([rule], schema=PAIRS, orient="row")]), max_cluster=9)
    by_person = cluster(3, pl.concat([asked, pl.DataFrame([person], schema=PAIRS, orient="row")]), max_cluster=9)
    assert by_rule.roots == [0, 0, 0]
    assert by_person.roots == [0, 0, 2]
