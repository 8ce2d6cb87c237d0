"""A Salesforce org as a whole: every object, with activities, deals and their history."""

from __future__ import annotations

import numpy as np
import polars as pl

from sandbox.generator import (
    activities,
    calendar,
    campaigns,
    deal_paths,
    deals,
    ids,
    logins,
    records,
    salesforce,
    seats,
    skeletons,
    tables,
    text,
    tracked,
)  # fmt: skip
from sandbox.generator.calendar import days
from sandbox.generator.chance import Chance, Ints
from sandbox.generator.dataset import Frames
from sandbox.generator.world import World, last_days

_DAY_MS = 86_400_000
_ROLES = (
    "Decision Maker",
    "Economic Buyer",
    "Business User",
    "Evaluator",
    "Influencer",
    "Technical Buyer",
    "Executive Sponsor",
)


def org_frames(world: World, org: int) -> tuple[Frames, pl.Series]:
    """All objects of one org, and for each deal its Opportunity Id there (null where it has none)."""
    chance = world.chance.of(f"org{org}")
    today = world.calendar.today
    users = salesforce.users(world.users, org, today)
    admin = str(users["Id"][0])
    groups = salesforce.groups(org, today, admin)
    contacts = np.flatnonzero(
        (world.people["slot"].to_numpy() == records.CONTACT) & (world.people["org"].to_numpy() == org)
    )
    leads = np.flatnonzero((world.people["slot"].to_numpy() == records.LEAD) & (world.people["org"].to_numpy() == org))
    accounts = np.flatnonzero(world.accounts["org"].to_numpy() == org)
    chosen = np.flatnonzero(world.deals["org"].to_numpy() == org)
    opportunity_ids = ids.salesforce("Opportunity", len(chosen), org, order=world.deals["created"].to_numpy()[chosen])
    deal_ids = skeletons.spread(len(world.deals), chosen, opportunity_ids)
    account_row = skeletons.accounts_of_deals(world, chosen, org, chance.of("deal accounts"))
    roles = skeletons.people_on_deals(world, chosen, contacts, chance.of("roles"))
    acts = _activities(
        world, org, contacts, leads, chosen, account_row, opportunity_ids, users["Id"], chance.of("activities")
    )
    who_rows, account_rows, deal_rows = acts[2:5]
    people_last = last_days(*who_rows, len(world.people))
    account_last = last_days(*account_rows, len(world.accounts))
    deal_last = last_days(*deal_rows, len(chosen))
    frames: Frames = {"Organization": salesforce.organization(org, today, admin), "Group": groups}
    frames |= seats.frames(world.users, users, org, today, chance.of("seats"))
    frames |= salesforce.queues(groups, users["Id"], org)
    frames["LoginHistory"] = logins.history(world.users, users["Id"], org, today, chance.of("logins"))
    frames["Account"] = _account_frame(world, accounts, account_last, users["Id"], chance.of("accounts"))
    frames["Contact"] = _contact_frame(world, contacts, people_last, users["Id"], chance.of("contacts"))
    frames["Lead"] = _lead_frame(world, leads, people_last, users["Id"], groups["Id"], chance.of("leads"))
    frames["LeadStatus"] = salesforce.lead_statuses(org)
    frames["OpportunityStage"] = salesforce.stages(org)
    run, members, campaign_ids = campaigns.run(world, contacts, leads, org, admin, chance.of("campaigns"))
    frames["Opportunity"], frames["OpportunityHistory"] = _opportunities(
        world,
        chosen,
        opportunity_ids,
        account_row,
        deal_last,
        users["Id"],
        campaign_ids,
        org,
        chance.of("opportunities"),
    )
    frames["OpportunityContactRole"] = _role_frame(
        world, chosen, opportunity_ids, roles, org, users["Id"], chance.of("role")
    )
    frames |= tracked.changes(frames["OpportunityHistory"], org, today)
    frames["Campaign"], frames["CampaignMember"] = run, members
    frames["CampaignMemberStatus"] = campaigns.statuses(run, org)
    frames["Task"], frames["Event"] = acts[0], acts[1]
    return frames, deal_ids


