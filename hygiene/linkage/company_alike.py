"""Words of company names that differ and yet mean the same: slips, abbreviations, words written as one, initials."""

from __future__ import annotations

import numpy as np
import polars as pl
from rapidfuzz import process
from rapidfuzz.distance import OSA, JaroWinkler

from hygiene.linkage.codes import Codes, Floats
from hygiene.linkage.company_words import Marks, Vocabulary

_GLUED, _INITIALS, _KEYSTROKE, _BEGINS, _ABBREVIATED = 0.95, 0.7, 0.8, 0.8, 0.6


def alike(v: Vocabulary, one: Codes, other: Codes, left_one: Marks, left_other: Marks) -> tuple[Floats, Floats]:
    """How far each word that only one side has is like one of the other side, 0 to 1, for both sides of pairs.

    `one` and `other` are word codes of pairs of names, (pairs, WIDTH); `left_…` marks the words to look at.
    """
    like_one, like_other = np.zeros(one.shape, np.float32), np.zeros(other.shape, np.float32)
    at, i, j = np.nonzero(left_one[:, :, None] & left_other[:, None, :])
    size = len(v.values)
    distinct, place = np.unique(one[at, i] * size + other[at, j], return_inverse=True)
    found = similarity(v.values.gather(distinct // size), v.values.gather(distinct % size))[place]
    np.maximum.at(like_one, (at, i), found)
    np.maximum.at(like_other, (at, j), found)
    _glue(v, one, other, left_one, left_other, like_one, like_other)
    _glue(v, other, one, left_other, left_one, like_other, like_one)
    return like_one, like_other


def similarity(left: pl.Series, right: pl.Series) -> Floats:
    """Of two words each: 0 for different ones, up to 1 for a slip, an abbreviation, another ending."""
    if left.is_empty():
        return np.zeros(0, np.float32)
    ours, theirs = left.to_list(), right.to_list()
    keystrokes = process.cpdist(ours, theirs, scorer=OSA.distance, dtype=np.int32, workers=-1)
    spelling = process.cpdist(ours, theirs, scorer=JaroWinkler.normalized_similarity, dtype=np.float32, workers=-1)
    pairs = pl.DataFrame({"left": left, "right": right, "keystrokes": keystrokes, "spelling": spelling})
    ends = pl.col("left").str.len_chars(), pl.col("right").str.len_chars()
    short, long = pl.min_horizontal(*ends), pl.max_horizontal(*ends)
    has_digit = pl.col("left").str.contains(r"\d") | pl.col("right").str.contains(r"\d")
    begins = pl.col("left").str.starts_with(pl.col("right")) | pl.col("right").str.starts_with(pl.col("left"))
    share = 1 - pl.col("keystrokes") / long
    rated = pairs.with_columns(
        pl.when((pl.col("keystrokes") == 1) & (short >= 3))
        .then(_KEYSTROKE)
        .when(has_digit)
        .then(0.0)
        .when(begins & (short >= 3))
        .then(_BEGINS)
        .when(share >= 0.7)
        .then(share)
        .when(pl.col("spelling") > 0.9)
        .then(pl.col("spelling") - 0.2)
        .otherwise(0.0)
        .cast(pl.Float32)
        .alias("found")
    )
    found = rated["found"].to_numpy().copy()
    same_letter = pl.col("left").str.slice(0, 1) == pl.col("right").str.slice(0, 1)
    maybe = rated.select((pl.col("found") == 0) & same_letter & short.is_between(3, 5) & (long > short + 2))
    for row in np.flatnonzero(maybe.to_series().to_numpy()):
        found[row] = _ABBREVIATED if _abbreviates(ours[row], theirs[row]) else 0.0
    return found


def _abbreviates(left: str, right: str) -> bool:
    """Mfg of manufacturing: the letters of the shorter word stand in the longer one, in order."""
    short, long = sorted((left, right), key=len)
    letters = iter(long)
    return all(letter in letters for letter in short)


def _glue(
    v: Vocabulary, one: Codes, other: Codes, left_one: Marks, left_other: Marks, like_one: Floats, like_other: Floats
) -> None:
    """Marks two neighbouring words of `one` that `other` writes as one."""
    for place in range(one.shape[1] - 1):
        rows = np.flatnonzero(left_one[:, place] & left_one[:, place + 1])
        joined = v.values.gather(one[rows, place]) + v.values.gather(one[rows, place + 1])
        for target in range(other.shape[1]) if len(rows) else ():
            there = np.flatnonzero(left_other[rows, target])
            same = (joined.gather(there) == v.values.gather(other[rows[there], target])).to_numpy()
            hit = rows[there[same]]
            like_one[hit, place] = like_one[hit, place + 1] = like_other[hit, target] = _GLUED


def runs(
    v: Vocabulary,
    one: Codes,
    initials: pl.Series,
    left_one: Marks,
    left_other: Marks,
    like_one: Floats,
    like_other: Floats,
) -> None:
    """Marks a short word of `one` that is a run of the initials of `other`: BNY Mellon, Bank of New York Mellon."""
    length = v.values.str.len_chars().to_numpy()[one]
    for place in range(3):
        fits = left_one[:, place] & (like_one[:, place] == 0) & (length[:, place] >= 3) & (length[:, place] <= 5)
        rows = np.flatnonzero(fits & (left_other.sum(axis=1) >= 3))
        pairs = pl.DataFrame({"word": v.values.gather(one[rows, place]), "initials": initials.gather(rows)})
        holds = pairs.select(pl.col("initials").str.contains(pl.col("word"), literal=True).fill_null(value=False))
        hit = rows[holds.to_series().to_numpy()]
        like_one[hit, place] = _INITIALS
        like_other[hit] = np.where(left_other[hit], np.maximum(like_other[hit], _INITIALS), like_other[hit])
