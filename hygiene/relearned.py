"""What a model learned anew would change: weights that moved, records that would join or part."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from hygiene.linkage.model import Model

# A weight that moved by less, in bits, is as it was.
MOVED = 0.5
_KEY = ("connection", "stream", "id")


@dataclass(frozen=True, slots=True)
class Weight:
    """What a level of a comparison, or the prior, said and would say, in bits; `before` is None without a model."""

    kind: str
    comparison: str
    words: str
    before: float | None
    after: float


def weights_moved(kind: str, before: Model | None, after: Model) -> list[Weight]:
    """What moved, the farthest first; of levels with the same words the one that moved most."""
    old, new = {} if before is None else _weights(before), _weights(after)
    moved = [
        Weight(kind, comparison, words, old.get((comparison, words, at)), bits)
        for (comparison, words, at), bits in new.items()
    ]
    farthest: dict[tuple[str, str], Weight] = {}
    for weight in sorted(moved, key=_distance, reverse=True):
        farthest.setdefault((weight.comparison, weight.words), weight)
    return [weight for weight in farthest.values() if _distance(weight) >= MOVED]


def _distance(weight: Weight) -> float:
    return abs(weight.after - (0.0 if weight.before is None else weight.before))


def _weights(model: Model) -> dict[tuple[str, str, int], float]:
    """By comparison, words and level the bits it adds for a pair of the average stranger's kind, one decimal."""
    share = model.learned.share
    strangers = share[1:] / share[1:].sum()
    found = {("prior", "", 0): round(float(np.log2(share[0] / share[1:].sum())), 1)}
    for family, words, table in zip(model.learned.families, model.words, model.learned.tables, strict=True):
        bits = np.log2(np.maximum(table[:, 0], 1e-12) / np.maximum(table[:, 1:] @ strangers, 1e-12))
        found |= {(family, words[at], at): round(float(bits[at]), 1) for at in range(1, len(words))}
    return found


def regrouped(before: pl.DataFrame, after: pl.DataFrame) -> pl.DataFrame:
    """Pairs of records that share an entity in one of two memberships only: left, right (keys), joins (true where
    they would join), sorted. A record stands for those it shares both entities with."""
    both = before.join(after, on=_KEY, how="inner", suffix="_after").with_columns(
        pl.concat_str(_KEY, separator="/").alias("key")
    )
    heads = both.group_by("entity", "entity_after").agg(pl.col("key").min())
    parts = []
    for one, joins in (("entity", False), ("entity_after", True)):
        first = heads.with_columns(pl.col("key").min().over(one).alias("left"))
        changed = first.filter(pl.col("key") != pl.col("left"))
        parts.append(changed.select("left", pl.col("key").alias("right"), pl.lit(joins).alias("joins")))
    return pl.concat(parts).sort("left", "right", "joins")
