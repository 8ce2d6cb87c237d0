"""Faults by name: what a vendor, the network or somebody else does to a call, each with a sentence."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from difflib import get_close_matches
from types import MappingProxyType
from typing import Any

from sandbox.faults import Fault
from sandbox.wire import Request, Response

_DEFAULTS = {f.name: getattr(Fault(), f.name) for f in fields(Fault)}


@dataclass(frozen=True, slots=True)
class Entry:
    """One fault of the catalogue.

    `what` is all there is to it, or an answer is made: `answer(request, **arguments)` takes the place of the app's,
    `change(request, response, **arguments)` alters the app's when it is a good one, and may keep things from one call
    to the next in an argument `memory`. `of_rows`: it may befall single rows of a call.
    """

    name: str  # salesforce.INVALID_SESSION_ID, transport.cut_body
    says: str
    what: Fault = field(default_factory=Fault)
    answer: Callable[..., Response] | None = None
    change: Callable[..., Response] | None = None
    of_rows: bool = False
    told_by: Callable[..., Any] | None = None  # where `answer` hands its arguments on: the function that takes them

    @property
    def takes(self) -> dict[str, Any]:
        """Its arguments and what they are when not given; those of a door are the door's."""
        made = self.told_by or self.answer or self.change
        if made is None:
            return dict(self.what.arguments)
        parameters = inspect.signature(made).parameters.values()
        return {p.name: p.default for p in parameters if p.default is not inspect.Parameter.empty}

    def fault(self, given: Fault) -> Fault:
        """The fault that strikes: this entry, with all that was given otherwise; ValueError when that does not fit."""
        own = {name: getattr(given, name) for name, usual in _DEFAULTS.items() if getattr(given, name) != usual}
        merged = replace(self.what, **{**own, "name": self.name, "label": given.label or self.name})
        if merged.is_of_rows:
            if not self.of_rows:
                raise ValueError(f"The fault {self.name} befalls whole calls, no single rows.")
            self._check(given.arguments)
            return merged
        if self.answer is None and self.change is None:
            return replace(merged, arguments={**self.what.arguments, **given.arguments})
        self._check(given.arguments)
        stage = "after" if self.change else merged.stage
        return replace(merged, act=self._act(merged), stage=stage, status=None, body=None, headers={})

    def _check(self, arguments: Mapping[str, Any]) -> None:
        if unknown := sorted(set(arguments) - set(self.takes)):
            known = ", ".join(self.takes) or "no arguments"
            raise ValueError(f"The fault {self.name} knows no {unknown[0]!r}; it takes {known}.")

    def _act(self, fault: Fault) -> Callable[[Request, Response | None], Response | None]:
        remembers = self.change is not None and "memory" in inspect.signature(self.change).parameters
        kept: dict[str, Any] = {"memory": {}} if remembers else {}

        def act(request: Request, response: Response | None) -> Response | None:
            if self.answer is not None:
                made = self.answer(request, **fault.arguments)
            elif self.change is not None and response is not None and response.status < 300:
                made = self.change(request, response, **fault.arguments, **kept)
            else:
                return response
            body = made.body if fault.body is None else fault.body.encode()
            return Response(fault.status or made.status, body, {**made.headers, **fault.headers})

        return act

    def to_json(self) -> dict[str, Any]:
        usual = {name: value for name, value in self.what.to_json().items() if value != _DEFAULTS[name]}
        return {
            "name": self.name,
            "says": self.says,
            "arguments": self.takes,
            "usual": {name: value for name, value in usual.items() if name != "arguments"},
            "of_rows": self.of_rows,
        }


class Catalogue(Mapping[str, Entry]):
    """Entries by name."""

    def __init__(self, *parts: Iterable[Entry]) -> None:
        self._entries = MappingProxyType({entry.name: entry for part in parts for entry in part})

    def __getitem__(self, name: str) -> Entry:
        return self._entries[name]

    def __iter__(self) -> Any:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def find(self, name: str) -> Entry:
        """ValueError when there is no such fault, with those that look like it."""
        if name in self._entries:
            return self._entries[name]
        words = {known.lower(): known for known in self._entries}
        words |= {known.partition(".")[2]: words[known] for known in list(words)}
        near = list(dict.fromkeys(words[one] for one in get_close_matches(name.lower(), words, 3, 0.8)))
        hint = f"did you mean {' or '.join(near)}?" if near else "see the catalogue for those there are."
        raise ValueError(f"There is no fault called {name!r}; {hint}")
