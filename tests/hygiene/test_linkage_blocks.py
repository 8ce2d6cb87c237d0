"""Blocking: which records meet depends on what is in them, not on their order nor on which others there are."""

from __future__ import annotations

from functools import cache

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hygiene.linkage.blocks import Blocks
from hygiene.linkage.codes import Rows
from hygiene.linkage.comparison import Comparison
from hygiene.linkage.hashes import hashes
from hygiene.linkage.link import link, prepared
from hygiene.linkage.pairs import ALL_PAIRS, Part, candidate_pairs, sharing
from tests.hygiene.test_linkage import PERSON, people

KINDS = {**PERSON, "phone": "phone"}
few = settings(max_examples=4, deadline=None)
Keys = tuple[pl.DataFrame, list[Comparison]]


def table_of(rows: int, seed: int = 3) -> pl.DataFrame:
    """Few names, firms and numbers on many records, so that most keys are skewed; some records many times over."""
    chance = np.random.default_rng(seed)

    def drawn(prefix: str, size: int, gaps: float) -> list[str | None]:
        drawn = chance.integers(0, size, rows).tolist()
        is_gap = (chance.random(rows) < gaps).tolist()
        return [
            None if gap else f"{prefix}{'abcdefghijklmnopqrst'[at % 20]}{at}"
            for at, gap in zip(drawn, is_gap, strict=True)
        ]

    table = pl.DataFrame(
        {
            "given": drawn("an", 4, 0.02),
            "family": drawn("lee", 5, 0.02),
            "email": drawn("x@firm.example", 60, 0.5),
            "company": drawn("firm ", 9, 0.2),
            "phone": drawn("0161555", 90, 0.5),
        }
    )
    same = table.head(1).with_columns(pl.lit("same@firm.example").alias("email"))
    return pl.concat([table, *([same] * 60)]).sample(fraction=1.0, shuffle=True, seed=seed)


@cache
def whole() -> tuple[pl.DataFrame, Keys, frozenset[tuple[int, int]], tuple[int, ...]]:
    table = table_of(ALL_PAIRS + 300)
    prepared_keys = prepared(table, KINDS)
    found = candidate_pairs(*prepared_keys)
    return table, prepared_keys, pairs_of(found.left, found.right), tuple(found.skewed.tolist())


def pairs_of(left: Rows, right: Rows) -> frozenset[tuple[int, int]]:
    return frozenset(zip(left.tolist(), right.tolist(), strict=True))


def contents(pairs: frozenset[tuple[int, int]], table: pl.DataFrame) -> list[tuple[str, str]]:
    """The pairs by what is in their records, so that records that are the same may change places."""
    text = table.select(pl.concat_str(pl.all().fill_null("-"), separator="|")).to_series().to_list()
    return sorted((min(text[a], text[b]), max(text[a], text[b])) for a, b in pairs)


def test_hashes_are_those_of_yesterday() -> None:
    texts = pl.Series(["", "a", "ana lee", "a text that is longer than one word", "größe", None])
    assert [f"{number:016x}" for number in hashes(texts).tolist()] == [
        "44e3a04963b5cfbe", "c8451417221f1664", "c3110421ee02da25", "9931b81f4fdcba49", "21bc700b365b898c", "0" * 16,
    ]  # fmt: skip


def test_hashes_tell_texts_apart_whatever_column_they_stand_in() -> None:
    texts = pl.Series([f"{number:x}" * (1 + number % 5) for number in range(50_000)]).unique()
    assert len(np.unique(hashes(texts))) == len(texts)
    assert hashes(texts[100:200]).tolist() == hashes(texts)[100:200].tolist()
    assert hashes(pl.Series([None, None], dtype=pl.String)).tolist() == [0, 0]


@few
@given(st.integers(0, 2**32 - 1))
def test_candidates_are_the_same_in_any_order_of_the_records(seed: int) -> None:
    table, (keys, comparisons), pairs, skewed = whole()
    order = np.random.default_rng(seed).permutation(len(table))
    found = candidate_pairs(keys[order], comparisons)
    assert contents(pairs_of(found.left, found.right), table[order]) == contents(pairs, table)
    assert tuple(found.skewed.tolist()) == skewed


