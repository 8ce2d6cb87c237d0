from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors._http import (
    Answer,
    Origins,
    fault,
    is_loopback,
    loopback_url,
    origin_of,
    redacted,
    retry_after_s,
    server_time,
)
from model.errors import (
    AuthFailed,
    ConfigError,
    Conflict,
    ConnectorError,
    NotPermitted,
    RateLimited,
    Rejected,
    Unavailable,
)

HOME = "https://api.example.com"


def origins() -> Origins:
    return Origins("hs", [HOME], suffixes=("example.org",))


@pytest.mark.parametrize(
    "url",
    [
        pytest.param("https://api.example.com/x?y=1", id="same"),
        pytest.param("https://API.example.com:443/x", id="default-port-and-case"),
    ],
)
def test_link_to_the_configured_origin_is_followed(url: str) -> None:
    assert origins().check(url) == url


@pytest.mark.parametrize(
    "url",
    [
        pytest.param("https://evil.example/x", id="other-host"),
        pytest.param("http://api.example.com/x", id="plain-http"),
        pytest.param("https://api.example.com:8443/x", id="other-port"),
        pytest.param("https://api.example.com.evil.example/x", id="suffix-trick"),
        pytest.param("https://api.example.com@evil.example/x", id="user-info-trick"),
        pytest.param("https://user@api.example.com/x", id="user-info"),
        pytest.param("https://evil.example\\@api.example.com/x", id="backslash"),
        pytest.param("//evil.example/x", id="no-scheme"),
        pytest.param("/x", id="relative"),
        pytest.param("", id="empty"),
        pytest.param("https://[::1", id="broken"),
        pytest.param("https://api.example.com:port/", id="port-word"),
    ],
)
def test_link_elsewhere_is_refused(url: str) -> None:
    with pytest.raises(ConnectorError, match="not the configured host"):
        origins().check(url)


def test_token_answer_may_name_a_host_within_the_declared_suffixes_only() -> None:
    mine = origins()
    assert mine.admit("https://eu1.example.org/") == "https://eu1.example.org"
    assert mine.check("https://eu1.example.org/data")
    for url in ("https://evil-example.org", "https://example.org", "http://eu1.example.org", "https://evil.example"):
        with pytest.raises(ConnectorError, match="token answer"):
            mine.admit(url)


@pytest.mark.parametrize("url", ["http://127.0.0.1:8101", "https://localhost", "http://[::1]:9/"])
def test_base_url_on_loopback_is_accepted(url: str) -> None:
    assert loopback_url("sf", url) == url.rstrip("/")


@pytest.mark.parametrize(
    "url",
    [
        "http://10.0.0.1",
        "https://acme.my.salesforce.com",
        "ftp://127.0.0.1",
        "http://user@127.0.0.1",
        "127.0.0.1",
        "",
        "http://@127.0.0.1",
        "http://127.0.0.1:port",
        "http://127.0.0.1:99999",
        "http://[::1",
        "http://127.0.0.1\\@x.example",
        "http://127.0.0.1?x",
        "http://127.0.0.1#x",
        "http://\x00",
    ],
)
def test_base_url_beyond_loopback_is_refused(url: str) -> None:
    with pytest.raises(ConfigError, match=r"connections\.sf\.base_url"):
        loopback_url("sf", url)


def test_loopback_is_known_by_name_and_by_number() -> None:
    assert [is_loopback(host) for host in ("localhost", "127.9.9.9", "[::1]", "128.0.0.1", "local")] == [
        True, True, True, False, False,
    ]  # fmt: skip


