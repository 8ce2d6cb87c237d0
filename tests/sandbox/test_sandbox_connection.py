"""HTTP/1.1 as clients of many kinds speak it, well and badly."""

from __future__ import annotations

import gzip
import socket
import ssl
import threading
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from sandbox.faults import Fault
from sandbox.gleif import GleifApp
from sandbox.hubspot import HubspotApp
from sandbox.salesforce import SalesforceApp
from sandbox.server import Listener
from sandbox.wire import Request, Response
from tests.certificate import self_signed_context


class EchoApp:
    """Answers with the body it was sent, and as many more bytes as the path says."""

    system = "echo"

    def handle(self, request: Request) -> Response:
        more = int(request.path.strip("/") or 0)
        return Response.of_json({"method": request.method, "body": request.body.decode("latin-1"), "more": "x" * more})


@pytest.fixture(scope="module")
def listener() -> Iterator[Listener]:
    with Listener(EchoApp()) as started:
        yield started


@pytest.fixture(scope="module")
def client(listener: Listener) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=listener.url, verify=False) as opened:
        yield opened


def raw(listener: Listener, sent: bytes, *, shut: bool = True) -> bytes:
    """All that comes back for these bytes until the server closes the connection."""
    with socket.create_connection(("127.0.0.1", listener.port), timeout=5) as opened:
        opened.sendall(sent)
        if shut:
            opened.shutdown(socket.SHUT_WR)
        parts = []
        while part := opened.recv(65_536):
            parts.append(part)
    return b"".join(parts)


def status_of(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1])


