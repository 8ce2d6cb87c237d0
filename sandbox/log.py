"""The list of requests a sandbox has answered: what tests count API calls with."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Logged:
    """One request; `status` is 0 when the connection was closed without an answer."""

    method: str
    path: str
    target: str
    status: int
    kind: str  # the app's own word: auth, query, describe, rows, ...
    fault: str  # labels of the faults that struck, joined by commas


class RequestLog:
    """Requests in the order their answers were ready; safe from many threads."""

    def __init__(self) -> None:
        self._entries: list[Logged] = []
        self._lock = threading.Lock()

    def append(self, entry: Logged) -> None:
        with self._lock:
            self._entries.append(entry)

    def clear(self) -> None:
        with self._lock:
            self._entries.clear()

    def __iter__(self) -> Iterator[Logged]:
        with self._lock:
            return iter(tuple(self._entries))

    def __len__(self) -> int:
        return len(self._entries)

    def count(self, kind: str | None = None, method: str | None = None) -> int:
        """How many requests of that kind and method; None counts every one."""
        return sum((kind in (None, e.kind)) and (method in (None, e.method)) for e in self)

    def kinds(self) -> dict[str, int]:
        return dict(Counter(entry.kind for entry in self))

    def to_json(self) -> list[dict[str, Any]]:
        return [asdict(entry) for entry in self]