def _activities(
    world: World,
    org: int,
    contacts: Ints,
    leads: Ints,
    chosen: Ints,
    account_row: Ints,
    deal_ids: pl.Series,
    user_ids: pl.Series,
    chance: Chance,
) -> tuple[pl.DataFrame, pl.DataFrame, tuple[Ints, Ints], tuple[Ints, Ints], tuple[Ints, Ints]]:
    """Tasks, events, and (rows, moments) of the persons, accounts and deals they touch."""
    people, made = world.people, world.deals
    whom = np.concatenate([contacts, leads])
    end = np.full(len(people), world.calendar.today * _DAY_MS - 3_600_000)
    person, p_when = activities.planned(
        len(whom), 0.4, people["created"].to_numpy()[whom], end[whom], chance.of("people")
    )
    person = whom[person]
    deal, d_when = activities.planned(
        len(chosen), 1.6, made["created"].to_numpy()[chosen], made["changed"].to_numpy()[chosen], chance.of("deals")
    )
    account = np.concatenate([people["account"].to_numpy()[person], account_row[deal]])
    is_lead = people["slot"].to_numpy()[person] == records.LEAD
    what_person = skeletons.optional(world.accounts["id"], np.where(is_lead, -1, people["account"].to_numpy()[person]))
    none = pl.repeat(None, len(deal), dtype=pl.String, eager=True)
    who = pl.concat([people["id"].gather(person), none])
    what = pl.concat([what_person.alias("x"), deal_ids.gather(deal).alias("x")])
    owner = user_ids.gather(
        np.concatenate([people["owner"].to_numpy()[person], made["owner"].to_numpy()[chosen][deal]])
    )
    moment = np.concatenate([p_when, d_when])
    meeting = chance.of("meeting").hits(0.18, len(moment))
    rows = np.flatnonzero(~meeting), np.flatnonzero(meeting)
    today = world.calendar.today
    tasks, events = (
        maker(who.gather(at), what.gather(at), owner.gather(at), moment[at], today, org, chance.of(name))
        for maker, at, name in ((activities.tasks, rows[0], "tasks"), (activities.events, rows[1], "events"))
    )
    with_account = account >= 0
    return tasks, events, (person, p_when), (account[with_account], moment[with_account]), (deal, d_when)


def _account_frame(world: World, rows: Ints, last: pl.Series, user_ids: pl.Series, chance: Chance) -> pl.DataFrame:
    skeleton = skeletons.accounts(world, rows, last, chance)
    return salesforce.accounts(skeleton, world.accounts_said[rows], user_ids.gather(skeleton["owner"]), skeleton["id"])


def _contact_frame(world: World, rows: Ints, last: pl.Series, user_ids: pl.Series, chance: Chance) -> pl.DataFrame:
    skeleton = skeletons.people(world, rows, last, chance)
    return salesforce.contacts(skeleton, world.people_said[rows], user_ids.gather(skeleton["owner"]), skeleton["id"])


