"""CSV pieces: any table comes through whole, however it is cut, and means what the same values mean in JSON."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors._salesforce_csv import CsvCells, CsvReader, whole_rows
from connectors._salesforce_rows import MAX_TEXT, JsonCells
from model.streams import Value, ValueType

_ODD = st.one_of(st.sampled_from('"\n\r, \u2028\x85\x0b\t#é'), st.characters(codec="utf-8", exclude_characters="\0"))
_TABLES = st.integers(1, 4).flatmap(
    lambda width: st.lists(st.lists(st.text(_ODD, max_size=8), min_size=width, max_size=width), max_size=30)
)


def written(rows: Sequence[Sequence[str]], names: Sequence[str]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n", quoting=csv.QUOTE_ALL).writerows([names, *rows])
    return text.getvalue().encode()


@settings(max_examples=300, deadline=None)
@given(_TABLES, st.integers(1, 40), st.integers(1, 200))
def test_table_comes_through_whole_however_it_is_cut(rows: list[list[str]], chunk: int, size: int) -> None:
    names = [f"c{number}" for number in range(len(rows[0]) if rows else 2)]
    data = written(rows, names)
    reader = CsvReader()
    read: list[tuple[str | None, ...]] = []
    for piece in whole_rows((data[at : at + chunk] for at in range(0, len(data), chunk)), size=size):
        read += reader.read(piece).rows()
    assert read == [tuple(cell or None for cell in row) for row in rows]


def cells(kind_of_text: Sequence[str]) -> CsvCells:
    data = written([[text] for text in kind_of_text], ["Field__c"])
    (piece,) = whole_rows([data])
    return CsvCells(CsvReader().read(piece))


@pytest.mark.parametrize(
    ("kind", "texts", "expected"),
    [
        pytest.param("text", ["a", "", "#N/A"], ["a", None, "#N/A"], id="text"),
        pytest.param("text", ["x" * (MAX_TEXT + 9), "y"], ["x" * MAX_TEXT, "y"], id="too-long"),
        pytest.param("int", ["5", "", "-7"], [5, None, -7], id="int"),
        pytest.param("int", ["5", "7.0"], [5, 7], id="int-with-point"),
        pytest.param("real", ["5", "", "7.25"], [5.0, None, 7.25], id="real"),
        pytest.param("bool", ["true", "", "false"], [True, None, False], id="bool"),
        pytest.param("bool", ["True", "FALSE"], [True, False], id="bool-in-other-letters"),
        pytest.param("date", ["1970-01-02", ""], [1, None], id="date"),
        pytest.param("date", ["1970-01-02T10:00:00.000Z", "1970-01-03"], [1, 2], id="date-with-time"),
        pytest.param("time", ["1970-01-01T00:00:01.500Z", ""], [1_500_000, None], id="time"),
        pytest.param("time", ["1970-01-01T00:00:01.000Z", "1970-01-01T01:00:01+0100"], [1_000_000] * 2, id="offset"),
    ],
)
def test_texts_become_values(kind: ValueType, texts: list[str], expected: list[Value]) -> None:
    assert cells(texts).values("field__C", kind) == expected


@pytest.mark.parametrize("kind", ["int", "real", "bool", "date", "time"])
def test_text_of_another_kind_is_refused(kind: ValueType) -> None:
    with pytest.raises(ValueError, match=r"."):
        cells(["1", "words"]).values("Field__c", kind)


def test_column_that_was_not_sent_is_missed() -> None:
    with pytest.raises(KeyError):
        cells(["1"]).values("Other__c", "text")


@pytest.mark.parametrize("size", [10, 4 << 20])
def test_nul_bytes_are_taken_out(size: int) -> None:
    reader = CsvReader()
    read = [row for piece in whole_rows([b'"c"\n"a\0b"\n"\0"\n'], size=size) for row in reader.read(piece).rows()]
    assert read == [("ab",), (None,)]


def test_row_without_end_does_not_fill_the_memory() -> None:
    with pytest.raises(ValueError, match="without end"):
        list(whole_rows([b'"', *[b"x" * (8 << 20)] * 20], size=1))


@settings(max_examples=50)
@given(
    st.lists(st.datetimes(datetime(1700, 1, 1), datetime(4000, 1, 1), timezones=st.just(UTC)), max_size=5),
    st.lists(st.none() | st.integers(-(10**12), 10**12).map(lambda n: f"{n / 100:.2f}"), max_size=5),
    st.lists(st.integers(0, 100).map(str), max_size=5),
)
def test_values_mean_what_they_mean_in_json(
    moments: list[datetime], amounts: list[str | None], shares: list[str]
) -> None:
    stamps = [f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03}Z" for moment in moments]
    assert cells(stamps).values("Field__c", "time") == _json(stamps).values("Field__c", "time")
    currencies = ["EUR"] * len(amounts)
    found = cells([amount or "" for amount in amounts]).amounts("Field__c", currencies)
    assert found == _json(amounts).amounts("Field__c", currencies)
    assert cells(shares).fractions("Field__c") == _json(shares).fractions("Field__c")


def _json(values: Sequence[str | None]) -> JsonCells:
    return JsonCells([{"Field__c": value} for value in values])
