"""Rate limits: a rolling ten seconds per app, five searches a second per account, and a day's allowance."""

from __future__ import annotations

import uuid
from collections import deque
from dataclasses import dataclass

from sandbox.clock import SandboxClock
from sandbox.hubspot.tokens import Token
from sandbox.wire import Response

WINDOW_MS = 10_000
DAY_MS = 86_400_000


@dataclass(slots=True)
class Limits:
    """What the account may do; fields may be set at any time. `retry_after`: whether a 429 says how long to wait."""

    enabled: bool = True
    burst: int = 190
    oauth_burst: int = 110
    searches_per_s: int = 5
    daily: int = 650_000
    retry_after: bool = False


class Limiter:
    """Counts calls by the sandbox clock. A refused call counts against nothing."""

    def __init__(self, limits: Limits, clock: SandboxClock) -> None:
        self.limits = limits
        self._clock = clock
        self._bursts: dict[int, deque[int]] = {}
        self._searches: deque[int] = deque()
        self._day = -1
        self.used_today = 0

    def resets_at_ms(self) -> int:
        """When the day's allowance begins anew: the next midnight, UTC being the account's zone."""
        return (self._clock.now_ms() // DAY_MS + 1) * DAY_MS

    def admit(self, token: Token, *, is_search: bool) -> Response | None:
        """Count the call; the 429 answer when it is one too many."""
        now = self._clock.now_ms()
        self._roll(token, now)
        if not self.limits.enabled:
            self.used_today += 1
            return None
        window = self._searches if is_search else self._bursts[token.app_id]
        allowed = self.limits.searches_per_s if is_search else self._burst(token)
        if self.used_today >= self.limits.daily and not token.is_oauth:
            wait_ms = self.resets_at_ms() - now
            return self._refusal("daily limit", "DAILY", wait_ms, {"requestId": str(uuid.uuid4())})
        group = {"groupName": f"publicapi:private-apps:api-calls-daily:{token.app_id}"}
        if len(window) >= allowed:
            wait_ms = window[0] + (1000 if is_search else WINDOW_MS) - now if window else 1000
            if is_search:
                return self._refusal("secondly limit", "SECONDLY", wait_ms, group)
            return self._refusal("ten_secondly_rolling limit", "TEN_SECONDLY_ROLLING", wait_ms, group)
        window.append(now)
        self.used_today += 1
        return None

    def headers(self, token: Token, *, is_search: bool) -> dict[str, str]:
        """The rate-limit headers of an answer; a search tells only the day's, an OAuth app none of the day's."""
        limits = self.limits
        found: dict[str, str] = {}
        if not token.is_oauth:
            found["X-HubSpot-RateLimit-Daily"] = str(limits.daily)
            found["X-HubSpot-RateLimit-Daily-Remaining"] = str(max(0, limits.daily - self.used_today))
        if is_search:
            return found
        burst = self._burst(token)
        left = max(0, burst - len(self._bursts.get(token.app_id, ())))
        second = burst // 10
        return {
            **found,
            "X-HubSpot-RateLimit-Interval-Milliseconds": str(WINDOW_MS),
            "X-HubSpot-RateLimit-Max": str(burst),
            "X-HubSpot-RateLimit-Remaining": str(left),
            "X-HubSpot-RateLimit-Secondly": str(second),
            "X-HubSpot-RateLimit-Secondly-Remaining": str(min(second, left)),
        }

    def _burst(self, token: Token) -> int:
        return self.limits.oauth_burst if token.is_oauth else self.limits.burst

    def _roll(self, token: Token, now: int) -> None:
        if now // DAY_MS != self._day:
            self._day, self.used_today = now // DAY_MS, 0
        burst = self._bursts.setdefault(token.app_id, deque())
        # A time that lies ahead comes from before the clock was turned back.
        while burst and not now - WINDOW_MS < burst[0] <= now:
            burst.popleft()
        while self._searches and not now - 1000 < self._searches[0] <= now:
            self._searches.popleft()

    def _refusal(self, what: str, policy: str, wait_ms: int, more: dict[str, str]) -> Response:
        body = {
            "status": "error",
            "message": f"You have reached your {what}.",
            "errorType": "RATE_LIMIT",
            "correlationId": str(uuid.uuid4()),
            "policyName": policy,
            **more,
        }
        headers = {"Retry-After": str(max(1, -(-wait_ms // 1000)))} if self.limits.retry_after else {}
        return Response.of_json(body, 429, headers)
