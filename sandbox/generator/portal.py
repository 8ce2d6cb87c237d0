"""The HubSpot portal as a whole: every object, engagements, and associations in both directions."""

from __future__ import annotations

import numpy as np
import polars as pl

from sandbox.generator import (
    activities,
    deal_history,
    deal_paths,
    hubspot,
    portal_forms,
    portal_logins,
    portal_sources,
    records,
    skeletons,
    tables,
    text,
)  # fmt: skip
from sandbox.generator.chance import Chance, Ints
from sandbox.generator.dataset import Frames
from sandbox.generator.world import World, last_days

_DAY_MS = 86_400_000


def portal(world: World) -> tuple[Frames, pl.Series]:
    """All objects of the portal, and for each deal its id there (null where it has none)."""
    chance, today = world.chance.of("hubspot"), world.calendar.today
    owners = hubspot.owners(world.users, today)
    users = owners["userId"]
    people = np.flatnonzero(world.people["slot"].to_numpy() == records.HUBSPOT)
    accounts = np.flatnonzero(world.accounts["org"].to_numpy() == -1)
    chosen = np.flatnonzero(world.deals["in_hubspot"].to_numpy())
    made = world.deals[chosen]
    deal_own = hubspot.new_ids(made["created"].to_numpy(), chance.of("deal ids"), start=701)
    account_row = skeletons.accounts_of_deals(world, chosen, -1, chance.of("deal accounts"))
    account_row = np.where(made["loses_account"].to_numpy(), -1, account_row)
    roles = skeletons.people_on_deals(world, chosen, people, chance.of("roles"))
    frames, links, who, firm, deal = _engagements(
        world, people, chosen, deal_own, account_row, owners["id"], chance.of("engagements")
    )
    people_last, account_last, deal_last = (
        last_days(*who, len(world.people)),
        last_days(*firm, len(world.accounts)),
        last_days(*deal, len(chosen)),
    )
    skeleton = skeletons.people(world, people, people_last, chance.of("contacts"))
    firm_skeleton = skeletons.accounts(world, accounts, account_last, chance.of("companies"))
    forms, traces = portal_forms.submissions(
        skeleton, world.people_said[people], world.hands, today, chance.of("forms")
    )
    skeleton = skeleton.with_columns(_latest(skeleton["modified"], traces))
    path = deal_paths.of_portal(world, chosen)
    modified = np.maximum(made["changed"].to_numpy(), deal_last.fill_null(0).to_numpy() * _DAY_MS)
    out: Frames = {
        "contacts": hubspot.contacts(
            skeleton,
            world.people_said[people],
            owners["id"].gather(skeleton["owner"]),
            skeleton["id"],
            [*traces, *portal_sources.columns(skeleton["hand"].to_numpy(), world.hands, users)],
            chance.of("c"),
        ),
        "companies": hubspot.companies(
            firm_skeleton,
            world.accounts_said[accounts],
            owners["id"].gather(firm_skeleton["owner"]),
            firm_skeleton["id"],
            _industries(world, accounts),
            portal_sources.columns(firm_skeleton["hand"].to_numpy(), world.hands, users),
        ),
        "deals": hubspot.deals(
            made, owners["id"].gather(made["owner"]), deal_own, deal_last, modified, deal_history.since(path, len(made))
        ),
        **frames,
        "owners": owners,
        "pipelines": hubspot.pipelines(),
        "history": deal_history.rows(path, deal_own, users.gather(made["owner"])),
        "logins": portal_logins.logins(world.users, users, today, chance.of("logins")),
        "forms": portal_forms.forms(today),
        "submissions": forms,
    }
    out["associations"] = pl.concat(
        [
            *_company_links(world, skeleton, firm_skeleton, deal_own, account_row),
            hubspot.links(("deals", "contacts"), deal_own.gather(roles[0]), world.people["id"].gather(roles[1])),
            *links,
        ]
    )
    return out, skeletons.spread(len(world.deals), chosen, deal_own)


