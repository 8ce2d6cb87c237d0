"""Partners that were deleted: records whose counterpart in the other connection is no more, and what speaks against
deleting them too."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

import polars as pl

GONE = pl.Schema(
    {"connection": pl.String(), "stream": pl.String(), "id": pl.String(), "partner": pl.String(),
     "seen_at": pl.Datetime("us", "UTC"), "gone_at": pl.Datetime("us", "UTC"), "is_doubtful": pl.Boolean()}
)  # fmt: skip
_KEY = ("connection", "stream", "id")


def bereft(
    memberships: pl.DataFrame,
    ever: pl.DataFrame,
    tombstones: pl.DataFrame,
    source: str,
    to: str,
    streams: Sequence[str],
) -> pl.DataFrame:
    """The live records of `to` (schema GONE) whose only counterparts in `source` were deleted, in order.

    A record that was merged away lives on, and one that a full pull did not show may only be hidden: neither counts
    as deleted, and where there is one of them too it `is_doubtful`. `seen_at` is when we saw the deletion, `gone_at`
    the version of what was deleted. `ever` has from_at and until_at; `tombstones` are as the store gives them.
    """
    mine = memberships.filter(pl.col("stream").is_in(list(streams))).select(*_KEY, "entity")
    living = mine.filter(pl.col("connection") == source).select("entity").unique()
    here = mine.filter(pl.col("connection") == to).join(living, on="entity", how="anti")
    past = ever.filter(pl.col("stream").is_in(list(streams)))
    ended = past.filter((pl.col("connection") == source) & pl.col("until_at").is_not_null()).join(tombstones, on=_KEY)
    is_deleted = ~pl.col("vanished") & pl.col("merged_into").is_null()
    key = pl.concat_str(_KEY, separator="/")
    deleted = ended.filter(is_deleted).select(
        "entity", key.alias("partner"), pl.col("until_at").alias("seen_at"), pl.col("changed_at").alias("gone_at")
    )
    heir = pl.concat_str("connection", "stream", "merged_into", separator="/")
    lives_on = ended.filter(~is_deleted & ~heir.is_in(deleted["partner"].implode()).fill_null(value=False))
    doubtful = lives_on.select("entity").unique()
    # The two were one entity when the partner was deleted.
    beside = past.select(*_KEY, "entity", "from_at", pl.col("until_at").alias("_until"))
    together = here.select(_KEY).join(beside, on=_KEY).join(deleted, on="entity").filter(
        (pl.col("from_at") < pl.col("seen_at")) & (pl.col("_until").is_null() | (pl.col("_until") >= pl.col("seen_at")))
    )  # fmt: skip
    told = together.with_columns(is_doubtful=pl.col("entity").is_in(doubtful["entity"].implode()))
    last = told.sort(*_KEY, "seen_at", "partner").unique(_KEY, keep="last", maintain_order=True)
    return last.select(GONE.names()).cast(GONE).sort(_KEY)


def ties(gone: pl.DataFrame, frames: Mapping[str, pl.DataFrame], today: date, idle_days: int) -> pl.DataFrame:
    """`gone` with `tie`: in words, what hangs on the record or was done with it lately; null where nothing.

    `frames` holds accounts, contacts, leads, deals and associations.
    """
    open_deals = frames["deals"].filter(~pl.col("is_closed").fill_null(value=False))
    held = pl.concat(
        [
            _of_deals(open_deals, frames["associations"]),
            _belonging(frames["contacts"], "contacts belong to it"),
            _belonging(frames["deals"], "deals belong to it, which would go with it"),
        ]
    )
    recent = today - timedelta(days=idle_days)
    active = [
        frames[stream]
        .filter(pl.col("last_activity_on") >= recent)
        .select(
            "connection", pl.lit(stream).alias("stream"), "id", pl.lit("something was done with it lately").alias("tie")
        )
        for stream in ("accounts", "contacts", "leads")
    ]
    first = pl.concat([held, *active]).unique(_KEY, keep="first", maintain_order=True)
    return gone.join(first, on=_KEY, how="left", maintain_order="left")


def _of_deals(deals: pl.DataFrame, links: pl.DataFrame) -> pl.DataFrame:
    direct = [
        deals.filter(pl.col(field).is_not_null()).select(
            "connection", pl.lit(stream).alias("stream"), pl.col(field).alias("id")
        )
        for field, stream in (("account_id", "accounts"), ("contact_id", "contacts"))
    ]
    ends = [
        links.filter(pl.col(f"{deal}_stream") == "deals")
        .join(deals.select("connection", pl.col("id").alias(f"{deal}_id")), on=["connection", f"{deal}_id"], how="semi")
        .select("connection", pl.col(f"{other}_stream").alias("stream"), pl.col(f"{other}_id").alias("id"))
        for deal, other in (("from", "to"), ("to", "from"))
    ]
    return pl.concat([*direct, *ends]).with_columns(pl.lit("it has open deals").alias("tie"))


def _belonging(records: pl.DataFrame, tie: str) -> pl.DataFrame:
    """The accounts that these records belong to."""
    return records.filter(pl.col("account_id").is_not_null()).select(
        "connection", pl.lit("accounts").alias("stream"), pl.col("account_id").alias("id"), pl.lit(tie).alias("tie")
    )
