"""Canonical fields that no one Salesforce field holds, made column by column from those that tell.

Every function takes equally long columns of canonical values and returns one more.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from model.streams import Value, ValueType

Column = list[Value]
ACCOUNT, CONTACT, DEAL, LEAD = "001", "003", "006", "00Q"  # key prefixes of ids
_DAY_US = 86_400 * 1_000_000
_KINDS = {"Email": "email", "ListEmail": "email", "Call": "call"}  # of TaskSubtype; all others are tasks
_DIRECTIONS = {"Inbound": "in", "Outbound": "out"}  # of CallType; internal calls have none


@dataclass(frozen=True, slots=True)
class Derived:
    """A canonical field made from API fields: `make` takes the columns of `sources`, then those of `extras`.

    The field is unknown where one of the `sources` is not readable; of `extras` an unreadable one is None throughout.
    """

    make: Callable[..., Column]
    sources: Mapping[str, ValueType]
    extras: Mapping[str, ValueType] = field(default_factory=dict)


def having(prefix: str) -> Callable[[Column], Column]:
    """Those ids of a polymorphic reference that name records of the object with this key prefix."""

    def make(ids: Column) -> Column:
        return [one if isinstance(one, str) and one.startswith(prefix) else None for one in ids]

    return make


def accounts_of(what: Column, account: Column) -> Column:
    """The account Salesforce derived for an activity, else the one that it is about itself."""
    return [given or direct for given, direct in zip(account, having(ACCOUNT)(what), strict=True)]


def kinds_of_tasks(subtypes: Column) -> Column:
    return [_KINDS.get(str(one), "task") for one in subtypes]


def directions(call_types: Column) -> Column:
    return [_DIRECTIONS.get(str(one)) for one in call_types]


def seconds(minutes: Column) -> Column:
    return [one * 60 if isinstance(one, int) else None for one in minutes]


def done_at(closed: Column, created: Column, completed: Column, due: Column) -> Column:
    """When a closed task happened (µs): when it was completed, where the org tells that, else the day it is filed
    under, else when it was entered. An open one has not happened."""
    return [
        (completed_at or _midnight(day) or created_at) if is_closed else None
        for is_closed, created_at, completed_at, day in zip(closed, created, completed, due, strict=True)
    ]


def started_at(start: Column, day: Column) -> Column:
    """When an event begins (µs); one without time of day at the midnight (UTC) of its day."""
    return [moment or _midnight(one) for moment, one in zip(start, day, strict=True)]


def _midnight(day: Value) -> int | None:
    return day * _DAY_US if isinstance(day, int) else None


def limited(totals: Column) -> Column:
    """Numbers of seats; -1 stands for no limit."""
    return [None if one == -1 else one for one in totals]


def is_success(statuses: Column) -> Column:
    return [None if one is None else one == "Success" for one in statuses]
