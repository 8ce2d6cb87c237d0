"""Comparisons as small integer levels: 0 is "nothing to compare", 1 "different", more is more alike.

Levels are computed on distinct value pairs. Later weights are learned on counts of level patterns, so a comparison
never returns more than its level; sentences are made for the pairs somebody looks at.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import polars as pl
from rapidfuzz import fuzz, process

# CLOSE is a keystroke, FITTING a part of the other.
NOTHING, DIFFERENT, CLOSE, FITTING, SAME = 0, 1, 2, 3, 4

PairLevels = Callable[[pl.Series, pl.Series], pl.Series]


def over_distinct_pairs(left: pl.Series, right: pl.Series, levels: PairLevels) -> pl.Series:
    """SAME for equal values, NOTHING where one is null, else `levels` of each distinct pair."""
    pairs = pl.DataFrame({"left": left, "right": right})
    unequal = pairs.filter(pl.col("left") != pl.col("right")).unique(maintain_order=True)
    if unequal.is_empty():
        return equality(left, right)
    table = unequal.with_columns(levels(unequal["left"], unequal["right"]).cast(pl.Int8).alias("level"))
    joined = pairs.join(table, on=["left", "right"], how="left", maintain_order="left")
    return joined.select(
        pl.when(pl.col("left").is_null() | pl.col("right").is_null())
        .then(NOTHING)
        .when(pl.col("left") == pl.col("right"))
        .then(SAME)
        .otherwise(pl.col("level"))
        .cast(pl.Int8)
        .alias("level")
    ).to_series()


def equality(left: pl.Series, right: pl.Series) -> pl.Series:
    """SAME, DIFFERENT or NOTHING."""
    is_same = left == right
    return pl.select(
        pl.when(is_same.is_null()).then(NOTHING).when(is_same).then(SAME).otherwise(DIFFERENT).cast(pl.Int8)
    ).to_series()


def _company_levels(left: pl.Series, right: pl.Series) -> pl.Series:
    pairs = pl.DataFrame({"left": left, "right": right})
    ours, theirs = left.to_list(), right.to_list()
    ratio = pl.Series("ratio", process.cpdist(ours, theirs, scorer=fuzz.token_sort_ratio, dtype=np.float64))
    pairs = pairs.with_columns(ratio)
    begins = pl.col("left").str.starts_with(pl.col("right") + " ") | pl.col("right").str.starts_with(
        pl.col("left") + " "
    )
    glued = pl.col("left").str.replace_all(" ", "") == pl.col("right").str.replace_all(" ", "")
    is_acronym = _acronym("left", "right") | _acronym("right", "left")
    return pairs.select(
        pl.when(glued)
        .then(SAME)
        .when(begins | is_acronym)
        .then(FITTING)
        .when(pl.col("ratio") >= 88)
        .then(CLOSE)
        .otherwise(DIFFERENT)
    ).to_series()


def _acronym(long: str, short: str) -> pl.Expr:
    listed = (
        pl.col(long)
        .str.split(" ")
        .list.eval(pl.element().filter(~pl.element().is_in(["and", "of", "the", "for"])).str.slice(0, 1))
    )
    return (listed.list.len() >= 3) & (listed.list.join("") == pl.col(short))


def company_names(left: pl.Series, right: pl.Series) -> pl.Series:
    """Levels of company keys. FITTING: one begins with the other, or is its acronym."""
    return over_distinct_pairs(left, right, _company_levels)
