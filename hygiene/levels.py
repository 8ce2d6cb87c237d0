"""Comparisons as small integer levels: 0 is "nothing to compare", 1 "different", more is more alike.

Levels are computed on distinct value pairs. Later weights are learned on counts of level patterns, so a comparison
never returns more than its level; sentences are made for the pairs somebody looks at.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np
import polars as pl
from rapidfuzz import fuzz, process
from rapidfuzz.distance import OSA

from hygiene.data import lines

# Name parts and names. CLOSE is a keystroke, FITTING a short form, an initial or a part of the other.
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


@cache
def _nickname_pairs() -> pl.DataFrame:
    found = {(one, other) for line in lines("nicknames.txt") for one in line.split() for other in line.split()}
    ordered = sorted((one, other) for one, other in found if one != other)
    return pl.DataFrame(ordered, schema={"left": pl.String, "right": pl.String}, orient="row")


def _typing_distance(left: pl.Series, right: pl.Series) -> pl.Series:
    distances = process.cpdist(left.to_list(), right.to_list(), scorer=OSA.distance, dtype=np.int32)
    return pl.Series("distance", distances)


def _given_levels(left: pl.Series, right: pl.Series) -> pl.Series:
    pairs = pl.DataFrame({"left": left, "right": right}).with_columns(
        pl.col("left").str.extract(r"^(\S+)").alias("first_left"),
        pl.col("right").str.extract(r"^(\S+)").alias("first_right"),
        _typing_distance(left, right),
    )
    known = (
        _nickname_pairs().rename({"left": "first_left", "right": "first_right"}).with_columns(nick=pl.lit(value=True))
    )
    pairs = pairs.join(known, on=["first_left", "first_right"], how="left", maintain_order="left")
    shorter = pl.min_horizontal(pl.col("left").str.len_chars(), pl.col("right").str.len_chars())
    is_initial = (
        pl.min_horizontal(pl.col("first_left").str.len_chars(), pl.col("first_right").str.len_chars()) == 1
    ) & (pl.col("left").str.slice(0, 1) == pl.col("right").str.slice(0, 1))
    is_part = (shorter >= 3) & (
        pl.col("left").str.starts_with(pl.col("right")) | pl.col("right").str.starts_with(pl.col("left"))
    )
    glued = pl.col("left").str.replace_all(" ", "") == pl.col("right").str.replace_all(" ", "")
    fits = pl.col("nick").is_not_null() | is_initial | is_part | glued | (pl.col("first_left") == pl.col("first_right"))
    close = (pl.col("distance") <= 1) & (shorter >= 4)
    return pairs.select(pl.when(fits).then(FITTING).when(close).then(CLOSE).otherwise(DIFFERENT)).to_series()


def given_names(left: pl.Series, right: pl.Series) -> pl.Series:
    """Levels of given-name keys."""
    return over_distinct_pairs(left, right, _given_levels)


def _family_levels(left: pl.Series, right: pl.Series) -> pl.Series:
    pairs = pl.DataFrame({"left": left, "right": right}).with_columns(_typing_distance(left, right))
    ours, theirs = pl.col("left").str.split(" "), pl.col("right").str.split(" ")
    # Double-barrelled names and names with and without particle: one is all in the other.
    is_part = (ours.list.set_difference(theirs).list.len() == 0) | (theirs.list.set_difference(ours).list.len() == 0)
    shorter = pl.min_horizontal(pl.col("left").str.len_chars(), pl.col("right").str.len_chars())
    glued = pl.col("left").str.replace_all(" ", "") == pl.col("right").str.replace_all(" ", "")
    is_initial = (shorter == 1) & (pl.col("left").str.slice(0, 1) == pl.col("right").str.slice(0, 1))
    close = (pl.col("distance") <= 1) & (shorter >= 4)
    return pairs.select(
        pl.when((is_part & (shorter >= 3)) | glued | is_initial)
        .then(FITTING)
        .when(close)
        .then(CLOSE)
        .otherwise(DIFFERENT)
    ).to_series()


def family_names(left: pl.Series, right: pl.Series) -> pl.Series:
    """Levels of family-name keys."""
    return over_distinct_pairs(left, right, _family_levels)


def full_names(given: pl.Series, family: pl.Series, swapped: pl.Series) -> pl.Series:
    """Levels of whole names from those of their parts; `swapped` says that given and family changed places.

    SAME needs both parts; one contradictory part makes the name DIFFERENT.
    """
    parts = pl.DataFrame({"given": given, "family": family, "swapped": swapped.fill_null(value=False)})
    weakest = pl.min_horizontal("given", "family")
    strongest = pl.max_horizontal("given", "family")
    return parts.select(
        pl.when("swapped")
        .then(SAME)
        .when((pl.col("given") == DIFFERENT) | (pl.col("family") == DIFFERENT))
        .then(DIFFERENT)
        .when(weakest > NOTHING)
        .then(weakest)
        .when(strongest == SAME)
        .then(FITTING)
        .otherwise(strongest)
        .cast(pl.Int8)
        .alias("name")
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
