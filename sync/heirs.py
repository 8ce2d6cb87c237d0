"""Records that others stand for since: leads that were converted, by us or by people, and what was merged away.

The contact of a converted lead takes its place beside its partner: it is the same person as whoever the lead was. What
was said to be the same as a record that was merged away is the same as the survivor.
"""

from __future__ import annotations

import polars as pl

from model.evidence import OURSELVES, RecordKey, Verdict
from store import Store

_KEY = ["connection", "stream", "id"]
_OTHER = ["other_connection", "other_stream", "other_id"]
_PAIRS = pl.Schema(dict.fromkeys(["connection", "stream", "heir", "id", *_OTHER], pl.String()))


def follow_heirs(store: Store, at: int) -> None:
    """Tell the store of them among the records that came or changed since the last match."""
    waiting = store.unmatched()
    if waiting.is_empty():
        return
    verdicts = []
    for connection, stream, heir, lost, *other in pl.concat(
        [_converted(store, waiting), _merged(store, waiting)]
    ).rows():
        one, two = RecordKey(connection, stream, heir), RecordKey(*other)
        if one != two:
            left, right = sorted((one, two))
            verdicts.append(Verdict(left, right, "same", OURSELVES, at, f"{one} stands for {lost}"))
    if verdicts:
        store.add_new_verdicts(verdicts)


def _converted(store: Store, waiting: pl.DataFrame) -> pl.DataFrame:
    """Each contact that a lead became, with the lead's id and every record elsewhere that was one with the lead."""
    leads = store.frame("leads", columns=["is_converted", "converted_contact_id"],
                        only=waiting.filter(pl.col("stream") == "leads"))  # fmt: skip
    led = leads.filter(pl.col("is_converted") & pl.col("converted_contact_id").is_not_null()).select(
        "connection", pl.lit("leads").alias("stream"), "id", pl.col("converted_contact_id").alias("heir")
    )
    held = store.memberships_of(led).join(led, on=_KEY)
    others = store.members(held["entity"].unique().to_list()).select(
        "entity", *(pl.col(name).alias(f"other_{name}") for name in _KEY)
    )
    across = held.join(others, on="entity").filter(pl.col("connection") != pl.col("other_connection"))
    return across.with_columns(pl.lit("contacts").alias("stream")).select(_PAIRS.names()).cast(_PAIRS)


def _merged(store: Store, waiting: pl.DataFrame) -> pl.DataFrame:
    """Each survivor, with the id of what was merged into it and every record that this was said to be the same as."""
    streams = ("accounts", "contacts", "leads")
    tombstones = store.tombstones(streams, only=waiting)
    lost = tombstones.select(*_KEY, pl.col("merged_into").alias("heir")).drop_nulls("heir")
    if lost.is_empty():
        return _PAIRS.to_frame()
    same = store.verdicts().filter(pl.col("answer") == "same")
    found = []
    for side, other in (("left", "right"), ("right", "left")):
        ends = same.select(
            *(pl.col(f"{side}_{name}").alias(name) for name in _KEY),
            *(pl.col(f"{other}_{name}").alias(f"other_{name}") for name in _KEY),
        )
        found.append(lost.join(ends, on=_KEY).select(_PAIRS.names()).cast(_PAIRS))
    return pl.concat(found)
