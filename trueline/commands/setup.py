"""init: a project's first minute. It imports no other room until it must, so that it answers at once."""

from __future__ import annotations

from importlib import import_module
from importlib.resources import files
from pathlib import Path
from typing import Annotated

import typer

from model.errors import InputError
from trueline.screen import Screen

TEMPLATE = "trueline.toml"
app = typer.Typer()


@app.command(epilog="Example: trueline init crm-hygiene\n\nExample: trueline init --sync --out sync.toml")
def init(
    folder: Annotated[Path, typer.Argument(help="Where to write trueline.toml.", show_default="here")] = Path(),
    sync: Annotated[
        bool, typer.Option("--sync", help="Ask the CRMs of the trueline.toml there and propose its [sync] section.")
    ] = False,
    between: Annotated[
        list[str] | None, typer.Option("--between", help="With --sync: one of the two connections; give both.")
    ] = None,
    out: Annotated[Path | None, typer.Option("--out", help="With --sync: a new file for the section.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document instead of text.")] = False,
) -> None:
    """Write a commented trueline.toml to start from. Never overwrites one.

    With --sync, print what two CRMs could keep alike: fields, picklist values, owners.
    """
    screen = Screen(as_json=as_json)
    if sync:
        import_module("trueline.commands.propose").propose_sync(screen, folder, between or [], out, write_file)
        return
    if between or out:
        raise InputError("--between and --out belong to --sync.")
    target = folder / TEMPLATE
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _unwritable(target, error) from None
    write_file(target, files("trueline").joinpath(TEMPLATE).read_text("utf-8"))
    screen.say(f"Wrote {target}.")
    screen.say("Uncomment a connection, set its secret, then run `trueline check`.")
    screen.finish({"written": str(target)})


def write_file(target: Path, text: str) -> None:
    """Write a new file; InputError when there is one already, or none can be written."""
    try:
        write_new(target, text)
    except OSError as error:
        # A folder's name may be a file's, which `mkdir` reports as existing.
        if isinstance(error, FileExistsError) and target.parent.is_dir():
            more = ", or propose its [sync] with --sync" if target.name == TEMPLATE else ""
            raise InputError(f"{target} exists already; edit it, or choose another {_place(target)}{more}.") from None
        raise _unwritable(target, error) from None


def _place(target: Path) -> str:
    return "folder" if target.name == TEMPLATE else "file"


def _unwritable(target: Path, error: OSError) -> InputError:
    return InputError(f"{target} cannot be written ({error.strerror}); choose another {_place(target)}.")


def write_new(path: Path, text: str) -> None:
    """Write a file that does not exist yet, whole or not at all; OSError when it exists or cannot be written."""
    with path.open("x", encoding="utf-8") as file:
        try:
            file.write(text)
            file.flush()
        except OSError:
            path.unlink(missing_ok=True)
            raise
