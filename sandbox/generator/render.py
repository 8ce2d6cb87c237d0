"""From world to vendor frames: who links to what, activities, and every object of both systems."""

from __future__ import annotations

import numpy as np
import polars as pl

from sandbox.generator import activities, deals, hubspot, ids, records, salesforce, tables, text
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


def salesforce_org(world: World, org: int) -> tuple[Frames, pl.Series]:
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
    deal_ids = _spread(len(world.deals), chosen, opportunity_ids)
    account_row = _deal_accounts(world, chosen, org, chance.of("deal accounts"))
    roles = _roles(world, chosen, contacts, chance.of("roles"))
    acts = _activities(
        world, org, contacts, leads, chosen, account_row, opportunity_ids, users["Id"], chance.of("activities")
    )
    who_rows, account_rows, deal_rows = acts[2:5]
    people_last = last_days(*who_rows, len(world.people))
    account_last = last_days(*account_rows, len(world.accounts))
    deal_last = last_days(*deal_rows, len(chosen))
    frames: Frames = {"Organization": salesforce.organization(org, today, admin), "User": users, "Group": groups}
    frames["Account"] = _account_frame(world, accounts, account_last, users["Id"], chance.of("accounts"))
    frames["Contact"] = _contact_frame(world, contacts, people_last, users["Id"], chance.of("contacts"))
    frames["Lead"] = _lead_frame(world, leads, people_last, users["Id"], groups["Id"], chance.of("leads"))
    frames["LeadStatus"] = salesforce.lead_statuses(org)
    frames["OpportunityStage"] = salesforce.stages(org)
    campaigns, members, first_campaign = _campaigns(world, contacts, leads, org, admin, chance.of("campaigns"))
    frames["Opportunity"], frames["OpportunityHistory"] = _opportunities(
        world,
        chosen,
        opportunity_ids,
        account_row,
        deal_last,
        users["Id"],
        first_campaign,
        org,
        chance.of("opportunities"),
    )
    frames["OpportunityContactRole"] = _role_frame(
        world, chosen, opportunity_ids, roles, org, users["Id"], chance.of("role")
    )
    frames["Campaign"], frames["CampaignMember"] = campaigns, members
    frames["Task"], frames["Event"] = acts[0], acts[1]
    return frames, deal_ids


def _spread(n: int, rows: Ints, values: pl.Series) -> pl.Series:
    at = np.full(n, -1, dtype=np.int64)
    at[rows] = np.arange(len(rows))
    return (
        values.gather(pl.Series(at).replace(-1, None))
        if len(values)
        else pl.repeat(None, n, dtype=pl.String, eager=True)
    )


def _optional(ids_: pl.Series, rows: Ints) -> pl.Series:
    """The ids at the rows; null at row -1."""
    return (
        ids_.gather(pl.Series(rows).replace(-1, None))
        if len(ids_)
        else pl.repeat(None, len(rows), dtype=pl.String, eager=True)
    )


def _deal_accounts(world: World, chosen: Ints, org: int, chance: Chance) -> Ints:
    company = world.deals["company"].to_numpy()[chosen]
    wanted = pl.DataFrame({"company": company, "org": np.full(len(chosen), org)})
    return records.account_links(wanted, world.accounts, chance)


def _roles(world: World, chosen: Ints, contacts: Ints, chance: Chance) -> tuple[Ints, Ints]:
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
    what_person = _optional(world.accounts["id"], np.where(is_lead, -1, people["account"].to_numpy()[person]))
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


_TYPES = (
    "Prospect",
    "Customer - Direct",
    "Customer - Channel",
    "Channel Partner / Reseller",
    "Technology Partner",
    "Other",
)


def account_skeleton(world: World, rows: Ints, last: pl.Series, chance: Chance) -> pl.DataFrame:
    """Columns the account frames of both systems need beside the text."""
    accounts = world.accounts[rows]
    parent_company = world.companies["parent"].gather(accounts["company"])
    wanted = pl.DataFrame({"company": parent_company.fill_null(-5), "org": accounts["org"]})
    parent = records.account_links(wanted, world.accounts, chance.of("parent"))
    parent = np.where(chance.of("known").hits(0.55, len(rows)), parent, -1)
    kind = chance.of("type").pick([46, 32, 5, 7, 4, 6], len(rows))
    return accounts.with_columns(
        _optional(world.accounts["id"], parent).alias("parent_id"),
        pl.Series("parent_row", parent),
        pl.Series(_TYPES).gather(kind).alias("type"),
        pl.Series(["PROSPECT", None, None, "RESELLER", "PARTNER", "OTHER"]).gather(kind).alias("hubspot_type"),
        pl.Series(["lead", "customer", "customer", "other", "opportunity", "other"]).gather(kind).alias("lifecycle"),
        pl.Series("www", chance.of("www").hits(0.5, len(rows))),
        last.gather(rows).alias("last_activity"),
    )


