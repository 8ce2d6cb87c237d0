"""What became of each deal when, alike in every system that has it."""

from __future__ import annotations

import numpy as np
import polars as pl

from sandbox.generator import deals
from sandbox.generator.chance import Ints
from sandbox.generator.world import World


def of_org(world: World, org: int) -> pl.DataFrame:
    """`deals.history` of an org's deals; `deal` counts these deals alone."""
    chance = world.chance.of(f"org{org}").of("opportunities").of("history")
    return deals.history(world.deals[np.flatnonzero(world.deals["org"].to_numpy() == org)], chance)


def of_portal(world: World, chosen: Ints) -> pl.DataFrame:
    """The same of the portal's deals (rows of `world.deals`); `deal` is the place in `chosen`.

    A deal that an org has too went the same way there.
    """
    org = world.deals["org"].to_numpy()
    parts = [_of_rows(of_org(world, number), np.flatnonzero(org == number)) for number in range(world.orgs)]
    own = chosen[org[chosen] < 0]
    history = deals.history(world.deals[own], world.chance.of("hubspot").of("deal history"))
    parts.append(_of_rows(history, own))
    places = pl.DataFrame({"deal": chosen, "place": np.arange(len(chosen))})
    joined = pl.concat(parts).join(places, on="deal", how="inner", maintain_order="left")
    return joined.with_columns(pl.col("place").alias("deal")).drop("place").sort("deal", maintain_order=True)


def _of_rows(history: pl.DataFrame, rows: Ints) -> pl.DataFrame:
    """The history with `deal` as the row in the world."""
    return history.with_columns(pl.Series("deal", rows[history["deal"].to_numpy()], dtype=pl.Int64))
