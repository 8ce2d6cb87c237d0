"""All dirt, in the order in which it happens to a record."""

from __future__ import annotations

import polars as pl

from sandbox.generator.dirt import companies, mail, names, people, phones, places
from sandbox.generator.dirt.soil import Soil

_KEY = {"row": pl.Int64, "is_account": pl.Boolean, "field": pl.String, "kind": pl.String}


def spread(soil: Soil, said: pl.DataFrame, accounts: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Text of people and of accounts after all dirt, and the notes; `soil.people` has gained `shared`.

    The notes are row, is_account, field, kind and clean, the value before any dirt; one value may have several.
    """
    after, accounts_after = _people(soil, said), _accounts(soil, accounts)
    after = _unique_in_hubspot(soil, after)
    notes = [frame.select(pl.col(name).cast(dtype) for name, dtype in _KEY.items()) for frame in soil.notes]
    noted = pl.concat(notes) if notes else pl.DataFrame(schema=_KEY)
    parts = []
    for is_account, old, new in ((False, said, after), (True, accounts, accounts_after)):
        mine = noted.filter(pl.col("is_account") == is_account)
        names = mine["field"].unique(maintain_order=True)
        parts += [_with_clean(mine.filter(pl.col("field") == name), old[name], new[name]) for name in names]
    return after, accounts_after, pl.concat([pl.DataFrame(schema={**_KEY, "clean": pl.String}), *parts])


def _people(soil: Soil, said: pl.DataFrame) -> pl.DataFrame:
    said = mail.soil_mail(soil, said)
    said = names.soil_names(soil, said)
    said = phones.soil_phones(soil, said, soil.people)
    said = places.soil_places(soil, said, soil.people)
    said = places.soil_picklists(soil, said, soil.people, "lead_source")
    said = companies.soil_employers(soil, said)
    said = companies.soil_websites(soil, said, soil.people, "website")
    said = people.age_titles(soil, said)
    said = people.lose_consent(soil, said)
    return people.write_tests(soil, said)


def _accounts(soil: Soil, said: pl.DataFrame) -> pl.DataFrame:
    said = companies.soil_account_names(soil, said)
    said = companies.soil_websites(soil, said, soil.accounts, "domain", account=True)
    said = phones.soil_phones(soil, said, soil.accounts, account=True)
    said = places.soil_places(soil, said, soil.accounts, account=True)
    return places.soil_picklists(soil, said, soil.accounts, "industry", account=True)


def _with_clean(notes: pl.DataFrame, old: pl.Series, new: pl.Series) -> pl.DataFrame:
    """The notes of one field with its clean value, without those that a later step has undone."""
    before, now = old.gather(notes["row"]), new.gather(notes["row"])
    return notes.with_columns(before.cast(pl.String).alias("clean")).filter(~before.eq_missing(now))


def _unique_in_hubspot(soil: Soil, said: pl.DataFrame) -> pl.DataFrame:
    """HubSpot lowers addresses and takes each only once: later records with the same one have none."""
    frame = pl.DataFrame({"email": said["email"], "hs": soil.people["org"] == -1, "age": soil.people["age"]})
    frame = frame.with_row_index("row").with_columns(pl.col("email").str.to_lowercase().alias("low"))
    ordered = frame.filter("hs").sort("age", "row", descending=[True, False])
    again = ordered.filter(pl.col("low").is_not_null() & ~pl.col("low").is_first_distinct())["row"]
    refused = frame["row"].is_in(again.implode())
    soil.people = soil.people.with_columns((pl.col("shared") & ~refused).alias("shared"))
    email = frame.select(pl.when(refused).then(None).when("hs").then("low").otherwise("email").alias("email"))
    kept = (pl.col("field") != "email") | pl.col("is_account") | ~pl.col("row").is_in(again.cast(pl.Int64).implode())
    soil.notes = [notes.filter(kept) for notes in soil.notes]
    return said.with_columns(email.to_series())
