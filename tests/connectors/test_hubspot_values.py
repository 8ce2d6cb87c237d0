"""HubSpot's texts to values and back: each way round gives what went in."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors._hubspot_values import (
    EPOCH_DAY,
    convert_all,
    converter,
    day_of,
    local_day_of,
    money_of,
    property_text,
    real_of,
    time_of,
    truth_of,
    whole_of,
)
from model.streams import Value, ValueType

BERLIN = ZoneInfo("Europe/Berlin")
ZONES = st.sampled_from([ZoneInfo(name) for name in ("UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata")])
DAYS = st.dates(date(1971, 1, 1), date(2199, 12, 31)).map(lambda day: day.toordinal() - EPOCH_DAY)
TIMES = st.integers(0, 7_000_000_000_000).map(lambda ms: ms * 1000)


def micros(*parts: int) -> int:
    return round(datetime(*parts, tzinfo=UTC).timestamp()) * 1_000_000  # type: ignore[arg-type, misc]


def test_day_put_into_a_time_takes_the_hour_it_replaces_and_round_trips() -> None:
    was = "2026-07-15T14:30:00.000Z"
    day = local_day_of(BERLIN)(was)
    moved = property_text(day + 180, "date", "datetime", None, BERLIN, was)
    assert moved == "2027-01-11T15:30:00.000Z", "half past four in Berlin, summer or winter"
    assert property_text(day, "date", "datetime", None, BERLIN, moved) == was
    assert property_text(day, "date", "datetime", None, BERLIN, "no time") == "2026-07-14T22:00:00.000Z"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("2024-01-02T03:04:05.678Z", micros(2024, 1, 2, 3, 4, 5) + 678_000, id="milliseconds"),
        pytest.param("2024-01-02T03:04:05Z", micros(2024, 1, 2, 3, 4, 5), id="seconds"),
        pytest.param("2024-01-02T03:04:05+01:00", micros(2024, 1, 2, 2, 4, 5), id="offset"),
        pytest.param("2024-01-02T03:04:05", micros(2024, 1, 2, 3, 4, 5), id="no-zone-is-utc"),
        pytest.param("2024-01-02", micros(2024, 1, 2), id="day"),
        pytest.param("1704164645678", 1_704_164_645_678_000, id="epoch-milliseconds"),
        pytest.param("-1000", -1_000_000, id="before-the-epoch"),
    ],
)
def test_time_of_every_documented_form_is_microseconds_in_utc(text: str, expected: int) -> None:
    assert time_of(text) == expected


@pytest.mark.parametrize("text", ["soon", "2024-13-01", "99999999999999999999", "12:00", "1e9"])
def test_time_of_other_text_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        time_of(text)


def test_day_of_a_date_property_needs_no_time_zone() -> None:
    assert day_of("1970-01-02") == 1
    assert day_of("86400000") == 1


def test_day_of_a_datetime_property_is_the_portals_day() -> None:
    # 23:30 in UTC is the next day in Berlin.
    assert local_day_of(BERLIN)("2026-05-03T23:30:00Z") == day_of("2026-05-04")
    assert local_day_of(ZoneInfo("America/New_York"))("2026-05-04T02:00:00Z") == day_of("2026-05-03")


@pytest.mark.parametrize(
    ("text", "expected"), [("250", 250), ("250.0", 250), ("-3", -3), ("1e3", 1000), ("9223372036854775807", 2**63 - 1)]
)
def test_whole_number_is_read_in_each_spelling(text: str, expected: int) -> None:
    assert whole_of(text) == expected


@pytest.mark.parametrize("text", ["2.5", "many", "NaN", "Infinity", "9223372036854775808", "1E999999999", "١٢x"])
def test_whole_number_of_other_text_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        whole_of(text)


def test_truth_of_a_count_is_whether_there_was_any() -> None:
    assert [truth_of(text) for text in ("true", "FALSE", "0", "3")] == [True, False, False, True]
    with pytest.raises(ValueError, match="number"):
        truth_of("perhaps")


def test_real_number_without_end_is_refused() -> None:
    assert real_of("0.25") == 0.25
    with pytest.raises(ValueError, match="number"):
        real_of("inf")


def test_column_keeps_blank_apart_from_unreadable() -> None:
    assert convert_all(["1", "", None, "x", "2"], whole_of) == ([1, None, None, None, 2], [3])
    assert money_of(["1.50", "7", "?", None], ["USD", "JPY", "USD", None]) == ([150, 7, None, None], [2])


@given(DAYS, ZONES, st.sampled_from(["date", "datetime"]))
def test_date_written_and_read_is_the_same_day(day: int, zone: ZoneInfo, property_type: str) -> None:
    text = property_text(day, "date", property_type, None, zone)
    assert converter("date", property_type, zone)(text) == day


@given(TIMES, ZONES)
def test_time_written_and_read_is_the_same_moment(moment: int, zone: ZoneInfo) -> None:
    text = property_text(moment, "time", "datetime", None, zone)
    assert text.endswith("Z")
    assert converter("time", "datetime", zone)(text) == moment


@given(DAYS, ZONES)
def test_time_of_midnight_in_a_date_property_is_the_same_moment(day: int, zone: ZoneInfo) -> None:
    moment = time_of(property_text(day, "date", "datetime", None, zone))
    text = property_text(moment, "time", "date", None, zone)
    assert converter("time", "date", zone)(text) == moment


@given(st.integers(-(2**53), 2**53), st.sampled_from(["USD", "JPY", "KWD", "CLF", None]))
def test_money_written_and_read_is_the_same_amount(minor: int, currency: str | None) -> None:
    text = property_text(minor, "money", "number", currency, BERLIN)
    assert money_of([text], [currency]) == ([minor], [])


@pytest.mark.parametrize(
    ("value", "field_type", "property_type", "expected"),
    [
        pytest.param(None, "text", "string", "", id="blank-clears"),
        pytest.param(True, "bool", "bool", "true", id="true"),
        pytest.param(False, "bool", "bool", "false", id="false"),
        pytest.param(150000, "money", "number", "1500.00", id="money"),
        pytest.param(7, "int", "number", "7", id="int"),
        pytest.param(0.5, "real", "number", "0.5", id="real"),
        pytest.param(1, "date", "date", "1970-01-02", id="date"),
        pytest.param(1, "date", "datetime", "1970-01-01T23:00:00.000Z", id="date-in-datetime-is-local-midnight"),
    ],
)
def test_value_is_spelt_as_hubspot_reads_it(
    value: Value, field_type: ValueType, property_type: str, expected: str
) -> None:
    assert property_text(value, field_type, property_type, "USD", BERLIN) == expected


@pytest.mark.parametrize("field_type", ["date", "time", "money"])
def test_text_is_no_amount_and_no_date(field_type: ValueType) -> None:
    with pytest.raises(ValueError, match="whole number"):
        property_text("soon", field_type, "string", "USD", BERLIN)
