"""Date literals: the half-open range of days that TODAY, LAST_MONTH or LAST_N_DAYS:5 stands for.

The API user's zone is GMT and weeks begin on Sunday (locale en_US).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

_DAY = timedelta(days=1)
Range = tuple[date, date]


def day_range(literal: str, n: int | None, today: date, fiscal_start: int = 1) -> Range | None:
    """First day and the day after the last; None when the word is no date literal or lacks its number."""
    if "FISCAL_" in literal and fiscal_start != 1:
        # A year that begins in April is a calendar year three months late.
        late = fiscal_start - 1
        found = day_range(literal.replace("FISCAL_", ""), n, _month_start(today, -late))
        return (_month_start(found[0], late), _month_start(found[1], late)) if found else None
    word = literal.replace("FISCAL_", "")
    if n is None:
        return _SIMPLE[word](today) if word in _SIMPLE else None
    for ending, unit in _UNITS.items():
        if word in (f"LAST_N_{ending}", f"NEXT_N_{ending}", f"N_{ending}_AGO"):
            return _counted(word, n, today, unit)
    return None


def _counted(word: str, n: int, today: date, unit: Callable[[date, int], Range]) -> Range:
    """LAST_N covers the n units before the current one, with days also the current day."""
    if word.endswith("_AGO"):
        return unit(today, -n)
    first, end = unit(today, 0)
    if word.startswith("LAST"):
        return unit(today, -n)[0], end if unit is _days else first
    return end, unit(today, n)[1]


def _days(today: date, shift: int) -> Range:
    day = _shifted(today, shift)
    return day, day + _DAY


def _weeks(today: date, shift: int) -> Range:
    sunday = _shifted(today - timedelta(days=today.isoweekday() % 7), 7 * shift)
    return sunday, sunday + 7 * _DAY


def _months(today: date, shift: int) -> Range:
    return _month_start(today, shift), _month_start(today, shift + 1)


def _quarters(today: date, shift: int) -> Range:
    start = today.replace(month=(today.month - 1) // 3 * 3 + 1, day=1)
    return _month_start(start, 3 * shift), _month_start(start, 3 * shift + 3)


def _years(today: date, shift: int) -> Range:
    start = today.replace(month=1, day=1)
    return _month_start(start, 12 * shift), _month_start(start, 12 * shift + 12)


def _month_start(day: date, shift: int) -> date:
    month = day.year * 12 + day.month - 1 + shift
    return date(min(max(month // 12, 1), 9998), month % 12 + 1, 1)


def _shifted(day: date, days: int) -> date:
    return date.fromordinal(min(max(day.toordinal() + days, 1), date.max.toordinal() - 8))


_UNITS: dict[str, Callable[[date, int], Range]] = {
    "DAYS": _days,
    "WEEKS": _weeks,
    "MONTHS": _months,
    "QUARTERS": _quarters,
    "YEARS": _years,
}
_SIMPLE: dict[str, Callable[[date], Range]] = {
    "YESTERDAY": lambda today: _days(today, -1),
    "TODAY": lambda today: _days(today, 0),
    "TOMORROW": lambda today: _days(today, 1),
    "LAST_90_DAYS": lambda today: (_shifted(today, -90), today + _DAY),
    "NEXT_90_DAYS": lambda today: (today + _DAY, _shifted(today, 91)),
    **{
        f"{which}_{name}": (lambda today, unit=unit, shift=shift: unit(today, shift))  # type: ignore[misc]
        for name, unit in (("WEEK", _weeks), ("MONTH", _months), ("QUARTER", _quarters), ("YEAR", _years))
        for which, shift in (("LAST", -1), ("THIS", 0), ("NEXT", 1))
    },
}
