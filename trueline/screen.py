"""What the command line prints: plain sentences, tables that fit 80 columns, progress on a terminal only, or JSON."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, is_dataclass
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text


def printable(value: object) -> str:
    """Text from a CRM made safe for a terminal: control characters, escape codes among them, become '·'."""
    return "".join(char if char.isprintable() else "·" for char in str(value))


class Screen:
    """One command's output. With `as_json` it prints exactly one JSON document, given to `finish`, and nothing else."""

    def __init__(self, *, as_json: bool = False) -> None:
        self.as_json = as_json
        self._console = Console(highlight=False, soft_wrap=False)

    def say(self, sentence: str) -> None:
        if not self.as_json:
            self._console.print(Text(printable(sentence)))

    def table(self, headings: Sequence[str], rows: Sequence[Sequence[object]], *, right: Sequence[int] = ()) -> None:
        """A table; columns listed in `right` are right-aligned (numbers)."""
        if self.as_json:
            return
        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
        for index, heading in enumerate(headings):
            table.add_column(heading, justify="right" if index in right else "left", overflow="fold")
        for row in rows:
            table.add_row(*(Text(printable(cell)) for cell in row))
        self._console.print(table)

    def finish(self, document: Any) -> None:
        """The command's result as data; printed only with --json."""
        if self.as_json:
            sys.stdout.write(as_json_text(document))

    @contextmanager
    def progress(self, title: str) -> Iterator[Any]:
        """A callable (label, done, total or None) that draws a bar on a terminal and does nothing in a pipe."""
        if self.as_json or not self._console.is_terminal:
            yield lambda label, done, total=None: None
            return
        columns = (
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
        )
        with Progress(*columns, console=self._console, transient=True) as bar:
            task = bar.add_task(title, total=None)
            yield lambda label, done, total=None: bar.update(
                task, description=f"{title} {label}", completed=done, total=total
            )


def plain(value: Any) -> Any:
    """Dataclasses, counters and tuples as what JSON knows."""
    if is_dataclass(value) and not isinstance(value, type):
        return plain(asdict(value))
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(item) for item in value]
    return value


def as_json_text(document: Any) -> str:
    """One JSON document."""
    return json.dumps(plain(document), ensure_ascii=False, indent=2, default=str) + "\n"
