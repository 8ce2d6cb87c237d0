"""Who hangs on what: ids of linked records and the columns that both systems' frames need beside the text."""

from __future__ import annotations

import numpy as np
import polars as pl

from sandbox.generator import records
from sandbox.generator.chance import Chance, Ints
from sandbox.generator.world import World


def spread(n: int, rows: Ints, values: pl.Series) -> pl.Series:
    at = np.full(n, -1, dtype=np.int64)
    at[rows] = np.arange(len(rows))
    return (
        values.gather(pl.Series(at).replace(-1, None))
        if len(values)
        else pl.repeat(None, n, dtype=pl.String, eager=True)
    )


def optional(ids_: pl.Series, rows: Ints) -> pl.Series:
    """The ids at the rows; null at row -1."""
    return (
        ids_.gather(pl.Series(rows).replace(-1, None))
        if len(ids_)
        else pl.repeat(None, len(rows), dtype=pl.String, eager=True)
    )


def accounts_of_deals(world: World, chosen: Ints, org: int, chance: Chance) -> Ints:
    company = world.deals["company"].to_numpy()[chosen]
    wanted = pl.DataFrame({"company": company, "org": np.full(len(chosen), org)})
    return records.account_links(wanted, world.accounts, chance)


def people_on_deals(world: World, chosen: Ints, contacts: Ints, chance: Chance) -> tuple[Ints, Ints]:
    """(position in `chosen`, row of a person record) pairs, distinct: up to three people of the deal's company."""
    company = world.people["company"].to_numpy()[contacts]
    order = np.argsort(company, kind="stable")
    ordered = company[order]
    wanted = world.deals["company"].to_numpy()[chosen]
    first = np.searchsorted(ordered, wanted, side="left")
    count = np.searchsorted(ordered, wanted, side="right") - first
    deal, person = [], []
    start = chance.of("start").below(count, len(chosen))
    for turn, share in enumerate((0.8, 0.5, 0.3)):
        rows = np.flatnonzero((count > turn) & chance.of(str(turn)).hits(share, len(chosen)))
        deal.append(rows)
        person.append(contacts[order[first[rows] + (start[rows] + turn) % count[rows]]] if len(rows) else rows)
    return np.concatenate(deal), np.concatenate(person)


_TYPES = (
    "Prospect",
    "Customer - Direct",
    "Customer - Channel",
    "Channel Partner / Reseller",
    "Technology Partner",
    "Other",
)


def accounts(world: World, rows: Ints, last: pl.Series, chance: Chance) -> pl.DataFrame:
    """Columns the account frames of both systems need beside the text."""
    accounts = world.accounts[rows]
    parent_company = world.companies["parent"].gather(accounts["company"])
    wanted = pl.DataFrame({"company": parent_company.fill_null(-5), "org": accounts["org"]})
    parent = records.account_links(wanted, world.accounts, chance.of("parent"))
    parent = np.where(chance.of("known").hits(0.55, len(rows)), parent, -1)
    kind = chance.of("type").pick([46, 32, 5, 7, 4, 6], len(rows))
    return accounts.with_columns(
        optional(world.accounts["id"], parent).alias("parent_id"),
        pl.Series("parent_row", parent),
        pl.Series(_TYPES).gather(kind).alias("type"),
        pl.Series(["PROSPECT", None, None, "RESELLER", "PARTNER", "OTHER"]).gather(kind).alias("hubspot_type"),
        pl.Series(["lead", "customer", "customer", "other", "opportunity", "other"]).gather(kind).alias("lifecycle"),
        pl.Series("www", chance.of("www").hits(0.5, len(rows))),
        last.gather(rows).alias("last_activity"),
    )


def people(world: World, rows: Ints, last: pl.Series, chance: Chance) -> pl.DataFrame:
    skeleton = world.people[rows]
    return skeleton.with_columns(
        optional(world.accounts["id"], skeleton["account"].to_numpy()).alias("account_id"),
        last.gather(rows).alias("last_activity"),
        pl.Series("bounced", chance.of("bounced").hits(0.02, len(rows))),
    )
