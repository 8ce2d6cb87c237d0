"""The `trueline` command: one verb per stage of the loop. Exit 0 done, 1 our error, 2 wrong usage or settings.

Standard output carries the result and nothing else; what went wrong is one sentence on standard error. With `--json`
the result is one document, which has the key `error` exactly when the exit code is not 0.
"""

from __future__ import annotations

import errno
import os
import sys
import traceback
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Annotated

import typer

from model.errors import ConfigError, InputError, TruelineError
from trueline.screen import complain, json_line
from trueline.verbs import Verbs

DONE, FAILED, MISUSED, STOPPED = 0, 1, 2, 130

# The class of every usage error; newer Typers carry their own copy of click and export only this subclass of it.
_UsageError: type[Exception] = typer.BadParameter.__mro__[1]

app = typer.Typer(
    cls=Verbs,
    name="trueline",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Keep CRMs true: find duplicates, wrong and missing data, and write reviewed corrections back.\n\n"
    "Nothing is written to a CRM without --apply.",
    epilog="Example: trueline audit exports/*.csv",
)


def _show_version(wanted: bool) -> None:
    if wanted:
        try:
            typer.echo(f"trueline {version('trueline')}")
        except PackageNotFoundError:
            typer.echo("trueline, run from its source without being installed")
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
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a terminal that knows no '→' shows '?'
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """The exit code of one command line."""
    code, sentence = _obey(arguments)
    try:
        if sentence and "--json" in arguments[: arguments.index("--") if "--" in arguments else None]:
            sys.stdout.write(json_line({"error": sentence}))
        sys.stdout.flush()
    except OSError as error:
        code = FAILED
        if error.errno != errno.EPIPE:  # a reader that has seen enough needs no message
            sentence = f"The output could not be written ({error.strerror}); what was saved stays saved."
        _discard_output()
    if sentence:
        complain(sentence)
    return code


def _obey(arguments: list[str]) -> tuple[int, str]:
    """Run the command; its exit code and, where it failed without saying why itself, the reason."""
    try:
        code = app(arguments, prog_name="trueline", standalone_mode=False)
    except typer.Exit as stop:
        code = stop.exit_code
    except SystemExit as stop:  # the pipe we print into was closed
        code = stop.code
    except _UsageError as error:
        return MISUSED, _usage(error)
    except (typer.Abort, KeyboardInterrupt):
        code = STOPPED
    except (ConfigError, InputError) as error:
        return MISUSED, str(error)
    except TruelineError as error:
        return FAILED, str(error)
    except BaseException as error:  # noqa: BLE001  the last resort: its text may hold a person's data, so it is not shown
        return FAILED, _bug(error)
    if code == STOPPED:  # newer Typers turn Ctrl-C into this exit code
        return STOPPED, "Stopped. What was saved stays saved; run the same command again to go on."
    return (code if isinstance(code, int) else DONE), ""


def _usage(error: Exception) -> str:
    """What is wrong with the command line, and where its use is explained; empty when help was shown instead."""
    message: str = error.format_message()  # type: ignore[attr-defined]
    if not message.strip() or "\n" in message:
        return message.strip()
    context = getattr(error, "ctx", None)
    return f"{message.rstrip('.')}; see `{context.command_path if context else 'trueline'} --help`."


def _bug(error: BaseException) -> str:
    if isinstance(error, OSError) and error.strerror:
        about = f" for {error.filename}" if error.filename else ""
        return f"The system said '{error.strerror}'{about}; mend that and run the same command again."
    frames = traceback.extract_tb(error.__traceback__)
    place = f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "an unknown place"
    return (
        f"Trueline met a fault of its own ({type(error).__name__} at {place}) and stopped; what was saved stays saved. "
        "Please report it with this line."
    )


def _discard_output() -> None:
    """Send what is still buffered nowhere, so that the interpreter does not fail on it again when it ends."""
    with suppress(OSError, ValueError):  # a stream without a file needs none of this
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
