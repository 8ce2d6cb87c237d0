"""GLEIF's harness: the fake register behind the sandbox's listener and fault desk.

Every search finds all five entities, on three pages; the next question is asked once the trouble has begun.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from connectors.gleif import GleifLookup
from model.settings import GleifConnection
from sandbox.faults import Fault
from sandbox.server import Listener
from sandbox.wire import Request, Response
from tests.connectors.fake_register import PERSON, RECORDS, TRADES, FakeRegister
from tests.connectors.harness import Harness


def lookup_for(url: str, slept: list[float]) -> GleifLookup:
    settings = GleifConnection(system="gleif", base_url=url, timeout_s=0.15, calls_per_minute=1_000)
    return GleifLookup("gleif", settings, sleep=slept.append)


@contextmanager
def open_harness() -> Iterator[Harness]:
    register, foreign = FakeRegister(), FakeRegister()
    slept: list[float] = []
    with Listener(register) as listener, Listener(foreign) as elsewhere:
        add = listener.faults.add

        def fault(**what: Any) -> Callable[[], None]:
            return lambda: add(Fault(route=f"{RECORDS}$", **what))

        def edit(change: Callable[[dict[str, Any]], dict[str, Any]]) -> Callable[[], None]:
            def act(_: Request, response: Response | None) -> Response:
                assert response is not None
                return Response.of_json(change(json.loads(response.body)))

            return fault(stage="after", act=act)

        errors = json.dumps({"errors": [{"title": PERSON, "detail": f"No {PERSON} here"}]})
        again = f"{listener.url}{RECORDS}"
        troubles = {
            "expired-always": fault(status=401, body=errors),
            "forbidden": fault(status=403, body=errors),
            "refused": fault(status=400, body=errors),
            "limited-once": fault(status=429, body=errors, headers={"Retry-After": "7"}, count=1),
            "limited-always": fault(status=429, body=errors),
            "broken-once": fault(status=503, body=PERSON, count=1),
            "broken-always": fault(status=502, body=PERSON),
            "dropped-once": fault(drop=True, count=1),
            "cut-once": fault(cut_after=60, count=1),
            "cut-always": fault(cut_after=60),
            "not-json": fault(status=200, body=f"<html>{PERSON}</html>"),
            "wrong-shape": fault(status=200, body=json.dumps({"data": PERSON})),
            "time-out": fault(delay_s=0.3),
            "unreachable": listener.stop,
            "foreign-link": edit(lambda page: {**page, "links": page["links"] and {"next": elsewhere.url + RECORDS}}),
            "redirect": fault(status=302, headers={"Location": f"{elsewhere.url}{RECORDS}"}),
            "repeated-token": edit(lambda page: {**page, "data": register.rows[:2], "links": {"next": again}}),
            "short-read": edit(lambda page: {**page, "data": page["data"][:1], "links": {}}),
            "unknown-fields": lambda: register.extra.update({"later": {"a": [1]}, "another": None}),
        }
        yield Harness(
            questions=[{"name": f"{PERSON} {trade} GmbH", "country": "DE"} for trade in TRADES],
            ids=frozenset(row["id"] for row in register.rows),
            connect=lambda: lookup_for(listener.url, slept),
            troubles=troubles,
            impossible={
                "expired-once": "there is no token to renew",
                "quota": "GLEIF knows a rate, no daily allowance",
            },
            slept=slept,
            calls=lambda: len(listener.requests),
            strayed=lambda: len(elsewhere.requests),
            private=(PERSON,),
        )
