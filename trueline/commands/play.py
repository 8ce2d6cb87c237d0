"""sandbox and demo: two CRMs on this machine to try things on, and the whole loop run against them."""

from __future__ import annotations

import signal
import sqlite3
import threading
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from model.errors import InputError
from sandbox.start import Sandbox, start
from trueline.demo import run_demo
from trueline.screen import Screen
from trueline.session import JsonOption

app = typer.Typer()
SizeOption = Annotated[int, typer.Option("--size", min=10, max=5_000_000, help="Person records to generate.")]
SeedOption = Annotated[int, typer.Option("--seed", min=0, help="Same seed, same records.")]
DirtOption = Annotated[float, typer.Option("--dirt", min=0, max=3, help="0 is clean, 1 is what real CRMs look like.")]


@app.command(epilog="Example: trueline sandbox --size 5000 --json")
def sandbox(
    size: SizeOption = 2_000,
    seed: SeedOption = 1,
    dirt: DirtOption = 1.0,
    orgs: Annotated[int, typer.Option("--orgs", min=1, max=5, help="Salesforce orgs.")] = 1,
    port: Annotated[
        list[int] | None, typer.Option("--port", min=1, max=65_535, help="Ports in turn; free by default.")
    ] = None,
    state: Annotated[Path | None, typer.Option("--state", help="Keep the records in this folder.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Serve a Salesforce, a HubSpot and a GLEIF on loopback until stopped (Ctrl-C or SIGTERM)."""
    screen = Screen(as_json=as_json)
    with _started(size, seed, dirt, orgs, port or [], state) as running:
        stop = _stop_signal()
        described = running.describe()
        for name, facts in described.items():
            screen.say(f"{name}: {facts['url']}")
            for key, value in list(facts.items())[1:]:
                screen.say(f"    {key}: {value}")
        screen.say("Ready. Stop it with Ctrl-C.")
        screen.announce(described)
        stop.wait()


@app.command(epilog="Example: trueline demo --size 2000")
def demo(
    size: SizeOption = 2_000,
    seed: SeedOption = 1,
    dirt: DirtOption = 1.0,
    folder: Annotated[Path, typer.Option("--folder", help="Where the store and the report go.")] = Path("demo"),
    as_json: JsonOption = False,
) -> None:
    """Run the whole loop against sandbox CRMs on this machine; leaves a store and an HTML report."""
    screen = Screen(as_json=as_json)
    result = run_demo(screen, folder, size, seed, dirt)
    screen.finish(result)
    if result.changes_left:
        raise typer.Exit(1)


def _started(size: int, seed: int, dirt: float, orgs: int, ports: list[int], state: Path | None) -> Sandbox:
    today = date.today()  # noqa: DTZ011  the sandbox lives on this machine's calendar
    try:
        return start(size, seed, dirt, today, orgs=orgs, ports=ports, state_dir=state)
    except OSError as error:
        if error.filename is None and ports:
            listed = ", ".join(map(str, ports))
            raise InputError(f"Port {listed} cannot be used ({error.strerror}); give others with --port.") from None
        raise
    except (ValueError, TypeError, sqlite3.Error):
        if state is None:
            raise
        raise InputError(f"{state} holds something else than a sandbox's records; name another folder.") from None


def _stop_signal() -> threading.Event:
    """An event that Ctrl-C and SIGTERM set from now on."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    return stop
