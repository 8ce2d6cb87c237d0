"""The requests a sandbox has answered: what tests count API calls with. Memory stays bounded however many there are."""

from __future__ import annotations

import re
import threading
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from typing import Any

# Requests of which every detail is kept; the counts know all of them.
KEPT = 20_000
_MAX_TARGET = 4_000
_MAX_ROUTES = 1_000
OTHER_ROUTES = "(other routes)"
# Numbers, record ids, ids with an offset (query locators), UUIDs, and words too long to be one of an API's own.
_ID = re.compile(
    r"\d+|(?=\D*\d)[0-9A-Za-z]{15}(?:[0-9A-Za-z]{3})?(?:-\d+)?|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|.{41,}"
)
COLUMNS = ("kind", "method", "route", "status", "fault")


@dataclass(frozen=True, slots=True)
class Logged:
    """One request; `status` is 0 when the connection was closed without an answer.

    `received` and `sent` are bytes of the bodies, without compression; `route` is the path with `{id}` in place of ids.
    """

    method: str
    path: str
    target: str
    status: int
    kind: str  # the app's own word: auth, query, describe, rows, ...
    fault: str  # labels of the faults that struck, joined by commas
    route: str = ""
    received: int = 0
    sent: int = 0


@dataclass(slots=True)
class Total:
    """Of some requests: how many, and the bytes of their bodies."""

    requests: int = 0
    received: int = 0
    sent: int = 0

    def add(self, requests: int, received: int, sent: int) -> None:
        self.requests += requests
        self.received += received
        self.sent += sent


class RequestLog:
    """Requests in the order their answers were ready; safe from many threads.

    Iterating gives the last `kept` of them; `len`, `count` and `totals` know all.
    """

    def __init__(self, kept: int = KEPT) -> None:
        self._entries: deque[Logged] = deque(maxlen=kept)
        self._totals: dict[tuple[str | int, ...], Total] = {}
        self._routes: set[str] = set()
        self._lock = threading.Lock()

    def append(self, entry: Logged) -> None:
        with self._lock:
            route = self._known(route_of(entry.path))
            if route != entry.route or len(entry.target) > _MAX_TARGET:
                entry = replace(entry, target=entry.target[:_MAX_TARGET], route=route)
            self._entries.append(entry)
            key = (entry.kind, entry.method, entry.route, entry.status, entry.fault)
            self._totals.setdefault(key, Total()).add(1, entry.received, entry.sent)

    def _known(self, route: str) -> str:
        if route not in self._routes:
            if len(self._routes) >= _MAX_ROUTES:
                return OTHER_ROUTES
            self._routes.add(route)
        return route

    def clear(self) -> None:
        with self._lock:
            self._entries.clear()
            self._totals.clear()
            self._routes.clear()

    def __iter__(self) -> Iterator[Logged]:
        with self._lock:
            return iter(tuple(self._entries))

    def __len__(self) -> int:
        with self._lock:
            return sum(total.requests for total in self._totals.values())

    def count(
        self,
        kind: str | None = None,
        method: str | None = None,
        *,
        route: str | None = None,
        status: int | None = None,
        fault: str | None = None,
    ) -> int:
        """How many requests were of that kind, method, route, status and fault; None counts every one."""
        wanted = (kind, method, route, status, fault)
        with self._lock:
            return sum(
                total.requests
                for key, total in self._totals.items()
                if all(want is None or want == had for want, had in zip(wanted, key, strict=True))
            )

    def totals(self, *by: str) -> dict[tuple[str | int, ...], Total]:
        """Requests and bytes for each combination of these columns; ValueError for one there is not."""
        if unknown := sorted(set(by) - set(COLUMNS)):
            raise ValueError(f"The request log has no column {unknown[0]!r}; it has {', '.join(COLUMNS)}.")
        places = [COLUMNS.index(name) for name in by]
        found: dict[tuple[str | int, ...], Total] = {}
        with self._lock:
            for key, total in self._totals.items():
                part = tuple(key[place] for place in places)
                found.setdefault(part, Total()).add(total.requests, total.received, total.sent)
        return found

    def kinds(self) -> dict[str, int]:
        """Requests by kind."""
        return {str(key[0]): total.requests for key, total in self.totals("kind").items()}

    def since(self, before: dict[str, int]) -> dict[str, int]:
        """Requests by kind that came after `kinds()` gave `before`."""
        return dict(Counter(self.kinds()) - Counter(before))

    def counts_to_json(self, by: Sequence[str]) -> list[dict[str, Any]]:
        """The totals, most requests first."""
        rows = [{**dict(zip(by, key, strict=True)), **asdict(total)} for key, total in self.totals(*by).items()]
        return sorted(rows, key=lambda row: (-int(row["requests"]), *(str(row[name]) for name in by)))

    def to_json(self) -> list[dict[str, Any]]:
        return [asdict(entry) for entry in self]


@lru_cache(maxsize=4096)
def route_of(path: str) -> str:
    """The path with its ids taken out, so that calls for different records count as the same."""
    return "/".join("{id}" if _ID.fullmatch(part) else part for part in path.rstrip("/").split("/")) or "/"
