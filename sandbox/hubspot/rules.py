"""Validation rules of properties: what each type is for, which arguments it takes, whether a value keeps it.

`now_ms` is the clock of the account; arguments are strings.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sandbox.hubspot.definition import Definition
from sandbox.hubspot.values import is_email, ms_of

_DAY_MS = 86_400_000
_WEEKDAYS = ("MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY")
_DOMAIN = re.compile(r"([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,}", re.IGNORECASE)
_URL = re.compile(r"(https?://)?(?P<host>[^/\s:@]+\.[^/\s:@]+)(:\d+)?(/\S*)?", re.IGNORECASE)
_PERIOD = re.compile(r"P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?")
_PERIOD_MS = (365 * _DAY_MS, 30 * _DAY_MS, 7 * _DAY_MS, _DAY_MS, 3_600_000, 60_000, 1000)
_LETTERS = {"ALPHANUMERIC": str.isalnum, "ALPHA_ONLY": str.isalpha, "NUMERIC_ONLY": str.isdecimal}
_CASES = {"UPPER": str.isupper, "LOWER": str.islower, "CAPITALIZATION": str.istitle}
# The country code that a number in international form begins with, for the countries the rule is asked about here.
_CODES = {"us": "1", "ca": "1", "gb": "44", "ie": "353", "de": "49", "fr": "33", "es": "34", "nl": "31", "it": "39"}

Arguments = Sequence[str]
Keeps = Callable[[str, Arguments, int], bool]


@dataclass(frozen=True, slots=True)
class Rule:
    """A type of rule: the types and field types it is for, whether arguments are good, whether a value keeps it."""

    types: tuple[str, ...]
    fields: tuple[str, ...]
    takes: Callable[[Arguments], bool]
    keeps: Keeps

    def is_for(self, definition: Definition) -> bool:
        return definition.type in self.types and (not self.fields or definition.field_type in self.fields)


def period_ms(text: str) -> int:
    """The length of an ISO-8601 period, a month being 30 days and a year 365; ValueError for all else."""
    found = _PERIOD.fullmatch(text)
    if found is None or not any(found.groups()):
        raise ValueError(f"{text} is no ISO-8601 period")
    return sum(int(part or 0) * unit for part, unit in zip(found.groups(), _PERIOD_MS, strict=True))


def _reads(read: Callable[[str], object], least: int = 1, most: int = 1) -> Callable[[Arguments], bool]:
    """Whether there are as many arguments as wanted and `read` can read each."""

    def takes(arguments: Arguments) -> bool:
        try:
            return least <= len(arguments) <= most and all(read(one) is not None for one in arguments)
        except (ValueError, KeyError, re.error):
            return False

    return takes


def _among(*names: str) -> Callable[[str], object]:
    return {name: name for name in names}.__getitem__


def _after(value: str, arguments: Arguments, now_ms: int) -> bool:
    return ms_of(value) >= now_ms + period_ms(arguments[0])


def _before(value: str, arguments: Arguments, now_ms: int) -> bool:
    return ms_of(value) <= now_ms - period_ms(arguments[0])


def _weekday(value: str, arguments: Arguments, now_ms: int) -> bool:
    return _WEEKDAYS[datetime.fromtimestamp(ms_of(value) / 1000, UTC).weekday()] in arguments


def _host(value: str) -> str:
    found = _URL.fullmatch(value)
    return found["host"].lower().removeprefix("www.") if found else ""


def _within(host: str, domains: Arguments) -> bool:
    return any(host == domain.lower() or host.endswith("." + domain.lower()) for domain in domains)


def _phone(value: str, arguments: Arguments, now_ms: int) -> bool:
    digits = re.sub(r"[\s().-]", "", value)
    code = _CODES.get(arguments[0].lower(), "") if arguments else ""
    return re.fullmatch(rf"\+{code}\d{{6,15}}", digits) is not None


def _regex(value: str, arguments: Arguments, now_ms: int) -> bool:
    return re.search(arguments[0], value) is not None


def _mail_domain(value: str, arguments: Arguments) -> bool:
    return _within(value.rpartition("@")[2].lower(), arguments)


_TEXT, _TEXTS, _NUMBERS = ("text",), ("text", "textarea"), ("number",)
_STRING = ("string",)
_some_domains = _reads(lambda one: _DOMAIN.fullmatch(one), 1, 20)
_none = _reads(str, 0, 0)

RULES: dict[str, Rule] = {
    "AFTER_DATETIME_DURATION": Rule(("datetime",), (), _reads(period_ms), _after),
    "AFTER_DURATION": Rule(("date",), (), _reads(period_ms), _after),
    "BEFORE_DATETIME_DURATION": Rule(("datetime",), (), _reads(period_ms), _before),
    "BEFORE_DURATION": Rule(("date",), (), _reads(period_ms), _before),
    "DAYS_OF_WEEK": Rule(("date", "datetime"), (), _reads(_among(*_WEEKDAYS), 1, 7), _weekday),
    "START_DATE": Rule(("date",), (), _reads(int), lambda v, a, _: ms_of(v) >= int(a[0])),
    "START_DATETIME": Rule(("datetime",), (), _reads(int), lambda v, a, _: ms_of(v) >= int(a[0])),
    "END_DATE": Rule(("date",), (), _reads(int), lambda v, a, _: ms_of(v) <= int(a[0])),
    "END_DATETIME": Rule(("datetime",), (), _reads(int), lambda v, a, _: ms_of(v) <= int(a[0])),
    "DECIMAL": Rule(_NUMBERS, (), _reads(int), lambda v, a, _: len(v.partition(".")[2]) <= int(a[0])),
    "MIN_NUMBER": Rule(_NUMBERS, (), _reads(float), lambda v, a, _: float(v) >= float(a[0])),
    "MAX_NUMBER": Rule(_NUMBERS, (), _reads(float), lambda v, a, _: float(v) <= float(a[0])),
    "MIN_LENGTH": Rule(_STRING, (*_TEXTS, "phonenumber"), _reads(int), lambda v, a, _: len(v) >= int(a[0])),
    "MAX_LENGTH": Rule(_STRING, (*_TEXTS, "phonenumber"), _reads(int), lambda v, a, _: len(v) <= int(a[0])),
    "ALPHANUMERIC": Rule(_STRING, _TEXTS, _reads(_among(*_LETTERS)), lambda v, a, _: _LETTERS[a[0]](v)),
    "FORMAT": Rule(_STRING, _TEXTS, _reads(_among(*_CASES)), lambda v, a, _: _CASES[a[0]](v)),
    "SPECIAL_CHARACTERS": Rule(
        _STRING, _TEXTS, _reads(_among("NOT_ALLOWED")), lambda v, a, _: all(c.isalnum() or c.isspace() for c in v)
    ),
    "WHITESPACE": Rule(
        _STRING,
        _TEXT,
        _reads(_among("ALL", "TRIM"), 0),
        lambda v, a, _: v == v.strip() if "TRIM" in a else not any(c.isspace() for c in v),
    ),
    "REGEX": Rule(_STRING, _TEXTS, lambda a: _reads(re.compile)(a[:1]) and len(a) <= 2, _regex),
    "DOMAIN": Rule(_STRING, _TEXT, _none, lambda v, a, _: _DOMAIN.fullmatch(v) is not None),
    "EMAIL": Rule(_STRING, _TEXT, _none, lambda v, a, _: is_email(v)),
    "EMAIL_ALLOWED_DOMAINS": Rule(_STRING, _TEXT, _some_domains, lambda v, a, _: _mail_domain(v, a)),
    "EMAIL_BLOCKED_DOMAINS": Rule(_STRING, _TEXT, _some_domains, lambda v, a, _: not _mail_domain(v, a)),
    "URL": Rule(_STRING, _TEXT, _none, lambda v, a, _: bool(_host(v))),
    "URL_ALLOWED_DOMAINS": Rule(_STRING, _TEXT, _some_domains, lambda v, a, _: _within(_host(v), a)),
    "URL_BLOCKED_DOMAINS": Rule(_STRING, _TEXT, _some_domains, lambda v, a, _: not _within(_host(v), a)),
    "PHONE_NUMBER_WITH_EXPLICIT_COUNTRY_CODE": Rule(_STRING, ("phonenumber",), _reads(str, 0), _phone),
}
