"""API calls against the org's allowance, and the other limits it tells about."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Mapping
from typing import Any

from sandbox.clock import SandboxClock
from sandbox.salesforce.errors import ApiError
from sandbox.salesforce.settings import Settings

_HOUR_MS = 3_600_000
_HOURS = 24  # a day's allowance is that of the last 24 hours, told hour by hour


class Usage:
    """Counts calls; safe from many threads."""

    def __init__(self, clock: SandboxClock, settings: Settings) -> None:
        self._clock = clock
        self._settings = settings
        self._lock = threading.Lock()
        self._hours: deque[list[int]] = deque()  # hour and calls in it, oldest first
        self.total = 0

    def spend(self) -> None:
        """Count one call; REQUEST_LIMIT_EXCEEDED when the day has no more."""
        hour = self._clock.now_ms() // _HOUR_MS
        with self._lock:
            self.total += 1
            if not self._hours or self._hours[-1][0] != hour:
                self._hours.append([hour, 0])
            self._hours[-1][1] += 1
        if self.used() > self._settings.daily_limit:
            raise ApiError("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")

    def leave(self, left: int) -> None:
        """Let the org's other apps have used up all calls of the day but so many."""
        hour = self._clock.now_ms() // _HOUR_MS
        with self._lock:
            self._hours.clear()
            self._hours.append([hour, self._settings.daily_limit - left])

    def used(self) -> int:
        """Calls of the last 24 hours."""
        oldest = self._clock.now_ms() // _HOUR_MS - _HOURS
        with self._lock:
            while self._hours and self._hours[0][0] <= oldest:
                self._hours.popleft()
            return sum(calls for _, calls in self._hours)

    def header(self) -> str:
        """What Sforce-Limit-Info says: the org's usage, and after it the app's own and bursts where they are told."""
        settings = self._settings
        used = self.used()
        parts = [f"api-usage={min(used, settings.daily_limit)}/{settings.daily_limit}"]
        if settings.app_limit:
            parts.append(f"per-app-api-usage={min(used, settings.app_limit)}/{settings.app_limit}(appName=sandbox)")
        if settings.burst_limit:
            parts.append(f"api-bursts=1/{settings.burst_limit}")
        return "; ".join(parts)


# Limits that nothing in the sandbox draws on: the name and what an org of this edition has.
UNUSED: Mapping[str, int] = {
    "AnalyticsExternalDataSizeMB": 40_960, "ConcurrentAsyncGetReportInstances": 200, "ConcurrentSyncReportRuns": 20,
    "DailyAnalyticsDataflowJobExecutions": 60, "DailyAnalyticsUploadedFilesSizeMB": 51_200,
    "DailyAsyncApexExecutions": 250_000,
    "DailyDeliveredPlatformEvents": 50_000, "DailyDurableGenericStreamingApiEvents": 10_000,
    "DailyDurableStreamingApiEvents": 10_000, "DailyGenericStreamingApiEvents": 10_000,
    "DailyStandardVolumePlatformEvents": 10_000, "DailyStreamingApiEvents": 10_000, "DailyWorkflowEmails": 1_000,
    "DataStorageMB": 5_120, "DurableStreamingApiConcurrentClients": 20, "FileStorageMB": 5_120,
    "HourlyAsyncReportRuns": 1_200, "HourlyDashboardRefreshes": 200, "HourlyDashboardResults": 5_000,
    "HourlyDashboardStatuses": 999_999_999, "HourlyLongTermIdMapping": 100_000,
    "HourlyManagedContentPublicRequests": 50_000, "HourlyODataCallout": 1_000,
    "HourlyPublishedPlatformEvents": 250_000, "HourlyPublishedStandardVolumePlatformEvents": 1_000,
    "HourlyShortTermIdMapping": 100_000, "HourlySyncReportRuns": 500, "HourlyTimeBasedWorkflow": 1_000,
    "MassEmail": 10, "MonthlyPlatformEventsUsageEntitlement": 0, "Package2VersionCreates": 6,
    "Package2VersionCreatesWithoutValidation": 500, "SingleEmail": 15, "StreamingApiConcurrentClients": 20,
}  # fmt: skip


def limits(used: Mapping[str, tuple[int, int]]) -> dict[str, Any]:
    """The body of /limits; `used` has what is drawn on: the most and how much of it is gone."""
    body: dict[str, Any] = {name: {"Max": most, "Remaining": most} for name, most in UNUSED.items()}
    body["PermissionSets"] = {"Max": 1_500, "Remaining": 1_499, "CreateCustom": {"Max": 1_000, "Remaining": 999}}
    body |= {name: {"Max": most, "Remaining": max(most - spent, 0)} for name, (most, spent) in used.items()}
    return dict(sorted(body.items()))
