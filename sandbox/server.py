"""One sandbox app behind one loopback port: HTTP/1.1 with keep-alive, faults and a request log."""

from __future__ import annotations

import logging
import ssl
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from email.utils import formatdate
from pathlib import Path
from typing import Protocol, runtime_checkable

from sandbox.catalogue import Entry
from sandbox.clock import SandboxClock
from sandbox.connection import ConnectionDropped, Server
from sandbox.control import PREFIX, Control
from sandbox.desk import FaultDesk
from sandbox.doors import doors_of, open_door
from sandbox.faults import Fault
from sandbox.log import Logged, RequestLog, route_of
from sandbox.row_faults import in_force
from sandbox.wire import App, Request, Response

_logger = logging.getLogger("sandbox")


@runtime_checkable
class NamesKinds(Protocol):
    """An app that can say what kind of call a request is: auth, query, describe, ..."""

    def kind(self, request: Request) -> str: ...


@runtime_checkable
class ForgetsTokens(Protocol):
    """An app whose access tokens can be made to expire."""

    def expire_tokens(self) -> None: ...


@runtime_checkable
class HasFaults(Protocol):
    """An app with faults of its own, by name."""

    faults: Iterable[Entry]


@runtime_checkable
class TellsUsage(Protocol):
    """An app that puts headers about its limits on its answers, also on errors."""

    def usage_headers(self, request: Request, status: int) -> Mapping[str, str]: ...


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
        state_dir: Path | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """Bind the port (0: any free one); requests are answered after `start()`."""
        self.app = app
        self.faults = FaultDesk(app.faults if isinstance(app, HasFaults) else (), doors_of(app))
        self.requests = RequestLog()
        # Asked once: to look for a protocol's members takes longer than most answers.
        self._clock = app.clock if isinstance(app, KeepsTime) else None
        self._names_kinds = app if isinstance(app, NamesKinds) else None
        self._control = Control(app, self.faults, self.requests, state_dir)
        self._server = Server(port, self, tls)
        self._stopping = threading.Event()
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
        self._stopping.set()
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join()
        self._server.server_close()
        self._server.close_connections()

    def answer(self, request: Request) -> tuple[Response, list[Fault]]:
        """The app's answer after the faults had their say; ConnectionDropped when there is to be none."""
        struck: list[Fault] = []
        try:
            if request.path.startswith(PREFIX):
                return self._control.handle(request), []
            struck = self.faults.strike(request, self._kind)
            return self._answer(request, struck), struck
        except ConnectionDropped:
            raise
        except Exception:  # the boundary: a defect of the sandbox must not look like a dropped connection
            _logger.exception("The %s sandbox failed on %s %s", self.app.system, request.method, request.path)
            return Response(500, b"The sandbox itself failed; see its log.", {"Content-Type": "text/plain"}), struck

    def _answer(self, request: Request, struck: list[Fault]) -> Response:
        response = self._apply("before", request, None, struck)
        if response is not None and isinstance(self.app, TellsUsage) and b"<html" not in response.body[:200].lower():
            response.headers = {**self.app.usage_headers(request, response.status), **response.headers}
        if response is None:
            with in_force(struck):
                response = self.app.handle(request)
            response = self._apply("after", request, response, struck)
            if response is None:
                raise ConnectionDropped(struck)
        return response

    def date(self) -> str:
        """The Date header of an answer given now."""
        now_ms = self._clock.now_ms() if self._clock else time.time() * 1000
        return formatdate(now_ms / 1000, usegmt=True)

    def wait(self, seconds: float) -> None:
        """Let time pass, but not beyond the listener's end."""
        self._stopping.wait(seconds)

    def log(self, request: Request, response: Response | None, struck: Sequence[Fault]) -> None:
        """Note a request with its answer; None when the connection was closed without one."""
        if request.path.startswith(PREFIX):
            return
        kind = self._kind(request)
        labels = ",".join(fault.label or "fault" for fault in struck)
        status, sent = (response.status, len(response.body)) if response else (0, 0)
        received = len(request.body)
        self.requests.append(
            Logged(
                request.method,
                request.path,
                request.target,
                status,
                kind,
                labels,
                route_of(request.path),
                received,
                sent,
            )
        )

    def _kind(self, request: Request) -> str:
        return self._names_kinds.kind(request) if self._names_kinds else ""

    def _apply(self, stage: str, request: Request, response: Response | None, struck: list[Fault]) -> Response | None:
        """What stands after the faults of this stage; None lets the app answer."""
        for fault in struck:
            if fault.stage != stage or fault.is_of_rows:
                continue
            self._act(fault)
            if fault.drop:
                raise ConnectionDropped(struck)
            response = _replaced(fault, response)
            if fault.act is not None:
                response = fault.act(request, response) or response
        if stage == "after" and response is not None:
            for fault in struck:
                if fault.stage == "before" and fault.status is None and not fault.is_of_rows:
                    response = _replaced(fault, response) or response
        return response

    def _act(self, fault: Fault) -> None:
        if fault.delay_s:
            self.wait(fault.delay_s)
        if fault.expire and isinstance(self.app, ForgetsTokens):
            self.app.expire_tokens()
        if fault.call:
            open_door(doors_of(self.app), fault.call, fault.arguments)


def _replaced(fault: Fault, response: Response | None) -> Response | None:
    """The fault's own answer, or the app's with the parts the fault names put in its place."""
    if response is None:
        if fault.status is None:
            return None
        response = Response(fault.status, b"", {"Content-Type": "application/json;charset=UTF-8"})
    if fault.status is None and fault.body is None and not fault.headers:
        return response
    if fault.body is None:
        return Response(fault.status or response.status, response.body, {**response.headers, **fault.headers})
    headers = {name: value for name, value in response.headers.items() if name.lower() != "content-encoding"}
    return Response(fault.status or response.status, fault.body.encode(), {**headers, **fault.headers})
