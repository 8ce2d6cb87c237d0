"""Where a process spends its time: waiting for the network, in the store or in its own work; and how large it grew."""

from __future__ import annotations

import resource
import socket
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import wraps
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")
OWN, NETWORK, SLEEP, STORE = "own", "network", "sleep", "store"
MEASURING = "measuring"  # what is done only because it is measured; in no sum


@dataclass(slots=True)
class Spent:
    """Seconds by the clock on the wall, and of the CPU by all threads of this process."""

    wall_s: float = 0.0
    cpu_s: float = 0.0


class Meter:
    """Shares out the time of the main thread from its making on: to the innermost timed function that runs, else to
    the process's own work. The parts add up to the whole."""

    def __init__(self) -> None:
        self.spent: dict[str, Spent] = {}
        self.start_mb = peak_mb()
        self._part = OWN
        self._since = (time.perf_counter(), time.process_time())

    def timed(self, part: str, function: Callable[P, T]) -> Callable[P, T]:
        """The function, its time counted for that part; what it waits for while it sleeps is sleep."""

        @wraps(function)
        def call(*arguments: P.args, **named: P.kwargs) -> T:
            before = self._switch(SLEEP if self._part == SLEEP else part)
            try:
                return function(*arguments, **named)
            finally:
                self._switch(before)

        return call

    def tap(self) -> None:
        """Count what reads from sockets wait for: whichever client is measured, its waits end up there."""
        tapped: Any = socket.SocketIO
        tapped.readinto = self.timed(NETWORK, tapped.readinto)

    def to_json(self) -> dict[str, Any]:
        """Seconds by part, and memory in MB: before the work and at its peak."""
        self._switch(OWN)
        parts = {part: asdict(self.spent.get(part, Spent())) for part in (OWN, NETWORK, SLEEP, STORE)}
        return {"spent": parts, "start_mb": self.start_mb, "peak_mb": peak_mb()}

    def _switch(self, part: str) -> str:
        now = (time.perf_counter(), time.process_time())
        spent = self.spent.setdefault(self._part, Spent())
        spent.wall_s += now[0] - self._since[0]
        spent.cpu_s += now[1] - self._since[1]
        before, self._part, self._since = self._part, part, now
        return before


def peak_mb() -> float:
    """The largest resident memory this process has had so far. Linux counts in kB, macOS in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3)
