"""Campaigns of a Salesforce org and who was in them."""

from __future__ import annotations

import numpy as np
import polars as pl

from sandbox.generator import ids, records, salesforce, text
from sandbox.generator.calendar import days
from sandbox.generator.chance import Chance, Ints
from sandbox.generator.world import World

_DAY_MS = 86_400_000
# Label and whether who has it counts as having responded; the first is the default.
STATUSES = (("Sent", False), ("Responded", True), ("Registered", True), ("Attended", True))
_CAMPAIGN_TYPES = ("Webinar", "Email", "Trade Show", "Conference", "Advertisement", "Partners")


def run(
    world: World, contacts: Ints, leads: Ints, org: int, admin: str, chance: Chance
) -> tuple[pl.DataFrame, pl.DataFrame, pl.Series]:
    today = world.calendar.today
    n = max(5, min(len(contacts) // 2500, 150))
    age = np.sort(chance.of("age").below(1500, n))[::-1] + 5
    start = today - age
    kind = pl.Series(_CAMPAIGN_TYPES).gather(chance.of("type").below(len(_CAMPAIGN_TYPES), n))
    moment = (start - 20) * _DAY_MS + 36_000_000
    own = ids.salesforce("Campaign", n, org)
    name = pl.DataFrame({"k": kind, "d": days(start), "i": np.arange(1, n + 1)}).select(
        pl.concat_str("k", pl.lit(" "), pl.col("d").dt.strftime("%Y-%m"), pl.lit(" #"), pl.col("i").cast(pl.String))
    )
    whom = np.concatenate([contacts, leads])
    joined, campaign = [], []
    for turn, share in enumerate((0.22, 0.08)):
        rows = chance.of(f"join{turn}").some(np.arange(len(whom)), share)
        joined.append(rows)
        campaign.append((chance.of(f"which{turn}").below(n // 2, len(rows)) * 2 + turn) % n)
    person, into = whom[np.concatenate(joined)], np.concatenate(campaign)
    keep = world.people["created"].to_numpy()[person] < (today - 2) * _DAY_MS
    members = _members(world, person[keep], into[keep], own, start, org, admin, chance.of("members"))
    lead_count = np.bincount(into[keep][world.people["slot"].to_numpy()[person[keep]] == records.LEAD], minlength=n)
    frame = pl.DataFrame(
        [
            own,
            name.to_series().alias("Name"),
            kind.alias("Type"),
            pl.Series("Status", np.where(age < 30, "In Progress", "Completed")),
            days(start).alias("StartDate"),
            days(start + 14).alias("EndDate"),
            pl.Series("IsActive", age < 30),
            pl.Series("BudgetedCost", chance.of("cost").below(40, n) * 500.0),
            pl.Series("ActualCost", chance.of("spent").below(40, n) * 480.0),
            pl.Series("NumberOfLeads", lead_count),
            pl.Series("NumberOfContacts", np.bincount(into[keep], minlength=n) - lead_count),
            pl.repeat(admin, n, eager=True).alias("OwnerId"),
            *salesforce.stamps(moment, moment, pl.repeat(admin, n, eager=True)),
            salesforce.alive(n),
        ]
    )
    return frame, members, own


def _members(
    world: World, person: Ints, campaign: Ints, own: pl.Series, start: Ints, org: int, admin: str, chance: Chance
) -> pl.DataFrame:
    n = len(person)
    is_lead = pl.Series(world.people["slot"].to_numpy()[person] == records.LEAD)
    who = world.people["id"].gather(person)
    begun = np.maximum(start[campaign] * _DAY_MS, world.people["created"].to_numpy()[person])
    moment = np.minimum(begun + chance.of("late").below(5 * _DAY_MS, n), world.calendar.today * _DAY_MS)
    status = chance.of("status").pick([62, 18, 12, 8], n)
    responded = status > 0
    return pl.DataFrame(
        [
            ids.salesforce("CampaignMember", n, org, order=moment),
            own.gather(campaign).alias("CampaignId"),
            text.only(is_lead, who).alias("LeadId"),
            text.only(~is_lead, who).alias("ContactId"),
            who.alias("LeadOrContactId"),
            pl.Series([label for label, _ in STATUSES]).gather(status).alias("Status"),
            pl.Series("HasResponded", responded),
            days(pl.Series(np.where(responded, moment // _DAY_MS, -1)).replace(-1, None)).alias("FirstRespondedDate"),
            *salesforce.stamps(moment, moment, pl.repeat(admin, n, eager=True)),
            salesforce.alive(n),
        ]
    ).sort("Id")


def statuses(campaigns: pl.DataFrame, org: int) -> pl.DataFrame:
    """The list of statuses of each campaign, alike for all."""
    n, each = len(campaigns), len(STATUSES)
    campaign, place = np.repeat(np.arange(n), each), np.tile(np.arange(each), n)
    made = [campaigns[name].gather(campaign) for name in ("CreatedDate", "CreatedById")]
    return pl.DataFrame(
        [
            ids.salesforce("CampaignMemberStatus", n * each, org),
            campaigns["Id"].gather(campaign).alias("CampaignId"),
            pl.Series([label for label, _ in STATUSES]).gather(place).alias("Label"),
            pl.Series("SortOrder", place + 1),
            pl.Series("IsDefault", place == 0),
            pl.Series("HasResponded", [responded for _, responded in STATUSES]).gather(place),
            *made,
            made[0].alias("LastModifiedDate"),
            made[0].alias("SystemModstamp"),
            made[1].alias("LastModifiedById"),
            salesforce.alive(n * each),
        ]
    )
