"""One sandbox app behind one loopback port: HTTP/1.1 with keep-alive, faults and a request log."""

from __future__ import annotations

import logging
import socket
import ssl
import threading
import time
from email.utils import formatdate
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from sandbox.clock import SandboxClock
from sandbox.control import PREFIX, Control, open_door
from sandbox.faults import Fault, FaultDesk
from sandbox.log import Logged, RequestLog
from sandbox.wire import App, Request, Response

# Longer request lines are refused by the listener itself; an app may have a lower limit of its own.
MAX_LINE = 1 << 20
PIECE = 1024
_logger = logging.getLogger("sandbox")


class ConnectionDropped(Exception):
    """A fault closes the connection without an answer; `struck` has the faults of the call."""

    def __init__(self, struck: list[Fault]) -> None:
        super().__init__("the connection is closed without an answer")
        self.struck = struck


@runtime_checkable
class NamesKinds(Protocol):
    """An app that can say what kind of call a request is: auth, query, describe, ..."""

    def kind(self, request: Request) -> str: ...


@runtime_checkable
class ForgetsTokens(Protocol):
    """An app whose access tokens can be made to expire."""

    def expire_tokens(self) -> None: ...


@runtime_checkable
class KeepsTime(Protocol):
    """An app with a clock of its own, which its Date headers tell too."""

    clock: SandboxClock


class Listener:
    """Serves one app on 127.0.0.1; a context manager, or `start()` and `stop()`."""

    def __init__(
        self,
        app: App,
        port: int = 0,
        *,
        faults: FaultDesk | None = None,
        state_dir: Path | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """Bind the port (0: any free one); requests are answered after `start()`."""
        self.app = app
        self.faults = faults or FaultDesk()
        self.requests = RequestLog()
        self._control = Control(app, self.faults, self.requests, state_dir)
        self._server = _Server(("127.0.0.1", port), self)
        if tls is not None:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self.port: int = self._server.server_address[1]
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), name="sandbox", daemon=True)

    def __enter__(self) -> Listener:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Stop listening and close all open connections; calling it twice is harmless."""
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join()
        self._server.server_close()
        self._server.close_connections()

    def answer(self, request: Request) -> tuple[Response, list[Fault]]:
        """The app's answer after the faults had their say; ConnectionDropped when there is to be none."""
        if request.path.startswith(PREFIX):
            return self._control.handle(request), []
        struck = self.faults.strike(request)
        response = self._apply("before", request, None, struck)
        if response is None:
            response = self._apply("after", request, self._handle(request), struck)
            if response is None:
                raise ConnectionDropped(struck)
        return response, struck

    def date(self) -> str:
        """The Date header of an answer given now."""
        now_ms = self.app.clock.now_ms() if isinstance(self.app, KeepsTime) else time.time() * 1000
        return formatdate(now_ms / 1000, usegmt=True)

    def log(self, request: Request, status: int, struck: list[Fault]) -> None:
        if request.path.startswith(PREFIX):
            return
        kind = self.app.kind(request) if isinstance(self.app, NamesKinds) else ""
        labels = ",".join(fault.label or "fault" for fault in struck)
        self.requests.append(Logged(request.method, request.path, request.target, status, kind, labels))

    def _handle(self, request: Request) -> Response:
        try:
            return self.app.handle(request)
        except Exception:  # the boundary: a defect of the sandbox must not look like a dropped connection
            _logger.exception("The %s sandbox failed on %s %s", self.app.system, request.method, request.path)
            return Response(500, b"The sandbox itself failed; see its log.", {"Content-Type": "text/plain"})

    def _apply(self, stage: str, request: Request, response: Response | None, struck: list[Fault]) -> Response | None:
        """What stands after the faults of this stage; None lets the app answer."""
        for fault in struck:
            if fault.stage != stage:
                continue
            self._act(fault)
            if fault.drop:
                raise ConnectionDropped(struck)
            response = _replaced(fault, response)
            if fault.act is not None:
                response = fault.act(request, response) or response
        if stage == "after" and response is not None:
            for fault in struck:
                if fault.stage == "before" and fault.status is None:
                    response = _replaced(fault, response) or response
        return response

    def _act(self, fault: Fault) -> None:
        if fault.delay_s:
            time.sleep(fault.delay_s)
        if fault.expire and isinstance(self.app, ForgetsTokens):
            self.app.expire_tokens()
        if fault.call:
            open_door(self.app, fault.call, fault.arguments)


