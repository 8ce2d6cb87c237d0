"""Slips of the finger: one transposition, omission, substitution or doubling per word."""

from __future__ import annotations

import numpy as np
import polars as pl

from sandbox.generator.chance import Chance

# Neighbours on a keyboard; any other sign stays.
_NEAR = dict(zip("qwertyuiopasdfghjklzxcvbnm", "wqretuyoipsadgfhkjlxzvcnbn", strict=True))


def slipped(words: pl.Series, chance: Chance) -> pl.Series:
    """Each word with one slip, never in its first letter; words of less than four letters stay."""
    n = len(words)
    length = words.fill_null("").str.len_chars().to_numpy()
    at = 1 + chance.of("at").below(length - 2, n)
    frame = pl.DataFrame({"w": words, "at": at, "kind": chance.of("kind").pick([32, 30, 22, 16], n), "length": length})
    w, i = pl.col("w"), pl.col("at")
    head, here, after, tail = w.str.slice(0, i), w.str.slice(i, 1), w.str.slice(i + 1, 1), w.str.slice(i + 2)
    near = here.replace(_NEAR)
    slip = (
        pl.when(pl.col("kind") == 0)
        .then(pl.concat_str(head, after, here, tail))
        .when(pl.col("kind") == 1)
        .then(pl.concat_str(head, after, tail))
        .when(pl.col("kind") == 2)
        .then(pl.concat_str(head, near, after, tail))
        .otherwise(pl.concat_str(head, here, here, after, tail))
    )
    return frame.select(pl.when(pl.col("length") < 4).then(w).otherwise(slip).alias(words.name)).to_series()


def slipped_at(column: pl.Series, mask: np.ndarray, chance: Chance) -> pl.Series:
    """The column with a slip in the rows of the mask; only those are worked on."""
    rows = np.flatnonzero(mask)
    where = np.arange(len(column))
    where[rows] = len(column) + np.arange(len(rows))
    made = slipped(column.gather(rows), chance)
    return pl.concat([column, made]).gather(where)
