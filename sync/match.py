"""Match: records of all connections into entities, with every decided pair and its reason kept."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from hygiene.match import match
from sync.records import stored_frames
from sync.workspace import Workspace

STREAMS = ("accounts", "contacts", "leads")


@dataclass(frozen=True, slots=True)
class MatchReport:
    """Counts after a match; `groups` are entities with more than one record."""

    people: int
    person_records: int
    companies: int
    company_records: int
    groups: int
    unsure: int

    @property
    def sentence(self) -> str:
        return (
            f"{self.person_records:,} person records are {self.people:,} people, "
            f"{self.company_records:,} accounts {self.companies:,} companies"
        )


def match_records(workspace: Workspace) -> MatchReport:
    """Match everything in the store and save pairs, memberships and findings."""
    store, settings = workspace.store, workspace.settings
    frames = stored_frames(store, STREAMS)
    run_id = store.begin_run("match", workspace.clock())
    matches = match(
        frames,
        store.verdicts(),
        store.memberships(),
        max_cluster=settings.caps.max_cluster,
        default_country=settings.plan.default_country,
    )
    store.save_pairs(matches.pairs)
    store.save_memberships(matches.memberships, workspace.clock())
    store.replace_findings(run_id, matches.findings, step="match")
    report = _report(matches.memberships, matches.pairs)
    store.end_run(run_id, "done", workspace.clock(), {"groups": report.groups, "unsure": report.unsure})
    return report


def _report(memberships: pl.DataFrame, pairs: pl.DataFrame) -> MatchReport:
    is_company = pl.col("stream") == "accounts"
    people, companies = memberships.filter(~is_company), memberships.filter(is_company)
    sizes = memberships.group_by("entity").len()
    return MatchReport(
        people=people["entity"].n_unique(),
        person_records=people.height,
        companies=companies["entity"].n_unique(),
        company_records=companies.height,
        groups=sizes.filter(pl.col("len") > 1).height,
        unsure=pairs.filter(pl.col("decision") == "unsure").height,
    )
