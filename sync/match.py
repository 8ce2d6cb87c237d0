"""Match: records of all connections into entities, with every decided pair and its reason kept.

The first match learns a model of each kind of entity; later ones weigh by it, and look only at records that came,
changed or went since, and at those that these concern. `full` looks at all of them again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from hygiene.linkage.model import Model, OtherComparisons
from hygiene.match import KINDS, Matches, match
from store import KindMatch, Matched, MatchUpdate
from sync.digest import digest
from sync.figures import figures
from sync.heirs import follow_heirs
from sync.models import keep_models, kinds_of, stored_models
from sync.records import stored_frames
from sync.rematch import rematch
from sync.workspace import Workspace

STREAMS = ("accounts", "contacts", "leads")
# Raised with every change of what matching does to the same records under the same model.
EDITION = 3


@dataclass(frozen=True, slots=True)
class MatchReport:
    """Counts after a match; `groups` are entities with more than one record, `looked_at` the records that this match
    looked at."""

    people: int
    person_records: int
    companies: int
    company_records: int
    groups: int
    unsure: int
    looked_at: int

    @property
    def sentence(self) -> str:
        return (
            f"{self.person_records:,} person records are {self.people:,} people, "
            f"{self.company_records:,} accounts {self.companies:,} companies"
        )


def match_records(workspace: Workspace, *, full: bool = False) -> MatchReport:
    """Match what changed, or with `full` everything, and save pairs, memberships and findings."""
    store = workspace.store
    run_id = store.begin_run("match", workspace.clock())
    follow_heirs(store, workspace.clock())
    update = None if full else _changes_matched(workspace)
    if update is None:
        update = _all_matched(workspace)
    store.save_match(run_id, update, workspace.clock())
    report = _report({kind: dict(held.summary) for kind, held in store.matched().items()}, update)
    summary = {"groups": report.groups, "unsure": report.unsure, "looked at": report.looked_at}
    store.end_run(run_id, "done", workspace.clock(), summary)
    return report


def matched_by(workspace: Workspace, models: Mapping[str, Model]) -> Matches:
    """All records of the store matched by these models, or by what is learned where there is none of a kind; nothing is
    saved."""
    store, settings = workspace.store, workspace.settings
    frames = stored_frames(store, STREAMS)
    cap, country = settings.caps.max_cluster, settings.plan.default_country
    return match(frames, store.verdicts(), store.memberships(), cap, country, models,
                 kinds=kinds_of(workspace), keep=True)  # fmt: skip


def _changes_matched(workspace: Workspace) -> MatchUpdate | None:
    """None where everything has to be looked at."""
    try:
        return rematch(workspace, match_settings(workspace))
    except OtherComparisons:
        return None


def _all_matched(workspace: Workspace) -> MatchUpdate:
    store = workspace.store
    verdict, stored = store.newest_verdict(), stored_models(store)
    try:
        matches = matched_by(workspace, stored)
    except OtherComparisons:  # this program compares otherwise than the one that learned
        stored = {}
        matches = matched_by(workspace, stored)
    learned = {kind: model for kind, model in matches.models.items() if kind not in stored}
    versions = {kind: model.version for kind, model in stored.items()}
    return whole_update(workspace, matches, verdict, versions | keep_models(store, learned, workspace.clock()))


def whole_update(workspace: Workspace, matches: Matches, verdict: int, versions: Mapping[str, str]) -> MatchUpdate:
    """What a match of everything leaves in the store; `versions` of the stored models by kind."""
    settings = match_settings(workspace)
    kinds = {}
    for kind in KINDS:
        own = figures(kind.name, matches.memberships, matches.pairs)
        version = versions.get(kind.name, "")
        segment = matches.segments.get(kind.name) if version else None
        parts = {} if segment is None else segment.parts()
        kinds[kind.name] = KindMatch(Matched(version, settings, verdict, own), parts)
    return MatchUpdate(kinds, matches.pairs, matches.memberships, matches.findings)


def match_settings(workspace: Workspace) -> str:
    """What beside records, verdicts and models decides a match, as a short text."""
    settings = workspace.settings
    unreadable = workspace.store.readable().filter(pl.col("stream").is_in(STREAMS), ~pl.col("readable"))
    told = [EDITION, settings.caps.max_cluster, settings.plan.default_country, settings.match.job_changes,
            unreadable.select("connection", "stream", "field").rows()]  # fmt: skip
    return digest(told)


def _report(held: Mapping[str, Mapping[str, int]], update: MatchUpdate) -> MatchReport:
    person, company = held["person"], held["company"]
    return MatchReport(
        people=person["entities"],
        person_records=person["records"],
        companies=company["entities"],
        company_records=company["records"],
        groups=person["groups"] + company["groups"],
        unsure=person["unsure"] + company["unsure"],
        looked_at=update.memberships.height,
    )
