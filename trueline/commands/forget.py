"""Forgetting a person: what the store holds of them, and with --apply its end."""

from __future__ import annotations

from typing import Annotated

import typer

from sync.forget import ForgetReport, forget_person
from trueline.screen import Screen
from trueline.session import HERE, JsonOption, ProjectOption, open_session, working_session

app = typer.Typer()


@app.command(epilog="Example: trueline forget ann@example.com --apply")
def forget(
    whom: Annotated[str, typer.Argument(help="A record (connection/stream/id), an entity or an e-mail address.")],
    apply: Annotated[bool, typer.Option("--apply", help="Erase. Without it, it is only told what would go.")] = False,
    project: ProjectOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Erase a person from the store, and keep later pulls from bringing them back.

    Writes nothing to a CRM: erase them there as well.
    """
    screen = Screen(as_json=as_json)
    with working_session(project) if apply else open_session(project) as workspace:
        report = forget_person(workspace, whom, apply=apply)
    _show(screen, report)
    screen.finish(report)


def _show(screen: Screen, report: ForgetReport) -> None:
    for key in report.records:
        screen.say(key)
    screen.say(report.sentence)
    if report.shared:
        screen.say(f"{report.shared:,} of their {report.addresses:,} addresses are others' as well and stay theirs.")
    if report.files:
        screen.say(f"Out of reach, and perhaps about them: {', '.join(report.files)} in this folder.")
    screen.say("Out of reach always: the CRMs, backups, and files written elsewhere.")
    if not report.run_id:
        screen.say("Nothing was erased; add --apply to erase.")
