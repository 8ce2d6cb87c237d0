"""Frames of typed columns as the strings that go over the wire."""

from __future__ import annotations

import polars as pl

_TIME = "%Y-%m-%dT%H:%M:%S%.3fZ"


def wire_text(column: pl.Series) -> pl.Expr:
    """The column as wire strings, null for "" too."""
    found = pl.col(column.name)
    if column.dtype == pl.Datetime:
        return found.dt.replace_time_zone(None).dt.strftime(_TIME)
    if column.dtype == pl.Boolean:
        return pl.when(found).then(pl.lit("true")).when(found.not_()).then(pl.lit("false"))
    if column.dtype.is_float():
        whole = found.round(0).cast(pl.Int64, strict=False)
        return pl.when(found == whole).then(whole.cast(pl.String)).otherwise(found.cast(pl.String))
    if column.dtype == pl.List:
        return found.list.eval(pl.element().cast(pl.String)).list.join(";").replace("", None)
    return found.cast(pl.String).replace("", None)


def plain(frame: pl.DataFrame) -> pl.DataFrame:
    """All columns as wire strings, their names without case and underscores."""
    wire = frame.select(wire_text(frame[name]).alias(name) for name in frame.columns)
    return wire.rename({name: name.lower().replace("_", "") for name in wire.columns})
