"""init: a project's first minute. It imports no other room, so that it answers at once."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Annotated

import typer

from model.errors import InputError
from trueline.screen import Screen

TEMPLATE = "trueline.toml"
app = typer.Typer()


@app.command(epilog="Example: trueline init crm-hygiene")
def init(
    folder: Annotated[Path, typer.Argument(help="Where to write trueline.toml.", show_default="here")] = Path(),
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document instead of text.")] = False,
) -> None:
    """Write a commented trueline.toml to start from. Never overwrites one."""
    screen = Screen(as_json=as_json)
    target = folder / TEMPLATE
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_new(target, files("trueline").joinpath(TEMPLATE).read_text("utf-8"))
    except OSError as error:
        # A folder's name may be a file's, which `mkdir` reports as existing.
        if isinstance(error, FileExistsError) and folder.is_dir():
            raise InputError(f"{target} exists already; edit it, or choose another folder.") from None
        raise InputError(f"{target} cannot be written ({error.strerror}); choose another folder.") from None
    screen.say(f"Wrote {target}.")
    screen.say("Uncomment a connection, set its secret, then run `trueline check`.")
    screen.finish({"written": str(target)})


def write_new(path: Path, text: str) -> None:
    """Write a file that does not exist yet, whole or not at all; OSError when it exists or cannot be written."""
    with path.open("x", encoding="utf-8") as file:
        try:
            file.write(text)
            file.flush()
        except OSError:
            path.unlink(missing_ok=True)
            raise
