"""Dates and times as exports write them: ISO, US and European order, month names, serial numbers, epochs, zones.

One scalar reader knows every form; polars takes the common ones at speed and must agree with it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

import polars as pl

Order = Literal["month first", "day first"]
DAY_US = 86_400_000_000
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 (moments are shifted to UTC before they are counted)
_MICROSECOND = timedelta(microseconds=1)
# Excel counts days from here; it believes in a 29 February 1900, which the base makes up for.
_SERIAL_BASE = datetime(1899, 12, 30)  # noqa: DTZ001
_SERIALS = (10_000.0, 80_000.0)
_TIME = (
    r"(?:[T ,]+(?P<hour>\d{1,2})[:.h](?P<minute>\d{2})(?:[:.](?P<second>\d{2})(?:[.,](?P<fraction>\d{1,9}))?)?"
    r"\s*(?P<half>[AaPp]\.?\s?[Mm]\.?)?)?\s*(?P<zone>Z|z|[+-]\d{2}(?::?\d{2})?|[A-Z]{2,5}(?:[+-]\d{1,2})?)?"
)
_YEAR_FIRST = re.compile(rf"(?P<year>\d{{4}})[-/.](?P<month>\d{{1,2}})[-/.](?P<day>\d{{1,2}}){_TIME}")
_NUMERIC = re.compile(
    rf"(?P<first>\d{{1,2}})(?P<mark>[/.-])(?P<second_>\d{{1,2}})(?P=mark)(?P<year>\d{{4}}|\d{{2}}){_TIME}"
)
_WEEKDAY = r"(?:[^\W\d_]{2,10}\.?,?\s+)?"
_DAY_NAME = re.compile(
    rf"{_WEEKDAY}(?P<day>\d{{1,2}})(?:st|nd|rd|th|\.)?[\s-]*(?:de\s+)?(?P<name>[^\W\d_]{{3,12}})\.?[\s,-]*(?:de\s+)?"
    rf"(?P<year>\d{{4}}|\d{{2}}){_TIME}"
)
_NAME_DAY = re.compile(
    rf"{_WEEKDAY}(?P<name>[^\W\d_]{{3,12}})\.?[\s-]*(?P<day>\d{{1,2}})(?:st|nd|rd|th)?,?[\s-]+(?P<year>\d{{4}}){_TIME}"
)
_NUMBER = re.compile(r"\d{5,16}(?:\.\d+)?")
_COMPACT = re.compile(r"(?P<year>(?:19|20)\d\d)(?P<month>\d\d)(?P<day>\d\d)")
_MONTHS = {
    name: month
    for month, spelled in enumerate(
        (
            "jan january januar janvier enero gennaio januari janeiro jän",
            "feb february februar fevrier février febrero febbraio februari fevereiro fév",
            "mar march märz mär mrz mars marzo maart março",
            "apr april avril abril aprile avr abr",
            "may mai mayo maggio mei maio mag",
            "jun june juni juin junio giugno junho giu",
            "jul july juli juillet julio luglio julho juil lug",
            "aug august août aout agosto augustus ago",
            "sep sept september septembre septiembre settembre setembro set",
            "oct october oktober octobre octubre ottobre outubro okt out ott",
            "nov november novembre noviembre novembro",
            "dec december dezember décembre decembre diciembre dicembre dezembro dez dic déc",
        ),
        start=1,
    )
    for name in spelled.split()
}
# Zone names that exports of North American and European systems carry; hours east of Greenwich.
_ZONES = {
    "Z": 0, "UTC": 0, "GMT": 0, "WET": 0, "BST": 1, "CET": 1, "MEZ": 1, "CEST": 2, "MESZ": 2, "EET": 2, "EEST": 3,
    "EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8, "PDT": -7, "AEST": 10, "AEDT": 11,
    "JST": 9, "SGT": 8, "HKT": 8,
}  # fmt: skip
_FAST = (
    "%Y-%m-%d",
    "%Y-%m-%d %H:%M:%S%.f",
    "%Y-%m-%dT%H:%M:%S%.fZ",
    "%Y-%m-%dT%H:%M:%S%.f",
    "%Y-%m-%d %H:%M:%S%.f UTC",
    "%Y-%m-%d %H:%M",
)
# Only where the moment is wanted: polars forgets the local time that these begin with.
_FAST_ZONED = ("%Y-%m-%dT%H:%M:%S%.f%z", "%Y-%m-%d %H:%M:%S%.f%z")
_FAST_BY_ORDER: dict[Order, tuple[str, ...]] = {
    "month first": ("%m/%d/%Y", "%m/%d/%Y %H:%M", "%m/%d/%Y %H:%M:%S", "%m/%d/%Y %I:%M %p", "%m/%d/%Y, %I:%M %p"),
    "day first": ("%d/%m/%Y", "%d.%m.%Y", "%d/%m/%Y %H:%M", "%d.%m.%Y %H:%M", "%d/%m/%Y %H:%M:%S"),
}


@dataclass(frozen=True, slots=True)
class DayOrder:
    """The order of a column's numeric dates; `doubt` is a sentence where the values alone did not decide."""

    order: Order
    doubt: str | None = None


