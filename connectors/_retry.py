"""When to try a call again: small policies that compose with `|` and `+`.

    retrying(READ, sleep=time.sleep)(call)     # any transient failure
    retrying(WRITE, sleep=time.sleep)(call)    # only where provably nothing was written

A write whose answer got lost (`Unavailable.sent`) is never repeated here: its record is read back first.
"""

from __future__ import annotations

from collections.abc import Callable

from tenacity import RetryCallState, Retrying, stop_after_attempt, wait_exponential, wait_random
from tenacity.retry import retry_base, retry_if_exception
from tenacity.stop import stop_base
from tenacity.wait import wait_base

from model.errors import RateLimited, Unavailable

ATTEMPTS = 5
LONGEST_WAIT_S = 120.0


def _is_limited(error: BaseException) -> bool:
    return isinstance(error, RateLimited)


def _is_unsent(error: BaseException) -> bool:
    return isinstance(error, Unavailable) and not error.sent


def _is_unavailable(error: BaseException) -> bool:
    return isinstance(error, Unavailable)


LIMITED: retry_base = retry_if_exception(_is_limited)
UNSENT: retry_base = retry_if_exception(_is_unsent)
UNAVAILABLE: retry_base = retry_if_exception(_is_unavailable)

READ = LIMITED | UNAVAILABLE
WRITE = LIMITED | UNSENT


def _told_wait_s(state: RetryCallState) -> float | None:
    error = state.outcome.exception() if state.outcome else None
    return error.retry_after_s if isinstance(error, RateLimited | Unavailable) else None


class WaitAsTold(wait_base):
    """The remote's own `retry_after_s` where it gave one, else what `otherwise` says.

    A remote that says 0 is not taken at its word: all tries would be gone in an instant.
    """

    def __init__(self, otherwise: wait_base) -> None:
        self.otherwise = otherwise

    def __call__(self, retry_state: RetryCallState) -> float:
        told = _told_wait_s(retry_state)
        return told if told is not None and told > 0 else self.otherwise(retry_state)


class StopWhenToldTooLong(stop_base):
    """Give up at once when the remote asks for more patience than one call is worth."""

    def __init__(self, longest_s: float) -> None:
        self.longest_s = longest_s

    def __call__(self, retry_state: RetryCallState) -> bool:
        return (_told_wait_s(retry_state) or 0.0) > self.longest_s


def retrying(
    what: retry_base,
    *,
    sleep: Callable[[float], None],
    attempts: int = ATTEMPTS,
    longest_wait_s: float = LONGEST_WAIT_S,
) -> Retrying:
    """A caller that repeats `what`, at most `attempts` tries in all, and then raises the last error itself.

    Back-off without a word of the remote: 0.5, 1, 2, 4 ... s plus up to 0.5 s of jitter, 30 s at most.
    """
    return Retrying(
        retry=what,
        wait=WaitAsTold(wait_exponential(multiplier=0.5, max=30.0) + wait_random(0.0, 0.5)),
        stop=stop_after_attempt(attempts) | StopWhenToldTooLong(longest_wait_s),
        sleep=sleep,
        reraise=True,
    )
