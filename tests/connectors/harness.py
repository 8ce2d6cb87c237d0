"""What a connector shows of itself to pass the contract suite: put `harness_<system>.py` beside this file.

That module has `open_harness()`, a context manager that yields a `Harness`: a connector and a stand-in for its remote
whose pages hold two records. A source with several streams names them in `STREAMS`; what is true of a pull is then
tested stream by stream, and troubles with the one stream of the harness. `troubles` arms what can go wrong, by the
names in `TROUBLES`; `impossible` says of each of the others why it cannot happen to the system (a file has no rate
limit), and the suite leaves the case out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

from connectors.connector import Found, Lookup, Source
from model.batch import Page, Watermark
from model.streams import Value

# name -> what arming it does to the next call for a page
TROUBLES: dict[str, str] = {
    "expired-once": "the token is refused once",
    "expired-always": "the token is refused, also after a refresh",
    "forbidden": "a permission is missing",
    "refused": "the request is refused as wrong",
    "limited-once": "too many calls, retry after 7 s, once",
    "limited-always": "too many calls, for ever, without a time",
    "quota": "the daily allowance is used up",
    "broken-once": "a gateway error, once",
    "broken-always": "gateway errors for ever",
    "dropped-once": "the connection is closed without an answer, once",
    "cut-once": "the body ends early, once",
    "cut-always": "the body always ends early",
    "not-json": "an HTML page with status 200, for ever",
    "wrong-shape": "JSON of another shape, for ever",
    "time-out": "no answer within the connector's time-out, for ever",
    "unreachable": "nobody listens at the address any more",
    "foreign-link": "the next page is said to be on another host",
    "redirect": "a redirect to another host",
    "repeated-token": "the next page is the one just read, for ever",
    "short-read": "the remote says it is done before it gave all records",
    "unknown-fields": "records and answers carry fields nobody knows",
}


@dataclass(slots=True)
class Harness:
    """One connector against its stand-in. `connect` makes a fresh connection (as after a restart); its sleeps go to
    `slept` instead. A source is pulled: `ids` are the live records of `stream`, at least five. A lookup is asked: each
    of `questions` has one of `ids` for an answer, among as many candidates as there are ids. `calls` counts requests so
    far to the stand-in; `strayed` those that reached the foreign host of "foreign-link" and "redirect"."""

    ids: frozenset[str]
    connect: Callable[[], Source | Lookup]
    troubles: Mapping[str, Callable[[], None]]
    impossible: Mapping[str, str]
    slept: list[float]
    calls: Callable[[], int]
    stream: str = ""  # of a source
    others: Mapping[str, frozenset[str]] = field(default_factory=dict)  # further streams and the ids to come of each
    one_page: frozenset[str] = frozenset()  # streams that one call answers
    never_full: frozenset[str] = frozenset()  # streams of which the remote keeps a part only, so that none is gone
    questions: Sequence[Mapping[str, Value]] = ()  # of a lookup
    follows_links: bool = False  # whether the address of the next page is the remote's word
    strayed: Callable[[], int] = field(default=lambda: 0)
    logins: Callable[[], int] | None = None  # token requests so far; None where the token is fixed
    private: Sequence[str] = ()  # secrets and people's data that error answers of the stand-in repeat

    def exchange(self, connection: Source | Lookup) -> Iterator[Page | Found]:
        """All that the connector gives, part by part: the pages of the stream, or the answers to the questions."""
        if not isinstance(connection, Lookup):
            yield from connection.pull(self.stream, Watermark())
            return
        for known in self.questions:
            found = connection.look_up(known)
            assert found is not None
            yield found

    def turn_to(self, stream: str) -> None:
        """Pull another stream from now on."""
        if stream != self.stream:
            self.stream, self.ids = stream, self.others[stream]

    def source(self) -> Source:
        """A fresh connection of a source."""
        made = self.connect()
        assert isinstance(made, Source)
        return made


OpenHarness = Callable[[], AbstractContextManager[Harness]]


def harnesses() -> dict[str, OpenHarness]:
    """All harnesses there are, by system."""
    return {system: module.open_harness for system, module in _modules().items()}


def streams() -> dict[str, tuple[str, ...]]:
    """The streams of each system whose harness names them."""
    return {system: module.STREAMS for system, module in _modules().items() if hasattr(module, "STREAMS")}


def _modules() -> dict[str, Any]:
    paths = sorted(Path(__file__).parent.glob("harness_*.py"))
    return {path.stem.removeprefix("harness_"): import_module(f"tests.connectors.{path.stem}") for path in paths}
