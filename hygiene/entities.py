"""Entities: clusters with ids that outlive runs, splits and merges."""

from __future__ import annotations

from hashlib import blake2b
from itertools import count

import polars as pl

MEMBERSHIPS = pl.Schema({"connection": pl.String, "stream": pl.String, "id": pl.String, "entity": pl.String})


def new_id(prefix: str, key: str, taken: set[str]) -> str:
    """A short id made from a record key alone; the next free one should it be taken."""
    return next(entity for number in count() if (entity := numbered_id(prefix, key, number)) not in taken)


def numbered_id(prefix: str, key: str, number: int) -> str:
    """The id that a record key gives an entity, or its next ones."""
    salted = key if number == 0 else f"{key}#{number}"
    return f"{prefix}-{blake2b(salted.encode(), digest_size=8).hexdigest()}"


def _kept_ids(members: pl.DataFrame, previous: pl.DataFrame) -> dict[int, str]:
    """By cluster, the previous id it keeps.

    A previous entity goes with its earliest record that is still there (creation, then key); a cluster that holds
    several keeps the id of the earliest.
    """
    known = members.join(previous.select("key", "entity"), on="key", how="inner")
    ages = known.sort("created_at", "key", nulls_last=True)
    owners = ages.unique("entity", keep="first", maintain_order=True)
    kept = owners.unique("cluster", keep="first", maintain_order=True)
    return dict(kept.select("cluster", "entity").iter_rows())


def memberships(members: pl.DataFrame, previous: pl.DataFrame, prefix: str) -> pl.DataFrame:
    """Give every cluster its entity id.

    `members` has key, connection, stream, id, created_at and cluster (its smallest row), in key order; `previous` has
    connection, stream, id and entity of the run before, and may be empty.
    """
    before = previous.with_columns(pl.concat_str("connection", "stream", "id", separator="/").alias("key"))
    kept = _kept_ids(members, before)
    taken = set(before["entity"].to_list())
    heads = members.unique("cluster", keep="first", maintain_order=True).select("cluster", "key")
    ids = []
    for cluster, key in heads.iter_rows():
        entity = kept.get(cluster) or new_id(prefix, key, taken)
        taken.add(entity)
        ids.append(entity)
    table = heads.select("cluster").with_columns(pl.Series("entity", ids, dtype=pl.String))
    joined = members.join(table, on="cluster", how="left", maintain_order="left")
    return joined.select(MEMBERSHIPS.names()).cast(MEMBERSHIPS)
