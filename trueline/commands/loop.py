"""The stages of the loop as verbs: pull, match, resolve, enrich, score, plan, push, undo, and sync for all of them."""

from __future__ import annotations

from typing import Annotated

import typer

from sync.enrich import enrich_accounts
from sync.match import match_records
from sync.plan import ChangeRow, pending_plan, plan_changes
from sync.pull import StreamPull, call_counts, pull_all
from sync.push import PushReport, push_stored
from sync.resolve import resolve_people
from sync.score import score_records
from sync.undo import undo_run
from sync.workspace import Workspace
from trueline.screen import Screen
from trueline.session import HERE, JsonOption, ProjectOption, open_session

NamesArgument = Annotated[list[str] | None, typer.Argument(help="Connections; all when none is named.")]
ApplyOption = Annotated[bool, typer.Option("--apply", help="Write. Without it nothing is sent, only printed.")]
LimitOption = Annotated[int, typer.Option("--show", min=0, help="How many changes to print.")]


def register(app: typer.Typer) -> None:
    app.command(epilog="Example: trueline pull sf hs --full")(pull)
    app.command(epilog="Example: trueline match")(match)
    app.command(epilog="Example: trueline resolve")(resolve)
    app.command(epilog="Example: trueline enrich")(enrich)
    app.command(epilog="Example: trueline score --json")(score)
    app.command(epilog="Example: trueline plan --show 20")(plan)
    app.command(epilog="Example: trueline push --apply")(push)
    app.command(epilog="Example: trueline undo r0007 --apply")(undo)
    app.command(epilog="Example: trueline sync --apply")(sync)


