"""What a benchmark prints: tables, aligned for a terminal or as the Markdown that docs/benchmarks.md holds."""

from __future__ import annotations

import os
import platform
import sqlite3
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

Cells = tuple[str, ...]


@dataclass(slots=True)
class Table:
    """A title, a sentence or two on the conditions, a head and rows of as many cells."""

    title: str
    conditions: str
    head: Cells
    rows: list[Cells] = field(default_factory=list)

    def add(self, *cells: str) -> None:
        self.rows.append(cells)

    def show(self, *, markdown: bool) -> None:
        lines = _markdown(self.head, self.rows) if markdown else _aligned(self.head, self.rows)
        print(f"### {self.title}\n\n{self.conditions}\n" if markdown else f"{self.title}\n{self.conditions}")
        print("\n".join(lines), end="\n\n", flush=True)


def promised(title: str, conditions: str) -> Table:
    """A table of figures beside what was promised of them."""
    return Table(title, conditions, ("What", "Measured", "Promised", "Kept"))


def kept(is_kept: bool) -> str:
    return "yes" if is_kept else "**no**"


def machine() -> str:
    """The machine, and how busy others keep it: figures that were taken while others work mean little."""
    load = os.getloadavg()[0]
    return (
        f"{datetime.now(UTC):%d %b %Y}, {os.cpu_count()} cores, {platform.system()} {platform.machine()}, Python "
        f"{platform.python_version()}, SQLite {sqlite3.sqlite_version}; load average {load:.1f} at the start."
    )


def tell(text: str) -> None:
    """What is being done, for whoever waits."""
    print(f"... {text}", file=sys.stderr, flush=True)


def _markdown(head: Cells, rows: Sequence[Cells]) -> list[str]:
    return [f"| {' | '.join(cells)} |" for cells in (head, ("---",) * len(head), *rows)]


def _aligned(head: Cells, rows: Sequence[Cells]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)) for cells in (head, *rows)]
