"""Owners: which user of one CRM is which user of another, by e-mail, and who is nobody there."""

from __future__ import annotations

import polars as pl

from hygiene.findings import found
from hygiene.kinds import email

UNMATCHED = pl.Schema({"connection": pl.String, "id": pl.String, "name": pl.String, "reason": pl.String})


def same_owners(users: pl.DataFrame, between: tuple[str, str]) -> pl.DataFrame:
    """Columns left and right: ids of the active users of the two connections that have one e-mail address.

    `users` has connection, id, email and is_active. An address that two active users of one connection share says
    nothing.
    """
    addressed = _addressed(users.filter(pl.col("is_active").fill_null(value=True))).drop_nulls("address")
    alone = addressed.filter(pl.len().over("connection", "address") == 1)
    left, right = (
        alone.filter(pl.col("connection") == name).select("address", pl.col("id").alias(side))
        for side, name in zip(("left", "right"), between, strict=True)
    )
    return left.join(right, on="address", how="inner").select("left", "right").sort("left")


def people_of(users: pl.DataFrame, between: tuple[str, str]) -> pl.DataFrame:
    """The active users of the two connections who are people: a queue has no counterpart."""
    is_person = pl.col("type").fill_null("person").str.to_lowercase() == "person"
    return users.filter(pl.col("connection").is_in(between) & is_person & pl.col("is_active").fill_null(value=True))


def unmatched_owners(users: pl.DataFrame, between: tuple[str, str]) -> pl.DataFrame:
    """Schema `UNMATCHED`, by connection and name: people of one of the two connections who are nobody in the other.

    `users` has connection, id, name, email, type and is_active. An owner who left needs no counterpart.
    """
    here = _addressed(people_of(users, between))
    here = here.with_columns(pl.len().over("connection", "address").alias("sharing"))
    others = _addressed(users.filter(pl.col("connection").is_in(between))).drop_nulls("address")
    counted = others.group_by("connection", "address").agg(
        pl.col("is_active").fill_null(value=True).sum().alias("active"), pl.len().alias("known")
    )
    counted = counted.with_columns(pl.col("connection").replace_strict(dict(zip(between, between[::-1], strict=True))))
    told = here.join(counted, on=["connection", "address"], how="left", maintain_order="left")
    reason = (
        pl.when(pl.col("address").is_null()).then(pl.lit("has no e-mail address"))
        .when(pl.col("sharing") > 1).then(pl.lit("shares the e-mail address with another active user"))
        .when(pl.col("active") > 1).then(pl.lit("is several active users there by that e-mail address"))
        .when(pl.col("active") == 1).then(pl.lit(None, pl.String))
        .when(pl.col("known") > 0).then(pl.lit("is inactive there"))
        .otherwise(pl.lit("is not there by that e-mail address"))
    )  # fmt: skip
    marked = told.with_columns(reason.alias("reason")).drop_nulls("reason")
    return marked.select(UNMATCHED.names()).cast(UNMATCHED).sort("connection", "name", "id")


def owner_findings(users: pl.DataFrame, between: tuple[str, str]) -> pl.DataFrame:
    """One finding per unmatched owner: records of theirs keep the owner that they have in the other connection."""
    unmatched = unmatched_owners(users, between)
    there = pl.col("connection").replace_strict(dict(zip(between, between[::-1], strict=True)))
    message = pl.format("{} {} (in {})", pl.col("name").fill_null("a user without name"), "reason", there)
    return found(unmatched, "owner-unmatched", message, stream="users", field="email")


def _addressed(users: pl.DataFrame) -> pl.DataFrame:
    """Users with their normal address. A sandbox of Salesforce puts .invalid behind everybody's."""
    spelt = users["email"].cast(pl.String).str.strip_chars().str.to_lowercase().str.strip_suffix(".invalid")
    return users.with_columns(email.normalise(spelt).alias("address"))
