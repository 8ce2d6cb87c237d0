from __future__ import annotations

import gzip
import logging
import ssl
import time
import traceback
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from itertools import count
from pathlib import Path

import httpx
import pytest
import respx
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
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
from sandbox.server import Listener
from sandbox.wire import Request, Response

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


def call(
    url: str = f"{HOME}/x", max_bytes: int = 1_000, clock: Callable[[], float] = time.monotonic, timeout_s: float = 1.0
) -> Answer:
    with new_client("hs", url, timeout_s) as client:
        request = client.build_request("GET", url, headers={"Authorization": "Bearer word"})
        return send(client, request, connection="hs", origins=origins(), max_bytes=max_bytes, clock=clock)


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
        pytest.param(httpx.ProxyError, False, id="proxy"),
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


def packed(body: bytes, *, encoding: str = "gzip") -> Callable[[httpx.Request], httpx.Response]:
    """An answer that is unpacked by who reads it, not by the mock."""
    return lambda _: httpx.Response(200, headers={"Content-Encoding": encoding}, content=iter([body]))


def test_packed_body_is_unpacked(respx_mock: respx.MockRouter) -> None:
    respx_mock.get(f"{HOME}/x").mock(side_effect=packed(gzip.compress(b'{"a": 1}' + b" " * 900)))
    assert parsed_json("hs", call()) == {"a": 1}
    assert respx_mock.calls.last.request.headers["accept-encoding"] == "gzip"


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        pytest.param(packed(gzip.compress(b"x" * 50_000_000)), "over 1000 bytes", id="bomb"),
        pytest.param(packed(gzip.compress(b"x"), encoding="gzip, gzip"), "not asked for", id="stacked"),
        pytest.param(packed(b"x", encoding="br"), "not asked for", id="not-asked-for"),
        pytest.param(packed(gzip.compress(b'{"a": 1}')[:-6]), "cut short", id="cut"),
        pytest.param(packed(b"<html>"), "badly packed", id="not-packed"),
    ],
)
def test_body_that_unpacks_badly_is_unavailable(
    respx_mock: respx.MockRouter, answer: Callable[[httpx.Request], httpx.Response], said: str
) -> None:
    respx_mock.get(f"{HOME}/x").mock(side_effect=answer)
    with pytest.raises(Unavailable, match=said):
        call()


def test_empty_packed_body_is_empty(respx_mock: respx.MockRouter) -> None:
    respx_mock.get(f"{HOME}/x").respond(204, headers={"Content-Encoding": "gzip"})
    assert call().body == b""


def test_body_that_drips_for_ever_ends_after_four_time_outs(respx_mock: respx.MockRouter) -> None:
    read = []

    def drip() -> Iterator[bytes]:
        for _ in range(1_000):
            read.append(1)
            yield b"x"

    respx_mock.get(f"{HOME}/x").mock(side_effect=lambda _: httpx.Response(200, content=drip()))
    ticks = count(0.0, 0.9)
    with pytest.raises(Unavailable, match="too slow"):
        call(clock=lambda: next(ticks))
    assert len(read) == 5


@pytest.mark.parametrize(
    "location", ["https://[::1", "ftp://x", "//", "http://xn--\udcff", "\x00", "https://evil.example:port"]
)
def test_redirect_to_a_broken_address_is_an_error_of_ours(respx_mock: respx.MockRouter, location: str) -> None:
    headers = [(b"Location", location.encode("utf-8", "surrogateescape"))]
    respx_mock.get(f"{HOME}/x").mock(return_value=httpx.Response(302, headers=headers))
    with pytest.raises(ConnectorError):
        raise fault("hs", call()) or AssertionError("a redirect is a fault")


def test_cookies_are_not_kept(respx_mock: respx.MockRouter) -> None:
    respx_mock.get(f"{HOME}/x").respond(200, headers={"Set-Cookie": "session=word; Path=/"})
    with new_client("hs", HOME, 1.0) as client:
        for _ in range(2):
            send(client, client.build_request("GET", f"{HOME}/x"), connection="hs", origins=origins())
    assert "cookie" not in respx_mock.calls.last.request.headers


