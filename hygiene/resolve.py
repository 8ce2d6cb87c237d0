"""People to accounts: candidates by domain and name, visible tie-breaks, and the courage to abstain."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from hygiene.findings import found
from hygiene.known import blank, completed
from hygiene.levels import CLOSE, DIFFERENT, NOTHING, SAME, company_names
from hygiene.normalise import normalise_all

LINKS = pl.Schema(
    {"person_connection": pl.String, "person_stream": pl.String, "person_id": pl.String, "account_id": pl.String,
     "probability": pl.Float64, "reason": pl.String, "runner_up_id": pl.String, "runner_up_reason": pl.String,
     "abstained_because": pl.String}
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class TieBreak:
    """One question that ranks candidates of equal evidence: more is better. `decides` says that it may pick between
    different companies; the others only pick among duplicates of one."""

    name: str
    column: str
    words: str
    decides: bool


# The order in which ties are broken, everywhere.
TIE_BREAKS = (
    TieBreak("exact-name", "exact_name", "its name is exactly the person's company", decides=True),
    TieBreak("same-country", "same_country", "it is in the person's country", decides=True),
    TieBreak("open-deals", "open_deals", "it has more open deals", decides=True),
    TieBreak("most-contacts", "contacts", "it has more contacts", decides=True),
    TieBreak("oldest", "age", "it is the oldest record", decides=False),
)
MINIMUM = 0.8
_PEOPLE = ("connection", "stream", "id", "email_domain", "email_free", "email_role", "site_key", "company_key",
           "country_norm")  # fmt: skip
_ABSENT = pl.lit(None, dtype=pl.String)


def resolve(
    frames: Mapping[str, pl.DataFrame],
    memberships: pl.DataFrame | None = None,
    default_country: str | None = None,
    tie_breaks: Sequence[TieBreak] = TIE_BREAKS,
) -> pl.DataFrame:
    """One row per live contact or lead without account: the account of its own connection, or why none was chosen.

    `memberships` (connection, stream, id, entity) tells which accounts are duplicates of one company; between those
    any tie-break may decide. Rows are in the order of connection, stream, id.
    """
    ready = normalise_all(frames, default_country)
    people = _unlinked(ready)
    if people.is_empty():
        return LINKS.to_frame()
    if "accounts" not in ready or ready["accounts"].is_empty():
        candidates = pl.DataFrame()
    else:
        candidates = _candidates(people, _accounts(ready, memberships), _contact_domains(ready))
    return _links(people, candidates, tie_breaks)


def _unlinked(frames: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    parts = []
    for stream in ("contacts", "leads"):
        if stream in frames:
            frame = frames[stream].with_columns(pl.lit(stream).alias("stream"))
            free = frame.filter(blank(frame, "account_id")) if stream == "contacts" else frame
            parts.append(free.select(_PEOPLE))
    people = pl.concat(parts) if parts else pl.DataFrame()
    return people.sort("connection", "stream", "id").with_row_index("person") if parts else people


def _accounts(frames: Mapping[str, pl.DataFrame], memberships: pl.DataFrame | None) -> pl.DataFrame:
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


def _contact_domains(frames: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """Mail domains (connection, account_id, domain) that two or more contacts of an account use, or all it has."""
    if "contacts" not in frames:
        return pl.DataFrame(schema={"connection": pl.String, "account_id": pl.String, "domain": pl.String})
    linked = frames["contacts"].filter(~blank(frames["contacts"], "account_id")).drop_nulls("email_domain")
    counts = linked.group_by("connection", "account_id", pl.col("email_domain").alias("domain")).agg(
        pl.len().alias("n")
    )
    shared = counts.with_columns(pl.col("n").sum().over("connection", "account_id").alias("all"))
    return shared.filter((pl.col("n") >= 2) | (pl.col("n") == pl.col("all"))).select(
        "connection", "account_id", "domain"
    )


def _candidates(people: pl.DataFrame, accounts: pl.DataFrame, contact_domains: pl.DataFrame) -> pl.DataFrame:
    """Pairs (person, account) with levels of evidence: `by_domain`, `by_contacts`, `name`, `country`."""
    site = people.with_columns(pl.coalesce("email_domain", "site_key").alias("domain"))
    own = accounts.select("connection", "account_id", pl.col("account_domain").alias("domain"))
    names = (
        pl.concat(
            [
                accounts.select("connection", "account_id", pl.col(column).alias("name"))
                for column in ("account_name", "account_legal")
            ]
        )
        .drop_nulls("name")
        .unique(maintain_order=True)
    )
    by_domain = site.drop_nulls("domain").join(own, on=["connection", "domain"], how="inner")
    by_contacts = site.drop_nulls("email_domain").join(contact_domains, on=["connection", "domain"], how="inner")
    by_name = people.join(names.rename({"name": "company_key"}), on=["connection", "company_key"], how="inner")
    pairs = pl.concat([part.select("person", "account_id") for part in (by_domain, by_contacts, by_name)]).unique()
    marks = [
        part.select("person", "account_id").unique().with_columns(pl.lit(value=True).alias(name))
        for part, name in ((by_domain, "by_domain"), (by_contacts, "by_contacts"), (by_name, "by_name"))
    ]
    told = pairs
    for mark in marks:
        told = told.join(mark, on=["person", "account_id"], how="left")
    told = told.with_columns(pl.col("by_domain", "by_contacts", "by_name").fill_null(value=False))
    full = told.join(people, on="person", how="left").join(accounts, on=["connection", "account_id"], how="left")
    return _rated(full.sort("person", "account_id"))


def _rated(pairs: pl.DataFrame) -> pl.DataFrame:
    name = company_names(pairs["company_key"], pairs["account_name"])
    same_country = (pl.col("country_norm") == pl.col("account_country")).fill_null(value=False)
    country_differs = (pl.col("country_norm") != pl.col("account_country")).fill_null(value=False)
    domain_differs = (pl.col("email_domain") != pl.col("account_domain")).fill_null(value=False)
    rated = pairs.with_columns(
        pl.when(pl.col("by_name")).then(SAME).otherwise(name).cast(pl.Int8).alias("name"),
        same_country.alias("same_country"),
    ).with_columns((pl.col("name") == SAME).alias("exact_name"))
    rules = (
        (pl.col("by_domain") & (pl.col("name") == SAME), 0.99, "same domain and same company name"),
        (pl.col("by_domain") & (pl.col("name") >= CLOSE), 0.97, "same domain and company names that fit"),
        (pl.col("by_contacts") & (pl.col("name") >= CLOSE), 0.96, "domain of its contacts, and company names that fit"),
        (pl.col("by_domain") & (pl.col("name") == NOTHING), 0.94, "same domain"),
        (pl.col("by_contacts") & (pl.col("name") == NOTHING), 0.9, "its contacts use the same mail domain"),
        (pl.col("by_name") & same_country & ~domain_differs, 0.92, "same company name and country"),
        (pl.col("by_name") & ~country_differs & ~domain_differs, 0.86, "same company name"),
        (pl.col("by_domain") & (pl.col("name") == DIFFERENT), 0.7, "same domain, but another company name"),
        (pl.col("by_contacts"), 0.6, "its contacts use the same mail domain, but the company name differs"),
        (pl.col("by_name") & domain_differs, 0.6, "same company name, but another domain"),
        (pl.col("by_name"), 0.5, "same company name, but another country"),
    )
    return rated.with_columns(
        pl.coalesce(pl.when(holds).then(pl.lit(value)) for holds, value, _ in rules).alias("probability"),
        pl.coalesce(pl.when(holds).then(pl.lit(words)) for holds, _, words in rules).alias("reason"),
    )


def _ranked(candidates: pl.DataFrame, tie_breaks: Sequence[TieBreak]) -> pl.DataFrame:
    """Best and second candidate per person. Evidence is compared in tiers: domain with a fitting name, domain, name."""
    tiered = candidates.with_columns(
        pl.when(pl.col("probability") >= 0.9)
        .then(2)
        .when(pl.col("probability") >= MINIMUM)
        .then(1)
        .otherwise(0)
        .alias("tier")
    ).with_columns(pl.when(pl.col("tier") == 0).then(pl.col("probability")).otherwise(0.0).alias("weak"))
    columns = [tie_break.column for tie_break in tie_breaks]
    ranked = tiered.sort(
        ["person", "tier", "weak", *columns, "account_id"],
        descending=[False, True, True, *(True for _ in columns), False],
    )
    kept = ["account_id", "probability", "reason", "entity", "tier", *columns]
    return ranked.group_by("person", maintain_order=True).agg(
        *(pl.col(column).first().alias(column) for column in kept),
        *(pl.col(column).get(1, null_on_oob=True).alias(f"next_{column}") for column in kept),
    )


def _links(people: pl.DataFrame, candidates: pl.DataFrame, tie_breaks: Sequence[TieBreak]) -> pl.DataFrame:
    if candidates.is_empty():
        told = people.with_columns(
            *(_ABSENT.alias(name) for name in ("account_id", "runner_up_id", "runner_up_reason")),
            pl.lit(None, pl.Float64).alias("probability"), _why_none().alias("abstained_because"),
        ).with_columns(pl.col("abstained_because").alias("reason"))  # fmt: skip
    else:
        judged = people.join(_judged(_ranked(candidates, tie_breaks), tie_breaks), on="person", how="left")
        told = judged.with_columns(
            pl.when(pl.col("candidate").is_null())
            .then(_why_none())
            .otherwise(pl.col("abstained_because"))
            .alias("abstained_because")
        ).with_columns(pl.coalesce("abstained_because", "reason").alias("reason"))
    named = told.rename({"connection": "person_connection", "stream": "person_stream", "id": "person_id"})
    return named.sort("person").select(LINKS.names()).cast(LINKS)


def _why_none() -> pl.Expr:
    return (
        pl.when(pl.col("email_free").fill_null(value=False) & pl.col("company_key").is_null())
        .then(pl.lit("an open mail provider's address and no company name"))
        .when(pl.coalesce("email_domain", "site_key", "company_key").is_null())
        .then(pl.lit("neither a company e-mail domain nor a company name"))
        .otherwise(pl.lit("no account has this domain or company name"))
    )


def _judged(ranked: pl.DataFrame, tie_breaks: Sequence[TieBreak]) -> pl.DataFrame:
    """The best candidate with its reason, or abstention with the reason."""
    is_tie = (pl.col("next_tier") == pl.col("tier")).fill_null(value=False)
    is_same_company = (pl.col("entity") == pl.col("next_entity")).fill_null(value=False)
    wins = [(pl.col(rule.column) > pl.col(f"next_{rule.column}")).fill_null(value=False) for rule in tie_breaks]
    by_any = pl.coalesce(pl.when(win).then(pl.lit(rule.words)) for win, rule in zip(wins, tie_breaks, strict=True))
    first = pl.coalesce(pl.when(win).then(pl.lit(rule.decides)) for win, rule in zip(wins, tie_breaks, strict=True))
    is_weak = pl.col("probability") < MINIMUM
    is_open = is_tie & ~is_same_company & ~first.fill_null(value=False)
    abstains = is_weak | is_open
    because = (
        pl.when(is_weak)
        .then(pl.format("the evidence is too weak: {}", "reason"))
        .when(is_open)
        .then(pl.lit("several accounts fit equally well, and nothing tells them apart"))
    )
    reason = (
        pl.when(is_tie & by_any.is_not_null())
        .then(pl.format("{}; of several, {}", "reason", by_any))
        .otherwise(pl.col("reason"))
    )
    return ranked.select(
        "person",
        pl.col("account_id").alias("candidate"),
        pl.when(~abstains).then("account_id").alias("account_id"),
        pl.when(is_tie & ~is_same_company)
        .then(pl.min_horizontal("probability", pl.lit(0.85)))
        .otherwise("probability")
        .alias("probability"),
        reason.alias("reason"),
        pl.when(abstains).then("account_id").otherwise("next_account_id").alias("runner_up_id"),
        pl.when(abstains).then("reason").otherwise("next_reason").alias("runner_up_reason"),
        because.alias("abstained_because"),
    )


def link_findings(links: pl.DataFrame) -> pl.DataFrame:
    """One finding per person for whom no account was chosen."""
    open_links = links.filter(pl.col("account_id").is_null()).rename(
        {"person_connection": "connection", "person_stream": "stream", "person_id": "id"}
    )
    return found(
        open_links, "no-account", pl.format("belongs to no account: {}", "abstained_because"), field="account_id",
        value=pl.col("runner_up_id"),
    )  # fmt: skip
