"""Records that a connection lacks: the people and companies that have none there, and why some get none all the same.

An entity of which a connection once had a record gets no new one. Nor does one that may be there under another name:
that is for a person to decide first, since every wrong guess would make a duplicate.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from hygiene.partners import crowded

MISSING = pl.Schema(
    {"entity": pl.String, "connection": pl.String, "stream": pl.String, "id": pl.String, "held": pl.String,
     "other": pl.String}
)  # fmt: skip
_KEY = ("connection", "stream", "id")
# Why an entity gets no record, the first that holds: in words where it is news to people.
HELD = {
    "test": "a test record",
    "gone": "its record there was deleted or merged away",
    "matches": "it matches a record there once corrections are written",
    "unsure": "it may be the same as {}; review that pair first",
    "moved": "the same person is there in another job, as {}",
}
# Pairs that may be one, or are in part.
IS_OPEN = (pl.col("decision") == "unsure") | (pl.col("rule") == "job-change")
_ORDER = {name: number for number, name in enumerate(HELD)}


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known of who is where.

    `memberships` are those of all connections that hold now, `corrected` those there will be once corrections are
    written, `ever` all there were. `gone` (key) are records that are no more, `tests` (key) those made to try something
    out, `pairs` what matching decided, now and once corrected, `partners` the chosen of several records.
    """

    memberships: pl.DataFrame
    corrected: pl.DataFrame
    ever: pl.DataFrame
    gone: pl.DataFrame
    tests: pl.DataFrame
    pairs: pl.DataFrame
    partners: pl.DataFrame


def partner_of(standing: Standing, connection: str, streams: Sequence[str]) -> pl.DataFrame:
    """Of each entity the record (entity, connection, stream, id) that stands for it in a connection, by entity."""
    mine = _of(standing.memberships, streams).filter(pl.col("connection") == connection)
    several = crowded(mine)
    single = mine.join(several, on=_KEY, how="anti")
    named = several.join(standing.partners, on=["entity", *_KEY], how="semi")
    return pl.concat([single, named]).select("entity", *_KEY).sort("entity")


def missing(standing: Standing, source: str, to: str, streams: Sequence[str]) -> pl.DataFrame:
    """The entities with a record in `source` and none in `to` (schema MISSING), in the order of their records.

    `held` is a key of HELD, or null where nothing stands against a record; `other` the record that it is about.
    """
    here = partner_of(standing, source, streams)
    there = _entities(_of(standing.memberships, streams), to)
    lacking = here.join(there, on="entity", how="anti")
    if lacking.is_empty():
        return MISSING.to_frame()
    held = pl.concat([
        _tests(standing, lacking),
        _gone(standing, lacking, to, streams),
        _matching(standing, lacking, to, streams),
        _doubted(standing, lacking, there, streams),
    ])  # fmt: skip
    first = held.sort(pl.col("held").replace_strict(_ORDER, return_dtype=pl.Int8), "entity", "other", nulls_last=True)
    once = first.unique("entity", keep="first", maintain_order=True)
    told = lacking.join(once, on="entity", how="left", maintain_order="left")
    return told.select(MISSING.names()).cast(MISSING).sort(_KEY)


def _of(memberships: pl.DataFrame, streams: Sequence[str]) -> pl.DataFrame:
    return memberships.filter(pl.col("stream").is_in(list(streams))).select(*_KEY, "entity")


def _entities(memberships: pl.DataFrame, connection: str) -> pl.DataFrame:
    return memberships.filter(pl.col("connection") == connection).select("entity").unique()


def _key(prefix: str = "") -> pl.Expr:
    return pl.concat_str([f"{prefix}{name}" for name in _KEY], separator="/")


def _told(frame: pl.DataFrame, held: str, other: pl.Expr | None = None) -> pl.DataFrame:
    about = pl.lit(None, pl.String) if other is None else other
    return frame.select("entity", pl.lit(held).alias("held"), about.alias("other"))


def _tests(standing: Standing, lacking: pl.DataFrame) -> pl.DataFrame:
    return _told(lacking.filter(_key().is_in(standing.tests["key"].implode())), "test")


def _members(standing: Standing, lacking: pl.DataFrame, streams: Sequence[str]) -> pl.DataFrame:
    """All records of the entities, whatever their connection."""
    return _of(standing.memberships, streams).join(lacking.select("entity"), on="entity", how="semi")


def _gone(standing: Standing, lacking: pl.DataFrame, to: str, streams: Sequence[str]) -> pl.DataFrame:
    """Entities whose records, or those that ever were of one entity with them, include one that is gone from `to`."""
    ever = _of(standing.ever, streams)
    ended = ever.filter((pl.col("connection") == to) & _key().is_in(standing.gone["key"].implode()))
    past = ever.join(ended.select("entity").unique(), on="entity", how="semi").select(*_KEY)
    return _told(_members(standing, lacking, streams).join(past.unique(), on=_KEY, how="semi").unique("entity"), "gone")


def _matching(standing: Standing, lacking: pl.DataFrame, to: str, streams: Sequence[str]) -> pl.DataFrame:
    soon = _of(standing.corrected, streams)
    found = soon.join(_entities(soon, to), on="entity", how="semi").select(_KEY)
    return _told(_members(standing, lacking, streams).join(found, on=_KEY, how="semi").unique("entity"), "matches")


def _doubted(standing: Standing, lacking: pl.DataFrame, there: pl.DataFrame, streams: Sequence[str]) -> pl.DataFrame:
    """Entities that may be one that has a record in the other connection; of two that both lack one, the later."""
    entity = _of(standing.memberships, streams).select(_key().alias("key"), "entity")
    open_ones = standing.pairs.filter(IS_OPEN).select(
        _key("left_").alias("left"), _key("right_").alias("right"), (pl.col("rule") == "job-change").alias("moved")
    )
    both = pl.concat(
        [open_ones, open_ones.select(pl.col("right").alias("left"), pl.col("left").alias("right"), "moved")]
    )
    sides = both.join(entity.rename({"key": "left"}), on="left").join(
        entity.rename({"key": "right", "entity": "their"}), on="right"
    )
    own = sides.join(lacking.select("entity"), on="entity", how="semi").filter(pl.col("entity") != pl.col("their"))
    placed = own.join(there.rename({"entity": "their"}), on="their", how="semi")
    order = lacking.select("entity", _key().alias("at"))
    twins = (
        own.filter(~pl.col("moved"))
        .join(order, on="entity")
        .join(order.rename({"entity": "their", "at": "their_at"}), on="their")
    )
    later = twins.filter(pl.col("at") > pl.col("their_at"))
    parts = (placed.filter("moved"), "moved"), (placed.filter(~pl.col("moved")), "unsure"), (later, "unsure")
    return pl.concat([_told(frame, held, pl.col("right")) for frame, held in parts])


def homes(standing: Standing, source: str, to: str) -> dict[str, str]:
    """By account of `source` the account of `to` that stands for the same company."""
    streams = ("accounts",)
    own = _of(standing.memberships, streams).filter(pl.col("connection") == source)
    there = partner_of(standing, to, streams).select("entity", pl.col("id").alias("there"))
    return dict(own.join(there, on="entity").select("id", "there").iter_rows())