def test_origin_of_an_address_with_ipv6_keeps_its_brackets() -> None:
    assert origin_of("http://[::1]:80/x") == "http://[::1]"


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        pytest.param(200, None, id="ok"),
        pytest.param(204, None, id="empty"),
        pytest.param(302, ConnectorError, id="redirect"),
        pytest.param(400, Rejected, id="bad"),
        pytest.param(401, AuthFailed, id="auth"),
        pytest.param(403, NotPermitted, id="permission"),
        pytest.param(404, Rejected, id="gone"),
        pytest.param(408, Unavailable, id="request-time-out"),
        pytest.param(409, Conflict, id="conflict"),
        pytest.param(412, Conflict, id="precondition"),
        pytest.param(420, Unavailable, id="edge"),
        pytest.param(429, RateLimited, id="limit"),
        pytest.param(500, Unavailable, id="server"),
        pytest.param(503, Unavailable, id="gateway"),
        pytest.param(599, Unavailable, id="unknown-5xx"),
    ],
)
def test_status_maps_to_one_error_class(status: int, expected: type[ConnectorError] | None) -> None:
    error = fault("hs", Answer(status, {}, b"secret words"), code="CODE")
    assert type(error) is (expected or type(None))
    assert error is None or ("secret" not in str(error) and error.connection == "hs")


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        pytest.param({}, None, id="absent"),
        pytest.param({"retry-after": "12"}, 12.0, id="seconds"),
        pytest.param({"retry-after": "0.5"}, 0.5, id="fraction"),
        pytest.param({"retry-after": "0"}, 0.0, id="now"),
        pytest.param({"retry-after": "-3"}, None, id="negative"),
        pytest.param({"retry-after": "1e308"}, 1e308, id="huge"),
        pytest.param({"retry-after": "9" * 400}, None, id="beyond-all-numbers"),
        pytest.param({"retry-after": "5, 7"}, None, id="twice"),
        pytest.param({"retry-after": "Wed, 21 Oct 99999999999999999999 07:28:30 GMT"}, None, id="impossible-year"),
        pytest.param({"retry-after": "Wed, 21 Oct 2026 07:28:30 +99999999999999"}, None, id="impossible-zone"),
        pytest.param(
            {"retry-after": "Wed, 21 Oct 2026 07:28:30 -0000", "date": "Wed, 21 Oct 2026 07:28:00 -0000"},
            30.0,
            id="date-of-no-zone",
        ),
        pytest.param(
            {"retry-after": "Wed, 21 Oct 2026 07:28:30 GMT", "date": "Wed, 21 Oct 2026 07:28:31 GMT"}, 0.0, id="past"
        ),
        pytest.param({"retry-after": "soon"}, None, id="words"),
        pytest.param({"retry-after": "inf"}, None, id="infinite"),
        pytest.param({"retry-after": "nan"}, None, id="not-a-number"),
        pytest.param(
            {"retry-after": "Wed, 21 Oct 2026 07:28:30 GMT", "date": "Wed, 21 Oct 2026 07:28:00 GMT"}, 30.0, id="date"
        ),
    ],
)
def test_retry_after_is_read_in_both_forms(headers: dict[str, str], expected: float | None) -> None:
    assert retry_after_s(headers) == expected


@given(st.text(max_size=60), st.text(max_size=60))
def test_retry_after_of_any_text_is_a_wait_or_nothing(text: str, date: str) -> None:
    wait_s = retry_after_s({"retry-after": text, "date": date})
    assert wait_s is None or 0 <= wait_s < float("inf")


@pytest.mark.parametrize("status", [500, 503])
def test_outage_carries_the_time_the_remote_says(status: int) -> None:
    error = fault("hs", Answer(status, {"retry-after": "30"}, b""))
    assert isinstance(error, Unavailable)
    assert error.retry_after_s == 30.0


def test_server_time_is_the_date_header_in_microseconds() -> None:
    assert server_time({"date": "Thu, 01 Jan 1970 00:00:10 GMT"}) == 10_000_000
    assert server_time({"date": "yesterday"}) is None
    assert server_time({}) is None
    assert retry_after_s({"retry-after": "Thu, 01 Jan 1970 00:01:00 GMT"}, now=datetime(1970, 1, 1, tzinfo=UTC)) == 60.0


@pytest.mark.parametrize(
    "secret",
    [
        "ada.lovelace@private.example",
        "+44 161 555 0100",
        "(0161) 555-0100",
        "Bearer abc.def-ghi",
        "00D000000000001!AQ4AQFake.Token_x",
        "pat-eu1-12345678-aaaa-bbbb",
        "eyJhbGciOi.eyJzdWIi.c2ln",
        "my-configured-secret",
    ],
)
def test_redaction_blacks_out_secrets_and_personal_data(secret: str) -> None:
    told = redacted(f"value {secret} is refused", ["my-configured-secret"])
    assert secret not in told
    assert told.startswith("value ")


def test_redaction_keeps_the_remotes_reason_and_record_ids() -> None:
    text = "unable to obtain exclusive access to this record or 1 records: 0015g00000XyZabAAF"
    assert redacted(text) == text


@given(st.text(max_size=400))
def test_redacted_text_is_one_bounded_printable_line(text: str) -> None:
    told = redacted(text)
    assert len(told) <= 300
    assert told.isprintable()
    assert redacted(told) == told


def test_redaction_of_a_secret_within_another_leaves_no_rest() -> None:
    assert redacted("is key-12345 wrong", ["key-1", "key-12345"]) == "is [secret] wrong"


@pytest.mark.parametrize(
    "text",
    ["x" * 1_000_000, "eyJ-" * 250_000, "a@" * 500_000, "1 " * 500_000, "+" * 1_000_000, "bearer " * 150_000],
    ids=["run", "tokens", "addresses", "digits", "signs", "words"],
)
def test_redaction_of_a_long_hostile_text_takes_no_time(text: str) -> None:
    started = time.perf_counter()
    assert len(redacted(text)) <= 300
    assert time.perf_counter() - started < 1.0


def test_redaction_shows_no_half_of_a_secret_at_the_end_of_what_it_looks_at() -> None:
    assert "pat-" not in redacted("é" * 3_990 + " pat-eu1-12345678-aaaa-bbbb", limit=5_000)
