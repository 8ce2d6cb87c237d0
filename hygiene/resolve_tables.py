"""Names to accounts where there is no CRM: two columns, or two tables, and the account of every row."""

from __future__ import annotations

import polars as pl

from hygiene.choose import THRESHOLD, best_two, probabilities
from hygiene.linkage.company_match import name_fits

RESOLVED = pl.Schema(
    {"row": pl.UInt32, "account_row": pl.UInt32, "probability": pl.Float64, "reason": pl.String,
     "runner_up_row": pl.UInt32, "runner_up_probability": pl.Float64, "abstained_because": pl.String}
)  # fmt: skip


def resolve_names(names: pl.Series, accounts: pl.Series, *, threshold: float = THRESHOLD) -> pl.DataFrame:
    """Columns of RESOLVED, a row for each name in order: the account (row of `accounts`) that it means.

    Where no account is probable enough account_row is null, abstained_because says why, and the runner-up is the best
    candidate; else the runner-up is the second. `probability` is that of the best candidate, null where there is none.
    """
    asked = pl.DataFrame({"name": names.cast(pl.String)}).with_row_index("row")
    listed = pl.DataFrame({"account": accounts.cast(pl.String)}).with_row_index("account_row")
    fits = name_fits(asked["name"], listed["account"])
    once = asked.drop_nulls().unique("name", keep="first", maintain_order=True)
    pairs = once.join(fits, on="name").join(listed, on="account").select("row", "account_row", "log_odds", "reason")
    told = once.join(choose(pairs, threshold), on="row", how="left").drop("row")
    judged = asked.join(told, on="name", how="left", maintain_order="left")
    why = (
        pl.when(pl.col("name").is_null())
        .then(pl.lit("no company name"))
        .otherwise(pl.lit("no account has a name like it"))
    )
    return _resolved(judged, why)


def choose(pairs: pl.DataFrame, threshold: float) -> pl.DataFrame:
    """From candidates (row, account_row, log_odds, reason) the columns of RESOLVED, for rows that have any."""
    best = best_two(probabilities(pairs))
    near = pl.col("probability") + pl.col("runner_up_probability").fill_null(0.0) >= threshold
    because = (
        pl.when(pl.col("probability") >= threshold)
        .then(None)
        .when(near)
        .then(pl.lit("several accounts fit about equally well"))
        .otherwise(pl.format("the evidence is too weak: {}", "reason"))
    )
    told = best.with_columns(because.alias("abstained_because"), pl.col("account_row").alias("best"))
    chosen = pl.col("abstained_because").is_null()
    return told.with_columns(
        pl.when(chosen).then("best").alias("account_row"),
        pl.when(chosen).then("runner_up_account_row").otherwise("best").alias("runner_up_row"),
        pl.when(chosen).then("runner_up_probability").otherwise("probability").alias("runner_up_probability"),
    ).select(RESOLVED.names())


def _resolved(judged: pl.DataFrame, why_none: pl.Expr) -> pl.DataFrame:
    because = pl.when(pl.col("probability").is_null()).then(why_none).otherwise(pl.col("abstained_because"))
    told = judged.with_columns(because.alias("abstained_because"))
    return (
        told.with_columns(pl.coalesce("reason", "abstained_because").alias("reason"))
        .select(RESOLVED.names())
        .cast(RESOLVED)
    )
