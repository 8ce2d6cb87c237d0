"""The one place that reads the clock for the loop; everything else is handed the time."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, date, datetime

Clock = Callable[[], int]  # µs since 1970-01-01T00:00:00Z


def system_clock() -> int:
    """Now, in µs."""
    return time.time_ns() // 1_000


def day_of(micros: int) -> date:
    """The UTC day of a time in µs."""
    return datetime.fromtimestamp(micros / 1_000_000, UTC).date()
