"""Text as values: dates, amounts, numbers, booleans and ids as exports of many tools write them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors import _files_dates as dates
from connectors import _files_values as values
from model.currency import MAX_MINOR, to_minor

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
moments = st.datetimes(min_value=datetime(1900, 1, 1), max_value=datetime(2199, 12, 31)).map(
    lambda moment: moment.replace(microsecond=moment.microsecond // 1000 * 1000)
)


def micros(text: str, order: dates.Order = "month first") -> int | None:
    read = dates.times(pl.Series("t", [text]), order).to_list()[0]
    assert read is None or isinstance(read, int)
    return read


def day(text: str, order: dates.Order = "month first") -> str | None:
    read = dates.days(pl.Series("d", [text]), order).to_list()[0]
    return None if read is None else (date(1970, 1, 1) + timedelta(days=read)).isoformat()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("2024-01-31", "2024-01-31", id="iso"),
        pytest.param("2024-1-5", "2024-01-05", id="iso-unpadded"),
        pytest.param("2024/01/31", "2024-01-31", id="slashes"),
        pytest.param("1/31/2024", "2024-01-31", id="us"),
        pytest.param("31/1/2024", "2024-01-31", id="day-first-by-itself"),
        pytest.param("31.01.2024", "2024-01-31", id="german"),
        pytest.param("1/5/24", "2024-01-05", id="two-digit-year"),
        pytest.param("1/5/71", "1971-01-05", id="two-digit-year-before"),
        pytest.param("05-Jan-2024", "2024-01-05", id="oracle"),
        pytest.param("January 5, 2024", "2024-01-05", id="long"),
        pytest.param("Thu, 5 Jan 2023", "2023-01-05", id="weekday"),
        pytest.param("5. März 2024", "2024-03-05", id="german-month"),
        pytest.param("12 août 2024", "2024-08-12", id="french-month"),
        pytest.param("3 de mayo de 2024", "2024-05-03", id="spanish-month"),
        pytest.param("45292", "2024-01-01", id="excel-serial"),
        pytest.param("20240131", "2024-01-31", id="compact"),
        pytest.param("2024-01-31T23:30:00-05:00", "2024-01-31", id="local-date-of-a-zoned-time"),
        pytest.param("1700000000000", "2023-11-14", id="epoch-ms"),
        pytest.param("2024-02-30", None, id="no-such-day"),
        pytest.param("13/13/2024", None, id="no-such-month"),
        pytest.param("soon", None, id="word"),
        pytest.param("12", None, id="number"),
        pytest.param("9999999999999999999999", None, id="huge"),
    ],
)
def test_date_is_read_in_every_common_form(text: str, expected: str | None) -> None:
    assert day(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("2024-01-31T10:00:00.000Z", "2024-01-31T10:00:00", id="data-loader"),
        pytest.param("2024-01-31T10:00:00.000+0000", "2024-01-31T10:00:00", id="rest"),
        pytest.param("2024-01-31T23:30:00-05:00", "2024-02-01T04:30:00", id="offset"),
        pytest.param("2024-01-31 3:15:52", "2024-01-31T03:15:52", id="one-digit-hour"),
        pytest.param("2019-11-26 20:18:23.5 UTC", "2019-11-26T20:18:23.500000", id="utc-word"),
        pytest.param("1/5/2024 3:15 PM", "2024-01-05T15:15:00", id="us-afternoon"),
        pytest.param("1/5/2024, 12:05 am", "2024-01-05T00:05:00", id="midnight"),
        pytest.param("2024-01-31 10:00 EST", "2024-01-31T15:00:00", id="zone-name"),
        pytest.param("2024-01-31 10:00 GMT+2", "2024-01-31T08:00:00", id="zone-name-and-hours"),
        pytest.param("45292.5", "2024-01-01T12:00:00", id="serial"),
        pytest.param("2024-01-31 10:00 XYZ", None, id="unknown-zone"),
        pytest.param("2024-01-31 25:00", None, id="no-such-hour"),
        pytest.param("1/5/2024 13:15 PM", None, id="no-such-half-day"),
    ],
)
def test_time_is_read_in_every_common_form(text: str, expected: str | None) -> None:
    wanted = None
    if expected is not None:
        wanted = (datetime.fromisoformat(expected).replace(tzinfo=UTC) - EPOCH) // timedelta(microseconds=1)
    assert micros(text) == wanted


@given(moment=moments, order=st.sampled_from(["month first", "day first"]), form=st.integers(0, 20))
def test_fast_and_careful_readers_agree(moment: datetime, order: dates.Order, form: int) -> None:
    patterns = [*dates._FAST, *dates._FAST_BY_ORDER[order]]
    pattern = patterns[form % len(patterns)].replace("%.f", ".%f")
    text = moment.strftime(pattern)
    careful = dates._micros(text, order, shift=True)
    assert careful is not None
    assert micros(text, order) == careful


@pytest.mark.parametrize(
    ("columns", "order", "is_told"),
    [
        pytest.param({"a": ["13/2/2024", "1/2/2024"]}, "day first", False, id="by-a-day-above-12"),
        pytest.param({"a": ["2/13/2024", "1/2/2024"]}, "month first", False, id="by-a-second-above-12"),
        pytest.param({"a": ["1/2/2024"], "b": ["25/12/2024"]}, "day first", True, id="by-another-column"),
        pytest.param({"a": ["1/2/2024"]}, "month first", True, id="by-habit"),
        pytest.param({"a": ["1.2.2024"]}, "day first", True, id="by-points"),
        pytest.param({"a": ["13/2/2024", "2/13/2024", "14/2/2024"]}, "day first", True, id="mixed"),
        pytest.param({"a": ["2024-01-02"]}, "month first", False, id="nothing-to-decide"),
    ],
)
def test_order_of_day_and_month_is_decided_per_column_by_evidence(
    columns: dict[str, list[str]], order: str, is_told: bool
) -> None:
    found = dates.day_orders({name: pl.Series(name, cells) for name, cells in columns.items()}, european=False)["a"]
    assert (found.order, found.doubt is not None) == (order, is_told)


@pytest.mark.parametrize(
    ("text", "minor", "currency"),
    [
        pytest.param("$1,234.50", 123450, "USD", id="us"),
        pytest.param("1.234,50 €", 123450, "EUR", id="european"),
        pytest.param("(1,234.50)", -123450, "USD", id="parentheses"),
        pytest.param("-$5.00", -500, "USD", id="minus-before-sign"),
        pytest.param("5.00-", -500, "USD", id="minus-behind"),
        pytest.param("\u22125", -500, "USD", id="true-minus"),
        pytest.param("1 234,50", 123450, "USD", id="spaces"),
        pytest.param("1\u202f234,50", 123450, "USD", id="narrow-spaces"),
        pytest.param("CHF 1'234.50", 123450, "CHF", id="swiss"),
        pytest.param("1'000.-", 100000, "USD", id="swiss-whole"),
        pytest.param("1100.04", 110004, "USD", id="plain"),
        pytest.param("12,345,678", 1234567800, "USD", id="millions"),
        pytest.param("12.345.678", 1234567800, "USD", id="millions-by-points"),
        pytest.param("¥1,000", 1000, "JPY", id="no-minor-units"),
        pytest.param("KWD 1.234", 1234, "KWD", id="three-minor-digits"),
        pytest.param("R$ 10,00", 1000, "BRL", id="real"),
        pytest.param("US$ 10", 1000, "USD", id="us-dollar"),
        pytest.param("100 EUR", 10000, "EUR", id="code-behind"),
        pytest.param("1.5M", 150000000, "USD", id="million"),
        pytest.param("10K", 1000000, "USD", id="thousand"),
        pytest.param("1.0E+3", 100000, "USD", id="exponent"),
        pytest.param("0.005", 1, "USD", id="half-up"),
        pytest.param("-0.005", -1, "USD", id="half-away-from-zero"),
        pytest.param("abc", None, "USD", id="word"),
        pytest.param("5%", None, "USD", id="percent"),
        pytest.param("5 pcs", None, "USD", id="unit"),
        pytest.param("99999999999999999999", None, "USD", id="too-large"),
        pytest.param("1;2", None, "USD", id="list"),
    ],
)
def test_amount_is_read_as_people_write_it(text: str, minor: int | None, currency: str) -> None:
    money = values.money(pl.Series("a", [text]), currencies=None, default="USD", european=False)
    assert money.minor.to_list() == [minor]
    if minor is not None:
        assert money.currency.to_list() == [currency]


def test_lone_thousand_reads_by_the_other_amounts_of_its_column() -> None:
    european = values.money(pl.Series(["1.234", "5,50"]), currencies=None, default="EUR", european=False)
    american = values.money(pl.Series(["1.234", "5.50"]), currencies=None, default="EUR", european=False)
    unsure = values.money(pl.Series("a", ["1.234"]), currencies=None, default="EUR", european=True)
    assert (european.minor.to_list(), american.minor.to_list()) == ([123400, 550], [123, 550])
    assert unsure.minor.to_list() == [123400]
    assert unsure.doubt is not None


def test_currency_column_speaks_for_its_row_in_codes_signs_and_names() -> None:
    currencies = pl.Series(["JPY", "US Dollar", "€", "Ducats", None])
    money = values.money(pl.Series(["100"] * 5), currencies=currencies, default="GBP", european=False)
    assert money.currency.to_list() == ["JPY", "USD", "EUR", "GBP", "GBP"]
    assert money.minor.to_list() == [100, 10000, 10000, 10000, 10000]


@given(minor=st.integers(-(10**15), 10**15), currency=st.sampled_from(["USD", "JPY", "KWD"]))
def test_money_agrees_with_exact_arithmetic(minor: int, currency: str) -> None:
    text = f"{minor / 1000:.3f}"
    read = values.money(pl.Series([text]), currencies=None, default=currency, european=False).minor.to_list()
    assert read == [to_minor(text, currency)]
    assert abs(read[0]) <= MAX_MINOR


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        pytest.param(["2822", "1,234", "12.0"], [2822, 1234, 12], id="numbers"),
        pytest.param(["51-200", "5.5", "many", None], [None, None, None, None], id="no-numbers"),
    ],
)
def test_whole_numbers_are_read_and_ranges_are_not(cells: list[str | None], expected: list[int | None]) -> None:
    assert values.wholes(pl.Series(cells, dtype=pl.String)).to_list() == expected


@pytest.mark.parametrize(
    "cells", [["80", "5", None], ["80%", "5 %", None], ["0.8", "0.05", None]], ids=["percent", "sign", "share"]
)
def test_probabilities_are_shares_of_one(cells: list[str | None]) -> None:
    read = values.shares(pl.Series(cells)).to_list()
    assert read == [pytest.approx(0.8), pytest.approx(0.05), None]


def test_booleans_are_read_in_words_and_others_are_told() -> None:
    column = pl.Series(["TRUE", "Yes", "1", "x", "false", "No", "0", "maybe", "n/a", None])
    read = values.truths(column)
    assert read.to_list() == [True, True, True, True, False, False, False, None, None, None]
    assert values.unread(column, read).arg_true().to_list() == [7]


def test_ids_lose_the_fraction_of_a_numeric_column_and_words_for_nothing() -> None:
    assert values.references(pl.Series(["1.0", "20.0", None])).to_list() == ["1", "20", None]
    assert values.references(pl.Series([" a ", "NULL", "1.0"])).to_list() == ["a", None, "1.0"]


@given(st.lists(st.text(max_size=30), min_size=1, max_size=8))
def test_no_text_breaks_a_reader(cells: list[str]) -> None:
    column = pl.Series("c", cells)
    order = dates.day_orders({"c": column}, european=False)["c"].order
    read = [
        dates.times(column, order),
        dates.days(column, order),
        values.money(column, currencies=column, default="EUR", european=True).minor,
        values.wholes(column),
        values.shares(column),
        values.truths(column),
        values.references(column),
    ]
    assert all(len(one) == len(cells) for one in read)
