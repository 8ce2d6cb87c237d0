from __future__ import annotations

from collections.abc import Callable

import pytest

from connectors._pace import Budget, Pacer
from connectors._retry import ATTEMPTS, LIMITED, READ, UNSENT, WRITE, retrying
from connectors.connector import Usage
from model.errors import AuthFailed, ConnectorError, QuotaSpent, RateLimited, Rejected, Unavailable


def limited(retry_after_s: float | None = None) -> RateLimited:
    return RateLimited("slow down", connection="sf", retry_after_s=retry_after_s)


def unavailable(*, sent: bool, retry_after_s: float | None = None) -> Unavailable:
    return Unavailable("gone", connection="sf", sent=sent, retry_after_s=retry_after_s)


def failing(*errors: ConnectorError) -> Callable[[], str]:
    """A call that raises these in turn and then answers."""
    left = list(errors)

    def call() -> str:
        if left:
            raise left.pop(0)
        return "done"

    return call


@pytest.mark.parametrize(
    ("policy", "error", "is_repeated"),
    [
        pytest.param(READ, limited(), True, id="read-limited"),
        pytest.param(READ, unavailable(sent=True), True, id="read-lost-answer"),
        pytest.param(READ, unavailable(sent=False), True, id="read-unsent"),
        pytest.param(WRITE, limited(), True, id="write-limited"),
        pytest.param(WRITE, unavailable(sent=False), True, id="write-unsent"),
        pytest.param(WRITE, unavailable(sent=True), False, id="write-lost-answer-never"),
        pytest.param(READ, AuthFailed("no", connection="sf"), False, id="auth"),
        pytest.param(READ, Rejected("no", connection="sf"), False, id="rejected"),
        pytest.param(READ, QuotaSpent("no", connection="sf"), False, id="quota"),
        pytest.param(LIMITED, unavailable(sent=False), False, id="only-limited"),
        pytest.param(LIMITED | UNSENT, unavailable(sent=False), True, id="composed"),
    ],
)
def test_policy_repeats_only_its_own_failures(policy: object, error: ConnectorError, is_repeated: bool) -> None:
    slept: list[float] = []
    call = failing(error)
    caller = retrying(policy, sleep=slept.append)  # type: ignore[arg-type]
    if is_repeated:
        assert caller(call) == "done"
        assert len(slept) == 1
    else:
        with pytest.raises(type(error)):
            caller(call)
        assert slept == []


def test_wait_is_what_the_remote_said() -> None:
    slept: list[float] = []
    assert (
        retrying(READ, sleep=slept.append)(failing(limited(11.5), unavailable(sent=False, retry_after_s=3))) == "done"
    )
    assert slept == [11.5, 3]


def test_remote_that_says_now_again_and_again_is_asked_with_growing_pauses() -> None:
    slept: list[float] = []
    with pytest.raises(RateLimited):
        retrying(READ, sleep=slept.append)(failing(*[limited(0.0)] * 50))
    assert len(slept) == ATTEMPTS - 1
    assert slept[0] >= 0.5
    assert slept == sorted(slept)


def test_wait_without_a_word_grows_with_jitter() -> None:
    slept: list[float] = []
    assert retrying(READ, sleep=slept.append)(failing(*[limited()] * 4)) == "done"
    assert [0.5 <= slept[0] <= 1, 1 <= slept[1] <= 1.5, 2 <= slept[2] <= 2.5, 4 <= slept[3] <= 4.5] == [True] * 4


def test_tries_are_bounded_and_the_last_error_is_raised_itself() -> None:
    slept: list[float] = []
    with pytest.raises(Unavailable):
        retrying(READ, sleep=slept.append)(failing(*[unavailable(sent=True)] * 50))
    assert len(slept) == ATTEMPTS - 1


@pytest.mark.parametrize(
    "error",
    [
        pytest.param(limited(3_600), id="limited"),
        pytest.param(limited(1e300), id="for-ever"),
        pytest.param(unavailable(sent=False, retry_after_s=3_600), id="maintenance"),
    ],
)
def test_remote_that_asks_for_too_much_patience_is_not_waited_for(error: RateLimited | Unavailable) -> None:
    slept: list[float] = []
    with pytest.raises(type(error)) as caught:
        retrying(READ, sleep=slept.append, longest_wait_s=60)(failing(error))
    assert caught.value is error
    assert slept == []


class Clock:
    def __init__(self) -> None:
        self.now = 100.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


def test_pacer_never_lets_more_calls_into_any_window() -> None:
    clock = Clock()
    pacer = Pacer(5, 10.0, clock=clock, sleep=clock.sleep)
    times = []
    for _ in range(23):
        pacer.wait()
        times.append(clock.now)
        clock.now += 0.1
    assert all(later - earlier >= 10.0 for earlier, later in zip(times, times[5:], strict=False))
    assert clock.slept


def test_pacer_leaves_slow_callers_alone() -> None:
    clock = Clock()
    pacer = Pacer(2, 1.0, clock=clock, sleep=clock.sleep)
    for _ in range(6):
        pacer.wait()
        clock.now += 0.6
    assert clock.slept == []


@pytest.mark.parametrize(
    ("calls", "per_s"), [pytest.param(0, 1.0, id="no-calls"), pytest.param(1, 0.0, id="no-window")]
)
def test_pacer_without_room_is_refused(calls: int, per_s: float) -> None:
    with pytest.raises(ValueError, match="at least one call"):
        Pacer(calls, per_s, clock=float, sleep=lambda _: None)


def test_budget_stops_before_the_call_that_would_overdraw_the_share() -> None:
    usage = Usage(daily_limit=100)
    budget = Budget("sf", usage, daily_share=0.25)
    for _ in range(25):
        budget.spend("list")
    with pytest.raises(QuotaSpent, match=r"25 API calls.*25%.*100"):
        budget.spend("list")
    assert usage.total == 25


def test_budget_without_a_known_allowance_only_counts() -> None:
    usage = Usage()
    budget = Budget("sf", usage, daily_share=0.1)
    for kind in ("auth", "list", "list"):
        budget.spend(kind)
    assert usage.calls == {"auth": 1, "list": 2}
