"""The world as a HubSpot portal holds it: internal property names, numeric ids, associations in both directions."""

from __future__ import annotations

import numpy as np
import polars as pl

from sandbox.generator import deals as deal_world
from sandbox.generator import ids, text
from sandbox.generator.calendar import times
from sandbox.generator.chance import Chance, Ints

# (from, to): (type, type back, primary type, primary type back); None where the pair has no primary.
LINK_TYPES: dict[tuple[str, str], tuple[int, int, int | None, int | None]] = {
    ("contacts", "companies"): (279, 280, 1, 2),
    ("deals", "contacts"): (3, 4, None, None),
    ("deals", "companies"): (341, 342, 5, 6),
    **{
        (source, target): (first + step, first + step + 1, None, None)
        for source, first in (("contacts", 193), ("companies", 181), ("deals", 205))
        for target, step in (("calls", 0), ("emails", 4), ("meetings", 6), ("notes", 8), ("tasks", 10))
    },
}
PARENT_TO_CHILD, CHILD_TO_PARENT = 13, 14
_SOURCES = {
    "Web": "ORGANIC_SEARCH",
    "Phone Inquiry": "OFFLINE",
    "Partner Referral": "REFERRALS",
    "Purchased List": "OFFLINE",
    "Other": "DIRECT_TRAFFIC",
}
_LIFECYCLE = ("subscriber", "lead", "marketingqualifiedlead", "salesqualifiedlead", "opportunity", "customer", "other")
_LIFECYCLE_WEIGHTS = (12, 34, 18, 10, 9, 14, 3)
_LEAD_STATUS = ("NEW", "OPEN", "IN_PROGRESS", "ATTEMPTED_TO_CONTACT", "CONNECTED", "UNQUALIFIED", "BAD_TIMING")


def owners(staff: pl.DataFrame, today: int) -> pl.DataFrame:
    """Owner rows; those of leavers are archived on the day they left. The first one administers the portal."""
    n = len(staff)
    created = (today - staff["age"].to_numpy()) * 86_400_000 + 36_000_000
    left = (today - staff["seen"].to_numpy()) * 86_400_000 + 64_000_000
    number = np.arange(n)
    return pl.DataFrame(
        {
            "id": pl.Series(31_000_217 + number * 137).cast(pl.String),
            "email": staff["email"],
            "firstName": staff["given"],
            "lastName": staff["family"],
            "userId": pl.Series(5_100_043 + number * 61).cast(pl.String),
            "type": ["PERSON"] * n,
            "archived": ~staff["is_active"],
            "createdAt": times(created),
            "updatedAt": times(np.where(staff["is_active"].to_numpy(), created, np.maximum(left, created))),
            "team": staff["department"],
            "jobTitle": staff["role"],
            "superAdmin": number == 0,
        }
    )


def pipelines() -> pl.DataFrame:
    """The deal pipeline, one row per stage."""
    labels = (
        "Appointment Scheduled",
        "Qualified To Buy",
        "Presentation Scheduled",
        "Decision Maker Bought-In",
        "Contract Sent",
        "Closed Won",
        "Closed Lost",
    )
    return pl.DataFrame(
        {
            "object": ["deals"] * len(labels),
            "pipeline_id": ["default"] * len(labels),
            "pipeline_label": ["Sales Pipeline"] * len(labels),
            "id": [stage[1] for stage in deal_world.STAGES],
            "label": list(labels),
            "display_order": list(range(len(labels))),
            "probability": [stage[2] / 100 for stage in deal_world.STAGES],
            "is_closed": [code >= deal_world.WON for code in range(len(labels))],
        }
    )


def contacts(
    skeleton: pl.DataFrame,
    said: pl.DataFrame,
    owner_ids: pl.Series,
    own: pl.Series,
    more: list[pl.Series],
    chance: Chance,
) -> pl.DataFrame:
    """`more` are columns that are made elsewhere."""
    n = len(own)
    stage = pl.Series(_LIFECYCLE).gather(chance.of("stage").pick(_LIFECYCLE_WEIGHTS, n))
    status = pl.Series([*_LEAD_STATUS, None]).gather(chance.of("status").pick([14, 12, 10, 10, 9, 6, 3, 36], n))
    frame = pl.DataFrame(
        [
            own.alias("id"),
            said["email"].alias("email"),
            said["given"].alias("firstname"),
            said["family"].alias("lastname"),
            said["salutation"].alias("salutation"),
            said["phone"].alias("phone"),
            said["mobile"].alias("mobilephone"),
            said["company"].alias("company"),
            said["title"].alias("jobtitle"),
            said["department"].alias("department"),
            said["website"].alias("website"),
            said["street"].alias("address"),
            said["city"].alias("city"),
            said["state"].alias("state"),
            said["postal"].alias("zip"),
            said["country"].alias("country"),
            stage.alias("lifecyclestage"),
            status.alias("hs_lead_status"),
            owner_ids.alias("hubspot_owner_id"),
            skeleton["account_id"].alias("associatedcompanyid"),
            said["opt_out"].alias("hs_email_optout"),
            said["lead_source"]
            .replace_strict(_SOURCES, default=None, return_dtype=pl.String)
            .alias("hs_analytics_source"),
            skeleton["bounced"].cast(pl.Float64).alias("hs_email_bounce"),
            times(skeleton["last_activity"].cast(pl.Int64) * 86_400_000).alias("notes_last_updated"),
            times(skeleton["created"]).alias("createdate"),
            times(skeleton["modified"]).alias("lastmodifieddate"),
            *more,
        ]
    )
    return _by_id(frame)


