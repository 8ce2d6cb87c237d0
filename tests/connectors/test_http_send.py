"""What httpx is made to send and to read: proxies, certificates, cookies, packed and endless bodies."""

from __future__ import annotations

import gzip
import logging
import ssl
import time
import traceback
import tracemalloc
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import httpx
import pytest
import respx

from connectors._http import (
    Answer,
    Origins,
    fault,
    new_client,
    parsed_json,
    send,
)
from model.errors import (
    ConfigError,
    ConnectorError,
    Unavailable,
)
from sandbox.server import Listener
from sandbox.wire import Request, Response
from tests.certificate import self_signed_context

HOME = "https://api.example.com"


def origins() -> Origins:
    return Origins("hs", [HOME], suffixes=("example.org",))


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
        pytest.param(packed(gzip.compress(b"x" * 1_000_000)), "over 1000 bytes", id="bomb"),
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


def test_bomb_takes_no_more_memory_than_the_bound_and_its_packed_piece(respx_mock: respx.MockRouter) -> None:
    respx_mock.get(f"{HOME}/x").mock(side_effect=packed(gzip.compress(bytes(20_000_000))))
    tracemalloc.start()
    try:
        with pytest.raises(Unavailable, match="over 1000 bytes"):
            call()
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 10_000_000


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
    return self_signed_context(tmp_path)


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
