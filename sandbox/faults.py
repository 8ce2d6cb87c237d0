"""What goes wrong on demand: each fault says on which calls it strikes and what it does to them."""

from __future__ import annotations

import random
import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Literal
from urllib.parse import unquote_plus

from sandbox.wire import Request, Response

Act = Callable[[Request, Response | None], Response | None]


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that goes wrong. The first block says when, the second what.

    With stage "before" the app never sees the request that a `status` or `drop` answers; with "after" the app has done
    its work (a write has happened) and only the answer is lost or replaced.
    """

    route: str = ""  # regular expression searched in the path, without case
    method: str = ""  # blank: any
    contains: str = ""  # text that the decoded query or the body must hold
    nth: int | None = None  # only the n-th matching call, from 1
    after: int = 0  # skip so many matching calls
    every: int = 1  # then each k-th
    count: int | None = None  # strike so often at most; None: no end
    probability: float = 1.0
    seed: int = 0

    stage: Literal["before", "after"] = "before"
    status: int | None = None  # answer with this status; None keeps the app's own
    body: str | None = None  # replaces the body, also when it is not JSON
    headers: Mapping[str, str] = field(default_factory=dict)  # replaces or adds
    cut_after: int | None = None  # send so many bytes of the body, then close
    chunked: bool = False  # send the body in a chunk; with `cut_after` the chunk ends early
    drop: bool = False  # close the connection without an answer
    reset: bool = False  # when dropping, reset the connection instead of closing it in order
    hang_up: bool = False  # close the connection after the answer without saying so in its headers
    delay_s: float = 0.0  # wait before the answer
    drip_s: float = 0.0  # wait so long between pieces of 1,024 bytes
    expire: bool = False  # the app forgets all access tokens first
    call: str = ""  # a door of the app to go through at that stage, as somebody else
    arguments: Mapping[str, Any] = field(default_factory=dict)
    act: Act | None = None  # any callback, from Python only; its Response is the answer
    label: str = ""  # shown in the request log

    @classmethod
    def from_json(cls, value: object) -> Fault:
        """A fault from its JSON form; ValueError says in one sentence what is wrong with it."""
        known = {f.name for f in fields(cls)} - {"act"}
        if not isinstance(value, dict):
            raise ValueError("A fault is a JSON object.")
        if unknown := sorted(set(value) - known):
            raise ValueError(f"A fault has no {unknown[0]!r}; it knows {', '.join(sorted(known))}.")
        if value.get("stage", "before") not in ("before", "after"):
            raise ValueError("A fault's stage is 'before' or 'after'.")
        try:
            re.compile(str(value.get("route", "")))
        except re.error as error:
            raise ValueError(f"A fault's route is a regular expression: {error}.") from error
        return cls(**value)

    def to_json(self) -> dict[str, Any]:
        return {f.name: getattr(self, f.name) for f in fields(self) if f.name != "act"}

    def matches(self, request: Request) -> bool:
        if self.method and self.method.upper() != request.method:
            return False
        if not re.search(self.route, request.path, re.IGNORECASE):
            return False
        if not self.contains:
            return True
        query = unquote_plus(request.target.partition("?")[2])
        return self.contains in query or self.contains.encode() in request.body


class _Armed:
    """A fault on the desk with its own count of calls and its own dice."""

    def __init__(self, fault: Fault) -> None:
        self.fault = fault
        self.seen = 0
        self.struck = 0
        self._dice = random.Random(fault.seed)

    def strikes(self) -> bool:
        fault = self.fault
        self.seen += 1
        if fault.count is not None and self.struck >= fault.count:
            return False
        if fault.nth is not None and self.seen != fault.nth:
            return False
        if self.seen <= fault.after or (self.seen - fault.after) % fault.every:
            return False
        if fault.probability < 1.0 and self._dice.random() >= fault.probability:
            return False
        self.struck += 1
        return True


class FaultDesk:
    """The faults in force, in the order they were added; safe from many threads."""

    def __init__(self) -> None:
        self._armed: list[_Armed] = []
        self._lock = threading.Lock()

    def add(self, fault: Fault) -> None:
        with self._lock:
            self._armed.append(_Armed(fault))

    def clear(self) -> None:
        with self._lock:
            self._armed.clear()

    def strike(self, request: Request) -> list[Fault]:
        """The faults that strike this call; counts the call for every fault that matches it."""
        with self._lock:
            return [armed.fault for armed in self._armed if armed.fault.matches(request) and armed.strikes()]

    def to_json(self) -> list[dict[str, Any]]:
        with self._lock:
            return [{**armed.fault.to_json(), "seen": armed.seen, "struck": armed.struck} for armed in self._armed]
