"""The choice among candidates: probabilities of each and of none, the best, the runner-up, and when to abstain."""

from __future__ import annotations

import polars as pl

# The least probability at which a candidate is chosen.
THRESHOLD = 0.7


def probabilities(pairs: pl.DataFrame) -> pl.DataFrame:
    """`pairs` (row, account_row, log_odds against none, …) with `probability`: one of a row's candidates, or none."""
    odds = pl.col("log_odds").clip(-30, 30).exp()
    return pairs.with_columns((odds / (1 + odds.sum().over("row"))).alias("probability"))


def best_two(pairs: pl.DataFrame, order: tuple[str, ...] = ()) -> pl.DataFrame:
    """One row per `row`: the most probable candidate and, under `runner_up_…`, the next; ties fall by `order`.

    The columns of `order` are better when greater; then the smaller account_row comes first.
    """
    ranked = pairs.sort(
        ["row", "probability", *order, "account_row"], descending=[False, True, *(True for _ in order), False]
    )
    kept = [name for name in pairs.columns if name != "row"]
    return ranked.group_by("row", maintain_order=True).agg(
        *(pl.col(name).first() for name in kept),
        *(pl.col(name).get(1, null_on_oob=True).alias(f"runner_up_{name}") for name in kept),
    )
