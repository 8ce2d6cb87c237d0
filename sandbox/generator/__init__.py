"""A labelled generator of dirty CRM data: a world of companies and persons, rendered into Salesforce and HubSpot.

`generate` makes it, `write` puts it on disk; `python -m sandbox.generator` does both.
"""

from __future__ import annotations

from datetime import date

import polars as pl

from sandbox.generator import orgs as org_world
from sandbox.generator import portal, register, truth, world
from sandbox.generator.chance import Chance
from sandbox.generator.dataset import Dataset, Frames, write, write_truth

__all__ = ["AS_OF", "Dataset", "generate", "write", "write_truth"]

AS_OF = date(2026, 11, 22)  # a fixed day, so that a call without one is repeatable


def generate(size: int, seed: int = 1, dirt: float = 1.0, as_of: date = AS_OF, orgs: int = 1) -> Dataset:
    """Two CRMs with `size` contacts (a few more) between them, and the truth about every record.

    `size` counts Salesforce Contacts of all orgs plus HubSpot contacts, duplicates included and test records not;
    leads (about a quarter as many), accounts (a tenth), deals (an eighth), activities and the rest come on top. `dirt`
    scales all rates: 0 is clean and without duplicates, 1 is an ordinary company, above 3 nobody would believe it.
    The same arguments give the same bytes in any process. No stamp lies after `as_of`; due and close dates may.
    """
    if size < 1 or dirt < 0 or orgs < 1:
        raise ValueError(f"size and orgs must be at least 1 and dirt at least 0, not {size}, {orgs} and {dirt}")
    made = world.build(size, seed, dirt, as_of, orgs)
    deal_ids: dict[tuple[str, int, str], pl.Series] = {}
    salesforce: list[Frames] = []
    for org in range(orgs):
        frames, ids = org_world.org_frames(made, org)
        salesforce.append(frames)
        deal_ids["salesforce", org, "Opportunity"] = ids
    hubspot, ids = portal.portal(made)
    deal_ids["hubspot", 0, "deals"] = ids
    gleif = register.entries(made.companies, Chance(seed, "register"))
    staff = [("salesforce", org, "User", frames["User"]["Id"]) for org, frames in enumerate(salesforce)]
    staff.append(("hubspot", 0, "owners", hubspot["owners"]["id"]))
    return Dataset(salesforce, hubspot, gleif, truth.told(made, deal_ids, staff))
