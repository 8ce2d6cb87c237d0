"""Audit: exports of any CRM, judged without credentials, without configuration and without keeping anything."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import polars as pl

from connectors.files import product_names
from model.errors import InputError
from model.settings import FilesConnection, ProjectSettings
from model.streams import STREAMS
from store import Store
from sync.clock import Clock, day_of, system_clock
from sync.match import MatchReport, match_records
from sync.pull import pull_connection
from sync.resolve import ResolveReport, resolve_people
from sync.score import ScoreReport, score_records
from sync.workspace import Workspace

CONNECTION = "files"


@dataclass(frozen=True, slots=True)
class Audit:
    """A finished audit: the temporary store to report from, the day it judges by and what was read."""

    store: Store
    as_of: date
    settings: ProjectSettings
    facts: tuple[str, ...]
    notes: tuple[str, ...]
    match: MatchReport
    resolve: ResolveReport
    score: ScoreReport


@contextmanager
def audit_files(
    paths: Sequence[Path],
    *,
    as_of: date | None = None,
    settings: ProjectSettings | None = None,
    currency: str = "USD",
    clock: Clock = system_clock,
    say: Callable[[str], None] = lambda sentence: None,
) -> Iterator[Audit]:
    """Read the files into a store that lives as long as the block, match, resolve and score them.

    `as_of` defaults to the newest plausible date in the files, today at the latest. InputError when no file holds
    records, or one cannot be read.
    """
    files = FilesConnection(system="files", files=tuple(str(path) for path in paths), currency=currency)
    chosen = (settings or ProjectSettings()).model_copy(update={"connections": {CONNECTION: files}})
    with tempfile.TemporaryDirectory(prefix="trueline-audit-") as folder:
        store = Store.open(f"sqlite:///{folder}/audit.db")
        with Workspace(store, chosen, Path.cwd(), lambda reference: "", clock=clock) as workspace:
            facts, notes = _read(workspace)
            say(f"Read {sum(store.counts()['live']):,} records from {len(paths)} files.")
            day = as_of or newest_day(store, day_of(clock()))
            yield Audit(
                store,
                day,
                chosen,
                facts,
                notes,
                match_records(workspace),
                resolve_people(workspace),
                score_records(workspace, day, {("deals", "product"): product_names(paths)}),
            )


def _read(workspace: Workspace) -> tuple[tuple[str, ...], tuple[str, ...]]:
    (source,) = workspace.sources()
    access = source.check()
    if access.problems:
        raise InputError(f"None of the files holds records Trueline knows ({'; '.join(access.facts)}).")
    run_id = workspace.store.begin_run("audit", workspace.clock())
    results = pull_connection(workspace.store, source, run_id, workspace.settings.caps)
    workspace.store.end_run(run_id, "done", workspace.clock(), {})
    stopped = [f"{result.stream}: {result.stopped}" for result in results if result.stopped]
    return access.facts, tuple(gap for result in results for gap in (*result.gaps, *stopped))


def newest_day(store: Store, today: date) -> date:
    """The newest date any record carries, `today` at the latest and where there is none."""
    newest: list[date] = []
    for stream in STREAMS:
        frame = store.frame(stream)
        for name, kind in frame.schema.items():
            if kind == pl.Date or isinstance(kind, pl.Datetime):
                days = frame[name].cast(pl.Date)
                top = days.filter((days <= today) & (days > date(1971, 1, 1))).max()
                newest += [top] if isinstance(top, date) else []
    return max(newest, default=today)
