"""Stale deals: what stands still, slips or lacks what it needs to move."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

import polars as pl

from hygiene.completeness import SCORES
from hygiene.findings import found, gathered, shown
from hygiene.known import Readable, blank, completed, live


@dataclass(frozen=True, slots=True)
class Limits:
    """Days and pushes after which an open deal is called stale. `by_stage` is keyed by stage key or name."""

    stage_days: int = 30
    by_stage: Mapping[str, int] = field(default_factory=dict)
    idle_days: int = 30
    max_pushes: int = 3


@dataclass(frozen=True, slots=True)
class Staleness:
    """`scores` per open deal (share of the checks passed) and findings."""

    scores: pl.DataFrame
    findings: pl.DataFrame


@dataclass(frozen=True, slots=True)
class _Check:
    """One question to open deals: `asked` where its fields are known, `fails` where the answer is bad."""

    rule: str
    field: str
    asked: pl.Expr
    fails: pl.Expr
    message: pl.Expr
    value: pl.Expr | None = None


def staleness(
    frames: Mapping[str, pl.DataFrame],
    as_of: date,
    limits: Limits | None = None,
    readable: pl.DataFrame | None = None,
) -> Staleness:
    """Check the open deals on the day `as_of`, and all deals for a missing account and a stage nobody knows."""
    if "deals" not in frames or frames["deals"].is_empty():
        return Staleness(SCORES.to_frame(), gathered([]))
    known, bounds = Readable(readable), limits or Limits()
    source = live("deals", frames["deals"])
    deals = _prepared(source, frames, as_of, bounds)
    open_deals = deals.filter("is_open")
    checks = _checks(source, known, bounds)
    always = [check for check in checks if check.rule in ("deal-no-account", "deal-stage-unknown")]
    findings = [_found(deals.filter(~pl.col("is_open")), check) for check in always]
    findings += [_found(open_deals, check) for check in checks]
    return Staleness(_scores(open_deals, checks), gathered(findings))


def _found(deals: pl.DataFrame, check: _Check) -> pl.DataFrame:
    failing = deals.filter((check.asked & check.fails).fill_null(value=False))
    return found(failing, check.rule, check.message, stream="deals", field=check.field, value=check.value)


def _scores(deals: pl.DataFrame, checks: Sequence[_Check]) -> pl.DataFrame:
    asked = pl.sum_horizontal(check.asked.fill_null(value=False).cast(pl.Int64) for check in checks)
    failed = [(check.asked & check.fails).fill_null(value=False) for check in checks]
    names = [pl.when(fails).then(pl.lit(check.rule)) for fails, check in zip(failed, checks, strict=True)]
    counted = deals.with_columns(
        asked.alias("asked"),
        pl.sum_horizontal(fails.cast(pl.Int64) for fails in failed).alias("failed"),
        pl.concat_list(names).list.drop_nulls().list.join('", "').alias("names"),
    )
    return counted.select(
        "connection",
        pl.lit("deals").alias("stream"),
        pl.col("id").cast(pl.String),
        pl.lit("deal-health").alias("name"),
        pl.when(pl.col("asked") > 0).then(1 - pl.col("failed") / pl.col("asked")).alias("share"),
        pl.format("{} of {} checks failed", "failed", "asked").alias("reason"),
        pl.when(pl.col("failed") > 0).then(pl.format('["{}"]', "names")).otherwise(pl.lit("[]")).alias("evidence"),
    ).sort("connection", "stream", "id")


def _prepared(source: pl.DataFrame, frames: Mapping[str, pl.DataFrame], as_of: date, limits: Limits) -> pl.DataFrame:
    deals = _with_owners(_with_stages(completed("deals", source), frames.get("stages")), frames.get("users"))
    today = pl.lit(as_of)
    entered = pl.coalesce(pl.col("stage_changed_at").dt.date(), "opened_on", pl.col("created_at").dt.date())
    touched = pl.max_horizontal("last_activity_on", pl.col("stage_changed_at").dt.date())
    begun = pl.coalesce("opened_on", pl.col("created_at").dt.date())
    limit = _limit(limits)
    is_closed = pl.coalesce("is_closed", "stage_is_closed", _closed_by_word("stage"), _closed_by_word("stage_name"))
    return deals.with_columns(
        (~is_closed.fill_null(value=False)).alias("is_open"),
        (today - entered).dt.total_days().alias("days_in_stage"),
        (today - touched).dt.total_days().alias("days_idle"),
        (today - begun).dt.total_days().alias("days_open"),
        (today - pl.col("close_on")).dt.total_days().alias("days_late"),
        limit.alias("stage_limit"),
        pl.coalesce("stage_name", "stage").alias("stage_shown"),
    )


def _closed_by_word(column: str) -> pl.Expr:
    """True for a stage whose own name says that it is closed; null otherwise."""
    says_so = pl.col(column).str.to_lowercase().str.contains(r"^(?:closed?[ _-]*(?:won|lost)?|won|lost|closed)$")
    return pl.when(says_so).then(pl.lit(value=True))


def _limit(limits: Limits) -> pl.Expr:
    by_stage = {key.casefold(): days for key, days in limits.by_stage.items()}
    if not by_stage:
        return pl.lit(limits.stage_days)
    listed = [
        pl.col(column).str.to_lowercase().replace_strict(by_stage, default=None, return_dtype=pl.Int64)
        for column in ("stage", "stage_name")
    ]
    return pl.coalesce(*listed, pl.lit(limits.stage_days))


def _with_stages(deals: pl.DataFrame, stages: pl.DataFrame | None) -> pl.DataFrame:
    """Adds stage_name, stage_is_closed and stage_known (null where the connection's stages are not known)."""
    if stages is None or stages.is_empty():
        return deals.with_columns(
            stage_name=pl.lit(None, pl.String),
            stage_is_closed=pl.lit(None, pl.Boolean),
            stage_known=pl.lit(None, pl.Boolean),
        )
    table = completed("stages", live("stages", stages)).sort("connection", "pipeline_id", "position", "id")
    by_key = table.drop_nulls("key").unique(["connection", "key"], keep="first", maintain_order=True)
    known = by_key.select(
        "connection", pl.col("key").alias("stage"), pl.col("name").alias("stage_name"),
        pl.col("is_closed").alias("stage_is_closed"), stage_known=pl.lit(value=True),
    )  # fmt: skip
    joined = deals.join(known, on=["connection", "stage"], how="left", maintain_order="left")
    has_stages = pl.col("connection").is_in(by_key["connection"].unique().to_list())
    return joined.with_columns(
        pl.when(has_stages).then(pl.col("stage_known").fill_null(value=False)).alias("stage_known")
    )


def _with_owners(deals: pl.DataFrame, users: pl.DataFrame | None) -> pl.DataFrame:
    """Adds owner_active, null where nothing is known of the owner."""
    if users is None or users.is_empty():
        return deals.with_columns(owner_active=pl.lit(None, pl.Boolean))
    owners = completed("users", users).select(
        "connection", pl.col("id").cast(pl.String).alias("owner_id"), pl.col("is_active").alias("owner_active")
    )
    unique = owners.unique(["connection", "owner_id"], keep="first", maintain_order=True)
    return deals.join(unique, on=["connection", "owner_id"], how="left", maintain_order="left")


def _checks(source: pl.DataFrame, known: Readable, limits: Limits) -> list[_Check]:
    def where(*fields: str) -> pl.Expr:
        return pl.all_horizontal(known.where(source, "deals", name) for name in fields)

    def lacks(*fields: str) -> pl.Expr:
        frame = completed("deals", source)
        return pl.all_horizontal(blank(frame, name) for name in fields)

    has_account = where("account_id") | where("account_name")
    has_owner = where("owner_id") | where("owner_name")
    has_entry = pl.col("days_in_stage").is_not_null()
    has_activity = where("last_activity_on")
    idle = pl.coalesce("days_idle", "days_open")
    return [
        _Check("deal-no-account", "account_id", has_account, lacks("account_id", "account_name"),
               pl.lit("belongs to no account")),
        _Check("deal-no-amount", "amount", where("amount"), lacks("amount"), pl.lit("has no amount")),
        _Check("deal-no-owner", "owner_id", has_owner, lacks("owner_id", "owner_name"), pl.lit("has no owner")),
        _Check("deal-owner-inactive", "owner_id", pl.col("owner_active").is_not_null(), ~pl.col("owner_active"),
               pl.lit("its owner is no longer active")),
        _Check("deal-stage-unknown", "stage", pl.col("stage_known").is_not_null(), ~pl.col("stage_known"),
               pl.format("stands in stage {}, which the pipeline does not have", shown("stage").fill_null("(none)")),
               pl.col("stage")),
        _Check("deal-stale-stage", "stage", has_entry, pl.col("days_in_stage") > pl.col("stage_limit"),
               pl.format("{} days in stage {}; the limit is {}", "days_in_stage",
                         shown("stage_shown").fill_null("(none)"), "stage_limit"), pl.col("days_in_stage")),
        _Check("deal-idle", "last_activity_on", has_activity & idle.is_not_null(), idle > limits.idle_days,
               pl.format("{} for {} days; the limit is {}",
                         pl.when(pl.col("days_idle").is_null()).then(pl.lit("no activity since it was opened"))
                         .otherwise(pl.lit("nothing happened")), idle, pl.lit(limits.idle_days)), idle),
        _Check("deal-close-past", "close_on", pl.col("days_late").is_not_null(), pl.col("days_late") > 0,
               pl.format("should have closed on {}, {} days ago", "close_on", "days_late"), pl.col("close_on")),
        _Check("deal-no-close-date", "close_on", where("close_on"), lacks("close_on"), pl.lit("has no close date")),
        _Check("deal-pushed", "pushes", pl.col("pushes").is_not_null(), pl.col("pushes") > limits.max_pushes,
               pl.format(f"close date moved {{}} times; the limit is {limits.max_pushes}", "pushes"), pl.col("pushes")),
        _Check("deal-no-next-step", "next_step", where("next_step"), lacks("next_step"), pl.lit("has no next step")),
    ]  # fmt: skip
