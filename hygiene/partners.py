"""Partner records: of an entity in one connection, the one record that takes field sync.

The others of that connection get merge or convert plans only. An entity with one record in a connection has that one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from hygiene.cluster import components
from hygiene.survivors import facts, ranked
from model.settings import RecordRule

PARTNERS = pl.Schema(
    {"connection": pl.String, "entity": pl.String, "stream": pl.String, "id": pl.String, "reason": pl.String}
)  # fmt: skip
_KEY = ("connection", "stream", "id")
_LINKED = "kept alike with its counterpart in the other CRM"
_PAIR = ["left_stream", "left_id", "right_stream", "right_id"]


def crowded(memberships: pl.DataFrame) -> pl.DataFrame:
    """The memberships (connection, stream, id, entity) of entities that have several records in a connection."""
    sized = memberships.select(*_KEY, "entity").with_columns(pl.len().over("connection", "entity").alias("_size"))
    return sized.filter(pl.col("_size") > 1).drop("_size")


def agreed(bases: pl.DataFrame, others: pl.DataFrame) -> pl.DataFrame:
    """The records (connection, stream, id) of `bases` that are named as partners by those of `others` they name."""
    key = pl.concat_str(_KEY, separator="/").alias("key")
    back = others.select(key, "partner")
    return (
        bases.with_columns(key)
        .join(back, left_on=["key", "partner"], right_on=["partner", "key"], how="semi")
        .select(_KEY)
    )


def kept_partners(
    memberships: pl.DataFrame, previous: pl.DataFrame, linked: pl.DataFrame | None = None
) -> pl.DataFrame:
    """The partners of before (schema `PARTNERS`) that still are one of several records of their entity, and not one
    beside a record that is kept alike with another CRM while they are not: `linked` has those records.

    A partner does not change as long as it can be avoided: each change would make a sync write all fields anew.
    """
    still = previous.select(PARTNERS.names()).join(
        _first(crowded(memberships), linked), on=[*_KEY, "entity"], how="semi"
    )
    return still.unique(["connection", "entity"], keep="first").sort("connection", "entity")


def _first(members: pl.DataFrame, linked: pl.DataFrame | None) -> pl.DataFrame:
    """The members that come into question: where some are `linked`, just those; with `is_linked`."""
    if linked is None:
        return members.with_columns(pl.lit(value=False).alias("is_linked"))
    marked = members.join(linked.with_columns(pl.lit(value=True).alias("is_linked")), on=_KEY, how="left").with_columns(
        pl.col("is_linked").fill_null(value=False)
    )
    return marked.filter(pl.col("is_linked") | ~pl.col("is_linked").any().over("connection", "entity"))


def partners(
    memberships: pl.DataFrame,
    previous: pl.DataFrame,
    frames: Mapping[str, pl.DataFrame],
    pairs: pl.DataFrame | None,
    rules: Sequence[RecordRule],
    linked: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """The partner of each entity in each connection that holds several of its records (schema `PARTNERS`); one of the
    `linked` ones (connection, stream, id), which are kept alike with another CRM, where there are any."""
    kept = kept_partners(memberships, previous, linked)
    open_groups = _first(crowded(memberships), linked).join(kept, on=["connection", "entity"], how="anti")
    members = open_groups.with_columns(pl.concat_str("connection", "entity", separator="/").alias("group"))
    told = facts(members, frames, pairs=pairs)
    if told.is_empty():
        return kept
    first = ranked(told, rules).filter(pl.col("rank") == 0)
    reason = pl.when("is_linked").then(pl.lit(_LINKED)).otherwise("reason")
    first = first.with_columns(reason.alias("reason")).select(PARTNERS.names())
    return pl.concat([kept, first]).sort("connection", "entity")


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of who is whom: `memberships`, `chosen` partners (schema `PARTNERS`), compared `pairs`, the `bases`
    that the store holds and people's `verdicts`."""

    memberships: pl.DataFrame
    chosen: pl.DataFrame
    pairs: pl.DataFrame
    bases: pl.DataFrame
    verdicts: pl.DataFrame