def moment(text: str, order: Order) -> tuple[datetime, timedelta] | None:
    """The local date and time a text names, and how far its zone is east of Greenwich; None when it names none."""
    text = " ".join(text.split())
    for pattern in (_YEAR_FIRST, _NUMERIC, _DAY_NAME, _NAME_DAY):
        found = pattern.fullmatch(text)
        if found:
            try:
                return _moment(found.groupdict(), order)
            except (ValueError, KeyError):
                return None
    return _from_number(text)


def _moment(parts: dict[str, str | None], order: Order) -> tuple[datetime, timedelta]:
    year, month, day = _day(parts, order)
    hour, half = int(parts["hour"] or 0), (parts["half"] or "").lower()
    if half:
        if not 1 <= hour <= 12:
            raise ValueError("not an hour of a half day")
        hour = hour % 12 + (12 if half.startswith("p") else 0)
    micro = int(((parts["fraction"] or "") + "000000")[:6])
    local = datetime(year, month, day, hour, int(parts["minute"] or 0), int(parts["second"] or 0), micro)  # noqa: DTZ001
    return local, _offset(parts["zone"])


def _day(parts: dict[str, str | None], order: Order) -> tuple[int, int, int]:
    year = int(parts["year"] or 0)
    if len(parts["year"] or "") == 2:
        year += 2000 if year < 70 else 1900
    if "name" in parts:
        return year, _MONTHS[(parts["name"] or "").casefold()], int(parts["day"] or 0)
    if "month" in parts:
        return year, int(parts["month"] or 0), int(parts["day"] or 0)
    first, second = int(parts["first"] or 0), int(parts["second_"] or 0)
    # A value that cannot be read in the column's order is read in the other one.
    if (order == "month first" and first <= 12) or second > 12:
        return year, first, second
    return year, second, first


def _offset(zone: str | None) -> timedelta:
    """KeyError for a zone nobody knows: its time would be hours off."""
    if not zone:
        return timedelta(0)
    if zone[0] in "+-":
        digits = zone[1:].replace(":", "").ljust(4, "0")
        offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:4]))
        return -offset if zone[0] == "-" else offset
    name, sign, hours = re.fullmatch(r"([A-Za-z]+)([+-]?)(\d*)", zone).groups()  # type: ignore[union-attr]
    shift = timedelta(hours=int(hours)) if hours else timedelta(0)
    return timedelta(hours=_ZONES[name.upper()]) + (-shift if sign == "-" else shift)


def _from_number(text: str) -> tuple[datetime, timedelta] | None:
    """Excel serials, compact dates (20240131) and epochs in seconds, milliseconds or microseconds, by their size."""
    if not _NUMBER.fullmatch(text):
        return None
    compact = _COMPACT.fullmatch(text)
    try:
        if compact:
            return datetime(*(int(part) for part in compact.groups())), timedelta(0)  # type: ignore[arg-type]  # noqa: DTZ001
        number = float(text)
        if _SERIALS[0] <= number < _SERIALS[1]:
            # A serial's fraction is a time of day, exact to the second at best.
            return _SERIAL_BASE + timedelta(seconds=round(number * 86_400)), timedelta(0)
        digits = len(text.partition(".")[0])
        unit = {9: 1_000_000, 10: 1_000_000, 12: 1_000, 13: 1_000, 15: 1, 16: 1}.get(digits)
        return None if unit is None else (_EPOCH + timedelta(microseconds=round(number * unit)), timedelta(0))
    except (ValueError, OverflowError):
        return None


# --- columns -----------------------------------------------------------------------------------------------------

_PAIR = r"^\s*(\d{1,2})([/.-])(\d{1,2})[/.-](?:\d{4}|\d{2})(?:\D|$)"