def _lead_frame(
    world: World, rows: Ints, last: pl.Series, user_ids: pl.Series, queue_ids: pl.Series, chance: Chance
) -> pl.DataFrame:
    n = len(rows)
    skeleton = skeletons.people(world, rows, last, chance)
    converted = skeleton["relation"].to_numpy() == records.CONVERTED
    source = np.where(converted, skeleton["source"].to_numpy(), -1)
    contact = world.people["true_account"].to_numpy()[np.maximum(source, 0)]
    contact_created = world.people["created"].to_numpy()[np.maximum(source, 0)]
    firm = np.maximum(skeleton["company"].to_numpy(), 0)
    knows = chance.of("knows").hits(0.35, n) & (skeleton["company"].to_numpy() >= 0)
    industry = tables.industries()["industry"].gather(world.companies["industry"].gather(firm))
    open_status = pl.Series([name for name, _ in salesforce.LEAD_STATUSES]).gather(
        chance.of("status").pick([48, 34, 0, 18], n)
    )
    skeleton = skeleton.with_columns(
        pl.when(pl.Series(converted)).then(pl.lit("Closed - Converted")).otherwise(open_status).alias("status"),
        skeletons.optional(world.people["id"], source).alias("converted_contact"),
        skeletons.optional(world.accounts["id"], np.where(converted, contact, -1)).alias("converted_account"),
        pl.Series("converted_day", np.where(converted, contact_created // _DAY_MS, -1)).replace(-1, None),
        pl.when(pl.Series(knows)).then(industry).otherwise(None).alias("industry"),
        pl.when(pl.Series(knows)).then(world.companies["employees"].gather(firm)).otherwise(None).alias("employees"),
        pl.when(pl.Series(knows)).then(world.companies["revenue"].gather(firm)).otherwise(None).alias("revenue"),
    )
    creator = user_ids.gather(skeleton["owner"])
    queued = chance.of("queued").hits(0.06, n) & ~converted
    owner = queue_ids.gather(chance.of("queue").below(len(queue_ids), n)).zip_with(pl.Series(queued), creator)
    return salesforce.leads(skeleton, world.people_said[rows], owner, creator, skeleton["id"])


def _opportunities(
    world: World,
    chosen: Ints,
    own: pl.Series,
    account_row: Ints,
    last: pl.Series,
    user_ids: pl.Series,
    campaign: pl.Series,
    org: int,
    chance: Chance,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    made = world.deals[chosen]
    n = len(made)
    owner = user_ids.gather(made["owner"])
    modified = np.maximum(made["changed"].to_numpy(), made["created"].to_numpy())
    later = last.fill_null(0).to_numpy() * _DAY_MS
    frame = pl.DataFrame(
        [
            own.alias("Id"),
            made["name"].alias("Name"),
            skeletons.optional(world.accounts["id"], np.where(made["loses_account"].to_numpy(), -1, account_row)).alias(
                "AccountId"
            ),
            owner.alias("OwnerId"),
            *_forecast(made),
            days(made["close"]).alias("CloseDate"),
            made["next_step"].alias("NextStep"),
            pl.Series(["Web", "Phone Inquiry", "Partner Referral", "Purchased List", "Other", None])
            .gather(chance.of("source").pick([30, 12, 20, 8, 10, 20], n))
            .alias("LeadSource"),
            pl.Series("Type", np.where(made["is_new"].to_numpy(), "New Customer", "Existing Customer - Upgrade")),
            campaign.gather(chance.of("campaign").below(len(campaign), n))
            .zip_with(pl.Series(chance.of("has").hits(0.3, n)), pl.repeat(None, n, dtype=pl.String, eager=True))
            .alias("CampaignId"),
            calendar.times(made["changed"]).alias("LastStageChangeDate"),
            made["pushes"].alias("PushCount"),
            days(last).alias("LastActivityDate"),
            *salesforce.stamps(
                made["created"].to_numpy(),
                np.maximum(modified, np.minimum(later, world.calendar.today * _DAY_MS)),
                owner,
            ),
            salesforce.alive(n),
        ]
    )
    return salesforce.shorten(frame, "Opportunity").sort("Id"), _history(world, own, owner, org)


def _forecast(made: pl.DataFrame) -> list[pl.Series]:
    """Stage, amount and what follows from the two."""
    stage, listed = made["stage"].to_numpy(), deals.STAGES
    probability = pl.Series([float(row[2]) for row in listed]).gather(stage)
    return [
        pl.Series([row[0] for row in listed]).gather(stage).alias("StageName"),
        made["amount"].alias("Amount"),
        probability.alias("Probability"),
        (made["amount"] * probability / 100).round(2).alias("ExpectedRevenue"),
        pl.Series([deals.forecast_code(row[3]) for row in listed]).gather(stage).alias("ForecastCategory"),
        pl.Series([row[3] for row in listed]).gather(stage).alias("ForecastCategoryName"),
        pl.Series("IsClosed", stage >= deals.WON),
        pl.Series("IsWon", stage == deals.WON),
    ]


def _history(world: World, own: pl.Series, owner: pl.Series, org: int) -> pl.DataFrame:
    rows = deal_paths.of_org(world, org)
    deal, stage, moment = rows["deal"].to_numpy(), rows["stage"].to_numpy(), rows["moment"].to_numpy()
    listed = deals.STAGES
    probability = pl.Series([float(row[2]) for row in listed]).gather(stage)
    close = days(rows["close"])
    same = pl.Series(np.concatenate([[False], deal[1:] == deal[:-1]]) if len(deal) else np.zeros(0, dtype=bool))
    return pl.DataFrame(
        [
            ids.salesforce("OpportunityHistory", len(deal), org),
            own.gather(deal).alias("OpportunityId"),
            pl.Series([row[0] for row in listed]).gather(stage).alias("StageName"),
            rows["amount"].alias("Amount"),
            (rows["amount"] * probability / 100).round(2).alias("ExpectedRevenue"),
            close.alias("CloseDate"),
            probability.alias("Probability"),
            pl.Series([deals.forecast_code(row[3]) for row in listed]).gather(stage).alias("ForecastCategory"),
            text.only(same, rows["amount"].shift(1)).alias("PrevAmount"),
            text.only(same, close.shift(1)).alias("PrevCloseDate"),
            owner.gather(deal).alias("CreatedById"),
            calendar.times(moment).alias("CreatedDate"),
            calendar.times(moment).alias("SystemModstamp"),
            pl.repeat(False, len(deal), eager=True).alias("IsDeleted"),
        ]
    )


def _role_frame(
    world: World, chosen: Ints, own: pl.Series, roles: tuple[Ints, Ints], org: int, user_ids: pl.Series, chance: Chance
) -> pl.DataFrame:
    deal, person = roles
    order = np.argsort(deal, kind="stable")
    deal, person = deal[order], person[order]
    n = len(deal)
    created = world.deals["created"].to_numpy()[chosen][deal] + 60_000
    first = np.concatenate([[True], deal[1:] != deal[:-1]]) if n else np.zeros(0, dtype=bool)
    owner = user_ids.gather(world.deals["owner"].gather(chosen[deal]))
    return pl.DataFrame(
        [
            ids.salesforce("OpportunityContactRole", n, org),
            own.gather(deal).alias("OpportunityId"),
            world.people["id"].gather(person).alias("ContactId"),
            pl.Series([*_ROLES, None]).gather(chance.below(len(_ROLES) + 1, n)).alias("Role"),
            pl.Series("IsPrimary", first),
            *salesforce.stamps(created, created, owner),
            salesforce.alive(n),
        ]
    )
