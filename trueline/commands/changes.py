"""The stages that lead to a write: plan, push, undo, and sync for the whole loop. Only --apply sends anything."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any

import typer

from model.errors import CapExceeded
from reports.joins import join_views, print_join
from sync.calls import call_budgets, call_counts
from sync.match import match_records
from sync.plan import NOTHING, ChangeRow, PlanReport, pending_plan, plan_changes
from sync.push import PushReport, push_stored
from sync.refused import standing
from sync.resolve import ResolveReport, resolve_people
from sync.scope import is_at_rest
from sync.score import score_records
from sync.settle import settle_unfinished
from sync.undo import undo_run
from sync.workspace import Workspace
from trueline.commands.loop import about, enrich_and_show, enrich_stops, pull_and_show, show_calls, stops
from trueline.screen import Screen, plain
from trueline.session import HERE, JsonOption, ProjectOption, open_session, working_session

app = typer.Typer()
# An account, its contact and the link between them are made one after the other, as corrections build on each other.
_WAVES = 3
ApplyOption = Annotated[bool, typer.Option("--apply", help="Write. Without it nothing is sent, only printed.")]
LimitOption = Annotated[
    int | None,
    typer.Option("--limit", min=0, help="How many records to make at most.", show_default="caps.max_creates"),
]
ShowOption = Annotated[int, typer.Option("--show", min=0, help="How many changes to print.")]
AgainOption = Annotated[bool, typer.Option("--again", help="Propose again what a system refused before.")]
MergesOption = Annotated[bool, typer.Option("--merges", help="Send the plan's merges and conversions too.")]
PlanArgument = Annotated[str | None, typer.Argument(help="A plan's id.", show_default="the newest plan")]


@app.command(epilog="Example: trueline plan --show 20")
def plan(
    limit: LimitOption = None,
    again: AgainOption = False,
    show: ShowOption = 10,
    project: ProjectOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Work out corrections and store them as a plan. Writes nothing anywhere else."""
    screen = Screen(as_json=as_json)
    with working_session(project) as workspace:
        with screen.progress("plan"):
            result = plan_changes(workspace, limit, again=again)
        _show_plan(screen, result)
        _show_changes(screen, result.rows, show)
        _show_joins(screen, workspace, result, show)
    if result.rows:
        screen.say(f"Nothing is written yet. Review it, then: trueline push {result.plan_id} --apply")
    if result.joins:
        screen.say(f"With its merges: trueline push {result.plan_id} --merges --apply")
    screen.finish(result)