def day_orders(columns: Mapping[str, pl.Series], *, european: bool) -> dict[str, DayOrder]:
    """The order of each date column: by its own values, else by the file's other columns, else by habit.

    A first number above 12 is a day, a second one too. `european` says that the file has other European habits
    (semicolons between cells).
    """
    votes = {name: _votes(column) for name, column in columns.items() if column.dtype == pl.String}
    day_first = sum(first > second for first, second, _ in votes.values())
    month_first = sum(second > first for first, second, _ in votes.values())
    orders = {}
    for name in columns:
        first, second, mark = votes.get(name, (0, 0, None))
        if first and second:
            order: Order = "day first" if first > second else "month first"
            doubt: str | None = (
                f"the dates of {name!r} are in both orders; where a date does not tell, {order} was taken"
            )
        elif first or second:
            order, doubt = ("day first" if first else "month first"), None
        elif day_first != month_first:
            order = "day first" if day_first > month_first else "month first"
            doubt = f"the dates of {name!r} do not tell day from month; {order} was taken, as in the file's other dates"
        else:
            order = "day first" if european or mark == "." else "month first"
            doubt = f"the dates of {name!r} do not tell day from month; {order} was taken"
        orders[name] = DayOrder(order, doubt if mark else None)
    return orders


def _votes(column: pl.Series) -> tuple[int, int, str | None]:
    """How many values must begin with the day, how many must have it second, and the mark between the numbers."""
    parts = column.str.extract_groups(_PAIR).struct.unnest() if column.len() else pl.DataFrame()
    if parts.is_empty() or parts.to_series(0).is_null().all():
        return 0, 0, None
    first, second = parts.to_series(0).cast(pl.Int64), parts.to_series(2).cast(pl.Int64)
    marks = parts.to_series(1).drop_nulls()
    return int((first > 12).sum()), int((second > 12).sum()), str(marks[0])


def times(column: pl.Series, order: Order) -> pl.Series:
    """µs since the epoch; local times without zone count as UTC. Null where there is none, or none to be read."""
    return _read(column, order, shift=True)


def days(column: pl.Series, order: Order) -> pl.Series:
    """Days since the epoch of the date as it is written, whatever time and zone follow it."""
    return column.cast(pl.Int64) if column.dtype == pl.Date else days_of(_read(column, order, shift=False))


def days_of(moments: pl.Series) -> pl.Series:
    """Days since the epoch, in UTC, of µs since the epoch."""
    return moments // DAY_US


def _read(column: pl.Series, order: Order, *, shift: bool) -> pl.Series:
    if column.dtype == pl.Date or isinstance(column.dtype, pl.Datetime):
        zone = getattr(column.dtype, "time_zone", None)
        local = column.dt.replace_time_zone(None) if zone and not shift else column
        return local.cast(pl.Datetime("us", zone if shift else None)).cast(pl.Int64)
    text = column.cast(pl.String) if column.dtype != pl.String else column
    found = _read_fast(text, (*_FAST, *_FAST_BY_ORDER[order], *(_FAST_ZONED if shift else ())))
    left = text.filter(found.is_null()).drop_nulls().unique()
    if not len(left):
        return found
    known = {value: _micros(value, order, shift=shift) for value in left.to_list()}
    slow = text.replace_strict(list(known), list(known.values()), default=None, return_dtype=pl.Int64)
    return found.fill_null(slow) if found.null_count() < len(found) else slow


def _read_fast(text: pl.Series, patterns: tuple[str, ...]) -> pl.Series:
    """What polars reads: formats are tried as long as the first value that is left fits one of them."""
    found = pl.Series(text.name, [None], dtype=pl.Int64).new_from_index(0, len(text))
    for _ in range(4):
        rest = text.filter(found.is_null()).drop_nulls()
        if not len(rest):
            break
        for pattern in patterns:
            if _parsed(rest.head(1), pattern).null_count() == 0:
                found = found.fill_null(_parsed(text, pattern))
                break
        else:
            break
    return found


def _parsed(text: pl.Series, pattern: str) -> pl.Series:
    read = text.str.to_datetime(pattern, time_unit="us", strict=False)
    # chrono takes "24" for the year 24; such values are left to the scalar reader.
    return (
        read.set(read.dt.year() < 1000, None).cast(pl.Int64) if read.null_count() < len(read) else read.cast(pl.Int64)
    )


def _micros(text: str, order: Order, *, shift: bool) -> int | None:
    read = moment(text, order)
    if read is None:
        return None
    local, offset = read
    return (local - _EPOCH - (offset if shift else timedelta(0))) // _MICROSECOND
