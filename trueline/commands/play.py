"""sandbox and demo: two CRMs on this machine to try things on, and the whole loop run against them."""

from __future__ import annotations

import signal
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

import typer

from model.errors import InputError
from sandbox.claim import FolderInUse
from sandbox.keys import Keys
from sandbox.start import PortUnusable, Sandbox, start
from trueline.demo import run_demo
from trueline.screen import Screen
from trueline.session import JsonOption

app = typer.Typer()
SizeOption = Annotated[int, typer.Option("--size", min=10, max=5_000_000, help="Person records to generate.")]
SeedOption = Annotated[int, typer.Option("--seed", min=0, help="Same seed, same records.")]
DirtOption = Annotated[float, typer.Option("--dirt", min=0, max=3, help="0 is clean, 1 is what real CRMs look like.")]


def _port(name: str, explained: str) -> Any:
    return typer.Option(name, min=1, max=65_535, help=explained)


@app.command(epilog="Example: trueline sandbox --size 5000 --tls --json")
def sandbox(
    size: SizeOption = 2_000,
    seed: SeedOption = 1,
    dirt: DirtOption = 1.0,
    orgs: Annotated[int, typer.Option("--orgs", min=1, max=5, help="Salesforce orgs.")] = 1,
    port: Annotated[list[int] | None, _port("--port", "Ports in turn; free by default.")] = None,
    salesforce_port: Annotated[list[int] | None, _port("--salesforce-port", "A port of an org, in turn.")] = None,
    hubspot_port: Annotated[int | None, _port("--hubspot-port", "HubSpot's port.")] = None,
    gleif_port: Annotated[int | None, _port("--gleif-port", "GLEIF's port.")] = None,
    native: Annotated[
        bool, typer.Option("--native", help="HubSpot's own Salesforce integration is on, connected to the first org.")
    ] = False,
    tls: Annotated[bool, typer.Option("--tls", help="Serve https; prints the CA to trust.")] = False,
    state: Annotated[Path | None, typer.Option("--state", help="Keep the records and keys in this folder.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Serve a Salesforce, a HubSpot and a GLEIF on loopback until stopped (Ctrl-C or SIGTERM)."""
    screen = Screen(as_json=as_json)
    own = {
        "salesforce": salesforce_port or [],
        "hubspot": [hubspot_port] if hubspot_port else [],
        "gleif": [gleif_port] if gleif_port else [],
    }
    _leave_on_signals()
    with ExitStack() as stack:
        keys = Keys(stack.enter_context(_key_folder(state)))
        options = (size, seed, dirt, orgs, native)
        running = stack.enter_context(_started(options, port or [], own, state, keys, tls=tls))
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


def _started(
    options: tuple[int, int, float, int, bool],
    ports: list[int],
    own: dict[str, list[int]],
    state: Path | None,
    keys: Keys,
    *,
    tls: bool,
) -> Sandbox:
    size, seed, dirt, orgs, native = options
    today = date.today()  # noqa: DTZ011  the sandbox lives on this machine's calendar
    try:
        return start(
            size, seed, dirt, today, orgs=orgs, ports=ports, own_ports=own, state_dir=state, keys=keys, tls=tls,
            native=native,
        )  # fmt: skip
    except PortUnusable as error:
        raise InputError(
            f"Port {error.port} cannot be used ({error.strerror}); give another one with --port."
        ) from None
    except FolderInUse as error:
        raise InputError(f"{str(error).rstrip('.')}; name another folder or stop it first.") from None
    except OSError as error:
        if state is None or error.filename is None:
            raise
        raise _unwritable(state, error) from None
    except (ValueError, TypeError, sqlite3.Error):
        if state is None:
            raise
        raise InputError(f"{state} holds something else than a sandbox's records; name another folder.") from None


@contextmanager
def _key_folder(state: Path | None) -> Iterator[Path]:
    """Where the keys are: with the records, or in a folder that is gone when the sandbox is."""
    if state is None:
        with TemporaryDirectory(prefix="trueline-sandbox-") as folder:
            yield Path(folder)
        return
    try:
        (state / "keys").mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise _unwritable(state, error) from None
    yield state / "keys"


def _unwritable(state: Path, error: OSError) -> InputError:
    return InputError(f"{state} cannot be written ({error.strerror}); name another folder with --state.")


def _leave_on_signals() -> None:
    """Ctrl-C and SIGTERM end the command at once and without complaint, also while it is still starting."""

    def leave(*_: object) -> None:
        raise SystemExit(0)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, leave)


def _stop_signal() -> threading.Event:
    """An event that Ctrl-C and SIGTERM set from now on."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    return stop
