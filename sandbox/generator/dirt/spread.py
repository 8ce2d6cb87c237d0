"""All dirt, in the order in which it happens to a record."""

from __future__ import annotations

import polars as pl

from sandbox.generator.dirt.soil import Soil

NOTES = {"row": pl.Int64, "is_account": pl.Boolean, "field": pl.String, "kind": pl.String, "clean": pl.String}


def spread(
    soil: Soil, said: pl.DataFrame, accounts: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Text of people, text of accounts, the people's skeleton and the notes, after all dirt."""
    people = soil.people
    said = unique_in_hubspot(people, said)
    notes = [frame.select(pl.col(name).cast(dtype) for name, dtype in NOTES.items()) for frame in soil.notes]
    return said, accounts, people, pl.concat(notes) if notes else pl.DataFrame(schema=NOTES)


def unique_in_hubspot(people: pl.DataFrame, said: pl.DataFrame) -> pl.DataFrame:
    """HubSpot lowers addresses and takes each only once: later records with the same one have none."""
    in_hubspot = people["org"] == -1
    frame = pl.DataFrame({"email": said["email"], "hs": in_hubspot, "age": people["age"]}).with_row_index("row")
    lowered = frame.with_columns(pl.col("email").str.strip_chars().str.to_lowercase().alias("low"))
    ordered = lowered.filter("hs").sort("age", "row", descending=[True, False])
    again = ordered.filter(pl.col("low").is_not_null() & ~pl.col("low").is_first_distinct())["row"]
    keep = pl.when(pl.col("row").is_in(again.implode())).then(None).when("hs").then("low").otherwise("email")
    return said.with_columns(lowered.select(keep.alias("email")).to_series())
