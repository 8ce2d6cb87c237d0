"""What goes wrong on demand: a fault says on which calls it strikes and what it does to them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Literal
from urllib.parse import unquote_plus

from sandbox.wire import Request, Response

Act = Callable[[Request, Response | None], Response | None]
# No test waits longer for an answer that never comes.
MAX_WAIT_S = 600.0


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that goes wrong. The first block says when, the second what; ValueError for values that make no sense.

    With stage "before" the app never sees the request that a `status` or `drop` answers; with "after" the app has done
    its work (a write has happened) and only the answer is lost or replaced.
    """

    route: str = ""  # regular expression searched in the path, without case
    method: str = ""  # blank: any
    of_kind: str = ""  # the app's word for the call: auth, query, search, ...; blank: any
    contains: str = ""  # text that the decoded query or the body must hold
    nth: int | None = None  # only the n-th matching call, from 1
    after: int = 0  # skip so many matching calls
    every: int = 1  # then each k-th
    count: int | None = None  # strike so often at most; None: no end
    probability: float = 1.0  # of striking a call that all of the above lets through
    seed: int = 0  # of the dice; the same seed strikes the same calls again

    stage: Literal["before", "after"] = "before"  # of the app's own work
    name: str = ""  # one of the catalogue, which then says what happens; the fields below change it
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
    arguments: Mapping[str, Any] = field(default_factory=dict)  # of the door, or of the named fault
    rows: tuple[int, ...] = ()  # only these rows of the call fail, counted from 1, the others are written
    row_share: float | None = None  # each row fails with this probability
    row_contains: str = ""  # rows fail that hold this text, an id for example
    act: Act | None = None  # any callback, from Python only; its Response is the answer
    label: str = ""  # shown in the request log

    def __post_init__(self) -> None:
        for name, (fits, form) in _FORMS.items():
            if not fits(getattr(self, name)):
                raise ValueError(f"A fault's {name!r} is {form}.")
        try:
            re.compile(self.route)
        except re.error as error:
            raise ValueError(f"A fault's route is a regular expression: {error}.") from error

    @classmethod
    def from_json(cls, value: object) -> Fault:
        """A fault from its JSON form; ValueError says in one sentence what is wrong with it."""
        known = WORDS - {"act"}
        if not isinstance(value, dict):
            raise ValueError("A fault is a JSON object.")
        if unknown := sorted(set(value) - known):
            raise ValueError(f"A fault has no {unknown[0]!r}; it knows {', '.join(sorted(known))}.")
        rows = value.get("rows")
        return cls(**{**value, "rows": tuple(rows)} if isinstance(rows, list) else value)

    def to_json(self) -> dict[str, Any]:
        return {f.name: getattr(self, f.name) for f in fields(self) if f.name != "act"}

    @property
    def is_of_rows(self) -> bool:
        """Whether single rows of a call fail instead of the call."""
        return bool(self.rows) or self.row_share is not None or bool(self.row_contains)

    def matches(self, request: Request, kind: Callable[[Request], str] = lambda _: "") -> bool:
        if self.method and self.method.upper() != request.method:
            return False
        if self.of_kind and self.of_kind != kind(request):
            return False
        if not re.search(self.route, request.path, re.IGNORECASE):
            return False
        if not self.contains:
            return True
        query = unquote_plus(request.target.partition("?")[2])
        return self.contains in query or self.contains.encode() in request.body


WORDS = frozenset(f.name for f in fields(Fault))


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_chance(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1


def _is_wait(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= MAX_WAIT_S


def _is_places(value: object) -> bool:
    return isinstance(value, tuple) and all(isinstance(n, int) and not isinstance(n, bool) and n > 0 for n in value)


def _is_texts(value: object) -> bool:
    return isinstance(value, Mapping) and all(isinstance(text, str) for pair in value.items() for text in pair)


def _at_least(least: int, most: int | None = None, *, or_none: bool = False) -> Callable[[Any], bool]:
    def fits(value: Any) -> bool:
        if value is None:
            return or_none
        return _is_whole(value) and value >= least and (most is None or value <= most)

    return fits


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_flag(value: object) -> bool:
    return isinstance(value, bool)


_TEXT = (_is_text, "text")
_FLAG = (_is_flag, "true or false")
_WAIT = (_is_wait, f"a number of seconds up to {MAX_WAIT_S:.0f}")
_FORMS: Mapping[str, tuple[Callable[[Any], bool], str]] = {
    **dict.fromkeys(("route", "method", "of_kind", "contains", "name", "call", "row_contains", "label"), _TEXT),
    **dict.fromkeys(("chunked", "drop", "reset", "hang_up", "expire"), _FLAG),
    **dict.fromkeys(("delay_s", "drip_s"), _WAIT),
    "nth": (_at_least(1, or_none=True), "a whole number from 1"),
    "after": (_at_least(0), "a whole number from 0"),
    "every": (_at_least(1), "a whole number from 1"),
    "count": (_at_least(0, or_none=True), "a whole number from 0"),
    "probability": (_is_chance, "a number from 0 to 1"),
    "seed": (_is_whole, "a whole number"),
    "stage": (lambda value: value in ("before", "after"), "'before' or 'after'"),
    "status": (_at_least(200, 599, or_none=True), "a status from 200 to 599"),
    "body": (lambda value: value is None or isinstance(value, str), "text"),
    "headers": (_is_texts, "an object of texts"),
    "cut_after": (_at_least(0, or_none=True), "a whole number from 0"),
    "arguments": (lambda value: isinstance(value, Mapping), "an object"),
    "rows": (_is_places, "a list of whole numbers from 1"),
    "row_share": (lambda value: value is None or _is_chance(value), "a number from 0 to 1"),
}
