"""Cron expressions: what they mean, and what is no expression."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model.errors import InputError
from sync.cron import Cron

# A Friday.
NOON = datetime(2026, 11, 27, 12, 0, 30, tzinfo=UTC)


def times(text: str, count: int = 3, start: datetime = NOON, zone: str = "UTC") -> list[str]:
    found, moment = [], start
    for _ in range(count):
        moment = Cron.parse(text).after(moment, ZoneInfo(zone))
        found.append(moment.strftime("%y-%m-%d %H:%M %a"))
    return found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("* * * * *", ["26-11-27 12:01 Fri", "26-11-27 12:02 Fri"]),
        ("*/15 * * * *", ["26-11-27 12:15 Fri", "26-11-27 12:30 Fri", "26-11-27 12:45 Fri"]),
        ("0 12 * * *", ["26-11-28 12:00 Sat"]),
        ("50/4 9-17/8 * * *", ["26-11-27 17:50 Fri", "26-11-27 17:54 Fri", "26-11-27 17:58 Fri"]),
        ("0 6,18 * * mon-FRI", ["26-11-27 18:00 Fri", "26-11-30 06:00 Mon"]),
        ("30 4 * * 7", ["26-11-29 04:30 Sun"]),
        ("30 4 * * 5-7", ["26-11-28 04:30 Sat", "26-11-29 04:30 Sun", "26-12-04 04:30 Fri"]),
        ("0 0 1 jan,jul *", ["27-01-01 00:00 Fri", "27-07-01 00:00 Thu"]),
        ("0 0 29 2 *", ["28-02-29 00:00 Tue", "32-02-29 00:00 Sun"]),
        ("0 0 13 * fri", ["26-12-04 00:00 Fri", "26-12-11 00:00 Fri", "26-12-13 00:00 Sun"]),
        ("0 0 */10 * fri", ["26-12-11 00:00 Fri", "27-01-01 00:00 Fri"]),
    ],
)
def test_expression_gives_the_times_of_cron(text: str, expected: list[str]) -> None:
    assert times(text, len(expected)) == expected


def test_minute_in_which_it_is_asked_is_over() -> None:
    assert times("0 12 * * *", 1, NOON.replace(second=0)) == ["26-11-28 12:00 Sat"]


def test_hours_are_those_of_the_zone_and_follow_its_clock() -> None:
    assert times("0 9 * * *", 2, datetime(2026, 3, 28, tzinfo=UTC), "Europe/London") == [
        "26-03-28 09:00 Sat", "26-03-29 09:00 Sun",
    ]  # fmt: skip
    # The hour from 01:00 is jumped over in spring and shown twice in autumn.
    assert times("30 1 * * *", 2, datetime(2026, 3, 28, 12, tzinfo=UTC), "Europe/London")[0] == "26-03-30 01:30 Mon"
    assert times("30 1 * * *", 2, datetime(2026, 10, 24, 12, tzinfo=UTC), "Europe/London") == ["26-10-25 01:30 Sun"] * 2


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 59), st.integers(0, 10**6))
def test_times_of_a_step_are_apart_by_it_or_begin_the_hour(step: int, minutes: int) -> None:
    cron, moment, found = Cron.parse(f"*/{step} * * * *"), NOON + timedelta(minutes=minutes), []
    for _ in range(5):
        moment = cron.after(moment, UTC)
        found.append(moment)
    assert all(other.minute == 0 or other - one == timedelta(minutes=step) for one, other in pairwise(found))
    assert all(one.minute % step == 0 for one in found)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "has 0 fields"),
        ("* * * *", "has 4 fields"),
        ("@daily", "has 1 fields"),
        ("60 * * * *", "'60' is no minute"),
        ("* 24 * * *", "'24' is no hour"),
        ("* * 0 * *", "'0' is no day of the month"),
        ("* * * 13 *", "'13' is no month"),
        ("* * * * 8", "'8' is no day of the week"),
        ("*/0 * * * *", r"'\*/0' is no minute"),
        ("5-1 * * * *", "'5-1' is no minute"),
        ("1,,2 * * * *", "'' is no minute"),
        ("-1 * * * *", "'-1' is no minute"),
        ("* * * fri *", "'fri' is no month"),
        ("* * * * ²", "'²' is no day"),
        ("0 0 30 feb *", "No time ever fits"),
    ],
)
def test_what_is_no_expression_is_told_by_field(text: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        Cron.parse(text)