def _account_frame(world: World, rows: Ints, last: pl.Series, user_ids: pl.Series, chance: Chance) -> pl.DataFrame:
    skeleton = account_skeleton(world, rows, last, chance)
    return salesforce.accounts(skeleton, world.accounts_said[rows], user_ids.gather(skeleton["owner"]), skeleton["id"])


def _person_skeleton(world: World, rows: Ints, last: pl.Series, chance: Chance) -> pl.DataFrame:
    skeleton = world.people[rows]
    return skeleton.with_columns(
        _optional(world.accounts["id"], skeleton["account"].to_numpy()).alias("account_id"),
        last.gather(rows).alias("last_activity"),
        pl.Series("bounced", chance.of("bounced").hits(0.02, len(rows))),
    )


def _contact_frame(world: World, rows: Ints, last: pl.Series, user_ids: pl.Series, chance: Chance) -> pl.DataFrame:
    skeleton = _person_skeleton(world, rows, last, chance)
    return salesforce.contacts(skeleton, world.people_said[rows], user_ids.gather(skeleton["owner"]), skeleton["id"])


def _lead_frame(
    world: World, rows: Ints, last: pl.Series, user_ids: pl.Series, queue_ids: pl.Series, chance: Chance
) -> pl.DataFrame:
    n = len(rows)
    skeleton = _person_skeleton(world, rows, last, chance)
    converted = skeleton["relation"].to_numpy() == records.CONVERTED
    source = np.where(converted, skeleton["source"].to_numpy(), -1)
    contact = world.people["account"].to_numpy()[np.maximum(source, 0)]
    contact_created = world.people["created"].to_numpy()[np.maximum(source, 0)]
    firm = np.maximum(skeleton["company"].to_numpy(), 0)
    knows = chance.of("knows").hits(0.35, n) & (skeleton["company"].to_numpy() >= 0)
    industry = tables.industries()["industry"].gather(world.companies["industry"].gather(firm))
    open_status = pl.Series([name for name, _ in salesforce.LEAD_STATUSES]).gather(
        chance.of("status").pick([48, 34, 0, 18], n)
    )
    skeleton = skeleton.with_columns(
        pl.when(pl.Series(converted)).then(pl.lit("Closed - Converted")).otherwise(open_status).alias("status"),
        _optional(world.people["id"], source).alias("converted_contact"),
        _optional(world.accounts["id"], np.where(converted, contact, -1)).alias("converted_account"),
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
    stage = made["stage"].to_numpy()
    listed = deals.STAGES
    owner = user_ids.gather(made["owner"])
    probability = pl.Series([float(row[2]) for row in listed]).gather(stage)
    modified = np.maximum(made["changed"].to_numpy(), made["created"].to_numpy())
    later = last.fill_null(0).to_numpy() * _DAY_MS
    frame = pl.DataFrame(
        [
            own.alias("Id"),
            made["name"].alias("Name"),
            _optional(world.accounts["id"], np.where(made["loses_account"].to_numpy(), -1, account_row)).alias(
                "AccountId"
            ),
            owner.alias("OwnerId"),
            pl.Series([row[0] for row in listed]).gather(stage).alias("StageName"),
            days(made["close"]).alias("CloseDate"),
            made["amount"].alias("Amount"),
            probability.alias("Probability"),
            (made["amount"] * probability / 100).round(2).alias("ExpectedRevenue"),
            pl.Series([row[3].replace(" ", "") for row in listed]).gather(stage).alias("ForecastCategory"),
            pl.Series([row[3] for row in listed]).gather(stage).alias("ForecastCategoryName"),
            pl.Series("IsClosed", stage >= deals.WON),
            pl.Series("IsWon", stage == deals.WON),
            made["next_step"].alias("NextStep"),
            pl.Series(["Web", "Phone Inquiry", "Partner Referral", "Purchased List", "Other", None])
            .gather(chance.of("source").pick([30, 12, 20, 8, 10, 20], n))
            .alias("LeadSource"),
            pl.Series("Type", np.where(made["is_new"].to_numpy(), "New Customer", "Existing Customer - Upgrade")),
            campaign.gather(chance.of("campaign").below(len(campaign), n))
            .zip_with(pl.Series(chance.of("has").hits(0.3, n)), pl.repeat(None, n, dtype=pl.String, eager=True))
            .alias("CampaignId"),
            salesforce.times(made["changed"]).alias("LastStageChangeDate"),
            made["pushes"].alias("PushCount"),
            days(last).alias("LastActivityDate"),
            *salesforce.stamps(
                made["created"].to_numpy(),
                np.maximum(modified, np.minimum(later, world.calendar.today * _DAY_MS)),
                owner,
            ),
        ]
    )
    return salesforce.shorten(frame, "Opportunity").sort("Id"), _history(made, own, owner, org, chance.of("history"))


def _history(made: pl.DataFrame, own: pl.Series, owner: pl.Series, org: int, chance: Chance) -> pl.DataFrame:
    rows = deals.history(made, chance)
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
            pl.Series([row[3].replace(" ", "") for row in listed]).gather(stage).alias("ForecastCategory"),
            text.only(same, rows["amount"].shift(1)).alias("PrevAmount"),
            text.only(same, close.shift(1)).alias("PrevCloseDate"),
            owner.gather(deal).alias("CreatedById"),
            salesforce.times(moment).alias("CreatedDate"),
            salesforce.times(moment).alias("SystemModstamp"),
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
        ]
    )


