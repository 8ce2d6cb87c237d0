"""What a connector shows of itself to pass the contract suite: put `harness_<system>.py` beside this file.

That module has `open_harness()`, a context manager that yields a `Harness`: a connector and a stand-in for its remote
whose pages hold two records. `troubles` arms what can go wrong, by the names in `TROUBLES`; leave out what cannot
happen to the system (a file has no rate limit), and the suite leaves the case out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path

from connectors.connector import Source

# name -> what arming it does to the next page call of `Harness.stream`
TROUBLES: dict[str, str] = {
    "expired-once": "the token is refused once",
    "expired-always": "the token is refused, also after a refresh",
    "forbidden": "a permission is missing",
    "limited-once": "too many calls, retry after 7 s, once",
    "limited-always": "too many calls, for ever, without a time",
    "quota": "the daily allowance is used up",
    "broken-once": "a gateway error, once",
    "broken-always": "gateway errors for ever",
    "cut-once": "the body ends early, once",
    "cut-always": "the body always ends early",
    "not-json": "an HTML page with status 200, for ever",
    "wrong-shape": "JSON of another shape, for ever",
    "time-out": "no answer within the connector's time-out, for ever",
    "foreign-link": "the next page is said to be on another host",
    "redirect": "a redirect to another host",
    "repeated-token": "the next page is the one just read, for ever",
    "short-read": "the remote says it is done before it gave all records",
    "unknown-fields": "records and answers carry fields nobody knows",
}


@dataclass(slots=True)
class Harness:
    """One connector against its stand-in. `connect` makes a fresh connection (as after a restart); its sleeps go to
    `slept` instead. `ids` are the live records of `stream`, at least five. `calls` counts requests so far that carried
    credentials to the stand-in; `strayed` those that reached the foreign host of "foreign-link" and "redirect"."""

    stream: str
    ids: frozenset[str]
    connect: Callable[[], Source]
    troubles: Mapping[str, Callable[[], None]]
    slept: list[float]
    calls: Callable[[], int]
    strayed: Callable[[], int] = field(default=lambda: 0)
    logins: Callable[[], int] | None = None  # token requests so far; None where the token is fixed
    private: Sequence[str] = ()  # secrets and people's data that error answers of the stand-in repeat


OpenHarness = Callable[[], AbstractContextManager[Harness]]


def harnesses() -> dict[str, OpenHarness]:
    """All harnesses there are, by system."""
    found = {}
    for path in sorted(Path(__file__).parent.glob("harness_*.py")):
        found[path.stem.removeprefix("harness_")] = import_module(f"tests.connectors.{path.stem}").open_harness
    return found
