"""Which changes another writer would overwrite or carry back: those of fields that it keeps in step on a record."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

FIELDS = pl.Schema({"connection": pl.String, "stream": pl.String, "field": pl.String})
RECORDS = pl.Schema({"connection": pl.String, "stream": pl.String, "id": pl.String})


@dataclass(frozen=True, slots=True)
class Kept:
    """What other writers keep in step: the `fields` (schema `FIELDS`) that they map, on the `records` (`RECORDS`) that
    they have linked."""

    fields: pl.DataFrame
    records: pl.DataFrame

    def apart(self, changes: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Changes (connection, stream, id, field and more) that are ours to make, and those that are not, in order."""
        marked = changes.join(
            self.fields.unique().with_columns(_mapped=True), on=FIELDS.names(), how="left", maintain_order="left"
        ).join(self.records.unique().with_columns(_linked=True), on=RECORDS.names(), how="left", maintain_order="left")
        is_theirs = pl.col("_mapped") & pl.col("_linked")
        split = (marked.filter(~is_theirs.fill_null(False)), marked.filter(is_theirs.fill_null(False)))
        ours, theirs = (part.drop("_mapped", "_linked") for part in split)
        return ours, theirs


NOBODY = Kept(FIELDS.to_frame(), RECORDS.to_frame())
