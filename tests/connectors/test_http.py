from __future__ import annotations

from datetime import UTC, datetime

import httpx
import pytest
import respx
from hypothesis import given
from hypothesis import strategies as st

from connectors._http import (
    Answer,
    Origins,
    fault,
    is_loopback,
    loopback_url,
    new_client,
    origin_of,
    parsed_json,
    redacted,
    retry_after_s,
    send,
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
    ["http://10.0.0.1", "https://acme.my.salesforce.com", "ftp://127.0.0.1", "http://user@127.0.0.1", "127.0.0.1", ""],
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
        pytest.param({"retry-after": "-3"}, 0.0, id="negative"),
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


def call(url: str = f"{HOME}/x", max_bytes: int = 1_000) -> Answer:
    with new_client(1.0) as client:
        request = client.build_request("GET", url, headers={"Authorization": "Bearer word"})
        return send(client, request, connection="hs", origins=origins(), max_bytes=max_bytes)


def test_send_returns_status_lower_case_headers_and_body(respx_mock: respx.MockRouter) -> None:
    respx_mock.get(f"{HOME}/x").respond(201, json={"a": 1}, headers={"X-Seen": "yes"})
    answer = call()
    assert (answer.status, answer.headers["x-seen"], parsed_json("hs", answer)) == (201, "yes", {"a": 1})


def test_send_never_follows_a_redirect(respx_mock: respx.MockRouter) -> None:
    respx_mock.get(f"{HOME}/x").respond(302, headers={"Location": "https://evil.example/"})
    answer = call()
    assert isinstance(fault("hs", answer), ConnectorError)
    assert len(respx_mock.calls) == 1


def test_send_to_another_host_makes_no_call(respx_mock: respx.MockRouter) -> None:
    with pytest.raises(ConnectorError):
        call("https://evil.example/x")
    assert len(respx_mock.calls) == 0


@pytest.mark.parametrize(
    ("error", "sent"),
    [
        pytest.param(httpx.ConnectError, False, id="refused"),
        pytest.param(httpx.ConnectTimeout, False, id="connect-time-out"),
        pytest.param(httpx.ReadTimeout, True, id="read-time-out"),
        pytest.param(httpx.RemoteProtocolError, True, id="cut"),
    ],
)
def test_network_failure_says_whether_the_request_may_have_arrived(
    respx_mock: respx.MockRouter, error: type[httpx.HTTPError], sent: bool
) -> None:
    respx_mock.get(f"{HOME}/x").mock(side_effect=error)
    with pytest.raises(Unavailable) as caught:
        call()
    assert caught.value.sent is sent


def test_body_over_the_bound_is_not_read_on(respx_mock: respx.MockRouter) -> None:
    respx_mock.get(f"{HOME}/x").respond(200, content=b"x" * 5_000)
    with pytest.raises(Unavailable, match="over 1000 bytes"):
        call()


@pytest.mark.parametrize("body", [b"<html>", b"", b'{"a":', b"\xff\xfe\x00"])
def test_body_that_is_no_json_is_unavailable_and_not_quoted(body: bytes) -> None:
    with pytest.raises(Unavailable, match="not JSON") as caught:
        parsed_json("hs", Answer(200, {}, body))
    assert caught.value.__cause__ is None


def test_deeply_nested_json_is_unavailable() -> None:
    with pytest.raises(Unavailable, match="not JSON"):
        parsed_json("hs", Answer(200, {}, b"[" * 200_000))
