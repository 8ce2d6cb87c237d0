"""Resolve: an account for every person who has none, or the reason why none was chosen."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from hygiene.resolve import link_findings, resolve
from sync.match import STREAMS
from sync.records import stored_frames
from sync.workspace import Workspace


@dataclass(frozen=True, slots=True)
class ResolveReport:
    """People without account, and for how many of them one was found."""

    people: int
    linked: int

    @property
    def sentence(self) -> str:
        left = self.people - self.linked
        return f"{self.linked:,} of {self.people:,} people without account got one, {left:,} left open"


def resolve_people(workspace: Workspace) -> ResolveReport:
    """Resolve everybody without account and save the links and findings."""
    store = workspace.store
    run_id = store.begin_run("resolve", workspace.clock())
    frames = stored_frames(store, (*STREAMS, "deals"))
    settings = workspace.settings
    links = resolve(frames, store.memberships(), settings.plan.default_country, settings.resolve)
    store.save_links(links.rename({"person_connection": "connection", "person_stream": "stream", "person_id": "id"}))
    store.replace_findings(run_id, link_findings(links), step="resolve")
    report = ResolveReport(links.height, links["account_id"].count())
    store.end_run(run_id, "done", workspace.clock(), {"people": report.people, "linked": report.linked})
    return report


def stored_links(workspace: Workspace) -> pl.DataFrame:
    """The saved links under the names `hygiene` gives their columns."""
    names = {"connection": "person_connection", "stream": "person_stream", "id": "person_id"}
    return workspace.store.links().rename(names)
