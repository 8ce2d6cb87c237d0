"""What README and docs show in fenced blocks, and what really comes of it.

A `console` block holds commands, each after `$ `, and what they print. A line of `...` stands for any number of lines.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from sandbox.start import Sandbox, start
from trueline.cli import run

ROOT = Path(__file__).parents[2]
PAGES = (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md")))
ELLIPSIS = "..."
_FENCE = re.compile(r"^```(?P<language>\w*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
_SHELL_SIGNS = frozenset("|*<>&;")
# The sandbox's ports in the tutorial, which the tests replace with free ones.
_PORTS = ("8701", "8702", "8703")
_DAY = date(2026, 11, 22)


@dataclass(frozen=True, slots=True)
class Block:
    """One fenced block; `start` and `end` are where its text lies in its page."""

    page: Path
    language: str
    text: str
    start: int
    end: int

    @property
    def label(self) -> str:
        first = self.text.strip().splitlines()[0] if self.text.strip() else ""
        return f"{self.page.name}: {first[:40]}"


@dataclass(frozen=True, slots=True)
class Step:
    """One command of a session and the lines shown below it."""

    command: str
    shown: tuple[str, ...]


@dataclass(slots=True)
class Place:
    """Where a session runs: its folder and environment, which `cd` and `export` change."""

    folder: Path
    environment: dict[str, str] = field(default_factory=dict)


def blocks(*languages: str, pages: tuple[Path, ...] = PAGES) -> list[Block]:
    """The fenced blocks of the pages, in order; of the given languages only, where any is given."""
    found = []
    for page in pages:
        for match in _FENCE.finditer(page.read_text("utf-8")):
            block = Block(page, match["language"], match["text"], match.start("text"), match.end("text"))
            found += [block] if not languages or block.language in languages else []
    return found


def steps(block: Block) -> list[Step]:
    """The commands of a `console` block."""
    parts: list[tuple[str, list[str]]] = []
    for line in block.text.splitlines():
        if line.startswith("$ "):
            parts.append((line[2:], []))
        else:
            parts[-1][1].append(line)
    return [Step(command, tuple(shown)) for command, shown in parts]


def printed(command: str, place: Place) -> list[str]:
    """The lines a command prints, without blanks at their ends; RuntimeError when it fails."""
    words = shlex.split(command)
    if words[0] == "cd":
        place.folder /= words[1]
        return []
    if words[0] == "export":
        for name, _, value in (word.partition("=") for word in words[1:]):
            place.environment[name] = value
        return []
    if words[0] == "trueline" and not _SHELL_SIGNS & set(command):
        text = _in_process(words[1:], place)
    else:
        text = _in_shell(command, place)
    return [line.rstrip() for line in text.rstrip().splitlines()]


def like(shown: tuple[str, ...], lines: list[str]) -> bool:
    """Whether lines are what a session shows."""
    return _elided(shown, lines) == list(shown)


def _elided(shown: tuple[str, ...], lines: list[str]) -> list[str]:
    """The lines, cut where the session shows `...`: as many before the first and after the last as it shows there."""
    if ELLIPSIS not in shown:
        return lines
    head = shown.index(ELLIPSIS)
    tail = len(shown) - 1 - head
    return [*lines[:head], ELLIPSIS, *lines[len(lines) - tail :]]


def replayed(block: Block, place: Place) -> tuple[str, list[tuple[Step, list[str]]]]:
    """The block as it should read, and each step with the lines it printed."""
    text, done = [], []
    for step in steps(block):
        lines = printed(step.command, place)
        done.append((step, lines))
        text += [f"$ {step.command}", *_elided(step.shown, lines)]
    return "\n".join([*text, ""]), done


@contextlib.contextmanager
def tutorial(folder: Path) -> Iterator[tuple[Place, Mapping[str, str]]]:
    """The sandbox as the tutorial starts it, and the ports it has instead of the written ones."""
    with start(120, 7, 1.0, _DAY) as sandbox:
        yield Place(folder), dict(zip(_PORTS, _ports(sandbox), strict=True))


def _ports(sandbox: Sandbox) -> list[str]:
    return [served.url.rpartition(":")[2] for served in (sandbox.salesforce[0], sandbox.hubspot, sandbox.gleif)]


def with_ports(text: str, ports: Mapping[str, str]) -> str:
    """The text with the written ports replaced."""
    return re.sub("|".join(_PORTS), lambda match: ports[match[0]], text)


def lay_out(folder: Path) -> Path:
    """A folder that looks like the repository's to a README session; what is written stays out of the repository."""
    (folder / "examples").symlink_to(ROOT / "examples")
    command = folder / "bin" / "trueline"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -c "from trueline.cli import main; main()" "$@"\n')
    command.chmod(0o755)
    return folder


def _in_shell(command: str, place: Place) -> str:
    environment = {
        **os.environ,
        "PATH": f"{place.folder / 'bin'}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "COLUMNS": "80",
        "LC_ALL": "C.UTF-8",
        **place.environment,
    }
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=place.folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"`{command}` ended with {done.returncode}: {done.stderr.strip()[-400:]}")
    return done.stdout


def _in_process(arguments: list[str], place: Place) -> str:
    """The command line without a process of its own, which would spend most of its time on imports."""
    out, complaint = io.StringIO(), io.StringIO()
    before = dict(os.environ)
    os.environ.update({**place.environment, "COLUMNS": "80"})
    try:
        with (
            contextlib.chdir(place.folder),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(complaint),
        ):
            code = run(arguments)
    finally:
        os.environ.clear()
        os.environ.update(before)
    if code:
        shown = " ".join(arguments)
        raise RuntimeError(f"`trueline {shown}` ended with {code}: {complaint.getvalue().strip()} {out.getvalue()}")
    return out.getvalue()
