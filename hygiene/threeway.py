"""Three-way merge of one field of many pairs of records: what each side holds, and what it held when they agreed.

A side has changed when it no longer holds what it held then. That is its own value as its own system gave it back, so
that what a system made of a value of ours (trimmed, rounded, in another form) is no change.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import polars as pl

from hygiene.known import blank

Side = Literal["left", "right"]
# agree: the two are alike, and this is the base from now on. left, right: that side is to be written. conflict: both
# changed, or a join of records left another value on one, and nothing says who is right. held: a side was cleared, and
# clearing is not carried over. withdrawn: an opt-out was taken back on one side only, which a person has to confirm.
# stay: nothing is to be done.
Move = Literal["agree", "left", "right", "conflict", "held", "withdrawn", "stay"]


@dataclass(frozen=True, slots=True)
class Policy:
    """How a field is kept alike. `leader`: the side whose value counts; `yields`: a blank of the leader is filled from
    the other side. Without a leader changes go both ways, with `only_fill` into blanks only. With `clears` a value that
    was taken away is taken away on the other side too. `is_consent`: true on one side is true on both."""

    leader: Side | None = None
    yields: bool = False
    only_fill: bool = False
    clears: bool = False
    is_consent: bool = False


def moves(table: pl.DataFrame, policy: Policy) -> pl.Series:
    """What is to be done about each row (`Move`).

    `left` and `right` are the values as they should be, `same` whether they are one value in two forms; `left_now` and
    `right_now` what the systems hold, and `left_was` and `right_was` what they held when they agreed, where
    `left_based` and `right_based` say that they did; of a `contested` field one side at most is. Both must be known:
    null is blank.
    """
    sides: tuple[Side, Side] = ("left", "right")
    based = pl.col("left_based") & pl.col("right_based")
    changed = {
        side: pl.col(f"{side}_now").ne_missing(pl.col(f"{side}_was")) & pl.col(f"{side}_based") for side in sides
    }
    settled = based & ~changed["left"] & ~changed["right"]
    if policy.is_consent:
        wanted = _consent(changed)
    elif policy.only_fill:
        wanted = _filled(table, changed)
    elif policy.leader is None:
        wanted = _both_ways(table, changed, clears=policy.clears)
    else:
        wanted = _led(table, changed, policy)
    decided = pl.when("same").then(pl.lit("agree")).when(settled).then(pl.lit("stay")).otherwise(wanted)
    return table.select(decided.alias("move")).to_series()


def _consent(changed: dict[Side, pl.Expr]) -> pl.Expr:
    """An opt-out goes to the other side, except back to where somebody has just taken it back."""
    chain = pl.when(pl.col("left").fill_null(value=False))
    return (
        chain.then(pl.when(changed["right"] & ~changed["left"]).then(pl.lit("withdrawn")).otherwise(pl.lit("right")))
        .when(pl.col("right").fill_null(value=False))
        .then(pl.when(changed["left"] & ~changed["right"]).then(pl.lit("withdrawn")).otherwise(pl.lit("left")))
        .otherwise(pl.lit("stay"))
    )


def _filled(table: pl.DataFrame, changed: dict[Side, pl.Expr]) -> pl.Expr:
    """Blanks are filled, unless somebody has cleared them."""
    chain = pl.when(blank(table, "left")).then(pl.when(changed["left"]).then(pl.lit("held")).otherwise(pl.lit("left")))
    return chain.when(blank(table, "right")).then(
        pl.when(changed["right"]).then(pl.lit("held")).otherwise(pl.lit("right"))
    ).otherwise(pl.lit("stay"))  # fmt: skip


def _both_ways(table: pl.DataFrame, changed: dict[Side, pl.Expr], *, clears: bool) -> pl.Expr:
    no_left, no_right = blank(table, "left"), blank(table, "right")
    cleared = pl.lit("held")
    only_left = changed["left"] & ~changed["right"]
    only_right = changed["right"] & ~changed["left"]
    fresh = ~pl.col("left_based") | ~pl.col("right_based")
    is_contested = pl.col("contested")
    filled = {
        side: pl.lit("conflict") if clears else pl.when(changed[side]).then(cleared).otherwise(pl.lit(side))
        for side in changed
    }
    return (
        pl.when(is_contested & no_left)
        .then(filled["left"])
        .when(is_contested & no_right)
        .then(filled["right"])
        .when(is_contested)
        .then(pl.lit("conflict"))
        .when(only_left)
        .then(pl.when(no_left).then(pl.lit("right") if clears else cleared).otherwise(pl.lit("right")))
        .when(only_right)
        .then(pl.when(no_right).then(pl.lit("left") if clears else cleared).otherwise(pl.lit("left")))
        .when(fresh & no_left)
        .then(pl.lit("left"))
        .when(fresh & no_right)
        .then(pl.lit("right"))
        .otherwise(pl.lit("conflict"))
    )


def _led(table: pl.DataFrame, changed: dict[Side, pl.Expr], policy: Policy) -> pl.Expr:
    leader: Side = policy.leader or "left"
    follower: Side = "right" if leader == "left" else "left"
    was_cleared = changed[leader] & ~blank(table, f"{leader}_was")
    when_cleared = pl.lit(follower) if policy.clears else pl.lit("held")
    from_other = pl.lit(leader) if policy.yields else pl.lit("stay")
    return (
        pl.when(~blank(table, leader)).then(pl.lit(follower)).when(was_cleared).then(when_cleared).otherwise(from_other)
    )
