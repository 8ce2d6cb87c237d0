"""Check: what each connection may do, in words, without touching a record."""

from __future__ import annotations

from dataclasses import dataclass

from model.errors import TruelineError
from sync.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Checked:
    """One connection's answer; `problems` is empty when it can be used as configured."""

    connection: str
    system: str
    identity: str
    facts: tuple[str, ...]
    problems: tuple[str, ...]


def check_connections(workspace: Workspace) -> list[Checked]:
    """Ask every configured connection who we are to it and what it lets us do; a failure is its problem, in words."""
    answers = []
    for name, settings in workspace.settings.connections.items():
        try:
            access = workspace.connection(name).check()
        except TruelineError as error:
            answers.append(Checked(name, settings.system, "not connected", (), (str(error),)))
        else:
            answers.append(Checked(name, settings.system, access.identity, access.facts, access.problems))
    return answers
