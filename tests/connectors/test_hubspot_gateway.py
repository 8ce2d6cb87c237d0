"""The gateway: which answers count, what is retried, how fast we go, and what never leaves."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from connectors._hubspot_gateway import Gateway, Refused
from connectors._hubspot_operations import BATCH_READ, BATCH_UPDATE, LINKS_ARCHIVE, LIST, SEARCH, Operation
from connectors.hubspot import connect
from model.errors import (
    AuthFailed,
    ConfigError,
    ConnectorError,
    NotPermitted,
    QuotaSpent,
    RateLimited,
    Rejected,
    Unavailable,
)
from sandbox.faults import Fault
from sandbox.server import Listener
from sandbox.wire import Request, Response
from tests.connectors.harness_hubspot import settings_for

TOKEN = "pat-na1-a-token"


class Script:
    """An App that gives the next of its answers, the last one for ever, and keeps what was asked."""

    system = "hubspot"

    def __init__(self) -> None:
        self.answers: list[Response] = [Response.of_json({"results": []})]
        self.asked: list[Request] = []

    def handle(self, request: Request) -> Response:
        self.asked.append(request)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


class Bench:
    """A gateway in front of a script; its sleeps move its clock."""

    def __init__(self, listener: Listener, script: Script) -> None:
        self.script, self.listener = script, listener
        self.slept: list[float] = []
        self.now = 1000.0
        self.gateway = self.open()

    def open(self, token: str = TOKEN, **settings: Any) -> Gateway:
        checked = settings_for(self.listener.url, **settings)
        return Gateway("hs", checked, lambda _: token, sleep=self.sleep, clock=lambda: self.now)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    def call(self, operation: Operation = LIST, body: dict[str, Any] | None = None) -> Any:
        return self.gateway.call(operation, path={"object": "contacts"}, body=body)

    def answer(self, *answers: Response) -> None:
        self.script.answers = list(answers)


OK = Response.of_json({"results": []})


def limited(policy: str | None, message: str = "", **headers: str) -> Response:
    body = {"status": "error", "message": message, "errorType": "RATE_LIMIT"} | (
        {"policyName": policy} if policy else {}
    )
    return Response.of_json(body, 429, headers)


def failed(status: int, **body: Any) -> Response:
    return Response.of_json({"status": "error", **body}, status)


@pytest.fixture
def bench() -> Iterator[Bench]:
    script = Script()
    with Listener(script) as listener:
        opened = Bench(listener, script)
        yield opened
        opened.gateway.close()


def test_call_carries_token_json_and_encoded_path(bench: Bench) -> None:
    bench.gateway.call(BATCH_READ, path={"object": "a/b?c"}, body={"inputs": []})
    request = bench.script.asked[0]
    assert request.headers["authorization"] == f"Bearer {TOKEN}"
    assert request.headers["content-type"] == "application/json"
    assert request.path == "/crm/objects/2026-03/a/b?c/batch/read"
    assert request.json() == {"inputs": []}


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(Response.of_json({"results": []}, 202), id="unexpected-2xx"),
        pytest.param(Response(200, b"", {}), id="empty-body"),
        pytest.param(Response(200, b"null", {}), id="null-body"),
        pytest.param(Response(200, b"[]", {}), id="list-body"),
        pytest.param(Response(200, b'{"a": "\xff"}', {}), id="not-utf-8"),
        pytest.param(Response(200, b"[" * 100_000, {}), id="nested-without-end"),
        pytest.param(Response(502, b"\xff\xfe<html>", {}), id="gateway-page-with-bad-bytes"),
        pytest.param(failed(524), id="524"),
    ],
)
def test_answer_that_is_none_is_unavailable_after_bounded_tries(bench: Bench, answer: Response) -> None:
    bench.answer(answer)
    with pytest.raises(Unavailable):
        bench.call()
    assert len(bench.script.asked) == 5


def test_answer_207_passes_where_it_is_documented_and_nowhere_else(bench: Bench) -> None:
    bench.answer(Response.of_json({"results": [], "numErrors": 1}, 207))
    assert bench.call(BATCH_READ, {"inputs": []}).status == 207
    with pytest.raises(Unavailable, match="207"):
        bench.call(LIST)


def test_answer_without_body_passes_where_it_is_documented(bench: Bench) -> None:
    bench.answer(Response(204))
    links = {"from_object": "contacts", "to_object": "companies"}
    assert bench.gateway.call(LINKS_ARCHIVE, path=links, body={"inputs": []}).body == {}


@pytest.mark.parametrize(
    ("answer", "waits"),
    [
        pytest.param(limited("TEN_SECONDLY_ROLLING"), 10.0, id="ten-secondly"),
        pytest.param(limited("SECONDLY"), 1.0, id="secondly"),
        pytest.param(limited(None, "You have reached your secondly limit."), 1.0, id="secondly-by-words"),
        pytest.param(limited("SECONDLY", **{"Retry-After": "3"}), 3.0, id="retry-after"),
    ],
)
def test_limit_waits_by_policy_or_as_told(bench: Bench, answer: Response, waits: float) -> None:
    bench.answer(answer, OK)
    bench.call()
    assert bench.slept == [waits]


def test_limit_without_any_word_backs_off(bench: Bench) -> None:
    bench.answer(limited("NEW_POLICY"))
    with pytest.raises(RateLimited, match="NEW_POLICY"):
        bench.call()
    assert len(bench.slept) == 4


def test_daily_limit_stops_at_once_and_tells_the_reset_in_the_portals_zone(bench: Bench) -> None:
    bench.gateway.zone = ZoneInfo("America/New_York")
    bench.answer(limited("DAILY", **{"Retry-After": "9", "Date": "Mon, 04 May 2026 12:00:00 GMT"}))
    with pytest.raises(QuotaSpent) as caught:
        bench.call()
    assert not bench.slept
    assert caught.value.resets_at is not None
    assert caught.value.resets_at.isoformat() == "2026-05-05T04:00:00+00:00"


@pytest.mark.parametrize(
    ("answer", "expected", "missing"),
    [
        pytest.param(failed(401, category="EXPIRED_AUTHENTICATION"), AuthFailed, None, id="401"),
        pytest.param(failed(530), AuthFailed, None, id="cloudflare-530"),
        pytest.param(
            failed(403, errors=[{"context": {"requiredGranularScopes": ["b.read", "a.read"]}}]),
            NotPermitted,
            "scope a.read, b.read",
            id="scopes",
        ),
        pytest.param(failed(403, category="USER_DOES_NOT_HAVE_PERMISSIONS"), NotPermitted, "a permission", id="user"),
        pytest.param(failed(400, category="VALIDATION_ERROR"), Rejected, None, id="400"),
        pytest.param(failed(409, category="CONFLICT"), Rejected, None, id="409"),
        pytest.param(failed(404, category="OBJECT_NOT_FOUND"), Rejected, None, id="404"),
        pytest.param(Response(414, b"<html>", {}), Rejected, None, id="414"),
        pytest.param(Response(307, b"", {"Location": "https://evil.example/"}), ConnectorError, None, id="redirect"),
    ],
)
def test_refusal_is_its_own_error_and_not_retried(
    bench: Bench, answer: Response, expected: type[ConnectorError], missing: str | None
) -> None:
    bench.answer(answer)
    with pytest.raises(expected) as caught:
        bench.call()
    assert getattr(caught.value, "missing", None) == missing
    assert len(bench.script.asked) == 1


def test_refusal_keeps_the_narrowest_code_and_redacted_words(bench: Bench) -> None:
    words = f"ada@private.example is not valid {TOKEN}"
    bench.answer(failed(400, category="VALIDATION_ERROR", message=words, errors=[{"code": "INVALID_EMAIL"}]))
    with pytest.raises(Refused) as caught:
        bench.call()
    assert caught.value.code == "INVALID_EMAIL"
    assert caught.value.reason == "[e-mail] is not valid [secret]"
    assert "private" not in str(caught.value)


def test_lock_waits_two_seconds_and_account_move_is_not_waited_for(bench: Bench) -> None:
    bench.answer(failed(423), OK)
    bench.call()
    assert bench.slept == [2.0]
    bench.answer(Response(477, b"", {"Retry-After": "86400"}))
    asked = len(bench.script.asked)
    with pytest.raises(Unavailable, match="86400 s"):
        bench.call()
    assert len(bench.script.asked) == asked + 1


def test_write_without_key_is_not_repeated_once_it_may_have_arrived(bench: Bench) -> None:
    create = replace(BATCH_UPDATE, is_idempotent=False)
    bench.answer(failed(502))
    with pytest.raises(Unavailable) as caught:
        bench.call(create, {"inputs": []})
    assert caught.value.sent
    assert len(bench.script.asked) == 1


def test_write_that_may_have_arrived_stays_so_whatever_comes_after(bench: Bench) -> None:
    bench.answer(failed(502), failed(401))
    with pytest.raises(Unavailable) as caught:
        bench.call(BATCH_UPDATE, {"inputs": []})
    assert caught.value.sent


def test_remote_that_cannot_be_reached_got_nothing(bench: Bench) -> None:
    bench.listener.stop()
    with pytest.raises(Unavailable, match="reached") as caught:
        bench.call()
    assert not caught.value.sent


def test_calls_stay_below_the_burst_of_the_tier(bench: Bench) -> None:
    bench.gateway = bench.open(tier="free")
    for _ in range(95):
        bench.call()
    assert sum(bench.slept) == pytest.approx(10.0)


def test_smaller_burst_told_by_the_remote_is_kept(bench: Bench) -> None:
    bench.answer(Response.of_json({"results": []}, headers={"X-HubSpot-RateLimit-Max": "10"}))
    for _ in range(11):
        bench.call()
    assert sum(bench.slept) == pytest.approx(10.0)


def test_spent_window_told_by_the_remote_is_waited_out(bench: Bench) -> None:
    headers = {"X-HubSpot-RateLimit-Remaining": "0", "X-HubSpot-RateLimit-Interval-Milliseconds": "10000"}
    bench.answer(Response.of_json({"results": []}, headers=headers), OK)
    bench.call()
    assert bench.slept == [10.0]


def test_searches_keep_to_four_a_second(bench: Bench) -> None:
    bench.answer(Response.of_json({"total": 0, "results": []}))
    for _ in range(9):
        bench.call(SEARCH, {})
    assert sum(bench.slept) == pytest.approx(2.0)


def test_daily_figures_of_the_headers_bound_our_share(bench: Bench) -> None:
    bench.gateway = bench.open(daily_share=0.1)
    headers = {"X-HubSpot-RateLimit-Daily": "30", "X-HubSpot-RateLimit-Daily-Remaining": "20"}
    bench.answer(Response.of_json({"results": []}, headers=headers))
    for _ in range(3):
        bench.call()
    assert (bench.gateway.usage.daily_limit, bench.gateway.usage.daily_used) == (30, 10)
    with pytest.raises(QuotaSpent):
        bench.call()
    assert bench.gateway.usage.calls == {"list": 3}


def test_each_attempt_is_counted(bench: Bench) -> None:
    bench.answer(failed(502), OK)
    bench.call()
    assert bench.gateway.usage.calls == {"list": 2}


def test_body_without_end_is_cut_off(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connectors._hubspot_gateway.MAX_BODY_BYTES", 1000)
    bench.answer(Response.of_json({"results": ["x" * 5000]}))
    with pytest.raises(Unavailable, match="1000 bytes"):
        bench.call()


def test_token_with_a_line_break_is_refused_without_showing_it(bench: Bench) -> None:
    gateway = bench.open(token="pat-secret\r\nX-Evil: 1")
    with pytest.raises(ConfigError) as caught:
        gateway.call(LIST, path={"object": "contacts"})
    assert "secret" not in str(caught.value)
    assert not bench.script.asked


@pytest.mark.parametrize(
    "base_url",
    ["http://api.hubapi.com", "https://evil.example", "http://127.0.0.1.evil.example:80", "http://u:p@127.0.0.1:1"],
)
def test_base_url_beyond_this_machine_is_refused(base_url: str) -> None:
    with pytest.raises(ConfigError, match="base_url"):
        connect("hs", settings_for(base_url), lambda _: TOKEN)


def test_secret_is_asked_for_with_the_first_call_only(bench: Bench) -> None:
    asked: list[str] = []

    def secret(reference: str) -> str:
        asked.append(reference)
        return TOKEN

    hubspot = connect("hs", settings_for(bench.listener.url), secret, sleep=bench.sleep)
    assert asked == []
    bench.answer(Response.of_json({"total": 3, "results": []}))
    hubspot.count("contacts")
    hubspot.count("deals")
    hubspot.close()
    assert asked == ["env:TOKEN"]


def test_dripping_body_is_given_up(bench: Bench) -> None:
    bench.answer(Response(200, json.dumps({"results": ["x" * 5000]}).encode(), {}))
    bench.gateway = bench.open(timeout_s=0.05)
    bench.listener.faults.add(Fault(drip_s=0.1))
    with pytest.raises(Unavailable):
        bench.call()
