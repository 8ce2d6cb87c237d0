"""The HTTP words that all sandbox systems share: a request, a response, a route table."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import parse_qs, unquote

_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")


@dataclass(frozen=True, slots=True)
class Request:
    """One request as it arrived: `path` percent-decoded and without query, headers with lower-case names."""

    method: str
    path: str
    query: Mapping[str, list[str]]
    headers: Mapping[str, str]
    body: bytes
    host: str = ""  # http://127.0.0.1:8101, for links that name their own host
    target: str = ""  # path and query as they came over the wire, still encoded

    @classmethod
    def make(cls, method: str, target: str, headers: Mapping[str, str], body: bytes, host: str = "") -> Request:
        path, _, query = target.partition("?")
        lowered = {name.lower(): value for name, value in headers.items()}
        return cls(method.upper(), unquote(path), parse_qs(query, keep_blank_values=True), lowered, body, host, target)

    def first(self, name: str, default: str | None = None) -> str | None:
        values = self.query.get(name)
        return values[0] if values else default

    def json(self) -> Any:
        """The parsed body; ValueError when it is not JSON, has NaN, half a surrogate pair or nesting without end."""
        text = self.body.decode(json.detect_encoding(self.body))
        try:
            parsed = json.loads(text, parse_constant=_refuse_constant)
            if _SURROGATE.search(text):
                json.dumps(parsed, ensure_ascii=False).encode()
        except RecursionError:
            raise ValueError("nested too deeply") from None
        return parsed

    def form(self) -> dict[str, str]:
        parsed = parse_qs(self.body.decode("utf-8", "replace"), keep_blank_values=True)
        return {name: values[0] for name, values in parsed.items()}


@dataclass(slots=True)
class Response:
    """An answer: `body` goes out as it is."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of_json(cls, value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
        # Half of a surrogate pair, which a JSON body may hold, has no UTF-8.
        body = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
        return cls(status, body, {"Content-Type": "application/json;charset=UTF-8", **(headers or {})})


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


class App(Protocol):
    """One sandbox system behind one listening port."""

    system: str  # salesforce, hubspot, gleif

    def handle(self, request: Request) -> Response:
        """Answer one request; called from many threads."""


Handler = Callable[..., Response]


class Routes:
    """A table of (method, path pattern) to handler. Patterns are matched without case and trailing slash.

    `{name}` matches one path segment and is handed to the handler by keyword; `{name...}` matches the rest.
    """

    def __init__(self) -> None:
        self._routes: list[tuple[str, re.Pattern[str], Handler]] = []

    def add(self, method: str, pattern: str, handler: Handler) -> None:
        regex = re.sub(r"\\\{(\w+)\\\.\\\.\\\.\\\}", r"(?P<\1>.+)", re.escape(pattern))
        regex = re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+)", regex)
        self._routes.append((method, re.compile(f"{regex}/?", re.IGNORECASE), handler))

    def match(self, method: str, path: str) -> tuple[Handler, dict[str, str]] | None:
        """The handler and its path arguments; the first route added wins. HEAD is a GET whose body stays behind."""
        wanted = (method, "*", "GET") if method == "HEAD" else (method, "*")
        for route_method, pattern, handler in self._routes:
            found = pattern.fullmatch(path)
            if found and route_method in wanted:
                return handler, found.groupdict()
        return None

    def methods(self, path: str) -> list[str]:
        """Methods some route accepts for this path (for 405 answers)."""
        return sorted({method for method, pattern, _ in self._routes if pattern.fullmatch(path)})
