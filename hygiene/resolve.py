"""People to accounts: every candidate weighed by all evidence, visible tie-breaks, and the courage to abstain."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl

from hygiene import tie_breaks as ties
from hygiene.best_accounts import best_accounts
from hygiene.candidates import named_accounts
from hygiene.findings import found as finding
from hygiene.normalise import normalise_all
from hygiene.resolve_pool import KEY, Pool, own
from model.settings import ResolveSettings, TieBreakName

LINKS = pl.Schema(
    {"person_connection": pl.String, "person_stream": pl.String, "person_id": pl.String, "account_id": pl.String,
     "probability": pl.Float64, "reason": pl.String, "runner_up_id": pl.String, "runner_up_reason": pl.String,
     "abstained_because": pl.String}
)  # fmt: skip
# A link's person, as a record of its own.
PERSON = {"person_connection": "connection", "person_stream": "stream", "person_id": "id"}
# Contacts that were linked, to which account, and how many rounds of others were linked before.
SETTLED = pl.Schema({**dict.fromkeys((*KEY, "account_id"), pl.String()), "wave": pl.Int64()})
DEFAULTS = ResolveSettings()


def resolve(
    frames: Mapping[str, pl.DataFrame],
    memberships: pl.DataFrame | None = None,
    default_country: str | None = None,
    settings: ResolveSettings = DEFAULTS,
) -> pl.DataFrame:
    """One row per live contact or lead without account: the account of its own connection, or why none was chosen.

    `memberships` (connection, stream, id, entity) tells which records are one company or one person; without it
    accounts of one name and domain are one company. `probability` is that of the company; which of its records is
    taken, the tie-breaks decide. Rows are in the order of connection, stream, id.
    """
    ready = normalise_all(frames, default_country)
    if not {"contacts", "leads"} & set(ready):
        return LINKS.to_frame()
    pooled = own(ready, memberships).pooled()
    return lines(pooled, chosen(pooled, named_accounts(pooled), settings))


def lines(pooled: Pool, told: pl.DataFrame) -> pl.DataFrame:
    """A row of LINKS for each of the people, with what is told of those who have any candidate."""
    judged = pooled.people.join(told, on="person", how="left", maintain_order="left")
    why = pl.when(pl.col("candidate").is_null()).then(_why_none()).otherwise("abstained_because")
    named = judged.with_columns(why.alias("abstained_because")).with_columns(
        pl.coalesce("abstained_because", "reason").alias("reason"),
        pl.col("connection").alias("person_connection"),
        pl.col("stream").alias("person_stream"),
        pl.col("id").alias("person_id"),
    )
    return named.select(LINKS.names()).cast(LINKS)


def chosen(pooled: Pool, named: pl.DataFrame, settings: ResolveSettings) -> pl.DataFrame:
    """What is told of each of the people who have any candidate; `named` are their `named_accounts`.

    A contact that is linked is a colleague of the others, so contacts are linked until no more are, in waves: the next
    run, which finds them linked, has nothing to add.
    """
    names = settings.tie_breaks
    company = "family" if ties.choose_in_family(names) else "house"
    ids = pooled.accounts["id"]
    settled: list[pl.DataFrame] = []
    while True:
        told = _told(best_accounts(pooled, named, company, names), ids, names, settings.threshold)
        contacts = pooled.people.filter(pl.col("stream") == "contacts")
        linked = told.filter(pl.col("account_id").is_not_null()).join(contacts, on="person", how="semi")
        if linked.is_empty():
            return pl.concat([*settled, told.with_columns(pl.lit(None, pl.Int64).alias("wave"))]).drop("account")
        settled.append(linked.with_columns(pl.lit(len(settled), pl.Int64).alias("wave")))
        pooled = pooled.with_links(linked)


def _told(best: pl.DataFrame, ids: pl.Series, names: Sequence[TieBreakName], threshold: float) -> pl.DataFrame:
    chosen = pl.col("probability") >= threshold
    near = pl.col("probability") + pl.col("next_probability").fill_null(0.0) >= threshold
    tie = ties.words_of_the_first(names)
    reason = pl.when(tie.is_not_null()).then(pl.format("{}; of its duplicates, {}", "reason", tie)).otherwise("reason")
    told = best.with_columns(
        reason.alias("reason"),
        pl.lit(ids).gather(pl.col("account")).alias("candidate"),
        pl.lit(ids).gather(pl.coalesce("next_account", "twin_account")).alias("second_id"),
    )
    return told.select(
        "person", "account", "candidate", "probability", "reason",
        pl.when(chosen).then("candidate").alias("account_id"),
        pl.when(chosen).then("second_id").otherwise("candidate").alias("runner_up_id"),
        pl.when(chosen).then(pl.coalesce("next_reason", "twin_reason")).otherwise("reason").alias("runner_up_reason"),
        pl.when(~chosen & near)
        .then(pl.lit("several accounts fit equally well, and nothing tells them apart"))
        .when(~chosen)
        .then(pl.format("the evidence is too weak: {}", "reason"))
        .alias("abstained_because"),
    )  # fmt: skip


def _why_none() -> pl.Expr:
    nameless = pl.col("company_key").is_null()
    return (
        pl.when(pl.col("email_free").fill_null(value=False) & nameless)
        .then(pl.lit("an open mail provider's address and no company name"))
        .when(pl.coalesce("domain", "site", "company_key").is_null())
        .then(pl.lit("neither a company e-mail domain nor a company name"))
        .otherwise(pl.lit("no account has this domain or company name"))
    )


def link_findings(links: pl.DataFrame) -> pl.DataFrame:
    """One finding per person for whom no account was chosen."""
    unlinked = links.filter(pl.col("account_id").is_null()).rename(PERSON)
    return finding(
        unlinked, "no-account", pl.format("belongs to no account: {}", "abstained_because"), field="account_id",
        value=pl.col("runner_up_id"),
    )  # fmt: skip
