"""Verbs that only read and show: audit, report, explain, runs; and review, where a person decides."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any, get_args

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
from sync.refused import SETTINGS
from sync.remote_clocks import CLOCKS
from sync.review import decide, explain_pair, open_pairs
from trueline.commands.files import (
    ColumnOption,
    KeyOption,
    OutputOption,
    VerdictsOption,
    Wishes,
    explain_rows_and_show,
    is_file,
    review_rows_and_show,
    show_explained,
)
from trueline.screen import Screen, json_text
from trueline.session import HERE, JsonOption, ProjectOption, open_session

ENDINGS = (".html", ".htm", ".xlsx", ".csv", ".parquet", ".json")
# Of a run's summary, for Trueline itself.
_INNER = frozenset({CLOCKS, SETTINGS})
app = typer.Typer()


def _known_ending(out: Path) -> Path:
    if out.suffix.lower() not in ENDINGS:
        raise typer.BadParameter(f"{out.name} must end in {', '.join(ENDINGS[:-1])} or {ENDINGS[-1]}")
    if out.is_dir():
        raise typer.BadParameter(f"{out} is a folder; name a file")
    return out


def _known_page(out: Path | None) -> Path | None:
    if out is not None and out.suffix.lower() not in (".html", ".htm"):
        raise typer.BadParameter(f"{out.name} must end in .html")
    return out


def _iso_code(currency: str) -> str:
    if len(currency) != 3 or not (currency.isascii() and currency.isalpha()):
        raise typer.BadParameter(f"{currency!r} is not an ISO 4217 code such as USD")
    return currency.upper()


OutOption = Annotated[
    Path, typer.Option("--out", callback=_known_ending, help="Where it goes (.html, .xlsx, .csv, .parquet, .json).")
]
AsOfOption = Annotated[
    datetime | None, typer.Option("--as-of", formats=["%Y-%m-%d"], help="The day to judge ages by, YYYY-MM-DD.")
]
CurrencyOption = Annotated[
    str, typer.Option("--currency", callback=_iso_code, help="ISO code of amounts that name none.")
]
PageOption = Annotated[Path | None, typer.Option("--out", callback=_known_page, help="Also draw it as a page (.html).")]


@app.command(epilog="Example: trueline audit exports/*.csv --as-of 2026-06-30")
def audit(
    files: Annotated[list[Path], typer.Argument(help="CSV, XLSX or Parquet exports of any CRM.")],
    as_of: AsOfOption = None,
    out: OutOption = Path("audit.html"),
    currency: CurrencyOption = "USD",
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
        _write(content, done.store.findings(), out)
    _show(screen, content, out)


@app.command(epilog="Example: trueline report --out findings.xlsx")
def report(
    out: OutOption = Path("report.html"),
    as_of: AsOfOption = None,
    project: ProjectOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Show what the store holds: figures, findings, duplicates, planned changes."""
    screen = Screen(as_json=as_json)
    with open_session(project) as workspace:
        day: date = as_of.date() if as_of else day_of(workspace.clock())
        content = gather(workspace.store, day, workspace.settings.completeness.required, title="CRM report")
        _write(content, workspace.store.findings(), out)
    _show(screen, content, out)


