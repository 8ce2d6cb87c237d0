"""One client's connection: HTTP/1.1 requests read, answers written, and what faults do to the bytes."""

from __future__ import annotations

import contextlib
import gzip
import re
import socket
import ssl
import struct
import threading
import zlib
from collections.abc import Sequence
from email.errors import (
    FirstHeaderLineIsContinuationDefect,
    MisplacedEnvelopeHeaderDefect,
    MissingHeaderBodySeparatorDefect,
)
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Protocol

from sandbox.faults import Fault
from sandbox.wire import Request, Response

# Longer request lines are refused by the listener itself; an app may have a lower limit of its own.
MAX_LINE = 1 << 20
# A little more than the largest upload a vendor takes (150 MB); also for what a compressed body unpacks to.
MAX_BODY = 256 << 20
# Smaller answers grow when they are compressed.
MIN_GZIP = 1_000
PIECE = 1_024
_CHUNK_SIZE = re.compile(rb"[0-9A-Fa-f]{1,8}")
_LENGTH = re.compile(r"\d{1,12}")
# A client that takes us for its proxy names the host in the request line (RFC 9112, 3.2.2).
_ORIGIN = re.compile(r"https?://[^/?]*", re.IGNORECASE)
_REASONS = {int(status): status.phrase for status in HTTPStatus}
_RESET = struct.pack("ii", 1, 0)


class ConnectionDropped(Exception):
    """A fault closes the connection without an answer; `struck` has the faults of the call."""

    def __init__(self, struck: list[Fault]) -> None:
        super().__init__("the connection is closed without an answer")
        self.struck = struck


class Serves(Protocol):
    """What a connection needs of its listener."""

    url: str

    def answer(self, request: Request) -> tuple[Response, list[Fault]]:
        """The answer and the faults that struck; ConnectionDropped when there is to be none."""

    def log(self, request: Request, response: Response | None, struck: Sequence[Fault]) -> None: ...

    def date(self) -> str: ...

    def wait(self, seconds: float) -> None:
        """Let time pass, but not beyond the listener's end."""


class _Refused(Exception):
    """A request that no app can be shown."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


# Of a request whose body is multipart the parser also says that it saw no parts: it got the headers alone.
_BROKEN = (FirstHeaderLineIsContinuationDefect, MisplacedEnvelopeHeaderDefect, MissingHeaderBodySeparatorDefect)


class _Gone(Exception):
    """The client went away in the middle of its request."""


class Server(ThreadingHTTPServer):
    """Accepts connections on loopback, a thread for each; it knows them, so that a stop can end them."""

    daemon_threads = True
    request_queue_size = 1024

    def __init__(self, port: int, listener: Serves, tls: ssl.SSLContext | None) -> None:
        super().__init__(("127.0.0.1", port), Connection)
        self.listener = listener
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        if tls is not None:
            # The handshake waits for the connection's own thread: a silent client must not keep others out.
            self.socket = tls.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._lock:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._lock:
            self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away in mid-answer is everyday life here; nothing is printed."""

    def close_connections(self) -> None:
        """End the keep-alive connections: their threads are waiting for a next request that may never come."""
        with self._lock:
            for connection in self._open:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)


