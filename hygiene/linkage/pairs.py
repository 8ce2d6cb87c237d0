"""Candidate pairs: records that share a block key."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import polars as pl

from hygiene.linkage.blocks import NONE, Blocks, block_table, glanced, where
from hygiene.linkage.codes import Rows
from hygiene.linkage.comparison import Comparison
from hygiene.linkage.hashes import Hashes, contents
from hygiene.linkage.workers import at_once

Flags = npt.NDArray[np.bool_]
Packed = npt.NDArray[np.uint64]
_SHIFT = np.uint64(32)
_LOW = np.uint64(0xFFFFFFFF)
# So few records are all compared with each other.
ALL_PAIRS = 1_500


@dataclass(frozen=True, slots=True)
class Candidates:
    """Left and right rows of candidate pairs, left the smaller, sorted. `twins` are the rows (sorted) that are in no
    pair but one with the first record of which they are the very same; `skewed` the block keys that were split; `order`
    all rows in an order that comes from what is in them; `table` the block keys as of `Blocks.table`, if kept;
    `is_every` says that every pair there is is a candidate."""

    left: Rows
    right: Rows
    twins: Rows
    skewed: Hashes
    order: Rows
    table: pl.DataFrame | None = None
    is_every: bool = False


@dataclass(frozen=True, slots=True)
class Part:
    """Says that the records are some of many. Only pairs of which one is `new` are asked for, if that is given; `known`
    are the keys of twins of which the first is not among them."""

    new: Flags | None = None
    known: Hashes = field(default_factory=lambda: NONE)


def candidate_pairs(
    keys: pl.DataFrame,
    comparisons: Sequence[Comparison],
    *,
    skewed: Hashes | None = None,
    most: int | None = None,
    between: int | None = None,
    part: Part | None = None,
    keep: bool = False,
) -> Candidates:
    """Every pair that shares a block key; of at most `ALL_PAIRS` records simply every pair, if they are no part.

    With `between`, the rows before it are one table and the others a second: only pairs across are candidates.
    `skewed` are the block keys to split, sorted; by default those that more than `most` records share: 40 or, where
    that makes too many pairs, fewer. With `keep` the block keys come along.
    """
    if len(keys) <= ALL_PAIRS and part is None:
        one, other = (side.astype(np.uint32) for side in np.triu_indices(len(keys), 1))
        across = slice(None) if between is None else (one < between) & (other >= between)
        return Candidates(
            one[across], other[across], np.zeros(0, np.uint32), NONE, _ordered(contents(keys)), is_every=True
        )
    new, known = (None, NONE) if part is None else (part.new, part.known)
    blocks = Blocks(keys, comparisons, skewed, most=most, known=known, between=between)
    kept: dict[int, tuple[Rows, Hashes]] = {}

    def paired(at: int) -> Packed:
        rows, key = blocks.keys(at)
        if keep:
            kept[at] = rows, key
        packed = sharing(rows, key if new is None else _touched(rows, key, new))
        return packed if between is None else _across(packed, between)

    stars = _stars(blocks.twins)
    found = [stars if between is None else _across(stars, between), *at_once(paired, range(len(blocks)))]
    left, right = _distinct(found)
    if new is not None:
        some = new[left] | new[right]
        left, right = left[some], right[some]
    twins = blocks.twins.filter(~pl.col("is_first"))["row"].sort().to_numpy()
    table = block_table(blocks.twins, [kept[at] for at in sorted(kept)]) if keep else None
    return Candidates(left, right, twins, blocks.skewed, _ordered(blocks.alike), table)


def _touched(rows: Rows, key: Hashes, new: Flags) -> Hashes:
    """The keys that a new row has, 0 for the others."""
    found = np.zeros(len(key), np.uint64)
    some = where(key, np.unique(key[new[rows]]))
    found[some] = key[some]
    return found


def _ordered(numbers: Hashes) -> Rows:
    return np.argsort(numbers).astype(np.uint32)


def _stars(twins: pl.DataFrame) -> Packed:
    """Each twin with the first of its kind."""
    joined = twins.filter("is_first").join(twins, on="key")
    one, other = joined["row"].to_numpy(), joined["row_right"].to_numpy()
    return _packed(one[one != other], other[one != other])


def sharing(rows: Rows, keys: Hashes) -> Packed:
    """All pairs of rows with the same key; 0 is no key."""
    ordered = np.sort(keys)
    # Most keys stand on one row: only the others are worth the sorting together with their rows.
    some = glanced(keys, ordered[1:][(ordered[1:] == ordered[:-1]) & (ordered[1:] != 0)])
    some = some[keys[some] != 0]
    some = some[np.argsort(keys[some])]
    rows, keys = rows[some], keys[some]
    found: list[Packed] = []
    at = np.arange(len(keys))
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
