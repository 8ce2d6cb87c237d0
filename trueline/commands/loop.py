"""The stages that read: check, pull, match, resolve, enrich, score. None of them writes to a CRM."""

from __future__ import annotations

from typing import Annotated

import typer

from model.errors import InputError
from sync.calls import call_budgets, call_counts
from sync.check import check_connections
from sync.enrich import EnrichReport, enrich_accounts
from sync.match import match_records
from sync.models import outgrown
from sync.pull import StreamPull, pull_all
from sync.resolve import resolve_people
from sync.score import score_records
from sync.workspace import Workspace
from trueline.commands.files import (
    AccountsOption,
    AgainstOption,
    ColumnOption,
    FilesArgument,
    GroupsOption,
    KeyOption,
    OneToOneOption,
    OutputOption,
    PeopleArgument,
    ThresholdOption,
    VerdictsOption,
    Wishes,
    match_and_show,
    resolve_and_show,
)
from trueline.screen import Screen, plain
from trueline.session import HERE, JsonOption, ProjectOption, connected_project, working_session, workspace_of

app = typer.Typer()
NamesArgument = Annotated[list[str] | None, typer.Argument(help="Connections; all when none is named.")]


@app.command(epilog="Example: trueline check --json")
def check(project: ProjectOption = HERE, as_json: JsonOption = False) -> None:
    """Log in to every connection and say in words what it lets us do. Changes nothing."""
    screen = Screen(as_json=as_json)
    with workspace_of(connected_project(project)) as workspace:
        answers = check_connections(workspace)
    failures = []
    for answer in answers:
        screen.say(f"{answer.connection} ({answer.system}): {answer.identity}")
        for fact in answer.facts:
            screen.say(f"  {fact}")
        failures += [about(answer.connection, problem) for problem in answer.problems]
    screen.finish({"connections": answers}, failures)


