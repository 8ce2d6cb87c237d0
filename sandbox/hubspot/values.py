"""Property values: what the portal accepts, and the string-or-null form in which it keeps and tells them."""

from __future__ import annotations

import math
import re
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sandbox.hubspot.definition import Definition

MAX_LENGTH = 65_536
_DAY_MS = 86_400_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")
_EMAIL = re.compile(r"[^\s@<>(),;:\"\[\]\\]+@[^\s@<>(),;:\"\[\]\\]+\.[^\s@<>(),;:\"\[\]\\.]{2,}")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_DIGITS_MAX = 18


def natural(text: str) -> int | None:
    """A whole number that a store can hold, None for all other text."""
    return int(text) if text.isdecimal() and len(text) <= _DIGITS_MAX else None


class BadValue(Exception):
    """A value the property does not take: an error code and a sentence."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def stamp(ms: int) -> str:
    """`2026-11-22T10:00:00.000Z`; strings of this form sort by time."""
    moment = _EPOCH + timedelta(milliseconds=ms)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{ms % 1000:03d}Z"


def ms_of(text: str) -> int:
    """Epoch milliseconds of an ISO time, an ISO date or a number of milliseconds; ValueError for all else."""
    if re.fullmatch(r"-?\d{1,15}", text):
        return int(text)
    if _DATE.fullmatch(text):
        return (date.fromisoformat(text) - date(1970, 1, 1)).days * _DAY_MS
    moment = datetime.fromisoformat(text)
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return (aware - _EPOCH) // timedelta(milliseconds=1)


def as_text(value: Any) -> str:
    """A JSON scalar as the portal reads it: `true`, `5`, `5.5`; "" for null."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return str(value)


def parsed(definition: Definition, text: str) -> str | None:
    """The stored form of `text` for this property; None for "" (which clears); BadValue when it is refused.

    Options of pipelines, stages and owners are not checked here: they live elsewhere.
    """
    if text == "":
        return None
    if len(text) > MAX_LENGTH:
        raise BadValue("PROPERTY_VALUE_TOO_LONG", f"The value is {len(text)} characters long; at most {MAX_LENGTH}")
    check = _CHECKS.get(definition.type)
    if check:
        return check(definition, text)
    if definition.name == "email":
        return _email(text)
    return text


def is_email(text: str) -> bool:
    return _EMAIL.fullmatch(text.strip()) is not None


def _email(text: str) -> str:
    if not is_email(text):
        raise BadValue("INVALID_EMAIL", f"Email address {text} is invalid")
    return text.strip().lower()


def _number(definition: Definition, text: str) -> str:
    if not _NUMBER.fullmatch(text) or not math.isfinite(float(text)):
        raise BadValue("INVALID_INTEGER", f"{text} was not a valid number.")
    return text


def _datetime(definition: Definition, text: str) -> str:
    try:
        return stamp(ms_of(text))
    except (ValueError, OverflowError):
        raise BadValue("INVALID_LONG", f"{text} was not a valid long.") from None


def _date(definition: Definition, text: str) -> str:
    try:
        ms = ms_of(text)
        shown = stamp(ms)
    except (ValueError, OverflowError):
        raise BadValue("INVALID_DATE", f"{text} is not a valid date.") from None
    if ms % _DAY_MS:
        raise BadValue("INVALID_DATE", f"{text} is at {shown[11:23]} UTC, not midnight!")
    return shown[:10]


def _choice(definition: Definition, text: str) -> str:
    allowed = definition.values
    chosen = text.split(";") if definition.field_type == "checkbox" else [text]
    if allowed:
        for value in chosen:
            if value and value not in allowed:
                raise BadValue("INVALID_OPTION", f"{value} was not one of the allowed options: [{', '.join(allowed)}]")
    return text


_CHECKS = {
    "number": _number,
    "datetime": _datetime,
    "date": _date,
    "enumeration": _choice,
    "bool": _choice,
}


def appended(old: str | None, text: str) -> str:
    """What a multi-checkbox holds after `;a;b` was written over `old`: its values and the new ones."""
    kept = [value for value in (old or "").split(";") if value]
    return ";".join(dict.fromkeys([*kept, *(value for value in text.split(";") if value)]))
