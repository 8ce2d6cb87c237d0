"""The sandbox's own time: the machine's clock plus an offset that tests may turn."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta


def _wall_ms() -> int:
    return time.time_ns() // 1_000_000


class SandboxClock:
    """Milliseconds since the epoch that never go back unless `set_ms` or `turn` says so."""

    def __init__(self, start: datetime | None = None, *, wall_ms: Callable[[], int] = _wall_ms) -> None:
        """Begin at `start` (aware), or at the machine's own time; from there time flows as `wall_ms` does."""
        self._wall_ms = wall_ms
        self._lock = threading.Lock()
        self._offset_ms = 0
        self._last_ms = 0
        self._pinned = threading.local()
        if start is not None:
            self.set_ms(round(start.timestamp() * 1000))

    def now_ms(self) -> int:
        if (pinned := getattr(self._pinned, "ms", None)) is not None:
            return int(pinned)
        with self._lock:
            self._last_ms = max(self._last_ms, self._wall_ms() + self._offset_ms)
            return self._last_ms

    def now(self) -> datetime:
        return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=self.now_ms())

    def today(self) -> date:
        return self.now().date()

    def set_ms(self, now_ms: int) -> None:
        """Make it `now_ms` at this moment, also when that is earlier than before."""
        with self._lock:
            self._offset_ms = now_ms - self._wall_ms()
            self._last_ms = now_ms

    def turn(self, seconds: float) -> None:
        """Move the clock forward, or back when negative."""
        self.set_ms(self.now_ms() + round(seconds * 1000))

    @contextmanager
    def at(self, now_ms: int) -> Iterator[None]:
        """Let it be `now_ms` for this thread alone, until the end of the with block."""
        self._pinned.ms = now_ms
        try:
            yield
        finally:
            self._pinned.ms = None
