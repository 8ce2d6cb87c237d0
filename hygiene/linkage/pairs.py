"""Candidate pairs: records that share a block key. A skewed block is split by a further key, never dropped."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import polars as pl

from hygiene.linkage.codes import Rows
from hygiene.linkage.comparison import Comparison

Packed = npt.NDArray[np.uint64]
_SHIFT = np.uint64(32)
_LOW = np.uint64(0xFFFFFFFF)
# So few records are all compared with each other.
ALL_PAIRS = 1_500


def candidate_pairs(
    keys: pl.DataFrame, comparisons: Sequence[Comparison], *, max_block: int = 40, between: int | None = None
) -> tuple[Rows, Rows]:
    """Left and right rows of every pair that shares a key, left the smaller, sorted.

    With `between`, the rows before it are one table and the others a second: only pairs across are candidates.
    """
    if len(keys) <= ALL_PAIRS:
        left, right = np.triu_indices(len(keys), 1)
        across = slice(None) if between is None else (left < between) & (right >= between)
        return left[across].astype(np.uint32), right[across].astype(np.uint32)
    indexed = keys.with_row_index("row").with_columns(_order(len(keys), between))
    found = [_pairs(indexed, parts, finer, max_block, between) for parts, finer in _plans(comparisons)]
    packed = np.unique(np.concatenate(found)) if found else np.zeros(0, np.uint64)
    return (packed >> _SHIFT).astype(np.uint32), (packed & _LOW).astype(np.uint32)


def _plans(comparisons: Sequence[Comparison]) -> list[tuple[tuple[pl.Expr, ...], pl.Expr | None]]:
    """The parts of each block key, and the key that splits its skewed blocks."""
    coarse = [(comparison.family, key) for comparison in comparisons for key in comparison.coarse()]
    plans: list[tuple[tuple[pl.Expr, ...], pl.Expr | None]] = []
    is_alone = len({comparison.family for comparison in comparisons}) == 1
    for comparison in comparisons:
        others = [key for family, key in coarse if family != comparison.family]
        alone = (*comparison.fine(), *(comparison.coarse() if is_alone else ()))
        plans += [((key,), others[0] if others else None) for key in alone]
    for at, (family, key) in enumerate(coarse):
        for other_family, other in coarse[at + 1 :]:
            if family != other_family:
                third = [more for name, more in coarse if name not in (family, other_family)]
                plans.append(((key, other), third[0] if third else None))
    return plans


def _order(records: int, between: int | None) -> pl.Series:
    """The order of rows within a block; two tables take turns, so that neighbours are of both."""
    if between is None:
        return pl.Series("order", np.arange(records, dtype=np.float64))
    turns = [np.arange(size, dtype=np.float64) / max(size, 1) for size in (between, records - between)]
    return pl.Series("order", np.concatenate(turns))


def _pairs(
    indexed: pl.DataFrame, parts: Sequence[pl.Expr], finer: pl.Expr | None, max_block: int, between: int | None
) -> Packed:
    key = parts[0].hash(1) if len(parts) == 1 else pl.concat_str(*parts, separator="\x1f").hash(1)
    present = pl.all_horizontal(part.is_not_null() for part in parts)
    split = finer.hash(2) if finer is not None else pl.lit(0, pl.UInt64)
    blocks = indexed.filter(present).select("row", "order", key.alias("key"), split.fill_null(0).alias("finer"))
    blocks = blocks.with_columns(pl.len().over("key").alias("size")).filter(pl.col("size") > 1)
    small = blocks.filter(pl.col("size") <= max_block).select("row", "order", "key")
    large = blocks.filter(pl.col("size") > max_block)
    if len(large):
        large = large.select("row", "order", (pl.col("key") ^ (pl.col("finer") * 0x9E3779B97F4A7C15)).alias("key"))
    rest = large.select("row", "order", "key") if len(large) else small.clear()
    return np.concatenate([_all_pairs(small, None, between), _all_pairs(rest, max_block, between)])


def _all_pairs(blocks: pl.DataFrame, window: int | None, between: int | None) -> Packed:
    """All pairs of each block; with a window, each row with that many behind it."""
    ordered = blocks.sort("key", "order", "row")
    rows, keys = ordered["row"].to_numpy().astype(np.uint64), ordered["key"].to_numpy()
    found: list[Packed] = []
    lag = 1
    while lag < len(keys) and (window is None or lag < window):
        same = keys[lag:] == keys[:-lag]
        if not same.any():
            break
        one, other = rows[:-lag][same], rows[lag:][same]
        if between is not None:
            across = (one < between) != (other < between)
            one, other = np.minimum(one[across], other[across]), np.maximum(one[across], other[across])
        found.append((one << _SHIFT) | other)
        lag += 1
    return np.concatenate(found) if found else np.zeros(0, np.uint64)