@app.command(epilog="Example: trueline pull sf hs --full")
def pull(
    names: NamesArgument = None,
    full: Annotated[bool, typer.Option("--full", help="Read everything again, not only what changed.")] = False,
    project: ProjectOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Bring new, changed and deleted records of the connections into the store.

    A pull that was stopped goes on where it was.
    """
    screen = Screen(as_json=as_json)
    with working_session(project, first=True) as workspace:
        results = pull_and_show(workspace, screen, names, full=full)
        document = {"streams": results, "calls": call_counts(workspace), "budget": call_budgets(workspace)}
    screen.finish(document, stops(results))


@app.command(epilog="Example: trueline match\n\nExample: trueline match customers.csv --out clusters.csv")
def match(
    files: FilesArgument = None,
    column: ColumnOption = None,
    against: AgainstOption = None,
    threshold: ThresholdOption = 0.5,
    one_to_one: OneToOneOption = None,
    out: OutputOption = None,
    verdicts: VerdictsOption = None,
    key: KeyOption = None,
    show: GroupsOption = 3,
    full: Annotated[bool, typer.Option("--full", help="Look at every record, not only at what changed.")] = False,
    project: ProjectOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Find which records are the same person or company: those of the store, or the rows of any files."""
    screen = Screen(as_json=as_json)
    wishes = Wishes(column or (), against, threshold, one_to_one, out, show, verdicts, key)
    if files:
        if full:
            raise InputError("Rows of files are always all looked at; --full is for the store.")
        match_and_show(screen, files, wishes)
        return
    if wishes != Wishes():
        raise InputError("Options about files need one: trueline match FILE; without files it matches the store.")
    with working_session(project) as workspace, screen.progress("match"):
        result = match_records(workspace, full=full)
        notes = outgrown(workspace.store)
    for sentence in (result.sentence, *notes):
        screen.say(sentence)
    screen.finish(result)


@app.command(
    epilog="Example: trueline resolve\n\nExample: trueline resolve people.csv --accounts firms.csv --out links.csv"
)
def resolve(
    people: PeopleArgument = None,
    accounts: AccountsOption = None,
    column: ColumnOption = None,
    key: KeyOption = None,
    out: OutputOption = None,
    project: ProjectOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Find the account of every person who has none: those of the store, or the rows of a file."""
    screen = Screen(as_json=as_json)
    wishes = Wishes(column or (), out=out, key=key)
    if people is not None and accounts is not None:
        resolve_and_show(screen, people, accounts, wishes)
        return
    if people is not None or accounts is not None or wishes != Wishes():
        raise InputError("Name both files: trueline resolve PEOPLE --accounts ACCOUNTS; without files it is the store.")
    with working_session(project) as workspace, screen.progress("resolve"):
        result = resolve_people(workspace)
    screen.say(result.sentence)
    screen.finish(result)


@app.command(epilog="Example: trueline enrich")
def enrich(project: ProjectOption = HERE, as_json: JsonOption = False) -> None:
    """Ask the enrichment connections about accounts with blanks.

    Answers only ever fill blanks, and only by way of the next plan.
    """
    screen = Screen(as_json=as_json)
    with working_session(project) as workspace:
        result = enrich_and_show(workspace, screen)
    screen.finish(plain(result), enrich_stops(result))


@app.command(epilog="Example: trueline score --json")
def score(project: ProjectOption = HERE, as_json: JsonOption = False) -> None:
    """Score completeness and staleness, and list what is wrong, as findings with reasons."""
    screen = Screen(as_json=as_json)
    with working_session(project) as workspace, screen.progress("score"):
        result = score_records(workspace)
    screen.say(result.sentence)
    screen.table(("stream", "records", "complete"), result.completeness_rows, right=(1, 2))
    screen.table(("finding", "severity", "records"), result.finding_rows, right=(2,))
    screen.finish(result)


def pull_and_show(
    workspace: Workspace, screen: Screen, names: list[str] | None = None, *, full: bool = False
) -> list[StreamPull]:
    """Pull behind a progress bar and print what came, with gaps and the calls it took."""
    with screen.progress("pull") as advance:
        results = pull_all(workspace, names, full=full, progress=lambda c, s, n: advance(f"{c} {s}", n))
    rows = [
        (r.connection, r.stream, f"{r.rows:,}", "full" if r.full else "changes", f"{r.vanished:,}") for r in results
    ]
    screen.table(("connection", "stream", "records", "read", "gone"), rows, right=(2, 4))
    for (connection, gap), streams in gaps_told_once(results).items():
        screen.say(f"  {connection} {', '.join(streams)}: {gap}")
    show_calls(workspace, screen)
    return results


def gaps_told_once(results: list[StreamPull]) -> dict[tuple[str, str], list[str]]:
    """(connection, sentence) -> the streams it is about."""
    told: dict[tuple[str, str], list[str]] = {}
    for result in results:
        for gap in result.gaps:
            streams = told.setdefault((result.connection, gap.removeprefix(f"{result.stream}: ")), [])
            streams.append(result.stream)
    return told


def show_calls(workspace: Workspace, screen: Screen) -> None:
    """Print what each connection has cost so far, beside the documented minimum and its share of the day."""
    budgets = call_budgets(workspace)
    for connection, calls in call_counts(workspace).items():
        if connection in budgets:
            kinds = ", ".join(f"{number:,} {kind}" for kind, number in calls.items())
            screen.say(f"{connection}: {sum(calls.values()):,} API calls ({kinds})")
            screen.say(f"  {budgets[connection].sentence}")


def stops(results: list[StreamPull]) -> list[str]:
    """A sentence for each stream that did not reach its end."""
    return [
        about(result.connection, result.stopped, f"{result.stream} stopped") for result in results if result.stopped
    ]


def enrich_and_show(workspace: Workspace, screen: Screen) -> EnrichReport:
    """Ask the lookups behind a progress bar and print what they answered."""
    with screen.progress("enrich") as advance:
        result = enrich_accounts(workspace, lambda done, total: advance("", done, total))
    screen.say(result.sentence)
    return result


def enrich_stops(result: EnrichReport) -> list[str]:
    """A sentence for each lookup that failed."""
    return [about(connection, sentence, "stopped") for connection, sentence in result.stopped.items()]


def about(connection: str, sentence: str, what: str = "") -> str:
    """A sentence that starts with its connection, once, and with what became of it."""
    return f"{f'{connection} {what}'.rstrip()}: {sentence.removeprefix(f'{connection}: ')}"
