"""Queries under way: what their locators stand for, for as long as they live."""

from __future__ import annotations

import itertools
import threading
from array import array
from collections import OrderedDict
from dataclasses import dataclass

from sandbox.clock import SandboxClock
from sandbox.salesforce.ids import make_id
from sandbox.salesforce.settings import Settings
from sandbox.salesforce.soql.plan import Plan

MOST = 400  # cursors kept; the one longest unused goes first


@dataclass(frozen=True, slots=True)
class Cursor:
    """A query under way: its plan and the numbers of all its rows."""

    plan: Plan
    numbers: array[int]
    size: int  # rows a page


class Cursors:
    """The open cursors of one org; safe from many threads."""

    def __init__(self, clock: SandboxClock, settings: Settings) -> None:
        self._clock = clock
        self._settings = settings
        self._open: OrderedDict[str, tuple[Cursor, int]] = OrderedDict()
        self._serial = itertools.count(1)
        self._lock = threading.Lock()

    def keep(self, cursor: Cursor) -> str:
        """The name by which `find` knows the cursor from now on."""
        with self._lock:
            name = make_id("01g", "SB", next(self._serial))
            self._open[name] = cursor, self._clock.now_ms()
            while len(self._open) > MOST:
                self._open.popitem(last=False)
            return name

    def find(self, name: str) -> Cursor | None:
        """None for a name that is unknown or too old; a cursor that is used stays."""
        with self._lock:
            found = self._open.get(name)
            if found is None:
                return None
            cursor, opened_ms = found
            if self._clock.now_ms() - opened_ms > self._settings.cursor_life_s * 1000:
                del self._open[name]
                return None
            self._open.move_to_end(name)
            return cursor
