"""Dates and times as Salesforce writes them; a stored time is the text 2026-01-01T00:00:00.000+0000.

All times are whole seconds: two writes within one have equal stamps, and nothing about a stamp tells them apart.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MOMENT = re.compile(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d(?::\d\d)?)(?:\.(\d{1,9}))?(Z|[+-]\d\d:?\d\d)?", re.IGNORECASE)


def text_of_ms(ms: int) -> str:
    """The second that the millisecond falls into."""
    return f"{_EPOCH + timedelta(seconds=ms // 1000):%Y-%m-%dT%H:%M:%S}.000+0000"


def text_of(moment: datetime) -> str:
    return text_of_ms((moment - _EPOCH) // timedelta(milliseconds=1))


def parsed(value: str) -> datetime | None:
    """The time that an ISO text names, UTC when it names no zone; None when it names no time."""
    found = _MOMENT.fullmatch(value.strip())
    if found is None:
        return None
    day, clock, fraction, zone = found.groups()
    zone = "+00:00" if zone is None or zone in "Zz" else zone
    try:
        return datetime.fromisoformat(
            f"{day}T{clock}.{(fraction or '0')[:3]:0<3}{zone}" if clock.count(":") == 2 else f"{day}T{clock}:00{zone}"
        ).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def parsed_date(value: str) -> date | None:
    """The day of an ISO date; a time counts as the day it falls on."""
    try:
        return date.fromisoformat(value.strip()[:10]) if re.match(r"\d{4}-\d\d-\d\d(T|$)", value.strip()) else None
    except ValueError:
        return None


def second_of(stored: str) -> str:
    """The stored time without its milliseconds: conditions compare whole seconds."""
    return stored[:19]


def http_date(stored: str) -> str:
    moment = parsed(stored)
    return format_datetime(moment.replace(microsecond=0), usegmt=True) if moment else ""


def parsed_http_date(value: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, TypeError):
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
