"""Owners: which user of one CRM is which user of another, by e-mail."""

from __future__ import annotations

import polars as pl

from hygiene.kinds import email


def same_owners(users: pl.DataFrame, between: tuple[str, str]) -> pl.DataFrame:
    """Columns left and right: ids of the active users of the two connections that have one e-mail address.

    `users` has connection, id, email and is_active. An address that two active users of one connection share says
    nothing.
    """
    active = users.filter(pl.col("is_active").fill_null(value=True))
    addressed = active.with_columns(email.normalise(active["email"]).alias("address")).drop_nulls("address")
    alone = addressed.filter(pl.len().over("connection", "address") == 1)
    left, right = (
        alone.filter(pl.col("connection") == name).select("address", pl.col("id").alias(side))
        for side, name in zip(("left", "right"), between, strict=True)
    )
    return left.join(right, on="address", how="inner").select("left", "right").sort("left")
