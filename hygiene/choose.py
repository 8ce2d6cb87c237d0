"""The choice among candidates: how probable each company is, which of its records is taken, who comes second."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl


def probabilities(pairs: pl.DataFrame, row: str) -> pl.DataFrame:
    """`pairs` (row, log_odds against none, …) with `probability`: one of a row's candidates is right, or none."""
    odds = pl.col("log_odds").clip(-30, 30).exp()
    return pairs.with_columns((odds / (1 + odds.sum().over(row))).alias("probability"))


def leading(
    pairs: pl.DataFrame, row: str, company: str, order: Sequence[str], last: str, kept: Sequence[str]
) -> pl.DataFrame:
    """One line per row: the best candidate, under `next_…` that of the next company, under `twin_…` the next record.

    Companies are compared by the sum of `probability` over their records, so that duplicates share it; the records of
    one company by the columns of `order`, greater first, then by `last`. Lines have row, probability and `kept`.
    """
    # Sums of floats depend on their order in the last digits; a tie must stay one.
    whole = pairs.with_columns(pl.col("probability").sum().over(row, company).round(9))
    ranked = whole.sort(
        [row, "probability", company, *order, last], descending=[False, True, False, *(True for _ in order), False]
    )
    is_first = pl.col(company) == pl.col(company).first()
    columns = ["probability", *kept]
    return ranked.group_by(row, maintain_order=True).agg(
        *(pl.col(name).first() for name in columns),
        *(pl.col(name).filter(~is_first).first().alias(f"next_{name}") for name in columns),
        *(pl.col(name).filter(is_first).get(1, null_on_oob=True).alias(f"twin_{name}") for name in columns),
    )
