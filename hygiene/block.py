"""Blocking: which records are compared at all."""

from __future__ import annotations

import polars as pl

PAIRS = pl.Schema({"left": pl.UInt32, "right": pl.UInt32})


def _all_pairs(keys: pl.DataFrame, by: list[str]) -> pl.DataFrame:
    left = keys.rename({"row": "left"})
    right = keys.rename({"row": "right"})
    return left.join(right, on=by, how="inner", nulls_equal=True).filter(pl.col("left") < pl.col("right"))


def candidate_pairs(keys: pl.DataFrame, *, max_block: int = 50) -> pl.DataFrame:
    """Pair the records that share a block key, each pair once, smaller row first.

    `keys` has columns row (u32), key and finer (text; a second key to split by); null keys pair with nothing. A block
    of more than `max_block` rows is split by `finer`, never dropped. What is still too big then agrees in both keys, so
    its rows are paired with its first row and their neighbour only: that joins them all with 2n pairs.
    """
    known = keys.drop_nulls("key").unique(maintain_order=True)
    sized = known.with_columns(pl.len().over("key").alias("size"))
    small = sized.filter((pl.col("size") > 1) & (pl.col("size") <= max_block)).drop("size", "finer")
    big = sized.filter(pl.col("size") > max_block).with_columns(pl.len().over("key", "finer").alias("size"))
    split = big.filter((pl.col("size") > 1) & (pl.col("size") <= max_block)).drop("size")
    rest = big.filter(pl.col("size") > max_block).sort("key", "finer", "row", nulls_last=True)
    groups = ["key", "finer"]
    chained = [
        rest.select(pl.col("row").first().over(groups).alias("left"), pl.col("row").alias("right")),
        rest.select(pl.col("row").shift(1).over(groups).alias("left"), pl.col("row").alias("right")).drop_nulls(),
    ]
    pairs = [
        _all_pairs(small, ["key"]).select("left", "right"),
        _all_pairs(split, groups).select("left", "right"),
        *chained,
    ]
    return pl.concat(pairs).filter(pl.col("left") < pl.col("right")).unique().sort("left", "right").cast(PAIRS)
