"""People to accounts: candidates by domain and name, visible tie-breaks, and the courage to abstain."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from hygiene.candidates import account_table, candidates
from hygiene.findings import found as finding
from hygiene.known import blank
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
        found = pl.DataFrame()
    else:
        found = candidates(people, account_table(ready, memberships), ready)
    return _links(people, found, tie_breaks)


def _unlinked(frames: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    parts = []
    for stream in ("contacts", "leads"):
        if stream in frames:
            frame = frames[stream].with_columns(pl.lit(stream).alias("stream"))
            free = frame.filter(blank(frame, "account_id")) if stream == "contacts" else frame
            parts.append(free.select(_PEOPLE))
    people = pl.concat(parts) if parts else pl.DataFrame()
    return people.sort("connection", "stream", "id").with_row_index("person") if parts else people


def _ranked(found: pl.DataFrame, tie_breaks: Sequence[TieBreak]) -> pl.DataFrame:
    """Best and second candidate per person. Evidence is compared in tiers before any tie-break is asked."""
    # Weak candidates are ranked by evidence alone: no tie-break makes them strong.
    tiered = found.with_columns(pl.when(pl.col("tier") == 0).then(pl.col("probability")).otherwise(0.0).alias("weak"))
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


def _links(people: pl.DataFrame, found: pl.DataFrame, tie_breaks: Sequence[TieBreak]) -> pl.DataFrame:
    if found.is_empty():
        told = people.with_columns(
            *(_ABSENT.alias(name) for name in ("account_id", "runner_up_id", "runner_up_reason")),
            pl.lit(None, pl.Float64).alias("probability"), _why_none().alias("abstained_because"),
        ).with_columns(pl.col("abstained_because").alias("reason"))  # fmt: skip
    else:
        judged = people.join(_judged(_ranked(found, tie_breaks), tie_breaks), on="person", how="left")
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
    is_weak = pl.col("tier") == 0
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
    unlinked = links.filter(pl.col("account_id").is_null()).rename(
        {"person_connection": "connection", "person_stream": "stream", "person_id": "id"}
    )
    return finding(
        unlinked, "no-account", pl.format("belongs to no account: {}", "abstained_because"), field="account_id",
        value=pl.col("runner_up_id"),
    )  # fmt: skip
