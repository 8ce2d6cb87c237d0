"""The fault desk: which faults are in force, and which of them strike a call."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from sandbox.catalogue import Catalogue, Entry
from sandbox.doors import Doors, check_door
from sandbox.faults import WORDS, Fault
from sandbox.transport_faults import TRANSPORT
from sandbox.wire import Request


class _Armed:
    """A fault on the desk with its own count of calls and its own dice."""

    def __init__(self, number: int, fault: Fault) -> None:
        self.number = number
        self.fault = fault
        self.seen = 0
        self.struck = 0
        self._dice = random.Random(fault.seed)

    def strike(self) -> Fault | None:
        """The fault when it strikes this call, which matches it."""
        if not self._strikes():
            return None
        self.struck += 1
        # Each call draws its rows anew.
        return (
            replace(self.fault, seed=self.fault.seed * 1_000_003 + self.struck) if self.fault.is_of_rows else self.fault
        )

    def _strikes(self) -> bool:
        fault = self.fault
        self.seen += 1
        if fault.count is not None and self.struck >= fault.count:
            return False
        if fault.nth is not None and self.seen != fault.nth:
            return False
        if self.seen <= fault.after or (self.seen - fault.after) % fault.every:
            return False
        return fault.probability >= 1.0 or self._dice.random() < fault.probability

    def to_json(self) -> dict[str, Any]:
        return {"number": self.number, **self.fault.to_json(), "seen": self.seen, "struck": self.struck}


class FaultDesk:
    """The faults in force, in the order they were added; safe from many threads."""

    def __init__(self, catalogue: Iterable[Entry] = (), doors: Doors | None = None) -> None:
        """`catalogue`: the faults by name beside those of the network; `doors`: those of the app."""
        self.catalogue = Catalogue(TRANSPORT, catalogue)
        self._doors = doors or {}
        self._armed: list[_Armed] = []
        self._added = 0
        self._lock = threading.Lock()

    def add(self, fault: Fault) -> None:
        """Put a fault in force; ValueError for a name or door there is not."""
        self.add_all([fault])

    def add_all(self, faults: Iterable[Fault]) -> list[int]:
        """Put faults in force, all or none; the numbers they can be removed by."""
        ready = [self._ready(fault) for fault in faults]
        with self._lock:
            numbers = list(range(self._added + 1, self._added + 1 + len(ready)))
            self._added += len(ready)
            self._armed += [_Armed(number, fault) for number, fault in zip(numbers, ready, strict=True)]
        return numbers

    def _ready(self, fault: Fault) -> Fault:
        if fault.name:
            fault = self.catalogue.find(fault.name).fault(fault)
        elif fault.is_of_rows:
            raise ValueError("A fault of rows needs a name of the catalogue.")
        if fault.call:
            check_door(self._doors, fault.call, fault.arguments)
        return fault

    def raise_(self, name: str, **words: Any) -> int:
        """Put the fault of that name in force, `raise_("hubspot.DAILY", nth=3)`; the number it can be removed by.

        `words` are fields of `Fault`, and the fault's own arguments where they are not called the same.
        """
        own = {word: value for word, value in words.items() if word not in WORDS}
        given = {word: value for word, value in words.items() if word in WORDS}
        return self.add_all([Fault(**{**given, "name": name, "arguments": {**given.get("arguments", {}), **own}})])[0]

    def remove(self, number: int) -> None:
        """Take the fault of that number off the desk; ValueError when there is none."""
        with self._lock:
            kept = [armed for armed in self._armed if armed.number != number]
            if len(kept) == len(self._armed):
                raise ValueError(f"There is no fault number {number} on the desk.")
            self._armed = kept

    def clear(self) -> None:
        with self._lock:
            self._armed.clear()

    def strike(self, request: Request, kind: Callable[[Request], str] = lambda _: "") -> list[Fault]:
        """The faults that strike this call, which is of that kind; counts it for every fault that matches it."""
        if not self._armed:
            return []
        with self._lock:
            matching = [armed for armed in self._armed if armed.fault.matches(request, kind)]
            return [fault for armed in matching if (fault := armed.strike()) is not None]

    def to_json(self) -> list[dict[str, Any]]:
        with self._lock:
            return [armed.to_json() for armed in self._armed]
