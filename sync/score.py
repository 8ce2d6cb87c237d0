"""Score: completeness of every record, health of every open deal, malformed and misspelt values."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import date

import polars as pl

from hygiene.checks import check
from hygiene.completeness import Completeness, completeness
from hygiene.consent import consent
from hygiene.findings import empty
from hygiene.hierarchy import hierarchy_findings, houses
from hygiene.owners import owner_findings
from hygiene.rules import RULES
from hygiene.staleness import Limits, Staleness, staleness
from hygiene.variants import variants
from model.streams import STREAMS
from model.sync_settings import SyncSettings
from store import ScopedStore, Store
from sync.chosen import KEY
from sync.clock import day_of
from sync.records import stored_frames
from sync.scope import RECORDS, Scope, looked_at, plan_settings, score_settings
from sync.workspace import Workspace

# What a deal is judged by beside itself; where these changed, everything is scored.
_JUDGED_BY = ("users", "stages")
_SEVERITIES = ("high", "medium", "low", "info")


@dataclass(frozen=True, slots=True)
class ScoreReport:
    """What scoring came to: per stream the mean completeness, per rule how many records; where it was `in_part`, of the
    records that were looked at, and no rules."""

    as_of: date
    records: int
    complete_share: float | None
    open_deals: int
    stale_deals: int
    completeness_rows: list[tuple[str, str, str]]
    finding_rows: list[tuple[str, str, str]]
    in_part: bool = False

    @property
    def sentence(self) -> str:
        if self.in_part:
            return f"{self.records:,} records scored again"
        share = (
            "no required field could be read" if self.complete_share is None else f"{self.complete_share:.0%} complete"
        )
        return (
            f"{self.records:,} records {share}; {self.stale_deals:,} of {self.open_deals:,} open deals have a warning"
        )


def score_records(
    workspace: Workspace,
    as_of: date | None = None,
    vocabularies: Mapping[tuple[str, str], Collection[str]] | None = None,
    *,
    full: bool = True,
) -> ScoreReport:
    """Score the store as of a day (default: today) and save scores and findings.

    `vocabularies` lists by (stream, field) values that are right by definition, such as a product list's names. Without
    `full` only records are scored that changed since they were, with what these concern; misspelt values, which are
    told by all others of their column, are looked for on the first scoring of a day.
    """
    store, day = workspace.store, as_of or day_of(workspace.clock())
    settings = score_settings(workspace, plan_settings(workspace), day)
    scope = None if full else looked_at(workspace, "score", settings)
    if scope is not None:
        return _scored_again(workspace, day, settings, scope)
    run_id = store.begin_run("score", workspace.clock())
    frames = stored_frames(store, (stream for stream in STREAMS if stream != "associations"))
    complete, stale, findings = _judged(workspace, store, frames, day)
    misspelt, owners = variants(frames, vocabularies).findings, _owners(workspace.settings.sync, frames["users"])
    store.replace_scores(pl.concat([complete.scores, stale.scores]))
    store.replace_findings(run_id, pl.concat([findings, misspelt, owners]), step="score")
    store.settle("score", settings)
    store.end_run(run_id, "done", workspace.clock(), {"findings": findings.height})
    return _report(day, complete, stale, finding_rows(store.findings()))


def _scored_again(workspace: Workspace, day: date, settings: str, scope: Scope) -> ScoreReport:
    """Score the records of a scope, and others that changed, deals for instance, which are judged by themselves."""
    run_id = workspace.store.begin_run("score", workspace.clock())
    store = ScopedStore.within(workspace.store, scope.keys, scope.context)
    others = scope.seen.filter(~pl.col("stream").is_in((*RECORDS, "associations")))
    frames = stored_frames(store, (*RECORDS, *(_JUDGED_BY if len(others) else ())))
    frames |= {str(stream): store.frame(str(stream), only=part) for (stream,), part in others.group_by("stream")}
    complete, stale, findings = _judged(workspace, store, frames, day)
    keys = pl.concat([scope.keys, others.select(KEY)])
    told, scores = (
        frame.join(keys, on=KEY, how="semi", maintain_order="left")
        for frame in (findings, pl.concat([complete.scores, stale.scores]))
    )
    store.renew_scores(scores, keys)
    store.renew_findings(run_id, told, "score", "spelling-variant", keys)
    store.settle("score", settings, seen=scope.seen)
    store.end_run(run_id, "done", workspace.clock(), {"findings": told.height})
    return replace(_report(day, complete, stale, []), records=scope.keys.height, in_part=True)


def _judged(
    workspace: Workspace, store: Store, frames: Mapping[str, pl.DataFrame], day: date
) -> tuple[Completeness, Staleness, pl.DataFrame]:
    """Scores, and the findings of what a record, or those it belongs to, tell by themselves."""
    settings, readable, memberships = workspace.settings, store.readable(), store.memberships()
    told = settings.staleness
    limits = Limits(told.stage_days, told.by_stage, told.idle_days, told.max_pushes)
    complete = completeness(frames, settings.completeness.required, readable)
    stale = staleness(frames, day, limits, readable)
    malformed = check(frames, day, settings.plan.default_country)
    differing = consent(frames, memberships, readable)
    belonging = houses(frames["accounts"], memberships)
    hierarchy = hierarchy_findings(frames["accounts"], belonging, readable)
    return complete, stale, pl.concat([complete.findings, stale.findings, malformed, differing, hierarchy])


def _report(day: date, complete: Completeness, stale: Staleness, rows: list[tuple[str, str, str]]) -> ScoreReport:
    return ScoreReport(
        day,
        complete.scores.height,
        _mean(complete.scores["share"]),
        stale.scores.height,
        stale.scores.filter(pl.col("share") < 1).height,
        [
            (f"{connection} {stream}", f"{records:,}", "-" if share is None else f"{share:.0%}")
            for connection, stream, records, _, share in complete.streams.iter_rows()
        ],
        rows,
    )


def _owners(sync: SyncSettings, users: pl.DataFrame) -> pl.DataFrame:
    """Owners who are nobody in the other CRM, where owners are synced."""
    synced = [stream.fields.get("owner_id") for stream in (sync.accounts, sync.contacts)]
    if sync.between is None or all(one is None or one.authority == "dont-sync" for one in synced):
        return empty()
    return owner_findings(users, sync.between)


def finding_rows(findings: pl.DataFrame) -> list[tuple[str, str, str]]:
    """Per rule: its description, severity and number of records, the gravest first."""
    record = pl.struct("connection", "stream", "id")
    counted: dict[str, int] = dict(findings.group_by("rule").agg(record.n_unique()).iter_rows())
    ordered = sorted(counted, key=lambda rule: (_SEVERITIES.index(RULES[rule].severity), -counted[rule], rule))
    return [(RULES[rule].description, RULES[rule].severity, f"{counted[rule]:,}") for rule in ordered]


def _mean(values: pl.Series) -> float | None:
    mean = values.mean()
    return float(mean) if isinstance(mean, (int, float)) else None