@app.command(epilog="Example: trueline explain sf/contacts/003… hs/contacts/101")
def explain(
    given: Annotated[
        list[str], typer.Argument(metavar="LEFT RIGHT", help="Two records, connection/stream/id; or a file, two rows.")
    ],
    column: ColumnOption = None,
    key: KeyOption = None,
    verdicts: VerdictsOption = None,
    out: PageOption = None,
    project: ProjectOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Say why two records are, or are not, the same: each comparison with its reason and its weight."""
    screen = Screen(as_json=as_json)
    if is_file(given[0]):
        wishes = Wishes(column or (), out=out, verdicts=verdicts, key=key)
        explain_rows_and_show(screen, Path(given[0]), given[1:], wishes)
        return
    if len(given) != 2:
        raise InputError("Name two records, connection/stream/id, or a file and two of its rows.")
    one, other = parse_key(given[0]), parse_key(given[1])
    with open_session(project) as workspace:
        explained = explain_pair(workspace, one, other)
    show_explained(screen, explained, out)


@app.command(epilog="Example: trueline review sf/contacts/003… sf/leads/00Q… same")
def review(
    given: Annotated[
        list[str] | None,
        typer.Argument(metavar="LEFT RIGHT ANSWER", help="Two records, and same, different or unsure; or files."),
    ] = None,
    note: Annotated[str, typer.Option("--note", help="Why.")] = "",
    show: Annotated[int, typer.Option("--show", min=0, help="How many pairs to print.")] = 20,
    column: ColumnOption = None,
    key: KeyOption = None,
    verdicts: VerdictsOption = None,
    out: OutputOption = None,
    project: ProjectOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """List the pairs a person should decide, or decide one. A decision outlives every later match."""
    screen = Screen(as_json=as_json)
    if given and is_file(given[0]):
        wishes = Wishes(column or (), out=out, show=show, verdicts=verdicts, key=key)
        review_rows_and_show(screen, [Path(one) for one in given], wishes)
        return
    if not given:
        with open_session(project) as workspace:
            pairs = open_pairs(workspace)
        _show_pairs(screen, pairs, show)
        screen.finish(pairs.to_dicts())
        return
    if len(given) != 3 or given[2] not in get_args(VerdictAnswer):
        raise InputError("Name two records and the answer: trueline review ONE OTHER same|different|unsure.")
    verdict: VerdictAnswer = given[2]  # type: ignore[assignment]
    one, other = parse_key(given[0]), parse_key(given[1])
    with open_session(project) as workspace:
        decided = decide(workspace, one, other, verdict, note)
    screen.say(f"Noted: {decided.left} and {decided.right} are {decided.answer}.")
    screen.say("It counts from the next `trueline match` on.")
    screen.finish(decided)


@app.command(epilog="Example: trueline runs --json")
def runs(project: ProjectOption = HERE, as_json: JsonOption = False) -> None:
    """List what was run, when, and what came of it."""
    screen = Screen(as_json=as_json)
    with open_session(project) as workspace:
        listed = workspace.store.runs()
    rows = [(run.id, run.kind, run.status, _local(run.started_at), _summary(run.summary)) for run in listed]
    screen.table(("run", "kind", "status", "started", "what came of it"), rows)
    screen.finish(listed)


def parse_key(text: str) -> RecordKey:
    """A record key as people type it; InputError says how it looks."""
    try:
        return RecordKey.parse(text)
    except ValueError:
        raise InputError(f"{text!r} is not a record; write connection/stream/id, as the report does.") from None


def _write(content: Report, findings: pl.DataFrame, out: Path) -> None:
    ending = out.suffix.lower()
    if ending in (".html", ".htm"):
        write_private(out, render_html(content))
    elif ending == ".json":
        write_private(out, json_text(content))
    else:
        write_tables({"findings": findings}, out)


def _show(screen: Screen, content: Report, out: Path) -> None:
    print_report(content, screen.say, lambda headings, rows: screen.table(headings, rows, right=(1,)))
    screen.say(f"Wrote {out}, readable by you only.")
    screen.finish(content)


def _show_pairs(screen: Screen, pairs: pl.DataFrame, show: int) -> None:
    screen.say(f"{pairs.height:,} pairs wait for a person.")
    for left, right, probability, reason in pairs.head(show).select("left", "right", "probability", "reason").rows():
        screen.say(f"{probability:.2f}  {left}  {right}")
        screen.say(f"      {reason}")
    if pairs.height > show:
        screen.say(f"... and {pairs.height - show:,} more")


def _local(micros: int) -> str:
    return datetime.fromtimestamp(micros / 1e6).astimezone().strftime("%F %T")


def _summary(summary: Mapping[str, Any]) -> str:
    return ", ".join(f"{key} {_figure(value)}" for key, value in summary.items() if key not in _INNER)


def _figure(value: Any) -> str:
    """A figure in digits; of figures by name their sum."""
    if isinstance(value, Mapping):
        return f"{_total(value):,}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def _total(figures: Mapping[str, Any]) -> int:
    return sum(_total(value) if isinstance(value, Mapping) else int(value) for value in figures.values())
