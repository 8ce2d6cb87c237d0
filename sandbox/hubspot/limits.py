"""Rate limits: a rolling ten seconds per app, five searches a second per account, and a day's allowance.

Associations have a ten-second window and a day's allowance of their own on top of those of all calls.
"""

from __future__ import annotations

import uuid
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sandbox.clock import SandboxClock
from sandbox.hubspot.errors import rate_limited
from sandbox.hubspot.tokens import Token
from sandbox.wire import Response

WINDOW_MS = 10_000
Pool = Literal["search", "association", "other"]
# What each tier of account may do; an API limit increase adds a million a day, at most twice.
_TIERS = {
    "free": {"burst": 100, "daily": 250_000, "association_burst": 100},
    "starter": {"burst": 100, "daily": 250_000, "association_burst": 100},
    "professional": {"burst": 190, "daily": 650_000, "association_burst": 150},
    "enterprise": {"burst": 190, "daily": 1_000_000, "association_burst": 200},
}
_INCREASED_BURST = 250
_MOST_INCREASES = 2


@dataclass(slots=True)
class Limits:
    """What the account may do; fields may be set at any time, those of a Professional account are the first.

    `retry_after`: whether a 429 says how long to wait.
    """

    enabled: bool = True
    tier: str = "professional"
    burst: int = 190
    oauth_burst: int = 110
    searches_per_s: int = 5
    daily: int = 650_000
    association_burst: int = 150
    association_daily: int = 500_000
    retry_after: bool = False

    def set_tier(self, tier: str, increases: int = 0) -> None:
        """Take the limits of a tier with so many API limit increases; LookupError for what cannot be bought."""
        if tier not in _TIERS or not 0 <= increases <= _MOST_INCREASES:
            raise LookupError(f"there is no tier {tier} with {increases} increases; tiers are {', '.join(_TIERS)}")
        self.tier = tier
        for name, value in _TIERS[tier].items():
            setattr(self, name, value)
        if increases:
            self.burst = _INCREASED_BURST
            self.daily += 1_000_000 * increases


class Limiter:
    """Counts calls by the sandbox clock. A refused call counts against nothing."""

    def __init__(self, limits: Limits, clock: SandboxClock, zone: Callable[[], str]) -> None:
        """`zone` names the account's time zone, at whose midnight a day begins."""
        self.limits = limits
        self._clock = clock
        self._zone = zone
        self._bursts: dict[tuple[int, Pool], deque[int]] = {}
        self._searches: deque[int] = deque()
        self._day = -1
        self.used_today = 0
        self._associations_today = 0

    def resets_at_ms(self) -> int:
        """When the day's allowance begins anew: the next midnight in the account's zone."""
        local = datetime.fromtimestamp(self._clock.now_ms() / 1000, self.local_zone())
        midnight = local.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
        return round(midnight.timestamp() * 1000)

    def admit(self, token: Token, pool: Pool) -> Response | None:
        """Count the call; the 429 answer when it is one too many."""
        now = self._clock.now_ms()
        self._roll(token, now)
        if self.limits.enabled and (refusal := self._refused(token, pool, now)):
            return refusal
        for window, _, _ in self._windows(token, pool):
            window.append(now)
        # An OAuth app has no daily cap and takes nothing from that of the private apps.
        self.used_today += not token.is_oauth
        self._associations_today += pool == "association"
        return None

    def headers(self, token: Token, pool: Pool) -> dict[str, str]:
        """The rate-limit headers of an answer; a search tells only the day's, an OAuth app none of the day's."""
        limits = self.limits
        found: dict[str, str] = {}
        if not token.is_oauth:
            found["X-HubSpot-RateLimit-Daily"] = str(limits.daily)
            found["X-HubSpot-RateLimit-Daily-Remaining"] = str(max(0, limits.daily - self.used_today))
        if pool == "search":
            return found
        burst = self._burst(token)
        left = max(0, burst - len(self._bursts.get((token.app_id, "other"), ())))
        second = burst // 10
        return {
            **found,
            "X-HubSpot-RateLimit-Interval-Milliseconds": str(WINDOW_MS),
            "X-HubSpot-RateLimit-Max": str(burst),
            "X-HubSpot-RateLimit-Remaining": str(left),
            "X-HubSpot-RateLimit-Secondly": str(second),
            "X-HubSpot-RateLimit-Secondly-Remaining": str(min(second, left)),
        }

    def _refused(self, token: Token, pool: Pool, now: int) -> Response | None:
        spent = not token.is_oauth and self.used_today >= self.limits.daily
        if spent or (pool == "association" and self._associations_today >= self.limits.association_daily):
            return self._refusal("DAILY", self.resets_at_ms() - now, {"requestId": str(uuid.uuid4())})
        for window, allowed, group in self._windows(token, pool):
            if len(window) < allowed:
                continue
            length = 1000 if pool == "search" else WINDOW_MS
            wait_ms = window[0] + length - now if window else length
            more = {"groupName": f"publicapi:{group}:{token.app_id}"}
            if pool == "search":
                return self._refusal("SECONDLY", wait_ms, more)
            return self._refusal("TEN_SECONDLY_ROLLING", wait_ms, more)
        return None

    def _windows(self, token: Token, pool: Pool) -> list[tuple[deque[int], int, str]]:
        """The windows a call counts in: its times, how many there may be, the name of the group."""
        if pool == "search":
            return [(self._searches, self.limits.searches_per_s, "crm-search")]
        found = [(self._bursts[token.app_id, "other"], self._burst(token), "private-apps:api-calls-daily")]
        if pool == "association":
            window = self._bursts[token.app_id, "association"]
            found.append((window, self.limits.association_burst, "crm-associations"))
        return found

    def _burst(self, token: Token) -> int:
        return self.limits.oauth_burst if token.is_oauth else self.limits.burst

    def local_zone(self) -> tzinfo:
        """The zone of the account; UTC where its name means nothing here."""
        try:
            return ZoneInfo(self._zone())
        except (ZoneInfoNotFoundError, ValueError):
            return UTC

    def use_up(self, left: int) -> None:
        """Let so many calls be left of the day."""
        self._begin_day(self._clock.now_ms())
        self.used_today = self.limits.daily - left

    def _begin_day(self, now: int) -> None:
        day = datetime.fromtimestamp(now / 1000, self.local_zone()).toordinal()
        if day != self._day:
            self._day, self.used_today, self._associations_today = day, 0, 0

    def _roll(self, token: Token, now: int) -> None:
        self._begin_day(now)
        for pool in ("other", "association"):
            _forget(self._bursts.setdefault((token.app_id, pool), deque()), now, WINDOW_MS)
        _forget(self._searches, now, 1000)

    def _refusal(self, policy: str, wait_ms: int, more: dict[str, str]) -> Response:
        return rate_limited(policy, max(1, -(-wait_ms // 1000)) if self.limits.retry_after else None, more)


def _forget(window: deque[int], now: int, length_ms: int) -> None:
    # A time that lies ahead comes from before the clock was turned back.
    while window and not now - length_ms < window[0] <= now:
        window.popleft()
