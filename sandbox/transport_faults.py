"""What the network and the machines in between do to any HTTP call."""

from __future__ import annotations

import gzip

from sandbox.catalogue import Entry
from sandbox.faults import Fault
from sandbox.wire import Request, Response

_HTML = {"Content-Type": "text/html;charset=UTF-8"}
_PAGE = "<!DOCTYPE html><html><head><title>Please wait</title></head><body><h1>Please wait</h1></body></html>"
# Longer than any client of ours waits; give a shorter `delay_s` with a shorter time-out.
SILENCE_S = 30.0


def _redirect(request: Request, to: str = "http://elsewhere.example") -> Response:
    return Response(302, b"", {"Location": f"{to.rstrip('/')}{request.target}"})


def _broken_gzip(request: Request, response: Response) -> Response:
    packed = bytearray(gzip.compress(response.body, 1, mtime=0))
    middle = 10 + (len(packed) - 10) // 2
    packed[10:middle] = bytes(byte ^ 0x55 for byte in packed[10:middle])
    return Response(response.status, bytes(packed), {**response.headers, "Content-Encoding": "gzip"})


def _plain_gzip(request: Request, response: Response) -> Response:
    return Response(response.status, response.body, {**response.headers, "Content-Encoding": "gzip"})


def _cut_gzip(request: Request, response: Response) -> Response:
    packed = gzip.compress(response.body, 1, mtime=0)
    return Response(response.status, packed[: len(packed) // 2], {**response.headers, "Content-Encoding": "gzip"})


def _cut_json(request: Request, response: Response) -> Response:
    return Response(response.status, response.body[: len(response.body) // 2], response.headers)


def _bad_utf8(request: Request, response: Response) -> Response:
    return Response(response.status, response.body.replace(b'"', b'"\xff', 1), response.headers)


def _named(name: str, says: str, **what: object) -> Entry:
    return Entry(f"transport.{name}", says, Fault(**what))  # type: ignore[arg-type]


TRANSPORT: tuple[Entry, ...] = (
    _named(
        "silence", "No answer comes while the client waits; the call reaches the app afterwards.", delay_s=SILENCE_S
    ),
    _named(
        "late_answer",
        "The app does its work at once, but the answer comes after the client gave up.",
        delay_s=SILENCE_S,
        stage="after",
    ),
    _named("slow_body", "The body drips, 1,024 bytes at a time.", drip_s=0.5),
    _named("drop", "The connection is closed without an answer, and the app never saw the call.", drop=True),
    _named(
        "lost_answer",
        "The app did its work, then the connection is closed without an answer.",
        drop=True,
        stage="after",
    ),
    _named("reset", "The connection is reset, and the app never saw the call.", drop=True, reset=True),
    _named(
        "reset_after",
        "The app did its work, then the connection is reset without an answer.",
        drop=True,
        reset=True,
        stage="after",
    ),
    _named(
        "hang_up",
        "The answer is whole, then the connection closes though its headers said it would live.",
        hang_up=True,
    ),
    _named("cut_body", "The body ends before the announced Content-Length.", cut_after=20),
    _named("cut_chunk", "The body comes in a chunk that ends before its announced size.", cut_after=20, chunked=True),
    _named("chunked", "The body comes in chunks, without a Content-Length.", chunked=True),
    Entry("transport.cut_json", "The body is whole by its length, but its JSON ends in the middle.", change=_cut_json),
    _named(
        "not_json",
        "200 with an HTML page, as a login page or a proxy in between gives.",
        status=200,
        body=_PAGE,
        headers=_HTML,
    ),
    _named("wrong_content_type", "The right body under Content-Type text/html.", headers=_HTML, stage="after"),
    _named("empty", "200 with no body at all, and the app never saw the call.", status=200, body=""),
    _named(
        "empty_after",
        "The app did its work, but the answer is 200 with no body at all.",
        status=200,
        body="",
        stage="after",
    ),
    Entry("transport.bad_gzip", "The body is said to be gzip, and is damaged.", change=_broken_gzip),
    Entry("transport.plain_gzip", "The body is said to be gzip, and is plain.", change=_plain_gzip),
    Entry("transport.cut_gzip", "The body is gzip that ends in the middle.", change=_cut_gzip),
    Entry("transport.bad_utf8", "The body holds bytes that are no UTF-8.", change=_bad_utf8),
    Entry("transport.redirect", "302 to another host, at the same path.", answer=_redirect),
    _named(
        "wrong_2xx", "The app did its work, but answers 202 whatever the right status is.", status=202, stage="after"
    ),
    _named(
        "no_content",
        "The app did its work, but answers 204 without a body whatever the right status is.",
        status=204,
        body="",
        stage="after",
    ),
)