def companies(
    skeleton: pl.DataFrame,
    said: pl.DataFrame,
    owner_ids: pl.Series,
    own: pl.Series,
    industries: pl.Series,
    more: list[pl.Series],
) -> pl.DataFrame:
    website = said.select(
        pl.when(skeleton["www"] & ~pl.col("domain").str.contains("/|www"))
        .then(pl.concat_str(pl.lit("https://www."), "domain"))
        .otherwise("domain")
    ).to_series()
    frame = pl.DataFrame(
        [
            own.alias("id"),
            said["name"].alias("name"),
            said["domain"].alias("domain"),
            website.alias("website"),
            said["phone"].alias("phone"),
            said["street"].alias("address"),
            said["city"].alias("city"),
            said["state"].alias("state"),
            said["postal"].alias("zip"),
            said["country"].alias("country"),
            industries.alias("industry"),
            said["employees"].cast(pl.Float64).alias("numberofemployees"),
            said["revenue"].cast(pl.Float64).alias("annualrevenue"),
            skeleton["hubspot_type"].alias("type"),
            skeleton["lifecycle"].alias("lifecyclestage"),
            owner_ids.alias("hubspot_owner_id"),
            skeleton["parent_id"].alias("hs_parent_company_id"),
            said["legal_name"].alias("legal_name"),
            said["lei"].alias("lei"),
            said["registration"].alias("registration_number"),
            times(skeleton["last_activity"].cast(pl.Int64) * 86_400_000).alias("notes_last_updated"),
            times(skeleton["created"]).alias("createdate"),
            times(skeleton["modified"]).alias("hs_lastmodifieddate"),
            *more,
        ]
    )
    return _by_id(frame)


def deals(
    frame: pl.DataFrame, owner_ids: pl.Series, own: pl.Series, last_activity: pl.Series, modified: Ints, entered: Ints
) -> pl.DataFrame:
    """`entered`: since when each is in its stage (ms)."""
    stage = frame["stage"].to_numpy()
    listed = deal_world.STAGES
    closed, won = stage >= deal_world.WON, stage == deal_world.WON
    probability = pl.Series([row[2] / 100 for row in listed]).gather(stage)
    forecast = pl.Series(
        [{"Omitted": "OMIT", "Best Case": "BEST_CASE"}.get(row[3], row[3].upper()) for row in listed]
    ).gather(stage)
    made = pl.DataFrame(
        [
            own.alias("id"),
            frame["name"].alias("dealname"),
            pl.repeat("default", len(own), eager=True).alias("pipeline"),
            pl.Series([row[1] for row in listed]).gather(stage).alias("dealstage"),
            frame["amount"].alias("amount"),
            pl.repeat("USD", len(own), eager=True).alias("deal_currency_code"),
            times(frame["close"].to_numpy() * 86_400_000 + 43_200_000).alias("closedate"),
            pl.Series("dealtype", np.where(frame["is_new"].to_numpy(), "newbusiness", "existingbusiness")),
            owner_ids.alias("hubspot_owner_id"),
            pl.Series("hs_is_closed", closed),
            pl.Series("hs_is_closed_won", won),
            probability.alias("hs_deal_stage_probability"),
            forecast.alias("hs_manual_forecast_category"),
            frame["next_step"].alias("hs_next_step"),
            text.only(stage == deal_world.LOST, "Price").alias("closed_lost_reason"),
            times(entered).alias("hs_v2_date_entered_current_stage"),
            pl.Series("hs_num_times_closedate_pushed", frame["pushes"]).cast(pl.Float64),
            times(last_activity.cast(pl.Int64) * 86_400_000).alias("notes_last_updated"),
            times(frame["created"]).alias("createdate"),
            times(modified).alias("hs_lastmodifieddate"),
        ]
    )
    return _by_id(made)


def _by_id(frame: pl.DataFrame) -> pl.DataFrame:
    """In numeric order of id, as the portal lists them."""
    return frame.sort(pl.col("id").cast(pl.Int64))


def links(
    pair: tuple[str, str], source: pl.Series, target: pl.Series, *, primary: np.ndarray | None = None
) -> pl.DataFrame:
    """Association rows of one pair of objects, both directions; rows with `primary` carry the primary type too."""
    there, back, first, first_back = LINK_TYPES[pair]
    parts = [_directed(pair, source, target, there, back)]
    if first is not None and first_back is not None:
        mask = np.ones(len(source), dtype=bool) if primary is None else primary
        parts.append(_directed(pair, source.filter(pl.Series(mask)), target.filter(pl.Series(mask)), first, first_back))
    return pl.concat(parts)


def family_links(parent: pl.Series, child: pl.Series) -> pl.DataFrame:
    """Parent and child companies, both directions."""
    return _directed(("companies", "companies"), parent, child, PARENT_TO_CHILD, CHILD_TO_PARENT)


def _directed(pair: tuple[str, str], source: pl.Series, target: pl.Series, there: int, back: int) -> pl.DataFrame:
    rows = []
    for names, left, right, type_id in ((pair, source, target, there), (pair[::-1], target, source, back)):
        rows.append(
            pl.DataFrame([left.alias("from_id"), right.alias("to_id")]).select(
                pl.lit(names[0]).alias("from_type"),
                "from_id",
                pl.lit(names[1]).alias("to_type"),
                "to_id",
                pl.lit(type_id, dtype=pl.Int64).alias("type_id"),
                pl.lit("HUBSPOT_DEFINED").alias("category"),
            )
        )
    return pl.concat(rows)


def new_ids(order: Ints, chance: Chance, start: int = 51) -> pl.Series:
    return ids.hubspot(len(order), chance, order=order, start=start)
