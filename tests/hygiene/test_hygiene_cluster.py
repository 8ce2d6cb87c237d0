"""Blocks and clusters against slow, obvious oracles."""

from __future__ import annotations

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from hygiene.block import candidate_pairs
from hygiene.cluster import cluster, components

KEYS = st.lists(
    st.tuples(st.integers(0, 12), st.sampled_from(["a", "b", None]), st.sampled_from(["x", "y", None])), max_size=30
)
SCHEMA = {"row": pl.UInt32, "key": pl.String, "finer": pl.String}


@settings(max_examples=50, deadline=None)
@given(KEYS)
def test_blocking_agrees_with_comparing_everything(rows: list[tuple[int, str | None, str | None]]) -> None:
    table = pl.DataFrame(rows, schema=SCHEMA, orient="row")
    wanted = {
        (one, other)
        for one, key, _ in rows
        for other, same, _ in rows
        if key is not None and key == same and one < other
    }
    assert set(candidate_pairs(table, max_block=1000).iter_rows()) == wanted


@settings(max_examples=50, deadline=None)
@given(KEYS)
def test_split_blocks_still_connect_rows_that_agree_in_both_keys(
    rows: list[tuple[int, str | None, str | None]],
) -> None:
    table = pl.DataFrame(rows, schema=SCHEMA, orient="row")
    pairs = candidate_pairs(table, max_block=3)
    size = 13
    edges = pairs.with_columns(probability=pl.lit(0.9), by_person=pl.lit(value=False))
    roots = cluster(size, edges, edges.clear(), max_cluster=size).roots
    for one, key, finer in rows:
        for other, same, also in rows:
            if key is not None and (key, finer) == (same, also):
                assert roots[one] == roots[other]


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


EDGES = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9), st.sampled_from([0.9, 0.95, 1.0])), max_size=20)
APART = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=5)


def _edges(rows: list[tuple[int, int, float]]) -> pl.DataFrame:
    ordered = [(min(one, other), max(one, other), value, False) for one, other, value in rows if one != other]
    schema = {"left": pl.UInt32, "right": pl.UInt32, "probability": pl.Float64, "by_person": pl.Boolean}
    return pl.DataFrame(ordered, schema=schema, orient="row").unique(
        ["left", "right"], keep="first", maintain_order=True
    )


@settings(max_examples=60, deadline=None)
@given(EDGES, APART, st.integers(2, 10))
def test_clusters_keep_enemies_apart_respect_the_cap_and_join_all_else(
    rows: list[tuple[int, int, float]], enemies: list[tuple[int, int]], cap: int
) -> None:
    edges = _edges(rows)
    apart = pl.DataFrame(
        [pair for pair in enemies if pair[0] != pair[1]], schema={"left": pl.UInt32, "right": pl.UInt32}, orient="row"
    ).with_columns(by_person=pl.lit(value=False))
    found = cluster(10, edges, apart, max_cluster=cap)
    assert all(found.roots[one] != found.roots[other] for one, other in apart.select("left", "right").iter_rows())
    assert max(found.roots.count(root) for root in found.roots) <= cap
    unjoined = {*found.split, *found.capped}
    for one, other in edges.select("left", "right").iter_rows():
        assert found.roots[one] == found.roots[other] or (one, other) in unjoined
    again = cluster(10, edges.reverse(), apart.reverse(), max_cluster=cap)
    assert again == found