def pull(
    names: NamesArgument = None,
    full: Annotated[bool, typer.Option("--full", help="Read everything again, not only what changed.")] = False,
    project: ProjectOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Bring new, changed and deleted records of the connections into the store."""
    screen = Screen(as_json=as_json)
    with open_session(project) as workspace:
        results = _pull(workspace, screen, names, full)
        screen.finish(results)
    _exit_on_stop(screen, results)


def match(project: ProjectOption = HERE, as_json: JsonOption = False) -> None:
    """Find which records are the same person or company."""
    screen = Screen(as_json=as_json)
    with open_session(project) as workspace:
        result = match_records(workspace)
    screen.say(result.sentence)
    screen.finish(result)


def resolve(project: ProjectOption = HERE, as_json: JsonOption = False) -> None:
    """Find the account of every person who has none."""
    screen = Screen(as_json=as_json)
    with open_session(project) as workspace:
        result = resolve_people(workspace)
    screen.say(result.sentence)
    screen.finish(result)


def enrich(project: ProjectOption = HERE, as_json: JsonOption = False) -> None:
    """Ask the enrichment connections about accounts with blanks; answers only ever fill blanks."""
    screen = Screen(as_json=as_json)
    with open_session(project) as workspace, screen.progress("enrich") as advance:
        result = enrich_accounts(workspace, lambda done, total: advance("", done, total))
    screen.say(result.sentence)
    screen.finish(result)


def score(project: ProjectOption = HERE, as_json: JsonOption = False) -> None:
    """Score completeness and staleness, and list what is wrong, as findings with reasons."""
    screen = Screen(as_json=as_json)
    with open_session(project) as workspace:
        result = score_records(workspace)
    screen.say(result.sentence)
    screen.table(["stream", "records", "complete"], result.completeness_rows, right=(1, 2))
    screen.table(["finding", "severity", "records"], result.finding_rows, right=(2,))
    screen.finish(result)


def plan(show: LimitOption = 10, project: ProjectOption = HERE, as_json: JsonOption = False) -> None:
    """Work out corrections and store them as a plan. Writes nothing anywhere else."""
    screen = Screen(as_json=as_json)
    with open_session(project) as workspace:
        result = plan_changes(workspace)
    screen.say(result.sentence)
    _print_changes(screen, result.rows[:show], len(result.rows))
    if result.rows:
        screen.say(f"Nothing is written yet. Review it, then: trueline push {result.plan_id} --apply")
    screen.finish(result)


def push(
    plan_id: Annotated[str | None, typer.Argument(help="A plan's id.", show_default="the newest plan")] = None,
    apply: ApplyOption = False,
    show: LimitOption = 10,
    project: ProjectOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Print a plan's pending changes, or with --apply write them, journaled and guarded."""
    screen = Screen(as_json=as_json)
    with open_session(project) as workspace:
        if not apply:
            result = pending_plan(workspace, plan_id)
            screen.say(result.sentence)
            _print_changes(screen, result.rows[:show], len(result.rows))
            screen.say("Nothing was written; add --apply to write.")
            screen.finish(result)
            return
        report = _push(workspace, screen, plan_id)
    _finish_push(screen, report)


def undo(
    run: Annotated[str, typer.Argument(help="The run to undo, as `push` printed it.")],
    apply: ApplyOption = False,
    show: LimitOption = 10,
    project: ProjectOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Put back what a run changed: print the inverse plan, or with --apply send it."""
    screen = Screen(as_json=as_json)
    with open_session(project) as workspace:
        result = undo_run(workspace, run)
        screen.say(result.sentence)
        for sentence in result.lost:
            screen.say(f"  cannot be undone: {sentence}")
        _print_changes(screen, result.plan.rows[:show], len(result.plan.rows))
        if not apply:
            screen.say("Nothing was written; add --apply to write.")
            screen.finish(result)
            return
        report = _push(workspace, screen, result.plan.plan_id, kind="undo")
    _finish_push(screen, report)


def sync(
    apply: ApplyOption = False, show: LimitOption = 10, project: ProjectOption = HERE, as_json: JsonOption = False
) -> None:
    """Pull, match, resolve, enrich, score and plan in one go; with --apply also push, under the caps."""
    screen = Screen(as_json=as_json)
    with open_session(project) as workspace:
        results = _pull(workspace, screen, None, False)
        for step in (match_records, resolve_people, enrich_accounts, score_records):
            screen.say(step(workspace).sentence)
        planned = plan_changes(workspace)
        screen.say(planned.sentence)
        if apply and planned.rows:
            _finish_push(screen, _push(workspace, screen, planned.plan_id))
        else:
            _print_changes(screen, planned.rows[:show], len(planned.rows))
            screen.finish({"pull": results, "plan": planned})
    _exit_on_stop(screen, results)


def _pull(workspace: Workspace, screen: Screen, names: list[str] | None, full: bool) -> list[StreamPull]:
    with screen.progress("pull") as advance:
        results = pull_all(workspace, names, full=full, progress=lambda c, s, n: advance(f"{c} {s}", n))
    rows = [
        (r.connection, r.stream, f"{r.rows:,}", "full" if r.full else "changes", f"{r.vanished:,}") for r in results
    ]
    screen.table(["connection", "stream", "records", "read", "gone"], rows, right=(2, 4))
    for result in results:
        for gap in result.gaps:
            screen.say(f"  {result.connection} {result.stream}: {gap}")
    for connection, calls in call_counts(workspace).items():
        total = sum(calls.values())
        screen.say(f"{connection}: {total:,} API calls ({', '.join(f'{n:,} {kind}' for kind, n in calls.items())})")
    return results


def _exit_on_stop(screen: Screen, results: list[StreamPull]) -> None:
    stopped = [result for result in results if result.stopped]
    for result in stopped:
        screen.say(f"{result.connection} {result.stream} stopped: {result.stopped}")
    if stopped:
        raise typer.Exit(1)


def _print_changes(screen: Screen, rows: list[ChangeRow], total: int) -> None:
    for row in rows:
        screen.say(f"{row.key}  {row.what}")
        screen.say(f"    {row.reason}")
    if total > len(rows):
        screen.say(f"... and {total - len(rows):,} more")


def _push(workspace: Workspace, screen: Screen, plan_id: str | None, kind: str = "push") -> PushReport:
    with screen.progress(kind) as advance:
        return push_stored(workspace, plan_id, kind=kind, progress=lambda done, total: advance("", done, total))


def _finish_push(screen: Screen, report: PushReport) -> None:
    screen.say(report.sentence)
    for reason, number in report.reasons.most_common(10):
        screen.say(f"  {number:,} × {reason}")
    for connection, sentence in report.stopped.items():
        screen.say(f"{connection} stopped: {sentence}")
    if report.run_id and report.statuses["applied"]:
        screen.say(f"To put it back: trueline undo {report.run_id} --apply")
    screen.finish(report)
    if report.stopped:
        raise typer.Exit(1)
