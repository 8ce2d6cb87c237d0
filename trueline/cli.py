"""The `trueline` command: one verb per stage of the loop. Exit 0 done, 1 our error, 2 wrong usage or settings."""

from __future__ import annotations

import json
import sys
import traceback
from importlib.metadata import version
from typing import Annotated

import typer

from model.errors import ConfigError, InputError, TruelineError
from trueline.commands import look, loop, play, setup
from trueline.screen import printable

# The class of every usage error; Typer carries its own copy of click and exports only this subclass of it.
_UsageError: type[Exception] = typer.BadParameter.__mro__[1]

app = typer.Typer(
    name="trueline",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Keep CRMs true: find duplicates, wrong and missing data, and write reviewed corrections back.\n\n"
    "Nothing is written without --apply.",
    epilog="Example: trueline audit exports/*.csv",
)
for group in (setup, loop, look, play):
    group.register(app)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"trueline {version('trueline')}")
        raise typer.Exit


@app.callback()
def root(
    show: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Options that stand before the verb."""


def main() -> None:
    """Run the command line; every failure is one sentence on standard error and an exit code, never a traceback."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """The exit code of one command line."""
    try:
        result = app(arguments, prog_name="trueline", standalone_mode=False)
    except typer.Exit as stop:
        return stop.exit_code
    except _UsageError as error:
        error.show()  # type: ignore[attr-defined]
        return 2
    except (typer.Abort, KeyboardInterrupt):
        _complain("Stopped. What was saved stays saved; run the same command again to go on.", arguments)
        return 130
    except BrokenPipeError:
        sys.stderr.close()
        return 1
    except (ConfigError, InputError) as error:
        _complain(str(error), arguments)
        return 2
    except TruelineError as error:
        _complain(str(error), arguments)
        return 1
    except Exception as error:  # noqa: BLE001  the last resort: its text may hold a person's data, so it is not shown
        _complain(_bug(error), arguments)
        return 1
    return result if isinstance(result, int) else 0


def _bug(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror}: {error.filename}" if error.filename else error.strerror
    frames = traceback.extract_tb(error.__traceback__)
    place = f"{frames[-1].filename.rsplit('/', 1)[-1]}:{frames[-1].lineno}" if frames else "an unknown place"
    return (
        f"Trueline met a fault of its own ({type(error).__name__} at {place}) and stopped; what was saved stays saved. "
        "Please report it with this line."
    )


def _complain(sentence: str, arguments: list[str]) -> None:
    if "--json" in arguments:
        sys.stdout.write(json.dumps({"error": sentence}, ensure_ascii=False) + "\n")
    sys.stderr.write(f"trueline: {printable(sentence)}\n")
