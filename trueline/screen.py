"""What the command line prints: plain sentences, tables that fit a terminal, progress on a terminal only, or JSON.

In a pipe nothing is wrapped, cut or coloured: a sentence is a line, and a path or a key is whole.
"""

from __future__ import annotations

import json
import math
import re
import shutil
import sys
import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import fields, is_dataclass
from typing import Any, TextIO

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

_PIPE_COLUMNS = 100_000
Advance = Callable[..., None]  # (label, done, total or None)


def printable(value: object) -> str:
    """Text from a CRM made safe for a terminal: control characters, escape codes among them, become '·'."""
    return "".join(char if char.isprintable() else "·" for char in str(value))


def complain(sentence: str) -> None:
    """Say on standard error what went wrong."""
    _print(sys.stderr, f"trueline: {printable(sentence)}")


class Screen:
    """One command's output. With `as_json` it prints exactly one JSON document, given to `finish`, and nothing else."""

    def __init__(self, *, as_json: bool = False) -> None:
        self.as_json = as_json

    def say(self, sentence: str = "") -> None:
        """A line; a terminal gets it wrapped between words, as far indented as it starts."""
        if not self.as_json:
            _print(sys.stdout, printable(sentence))

    def table(self, headings: Sequence[str], rows: Sequence[Sequence[object]], *, right: Sequence[int] = ()) -> None:
        """A table, or nothing when it has no rows; columns listed in `right` are right-aligned (numbers)."""
        if self.as_json or not rows:
            return
        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
        for index, heading in enumerate(headings):
            table.add_column(heading, justify="right" if index in right else "left", overflow="fold")
        for row in rows:
            table.add_row(*(Text(printable(cell)) for cell in row))
        console = Console(highlight=False, force_terminal=sys.stdout.isatty(), width=_columns(sys.stdout))
        with console.capture() as drawn:
            console.print(table)
        for line in drawn.get().splitlines():
            sys.stdout.write(f"{line.rstrip()}\n")

    def announce(self, document: Any) -> None:
        """What a command that goes on running has to say, at once; with --json as one document on one line."""
        if self.as_json:
            sys.stdout.write(json_line(document))
        sys.stdout.flush()

    def finish(self, document: Any, failures: Sequence[str] = ()) -> None:
        """The command's result as data, printed only with --json.

        With failures the command ends here, with exit code 1: each is a sentence on standard error, and all of them
        are the `error` of the document, which then must be a mapping.
        """
        if self.as_json:
            sys.stdout.write(json_text({**document, "error": " ".join(failures)} if failures else document))
        for sentence in failures:
            complain(sentence)
        if failures:
            raise typer.Exit(1)

    @contextmanager
    def progress(self, title: str) -> Iterator[Advance]:
        """A callable (label, done, total or None) that draws a bar on a terminal and does nothing in a pipe."""
        if self.as_json or not (sys.stdout.isatty() and sys.stderr.isatty()):
            yield lambda label, done, total=None: None
            return
        drawn = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
        with Progress(*drawn, TimeElapsedColumn(), console=Console(stderr=True), transient=True) as bar:
            task = bar.add_task(title, total=None)
            yield lambda label, done, total=None: bar.update(
                task, description=f"{title} {label}", completed=done, total=total
            )


def json_text(document: Any) -> str:
    """One JSON document, indented for people."""
    return _escaped(json.dumps(plain(document), ensure_ascii=False, indent=2, allow_nan=False)) + "\n"


def json_line(document: Any) -> str:
    """One JSON document on one line."""
    return _escaped(json.dumps(plain(document), ensure_ascii=False, allow_nan=False)) + "\n"


def plain(value: Any) -> Any:
    """Dataclasses, tuples, dates and paths as what JSON knows; a number that is none becomes null."""
    if is_dataclass(value) and not isinstance(value, type):
        # Not `asdict`: it makes a Counter anew, which then counts its own items.
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(item) for item in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if value is None or isinstance(value, (str, int)) else str(value)


def _escaped(text: str) -> str:
    """JSON whose control and direction characters, and what the output cannot encode, are written as \\uXXXX."""
    kept = "utf" in (getattr(sys.stdout, "encoding", None) or "utf-8").lower()
    return re.sub(
        r"[^\x20-\x7e\n]",
        lambda found: found[0] if kept and found[0].isprintable() else json.dumps(found[0])[1:-1],
        text,
    )


def _columns(stream: TextIO) -> int:
    return max(shutil.get_terminal_size().columns, 20) if stream.isatty() else _PIPE_COLUMNS


def _print(stream: TextIO, line: str) -> None:
    columns = _columns(stream)
    if len(line) > columns:
        indent = " " * (len(line) - len(line.lstrip()))
        line = textwrap.fill(line, columns, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)
    stream.write(f"{line}\n")
