"""What the records that engagements hang on say of them: how many, when the last one was, when the next will be."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from sandbox.hubspot.kinds import ENGAGEMENTS, KINDS, Kind
from sandbox.hubspot.store import Store
from sandbox.hubspot.wire_frames import wire_text

# Of whom an engagement tells, and those by which somebody is contacted.
ROLLED = ("contacts", "companies", "deals", "tickets")
CONTACTING = ("calls", "emails", "meetings", "communications", "postal_mail")
# What can lie ahead: meetings, and tasks until they are done.
_AHEAD = ("meetings", "tasks")
_NAMES = ("num_notes", "num_contacted_notes", "notes_last_updated", "notes_last_contacted", "notes_next_activity_date")
_KINDS = tuple(kind for kind in KINDS if kind.plural in ENGAGEMENTS)
Values = dict[str, str | None]


def rollup(store: Store, kind: Kind, record_id: int, now: str) -> Values:
    """The figures of one record from its live engagements; moments are stamps."""
    parts, parameters = [], []
    for other in _KINDS:
        done = "hs_task_status IS 'COMPLETED'" if other.plural == "tasks" else "0"
        parts.append(
            f"SELECT hs_timestamp AS at, {int(other.plural in CONTACTING)} AS contacts,"
            f" {int(other.plural in _AHEAD)} AND NOT ({done}) AS ahead"
            f" FROM links JOIN {other.plural} ON _id = target_id AND _archived = 0"
            " WHERE source = ? AND source_id = ? AND target = ?"
        )
        parameters += [kind.number, record_id, other.number]
    sql = (
        "SELECT COUNT(*), SUM(contacts), MAX(CASE WHEN at <= ? THEN at END),"
        " MAX(CASE WHEN at <= ? AND contacts THEN at END), MIN(CASE WHEN at > ? AND ahead THEN at END)"
        f" FROM ({' UNION ALL '.join(parts)})"
    )
    row = store.db.execute(sql, [now, now, now, *parameters]).fetchone()
    return {name: str(value) if value else None for name, value in zip(_NAMES, row, strict=True)}


def with_rollups(
    kind: Kind, frame: pl.DataFrame, frames: Mapping[str, pl.DataFrame], linked: pl.DataFrame | None, now: str
) -> pl.DataFrame:
    """A frame of records with the figures of all of them; as it is where there are no engagements."""
    parts = [_engagements(other, frames[other.plural]) for other in _KINDS if other.plural in frames]
    if kind.plural not in ROLLED or linked is None or not parts:
        return frame
    mine = linked.filter(pl.col("source") == kind.number).select("source_id", "target", "target_id")
    past = pl.col("at") <= now
    figures = (
        mine.join(pl.concat(parts), on=["target", "target_id"])
        .group_by(pl.col("source_id").alias("_key"))
        .agg(
            pl.len().cast(pl.String).alias("num_notes"),
            pl.col("contacts").sum().cast(pl.String).replace("0", None).alias("num_contacted_notes"),
            pl.col("at").filter(past).max().alias("notes_last_updated"),
            pl.col("at").filter(past & pl.col("contacts")).max().alias("notes_last_contacted"),
            pl.col("at").filter(~past & pl.col("ahead")).min().alias("notes_next_activity_date"),
        )
    )
    keyed = frame.drop(_NAMES, strict=False).with_columns(pl.col("id").cast(pl.Int64).alias("_key"))
    return keyed.join(figures, on="_key", how="left", maintain_order="left").drop("_key")


def _engagements(kind: Kind, frame: pl.DataFrame) -> pl.DataFrame:
    """target, target_id, at, and whether each is a contact and may lie ahead; deleted ones left out."""
    if "archived" in frame.columns:
        frame = frame.filter(~pl.col("archived").fill_null(False))
    is_open = pl.lit(kind.plural in _AHEAD)
    if kind.plural == "tasks" and "hs_task_status" in frame.columns:
        is_open = pl.col("hs_task_status").ne_missing("COMPLETED")
    return frame.select(
        pl.lit(kind.number, pl.Int64).alias("target"),
        pl.col("id").cast(pl.Int64).alias("target_id"),
        wire_text(frame["hs_timestamp"]).alias("at"),
        pl.lit(kind.plural in CONTACTING).alias("contacts"),
        is_open.alias("ahead"),
    )
