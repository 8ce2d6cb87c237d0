"""Fields that exports do not hold as such, made from what they hold: names, places, outcomes, owners, links."""

from __future__ import annotations

from functools import cache

import polars as pl
import pycountry

from connectors._files_headings import squash

# Words of stages and states that end a deal, as whole words or run together ("closedwon").
_WON = r"(?i)\bwon\b|closed ?-?won|gewonnen|gagn[ée]|ganad[ao]|\bvint[ao]\b"
_LOST = r"(?i)\blost\b|closed ?-?lost|verloren|perdu|perdid[ao]|\bpers[ao]\b"
_ENDED = r"(?i)^\s*(?:closed|cancel?led|abandoned|dead|omitted)\s*$"
_LINKED = ("deals", "contacts", "accounts", "leads")


def split_names(full: pl.Series) -> tuple[pl.Series, pl.Series]:
    """Given and family names of full names: the last word is the family name, unless a comma puts it first."""
    parts = full.str.strip_chars().str.extract_groups(
        r"^(?:(?P<last>[^,]+),\s*(?P<first>.+)|(?:(?P<given>.*\S)\s+)?(?P<family>\S+))$"
    )
    columns = parts.struct.unnest()
    return columns["first"].fill_null(columns["given"]), columns["last"].fill_null(columns["family"])


def joined(first: pl.Series, second: pl.Series, separator: str) -> pl.Series:
    """Both texts with a separator between them, or the one there is."""
    frame = pl.DataFrame({"a": first, "b": second})
    text = pl.concat_str("a", "b", separator=separator, ignore_nulls=True)
    return frame.select(pl.when(pl.col("a").is_null() & pl.col("b").is_null()).then(None).otherwise(text)).to_series()


def place_field(place: pl.Series) -> str:
    """Whether a column of places holds countries (most of its distinct values are some) or cities."""
    values = place.drop_nulls().unique().head(200).to_list()
    if not values:
        return "city"
    return "country" if sum(squash(value) in _countries() for value in values) * 2 > len(values) else "city"


@cache
def _countries() -> frozenset[str]:
    found = {
        "usa",
        "uk",
        "england",
        "scotland",
        "wales",
        "southkorea",
        "russia",
        "vietnam",
        "taiwan",
        "czechrepublic",
        "deutschland",
    }
    for country in pycountry.countries:
        found |= {
            squash(country.name),
            squash(getattr(country, "common_name", country.name)),
            country.alpha_2.lower(),
            country.alpha_3.lower(),
        }
    return frozenset(found)


def outcomes(words: pl.Series) -> tuple[pl.Series, pl.Series, list[str]] | None:
    """is_closed and is_won by the words of a stage or state, with the words that say so; None when no word does.

    Blank stays blank; a word that ends nothing leaves the deal open.
    """
    distinct = words.drop_nulls().unique().sort()
    won, lost = distinct.str.contains(_WON), distinct.str.contains(_LOST)
    ended = distinct.str.contains(_ENDED) | won | lost
    if not (won.any() or lost.any()):
        return None
    values = distinct.to_list()
    closed = words.replace_strict(values, ended.to_list(), default=None, return_dtype=pl.Boolean)
    return (
        closed,
        words.replace_strict(values, won.to_list(), default=None, return_dtype=pl.Boolean),
        distinct.filter(ended).to_list(),
    )


def links(ids: dict[str, pl.Series]) -> dict[str, pl.Series]:
    """from and to of a table that links two kinds of records; deals come first, then contacts, accounts, leads."""
    found = [stream for stream in _LINKED if stream in ids][:2]
    columns = {}
    for end, stream in zip(("from", "to"), found, strict=True):
        columns[f"{end}_stream"] = pl.Series([stream], dtype=pl.String).new_from_index(0, len(ids[stream]))
        columns[f"{end}_id"] = ids[stream]
    return columns
