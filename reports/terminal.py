"""The report in a terminal of 80 columns: what was read, the figures, the findings by weight."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Sequence

from reports.content import Card, Report
from reports.wording import brief

Say = Callable[[str], None]
Tabulate = Callable[[Sequence[str], Sequence[Sequence[object]]], None]
WIDTH = 80
NOTES = 12


def print_report(report: Report, say: Say, tabulate: Tabulate) -> None:
    """Print through the two functions a screen has; nothing is escaped here, the screen does it."""
    say(f"{report.title}, as of {report.as_of}")
    _wrapped(say, report.headline)
    say("")
    for card in report.cards:
        _wrapped(say, _figure(card), indent=24)
    if report.findings:
        say("")
        rows = [(group.severity, group.figure, group.title) for group in report.findings]
        tabulate(("weight", "records", "finding"), rows)
    if report.chapters:
        say("")
        say("What to do next")
    for place, chapter in enumerate(report.chapters, start=1):
        _wrapped(say, f"{place}. {chapter.title} ({chapter.gravity.records:,}): {chapter.advice}", indent=3)
    say("")
    for connection, words in _read(report).items():
        _wrapped(say, f"{connection}: {words}", indent=2)
    for note in report.notes[:NOTES]:
        _wrapped(say, f"Note: {brief(note)}", indent=6)
    if len(report.notes) > NOTES:
        say(f"{len(report.notes) - NOTES:,} more notes are in the page.")


def _figure(card: Card) -> str:
    return f"{card.title:<16}{card.figure:>6}  {card.explanation}"


def _read(report: Report) -> dict[str, str]:
    parts: dict[str, list[str]] = {}
    for source in report.sources:
        parts.setdefault(source.connection, []).append(f"{source.records:,} {source.stream}")
    return {connection: ", ".join(words) for connection, words in parts.items()}


def _wrapped(say: Say, text: str, indent: int = 0) -> None:
    lines = textwrap.wrap(text, WIDTH, subsequent_indent=" " * indent, drop_whitespace=True, break_on_hyphens=False)
    for line in lines or [""]:
        say(line)
