"""The demo: the whole loop against sandbox CRMs over HTTP, told in a few lines with real counts."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from model.changes import SYNC
from model.errors import InputError
from reports.gather import gather
from reports.html import render_html, write_private
from sandbox.generator import Dataset
from sandbox.start import Sandbox, start
from sync.calls import call_counts
from sync.clock import day_of
from sync.enrich import enrich_accounts
from sync.match import match_records
from sync.plan import plan_changes
from sync.pull import StreamPull, pull_all
from sync.push import push_stored
from sync.resolve import resolve_people
from sync.score import score_records
from sync.workspace import Workspace
from trueline.demo_sync import tell_conflict, tell_merge
from trueline.project import FILE_NAME, load_project
from trueline.screen import Screen
from trueline.session import workspace_of
from trueline.truth import linked_truly, matched_truly

STORE = "trueline.db"
REPORT = "report.html"
# Kinds of API calls that the story names.
_TOLD = ("bulk", "list", "search", "association", "write")
_MARK = "# Written by `trueline demo`, which may replace it."


@dataclass(slots=True)
class Demo:
    """The story's lines, and what they end in: `changes_left` is what a second plan still wants (0 is the promise),
    `truth` how far the run agrees with what was planted."""

    lines: list[str] = field(default_factory=list)
    truth: dict[str, float] = field(default_factory=dict)
    planned: int = 0
    applied: int = 0
    changes_left: int = 0
    report: str = ""
    store: str = ""


def run_demo(screen: Screen, folder: Path, size: int, seed: int, dirt: float) -> Demo:
    """Run the loop in `folder`, replacing an earlier demo there; InputError when it holds something else."""
    _clear(folder)
    demo = Demo(report=str(folder / REPORT), store=str(folder / STORE))

    def tell(line: str) -> None:
        demo.lines.append(line)
        screen.say(line)

    today = date.today()  # noqa: DTZ011  the sandbox lives on this machine's calendar
    with start(size, seed, dirt, today) as running:
        tell(f"sandbox  Salesforce and HubSpot over HTTP, {size:,} person records, planted dirt")
        _write_settings(folder, running)
        with workspace_of(load_project(folder)) as workspace:
            _tell_loop(workspace, screen, demo, tell, running.dataset)
            tell_conflict(workspace, running, tell)
            tell_merge(workspace, running, tell)
            _tell_calls(workspace, tell)
            _write_report(workspace, folder, demo)
    screen.say(f"Open {demo.report}; the store is {demo.store}.")
    return demo


def _tell_loop(workspace: Workspace, screen: Screen, demo: Demo, tell: Callable[[str], None], dataset: Dataset) -> None:
    with screen.progress("pull") as advance:
        pulled = pull_all(workspace, progress=lambda connection, stream, rows: advance(f"{connection} {stream}", rows))
    tell(f"pull     {_counted(pulled)}; {_calls(workspace):,} API calls")
    tell(f"match    {match_records(workspace).sentence}")
    tell(f"truth    {_matched_truly(workspace, dataset, demo)}")
    tell(f"resolve  {resolve_people(workspace).sentence}")
    tell(f"truth    {_linked_truly(workspace, dataset, demo)}")
    with screen.progress("enrich") as advance:
        tell(f"enrich   {enrich_accounts(workspace, lambda done, total: advance('gleif', done, total)).sentence}")
    tell(f"score    {score_records(workspace).sentence}")
    planned = plan_changes(workspace)
    demo.planned = len(planned.rows)
    top = ", ".join(f"{number:,} {rule}" for rule, number in list(planned.by_rule.items())[:2])
    joins = f"; {len(planned.joins):,} merges and conversions proposed" if planned.joins else ""
    tell(f"plan     {demo.planned:,} changes with reasons ({top}, ...){joins}")
    carried = planned.by_rule.get(SYNC, 0)
    tell(f"sync     {carried:,} of them carry values across; {planned.conflicts:,} conflicts wait")
    if planned.plan_id:
        before = _calls(workspace)
        with screen.progress("push") as advance:
            report = push_stored(workspace, planned.plan_id, progress=lambda done, total: advance("", done, total))
        demo.applied = report.statuses["applied"]
        outcomes = ", ".join(f"{number:,} {status}" for status, number in sorted(report.statuses.items()))
        tell(f"push     {outcomes}; {_calls(workspace) - before:,} API calls; undo with: undo {report.run_id}")
    again = pull_all(workspace)
    demo.changes_left = len(plan_changes(workspace).rows)
    tell(f"again    {_counted(again)}; a second plan: {demo.changes_left:,} changes")


def _tell_calls(workspace: Workspace, tell: Callable[[str], None]) -> None:
    for name, kinds in call_counts(workspace).items():
        work = ", ".join(f"{number:,} {kind}" for kind, number in kinds.items() if kind in _TOLD)
        if work:
            tell(f"calls    {name} in all {sum(kinds.values()):,}: {work}")


def _matched_truly(workspace: Workspace, dataset: Dataset, demo: Demo) -> str:
    parts = []
    for kind, found in matched_truly(workspace.store.memberships(), dataset).items():
        demo.truth |= {f"{kind} precision": found.precision, f"{kind} recall": found.recall}
        parts.append(f"{kind} {found.precision:.3f} and {found.recall:.3f}")
    return f"precision and recall against what was planted: {', '.join(parts)}"


def _linked_truly(workspace: Workspace, dataset: Dataset, demo: Demo) -> str:
    found = linked_truly(workspace.store.links(), dataset)
    demo.truth |= {"links precision": found.precision, "links coverage": found.coverage}
    return f"precision of the links {found.precision:.3f}, for {found.coverage:.3f} of the people who have an account"


def _counted(results: list[StreamPull]) -> str:
    by_connection: dict[str, int] = {}
    for result in results:
        by_connection[result.connection] = by_connection.get(result.connection, 0) + result.rows
    return ", ".join(f"{rows:,} records of {connection}" for connection, rows in by_connection.items())


def _calls(workspace: Workspace) -> int:
    return sum(sum(kinds.values()) for kinds in call_counts(workspace).values())


def _clear(folder: Path) -> None:
    settings = folder / FILE_NAME
    if settings.exists() and not settings.read_text("utf-8", errors="replace").startswith(_MARK):
        raise InputError(f"{folder} holds a project of yours; choose another place with --folder.")
    for name in (STORE, f"{STORE}-wal", f"{STORE}-shm", REPORT, FILE_NAME):
        (folder / name).unlink(missing_ok=True)
    folder.mkdir(parents=True, exist_ok=True)


def _write_settings(folder: Path, running: Sandbox) -> None:
    """A project like any other, but for the loopback addresses; the sandbox's harmless words stand for secrets."""
    os.environ["TRUELINE_DEMO_SF_SECRET"] = running.salesforce[0].credentials["client_secret"]
    os.environ["TRUELINE_DEMO_HS_TOKEN"] = running.hubspot.credentials["token"]
    (folder / FILE_NAME).write_text(
        f"""{_MARK}
[store]
url = "sqlite:///{STORE}"

[connections.sf]
system = "salesforce"
host = "sandbox.my.salesforce.com"
base_url = "{running.salesforce[0].url}"
client_id = "{running.salesforce[0].credentials["client_id"]}"
secret = "env:TRUELINE_DEMO_SF_SECRET"
bulk_from = 500                              # so that the demo shows the Bulk API; its default is for real orgs

[connections.hs]
system = "hubspot"
base_url = "{running.hubspot.url}"
secret = "env:TRUELINE_DEMO_HS_TOKEN"

[connections.gleif]
system = "gleif"
base_url = "{running.gleif.url}"
calls_per_minute = 6000                      # the stand-in's limit is lifted too, so that the demo is short
max_lookups = 5000

[sync]
between = ["sf", "hs"]

[sync.contacts.fields]
title = "two-way"
phone = "prefer-salesforce-unless-blank"
mobile = "prefer-salesforce-unless-blank"

[caps]
max_share = 1.0                              # the demo corrects everything at once; keep 0.5 or less at home
""",
        "utf-8",
    )


def _write_report(workspace: Workspace, folder: Path, demo: Demo) -> None:
    score_records(workspace)
    content = gather(
        workspace.store,
        day_of(workspace.clock()),
        workspace.settings.completeness.required,
        title="Trueline demo: two CRMs after one round",
        story=demo.lines,
    )
    write_private(folder / REPORT, render_html(content))
