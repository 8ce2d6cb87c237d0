"""What is left of records that are no more."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl
from sqlalchemy import select

from store.chosen import frame_of_chosen
from store.database import Database
from store.mirror import MIRROR


def frame_of(database: Database, streams: Iterable[str], only: pl.DataFrame | None) -> pl.DataFrame:
    """The deleted records of these streams, by connection, stream and id; `only` the chosen ones."""
    found = []
    for stream in streams:
        table = MIRROR[stream]
        columns = (table.c.connection, table.c.id, table.c.merged_into, table.c.changed_at, table.c.vanished)
        query = select(*columns).where(table.c.is_deleted.is_(True))
        if only is None:
            rows = database.frame(query)
        else:
            keys = only.filter(pl.col("stream") == stream).select("connection", "id")
            rows = frame_of_chosen(database, query, [table.c.connection, table.c.id], keys)
        found.append(rows.with_columns(pl.lit(stream).alias("stream")))
    every = pl.concat(found)
    return every.select("connection", "stream", "id", "merged_into", "changed_at", "vanished").sort(
        "connection", "stream", "id"
    )
