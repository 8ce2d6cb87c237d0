"""Completeness: required fields populated / required fields, of those that could be read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from hygiene.findings import empty, found, gathered
from hygiene.known import Readable, blank, live

SCORES = pl.Schema(
    {"connection": pl.String, "stream": pl.String, "id": pl.String, "name": pl.String, "share": pl.Float64,
     "reason": pl.String, "evidence": pl.String}
)  # fmt: skip
FIELDS = pl.Schema(
    {"connection": pl.String, "stream": pl.String, "field": pl.String, "records": pl.Int64, "blank": pl.Int64,
     "is_known": pl.Boolean}
)  # fmt: skip
STREAM_SCORES = pl.Schema(
    {"connection": pl.String, "stream": pl.String, "records": pl.Int64, "complete": pl.Int64, "share": pl.Float64}
)


@dataclass(frozen=True, slots=True)
class Completeness:
    """`scores` per record (share null where no required field is known), `streams` and `fields` per connection, and
    findings. `complete` counts records with nothing missing; `share` is the mean over records."""

    scores: pl.DataFrame
    streams: pl.DataFrame
    fields: pl.DataFrame
    findings: pl.DataFrame


def completeness(
    frames: Mapping[str, pl.DataFrame],
    required: Mapping[str, Sequence[str]],
    readable: pl.DataFrame | None = None,
) -> Completeness:
    """Score every live record of the streams in `required`; an unknown field is left out and reported, never blank."""
    known = Readable(readable)
    parts = [
        _scored(part, name, stream, fields, known)
        for stream, fields in sorted(required.items())
        if stream in frames
        for name, part in _by_connection(live(stream, frames[stream]))
    ]
    return Completeness(
        pl.concat([SCORES.to_frame(), *(part.scores for part in parts)]).sort("connection", "stream", "id"),
        pl.concat([STREAM_SCORES.to_frame(), *(part.streams for part in parts)]).sort("connection", "stream"),
        pl.concat([FIELDS.to_frame(), *(part.fields for part in parts)]).sort("connection", "stream", "field"),
        gathered(part.findings for part in parts),
    )


def _by_connection(frame: pl.DataFrame) -> list[tuple[str, pl.DataFrame]]:
    parts = frame.partition_by("connection", as_dict=True)
    return sorted((str(name), part) for (name,), part in parts.items()) if parts else []


def _scored(
    frame: pl.DataFrame, connection: str, stream: str, required: Sequence[str], known: Readable
) -> Completeness:
    fields = [field for field in required if known.is_known(frame, connection, stream, field)]
    unknown = [field for field in required if field not in fields]
    missing = pl.concat_list(
        pl.when(blank(frame, field)).then(pl.lit(field)) for field in fields
    ).list.drop_nulls() if fields else pl.lit([], dtype=pl.List(pl.String))  # fmt: skip
    judged = frame.select("connection", "id", missing.alias("missing")).with_columns(
        pl.lit(stream).alias("stream"), pl.col("missing").list.len().cast(pl.Int64).alias("lacking")
    )
    scores = _scores(judged, len(fields), unknown)
    return Completeness(
        scores,
        _stream_score(scores, judged, connection, stream),
        _fields(judged, connection, stream, required, fields),
        gathered([_missing(judged, stream, len(fields)), _unknown(connection, stream, unknown)]),
    )


def _scores(judged: pl.DataFrame, asked: int, unknown: Sequence[str]) -> pl.DataFrame:
    filled = asked - pl.col("lacking")
    aside = f"; not readable: {', '.join(unknown)}" if unknown else ""
    return judged.select(
        "connection",
        "stream",
        pl.col("id").cast(pl.String),
        pl.lit("completeness").alias("name"),
        (filled / asked if asked else pl.lit(None)).cast(pl.Float64).alias("share"),
        pl.format(f"{{}} of {asked} required fields filled{aside}", filled).alias("reason"),
        pl.when(pl.col("lacking") > 0)
        .then(pl.format('["{}"]', pl.col("missing").list.join('", "')))
        .otherwise(pl.lit("[]"))
        .alias("evidence"),
    )


def _stream_score(scores: pl.DataFrame, judged: pl.DataFrame, connection: str, stream: str) -> pl.DataFrame:
    complete = judged.filter(pl.col("lacking") == 0).height if scores["share"].count() else 0
    row = (connection, stream, scores.height, complete, scores["share"].mean())
    return pl.DataFrame([row], schema=STREAM_SCORES, orient="row")


def _fields(
    judged: pl.DataFrame, connection: str, stream: str, required: Sequence[str], known: Sequence[str]
) -> pl.DataFrame:
    counts = dict(judged.filter(pl.col("lacking") > 0)["missing"].explode().value_counts().iter_rows())
    rows = [
        (connection, stream, field, judged.height, counts.get(field, 0) if field in known else None, field in known)
        for field in required
    ]
    return pl.DataFrame(rows, schema=FIELDS, orient="row")


def _missing(judged: pl.DataFrame, stream: str, asked: int) -> pl.DataFrame:
    lacking = judged.filter(pl.col("lacking") > 0)
    names = pl.col("missing").list.join(", ")
    message = pl.format(f"{{}} of {asked} required fields blank: {{}}", "lacking", names)
    return found(lacking, "missing-field", message, stream=stream, value=names)


def _unknown(connection: str, stream: str, unknown: Sequence[str]) -> pl.DataFrame:
    if not unknown:
        return empty()
    rows = pl.DataFrame({"connection": [connection] * len(unknown), "id": [""] * len(unknown), "name": list(unknown)})
    message = pl.format("{} could not be read, so completeness leaves it out", "name")
    return found(rows, "field-unknown", message, stream=stream, field=pl.col("name"))
