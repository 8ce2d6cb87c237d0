"""Sync on a cron expression, until stopped: one process per store, a line per cycle."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from model.errors import TruelineError
from sync.cron import Cron
from trueline.commands.changes import sync_and_show
from trueline.screen import Advance, Screen
from trueline.session import HERE, JsonOption, ProjectOption, connected_project, working_session, workspace_of

app = typer.Typer()


class _Stopped(Exception):
    """A cycle was broken off between two pages or units."""


class _Watch(Screen):
    """The screen of a cycle: it shows nothing, and ends the cycle where a stage says how far it is."""

    def __init__(self, stop: threading.Event) -> None:
        super().__init__(as_json=True)
        self._stop = stop

    def say(self, sentence: str = "") -> None:
        self._look()

    @contextmanager
    def progress(self, title: str) -> Iterator[Advance]:
        yield lambda label, done, total=None: self._look()

    def _look(self) -> None:
        if self._stop.is_set():
            raise _Stopped


@app.command(epilog='Example: trueline schedule "*/15 * * * *" --apply')
def schedule(
    when: Annotated[str, typer.Argument(help="Minute, hour, day, month and day of the week, as in a crontab.")],
    apply: Annotated[bool, typer.Option("--apply", help="Write what is planned. Without it nothing is sent.")] = False,
    now: Annotated[bool, typer.Option("--now", help="Run a first cycle at once.")] = False,
    project: ProjectOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Run sync on a cron expression, by this machine's clock, until SIGTERM or Ctrl-C.

    Prints a line per cycle, with --json a document. When stopped it ends the unit in hand first.
    """
    cron, stop, screen = Cron.parse(when), threading.Event(), Screen(as_json=as_json)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    with workspace_of(connected_project(project)) as workspace, workspace.store.alone("schedule"):
        due = datetime.now(UTC) if now else cron.after(datetime.now(UTC))
        while not stop.wait(max((due - datetime.now(UTC)).total_seconds(), 0)):
            told = _cycle(project, stop, apply=apply)
            screen.say(", ".join(f"{name} {value}" for name, value in told.items() if value not in (None, {})))
            screen.announce(told)
            due = cron.after(datetime.now(UTC))


def _cycle(project: Path, stop: threading.Event, *, apply: bool) -> dict[str, Any]:
    """One sync in figures; with the key `error` where it did not reach its end."""
    told: dict[str, Any] = {"started_at": _now()}
    try:
        with working_session(project, first=True) as workspace:
            document, failures = sync_and_show(workspace, _Watch(stop), apply=apply)
            told |= _figures(document)
    except _Stopped:
        failures = ["Stopped; the next cycle goes on from there."]
    except TruelineError as error:
        failures = [str(error)]
    return told | {"ended_at": _now()} | ({"error": " ".join(failures)} if failures else {})


def _figures(document: dict[str, Any]) -> dict[str, Any]:
    """What came of a cycle, without anybody's data: logs are kept."""
    plan, push = document["plan"], document["push"]
    return {
        "pulled": sum(result.rows for result in document["pull"]["streams"]),
        "plan": plan.plan_id,
        "changes": len(plan.rows),
        "run": push and push.run_id,
        "outcomes": dict(push.statuses) if push else {},
    }


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
