"""Relearn: what weights learned anew would change, and making them count."""

from __future__ import annotations

from typing import Annotated

import typer

from sync.relearn import Relearned, relearn
from trueline.screen import Screen
from trueline.session import HERE, JsonOption, ProjectOption, working_session

app = typer.Typer()
_WEIGHTS, _PAIRS = 15, 10


@app.command("relearn", epilog="Example: trueline relearn\n\nExample: trueline relearn --apply")
def relearn_models(
    apply: Annotated[bool, typer.Option("--apply", help="Keep what was learned and match everything by it.")] = False,
    project: ProjectOption = HERE,
    as_json: JsonOption = False,
) -> None:
    """Learn anew, from all records and all reviews, how pairs are weighed, and show what that would change."""
    screen = Screen(as_json=as_json)
    with working_session(project) as workspace, screen.progress("relearn"):
        found = relearn(workspace, apply=apply)
    _show(screen, found)
    screen.finish(found)


def _show(screen: Screen, found: Relearned) -> None:
    screen.say(f"{found.sentence}.")
    screen.say(f"Answers of people that were taken into account: {found.answers:,}.")
    rows = [
        (
            one.kind,
            one.comparison,
            one.words or "any two records that are compared",
            _bits(one.before),
            _bits(one.after),
        )
        for one in found.weights[:_WEIGHTS]
    ]
    screen.table(("kind", "comparison", "finding", "bits", "would be"), rows, right=(3, 4))
    for title, pairs in (("Join", found.joining), ("Part", found.parting)):
        for left, right in pairs[:_PAIRS]:
            screen.say(f"{title}: {left} and {right}")
        if len(pairs) > _PAIRS:
            screen.say(f"... and {len(pairs) - _PAIRS:,} more")
    if not found.applied:
        screen.say("Nothing was changed; `trueline relearn --apply` keeps what was learned.")


def _bits(bits: float | None) -> str:
    return "" if bits is None else f"{bits:+.1f}"
