"""Consent across the records of one person: an opt-out on one record is an opt-out of the person."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from hygiene.findings import found, gathered
from hygiene.known import Readable, completed, live

_FLAGS = ("email_opt_out", "do_not_call")


def consent(
    frames: Mapping[str, pl.DataFrame], memberships: pl.DataFrame, readable: pl.DataFrame | None = None
) -> pl.DataFrame:
    """One finding for each record that does not carry the opt-out another record of its person carries."""
    known = Readable(readable)
    parts = []
    for stream in ("contacts", "leads"):
        if stream in frames:
            frame = completed(stream, live(stream, frames[stream]))
            flags = [
                pl.when(known.where(frames[stream], stream, flag)).then(pl.col(flag).fill_null(value=False)).alias(flag)
                for flag in _FLAGS
            ]
            parts.append(frame.select("connection", pl.lit(stream).alias("stream"), "id", *flags))
    if not parts:
        return gathered([])
    people = pl.concat(parts).join(memberships, on=["connection", "stream", "id"], how="inner")
    return gathered(_differing(people, flag) for flag in _FLAGS)


def _differing(people: pl.DataFrame, flag: str) -> pl.DataFrame:
    key = pl.concat_str("connection", "stream", "id", separator="/")
    out = people.filter(pl.col(flag)).group_by("entity").agg(key.min().alias("other"))
    lacking = people.filter(~pl.col(flag)).join(out, on="entity", how="inner")
    message = pl.format(f"{flag} is not set here, but on {{}} of the same person", "other")
    return found(lacking, "consent-differs", message, field=flag, value=pl.col("other"))
