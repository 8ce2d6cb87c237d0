"""JSON values to stored values, with the refusals each field type has."""

from __future__ import annotations

import math
import re
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from sandbox.salesforce.errors import ApiError, bad_json
from sandbox.salesforce.fields import Field
from sandbox.salesforce.ids import long_id
from sandbox.salesforce.times import parsed, parsed_date, text_of

_RANGE = {"int": 2**31}
_YEARS = (1700, 4000)  # of the dates the platform takes
# Text is kept without these around it (Apex Developer Guide, sObject strings); a no-break space stays.
_SPACE = " \t\n\v\f\r"
_EXACT = 2.0**53  # up to here a float is exact to the unit
# One @, a dot within the domain, nothing that needs quoting: the platform is stricter than the standard.
_EMAIL = re.compile(r"[^\s@<>()\[\],;:\\\"]+@(?!-)[^\s@<>()\[\],;:\\\"_]+\.[^\s@<>()\[\],;:\\\".]{2,}")


def stored(declared: Field, value: Any, known: tuple[str, ...] = ()) -> Any:
    """The value as the database keeps it; `known` are the values of a restricted picklist."""
    if value is None or value == "":
        return _blank(declared)
    if declared.type == "boolean":
        return _flag(declared, value)
    if declared.type in ("int", "double", "currency", "percent"):
        return _number(declared, value)
    if declared.type == "date":
        return _date(declared, value)
    if declared.type == "datetime":
        return _moment(declared, value)
    if isinstance(value, dict | list):
        kind = "START_OBJECT" if isinstance(value, dict) else "START_ARRAY"
        raise bad_json(f"Cannot deserialize instance of {declared.type} from {kind} value at [line:1, column:1]")
    text = value if isinstance(value, str) else "true" if value is True else "false" if value is False else str(value)
    if declared.type in ("reference", "id"):
        return record_id(declared, text)
    kept = trimmed(text)
    return _text(declared, kept, known) if kept else None


def trimmed(text: str) -> str:
    """The text as it is kept and looked for."""
    return text.strip(_SPACE)


def _blank(declared: Field) -> None:
    if declared.type == "boolean":
        message = f"{declared.label}: value not of required type: "
        raise ApiError("INVALID_TYPE_ON_FIELD_IN_RECORD", message, [declared.name])


def _flag(declared: Field, value: Any) -> int:
    words = {True: 1, False: 0, "true": 1, "false": 0}  # 1 and 0 are equal to True and False
    key = value.lower() if isinstance(value, str) else value
    if isinstance(key, dict | list) or key not in words:
        raise bad_json(_cannot("boolean", value))
    return words[key]


def _number(declared: Field, value: Any) -> int | float:
    try:
        number = float(value) if not isinstance(value, bool) else None
    except (TypeError, ValueError):
        number = None
    if number is None or not math.isfinite(number) or (declared.type == "int" and not number.is_integer()):
        raise bad_json(_cannot(declared.type, value))
    if abs(number) >= _RANGE.get(declared.type, 10.0 ** (declared.precision - declared.scale)):
        message = f"{declared.label}: value outside of valid range on numeric field: {value}"
        raise ApiError("NUMBER_OUTSIDE_VALID_RANGE", message, [declared.name])
    return int(number) if declared.type == "int" else _rounded(number, declared.scale)


def _rounded(number: float, scale: int) -> float:
    """Half away from zero, as people round money."""
    step = Decimal(1).scaleb(-scale)
    return float(Decimal(repr(number)).quantize(step, ROUND_HALF_UP)) if abs(number) < _EXACT else number


def _date(declared: Field, value: Any) -> str:
    if isinstance(value, date):
        return value.isoformat()[:10]
    day = parsed_date(value) if isinstance(value, str) else None
    if day is None:
        raise bad_json(_cannot("date", value))
    _check_year(declared, day)
    return day.isoformat()


def _moment(declared: Field, value: Any) -> str:
    if isinstance(value, datetime):
        return text_of(value if value.tzinfo else value.replace(tzinfo=UTC))
    moment = parsed(value) if isinstance(value, str) else None
    if moment is None:
        raise bad_json(_cannot("datetime", value))
    _check_year(declared, moment)
    return text_of(moment)


def _check_year(declared: Field, day: date) -> None:
    if not _YEARS[0] <= day.year <= _YEARS[1]:
        message = f"{declared.label}: invalid date: {day.isoformat()}"
        raise ApiError("FIELD_INTEGRITY_EXCEPTION", message, [declared.name])


def _text(declared: Field, value: str, known: tuple[str, ...]) -> str:
    if "\0" in value:
        raise bad_json("Illegal unquoted character ((CTRL-CHAR, code 0)) at [line:1, column:1]")
    if any("\ud800" <= character <= "\udfff" for character in value):
        raise bad_json("Invalid UTF-16 surrogate pair at [line:1, column:1]")
    if declared.length and len(value) > declared.length:
        message = f"{declared.label}: data value too large: {value} (max length={declared.length})"
        raise ApiError("STRING_TOO_LONG", message, [declared.name])
    chosen = value.split(";") if declared.type == "multipicklist" else [value]
    if declared.restricted and known and not set(chosen) <= set(known):
        message = f"{declared.label}: bad value for restricted picklist field: {value}"
        raise ApiError("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", message, [declared.name])
    return value


def check_email(declared: Field, value: str) -> None:
    if not _EMAIL.fullmatch(value):
        message = f"{declared.label}: invalid email address: {value}"
        raise ApiError("INVALID_EMAIL_ADDRESS", message, [declared.name])


def record_id(declared: Field, value: str) -> str:
    found = long_id(value)
    if found is None:
        message = f"{declared.label}: id value of incorrect type: {value}"
        raise ApiError("MALFORMED_ID", message, [declared.name])
    return found


def _cannot(kind: str, value: Any) -> str:
    token = "VALUE_STRING" if isinstance(value, str) else "VALUE_NUMBER" if isinstance(value, float | int) else "value"
    return (
        f"Cannot deserialize instance of {kind} from {token} value {value} or request may be missing a required field "
        "at [line:1, column:1]"
    )