def _latest(modified: pl.Series, traces: list[pl.Series]) -> pl.Series:
    """When each contact was last touched, a form filled in being a touch."""
    recent = next(one for one in traces if one.name == "recent_conversion_date").dt.epoch("ms")
    return pl.Series("modified", np.maximum(modified.to_numpy(), recent.fill_null(0).to_numpy()))


def _industries(world: World, accounts: Ints) -> pl.Series:
    """HubSpot's code for the industry of each company, where the record says one at all."""
    codes = tables.industries()["hubspot"].gather(
        world.companies["industry"].gather(world.accounts["company"].gather(accounts))
    )
    return text.only(world.accounts_said["industry"].gather(accounts).is_not_null(), codes)


def _company_links(
    world: World, people: pl.DataFrame, firms: pl.DataFrame, deal_own: pl.Series, account_row: Ints
) -> list[pl.DataFrame]:
    """People and deals with their companies, and companies with their parents."""
    linked = np.flatnonzero(people["account_id"].is_not_null().to_numpy())
    with_firm = np.flatnonzero(account_row >= 0)
    child = np.flatnonzero(firms["parent_row"].to_numpy() >= 0)
    deal_firms = world.accounts["id"].gather(account_row[with_firm])
    return [
        hubspot.links(("contacts", "companies"), people["id"].gather(linked), people["account_id"].gather(linked)),
        hubspot.links(("deals", "companies"), deal_own.gather(with_firm), deal_firms),
        hubspot.family_links(firms["parent_id"].gather(child), firms["id"].gather(child)),
    ]


def _engagements(
    world: World,
    people: Ints,
    chosen: Ints,
    deal_own: pl.Series,
    account_row: Ints,
    owner_ids: pl.Series,
    chance: Chance,
) -> tuple[Frames, list[pl.DataFrame], tuple[Ints, Ints], tuple[Ints, Ints], tuple[Ints, Ints]]:
    """Engagements with their associations, and (rows, moments) of the persons, companies and deals they touch."""
    made = world.deals[chosen]
    end = np.full(len(people), world.calendar.today * _DAY_MS - 3_600_000)
    person, p_when = activities.planned(
        len(people), 0.35, world.people["created"].to_numpy()[people], end, chance.of("people")
    )
    deal, d_when = activities.planned(
        len(chosen), 1.4, made["created"].to_numpy(), made["changed"].to_numpy(), chance.of("deals")
    )
    moment = np.concatenate([p_when, d_when])
    owner = np.concatenate([world.people["owner"].to_numpy()[people][person], made["owner"].to_numpy()[deal]])
    kind = chance.of("kind").pick([18, 38, 14, 18, 12], len(moment))
    account = np.concatenate([world.people["account"].to_numpy()[people][person], account_row[deal]])
    frames: Frames = {}
    links = []
    for code, name in enumerate(activities.ENGAGEMENTS):
        rows = np.flatnonzero(kind == code)
        own = hubspot.new_ids(moment[rows], chance.of(f"{name} ids"), start=2_000 + code * 7)
        frames[name] = activities.engagement(name, owner_ids.gather(owner[rows]), moment[rows], own, chance.of(name))
        with_person = np.flatnonzero(rows < len(person))
        with_deal = np.flatnonzero(rows >= len(person))
        with_firm = np.flatnonzero(account[rows] >= 0)
        links += [
            hubspot.links(
                ("contacts", name),
                world.people["id"].gather(people[person[rows[with_person]]]),
                own.gather(with_person),
            ),
            hubspot.links(("deals", name), deal_own.gather(deal[rows[with_deal] - len(person)]), own.gather(with_deal)),
            hubspot.links(
                ("companies", name), world.accounts["id"].gather(account[rows[with_firm]]), own.gather(with_firm)
            ),
        ]
    has = account >= 0
    return frames, links, (people[person], p_when), (account[has], moment[has]), (deal, d_when)
