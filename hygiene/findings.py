"""The shape of findings, and how frames of them are made."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from hygiene.rules import RULES

# `id` is empty where a finding is about a whole stream.
SCHEMA = pl.Schema(
    {"connection": pl.String, "stream": pl.String, "id": pl.String, "rule": pl.String, "severity": pl.String,
     "field": pl.String, "message": pl.String, "value": pl.String}
)  # fmt: skip
ORDER = ("rule", "connection", "stream", "id", "field", "message")


def empty() -> pl.DataFrame:
    """No findings."""
    return SCHEMA.to_frame()


def found(
    records: pl.DataFrame,
    rule: str,
    message: pl.Expr,
    *,
    stream: str | None = None,
    field: str | pl.Expr | None = None,
    value: pl.Expr | None = None,
) -> pl.DataFrame:
    """One finding per record (columns connection, id and, without `stream`, stream)."""
    if records.is_empty():
        return empty()
    return records.select(
        pl.col("connection").cast(pl.String),
        pl.col("stream") if stream is None else pl.lit(stream).alias("stream"),
        pl.col("id").cast(pl.String),
        pl.lit(RULES[rule].slug).alias("rule"),
        pl.lit(RULES[rule].severity).alias("severity"),
        (field if isinstance(field, pl.Expr) else pl.lit(field, dtype=pl.String)).alias("field"),
        message.cast(pl.String).alias("message"),
        (pl.lit(None) if value is None else value).cast(pl.String).alias("value"),
    )


def gathered(parts: Iterable[pl.DataFrame]) -> pl.DataFrame:
    """All findings in one deterministic order."""
    listed = [part.select(SCHEMA.names()) for part in parts if not part.is_empty()]
    return pl.concat(listed).sort(ORDER, nulls_last=True, maintain_order=True) if listed else empty()


def shown(column: str) -> pl.Expr:
    """A value as it stands in a message: quoted, at most 60 characters."""
    text = pl.col(column).cast(pl.String)
    short = pl.when(text.str.len_chars() > 60).then(text.str.slice(0, 57) + "...").otherwise(text)
    return pl.concat_str(pl.lit('"'), short, pl.lit('"'))