class Connection(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Headers and body leave in one write, and small answers do not wait for the client's acknowledgement.
    disable_nagle_algorithm = True
    server: Server

    def handle_one_request(self) -> None:
        self.close_connection = True
        try:
            request = self._request()
        except _Refused as refused:
            self.close_connection = True
            self._send("GET", _plain(refused.status, str(refused)), [])
            return
        except _Gone:
            return
        if request is None:
            return
        listener = self.server.listener
        try:
            response, struck = listener.answer(request)
        except ConnectionDropped as dropped:
            listener.log(request, None, dropped.struck)
            self._drop(dropped.struck)
            return
        listener.log(request, response, struck)
        self._send(request.method, response, struck)

    # reading

    def _request(self) -> Request | None:
        """The next request; None when there is none, or when it was so wrong that it has its answer already."""
        self.raw_requestline = self.rfile.readline(MAX_LINE + 1)
        if len(self.raw_requestline) > MAX_LINE:
            raise _Refused(414, "URI Too Long")
        if not self.raw_requestline or not self.parse_request():
            return None
        if any(isinstance(defect, _BROKEN) for defect in self.headers.defects):
            raise _Refused(400, "Bad header line")
        body = _unpacked(self._body(), self.headers.get("Content-Encoding", ""))
        target = _ORIGIN.sub("", self.path, count=1) if self.path[:1] != "/" else self.path
        return Request.make(self.command, target or "/", dict(self.headers.items()), body, self._host())

    def _host(self) -> str:
        url = self.server.listener.url
        return f"{url.partition(':')[0]}://{self.headers['Host']}" if self.headers["Host"] else url

    def _body(self) -> bytes:
        encodings = self.headers.get("Transfer-Encoding", "").lower()
        if encodings:
            if encodings != "chunked":
                raise _Refused(501, "Unknown Transfer-Encoding")
            return self._chunks()
        lengths = set(self.headers.get_all("Content-Length", ["0"]))
        length = lengths.pop()
        if lengths or not _LENGTH.fullmatch(length.strip()):
            raise _Refused(400, "Bad Content-Length")
        return self._exactly(int(length))

    def _exactly(self, size: int) -> bytes:
        if size > MAX_BODY:
            raise _Refused(413, "Content Too Large")
        found = self.rfile.read(size)
        if len(found) < size:
            raise _Gone
        return found

    def _chunks(self) -> bytes:
        pieces, total = [], 0
        while size := self._chunk_size():
            total += size
            pieces.append(self._exactly(size if total <= MAX_BODY else MAX_BODY + 1))
            if self.rfile.readline(3) not in (b"\r\n", b"\n"):
                raise _Refused(400, "Bad chunk")
        while self._line().strip():
            pass
        return b"".join(pieces)

    def _chunk_size(self) -> int:
        size = self._line().partition(b";")[0].strip()
        if not _CHUNK_SIZE.fullmatch(size):
            raise _Refused(400, "Bad chunk size")
        return int(size, 16)

    def _line(self) -> bytes:
        line = self.rfile.readline(MAX_LINE)
        if not line.endswith(b"\n"):
            raise _Gone
        return line

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """A request that cannot be parsed: the base class calls this and reads no further."""
        self.close_connection = True
        self._send("GET", _plain(code, message or HTTPStatus(code).phrase), [])

    # writing

    def _send(self, method: str, response: Response, struck: Sequence[Fault]) -> None:
        """Write the answer. What faults say of its bytes is done to those that would else go out."""
        cuts = [fault.cut_after for fault in struck if fault.cut_after is not None]
        chunked = any(fault.chunked for fault in struck)
        body, headers = self._packed(response, to_be_cut=bool(cuts))
        if response.status in (204, 304) or response.status < 200:
            body, chunked = b"", False
        elif chunked:
            headers["Transfer-Encoding"] = "chunked"
        else:
            headers.setdefault("Content-Length", str(len(body)))
        if cuts or any(fault.hang_up for fault in struck):
            # Whoever reads the headers expects the connection to live.
            self.close_connection = True
        elif self.close_connection:
            headers.setdefault("Connection", "close")
        wire = b"" if method == "HEAD" else body[: min(cuts)] if cuts else body
        if chunked and wire:
            wire = b"%X\r\n%b\r\n0\r\n\r\n" % (len(wire), wire) if not cuts else b"%X\r\n%b" % (len(body), wire)
        self._write(_head(response.status, headers), wire, max((fault.drip_s for fault in struck), default=0.0))

    def _packed(self, response: Response, *, to_be_cut: bool) -> tuple[bytes, dict[str, str]]:
        """The body as it travels and all headers; compressed where the client takes that and it is worth it."""
        headers = {"Date": self.server.listener.date(), **response.headers}
        names = {name.lower() for name in headers}
        if to_be_cut or len(response.body) < MIN_GZIP or "content-encoding" in names or not self._takes_gzip():
            return response.body, headers
        headers |= {"Content-Encoding": "gzip", "Vary": "Accept-Encoding"}
        return gzip.compress(response.body, 1, mtime=0), headers

    def _takes_gzip(self) -> bool:
        asked = getattr(self, "headers", None)
        wanted = asked.get("Accept-Encoding", "") if asked else ""
        return bool(re.search(r"\bgzip\b(?!\s*;\s*q=0(\.0*)?\s*(,|$))", wanted, re.IGNORECASE))

    def _write(self, head: bytes, body: bytes, drip_s: float) -> None:
        if not drip_s:
            self.wfile.write(head + body)
            return
        self.wfile.write(head)
        for start in range(0, len(body), PIECE):
            self.server.listener.wait(drip_s)
            self.wfile.write(body[start : start + PIECE])

    def _drop(self, struck: Sequence[Fault]) -> None:
        self.close_connection = True
        if any(fault.reset for fault in struck):
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            self.connection.close()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class names it so
        """Nothing on standard error: the request log has it."""


def _head(status: int, headers: dict[str, str]) -> bytes:
    reason = _REASONS.get(status, "Unknown")
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"HTTP/1.1 {status} {reason}\r\n{lines}\r\n".encode("latin-1", "replace")


def _unpacked(body: bytes, encoding: str) -> bytes:
    """The body as it was before its Content-Encoding."""
    match encoding.strip().lower():
        case "" | "identity":
            return body
        case "gzip" | "x-gzip":
            window = 16 + zlib.MAX_WBITS
        case "deflate":
            window = zlib.MAX_WBITS
        case _:
            raise _Refused(415, "Unsupported Content-Encoding")
    unpacking = zlib.decompressobj(window)
    try:
        found = unpacking.decompress(body, MAX_BODY)
    except zlib.error:
        raise _Refused(400, "Bad compressed body") from None
    if unpacking.unconsumed_tail:
        raise _Refused(413, "Content Too Large")
    if body and not unpacking.eof:
        raise _Refused(400, "Bad compressed body")
    return found


def _plain(status: int, reason: str) -> Response:
    """An answer of the web server in front, which knows no JSON."""
    body = f"<html><body><h1>{status} {reason}</h1></body></html>".encode("latin-1", "replace")
    return Response(status, body, {"Content-Type": "text/html;charset=iso-8859-1"})
