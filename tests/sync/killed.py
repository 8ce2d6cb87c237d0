"""A `trueline` command in a process of its own, killed by the sandbox in the middle of an HTTP call."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from multiprocessing.context import ForkServerContext, ForkServerProcess
from pathlib import Path

from sandbox.faults import Fault
from sandbox.start import Served
from sandbox.wire import App, Request, Response
from tests.sync.conftest import SECRETS, Crm
from trueline.cli import run

# Children are forked from a process that has imported everything once, which makes dozens of kills affordable.
_context: ForkServerContext = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(
    ["trueline.commands.changes", "connectors.salesforce", "connectors.hubspot", "connectors.gleif"]
)


def write_project(crm: Crm, folder: Path) -> None:
    """The sandbox's settings as a project a command can be run in."""
    lines = []
    for name, connection in crm.settings.connections.items():
        lines.append(f"[connections.{name}]")
        for key, value in connection.model_dump(exclude_none=True, exclude_defaults=True).items():
            lines.append(f"{key} = {json.dumps(value)}")
    lines += ["[caps]", "max_share = 1.0", ""]
    (folder / "trueline.toml").write_text("\n".join(lines))


def _command(arguments: list[str], folder: str) -> None:
    os.environ.update({reference.removeprefix("env:"): word for reference, word in SECRETS.items()})
    os.environ["NO_COLOR"] = "1"
    with (Path(folder) / "child.log").open("w") as log:
        os.dup2(log.fileno(), 1)
        os.dup2(log.fileno(), 2)
        code = run([*arguments, "--project", folder])
    os._exit(code)


def start_command(arguments: list[str], folder: Path) -> ForkServerProcess:
    """The command, running."""
    process = _context.Process(target=_command, args=(arguments, str(folder)))
    process.start()
    return process


def finish(process: ForkServerProcess) -> int:
    """Its exit code; negative when a signal ended it."""
    process.join(60)
    assert process.exitcode is not None, "the command neither finished nor died"
    return process.exitcode


@contextmanager
def killing(served: Served[App], fault: Fault) -> Iterator[list[ForkServerProcess]]:
    """While open, the call the fault describes kills the processes put into the list it yields."""
    victims: list[ForkServerProcess] = []

    def kill(request: Request, response: Response | None) -> Response | None:
        # Only the test's own thread may wait for the process: two that do take its exit code from each other.
        for victim in victims:
            if victim.pid:
                with suppress(ProcessLookupError):
                    os.kill(victim.pid, signal.SIGKILL)
        time.sleep(0.05)
        # Before: the request died with its sender, so the remote must not go on to do its work.
        return Response(503) if fault.stage == "before" else None

    values = {name: getattr(fault, name) for name in ("route", "method", "contains", "nth", "stage")}
    served.faults.add(Fault(act=kill, **values))
    try:
        yield victims
    finally:
        served.faults.clear()
