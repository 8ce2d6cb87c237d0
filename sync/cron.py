"""Cron expressions: minute, hour, day of the month, month, day of the week, as cron(5) reads them.

A field is `*`, a number, a range `a-b`, either with a step `/n`, or a list of these; months and days of the week also
have names, and Sunday is 0 and 7. Where both days are restricted, a time fits when either does.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

from model.errors import InputError

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
# What a field counts, from and to which number, and the names of its numbers from the first on.
_FIELDS: tuple[tuple[str, int, int, tuple[str, ...]], ...] = (
    ("minute", 0, 59, ()),
    ("hour", 0, 23, ()),
    ("day of the month", 1, 31, ()),
    ("month", 1, 12, _MONTHS),
    ("day of the week", 0, 7, _DAYS),
)
_PART = re.compile(r"(?:(?P<any>\*)|(?P<first>\w+)(?:-(?P<last>\w+))?)(?:/(?P<step>\d+))?")
# From one 29 February to the next there may be eight years.
_LONGEST = timedelta(days=8 * 366)


@dataclass(frozen=True, slots=True)
class Cron:
    """A parsed expression. `either_day`: it is enough that one of the two days fits."""

    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    either_day: bool

    @classmethod
    def parse(cls, text: str) -> Cron:
        """InputError says which field cannot be read, or that no time ever fits."""
        fields = text.split()
        if len(fields) != len(_FIELDS):
            raise InputError(
                f"{text!r} is no cron expression: it has {len(fields)} fields, not the five of minute, hour, day, "
                'month and day of the week; "*/15 * * * *" is every quarter of an hour.'
            )
        parsed = [_parsed(field, *kind) for field, kind in zip(fields, _FIELDS, strict=True)]
        minutes, hours, days, months, weekdays = parsed
        either_day = not (fields[2].startswith("*") or fields[4].startswith("*"))
        cron = cls(minutes, hours, days, months, frozenset(day % 7 for day in weekdays), either_day)
        cron.after(datetime(2000, 1, 1, tzinfo=UTC), UTC)
        return cron

    def after(self, moment: datetime, zone: tzinfo | None = None) -> datetime:
        """The first fitting minute after a moment, on the clock of `zone`, by default this machine's.

        What the clock jumps over in spring does not come that day; what it shows twice in autumn comes twice.
        """
        start = moment.astimezone(UTC).replace(second=0, microsecond=0)
        candidate = start + timedelta(minutes=1)
        while candidate - start <= _LONGEST:
            shown = candidate.astimezone(zone)
            if not (self._fits_day(shown) and shown.hour in self.hours):
                candidate += timedelta(minutes=60 - shown.minute)
            elif shown.minute in self.minutes:
                return shown
            else:
                candidate += timedelta(minutes=1)
        raise InputError("No time ever fits this cron expression; see its day and month.")

    def _fits_day(self, shown: datetime) -> bool:
        is_day, is_weekday = shown.day in self.days, shown.isoweekday() % 7 in self.weekdays
        fits = is_day or is_weekday if self.either_day else is_day and is_weekday
        return fits and shown.month in self.months


def _parsed(field: str, name: str, lowest: int, highest: int, names: tuple[str, ...]) -> frozenset[int]:
    """The numbers of one field; InputError when it cannot be read."""
    numbers: set[int] = set()
    for part in field.split(","):
        found = _PART.fullmatch(part)
        if found is None:
            raise InputError(f"{part!r} is no {name} of a cron expression; write a number, a range, * or */n.")
        step = int(found["step"] or 1)
        if found["any"]:
            first, last = lowest, highest
        else:
            first = _number(found["first"], lowest, names)
            # A single number with a step goes on to the end, as in cron.
            last = _number(found["last"], lowest, names) if found["last"] else (highest if found["step"] else first)
        if not (lowest <= first <= last <= highest and step):
            raise InputError(f"{part!r} is no {name} of a cron expression: they go from {lowest} to {highest}.")
        numbers.update(range(first, last + 1, step))
    return frozenset(numbers)


def _number(text: str, lowest: int, names: tuple[str, ...]) -> int:
    """A number or a name as a number; -1 for what is neither."""
    if text.isascii() and text.isdecimal():
        return int(text)
    return names.index(text.lower()) + lowest if text.lower() in names else -1