def test_kept_block_keys_are_shared_by_just_the_pairs_of_a_run() -> None:
    _, (keys, comparisons), pairs, skewed = whole()
    again = candidate_pairs(keys, comparisons, skewed=np.array(skewed, np.uint64), keep=True)
    assert pairs_of(again.left, again.right) == pairs
    assert again.table is not None
    told = again.table.filter(~pl.col("key").is_in(list(skewed)))
    both = told.join(told, on="key").filter(pl.col("row") < pl.col("row_right")).select("row", "row_right").unique()
    twins = set(again.twins.tolist())
    assert set(both.rows()) == {(a, b) for a, b in pairs if a not in twins and b not in twins}


@few
@given(st.integers(1, ALL_PAIRS), st.integers(1, 40))
def test_new_records_meet_the_stored_ones_as_in_a_run_over_all(start: int, size: int) -> None:
    """The rows from `start` on are new: they, and the stored rows that share a key with one, are all that is looked
    at."""
    _, (keys, comparisons), pairs, skewed = whole()
    frozen = np.array(skewed, np.uint64)
    table = Blocks(keys, comparisons, frozen).table()
    new = range(start, min(start + size, len(keys)))
    shared = table.filter(pl.col("row").is_in(list(new)))["key"].unique()
    near = table.filter(pl.col("key").is_in(shared.implode()))["row"].to_list()
    rows = np.array(sorted({*new, *near}), np.uint32)
    part = Part(np.isin(rows, list(new)))
    found = candidate_pairs(keys[rows], comparisons, skewed=frozen, part=part)
    assert pairs_of(rows[found.left], rows[found.right]) == {(a, b) for a, b in pairs if a in new or b in new}


def test_records_of_a_skewed_key_meet_where_they_share_a_further_one() -> None:
    _, (keys, _), pairs, _ = whole()
    names = keys.select("given", "family", "org", "email", "phone0").rows()
    shared = sum(names[a][:2] == names[b][:2] for a, b in pairs)
    assert 0 < shared < len(keys) * 20
    met = {(a, b) for a, b in pairs if names[a][:3] == names[b][:3]}
    assert all(names[a][3:] == names[b][3:] or names[a][3] == names[b][3] or names[a][4] == names[b][4] for a, b in met)


def test_records_that_are_the_same_many_times_over_are_one_cluster() -> None:
    base = people(900, 2)
    table = pl.concat([base, *([base.head(1)] * 60)]).sample(fraction=1.0, shuffle=True, seed=2)
    is_same = (table["entity"] == base["entity"][0]).to_numpy() & table["email"].is_not_null().to_numpy()
    linked = link(table, PERSON)
    assert len(set(linked.clusters()[is_same].tolist())) == 1
    assert len(linked.candidates.twins) == 60


@pytest.mark.parametrize("boundary", [200, 1_600])
def test_twins_in_two_tables_meet_across(boundary: int) -> None:
    table, (keys, comparisons), _, _ = whole()
    found = candidate_pairs(keys, comparisons, between=boundary)
    assert ((found.left < boundary) & (found.right >= boundary)).all()
    is_same = (table["email"] == "same@firm.example").fill_null(value=False).to_numpy()
    met = set(found.left[is_same[found.left]].tolist()) | set(found.right[is_same[found.right]].tolist())
    assert met >= set(np.flatnonzero(is_same).tolist())


def test_records_without_any_block_key_are_left_as_they_are() -> None:
    table = pl.DataFrame({"notes": [f"note {number}" for number in range(ALL_PAIRS + 1)]})
    assert link(table, {"notes": "text"}).clusters().tolist() == list(range(ALL_PAIRS + 1))


def test_rows_without_a_key_never_meet_whatever_keys_the_others_have() -> None:
    """The lowest keys there are begin with the same bits as none."""
    keys = np.array([0, 1, 0, 1, 7, 0, 0, 7, 2**64 - 1, 2**64 - 1], np.uint64)
    packed = sharing(np.arange(len(keys), dtype=np.uint32), keys)
    assert sorted((int(pair) >> 32, int(pair) & 0xFFFFFFFF) for pair in packed) == [(1, 3), (4, 7), (8, 9)]


def test_blocks_are_split_sooner_where_pairs_would_outgrow_the_records(monkeypatch: pytest.MonkeyPatch) -> None:
    _, (keys, comparisons), pairs, _ = whole()
    monkeypatch.setattr("hygiene.linkage.blocks.MANY_PAIRS", len(keys))
    fewer = candidate_pairs(keys, comparisons)
    assert len(fewer.left) < len(pairs)
    assert pairs_of(fewer.left, fewer.right) <= pairs
