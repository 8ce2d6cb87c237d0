"""Verbs that only read and show: audit, report, explain, runs; and review, where a person decides."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Annotated

import polars as pl
import typer

from model.errors import InputError
from model.evidence import RecordKey, VerdictAnswer
from reports.content import Report
from reports.gather import gather
from reports.html import render_html, write_private
from reports.tables import write_tables
from reports.terminal import print_report
from sync.audit import audit_files
from sync.clock import day_of
from sync.review import decide, explain_pair, open_pairs
from trueline.screen import Screen, as_json_text
from trueline.session import HERE, JsonOption, ProjectOption, open_session

AsOfOption = Annotated[
    datetime | None, typer.Option("--as-of", formats=["%Y-%m-%d"], help="The day to judge ages by, YYYY-MM-DD.")
]
RecordArgument = Annotated[str, typer.Argument(help="A record: connection/stream/id.")]


def register(app: typer.Typer) -> None:
    app.command(epilog="Example: trueline audit exports/*.csv --as-of 2026-06-30")(audit)
    app.command(epilog="Example: trueline report --out findings.xlsx")(report)
    app.command(epilog="Example: trueline explain sf/contacts/003… hs/contacts/101")(explain)
    app.command(epilog="Example: trueline review sf/contacts/003… sf/leads/00Q… same")(review)
    app.command(epilog="Example: trueline runs --json")(runs)


def audit(
    files: Annotated[list[Path], typer.Argument(help="CSV, XLSX or Parquet exports of any CRM.")],
    as_of: AsOfOption = None,
    out: Annotated[Path, typer.Option("--out", help="Where the page goes (.html, .xlsx, .csv, .json).")] = Path(
        "audit.html"
    ),
    currency: Annotated[str, typer.Option("--currency", help="ISO code of amounts that name none.")] = "USD",
    as_json: JsonOption = False,
) -> None:
    """Judge exports without credentials or configuration: duplicates, blanks, bad values, stale deals."""
    screen = Screen(as_json=as_json)
    day = as_of.date() if as_of else None
    with audit_files(files, as_of=day, currency=currency, say=screen.say) as done:
        content = gather(
            done.store,
            done.as_of,
            done.settings.completeness.required,
            story=(done.match.sentence, done.resolve.sentence, done.score.sentence),
            notes=(*done.facts, *done.notes),
        )
        _deliver(screen, content, done.store.findings(), out)


def report(
    out: Annotated[Path, typer.Option("--out", help="Where it goes (.html, .xlsx, .csv, .parquet, .json).")] = Path(
        "report.html"
    ),
    as_of: AsOfOption = None,
    project: ProjectOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Show what the store holds: figures, findings, duplicates, planned changes."""
    screen = Screen(as_json=as_json)
    with open_session(project) as workspace:
        day: date = as_of.date() if as_of else day_of(workspace.clock())
        required = workspace.settings.completeness.required
        content = gather(workspace.store, day, required, title="CRM report")
        _deliver(screen, content, workspace.store.findings(), out)


def explain(
    left: RecordArgument, right: RecordArgument, project: ProjectOption = HERE, as_json: JsonOption = False
) -> None:
    """Say why two records are, or are not, the same: each comparison with its reason."""
    screen = Screen(as_json=as_json)
    with open_session(project) as workspace:
        explained = explain_pair(workspace, parse_key(left), parse_key(right))
    screen.say(explained.sentence)
    screen.table(("comparison", "similarity"), [(item.reason, f"{item.similarity:.2f}") for item in explained.evidence])
    screen.finish(explained)


def review(
    left: Annotated[str | None, typer.Argument(help="A record: connection/stream/id.")] = None,
    right: Annotated[str | None, typer.Argument(help="The record to compare it with.")] = None,
    answer: Annotated[str | None, typer.Argument(help="same, different or unsure.")] = None,
    note: Annotated[str, typer.Option("--note", help="Why.")] = "",
    project: ProjectOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """List the pairs a person should decide, or decide one. A decision outlives every later match."""
    screen = Screen(as_json=as_json)
    with open_session(project) as workspace:
        if left is None:
            pairs = open_pairs(workspace)
            screen.say(f"{pairs.height:,} pairs wait for a person.")
            rows = pairs.head(20).select("left", "right", "probability", "reason").iter_rows()
            screen.table(
                ("one", "other", "same?", "why"), [(a, b, f"{p:.2f}", why) for a, b, p, why in rows], right=(2,)
            )
            screen.finish(pairs.to_dicts())
            return
        if right is None or answer not in ("same", "different", "unsure"):
            raise InputError("Name two records and the answer: trueline review ONE OTHER same|different|unsure.")
        verdict: VerdictAnswer = answer  # type: ignore[assignment]
        decided = decide(workspace, parse_key(left), parse_key(right), verdict, note)
    screen.say(f"Noted: {decided.left} and {decided.right} are {decided.answer}. It counts from the next `match` on.")
    screen.finish(decided)


def runs(project: ProjectOption = HERE, as_json: JsonOption = False) -> None:
    """List what was run, when, and what came of it."""
    screen = Screen(as_json=as_json)
    with open_session(project) as workspace:
        listed = workspace.store.runs()
    rows = [
        (run.id, run.kind, run.status, datetime.fromtimestamp(run.started_at / 1e6).astimezone().strftime("%F %T"),
         ", ".join(f"{key} {value}" for key, value in run.summary.items()))
        for run in listed
    ]  # fmt: skip
    screen.table(("run", "kind", "status", "started", "what came of it"), rows)
    screen.finish(listed)


def parse_key(text: str) -> RecordKey:
    """A record key as people type it; InputError says how it looks."""
    try:
        return RecordKey.parse(text)
    except ValueError:
        raise InputError(f"{text!r} is not a record; write connection/stream/id, as the report does.") from None


def _deliver(screen: Screen, content: Report, findings: pl.DataFrame, out: Path) -> None:
    kind = out.suffix.lower()
    if kind in (".html", ".htm"):
        write_private(out, render_html(content))
    elif kind == ".json":
        write_private(out, as_json_text(content))
    else:
        write_tables({"findings": findings}, out)
    print_report(content, screen.say, lambda headings, rows: screen.table(headings, rows, right=(1,)))
    screen.say(f"Wrote {out}, readable by you only.")
    screen.finish(content)
