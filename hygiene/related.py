"""How many records hang on each record: what a merge would have to move, and how much a record is used."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import polars as pl

# The stream that a field names records of. A contact's account and the link that says the same are one relation.
REFERENCES: Mapping[str, str] = {
    "account_id": "accounts", "contact_id": "contacts", "lead_id": "leads", "parent_id": "accounts",
}  # fmt: skip
_KEY = ("connection", "stream", "id")


def related(frames: Mapping[str, pl.DataFrame], keys: pl.DataFrame) -> pl.DataFrame:
    """`keys` (connection, stream, id) with `related`, the number of different records that refer to each.

    `frames` by stream: what refers (deals, activities, contacts, child accounts, ...), associations among them.
    """
    parts = list(_references(frames))
    if not parts:
        return keys.select(*_KEY, pl.lit(0, pl.Int64).alias("related"))
    asked = keys.select(_KEY).unique()
    every = pl.concat([part.join(asked, on=_KEY, how="semi") for part in parts])
    counts = every.unique().group_by(_KEY).agg(pl.len().cast(pl.Int64).alias("related"))
    joined = keys.join(counts, on=_KEY, how="left", maintain_order="left")
    return joined.select(*_KEY, pl.col("related").fill_null(0))


def _references(frames: Mapping[str, pl.DataFrame]) -> Iterator[pl.DataFrame]:
    """Rows (connection, stream, id, by): `by` names the record that refers."""
    for stream, frame in sorted(frames.items()):
        if stream == "associations":
            yield from _ends(frame)
            continue
        for field, target in REFERENCES.items():
            if field in frame.columns and (field != "parent_id" or stream == target):
                by = pl.format("{}/{}", pl.lit(stream), "id")
                yield frame.filter(pl.col(field).is_not_null()).select(
                    "connection", pl.lit(target).alias("stream"), pl.col(field).alias("id"), by.alias("by")
                )


def _ends(links: pl.DataFrame) -> Iterator[pl.DataFrame]:
    for here, there in (("from", "to"), ("to", "from")):
        by = pl.format("{}/{}", f"{there}_stream", f"{there}_id")
        ends = links.select(
            "connection", pl.col(f"{here}_stream").alias("stream"), pl.col(f"{here}_id").alias("id"), by.alias("by")
        )
        yield ends.drop_nulls()