_CAMPAIGN_TYPES = ("Webinar", "Email", "Trade Show", "Conference", "Advertisement", "Partners")


def _campaigns(
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
            pl.Series(["Sent", "Responded", "Registered", "Attended"]).gather(status).alias("Status"),
            pl.Series("HasResponded", responded),
            days(pl.Series(np.where(responded, moment // _DAY_MS, -1)).replace(-1, None)).alias("FirstRespondedDate"),
            *salesforce.stamps(moment, moment, pl.repeat(admin, n, eager=True)),
        ]
    ).sort("Id")


def hubspot_portal(world: World) -> tuple[Frames, pl.Series]:
    """All objects of the portal, and for each deal its id there (null where it has none)."""
    chance, today = world.chance.of("hubspot"), world.calendar.today
    owners = hubspot.owners(world.users, today)
    people = np.flatnonzero(world.people["slot"].to_numpy() == records.HUBSPOT)
    accounts = np.flatnonzero(world.accounts["org"].to_numpy() == -1)
    chosen = np.flatnonzero(world.deals["in_hubspot"].to_numpy())
    made = world.deals[chosen]
    deal_own = hubspot.new_ids(made["created"].to_numpy(), chance.of("deal ids"), start=701)
    account_row = _deal_accounts(world, chosen, -1, chance.of("deal accounts"))
    account_row = np.where(made["loses_account"].to_numpy(), -1, account_row)
    roles = _roles(world, chosen, people, chance.of("roles"))
    frames, links, who, firm, deal = _engagements(
        world, people, chosen, deal_own, account_row, owners["id"], chance.of("engagements")
    )
    people_last, account_last, deal_last = (
        last_days(*who, len(world.people)),
        last_days(*firm, len(world.accounts)),
        last_days(*deal, len(chosen)),
    )
    skeleton = _person_skeleton(world, people, people_last, chance.of("contacts"))
    firm_skeleton = account_skeleton(world, accounts, account_last, chance.of("companies"))
    industry = tables.industries()["hubspot"].gather(
        world.companies["industry"].gather(world.accounts["company"].gather(accounts))
    )
    industry = pl.select(
        pl.when(world.accounts_said["industry"].gather(accounts).is_null()).then(None).otherwise(industry)
    ).to_series()
    modified = np.maximum(made["changed"].to_numpy(), deal_last.fill_null(0).to_numpy() * _DAY_MS)
    out: Frames = {
        "contacts": hubspot.contacts(
            skeleton, world.people_said[people], owners["id"].gather(skeleton["owner"]), skeleton["id"], chance.of("c")
        ),
        "companies": hubspot.companies(
            firm_skeleton,
            world.accounts_said[accounts],
            owners["id"].gather(firm_skeleton["owner"]),
            firm_skeleton["id"],
            industry,
        ),
        "deals": hubspot.deals(made, owners["id"].gather(made["owner"]), deal_own, deal_last, modified),
        **frames,
        "owners": owners,
        "pipelines": hubspot.pipelines(),
    }
    linked = np.flatnonzero(skeleton["account_id"].is_not_null().to_numpy())
    with_firm = np.flatnonzero(account_row >= 0)
    child = np.flatnonzero(firm_skeleton["parent_row"].to_numpy() >= 0)
    out["associations"] = pl.concat(
        [
            hubspot.links(
                ("contacts", "companies"), skeleton["id"].gather(linked), skeleton["account_id"].gather(linked)
            ),
            hubspot.links(
                ("deals", "companies"), deal_own.gather(with_firm), world.accounts["id"].gather(account_row[with_firm])
            ),
            hubspot.links(("deals", "contacts"), deal_own.gather(roles[0]), world.people["id"].gather(roles[1])),
            hubspot.family_links(firm_skeleton["parent_id"].gather(child), firm_skeleton["id"].gather(child)),
            *links,
        ]
    )
    return out, _spread(len(world.deals), chosen, deal_own)


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
