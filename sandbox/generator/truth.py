"""The truth beside the data: which entity every record stands for, and everything that was planted."""

from __future__ import annotations

import numpy as np
import polars as pl

from sandbox.generator import deals, records, tables
from sandbox.generator.chance import Ints
from sandbox.generator.dataset import Frames
from sandbox.generator.world import World

RELATIONS = ("original", "counterpart", "duplicate", "job_change", "converted", "test")
_OBJECTS = ("Contact", "Lead", "contacts")
# Our names of fields, and the vendors' for each object; a field an object lacks is not planted there.
FIELDS = {
    "Contact": {
        "given": "FirstName",
        "family": "LastName",
        "email": "Email",
        "phone": "Phone",
        "mobile": "MobilePhone",
        "title": "Title",
        "country": "MailingCountry",
        "opt_out": "HasOptedOutOfEmail",
        "do_not_call": "DoNotCall",
        "lead_source": "LeadSource",
        "city": "MailingCity",
    },
    "Lead": {
        "given": "FirstName",
        "family": "LastName",
        "email": "Email",
        "phone": "Phone",
        "mobile": "MobilePhone",
        "title": "Title",
        "country": "Country",
        "company": "Company",
        "website": "Website",
        "opt_out": "HasOptedOutOfEmail",
        "do_not_call": "DoNotCall",
        "lead_source": "LeadSource",
        "city": "City",
    },
    "contacts": {
        "given": "firstname",
        "family": "lastname",
        "email": "email",
        "phone": "phone",
        "mobile": "mobilephone",
        "title": "jobtitle",
        "country": "country",
        "company": "company",
        "website": "website",
        "opt_out": "hs_email_optout",
        "city": "city",
    },
    "Account": {
        "name": "Name",
        "domain": "Website",
        "phone": "Phone",
        "country": "BillingCountry",
        "city": "BillingCity",
        "industry": "Industry",
    },
    "companies": {"name": "name", "domain": "domain", "phone": "phone", "country": "country", "city": "city"},
}


def told(
    world: World, deal_ids: dict[tuple[str, int, str], pl.Series], staff: list[tuple[str, int, str, pl.Series]]
) -> Frames:
    """All truth frames. Entities are `p…` persons, `t…` test records, `c…` companies, `d…` deals, `u…` users.

    records: system, org (0-based; null in HubSpot), object (vendor's name), id, entity, relation; a row per record of
    persons, companies, deals and users. people, companies: what is so. account_of: for every person record of a
    company its account entity, the ids of that entity's records in the same system and org, and `linked`, the one the
    record hangs on. stale_deals: one row per deal record and reason. malformed: one row per field made wrong.
    """
    people, accounts = _people_records(world), _account_records(world)
    deal_rows = [_deal_records(world, *key, ids) for key, ids in deal_ids.items()]
    return {
        "records": pl.concat(
            [
                frame.select("system", "org", "object", "id", "entity", "relation")
                for frame in (people, accounts, *deal_rows, *(_users(*one) for one in staff))
            ]
        ),
        "people": _people(world),
        "companies": _companies(world),
        "account_of": _account_of(world, people, accounts),
        "stale_deals": pl.concat([_stale(world, frame) for frame in deal_rows]),
        "malformed": _malformed(world, people, accounts),
    }


def _entities(letter: str, rows: pl.Series | Ints) -> pl.Series:
    numbers = pl.Series("entity", rows).cast(pl.Int64)
    return (
        numbers.to_frame()
        .select(
            pl.when(pl.col("entity").is_null())
            .then(None)
            .otherwise(pl.concat_str(pl.lit(letter), pl.col("entity").cast(pl.String).str.zfill(7)))
            .alias("entity")
        )
        .to_series()
    )


def _place(org: Ints) -> list[pl.Expr]:
    in_hubspot = pl.Series(org) == -1
    return [
        pl.when(in_hubspot).then(pl.lit("hubspot")).otherwise(pl.lit("salesforce")).alias("system"),
        pl.when(in_hubspot).then(None).otherwise(pl.Series(org)).cast(pl.Int64).alias("org"),
    ]


def _people_records(world: World) -> pl.DataFrame:
    frame = world.people
    person, relation = frame["person"].to_numpy(), frame["relation"].to_numpy()
    name = pl.Series(RELATIONS).gather(relation)
    who = np.maximum(person, 0)
    plain = np.isin(relation, (records.ORIGINAL, records.COUNTERPART)) & (person >= 0)
    shared = frame["shared"]
    family = pl.Series(plain & world.persons["family_of"].is_not_null().to_numpy()[who])
    namesake = pl.Series(plain & world.persons["namesake_of"].is_not_null().to_numpy()[who])
    entity = _entities("p", who).zip_with(pl.Series(person >= 0), _entities("t", np.arange(len(frame))))
    return frame.select(
        *_place(frame["org"].to_numpy()),
        pl.Series(_OBJECTS).gather(frame["slot"]).alias("object"),
        "id",
        entity.alias("entity"),
        pl.when(shared & pl.Series(plain))
        .then(pl.lit("shared_mailbox"))
        .when(family)
        .then(pl.lit("family"))
        .when(namesake)
        .then(pl.lit("namesake"))
        .otherwise(name)
        .alias("relation"),
    )


def _account_records(world: World) -> pl.DataFrame:
    frame = world.accounts
    org = frame["org"].to_numpy()
    return frame.select(
        *_place(org),
        pl.Series(np.where(org == -1, "companies", "Account")).alias("object"),
        "id",
        _entities("c", frame["company"]).alias("entity"),
        pl.Series(RELATIONS).gather(frame["relation"]).alias("relation"),
    )