def partner_pairs(
    known: Known, between: tuple[str, str], streams: Sequence[str], link_from: float
) -> tuple[pl.DataFrame, int]:
    """Which records of the two connections are kept alike: left_stream, left_id, right_stream, right_id, in order; and
    how many more would be, were they surer.

    Records that agreed once stay partners, whatever matching makes of them later, unless a person keeps them apart.
    Others are partners as members of one entity whom pairs of at least `link_from` hold together; of several records
    in a connection the chosen one, without which there is none.
    """
    linked = _linked(known.bases, between, streams)
    ends = [f"{side}_{name}" for side in ("left", "right") for name in _KEY]
    kept_apart = known.verdicts.filter(pl.col("answer") == "different").select(ends)
    swapped = kept_apart.rename(dict(zip(ends, (*ends[3:], *ends[:3]), strict=True))).select(ends)
    matched = _matched(known.memberships, known.chosen, between, streams)
    for side in ("left", "right"):
        matched = matched.join(linked, on=[f"{side}_stream", f"{side}_id"], how="anti")
    named = [pl.lit(name).alias(f"{side}_connection") for side, name in zip(("left", "right"), between, strict=True)]
    sure = _sure(matched.with_columns(named), known.pairs, link_from)
    free = pl.concat([linked, sure.select(_PAIR)]).with_columns(named)
    free = free.join(pl.concat([kept_apart, swapped]), on=ends, how="anti")
    return free.select(_PAIR).sort(_PAIR), matched.height - sure.height


def _sure(matched: pl.DataFrame, pairs: pl.DataFrame, link_from: float) -> pl.DataFrame:
    """Those whose two records sure pairs hold together, directly or by way of others."""
    key = [pl.concat_str([f"{side}_{name}" for name in _KEY], separator="/").alias(side) for side in ("left", "right")]
    edges = pairs.filter((pl.col("decision") == "same") & (pl.col("probability") >= link_from)).select(key)
    nodes = pl.concat([edges["left"], edges["right"]]).unique().sort()
    row = pl.DataFrame({"node": nodes}).with_row_index("row")
    numbered = edges.select(
        *(edges.join(row, left_on=side, right_on="node", how="left", maintain_order="left")["row"].alias(side)
          for side in ("left", "right"))
    )  # fmt: skip
    root = row.with_columns(pl.Series("root", components(row.height, numbered), dtype=pl.Int64)).drop("row")
    told = matched.with_columns(key)
    for side in ("left", "right"):
        told = told.join(root.rename({"root": f"_{side}"}), left_on=side, right_on="node", how="left")
    return told.filter(pl.col("_left") == pl.col("_right"))


def _linked(bases: pl.DataFrame, between: tuple[str, str], streams: Sequence[str]) -> pl.DataFrame:
    """Pairs of records whose bases name each other."""
    mine = bases.filter(pl.col("stream").is_in(list(streams)))
    told = mine.select(*_KEY, "partner", pl.concat_str(_KEY, separator="/").alias("key"))
    left, right = (told.filter(pl.col("connection") == name) for name in between)
    both = left.join(right, left_on=["key", "partner"], right_on=["partner", "key"], how="inner", suffix="_right")
    return both.select(
        pl.col("stream").alias("left_stream"), pl.col("id").alias("left_id"),
        pl.col("stream_right").alias("right_stream"), pl.col("id_right").alias("right_id"),
    )  # fmt: skip


def _matched(
    memberships: pl.DataFrame, chosen: pl.DataFrame, between: tuple[str, str], streams: Sequence[str]
) -> pl.DataFrame:
    mine = memberships.filter(pl.col("connection").is_in(between) & pl.col("stream").is_in(list(streams)))
    single = mine.join(crowded(memberships), on=[*_KEY, "entity"], how="anti").select("entity", *_KEY)
    named = mine.join(chosen, on=[*_KEY, "entity"], how="semi").select("entity", *_KEY)
    every = pl.concat([single, named])
    left, right = (
        every.filter(pl.col("connection") == name).select(
            "entity", pl.col("stream").alias(f"{side}_stream"), pl.col("id").alias(f"{side}_id")
        )
        for side, name in zip(("left", "right"), between, strict=True)
    )
    return left.join(right, on="entity", how="inner").select(_PAIR)
