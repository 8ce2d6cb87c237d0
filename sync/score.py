"""Score: completeness of every record, health of every open deal, malformed and misspelt values."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date

import polars as pl

from hygiene.checks import check
from hygiene.completeness import completeness
from hygiene.consent import consent
from hygiene.findings import empty
from hygiene.hierarchy import hierarchy_findings, houses
from hygiene.owners import owner_findings
from hygiene.rules import RULES
from hygiene.staleness import Limits, staleness
from hygiene.variants import variants
from model.streams import STREAMS
from model.sync_settings import SyncSettings
from sync.clock import day_of
from sync.records import stored_frames
from sync.workspace import Workspace

_SEVERITIES = ("high", "medium", "low", "info")


@dataclass(frozen=True, slots=True)
class ScoreReport:
    """What scoring came to: per stream the mean completeness, per rule how many records."""

    as_of: date
    records: int
    complete_share: float | None
    open_deals: int
    stale_deals: int
    completeness_rows: list[tuple[str, str, str]]
    finding_rows: list[tuple[str, str, str]]

    @property
    def sentence(self) -> str:
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
) -> ScoreReport:
    """Score the store as of a day (default: today) and save scores and findings.

    `vocabularies` lists by (stream, field) values that are right by definition, such as a product list's names.
    """
    store, settings = workspace.store, workspace.settings
    day = as_of or day_of(workspace.clock())
    run_id = store.begin_run("score", workspace.clock())
    frames = stored_frames(store, (stream for stream in STREAMS if stream != "associations"))
    readable = store.readable()
    limits = settings.staleness
    complete = completeness(frames, settings.completeness.required, readable)
    stale = staleness(
        frames, day, Limits(limits.stage_days, limits.by_stage, limits.idle_days, limits.max_pushes), readable
    )
    malformed = check(frames, day, settings.plan.default_country)
    misspelt = variants(frames, vocabularies).findings
    differing = consent(frames, store.memberships(), readable)
    belonging = houses(frames["accounts"], store.memberships())
    hierarchy = hierarchy_findings(frames["accounts"], belonging, readable)
    owners = _owners(settings.sync, frames["users"])
    findings = pl.concat([complete.findings, stale.findings, malformed, misspelt, differing, hierarchy, owners])
    store.replace_scores(pl.concat([complete.scores, stale.scores]))
    store.replace_findings(run_id, findings, step="score")
    store.end_run(run_id, "done", workspace.clock(), {"findings": findings.height})
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
        finding_rows(store.findings()),
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
