"""What the portal remembers of the stages and close dates of deals."""

from __future__ import annotations

import numpy as np
import polars as pl

from sandbox.generator.calendar import times
from sandbox.generator.chance import Ints
from sandbox.generator.deals import STAGES

_NOON_MS = 43_200_000
_DAY_MS = 86_400_000


def rows(path: pl.DataFrame, own: pl.Series, users: pl.Series) -> pl.DataFrame:
    """One row per value that a deal had: object, id, property, value, at, source and who set it.

    `path` is `deal_paths.of_portal`; `own` and `users` are, by deal, its id and the user id of its owner.
    """
    stages = pl.Series([stage[1] for stage in STAGES])
    close = times(path["close"].to_numpy() * _DAY_MS + _NOON_MS).dt.replace_time_zone(None)
    parts = []
    for name, column, values in (
        ("dealstage", "stage", stages.gather(path["stage"])),
        ("closedate", "close", close.dt.strftime("%Y-%m-%dT%H:%M:%S%.3fZ")),
    ):
        at = np.flatnonzero(_changes(path, column))
        deal = path["deal"].gather(at)
        user = users.gather(deal)
        parts.append(
            pl.DataFrame(
                [
                    pl.repeat("deals", len(at), dtype=pl.String, eager=True).alias("object"),
                    own.gather(deal).alias("id"),
                    pl.repeat(name, len(at), dtype=pl.String, eager=True).alias("property"),
                    values.gather(at).alias("value"),
                    times(path["moment"].gather(at)).alias("at"),
                    pl.repeat("CRM_UI", len(at), dtype=pl.String, eager=True).alias("source_type"),
                    pl.select(pl.format("userId:{}", user)).to_series().alias("source_id"),
                    user.alias("user_id"),
                ]
            )
        )
    return pl.concat(parts).sort(pl.col("id").cast(pl.Int64), "property", "at", maintain_order=True)


def since(path: pl.DataFrame, deals: int) -> Ints:
    """Since when (ms) each of so many deals is in its stage."""
    at = np.flatnonzero(_changes(path, "stage"))
    found = np.zeros(deals, dtype=np.int64)
    np.maximum.at(found, path["deal"].to_numpy()[at], path["moment"].to_numpy()[at])
    return found


def _changes(path: pl.DataFrame, name: str) -> np.ndarray:
    """Which rows give the column a new value; the first row of each deal does."""
    deal, value = path["deal"].to_numpy(), path[name].to_numpy()
    if not len(deal):
        return np.zeros(0, dtype=np.bool_)
    return np.concatenate([[True], (deal[1:] != deal[:-1]) | (value[1:] != value[:-1])])
