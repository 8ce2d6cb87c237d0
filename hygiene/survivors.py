"""Which of the records of one person or company comes first: the one that survives a merge and takes field sync.

One order for all uses, so that no two parts of the product choose differently.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl

from hygiene.known import blank, completed, live
from hygiene.related import related
from model.settings import RecordRule
from model.streams import STREAMS

_KEY = ("connection", "stream", "id")
# A lead can become part of a contact, a contact never part of a lead.
_STREAMS = {"accounts": 0, "contacts": 0, "leads": 1}
_PARTNERS = pl.Schema(dict.fromkeys((*_KEY, "reason"), pl.String))
# By rule the fact it goes by; more is better.
_FACTS: Mapping[RecordRule, str] = {
    "partner": "was_partner", "in-both": "in_both", "most-related": "related", "owner-active": "owner_active",
    "most-complete": "filled", "most-recently-active": "active_on", "oldest": "age",
}  # fmt: skip


def facts(
    members: pl.DataFrame,
    frames: Mapping[str, pl.DataFrame],
    *,
    pairs: pl.DataFrame | None = None,
    partners: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """The members (group, connection, stream, id, ...) that are live, with the facts they are ranked by.

    `frames` holds the records by stream, users and what refers to records among them. `pairs` tells which records have
    a counterpart in another connection; `partners` (connection, stream, id, reason) those that came first before, and
    why. What no frame tells counts as nothing.
    """
    known = [_known(stream, frames[stream]) for stream in _STREAMS if stream in frames]
    if not known:
        return members.clear()
    told = members.join(pl.concat(known), on=_KEY, how="inner", maintain_order="left")
    told = told.join(related(frames, told), on=_KEY, how="left", maintain_order="left")
    told = told.join(_active_owners(frames), on=["connection", "owner_id"], how="left", maintain_order="left")
    across = _counterparts(pairs).unique().with_columns(pl.lit(value=True).alias("in_both"))
    before = _PARTNERS.to_frame() if partners is None else partners
    chosen = before.select(*_KEY, pl.col("reason").alias("partner_for")).unique(_KEY, keep="first")
    told = told.join(across, on=_KEY, how="left", maintain_order="left").join(
        chosen, on=_KEY, how="left", maintain_order="left"
    )
    flags = pl.col("in_both").fill_null(value=False), pl.col("partner_for").is_not_null().alias("was_partner")
    return told.with_columns(flags).drop("owner_id")


def _known(stream: str, frame: pl.DataFrame) -> pl.DataFrame:
    records = completed(stream, live(stream, frame))
    filled = pl.sum_horizontal(~blank(records, field.name) for field in STREAMS[stream].fields)
    day = pl.col("last_activity_on").cast(pl.Int32)
    return records.select(
        "connection", pl.lit(stream).alias("stream"), "id", "owner_id",
        filled.cast(pl.Int64).alias("filled"),
        pl.coalesce(day, pl.col("changed_at").dt.date().cast(pl.Int32)).cast(pl.Int64).alias("active_on"),
        (-pl.col("created_at").dt.epoch("us")).alias("age"),
    )  # fmt: skip


def _active_owners(frames: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """By connection and owner_id: owner_active, 1 or 0."""
    if "users" not in frames:
        return pl.DataFrame(schema={"connection": pl.String, "owner_id": pl.String, "owner_active": pl.Int64})
    users = completed("users", frames["users"])
    return users.select(
        "connection", pl.col("id").alias("owner_id"), pl.col("is_active").cast(pl.Int64).alias("owner_active")
    )


def _counterparts(pairs: pl.DataFrame | None) -> pl.DataFrame:
    """The records that are decided to be the same as one of another connection."""
    if pairs is None:
        return _PARTNERS.to_frame().select(_KEY)
    across = pairs.filter((pl.col("decision") == "same") & (pl.col("left_connection") != pl.col("right_connection")))
    sides = [across.select(pl.col(f"{side}_{name}").alias(name) for name in _KEY) for side in ("left", "right")]
    return pl.concat(sides)


def ranked(told: pl.DataFrame, rules: Sequence[RecordRule]) -> pl.DataFrame:
    """The members with `rank` (0: comes first) and, for the first of each group, the `reason` in words.

    `told` is what `facts` gives. Contacts come before leads; then each rule decides what those before left open, and
    the key what all leave open. The order of the rows does not matter.
    """
    place = pl.col("stream").replace_strict(_STREAMS, return_dtype=pl.Int64)
    scores = [-place, *(pl.col(_FACTS[rule]).cast(pl.Int64) for rule in rules)]
    scored = told.with_columns(
        score.fill_null(-(2**62)).alias(f"_score{number}") for number, score in enumerate(scores)
    )
    names = [f"_score{number}" for number in range(len(scores))]
    ordered = scored.sort("group", *names, *_KEY, descending=[False, *[True] * len(names), *[False] * len(_KEY)])
    placed = ordered.with_columns(pl.int_range(pl.len(), dtype=pl.Int64).over("group").alias("rank"))
    # The first score in which the first record is ahead of the second is what decided.
    decided = pl.coalesce(
        pl.when(pl.col(name) != pl.col(name).shift(-1).over("group")).then(number) for number, name in enumerate(names)
    )
    words = [pl.lit("a contact, not a lead"), *(_words(rule) for rule in rules)]
    reason = pl.when(pl.len().over("group") == 1).then(pl.lit("the only record")).otherwise(pl.lit("the lowest id"))
    for number, said in enumerate(words):
        reason = pl.when(decided == number).then(said).otherwise(reason)
    first = placed.with_columns(pl.when(pl.col("rank") == 0).then(reason).alias("reason"))
    return first.drop(names)


def _words(rule: RecordRule) -> pl.Expr:
    said: dict[RecordRule, pl.Expr] = {
        "partner": pl.format(
            "the partner so far ({})", pl.col("partner_for").str.replace(r"^the partner so far \((.*)\)$", "$1")
        ),
        "in-both": pl.lit("the one with a counterpart in another system"),
        "most-related": pl.format("the most related records, {}", "related"),
        "owner-active": pl.lit("its owner is active"),
        "most-complete": pl.format("the most fields filled, {}", "filled"),
        "most-recently-active": pl.format("the latest activity, {}", pl.col("active_on").cast(pl.Int32).cast(pl.Date)),
        "oldest": pl.format("the oldest, made {}", (-pl.col("age")).cast(pl.Datetime("us")).dt.date()),
    }
    return said[rule]
