"""Block keys of matched records, kept in segments: what comes later counts, and bytes bring it all back."""

from __future__ import annotations

import numpy as np
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from hygiene.linkage.index import Index, Segment

BIG = 2**64 - 1
few = settings(deadline=None)
NAMES = st.text(st.characters(codec="utf-8"), max_size=4)
ENTRIES = st.dictionaries(NAMES, st.tuples(st.lists(st.integers(1, 9) | st.just(BIG), max_size=4), st.integers(0, 3)))


def segment(entries: dict[str, tuple[list[int], int]]) -> Segment:
    rows = [row for row, (keys, _) in enumerate(entries.values()) for _ in keys]
    keys = [key for held, _ in entries.values() for key in held]
    ties = [tie for _, tie in entries.values()]
    return Segment(
        pl.Series("key", list(entries), pl.String),
        np.array(rows, np.uint32),
        np.array(keys, np.uint64),
        np.array(ties, np.uint64),
        np.flatnonzero(np.array(keys, np.uint64) == BIG).astype(np.uint32),
    )


@few
@given(ENTRIES)
def test_segment_comes_back_from_its_bytes(entries: dict[str, tuple[list[int], int]]) -> None:
    made = segment(entries)
    back = Segment.parse(made.parts())
    assert back.records.to_list() == list(entries)
    for name in ("rows", "keys", "ties", "twins"):
        assert getattr(back, name).tolist() == getattr(made, name).tolist()


@few
@given(st.lists(ENTRIES, max_size=4), st.sets(st.integers(1, 9) | st.just(BIG)), st.sets(st.integers(0, 3)))
def test_index_answers_as_the_last_segment_that_names_a_record(
    parts: list[dict[str, tuple[list[int], int]]], keys: set[int], ties: set[int]
) -> None:
    held = {name: entry for part in parts for name, entry in part.items()}
    index = Index([segment(part) for part in parts])
    sharing = index.holders(np.array(sorted(keys), np.uint64))
    assert sorted(sharing.rows()) == sorted(
        (name, key) for name, (own, _) in held.items() for key in own if key in keys
    )
    tied = index.tied(np.array(sorted(ties - {0}), np.uint64))
    assert tied.to_list() == sorted(name for name, (_, tie) in held.items() if tie and tie in ties)
    twins = sorted((name, BIG) for name, (own, _) in held.items() for key in own if key == BIG)
    assert sorted(index.twins().rows()) == twins


@few
@given(ENTRIES, ENTRIES)
def test_segments_merged_say_what_both_say(
    first: dict[str, tuple[list[int], int]], later: dict[str, tuple[list[int], int]]
) -> None:
    both, one = Index([segment(first), segment(later)]), Index([segment(first).merged(segment(later))])
    keys = np.array([*range(1, 10), BIG], np.uint64)
    assert sorted(one.holders(keys).rows()) == sorted(both.holders(keys).rows())
    assert sorted(one.twins().rows()) == sorted(both.twins().rows())
    ties = np.array([1, 2, 3], np.uint64)
    assert one.tied(ties).to_list() == both.tied(ties).to_list()
