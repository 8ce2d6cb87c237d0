"""What the benchmarks of the wire share: the figures of one process that read or pulled, and their options."""

from __future__ import annotations

import argparse
import sqlite3
import tempfile
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.remote import Remote
from benchmarks.table import Table, kept, machine, promised, tell

CALLS_RATIO = 1.05
READER_HEAD = ("Reader", "Seconds", "of them waiting", "CPU s", "Peak memory", "Requests")


@dataclass(frozen=True, slots=True)
class Figures:
    """What one process has printed about itself."""

    told: Mapping[str, Any]

    def seconds(self, *parts: str, unit: str = "wall_s") -> float:
        """Of these parts (see `meter`), or of the whole but what was done to measure it."""
        spent = self.told["spent"]
        return float(sum(spent[part][unit] for part in parts or spent))

    @property
    def peak_mb(self) -> float:
        return float(self.told["peak_mb"])

    @property
    def rows(self) -> dict[str, int]:
        return dict(self.told["rows"])

    @property
    def calls(self) -> str:
        """By kind, as the connector counts them."""
        return ", ".join(f"{kind} {number:,}" for kind, number in sorted(self.told["calls"].items()))


@dataclass(frozen=True, slots=True)
class Asked:
    """What a sandbox was asked while something ran: requests in all and by status."""

    total: int
    by_status: dict[str, int]


def asked_by(remote: Remote, run: Callable[[], Figures]) -> tuple[Figures, Asked]:
    """Run it, and see in the sandbox's log what it asked."""
    before = remote.requests("status")
    figures = run()
    after = {status: number - before.get(status, 0) for status, number in remote.requests("status").items()}
    return figures, Asked(sum(after.values()), {status: number for status, number in after.items() if number})


def add_calls(table: Table, figures: Figures, asked: Asked, minimum: int) -> None:
    """The calls of a pull beside the fewest that the documented maxima allow for its work."""
    work = asked.total - int(figures.told["apart"])
    table.add("calls by kind", figures.calls, "", "")
    is_kept = work <= CALLS_RATIO * minimum
    table.add(
        "calls for the work itself, by the sandbox's log", f"{work:,}; the documented minimum is {minimum:,}",
        f"at most {CALLS_RATIO} x", kept(is_kept),
    )  # fmt: skip


def readers_table(title: str, what: str, remote: Remote, readers: Mapping[str, Callable[[], Figures]]) -> Table:
    """Each reader of the same records, alone in a process of its own."""
    table = Table(title, f"{what}, each reader alone in a process. {machine()}", READER_HEAD)
    for name, read in readers.items():
        tell(f"{what} read by {name}")
        figures, asked = asked_by(remote, read)
        table.add(
            name,
            f"{figures.seconds():.1f}",
            f"{figures.seconds('network', 'sleep'):.1f}",
            f"{figures.seconds(unit='cpu_s'):.1f}",
            f"{figures.peak_mb:.0f} MB",
            f"{asked.total:,}",
        )
    return table


def add_store_check(table: Table, store: Path, live: int, merged: int) -> None:
    """Whether the store holds as many live contacts as the sandbox, and knows where the merged ones went."""
    with closing(sqlite3.connect(store)) as opened:
        found = opened.execute("SELECT count(*) FILTER (WHERE NOT is_deleted), count(merged_into) FROM contacts")
        kept_live, kept_merged = found.fetchone()
    is_kept = (kept_live, kept_merged) == (live, merged)
    table.add(
        "contacts in the store: live, merged away", f"{kept_live:,}, {kept_merged:,}",
        f"as in the CRM: {live:,}, {merged:,}", kept(is_kept),
    )  # fmt: skip


def spread_ids(store: Path, stream: str, count: int) -> list[str]:
    """So many ids of live records, evenly spread over a stream."""
    with closing(sqlite3.connect(store)) as opened:
        ids = [str(row[0]) for row in opened.execute(f'SELECT id FROM "{stream}" WHERE NOT is_deleted ORDER BY id')]
    return [ids[place * len(ids) // count] for place in range(count)]


def options_of(text: str | None, *, size: int) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=text)
    parser.add_argument("--size", type=int, default=size, help="contacts")
    parser.add_argument("--changes", type=int, default=1_000)
    parser.add_argument("--markdown", action="store_true", help="as docs/benchmarks.md has it")
    kept_in = Path(tempfile.gettempdir()) / "trueline-benchmarks"
    parser.add_argument("--kept", type=Path, default=kept_in, help="folder of the generated sandboxes")
    return parser


def pull_table(title: str, conditions: str) -> Table:
    return promised(title, f"{conditions} {machine()}")
