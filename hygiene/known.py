"""Unknown, blank and value: which fields of which connection could be read."""

from __future__ import annotations

import polars as pl

from model.streams import STREAMS

_TYPES: dict[str, pl.DataType] = {
    "text": pl.String(), "int": pl.Int64(), "real": pl.Float64(), "bool": pl.Boolean(),
    "time": pl.Datetime("us", "UTC"), "date": pl.Date(), "money": pl.Int64(),
}  # fmt: skip


class Readable:
    """Says of (connection, stream, field) whether it was readable.

    Built from the store's `readable()` (connection, stream, field, readable). A connection and stream it does not
    mention at all, as in frames made by hand, counts every column that is present as readable.
    """

    def __init__(self, table: pl.DataFrame | None = None) -> None:
        rows = [] if table is None else table.select("connection", "stream", "field", "readable").rows()
        self._fields = {(connection, stream, field) for connection, stream, field, is_known in rows if is_known}
        self._streams = {(connection, stream) for connection, stream, _, _ in rows}

    def is_known(self, frame: pl.DataFrame, connection: str, stream: str, field: str) -> bool:
        """True when a null in this column is a blank."""
        if field not in frame.columns:
            return False
        if (connection, stream) not in self._streams:
            return True
        return (connection, stream, field) in self._fields

    def connections(self, frame: pl.DataFrame, stream: str, field: str) -> list[str]:
        """The frame's connections for which the field is known, sorted."""
        present = frame["connection"].unique().sort().to_list() if "connection" in frame.columns else []
        return [name for name in present if self.is_known(frame, name, stream, field)]

    def where(self, frame: pl.DataFrame, stream: str, field: str) -> pl.Expr:
        """True on the records whose field is known."""
        return pl.col("connection").is_in(self.connections(frame, stream, field))


def blank(frame: pl.DataFrame, column: str) -> pl.Expr:
    """True where the column is null or text without anything visible."""
    if frame.schema[column] == pl.String:
        return pl.col(column).is_null() | (pl.col(column).str.strip_chars() == "")
    return pl.col(column).is_null()


def completed(stream: str, frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with null columns for every field of the stream it lacks, text in place of untyped nulls."""
    wanted = {"connection": pl.String(), "id": pl.String(), "created_at": pl.Datetime("us", "UTC"),
              "changed_at": pl.Datetime("us", "UTC"), "is_deleted": pl.Boolean(),
              **{field.name: _TYPES[field.type] for field in STREAMS[stream].fields}}  # fmt: skip
    lacking = [pl.lit(None, dtype=dtype).alias(name) for name, dtype in wanted.items() if name not in frame.columns]
    untyped = [
        pl.col(name).cast(wanted[name]) for name, dtype in frame.schema.items() if dtype == pl.Null and name in wanted
    ]
    return frame.with_columns(*lacking, *untyped)


def live(stream: str, frame: pl.DataFrame) -> pl.DataFrame:
    """Records that are neither deleted nor converted away."""
    kept = frame.filter(~pl.col("is_deleted").fill_null(value=False)) if "is_deleted" in frame.columns else frame
    if stream == "leads" and "is_converted" in frame.columns:
        kept = kept.filter(~pl.col("is_converted").fill_null(value=False))
    return kept
