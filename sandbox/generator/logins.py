"""Who logged in when and with what, over the last half year; a user's last login is the one the user record tells."""

from __future__ import annotations

import numpy as np
import polars as pl

from sandbox.generator import ids
from sandbox.generator.calendar import times
from sandbox.generator.chance import Chance, Ints

_DAY_MS = 86_400_000
KEPT_DAYS = 180
# Application, login type, browser, platform, API type, weight.
_CLIENTS = (
    ("Browser", "Application", "Chrome 141", "Windows 11", None, 52),
    ("Browser", "Application", "Safari 26", "Mac OSX", None, 20),
    ("Salesforce for iOS", "Remote Access 2.0", "Salesforce/264.0", "iPhone", "N/A", 12),
    ("Salesforce for Android", "Remote Access 2.0", "Salesforce/264.0", "Android 16", "N/A", 6),
    ("Salesforce for Outlook", "Remote Access 2.0", "Unknown", "Unknown", "SOAP Partner", 6),
    ("Data Loader", "Partner Product", "Unknown", "Unknown", "SOAP Partner", 2),
    ("dialcraft", "Remote Access 2.0", "Unknown", "Unknown", "REST", 2),
)
_COUNTRIES = ("US", "GB", "DE", "FR", "ES")


def history(staff: pl.DataFrame, user_ids: pl.Series, org: int, today: int, chance: Chance) -> pl.DataFrame:
    """LoginHistory; people differ in how many days they use the system, leavers end where they left."""
    user, day = days_of(staff, chance.of("days"))
    n = len(user)
    last = day == staff["seen"].to_numpy()[user]
    second = 25_000_000 + chance.of("second").below(36_000_000, n)
    moment = (today - day) * _DAY_MS + np.where(last, 30_000_000, second)
    client = chance.of("client").pick([weight for *_, weight in _CLIENTS], n)
    failed = chance.of("failed").hits(0.03, n) & ~last
    country = chance.of("country").pick([60, 20, 9, 6, 5], len(staff))[user]
    number = chance.of("address").below(250, n) + 1

    def of_client(column: int) -> pl.Series:
        return pl.Series([row[column] for row in _CLIENTS], dtype=pl.String).gather(client)

    address = pl.select(pl.format("203.0.113.{}", pl.Series(number))).to_series()
    api_version = pl.select(pl.when(of_client(4).is_null()).then(None).otherwise(pl.lit("62.0"))).to_series()
    return pl.DataFrame(
        [
            ids.salesforce("LoginHistory", n, org, order=moment),
            user_ids.gather(user).alias("UserId"),
            times(moment).alias("LoginTime"),
            of_client(1).alias("LoginType"),
            address.alias("SourceIp"),
            pl.repeat("crm.example", n, dtype=pl.String, eager=True).alias("LoginUrl"),
            pl.repeat("TLS 1.3", n, dtype=pl.String, eager=True).alias("TlsProtocol"),
            of_client(2).alias("Browser"),
            of_client(3).alias("Platform"),
            pl.Series("Status", np.where(failed, "Invalid Password", "Success")),
            of_client(0).alias("Application"),
            pl.repeat("N/A", n, dtype=pl.String, eager=True).alias("ClientVersion"),
            of_client(4).alias("ApiType"),
            api_version.alias("ApiVersion"),
            pl.Series(_COUNTRIES).gather(country).alias("CountryIso"),
            pl.repeat(False, n, dtype=pl.Boolean, eager=True).alias("OptionsIsGet"),
            pl.Series("OptionsIsPost", of_client(1) == "Application"),
        ]
    ).sort("Id")


def days_of(staff: pl.DataFrame, chance: Chance) -> tuple[Ints, Ints]:
    """Users and how many days ago they logged in: the last time each, and on the days they worked before."""
    seen, age = staff["seen"].to_numpy(), staff["age"].to_numpy()
    habit = 0.1 + 0.85 * chance.of("habit").random(len(staff))
    days = np.arange(KEPT_DAYS)
    drawn = chance.of("drawn").random(len(staff) * KEPT_DAYS).reshape(len(staff), KEPT_DAYS)
    worked = (days[None, :] > seen[:, None]) & (days[None, :] < age[:, None]) & (days[None, :] % 7 < 5)
    user, day = np.nonzero(worked & (drawn < habit[:, None]))
    late = np.flatnonzero(seen < KEPT_DAYS)
    return np.concatenate([user, late]), np.concatenate([day, seen[late]])
