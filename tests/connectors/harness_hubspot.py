"""HubSpot's harness: the fake portal behind the sandbox's listener and fault desk."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from connectors.hubspot import Hubspot, connect
from model.settings import HubspotConnection
from sandbox.faults import Fault
from sandbox.server import Listener
from sandbox.wire import Request, Response
from tests.connectors.fake_portal import EMAIL, OBJECTS, TOKEN, FakePortal, error_text
from tests.connectors.fake_records import IDS
from tests.connectors.harness import Harness

STREAMS = ("contacts", *IDS)
LEAK = f"{EMAIL} {TOKEN}"


def settings_for(url: str, **changes: Any) -> HubspotConnection:
    base: dict[str, Any] = {"system": "hubspot", "secret": "env:TOKEN", "base_url": url, "timeout_s": 5.0}
    return HubspotConnection.model_validate({**base, **changes})


def connector_for(url: str, slept: list[float], *, token: str = TOKEN, **changes: Any) -> Hubspot:
    return connect("hs", settings_for(url, **changes), lambda _: token, sleep=slept.append)


def _limit(policy: str, words: str) -> str:
    return json.dumps(
        {"status": "error", "message": f"{words} {LEAK}", "errorType": "RATE_LIMIT", "policyName": policy}
    )


def _linked(page: dict[str, Any], link: str) -> dict[str, Any]:
    following = page.get("paging", {}).get("next")
    return {**page, "paging": {"next": {**following, "link": link}}} if following else page


@contextmanager
def open_harness() -> Iterator[Harness]:
    portal, foreign = FakePortal(), FakePortal()
    slept: list[float] = []
    with Listener(portal) as listener, Listener(foreign) as elsewhere:
        add = listener.faults.add

        def fault(**what: Any) -> Callable[[], None]:
            return lambda: add(Fault(route=f"{OBJECTS}$", method="GET", **what))

        def edit(change: Callable[[dict[str, Any]], dict[str, Any]]) -> Callable[[], None]:
            def act(_: Request, response: Response | None) -> Response:
                assert response is not None
                return Response.of_json(change(json.loads(response.body)))

            return fault(stage="after", act=act)

        missing = {"requiredGranularScopes": ["crm.objects.contacts.read"]}
        scopes = error_text("MISSING_SCOPES", LEAK, errors=[{"message": LEAK, "context": missing}])
        troubles = {
            "expired-always": fault(status=401, body=error_text("EXPIRED_AUTHENTICATION", LEAK)),
            "forbidden": fault(status=403, body=scopes),
            "refused": fault(status=400, body=error_text("VALIDATION_ERROR", LEAK)),
            "limited-once": fault(
                status=429, body=_limit("SECONDLY", "secondly limit"), headers={"Retry-After": "7"}, count=1
            ),
            "limited-always": fault(status=429, body=_limit("TEN_SECONDLY_ROLLING", "ten_secondly_rolling limit")),
            "quota": fault(status=429, body=_limit("DAILY", "daily limit")),
            "broken-once": fault(status=502, body=LEAK, count=1),
            "broken-always": fault(status=523, body=LEAK),
            "dropped-once": fault(drop=True, count=1),
            "cut-once": fault(cut_after=60, count=1),
            "cut-always": fault(cut_after=60),
            "not-json": fault(status=200, body=f"<html>{LEAK}</html>"),
            "wrong-shape": fault(status=200, body=json.dumps({"results": LEAK})),
            "time-out": fault(delay_s=0.3),
            "unreachable": listener.stop,
            "foreign-link": edit(lambda page: _linked(page, f"{elsewhere.url}{OBJECTS}?after=5")),
            "redirect": fault(status=302, headers={"Location": f"{elsewhere.url}{OBJECTS}"}),
            "repeated-token": edit(lambda page: {**page, "paging": {"next": {"after": "3"}}}),
            "short-read": edit(lambda page: {"results": page["results"][:1]}),
            "unknown-fields": lambda: portal.extra.update({"later": {"a": [1]}, "another": None}),
        }
        yield Harness(
            stream="contacts",
            ids=frozenset(row["id"] for row in portal.rows),
            others=IDS,
            one_page=frozenset({"stages"}),
            never_full=frozenset({"logins"}),
            connect=lambda: connector_for(listener.url, slept, timeout_s=0.15),
            troubles=troubles,
            impossible={"expired-once": "the token is fixed, there is nothing to renew it with"},
            slept=slept,
            calls=lambda: len(listener.requests),
            strayed=lambda: len(elsewhere.requests),
            private=(EMAIL, TOKEN),
        )
