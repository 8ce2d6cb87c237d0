"""Filling the history of values from a frame, and the times of the stages a record went through."""

from __future__ import annotations

import polars as pl

from sandbox.hubspot.kinds import Kind, kind_named
from sandbox.hubspot.portal import Portal
from sandbox.hubspot.stage_times import path_names, stage_property
from sandbox.hubspot.wire_frames import wire_text

_SLICE = 50_000
_COLUMNS = ("kind", "id", "name", "at", "value", "source_type", "source_id", "source_label", "user_id")


def wire_history(frame: pl.DataFrame) -> pl.DataFrame:
    """The rows of the history table, in order of time, from a frame with object, id, property, value, at,
    source_type, and where known source_id, source_label, user_id."""
    wire = frame.select(wire_text(frame[name]).alias(name) for name in frame.columns)
    said = {*frame["object"].unique()}
    plurals = {name: kind.plural for name in said if (kind := kind_named(name))}
    missing = [pl.lit(None, pl.String).alias(name) for name in _COLUMNS[-3:] if name not in wire.columns]
    return (
        wire.with_columns(missing)
        .with_columns(
            pl.col("object").replace_strict(plurals, return_dtype=pl.String).alias("kind"),
            pl.col("property").alias("name"),
            pl.col("id").cast(pl.Int64),
            pl.col("user_id").cast(pl.Int64),
        )
        .select(_COLUMNS)
        .sort("kind", "id", "at", maintain_order=True)
    )


def load_history(portal: Portal, history: pl.DataFrame) -> None:
    for part in history.iter_slices(_SLICE):
        portal.store.db.executemany(f"INSERT INTO history VALUES ({','.join('?' * len(_COLUMNS))})", part.rows())


def with_path(kind: Kind, frame: pl.DataFrame, history: pl.DataFrame | None) -> pl.DataFrame:
    """A frame of records with the times of every stage they were in, where the history tells of stages."""
    field = stage_property(kind)
    if history is None or field is None:
        return frame
    stays = history.filter((pl.col("kind") == kind.plural) & (pl.col("name") == field)).select(
        pl.col("id").alias("_key"), pl.col("value").alias("stage"), pl.col("at").alias("entered")
    )
    if stays.is_empty():
        return frame
    stays = stays.with_columns(pl.col("entered").shift(-1).over("_key").alias("exited"))
    spent = (_ms("exited") - _ms("entered")).alias("spent")
    told = (
        stays.with_columns(spent)
        .group_by("_key", "stage", maintain_order=True)
        .agg(
            pl.col("entered").last(),
            pl.col("exited").last(),
            pl.col("spent").sum().replace(0, None).alias("total"),
            pl.col("spent").drop_nulls().last().alias("latest"),
        )
    )
    keyed = frame.with_columns(pl.col("id").cast(pl.Int64).alias("_key"))
    for stage in told["stage"].unique(maintain_order=True):
        names = path_names(str(stage))
        columns = [
            pl.col(column).cast(pl.String).alias(name)
            for column, listed in names.items()
            for name in listed
            if name not in frame.columns
        ]
        keyed = keyed.join(
            told.filter(pl.col("stage") == stage).select("_key", *columns), on="_key", how="left", maintain_order="left"
        )
    return keyed.drop("_key")


def _ms(name: str) -> pl.Expr:
    return pl.col(name).str.to_datetime("%Y-%m-%dT%H:%M:%S%.3fZ", time_unit="ms").dt.epoch("ms")
