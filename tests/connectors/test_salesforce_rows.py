"""Conversions between Salesforce's JSON and the values that cross the border."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors._http import Answer
from connectors._salesforce_batches import batch_of
from connectors._salesforce_faults import SessionExpired, salesforce_fault
from connectors._salesforce_fields import FIELDS, OPTIONAL, locale_currency
from connectors._salesforce_parts import PARTS
from connectors._salesforce_rows import CONVERTERS, MAX_TEXT, JsonCells, long_id, remote_value, time_of
from connectors._salesforce_selection import Selection, Sobject
from model.errors import (
    AuthFailed,
    Conflict,
    ConnectorError,
    NotPermitted,
    QuotaSpent,
    RateLimited,
    Rejected,
    Unavailable,
)
from model.streams import STREAMS, ValueType


def test_every_mapped_field_is_canonical() -> None:
    for stream, names in FIELDS.items():
        own = set(STREAMS[stream].field_names)
        assert set(names) <= own
        for part in PARTS[stream]:
            assert {*part.fixed, *part.names, *part.derived} <= own
            assert not part.empty - own
    assert {f"{stream}.{name}" for stream, names in FIELDS.items() for name in names} >= OPTIONAL


@pytest.mark.parametrize(
    ("short", "long"),
    [
        ("001000000000001", "001000000000001AAA"),
        ("0015g00000XyZab", "0015g00000XyZabAAF"),
        ("003ABCDEFGHIJKL", "003ABCDEFGHIJKLY55"),
        ("already-18-chars--", "already-18-chars--"),
        ("x", "x"),
    ],
)
def test_short_id_gets_its_case_suffix(short: str, long: str) -> None:
    assert long_id(short) == long


@pytest.mark.parametrize(
    ("text", "micros"),
    [
        ("1970-01-01T00:00:00.000+0000", 0),
        ("2022-03-17T16:21:26.123+0000", 1_647_534_086_123_000),
        ("2022-03-17T16:21:26.123Z", 1_647_534_086_123_000),
        ("1969-12-31T23:59:59.999+0000", -1_000),
        ("2022-03-17T18:21:26.000+0200", 1_647_534_086_000_000),
    ],
)
def test_datetime_becomes_microseconds(text: str, micros: int) -> None:
    assert time_of(text) == micros


@given(st.integers(-(10**12), 4 * 10**12))
def test_times_written_are_read_back_equal(millis: int) -> None:
    micros = millis * 1_000
    if datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=micros) > datetime(1, 1, 2, tzinfo=UTC):
        assert time_of(remote_value("time", micros, None)) == micros


@given(st.integers(-200_000, 900_000))
def test_dates_written_are_read_back_equal(days: int) -> None:
    assert CONVERTERS["date"]([remote_value("date", days, None)]) == [days]


@given(st.integers(-(10**14), 10**14), st.sampled_from(["USD", "JPY", "KWD", None]))
def test_money_written_has_exactly_its_digits(minor: int, currency: str | None) -> None:
    from_json = json.loads(json.dumps(remote_value("money", minor, currency)), parse_float=str)
    scale = {"USD": 100, "JPY": 1, "KWD": 1_000, None: 100}[currency]
    whole, _, fraction = str(from_json).lstrip("-").partition(".")
    digits = len(str(scale)) - 1
    assert int(whole + fraction.ljust(digits, "0")[:digits]) == abs(minor)
    assert not fraction[digits:].strip("0")


def test_amount_a_json_number_cannot_hold_is_not_written() -> None:
    with pytest.raises(ValueError, match="15 digits"):
        remote_value("money", 12_345_678_901_234_567, "USD")


@pytest.mark.parametrize(
    ("kind", "cells", "expected"),
    [
        pytest.param("text", ["a\0b", "", None, "\0"], ["ab", None, None, None], id="nul"),
        pytest.param("text", ["x" * (MAX_TEXT + 9)], ["x" * MAX_TEXT], id="too-long"),
        pytest.param("text", [5, True, {"a": 1}, "t"], ["5", "true", '{"a": 1}', "t"], id="not-text"),
        pytest.param("int", [5, "7.0", None], [5, 7, None], id="int"),
        pytest.param("real", [5, "7.5", None], [5.0, 7.5, None], id="real"),
        pytest.param("bool", [True, False, None], [True, False, None], id="bool"),
        pytest.param("date", ["1970-01-02", "1970-01-02T23:59:59.000+0000", None], [1, 1, None], id="date"),
    ],
)
def test_cells_are_converted_by_column(kind: ValueType, cells: list[object], expected: list[object]) -> None:
    assert CONVERTERS[kind](cells) == expected


@pytest.mark.parametrize(
    ("locale", "currency"),
    [
        ("en_US", "USD"),
        ("ja_JP", "JPY"),
        ("de_DE_EURO", "EUR"),
        ("fr_FR", "EUR"),
        ("en", None),
        ("", None),
        ("x_ZZ", None),
    ],
)
def test_locale_suggests_a_currency(locale: str, currency: str | None) -> None:
    assert locale_currency(locale) == currency


def soap_fault(code: str, text: str = "name@private.example") -> str:
    return f"<e:Fault><faultcode>{code}</faultcode><faultstring>{text}</faultstring></e:Fault>"


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        pytest.param(200, "", None, id="ok"),
        pytest.param(401, '[{"errorCode":"INVALID_SESSION_ID"}]', SessionExpired, id="session"),
        pytest.param(401, "<xml>LOGIN_OAUTH_INVALID_TOKEN</xml>", SessionExpired, id="session-xml"),
        pytest.param(
            403, '[{"errorCode":"REQUEST_LIMIT_EXCEEDED","message":"TotalRequests Limit"}]', QuotaSpent, id="day"
        ),
        pytest.param(
            403,
            '[{"errorCode":"REQUEST_LIMIT_EXCEEDED","message":"ConcurrentRequests (C) Limit"}]',
            RateLimited,
            id="now",
        ),
        pytest.param(403, '[{"errorCode":"API_DISABLED_FOR_ORG"}]', NotPermitted, id="api-off"),
        pytest.param(403, '[{"errorCode":"INSUFFICIENT_ACCESS_OR_READONLY"}]', NotPermitted, id="access"),
        pytest.param(
            400, '[{"errorCode":"INVALID_FIELD","message":"No such column \'X__c\' on"}]', NotPermitted, id="field"
        ),
        pytest.param(
            400, '[{"errorCode":"INVALID_TYPE","message":"sObject type \'Y__c\' is"}]', NotPermitted, id="type"
        ),
        pytest.param(400, '[{"errorCode":"QUERY_TIMEOUT"}]', Unavailable, id="query-time-out"),
        pytest.param(400, '[{"errorCode":"UNABLE_TO_LOCK_ROW"}]', Unavailable, id="lock"),
        pytest.param(500, '[{"errorCode":"UNABLE_TO_LOCK_ROW"}]', Unavailable, id="lock-500"),
        pytest.param(400, '[{"errorCode":"MALFORMED_QUERY"}]', Rejected, id="query"),
        pytest.param(404, '[{"errorCode":"ENTITY_IS_DELETED"}]', Rejected, id="deleted"),
        pytest.param(410, '[{"errorCode":"UNSUPPORTED_API_VERSION"}]', Rejected, id="version"),
        pytest.param(412, '[{"errorCode":"PRECONDITION_FAILED"}]', Conflict, id="stale"),
        pytest.param(406, "", Unavailable, id="406"),
        pytest.param(420, "", Unavailable, id="edge"),
        pytest.param(503, "<html>", Unavailable, id="gateway"),
        pytest.param(414, "<html>", Rejected, id="too-long"),
        pytest.param(400, '{"error":"invalid_grant","error_description":"x"}', Rejected, id="oauth"),
        pytest.param(400, '[["odd"], 5, null]', Rejected, id="odd-shape"),
        pytest.param(500, soap_fault("sf:INVALID_SESSION_ID"), SessionExpired, id="soap-session"),
        pytest.param(500, soap_fault("sf:MALFORMED_ID"), Rejected, id="soap-refusal"),
        pytest.param(500, soap_fault("soapenv:Client"), Rejected, id="soap-message"),
        pytest.param(500, soap_fault("sf:UNKNOWN_EXCEPTION"), Unavailable, id="soap-broken"),
        pytest.param(500, soap_fault("soapenv:Server"), Unavailable, id="soap-server"),
        pytest.param(
            500, soap_fault("sf:REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded"), QuotaSpent, id="soap-day"
        ),
        pytest.param(500, soap_fault("sf:API_DISABLED_FOR_ORG"), NotPermitted, id="soap-api-off"),
        pytest.param(400, '[{"errorCode":"name@private.example"}]', Rejected, id="no-code"),
    ],
)
def test_remote_error_maps_to_one_class(status: int, body: str, expected: type[ConnectorError] | None) -> None:
    error = salesforce_fault("sf", Answer(status, {}, body.encode()))
    assert type(error) is (expected or type(None))
    assert "private.example" not in str(error)


def test_denied_column_and_object_are_named() -> None:
    message = "\nSELECT X\n^\nERROR at Row:1\nNo such column 'Fax' on entity"
    body = json.dumps([{"errorCode": "INVALID_FIELD", "message": message}]).encode()
    error = salesforce_fault("sf", Answer(400, {}, body))
    assert isinstance(error, NotPermitted)
    assert error.missing == "Fax"
    assert isinstance(salesforce_fault("sf", Answer(401, {}, b"")), AuthFailed)


def test_amounts_of_a_multi_currency_org_follow_each_records_own_currency() -> None:
    api_names = ("Id", "SystemModstamp", "Amount", "CurrencyIsoCode")
    sobject = Sobject("Opportunity", {name.lower(): {"name": name} for name in api_names})
    readable = frozenset({"amount", "currency"})
    part = PARTS["deals"][0]
    selection = Selection("deals", part, sobject, {"amount": "Amount"}, {}, {}, "SystemModstamp", readable, None, ())
    records = [
        {"Id": f"00600000000000{n}AAA", "SystemModstamp": "2026-01-01T00:00:00.000+0000", "Amount": amount,
         "CurrencyIsoCode": currency}
        for n, (amount, currency) in enumerate([("19.99", "EUR"), (1500, "JPY"), ("1.2345", "KWD"), (None, "USD")])
    ]  # fmt: skip
    columns = batch_of("sf", selection, JsonCells(records)).columns
    assert columns["amount"] == [1_999, 1_500, 1_235, None]
    assert columns["currency"] == ["EUR", "JPY", "KWD", "USD"]