@app.command(epilog="Example: trueline push --apply")
def push(
    plan_id: PlanArgument = None,
    apply: ApplyOption = False,
    merges: MergesOption = False,
    show: ShowOption = 10,
    project: ProjectOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Print a plan's pending changes, or with --apply write them, journaled and guarded.

    Merges and conversions are sent only with --merges.
    """
    screen = Screen(as_json=as_json)
    with working_session(project) if apply else open_session(project) as workspace:
        if apply:
            report = _push_and_show(workspace, screen, plan_id, merges=merges)
            document, failures = plain(report), _push_stops(report)
        else:
            pending = pending_plan(workspace, plan_id)
            screen.say(pending.sentence)
            _show_changes(screen, pending.rows, show)
            _show_joins(screen, workspace, pending, show)
            screen.say("Nothing was written; add --apply to write.")
            document, failures = plain(pending), []
    screen.finish(document, failures)


@app.command(epilog="Example: trueline undo r0007 --apply")
def undo(
    run: Annotated[str, typer.Argument(help="The run to undo, as `push` printed it.")],
    apply: ApplyOption = False,
    overwritten: Annotated[
        bool, typer.Option("--overwritten", help="Only put back other people's values that the run overwrote.")
    ] = False,
    show: ShowOption = 10,
    project: ProjectOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Put back what a run changed: print the inverse plan, or with --apply send it.

    What somebody has changed since is left alone.
    """
    screen = Screen(as_json=as_json)
    with working_session(project) if apply else open_session(project) as workspace:
        result = undo_run(workspace, run, save=apply, only_overwritten=overwritten)
        screen.say(result.sentence)
        for sentence in result.lost:
            screen.say(f"  cannot be undone: {sentence}")
        for sentence in result.unrestored:
            screen.say(f"  will not be as before: {sentence}")
        document, failures = {**plain(result), "push": None}, []
        if apply:
            report = _push_and_show(workspace, screen, result.plan.plan_id, kind="undo", merges=True)
            document["push"], failures = plain(report), _push_stops(report)
        else:
            _show_changes(screen, result.plan.rows, show)
            screen.say("Nothing was written; add --apply to write.")
    screen.finish(document, failures)


@app.command(epilog="Example: trueline sync --apply")
def sync(
    apply: ApplyOption = False,
    limit: LimitOption = None,
    full: Annotated[bool, typer.Option("--full", help="Look at every record, not only at what changed.")] = False,
    again: AgainOption = False,
    show: ShowOption = 10,
    project: ProjectOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Pull, match, resolve, enrich, score and plan in one go; with --apply also push, under the caps.

    Only what changed since the last time is looked at, with all that it concerns.
    """
    screen = Screen(as_json=as_json)
    with working_session(project, first=True) as workspace:
        document, failures = sync_and_show(
            workspace, screen, apply=apply, full=full, again=again, show=show, limit=limit
        )
    screen.finish(document, failures)


def sync_and_show(
    workspace: Workspace,
    screen: Screen,
    *,
    apply: bool,
    full: bool = False,
    again: bool = False,
    show: int = 0,
    limit: int | None = None,
) -> tuple[dict[str, Any], list[str]]:
    """One cycle: what every stage came to, by its verb, and a sentence for each thing that did not reach its end. Where
    nothing changed it ends with the pull."""
    if apply:
        settle_unfinished(workspace.store, workspace.sinks(), workspace.clock)
    pulled = pull_and_show(workspace, screen)
    calls, budget = call_counts(workspace), call_budgets(workspace)
    document: dict[str, Any] = {"pull": {"streams": pulled, "calls": calls, "budget": budget}}
    document |= dict.fromkeys(("match", "resolve", "enrich", "score", "push")) | {"plan": NOTHING, "waves": []}
    failures = stops(pulled)
    enriched = enrich_and_show(workspace, screen)
    document["enrich"], failures = enriched, failures + enrich_stops(enriched)
    if not (full or again) and is_at_rest(workspace):
        document["plan"] = rests = replace(NOTHING, refused=standing(workspace.store))
        screen.say(rests.sentence)
        return document, failures
    matched = match_records(workspace, full=full)
    screen.say(matched.sentence)
    document |= {"match": matched, "resolve": _resolved(workspace, screen, full=full)}
    document["score"] = scored = score_records(workspace, full=full)
    screen.say(scored.sentence)
    document["plan"] = planned = plan_changes(workspace, limit, full=full, again=again)
    _show_plan(screen, planned)
    if not (apply and planned.rows):
        _show_changes(screen, planned.rows, show)
        _show_joins(screen, workspace, planned, show)
        return document, failures
    try:
        document["push"] = report = _push_and_show(workspace, screen, planned.plan_id)
        most = workspace.settings.caps.max_creates if limit is None else limit
        waves = _more_waves(workspace, screen, planned, report, most)
        document["waves"] = [{"plan": planned, "push": pushed} for planned, pushed in waves]
        failures += [stop for pushed in (report, *(one for _, one in waves)) for stop in _push_stops(pushed)]
    except CapExceeded as error:  # what was pulled and planned is a result all the same
        failures.append(str(error))
    return document, failures


def _more_waves(
    workspace: Workspace, screen: Screen, planned: PlanReport, report: PushReport, limit: int
) -> list[tuple[PlanReport, PushReport]]:
    """Plan and push again while records were made: what hangs on them is made and linked next. At most `limit` records
    are made in all of the cycle. So too after a plan of what changed: what it wrote may match, or be linked, anew."""
    waves: list[tuple[PlanReport, PushReport]] = []
    for _ in range(_WAVES):
        follows = report.made or (planned.in_part and report.statuses["applied"])
        if not follows or report.stopped:
            break
        limit -= report.made
        planned = plan_changes(workspace, max(limit, 0), full=not planned.in_part)
        _show_plan(screen, planned)
        if not planned.rows:
            break
        report = _push_and_show(workspace, screen, planned.plan_id)
        waves.append((planned, report))
    return waves


def _show_plan(screen: Screen, plan: PlanReport) -> None:
    screen.say(plan.sentence)
    for stage in plan.stages:
        screen.say(f"  {stage.sentence}")


def _resolved(workspace: Workspace, screen: Screen, *, full: bool) -> ResolveReport:
    resolved = resolve_people(workspace, full=full)
    screen.say(resolved.sentence)
    return resolved


def _show_changes(screen: Screen, rows: list[ChangeRow], show: int) -> None:
    for row in rows[:show]:
        screen.say(row.key)
        screen.say(f"    {row.what}")
        screen.say(f"    {row.reason}")
        if row.lasting:
            screen.say(f"    cannot be undone: {row.lasting}")
    if len(rows) > show:
        screen.say(f"... and {len(rows) - show:,} more")


def _show_joins(screen: Screen, workspace: Workspace, plan: PlanReport, show: int) -> None:
    """The merges and conversions side by side, each with the values that survive."""
    if not plan.joins:
        return
    # One of them fills a third of a screen.
    most = -(-show // 3)
    shown = {row.id for row in plan.joins[:most]}
    planned = workspace.store.plan_changes(plan.plan_id or "")
    for view in join_views(workspace.store, [one.change for one in planned if one.id in shown]):
        print_join(view, screen.say, screen.table)
    if len(plan.joins) > most:
        screen.say(f"... and {len(plan.joins) - most:,} more merges and conversions")
    for row in (row for row in plan.joins if row.id in shown and row.lasting):
        screen.say(f"{row.key}: {row.lasting}")
    for sentence in plan.soft:
        screen.say(sentence)
    if most and plan.unrestored:
        screen.say("trueline undo takes merges apart again. What it will not make as before:")
        for sentence in plan.unrestored:
            screen.say(f"    {sentence}")


def _push_and_show(
    workspace: Workspace, screen: Screen, plan_id: str | None, kind: str = "push", *, merges: bool = False
) -> PushReport:
    with screen.progress(kind) as advance:
        report = push_stored(
            workspace, plan_id, kind=kind, joins=merges, progress=lambda done, total: advance("", done, total)
        )
    screen.say(report.sentence)
    if report.held:
        screen.say(f"{report.held:,} merges and conversions were not sent; add --merges to send them.")
    for reason, number in report.reasons.most_common(10):
        screen.say(f"  {number:,} × {reason}")
    show_calls(workspace, screen)
    if report.run_id and report.statuses["applied"]:
        screen.say(f"To put it back: trueline undo {report.run_id} --apply")
    return report


def _push_stops(report: PushReport) -> list[str]:
    """A sentence for each connection whose changes were not all sent."""
    return [about(connection, sentence, "stopped") for connection, sentence in report.stopped.items()]
