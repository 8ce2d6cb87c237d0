"""Makers of small frames as the store hands them over."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

import polars as pl

from hygiene.known import completed

START = datetime(2025, 1, 1, tzinfo=UTC)


def frame(stream: str, rows: Sequence[Mapping[str, object]], connection: str = "sf") -> pl.DataFrame:
    """Records of a stream with all its fields; ids count from 1 and creation goes by row unless given."""
    filled = [
        {
            "connection": connection,
            "id": str(number + 1),
            "created_at": START + timedelta(days=number),
            "changed_at": START,
            **row,
        }
        for number, row in enumerate(rows)
    ]
    typed = completed(stream, pl.DataFrame({"connection": []}, schema={"connection": pl.String})).schema
    names = {name for row in filled for name in row}
    given = pl.DataFrame(filled, schema={name: kind for name, kind in typed.items() if name in names}, orient="row")
    return completed(stream, given).select(typed.names())


def keys(pairs: pl.DataFrame) -> dict[tuple[str, str], str]:
    """Decision by (left, right), keys written connection/id."""
    return {
        (f"{row['left_connection']}/{row['left_id']}", f"{row['right_connection']}/{row['right_id']}"): row["decision"]
        for row in pairs.iter_rows(named=True)
    }


def groups(memberships: pl.DataFrame) -> set[frozenset[str]]:
    """The entities as sets of connection/stream/id."""
    keyed = memberships.with_columns(pl.concat_str("connection", "stream", "id", separator="/").alias("key"))
    return {frozenset(listed) for listed in keyed.group_by("entity").agg("key")["key"].to_list()}
