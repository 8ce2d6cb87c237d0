"""The report in a terminal of 80 columns: what was read, the figures, the findings by weight."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from reports.content import Report

Say = Callable[[str], None]
Tabulate = Callable[[Sequence[str], Sequence[Sequence[object]]], None]


def print_report(report: Report, say: Say, tabulate: Tabulate) -> None:
    """Print through the two functions a screen has; nothing is escaped here, the screen does it."""
    for source in report.sources:
        say(f"{source.connection} {source.stream}: {source.records:,} records")
    say("")
    for card in report.cards:
        say(f"{card.title}: {card.figure} ({card.explanation})")
    say("")
    rows = [(group.severity, f"{group.records:,}", group.title) for group in report.findings]
    tabulate(("weight", "records", "finding"), rows)
    for note in report.notes:
        say(f"Note: {note}")
