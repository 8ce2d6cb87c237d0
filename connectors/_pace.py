"""How fast and how much: a pacer that spreads calls, and a budget that stops before the daily share is overdrawn."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable

from connectors.connector import Usage
from model.errors import QuotaSpent


class Pacer:
    """At most `calls` in any window of `per_s` seconds; `wait` sleeps until the next one may go. Thread-safe."""

    def __init__(self, calls: int, per_s: float, *, clock: Callable[[], float], sleep: Callable[[float], None]) -> None:
        if calls < 1 or per_s <= 0:
            raise ValueError("a pacer needs at least one call and a positive window")
        self._per_s = per_s
        self._clock = clock
        self._sleep = sleep
        self._started: deque[float] = deque(maxlen=calls)
        self._lock = threading.Lock()

    def wait(self) -> None:
        """Take the next free moment and sleep until it comes."""
        with self._lock:
            now = self._clock()
            due = now
            if len(self._started) == self._started.maxlen:
                due = max(now, self._started[0] + self._per_s)
            self._started.append(due)
        if due > now:
            self._sleep(due - now)


class Budget:
    """Counts each call before it goes out, and refuses the one that would exceed our share of the daily allowance.

    The allowance is known once the remote has named it (`usage.daily_limit`); until then nothing is refused.
    """

    def __init__(self, connection: str, usage: Usage, *, daily_share: float) -> None:
        self._connection = connection
        self._usage = usage
        self._daily_share = daily_share

    def spend(self, kind: str) -> None:
        """Count one call of this kind; QuotaSpent, before it is made, when the share is used up."""
        limit = self._usage.daily_limit
        if limit is not None and self._usage.total >= int(limit * self._daily_share):
            raise QuotaSpent(
                f"{self._connection}: this run has made {self._usage.total} API calls, its share "
                f"({self._daily_share:.0%}) of the {limit} allowed per day; run it again later or raise daily_share.",
                connection=self._connection,
            )
        self._usage.count(kind)
