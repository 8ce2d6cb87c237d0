"""All dirt, in the order in which it happens to a record."""

from __future__ import annotations

import polars as pl

from sandbox.generator.dirt import companies, mail, names, people, phones, places
from sandbox.generator.dirt.soil import Soil

NOTES = {"row": pl.Int64, "is_account": pl.Boolean, "field": pl.String, "kind": pl.String, "clean": pl.String}
Spread = tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame, pl.DataFrame]


def spread(soil: Soil, said: pl.DataFrame, accounts: pl.DataFrame) -> Spread:
    """Text of people, text of accounts, the people's skeleton with `shared`, and the notes, after all dirt."""
    said = mail.soil_mail(soil, said)
    said = names.soil_names(soil, said)
    said = phones.soil_phones(soil, said, soil.people)
    said = places.soil_places(soil, said, soil.people)
    said = places.soil_picklists(soil, said, soil.people, "lead_source")
    said = companies.soil_employers(soil, said)
    said = companies.soil_websites(soil, said, soil.people, "website")
    said = people.lose_consent(soil, said)
    said = people.write_tests(soil, said)
    accounts = companies.soil_account_names(soil, accounts)
    accounts = companies.soil_websites(soil, accounts, soil.accounts, "domain", account=True)
    accounts = phones.soil_phones(soil, accounts, soil.accounts, account=True)
    accounts = places.soil_places(soil, accounts, soil.accounts, account=True)
    accounts = places.soil_picklists(soil, accounts, soil.accounts, "industry", account=True)
    notes = [frame.select(pl.col(name).cast(dtype) for name, dtype in NOTES.items()) for frame in soil.notes]
    noted = pl.concat(notes) if notes else pl.DataFrame(schema=NOTES)
    return _unique_in_hubspot(soil, said, accounts, noted)


def _unique_in_hubspot(soil: Soil, said: pl.DataFrame, accounts: pl.DataFrame, notes: pl.DataFrame) -> Spread:
    """HubSpot lowers addresses and takes each only once: later records with the same one have none."""
    frame = pl.DataFrame({"email": said["email"], "hs": soil.people["org"] == -1, "age": soil.people["age"]})
    frame = frame.with_row_index("row").with_columns(pl.col("email").str.to_lowercase().alias("low"))
    ordered = frame.filter("hs").sort("age", "row", descending=[True, False])
    again = ordered.filter(pl.col("low").is_not_null() & ~pl.col("low").is_first_distinct())["row"]
    refused = frame["row"].is_in(again.implode())
    email = frame.select(pl.when(refused).then(None).when("hs").then("low").otherwise("email").alias("email")).to_series()
    void = (pl.col("field") == "email") & ~pl.col("is_account") & pl.col("row").is_in(again.cast(pl.Int64).implode())
    shared = soil.people.with_columns((pl.col("shared") & ~refused).alias("shared"))
    return said.with_columns(email), accounts, shared, notes.filter(~void)
