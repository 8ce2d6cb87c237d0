"""Candidates for the account of a person: where domain, name or colleagues point, each with its rule and reason."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from hygiene.known import blank, completed
from hygiene.levels import CLOSE, DIFFERENT, FITTING, NOTHING, SAME, company_names

# Of the linked contacts who name one company, this share must hang on one account for it to count as its name.
_ALIAS_SHARE = 0.8


@dataclass(frozen=True, slots=True)
class Rating:
    """One rule of the ordered table: `tier` compares evidence before any tie-break; tier 0 is too weak to link."""

    holds: pl.Expr
    probability: float
    tier: int
    words: str


_domain, _contacts, _name = pl.col("by_domain"), pl.col("by_contacts"), pl.col("name")
_elsewhere = pl.col("country_differs")
RATINGS = (
    Rating(_domain & (_name == SAME), 0.99, 3, "same domain and same company name"),
    Rating(_domain & pl.col("by_alias"), 0.98, 3, "same domain, and its contacts name the same company"),
    Rating(_domain & (_name >= CLOSE) & ~pl.col("adds_words"), 0.96, 2, "same domain and company names that fit"),
    Rating(_contacts & (_name >= CLOSE) & ~pl.col("adds_words"), 0.95, 2,
           "domain of its contacts, and company names that fit"),
    Rating(_contacts & pl.col("by_alias"), 0.95, 2, "its contacts use the same mail domain and name the same company"),
    Rating(_domain & (_name == NOTHING) & ~_elsewhere, 0.94, 2, "same domain"),
    Rating(_contacts & (_name == NOTHING) & ~_elsewhere, 0.9, 2, "its contacts use the same mail domain"),
    Rating(pl.col("by_name") & pl.col("same_country") & ~pl.col("domain_differs"), 0.92, 2,
           "same company name and country"),
    Rating(pl.col("by_name") & ~_elsewhere & ~pl.col("domain_differs"), 0.86, 1, "same company name"),
    Rating((_domain | _contacts) & (_name == NOTHING), 0.75, 0, "same domain, but another country"),
    Rating((_domain | _contacts) & (_name >= CLOSE), 0.75, 0,
           "same domain, but the person's company adds words to the account's name: perhaps a branch"),
    Rating(_domain & (_name == DIFFERENT), 0.7, 0, "same domain, but another company name"),
    Rating(_contacts, 0.6, 0, "its contacts use the same mail domain, but the company name differs"),
    Rating(pl.col("by_name") & pl.col("domain_differs"), 0.6, 0, "same company name, but another domain"),
    Rating(pl.lit(value=True), 0.5, 0, "same company name, but another country"),
)  # fmt: skip


def account_table(frames: Mapping[str, pl.DataFrame], memberships: pl.DataFrame | None) -> pl.DataFrame:
    """The accounts with what tie-breaks ask: entity, open_deals, contacts, age."""
    accounts = frames["accounts"].select(
        "connection", pl.col("id").alias("account_id"), pl.col("name_key").alias("account_name"),
        pl.col("legal_key").alias("account_legal"), pl.col("domain_key").alias("account_domain"),
        pl.col("country_norm").alias("account_country"), "created_at",
    )  # fmt: skip
    counted = accounts
    for stream, column in (("contacts", "contacts"), ("deals", "open_deals")):
        counted = _count(counted, frames, stream, column)
    aged = counted.with_columns(
        (-pl.col("created_at").dt.epoch("us").rank("ordinal").cast(pl.Int64)).fill_null(-(2**31)).alias("age")
    )
    if memberships is None:
        return aged.with_columns(pl.concat_str("connection", "account_id", separator="/").alias("entity"))
    entities = memberships.filter(pl.col("stream") == "accounts").select(
        "connection", pl.col("id").alias("account_id"), "entity"
    )
    joined = aged.join(entities, on=["connection", "account_id"], how="left", maintain_order="left")
    return joined.with_columns(pl.col("entity").fill_null(pl.concat_str("connection", "account_id", separator="/")))


def _count(accounts: pl.DataFrame, frames: Mapping[str, pl.DataFrame], stream: str, column: str) -> pl.DataFrame:
    if stream not in frames:
        return accounts.with_columns(pl.lit(0, pl.Int64).alias(column))
    frame = completed(stream, frames[stream])
    counted = frame.filter(~pl.col("is_closed").fill_null(value=False)) if stream == "deals" else frame
    counts = (
        counted.drop_nulls("account_id").group_by("connection", "account_id").agg(pl.len().cast(pl.Int64).alias(column))
    )
    joined = accounts.join(counts, on=["connection", "account_id"], how="left", maintain_order="left")
    return joined.with_columns(pl.col(column).fill_null(0))


def _linked(frames: Mapping[str, pl.DataFrame]) -> pl.DataFrame | None:
    contacts = frames.get("contacts")
    return None if contacts is None else contacts.filter(~blank(contacts, "account_id"))


def _contact_domains(frames: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """Mail domains (connection, account_id, domain) that two or more contacts of an account use, or all it has."""
    linked = _linked(frames)
    if linked is None:
        return pl.DataFrame(schema={"connection": pl.String, "account_id": pl.String, "domain": pl.String})
    counts = (
        linked.drop_nulls("email_domain")
        .group_by("connection", "account_id", pl.col("email_domain").alias("domain"))
        .agg(pl.len().alias("n"))
    )
    shared = counts.with_columns(pl.col("n").sum().over("connection", "account_id").alias("all"))
    return shared.filter((pl.col("n") >= 2) | (pl.col("n") == pl.col("all"))).select(
        "connection", "account_id", "domain"
    )


def _aliases(frames: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """Company keys (connection, account_id, company_key) by which the linked contacts call nearly only this account."""
    linked = _linked(frames)
    if linked is None:
        return pl.DataFrame(schema={"connection": pl.String, "account_id": pl.String, "company_key": pl.String})
    counts = (
        linked.drop_nulls("company_key").group_by("connection", "company_key", "account_id").agg(pl.len().alias("n"))
    )
    shared = counts.with_columns((pl.col("n") / pl.col("n").sum().over("connection", "company_key")).alias("share"))
    return shared.filter(pl.col("share") >= _ALIAS_SHARE).select("connection", "account_id", "company_key")


def _names(accounts: pl.DataFrame) -> pl.DataFrame:
    parts = [
        accounts.select("connection", "account_id", pl.col(column).alias("company_key"))
        for column in ("account_name", "account_legal")
    ]
    return pl.concat(parts).drop_nulls("company_key").unique(maintain_order=True)


def candidates(people: pl.DataFrame, accounts: pl.DataFrame, frames: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """Pairs of person (number) and account_id with probability, tier, reason and the columns of the tie-breaks."""
    site = people.with_columns(pl.coalesce("email_domain", "site_key").alias("domain"))
    own = accounts.select("connection", "account_id", pl.col("account_domain").alias("domain"))
    hits = {
        "by_domain": site.drop_nulls("domain").join(own, on=["connection", "domain"], how="inner"),
        "by_contacts": site.drop_nulls("email_domain").join(
            _contact_domains(frames), on=["connection", "domain"], how="inner"
        ),
        "by_name": people.join(_names(accounts), on=["connection", "company_key"], how="inner"),
    }
    marks = [hit.select("person", "account_id", pl.lit(name).alias("hit")) for name, hit in hits.items()]
    pairs = (
        pl.concat(marks)
        .group_by("person", "account_id")
        .agg(*(pl.col("hit").eq(name).any().alias(name) for name in hits))
    )
    aliases = _aliases(frames).with_columns(by_alias=pl.lit(value=True))
    full = (
        pairs.join(people, on="person", how="left")
        .join(accounts, on=["connection", "account_id"], how="left")
        .join(aliases, on=["connection", "account_id", "company_key"], how="left")
        .with_columns(pl.col("by_alias").fill_null(value=False))
    )
    return _rated(full.sort("person", "account_id"), RATINGS)


def _rated(pairs: pl.DataFrame, ratings: Sequence[Rating]) -> pl.DataFrame:
    names = company_names(pairs["company_key"], pairs["account_name"]).alias("name")
    site = pl.coalesce("email_domain", "site_key")
    compared = pairs.with_columns(
        pl.when(pl.col("by_name")).then(pl.lit(SAME, pl.Int8)).otherwise(names).alias("name"),
        (pl.col("country_norm") == pl.col("account_country")).fill_null(value=False).alias("same_country"),
        (pl.col("country_norm") != pl.col("account_country")).fill_null(value=False).alias("country_differs"),
        (site != pl.col("account_domain")).fill_null(value=False).alias("domain_differs"),
    ).with_columns(
        (pl.col("name") == SAME).alias("exact_name"),
        # "Acme Chicago" may be a branch that has no account of its own; "Acme" for "Acme Chicago" is only short.
        ((pl.col("name") == FITTING) & pl.col("company_key").str.starts_with(pl.col("account_name") + " "))
        .fill_null(value=False)
        .alias("adds_words"),
    )
    return compared.with_columns(
        pl.coalesce(pl.when(rating.holds).then(pl.lit(rating.probability)) for rating in ratings).alias("probability"),
        pl.coalesce(pl.when(rating.holds).then(pl.lit(rating.tier)) for rating in ratings).alias("tier"),
        pl.coalesce(pl.when(rating.holds).then(pl.lit(rating.words)) for rating in ratings).alias("reason"),
    )
