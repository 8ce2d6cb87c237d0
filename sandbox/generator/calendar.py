"""Days and moments, counted from the day the data set is as of."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl

from sandbox.generator.chance import Chance, Ints

_EPOCH = date(1970, 1, 1)
_DAY_MS = 86_400_000


@dataclass(frozen=True)
class Calendar:
    """Turns ages in days into dates and moments; nothing it makes lies after the end of `as_of`, save due dates."""

    as_of: date

    @property
    def today(self) -> int:
        """Days since 1970-01-01."""
        return (self.as_of - _EPOCH).days

    def moments(self, age: Ints, chance: Chance) -> Ints:
        """Milliseconds since 1970 of business hours on the day `age` days ago (never on the day itself)."""
        second = (np.clip(chance.normal(len(age)) * 2.6 + 12.5, 0.2, 23.4) * 3600).astype(np.int64)
        milli = chance.below(1000, len(age))
        return (self.today - np.maximum(age, 1)) * _DAY_MS + second * 1000 + milli


def days(values: Ints | pl.Series) -> pl.Series:
    """Days since 1970 as dates; null stays null."""
    return pl.Series(values).cast(pl.Int32).cast(pl.Date)


def times(values: Ints | pl.Series) -> pl.Series:
    """Milliseconds since 1970 as moments in UTC; null stays null."""
    return pl.Series(values).cast(pl.Int64).cast(pl.Datetime("ms")).dt.replace_time_zone("UTC")


def day_of(moment: Ints) -> Ints:
    """The day (since 1970) a moment lies in."""
    return moment // _DAY_MS
