"""The best account of every person, the next company's, and the next record of the same company, with their reasons."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from hygiene import tie_breaks as ties
from hygiene.account_odds import compared, reasons, weighed
from hygiene.candidates import candidates
from hygiene.choose import leading, probabilities
from hygiene.resolve_pool import Pool
from model.settings import TieBreakName

# So many people are compared with their candidates at once.
_BATCH = 100_000
_LED = ("", "next_", "twin_")


def best_accounts(
    pool: Pool, named: pl.DataFrame, company: str = "house", names: Sequence[TieBreakName] = ()
) -> pl.DataFrame:
    """The columns of `leading` by person: account, reason and the answers of the tie-breaks; people without none.

    `named` is of `named_accounts`; `company` is the column of accounts by which records are one: house or family.
    """
    pairs = candidates(pool, named)
    starts = range(0, max(pool.people["person"].to_list()[-1:], default=0) + 1, _BATCH)
    batches = (pairs.filter(pl.col("person").is_between(start, start + _BATCH, closed="left")) for start in starts)
    return pl.concat([_best(batch, pool, company, names) for batch in batches])


def _best(pairs: pl.DataFrame, pool: Pool, company: str, names: Sequence[TieBreakName]) -> pl.DataFrame:
    full = compared(pairs, pool).with_row_index("pair")
    order = ties.columns(names)
    asked = ties.answered(probabilities(weighed(full), "person"), names)
    kept = ["pair", "account", *order]
    best = leading(asked.select("person", company, "probability", *kept), "person", company, order, "account", kept)
    return best.with_columns(
        reasons(full[best[f"{led}pair"].fill_null(0)]).set(best[f"{led}pair"].is_null(), None).alias(f"{led}reason")
        for led in (_LED if len(best) else ())
    ).with_columns(pl.lit(None, pl.String).alias(f"{led}reason") for led in (() if len(best) else _LED))