def _deal_records(world: World, system: str, org: int, name: str, ids: pl.Series) -> pl.DataFrame:
    both = (world.deals["org"] >= 0) & world.deals["in_hubspot"]
    relation = pl.select(
        pl.when(both & (system == "hubspot")).then(pl.lit("counterpart")).otherwise(pl.lit("original"))
    ).to_series()
    rows = np.arange(len(world.deals))
    frame = pl.DataFrame({"row": rows, "id": ids, "relation": relation}).with_columns(
        pl.lit(system).alias("system"),
        pl.lit(org if system == "salesforce" else None, dtype=pl.Int64).alias("org"),
        pl.lit(name).alias("object"),
        _entities("d", rows).alias("entity"),
    )
    return frame.filter(pl.col("id").is_not_null())


def _users(system: str, org: int, name: str, ids: pl.Series) -> pl.DataFrame:
    """Users and owners come in the order of the staff; the first system to have them has the originals."""
    relation = "original" if (system, org) == ("salesforce", 0) else "counterpart"
    return pl.DataFrame({"id": ids}).with_columns(
        pl.lit(system).alias("system"),
        pl.lit(org if system == "salesforce" else None, dtype=pl.Int64).alias("org"),
        pl.lit(name).alias("object"),
        _entities("u", np.arange(len(ids))).alias("entity"),
        pl.lit(relation).alias("relation"),
    )


def _people(world: World) -> pl.DataFrame:
    p = world.persons
    countries = tables.countries()
    calling = countries["calling"].gather(p["country"])
    phones = {
        name: pl.DataFrame({"c": calling, "a": p[f"{name}_area"], "n": p[f"{name}_number"]})
        .select(pl.concat_str(pl.lit("+"), "c", "a", "n"))
        .to_series()
        for name in ("work", "mobile")
    }
    frame = p.select(
        _entities("p", np.arange(len(p))).alias("entity"),
        "given",
        "family",
        "language",
        _entities("c", p["company"]).alias("company"),
        _entities("c", p["next_company"]).alias("next_company"),
        countries["iso2"].gather(p["country"]).alias("country"),
        "title",
        "work_mail",
        "own_mail",
        phones["work"].alias("phone"),
        phones["mobile"].alias("mobile"),
        _entities("p", p["family_of"]).alias("family_of"),
        _entities("p", p["namesake_of"]).alias("namesake_of"),
    )
    present = np.unique(world.people["person"].to_numpy())
    return frame[present[present >= 0]]


def _companies(world: World) -> pl.DataFrame:
    c = world.companies
    countries = tables.countries()
    return c.select(
        _entities("c", np.arange(len(c))).alias("entity"),
        "name",
        "legal_name",
        "domain",
        countries["iso2"].gather(c["country"]).alias("country"),
        "city",
        "lei",
        "registration",
        _entities("c", c["parent"]).alias("parent"),
        _entities("c", c["ultimate"]).alias("ultimate"),
    )


def _account_of(world: World, people: pl.DataFrame, accounts: pl.DataFrame) -> pl.DataFrame:
    key = ["system", "org", "account_entity"]
    grouped = (
        accounts.rename({"entity": "account_entity"})
        .group_by(key, maintain_order=True)
        .agg(pl.col("id").alias("account_ids"))
    )
    company = world.people["company"].replace(-1, None)
    link = world.people["account"].to_numpy()
    linked = np.where(world.people["slot"].to_numpy() == records.LEAD, -1, link)
    frame = people.with_columns(
        _entities("c", company).alias("account_entity"),
        accounts["id"].gather(pl.Series(linked).replace(-1, None)).alias("linked"),
    ).filter(pl.col("account_entity").is_not_null())
    joined = frame.join(grouped, on=key, how="left", nulls_equal=True, maintain_order="left")
    return joined.select("system", "org", "object", "id", "entity", "account_entity", "account_ids", "linked")


def _stale(world: World, frame: pl.DataFrame) -> pl.DataFrame:
    made = world.deals[frame["row"]]
    left = ~world.users["is_active"].gather(made["owner"]) & (made["stage"] < deals.WON)
    reasons = {
        "idle": made["is_idle"],
        "close_date_past": made["is_past"],
        "pushed": made["is_pushed"],
        "missing_data": made["is_bare"],
        "inactive_owner": left,
    }
    rows = [
        frame.filter(mask).select("system", "org", "object", "id", "entity", pl.lit(reason).alias("reason"))
        for reason, mask in reasons.items()
    ]
    return pl.concat(rows)


def _malformed(world: World, people: pl.DataFrame, accounts: pl.DataFrame) -> pl.DataFrame:
    notes = world.soiled
    parts = []
    for is_account, told_ in ((False, people), (True, accounts)):
        mine = notes.filter(pl.col("is_account") == is_account)
        at = told_[mine["row"]].select("system", "org", "object", "id")
        parts.append(pl.concat([at, mine.select("field", "kind", "clean")], how="horizontal"))
    names = pl.DataFrame(
        [(name, ours, theirs) for name, fields in FIELDS.items() for ours, theirs in fields.items()],
        schema=["object", "field", "vendor_field"],
        orient="row",
    )
    joined = pl.concat(parts).join(names, on=["object", "field"], how="inner", maintain_order="left")
    return joined.select("system", "org", "object", "id", pl.col("vendor_field").alias("field"), "kind", "clean")
