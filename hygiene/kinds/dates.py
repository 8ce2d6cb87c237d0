"""Dates: text to a calendar day where it can mean only one."""

from __future__ import annotations

import re
from datetime import date, datetime

import polars as pl

from hygiene.distinct import over_distinct

EPOCH = date(1970, 1, 1)
EARLIEST = date(1970, 1, 1)
_ISO = re.compile(r"^(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?:[T ].*)?$")
_NUMBERS = re.compile(r"^(\d{1,2})([-/.])(\d{1,2})\2(\d{4})(?:[T ].*)?$")
_NAMED = ("%d %B %Y", "%d %b %Y", "%B %d %Y", "%b %d %Y", "%d-%b-%Y", "%Y%m%d")


def _day(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def parse(text: str) -> date | None:
    """The day a text names; None where it is no date or two readings are possible (03/04/2025).

    A point between numbers means day first, as everywhere it is used.
    """
    bare = " ".join(text.replace(",", " ").split())
    if not bare.isascii():
        return None
    if iso := _ISO.match(bare):
        return _day(int(iso[1]), int(iso[2]), int(iso[3]))
    if numbers := _NUMBERS.match(bare):
        first, second, year = int(numbers[1]), int(numbers[3]), int(numbers[4])
        if numbers[2] == "." or first > 12:
            return _day(year, second, first)
        return _day(year, first, second) if second > 12 or first == second else None
    return _named(bare)


def _named(text: str) -> date | None:
    for pattern in _NAMED:
        try:
            return datetime.strptime(text, pattern).date()  # noqa: DTZ007 - a day has no zone
        except ValueError:
            continue
    return None


def days(day: date) -> int:
    """Days since 1970-01-01, the form dates have at every border."""
    return (day - EPOCH).days


def normalise(values: pl.Series) -> pl.Series:
    """Text to days; null where it is not exactly one."""
    return over_distinct(values, parse, pl.Date)


def problems(values: pl.Series) -> pl.Series:
    """Reasons in words, null where the value is one day or blank."""
    return over_distinct(values, lambda text: None if not text.strip() or parse(text) else "is not one certain date")
