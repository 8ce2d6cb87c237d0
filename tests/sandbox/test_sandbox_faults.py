"""The fault desk: when a fault strikes, and what the client then sees."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.clock import SandboxClock
from sandbox.desk import FaultDesk
from sandbox.faults import Fault
from sandbox.server import Listener
from sandbox.wire import Request, Response


class CountingApp:
    """Counts the writes that reached it."""

    system = "counting"

    def __init__(self) -> None:
        self.writes = 0

    def handle(self, request: Request) -> Response:
        self.writes += request.method == "POST"
        return Response.of_json({"writes": self.writes, "padding": "x" * 4000})


@pytest.fixture
def app() -> CountingApp:
    return CountingApp()


@pytest.fixture
def listener(app: CountingApp) -> Iterator[Listener]:
    with Listener(app) as started:
        yield started


def strikes(fault: Fault, calls: int) -> list[int]:
    """Numbers, from 1, of the calls on which the fault strikes."""
    desk = FaultDesk()
    desk.add(fault)
    request = Request.make("GET", "/a", {}, b"")
    return [n for n in range(1, calls + 1) if desk.strike(request)]


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        pytest.param(Fault(), [1, 2, 3, 4, 5, 6], id="always"),
        pytest.param(Fault(nth=3), [3], id="the third call"),
        pytest.param(Fault(after=4), [5, 6], id="after the fourth"),
        pytest.param(Fault(every=2), [2, 4, 6], id="every second"),
        pytest.param(Fault(count=2), [1, 2], id="twice"),
        pytest.param(Fault(method="POST"), [], id="another method"),
        pytest.param(Fault(route="^/b"), [], id="another route"),
        pytest.param(Fault(probability=0.0), [], id="never"),
    ],
)
def test_fault_strikes_on_the_calls_it_names(fault: Fault, expected: list[int]) -> None:
    assert strikes(fault, 6) == expected


@given(st.integers(0, 99), st.floats(0.1, 0.9))
def test_fault_with_a_seed_strikes_the_same_calls_again(seed: int, probability: float) -> None:
    fault = Fault(seed=seed, probability=probability)
    assert strikes(fault, 30) == strikes(fault, 30)


def test_fault_contains_looks_in_decoded_query_and_body() -> None:
    fault = Fault(contains="FROM Contact")
    assert fault.matches(Request.make("GET", "/query?q=SELECT+Id+FROM%20Contact", {}, b""))
    assert fault.matches(Request.make("POST", "/jobs", {}, b'{"query":"SELECT Id FROM Contact"}'))
    assert not fault.matches(Request.make("GET", "/query?q=SELECT+Id+FROM+Lead", {}, b""))


def test_fault_json_form_round_trips() -> None:
    fault = Fault(route="/a", status=500, body="no", headers={"X": "1"}, stage="after", drip_s=0.5)
    assert Fault.from_json(fault.to_json()) == fault


@pytest.mark.parametrize(("stage", "written"), [("before", 0), ("after", 1)])
def test_dropped_connection_before_or_after_the_write(
    app: CountingApp, listener: Listener, stage: str, written: int
) -> None:
    listener.faults.add(Fault.from_json({"drop": True, "stage": stage}))
    with pytest.raises(httpx.RemoteProtocolError):
        httpx.post(listener.url)
    assert app.writes == written
    assert [entry.status for entry in listener.requests] == [0]


@pytest.mark.parametrize(("stage", "written"), [("before", 0), ("after", 1)])
def test_error_status_before_or_after_the_write(app: CountingApp, listener: Listener, stage: str, written: int) -> None:
    listener.faults.add(Fault.from_json({"status": 502, "body": "<html>", "stage": stage}))
    answer = httpx.post(listener.url)
    assert (answer.status_code, answer.text, app.writes) == (502, "<html>", written)


def test_cut_body_ends_before_its_announced_length(listener: Listener) -> None:
    listener.faults.add(Fault(cut_after=10))
    with pytest.raises(httpx.RemoteProtocolError):
        httpx.get(listener.url)


def test_body_without_status_replaces_the_body_only(app: CountingApp, listener: Listener) -> None:
    listener.faults.add(Fault(body="not json", headers={"Retry-After": "7"}))
    answer = httpx.post(listener.url)
    assert (answer.status_code, answer.text, answer.headers["Retry-After"]) == (200, "not json", "7")
    assert app.writes == 1


def test_delay_outlasts_the_clients_patience(listener: Listener) -> None:
    listener.faults.add(Fault(delay_s=0.15))
    with pytest.raises(httpx.ReadTimeout):
        httpx.get(listener.url, timeout=0.05)


def test_drip_sends_the_whole_body_slowly(listener: Listener) -> None:
    listener.faults.add(Fault(drip_s=0.01))
    assert len(httpx.get(listener.url).json()["padding"]) == 4000


def test_act_sees_request_and_response_and_may_answer(listener: Listener) -> None:
    def act(request: Request, response: Response | None) -> Response | None:
        return Response(418) if request.path == "/tea" and response is not None else None

    listener.faults.add(Fault(stage="after", act=act))
    assert httpx.get(listener.url + "/tea").status_code == 418
    assert httpx.get(listener.url + "/coffee").status_code == 200


def test_clock_never_goes_back_unless_told() -> None:
    wall = iter([1000, 2000, 1500, 3000, 3000, 3000, 3000, 3000])
    clock = SandboxClock(wall_ms=lambda: next(wall))
    assert [clock.now_ms(), clock.now_ms(), clock.now_ms()] == [1000, 2000, 2000]
    clock.turn(-2.5)
    assert clock.now_ms() == 500