@pytest.mark.parametrize(
    ("head", "status"),
    [
        pytest.param(b"GET / HTTP/1.1 please\r\n\r\n", 400, id="a request line of four words"),
        pytest.param(b"GET / XTTP/1.1\r\n\r\n", 400, id="another protocol"),
        pytest.param(b"GET / HTTP/3.0\r\n\r\n", 505, id="another version"),
        pytest.param(b"POST /\r\n\r\n", 400, id="no version"),
        pytest.param(b"GET / HTTP/1.1\r\nno colon here\r\n\r\n", 400, id="a header without a colon"),
        pytest.param(b"POST / HTTP/1.1\r\nContent-Length: many\r\n\r\n", 400, id="a length that is no number"),
        pytest.param(b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 400, id="a negative length"),
        pytest.param(b"POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", 400, id="two lengths"),
        pytest.param(b"POST / HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n", 413, id="too long a body"),
        pytest.param(b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400, id="a chunk size in no hex"),
        pytest.param(b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n", 400, id="a negative chunk size"),
        pytest.param(b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n", 400, id="too long a chunk"),
        pytest.param(b"POST / HTTP/1.1\r\nTransfer-Encoding: br\r\n\r\n", 501, id="an unknown transfer encoding"),
        pytest.param(b"GET / HTTP/1.1\r\nX: " + b"y" * 70_000 + b"\r\n\r\n", 431, id="too long a header"),
        pytest.param(b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 200 + b"\r\n", 431, id="too many headers"),
        pytest.param(b"GET /" + b"y" * (1 << 20) + b" HTTP/1.1\r\n\r\n", 414, id="too long a line"),
    ],
)
def test_connection_malformed_request_gets_a_status_and_the_close(listener: Listener, head: bytes, status: int) -> None:
    answer = raw(listener, head)
    assert status_of(answer) == status
    assert b"Connection: close" in answer


def test_connection_body_that_never_arrives_whole_reaches_no_app(listener: Listener) -> None:
    listener.requests.clear()
    assert raw(listener, b"POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\nabc") == b""
    assert len(listener.requests) == 0


def test_connection_expect_100_is_told_to_go_on(listener: Listener) -> None:
    head = b"POST / HTTP/1.1\r\nConnection: close\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n"
    with socket.create_connection(("127.0.0.1", listener.port), timeout=5) as opened:
        opened.sendall(head)
        assert opened.recv(100).startswith(b"HTTP/1.1 100 Continue\r\n\r\n")
        opened.sendall(b"ab")
        assert b'"body":"ab"' in opened.recv(1000)


def test_connection_old_client_gets_the_close_it_expects(listener: Listener) -> None:
    answer = raw(listener, b"GET / HTTP/1.0\r\n\r\n", shut=False)
    assert status_of(answer) == 200
    assert b"Connection: close" in answer


def test_connection_client_that_takes_us_for_its_proxy_is_answered(listener: Listener) -> None:
    for target in (b"http://crm.example:80/3?to=http://other.example/", b"HTTP://crm.example"):
        answer = raw(listener, b"GET " + target + b" HTTP/1.1\r\nHost: crm.example\r\nConnection: close\r\n\r\n")
        assert status_of(answer) == 200
    assert [(one.path, one.target) for one in list(listener.requests)[-2:]] == [
        ("/3", "/3?to=http://other.example/"),
        ("/", "/"),
    ]


def test_connection_chunks_with_extensions_and_trailers_arrive_whole(listener: Listener) -> None:
    head = b"POST / HTTP/1.1\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
    answer = raw(listener, head + b"3;a=b\r\none\r\n4\r\n,two\r\n0\r\nX-Sum: 1\r\n\r\n", shut=False)
    assert b'"body":"one,two"' in answer


@pytest.mark.parametrize(
    ("encoding", "body", "status"),
    [
        pytest.param("gzip", gzip.compress(b"hello"), 200, id="gzip"),
        pytest.param("deflate", zlib.compress(b"hello"), 200, id="deflate"),
        pytest.param("identity", b"hello", 200, id="identity"),
        pytest.param("gzip", b"hello", 400, id="gzip that is none"),
        pytest.param("gzip", gzip.compress(b"hello")[:-4], 400, id="gzip cut short"),
        pytest.param("br", b"hello", 415, id="unknown"),
    ],
)
def test_connection_compressed_request_is_unpacked_or_refused(
    client: httpx.Client, encoding: str, body: bytes, status: int
) -> None:
    answer = client.post("/", content=body, headers={"Content-Encoding": encoding})
    assert answer.status_code == status
    if status == 200:
        assert answer.json()["body"] == "hello"


@pytest.mark.parametrize(
    ("asked", "size", "expected"),
    [
        pytest.param("gzip, deflate", 5_000, "gzip", id="asked for"),
        pytest.param("gzip;q=0", 5_000, None, id="refused"),
        pytest.param("identity", 5_000, None, id="not asked for"),
        pytest.param("gzip", 10, None, id="too small"),
    ],
)
def test_connection_answer_is_compressed_when_asked_for(
    client: httpx.Client, asked: str, size: int, expected: str | None
) -> None:
    answer = client.get(f"/{size}", headers={"Accept-Encoding": asked})
    assert answer.headers.get("Content-Encoding") == expected
    assert len(answer.json()["more"]) == size
    if expected:
        assert int(answer.headers["Content-Length"]) < size


def test_connection_head_tells_the_length_and_sends_no_body(client: httpx.Client) -> None:
    plain = {"Accept-Encoding": "identity"}
    answer = client.head("/50", headers=plain)
    assert answer.content == b""
    # The words HEAD and GET differ by a letter in the body that is told of.
    assert int(answer.headers["Content-Length"]) == len(client.get("/50", headers=plain).content) + 1


@pytest.mark.parametrize("method", ["OPTIONS", "TRACE", "BREW"])
@pytest.mark.parametrize(
    ("app", "path"),
    [(SalesforceApp, "/services/data/v60.0/sobjects"), (HubspotApp, "/crm/v3/objects/contacts"), (GleifApp, "/api/v1")],
)
def test_connection_odd_method_gets_a_status_of_the_vendor(
    app: type[SalesforceApp | HubspotApp | GleifApp], path: str, method: str
) -> None:
    headers = {"Authorization": "Bearer pat-sandbox-token"}
    with Listener(app()) as listener, httpx.Client(base_url=listener.url, headers=headers, verify=False) as client:
        answer = client.request(method, path)
        assert answer.status_code in (401, 404, 405)
        assert client.head(path).content == b""


def test_connection_many_clients_at_once_are_all_answered(listener: Listener) -> None:
    sockets = [socket.create_connection(("127.0.0.1", listener.port), timeout=10) for _ in range(200)]
    for number, opened in enumerate(sockets):
        opened.sendall(b"GET /%d HTTP/1.1\r\nConnection: close\r\n\r\n" % number)
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda opened: opened.recv(4096), sockets))
    for opened in sockets:
        opened.close()
    assert {status_of(answer) for answer in answers} == {200}


def test_connection_tls_client_that_says_nothing_keeps_nobody_out(tmp_path: Path) -> None:
    with (
        Listener(EchoApp(), tls=self_signed_context(tmp_path)) as listener,
        socket.create_connection(("127.0.0.1", listener.port)),
        httpx.Client(verify=ssl._create_unverified_context()) as client,
    ):
        assert client.get(listener.url, timeout=5).status_code == 200


def test_listener_stops_while_requests_wait_and_connections_idle() -> None:
    arrived = threading.Event()

    def note(_: Request, response: Response | None) -> Response | None:
        arrived.set()
        return response

    with Listener(EchoApp()) as slow, ThreadPoolExecutor(1) as pool:
        slow.faults.add(Fault(act=note))
        slow.faults.add(Fault(delay_s=60))
        waiting = pool.submit(httpx.get, slow.url, timeout=30)
        with socket.create_connection(("127.0.0.1", slow.port), timeout=5) as idle:
            assert arrived.wait(5)
            slow.stop()
            assert idle.recv(1) == b""
        assert waiting.exception(timeout=5) is None or isinstance(waiting.exception(), httpx.HTTPError)