def _replaced(fault: Fault, response: Response | None) -> Response | None:
    """The fault's own answer, or the app's with the parts the fault names put in its place."""
    if response is None:
        if fault.status is None:
            return None
        response = Response(fault.status, b"", {"Content-Type": "application/json;charset=UTF-8"})
    if fault.status is None and fault.body is None and not fault.headers:
        return response
    body = response.body if fault.body is None else fault.body.encode()
    return Response(fault.status or response.status, body, {**response.headers, **fault.headers})


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], listener: Listener) -> None:
        super().__init__(address, _Connection)
        self.listener = listener
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()

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
                try:
                    connection.shutdown(socket.SHUT_RDWR)
                except OSError:
                    continue


class _Connection(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Headers and body leave in one write, and small answers do not wait for the client's acknowledgement.
    disable_nagle_algorithm = True
    server: _Server

    def handle_one_request(self) -> None:
        self.close_connection = True
        self.raw_requestline = self.rfile.readline(MAX_LINE + 1)
        if len(self.raw_requestline) > MAX_LINE:
            self._write(self.request_version or "HTTP/1.1", Response(414), [])
            return
        if not self.raw_requestline or not self.parse_request():
            return
        listener = self.server.listener
        request = Request.make(self.command, self.path, dict(self.headers.items()), self._body(), self._host())
        try:
            response, struck = listener.answer(request)
        except ConnectionDropped as dropped:
            listener.log(request, 0, dropped.struck)
            self.close_connection = True
            return
        listener.log(request, response.status, struck)
        self._write(self.command, response, struck)

    def _host(self) -> str:
        scheme = self.server.listener.url.partition(":")[0]
        return f"{scheme}://{self.headers['Host']}" if self.headers["Host"] else self.server.listener.url

    def _body(self) -> bytes:
        if "chunked" not in self.headers.get("Transfer-Encoding", "").lower():
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        pieces = []
        while size := int(self.rfile.readline().partition(b";")[0], 16):
            pieces.append(self.rfile.read(size))
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass
        return b"".join(pieces)

    def _write(self, method: str, response: Response, struck: list[Fault]) -> None:
        reason = HTTPStatus(response.status).phrase if response.status in list(HTTPStatus) else "Unknown"
        bodiless = response.status in (204, 304)
        headers = {"Date": self.server.listener.date(), **response.headers}
        if not bodiless:
            headers.setdefault("Content-Length", str(len(response.body)))
        head = f"HTTP/1.1 {response.status} {reason}\r\n" + "".join(f"{k}: {v}\r\n" for k, v in headers.items())
        body = b"" if bodiless or method == "HEAD" else response.body
        cuts = [fault.cut_after for fault in struck if fault.cut_after is not None]
        if cuts:
            body = body[: min(cuts)]
            self.close_connection = True
        drip_s = max((fault.drip_s for fault in struck), default=0.0)
        self._send(head.encode("latin-1", "replace") + b"\r\n", body, drip_s)

    def _send(self, head: bytes, body: bytes, drip_s: float) -> None:
        if not drip_s:
            self.wfile.write(head + body)
            return
        self.wfile.write(head)
        for start in range(0, len(body), PIECE):
            time.sleep(drip_s)
            self.wfile.write(body[start : start + PIECE])

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class names it so
        """Nothing on standard error: the request log has it."""
