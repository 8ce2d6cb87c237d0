"""The report in a terminal of 80 columns: the figures, the findings by weight, what to do, what was read."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from reports.content import Card, Report
from reports.wording import brief, counted

Say = Callable[[str], None]
Tabulate = Callable[[Sequence[str], Sequence[Sequence[object]]], None]
NOTES = 12


def print_report(report: Report, say: Say, tabulate: Tabulate) -> None:
    """Print through the two functions a screen has, a sentence a line; escaping and wrapping are the screen's."""
    say(f"{report.title}, as of {report.as_of}")
    say(report.headline)
    say("")
    for card in report.cards:
        say(_figure(card))
    if report.findings:
        say("")
        rows = [(group.severity, group.figure, group.title) for group in report.findings]
        tabulate(("weight", "records", "finding"), rows)
    _print_next(report, say)
    say("")
    for connection, words in _read(report).items():
        say(f"{connection}: {words}")
    for note in report.notes[:NOTES]:
        say(f"Note: {brief(note)}")
    if len(report.notes) > NOTES:
        say(f"{len(report.notes) - NOTES:,} more notes are in the page.")


def _print_next(report: Report, say: Say) -> None:
    if report.chapters:
        say("")
        say("What to do next")
    for place, chapter in enumerate(report.chapters, start=1):
        say(f"  {place}. {chapter.title}: {counted(chapter.gravity.records, 'record')}")
        say(f"     {chapter.advice}")


def _figure(card: Card) -> str:
    return f"{card.title:<16}{card.figure:>6}  {card.explanation}"


def _read(report: Report) -> dict[str, str]:
    parts: dict[str, list[str]] = {}
    for source in report.sources:
        parts.setdefault(source.connection, []).append(f"{source.records:,} {source.stream}")
    return {connection: ", ".join(words) for connection, words in parts.items()}
