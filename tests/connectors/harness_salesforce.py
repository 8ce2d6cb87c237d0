"""Salesforce's harness: the fake org behind the sandbox's listener and fault desk."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from connectors._salesforce_client import Clocks
from connectors.salesforce import SalesforceConnector
from model.settings import SalesforceConnection
from sandbox.faults import Fault
from sandbox.server import Listener
from sandbox.wire import Request, Response
from tests.connectors.fake_objects import NO_ENTRIES, OBJECTS, further_objects
from tests.connectors.fake_org import DATA, EMAIL, SECRET, TOKEN, FakeOrg
from tests.connectors.harness import Harness

PAGES = "/query"
STREAMS = ("contacts", *OBJECTS)
LEAK = f"{EMAIL} {TOKEN} {SECRET}"


def settings_for(url: str, **changes: Any) -> SalesforceConnection:
    base: dict[str, Any] = {
        "system": "salesforce",
        "host": "acme.my.salesforce.com",
        "client_id": "client",
        "secret": "env:SECRET",
        "base_url": url,
        "timeout_s": 0.4,
        "streams": ("contacts",),
    }
    return SalesforceConnection.model_validate({**base, **changes})


def connector_for(url: str, slept: list[float], **changes: Any) -> SalesforceConnector:
    return SalesforceConnector("sf", settings_for(url, **changes), lambda _: SECRET, clocks=Clocks(sleep=slept.append))


def _body(code: str, message: str = LEAK) -> str:
    return json.dumps([{"errorCode": code, "message": message}])


@contextmanager
def open_harness() -> Iterator[Harness]:
    org = FakeOrg(others=further_objects())
    slept: list[float] = []
    foreign = FakeOrg()
    with Listener(org) as listener, Listener(foreign) as elsewhere:
        add = listener.faults.add

        def fault(**what: Any) -> Callable[[], None]:
            return lambda: add(Fault(route=PAGES, **what))

        def edit(change: Callable[[dict[str, Any]], dict[str, Any]]) -> Callable[[], None]:
            def act(_: Request, response: Response | None) -> Response:
                assert response is not None
                return Response.of_json(change(json.loads(response.body)))

            return fault(stage="after", act=act)

        first = f"{DATA}query/01gfake1-2"
        troubles = {
            "expired-once": fault(status=401, body=_body("INVALID_SESSION_ID"), count=1),
            "expired-always": fault(status=401, body=_body("INVALID_SESSION_ID")),
            "forbidden": fault(status=403, body=_body("INSUFFICIENT_ACCESS")),
            "refused": fault(status=400, body=_body("MALFORMED_QUERY")),
            "limited-once": fault(status=429, body=_body("X"), headers={"Retry-After": "7"}, count=1),
            "limited-always": fault(
                status=403, body=_body("REQUEST_LIMIT_EXCEEDED", f"ConcurrentRequests Limit exceeded. {LEAK}")
            ),
            "quota": fault(status=403, body=_body("REQUEST_LIMIT_EXCEEDED", f"TotalRequests Limit exceeded. {LEAK}")),
            "broken-once": fault(status=503, body=LEAK, count=1),
            "broken-always": fault(status=502, body=LEAK),
            "dropped-once": fault(drop=True, count=1),
            "cut-once": fault(cut_after=60, count=1),
            "cut-always": fault(cut_after=60),
            "not-json": fault(status=200, body=f"<html>{LEAK}</html>"),
            "wrong-shape": fault(status=200, body=json.dumps({"records": LEAK})),
            "time-out": fault(delay_s=0.6),
            "unreachable": listener.stop,
            "foreign-link": edit(
                lambda page: {**page, "nextRecordsUrl": f"{elsewhere.url}/services/data/v65.0/query/x-0"}
            ),
            "redirect": fault(status=302, headers={"Location": f"{elsewhere.url}/services/data/"}),
            "repeated-token": edit(lambda page: {**page, "done": False, "nextRecordsUrl": first}),
            "short-read": edit(lambda page: {**page, "done": True, "records": []}),
            "unknown-fields": lambda: org.extra.update({"Later__c": {"a": [1]}, "another": None}),
        }
        yield Harness(
            stream="contacts",
            ids=frozenset(row["Id"] for row in org.rows),
            others={
                stream: frozenset(row["Id"] for name in names for row in org.others[name]) - NO_ENTRIES
                for stream, names in OBJECTS.items()
            },
            connect=lambda: connector_for(listener.url, slept, streams=None),
            troubles=troubles,
            impossible={},
            follows_links=True,
            slept=slept,
            calls=lambda: len(listener.requests),
            strayed=lambda: len(elsewhere.requests),
            logins=lambda: org.logins,
            private=(EMAIL, TOKEN, SECRET),
        )
