"""Conflicts: list the fields that changed in both CRMs, and say which value counts."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer

from model.conflicts import Answer, Conflict
from model.errors import InputError
from sync.conflicts import answer_conflicts, chosen_conflicts, field_of, side_named, value_of
from sync.workspace import Workspace
from trueline.screen import Screen
from trueline.session import HERE, JsonOption, ProjectOption, open_session, working_session

app = typer.Typer()


@app.command(epilog="Example: trueline conflicts c0003 --take sf")
def conflicts(
    ids: Annotated[list[str] | None, typer.Argument(metavar="ID...", help="Conflicts to answer.")] = None,
    take: Annotated[str | None, typer.Option("--take", help="The connection whose value counts.")] = None,
    value: Annotated[str | None, typer.Option("--value", help="A third value, for both.")] = None,
    leave: Annotated[bool, typer.Option("--leave", help="Leave both as they are until one changes.")] = False,
    field: Annotated[str | None, typer.Option("--field", help="Answer all about this field, stream.field.")] = None,
    show: Annotated[int, typer.Option("--show", min=0, help="How many conflicts to print.")] = 20,
    project: ProjectOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """List fields that changed in both CRMs, or say which value counts. The next plan carries it out."""
    screen = Screen(as_json=as_json)
    told = [take is not None, value is not None, leave]
    if not any(told):
        with open_session(project) as workspace:
            listed = workspace.store.conflicts() if not ids else chosen_conflicts(workspace, ids, field)
        _show(screen, listed, show)
        screen.finish(listed)
        return
    if sum(told) != 1 or bool(ids) == (field is not None):
        raise InputError("Name conflicts or one --field, and one of --take, --value and --leave.")
    with working_session(project) as workspace:
        chosen = chosen_conflicts(workspace, ids or (), field)
        noted = answer_conflicts(workspace, chosen, _answer(workspace, chosen, take, value))
    screen.say(f"Noted for {len(noted):,} {'conflicts' if len(noted) > 1 else 'conflict'}.")
    screen.say("The next trueline plan, or sync, carries it out.")
    screen.finish(noted)


def _answer(workspace: Workspace, chosen: list[Conflict], take: str | None, value: str | None) -> Answer:
    if take is not None:
        return side_named(workspace, take)
    return Answer("leave") if value is None else value_of(chosen, value)


def _show(screen: Screen, listed: list[Conflict], show: int) -> None:
    waiting = sum(one.answer is None for one in listed)
    screen.say(f"{waiting:,} conflicts wait for a person.")
    for one in listed[:show]:
        screen.say(f"{one.id}  {field_of(one)}: {one.reason}")
        if one.has_base:
            screen.say(f"      agreed on  {_quoted(one.base)}")
        for key, held, at, by in ((one.left, one.left_value, one.left_at, one.left_by),
                                  (one.right, one.right_value, one.right_at, one.right_by)):  # fmt: skip
            when = f", {_local(at)}" if at else ""
            screen.say(f"      {key}  {_quoted(held)}{when}{f' by {by}' if by else ''}")
        if one.answer is not None:
            screen.say(f"      {one.answered_by} said {one.answer.kind}; the next plan carries it out")
    if len(listed) > show:
        screen.say(f"... and {len(listed) - show:,} more")


def _quoted(value: object) -> str:
    return "blank" if value is None else repr(value)


def _local(micros: int) -> str:
    return datetime.fromtimestamp(micros / 1e6).astimezone().strftime("%F %T")
