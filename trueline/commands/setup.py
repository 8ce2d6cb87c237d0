"""init and check: a project's first two minutes."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Annotated

import typer

from model.errors import InputError
from sync.check import check_connections
from trueline.project import FILE_NAME
from trueline.screen import Screen
from trueline.session import HERE, JsonOption, ProjectOption, open_session


def register(app: typer.Typer) -> None:
    app.command(epilog="Example: trueline init crm-hygiene")(init)
    app.command(epilog="Example: trueline check --json")(check)


def init(
    folder: Annotated[Path, typer.Argument(help="Where to write trueline.toml.", show_default="here")] = HERE,
    as_json: JsonOption = False,
) -> None:
    """Write a commented trueline.toml to start from. Never overwrites one."""
    screen = Screen(as_json=as_json)
    target = folder / FILE_NAME
    template = files("trueline").joinpath(FILE_NAME).read_text("utf-8")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with target.open("x", encoding="utf-8") as file:
            file.write(template)
    except FileExistsError:
        raise InputError(f"{target} exists already; edit it, or choose another folder.") from None
    except OSError as error:
        raise InputError(f"{target} cannot be written ({error.strerror}); choose another folder.") from None
    screen.say(f"Wrote {target}. Uncomment a connection, set its secret, then run `trueline check`.")
    screen.finish({"written": str(target)})


def check(project: ProjectOption = HERE, as_json: JsonOption = False) -> None:
    """Log in to every connection and say in words what it lets us do. Changes nothing."""
    screen = Screen(as_json=as_json)
    with open_session(project) as workspace:
        answers = check_connections(workspace)
    if not answers:
        raise InputError(f"No connection is configured yet; add one to {project / FILE_NAME}.")
    for answer in answers:
        screen.say(f"{answer.connection} ({answer.system}): {answer.identity}")
        for fact in answer.facts:
            screen.say(f"  {fact}")
        for problem in answer.problems:
            screen.say(f"  PROBLEM: {problem}")
    screen.finish(answers)
    if any(answer.problems for answer in answers):
        raise typer.Exit(1)