def test_netrc_of_the_user_adds_no_credentials(
    respx_mock: respx.MockRouter, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "netrc").write_text("default login ada password word\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    respx_mock.get(f"{HOME}/x").respond(200)
    with new_client("hs", HOME, 1.0) as client:
        send(client, client.build_request("GET", f"{HOME}/x"), connection="hs", origins=origins())
    assert "authorization" not in respx_mock.calls.last.request.headers


class Plain:
    """An App that remembers what it was asked."""

    system = "plain"

    def __init__(self) -> None:
        self.asked: list[Request] = []

    def handle(self, request: Request) -> Response:
        self.asked.append(request)
        return Response.of_json({"with": request.headers.get("authorization")})


def test_what_goes_to_this_machine_goes_past_every_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    with Listener(Plain()) as home, Listener(Plain()) as proxy:
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url)
            monkeypatch.setenv(name.lower(), proxy.url)
        monkeypatch.delenv("NO_PROXY", raising=False)
        monkeypatch.delenv("no_proxy", raising=False)
        with new_client("hs", home.url, 1.0) as client:
            request = client.build_request("GET", f"{home.url}/x", headers={"Authorization": "Bearer word"})
            answer = send(client, request, connection="hs", origins=Origins("hs", [home.url]))
        assert answer.json() == {"with": "Bearer word"}
        assert not proxy.requests


def test_proxy_for_https_sees_neither_path_nor_token(monkeypatch: pytest.MonkeyPatch) -> None:
    app = Plain()
    with Listener(app) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        monkeypatch.setenv("https_proxy", proxy.url)
        monkeypatch.delenv("NO_PROXY", raising=False)
        monkeypatch.delenv("no_proxy", raising=False)
        with pytest.raises(Unavailable):
            call()
    assert [request.method for request in app.asked] == ["CONNECT"]
    assert "authorization" not in app.asked[0].headers
    assert "/x" not in app.asked[0].target


@pytest.mark.parametrize(
    ("name", "value"),
    [
        pytest.param("ALL_PROXY", "socks5://user:pass-word@127.0.0.1:9", id="socks"),
        pytest.param("HTTPS_PROXY", "gopher://user:pass-word@127.0.0.1", id="scheme"),
        pytest.param("HTTPS_PROXY", "http://user:pass-word@[::1", id="broken"),
        pytest.param("SSL_CERT_FILE", "/nowhere/at/all.pem", id="certificate"),
    ],
)
def test_environment_that_cannot_be_used_is_a_config_error(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    for other in ("ALL_PROXY", "HTTPS_PROXY", "HTTP_PROXY"):
        monkeypatch.delenv(other, raising=False)
        monkeypatch.delenv(other.lower(), raising=False)
    monkeypatch.setenv(name, value)
    with pytest.raises(ConfigError, match=r"connections\.hs.*HTTPS_PROXY") as caught:
        new_client("hs", HOME, 1.0)
    assert "pass-word" not in "".join(traceback.format_exception(caught.value))


@pytest.fixture
def self_signed(tmp_path: Path) -> ssl.SSLContext:
    """A server's TLS with a certificate for 127.0.0.1 that it signed itself."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "home")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (tmp_path / "home.pem").write_bytes(private + certificate.public_bytes(Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "home.pem")
    return context


def test_certificate_that_nobody_vouches_for_is_refused(self_signed: ssl.SSLContext) -> None:
    with Listener(Plain(), tls=self_signed) as home, new_client("hs", home.url, 1.0) as client:
        request = client.build_request("GET", f"{home.url}/x", headers={"Authorization": "Bearer word"})
        with pytest.raises(Unavailable) as caught:
            send(client, request, connection="hs", origins=Origins("hs", [home.url]))
        assert caught.value.sent is False
        assert not home.requests


def test_addresses_are_told_to_no_log(respx_mock: respx.MockRouter, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    respx_mock.get(f"{HOME}/x").respond(200)
    with new_client("hs", HOME, 1.0) as client:
        request = client.build_request("GET", f"{HOME}/x", params={"q": "Lovelace"})
        send(client, request, connection="hs", origins=origins())
    assert "Lovelace" not in caplog.text


@pytest.mark.parametrize("body", [b"<html>", b"", b'{"a":', b"\xff\xfe\x00"])
def test_body_that_is_no_json_is_unavailable_and_not_quoted(body: bytes) -> None:
    with pytest.raises(Unavailable, match="not JSON") as caught:
        parsed_json("hs", Answer(200, {}, body))
    assert caught.value.__cause__ is None


def test_deeply_nested_json_is_unavailable() -> None:
    with pytest.raises(Unavailable, match="not JSON"):
        parsed_json("hs", Answer(200, {}, b"[" * 200_000))
