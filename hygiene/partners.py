"""Partner records: of an entity in one connection, the one record that takes field sync.

The others of that connection get merge or convert plans only. An entity with one record in a connection has that one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl

from hygiene.survivors import facts, ranked
from model.settings import RecordRule

PARTNERS = pl.Schema(
    {"connection": pl.String, "entity": pl.String, "stream": pl.String, "id": pl.String, "reason": pl.String}
)  # fmt: skip
_KEY = ("connection", "stream", "id")


def crowded(memberships: pl.DataFrame) -> pl.DataFrame:
    """The memberships (connection, stream, id, entity) of entities that have several records in a connection."""
    sized = memberships.select(*_KEY, "entity").with_columns(pl.len().over("connection", "entity").alias("_size"))
    return sized.filter(pl.col("_size") > 1).drop("_size")


def kept_partners(memberships: pl.DataFrame, previous: pl.DataFrame) -> pl.DataFrame:
    """The partners of before (schema `PARTNERS`) that still are one of several records of their entity.

    A partner does not change as long as it can be avoided: each change would make a sync write all fields anew.
    """
    still = previous.select(PARTNERS.names()).join(crowded(memberships), on=[*_KEY, "entity"], how="semi")
    return still.unique(["connection", "entity"], keep="first").sort("connection", "entity")


def partners(
    memberships: pl.DataFrame,
    previous: pl.DataFrame,
    frames: Mapping[str, pl.DataFrame],
    pairs: pl.DataFrame | None,
    rules: Sequence[RecordRule],
) -> pl.DataFrame:
    """The partner of each entity in each connection that holds several of its records (schema `PARTNERS`)."""
    kept = kept_partners(memberships, previous)
    open_groups = crowded(memberships).join(kept, on=["connection", "entity"], how="anti")
    members = open_groups.with_columns(pl.concat_str("connection", "entity", separator="/").alias("group"))
    told = facts(members, frames, pairs=pairs)
    if told.is_empty():
        return kept
    first = ranked(told, rules).filter(pl.col("rank") == 0).select(PARTNERS.names())
    return pl.concat([kept, first]).sort("connection", "entity")
