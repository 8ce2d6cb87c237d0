"""Open deals by stage, in the pipeline's order, with the part that has a warning."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

import polars as pl

from reports.content import StageLine
from reports.wording import amounts

_LINE = ("connection", "pipeline_name", "position", "stage_name")


def stage_lines(deals: pl.DataFrame, stages: pl.DataFrame, health: pl.DataFrame) -> tuple[StageLine, ...]:
    """A line per stage of each connection and pipeline, and the total where there are several.

    `health` has connection, id and share of every open deal; below 1 there is a warning.
    """
    counts = _staged(deals, stages, health).group_by(*_LINE, "currency", "is_stale").agg(
        pl.len(), pl.col("amount").count().alias("known"), pl.col("amount").cast(pl.Int128).sum()
    )  # fmt: skip
    pipelines = dict(counts.group_by("connection").agg(pl.col("pipeline_name").n_unique()).iter_rows())
    lines = [
        _line(_label(key, pipelines), part)
        for key, part in counts.sort(*_LINE, "currency", "is_stale", nulls_last=True)
        .partition_by(_LINE, as_dict=True, maintain_order=True)
        .items()
    ]
    return (*lines, _line("All open deals", counts)) if len(lines) > 1 else tuple(lines)


def _staged(deals: pl.DataFrame, stages: pl.DataFrame, health: pl.DataFrame) -> pl.DataFrame:
    """The open deals with the stage's name, pipeline and position, null where the stage is not known."""
    known = stages.select(
        "connection", pl.col("key").alias("stage"), pl.col("name").alias("label"), "pipeline_name", "position"
    ).unique(["connection", "stage"], keep="first", maintain_order=True)
    judged = health.select("connection", "id", (pl.col("share") < 1).alias("is_stale"))
    joined = deals.join(judged, on=["connection", "id"]).join(known, on=["connection", "stage"], how="left")
    return joined.with_columns(pl.coalesce("label", "stage", pl.lit("(no stage)")).alias("stage_name"))


def _label(key: tuple[object, ...], pipelines: Mapping[str, int]) -> str:
    """The stage's name, with its connection and pipeline where there are several; `pipelines` counts by connection."""
    connection, pipeline, _, stage = (str(part or "") for part in key)
    parts = (connection if len(pipelines) > 1 else "", pipeline if pipelines[connection] > 1 else "", stage)
    return " · ".join(filter(None, parts))


def _line(label: str, counts: pl.DataFrame) -> StageLine:
    stale = counts.filter("is_stale")
    return StageLine(label, int(counts["len"].sum()), int(stale["len"].sum()), _amounts(counts), _amounts(stale))


def _amounts(counts: pl.DataFrame) -> str:
    units: dict[str | None, int] = defaultdict(int)
    for currency, amount in counts.filter(pl.col("known") > 0).select("currency", "amount").iter_rows():
        units[currency] += amount
    return amounts(units)
