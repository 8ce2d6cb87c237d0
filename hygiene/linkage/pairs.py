"""Candidate pairs: records that share a block key."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from hygiene.linkage.blocks import MOST_IN_BLOCK, NONE, Blocks
from hygiene.linkage.codes import Rows
from hygiene.linkage.comparison import Comparison
from hygiene.linkage.hashes import Hashes, contents

Packed = npt.NDArray[np.uint64]
_SHIFT = np.uint64(32)
_LOW = np.uint64(0xFFFFFFFF)
# So few records are all compared with each other.
ALL_PAIRS = 1_500


@dataclass(frozen=True, slots=True)
class Candidates:
    """Left and right rows of candidate pairs, left the smaller, sorted. `twins` are the rows (sorted) that are in no
    pair but one with the first record of which they are the very same; `skewed` the block keys that were split; `order`
    all rows in an order that comes from what is in them."""

    left: Rows
    right: Rows
    twins: Rows
    skewed: Hashes
    order: Rows


def candidate_pairs(
    keys: pl.DataFrame,
    comparisons: Sequence[Comparison],
    *,
    skewed: Hashes | None = None,
    most: int = MOST_IN_BLOCK,
    between: int | None = None,
) -> Candidates:
    """Every pair that shares a block key; of at most `ALL_PAIRS` records simply every pair.

    With `between`, the rows before it are one table and the others a second: only pairs across are candidates.
    `skewed` are the block keys to split, sorted; by default those that more than `most` records share.
    """
    if len(keys) <= ALL_PAIRS:
        one, other = (side.astype(np.uint32) for side in np.triu_indices(len(keys), 1))
        across = slice(None) if between is None else (one < between) & (other >= between)
        return Candidates(one[across], other[across], np.zeros(0, np.uint32), NONE, _ordered(contents(keys)))
    blocks = Blocks(keys, comparisons, skewed, most=most, between=between)
    found = [_sharing(rows, key) for rows, key in blocks]
    found.append(_stars(blocks.twins))
    left, right = _distinct(found if between is None else [_across(packed, between) for packed in found])
    twins = blocks.twins.filter(~pl.col("is_first"))["row"].sort().to_numpy()
    return Candidates(left, right, twins, blocks.skewed, _ordered(blocks.alike))


def _ordered(numbers: Hashes) -> Rows:
    return np.argsort(numbers, kind="stable").astype(np.uint32)


def table_pairs(table: pl.DataFrame, skewed: Hashes) -> tuple[Rows, Rows]:
    """The candidate pairs of a block table (row, key) as `Blocks.table` makes it, or of any part of one in which every
    key has all of its rows; left the smaller, sorted."""
    is_twin = pl.col("key").is_in(skewed.tolist())
    others = table.filter(~is_twin)
    is_first = pl.col("row") == pl.col("row").min().over("key")
    twins = table.filter(is_twin).with_columns(is_first.alias("is_first"))
    return _distinct([_sharing(others["row"].to_numpy(), others["key"].to_numpy()), _stars(twins)])


def _stars(twins: pl.DataFrame) -> Packed:
    """Each twin with the first of its kind."""
    joined = twins.filter("is_first").join(twins, on="key")
    one, other = joined["row"].to_numpy(), joined["row_right"].to_numpy()
    return _packed(one[one != other], other[one != other])


def _sharing(rows: Rows, keys: Hashes) -> Packed:
    """All pairs of rows with the same key; 0 is no key."""
    order = np.argsort(keys)
    rows, keys = rows[order], keys[order]
    start = int(np.searchsorted(keys, np.uint64(1)))
    found: list[Packed] = []
    at = np.arange(start, len(keys))
    lag = 1
    while len(at := at[: np.searchsorted(at, len(keys) - lag)]):
        at = at[keys[at] == keys[at + lag]]
        found.append(_packed(rows[at], rows[at + lag]))
        lag += 1
    return np.concatenate(found) if found else np.zeros(0, np.uint64)


def _packed(one: Rows, other: Rows) -> Packed:
    low, high = np.minimum(one, other), np.maximum(one, other)
    return (low.astype(np.uint64) << _SHIFT) | high


def _across(packed: Packed, between: int) -> Packed:
    return packed[((packed >> _SHIFT) < between) & ((packed & _LOW) >= between)]


def _distinct(found: Sequence[Packed]) -> tuple[Rows, Rows]:
    """The pairs of several lists, each once, sorted."""
    packed = np.sort(np.concatenate(found))
    once = np.ones(len(packed), bool)
    once[1:] = packed[1:] != packed[:-1]
    packed = packed[once]
    return (packed >> _SHIFT).astype(np.uint32), (packed & _LOW).astype(np.uint32)
