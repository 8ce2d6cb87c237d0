"""Who logged in to the portal when, over the days it remembers."""

from __future__ import annotations

import numpy as np
import polars as pl

from sandbox.generator.calendar import times
from sandbox.generator.chance import Chance
from sandbox.generator.logins import days_of

_DAY_MS = 86_400_000
KEPT_DAYS = 90
_AGENTS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/141.0",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 15_1) Safari/605.1",
    "HubSpot/5.12 (iPhone; iOS 26.1)",
    "HubSpot/5.12 (Android 16)",
)
_COUNTRIES = (("us", "ma"), ("gb", "eng"), ("de", "be"), ("fr", "idf"), ("es", "md"))


def logins(staff: pl.DataFrame, user_ids: pl.Series, today: int, chance: Chance) -> pl.DataFrame:
    """One row per attempt. The last one of each is on the day he was last seen in any system."""
    user, day = days_of(staff, chance.of("days"))
    kept = day < KEPT_DAYS
    user, day = user[kept], day[kept]
    n = len(user)
    last = day == staff["seen"].to_numpy()[user]
    moment = (today - day) * _DAY_MS + 25_000_000 + chance.of("second").below(36_000_000, n)
    failed = chance.of("failed").hits(0.04, n) & ~last
    country = chance.of("country").pick([60, 20, 9, 6, 5], len(staff))[user]
    address = pl.Series(chance.of("address").below(250, n) + 1)
    frame = pl.DataFrame(
        [
            user_ids.gather(user).alias("user_id"),
            times(moment).alias("at"),
            staff["email"].gather(user).alias("email"),
            pl.Series("succeeded", ~failed),
            pl.select(pl.format("198.51.100.{}", address)).to_series().alias("ip_address"),
            pl.Series(_AGENTS).gather(chance.of("agent").pick([55, 25, 13, 7], n)).alias("user_agent"),
            pl.Series([code for code, _ in _COUNTRIES]).gather(country).alias("country_code"),
            pl.Series([code for _, code in _COUNTRIES]).gather(country).alias("region_code"),
        ]
    )
    order = np.argsort(moment, kind="stable")
    return frame[order]
