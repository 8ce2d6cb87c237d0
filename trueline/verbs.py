"""The verbs of `trueline --help`. A verb's module is loaded when the verb is used: data frames, SDKs and the sandbox
take longer to import than a person waits for a help page."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

# verb -> the module of trueline.commands that holds it, and its line in the list of verbs
VERBS: dict[str, tuple[str, str]] = {
    "init": ("setup", "Write a commented trueline.toml to start from."),
    "check": ("loop", "Log in to every connection and say what it lets us do."),
    "pull": ("loop", "Bring new, changed and deleted records into the store."),
    "match": ("loop", "Find which records are the same person or company."),
    "relearn": ("relearn", "Learn anew how pairs are weighed; show what changes."),
    "resolve": ("loop", "Find the account of every person who has none."),
    "enrich": ("loop", "Ask public registers about accounts with blanks."),
    "score": ("loop", "Score completeness and staleness; list what is wrong."),
    "plan": ("changes", "Work out corrections and store them as a plan."),
    "push": ("changes", "Print a plan's changes; with --apply write them."),
    "undo": ("changes", "Put back what a run changed; with --apply."),
    "sync": ("changes", "All of the above in one go, under the caps."),
    "schedule": ("schedule", "Run sync on a cron expression until stopped."),
    "audit": ("look", "Judge exported files; needs no login and no settings."),
    "report": ("look", "Show what the store holds and what is wrong with it."),
    "explain": ("look", "Say why two records are, or are not, the same."),
    "review": ("look", "Decide the pairs that evidence leaves undecided."),
    "conflicts": ("conflicts", "Decide fields that changed in both CRMs."),
    "runs": ("look", "List what was run, when, and what came of it."),
    "forget": ("forget", "Erase a person from the store; with --apply."),
    "sandbox": ("play", "Serve CRMs with made-up records on this machine."),
    "demo": ("play", "Run the whole loop against sandbox CRMs."),
}


class Verbs(TyperGroup):
    """The root command: lists verbs by their line, and loads the one that is used."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        for verb, (_, line) in VERBS.items():
            self.add_command(TyperCommand(verb, help=line))

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        verb, listed, rest = super().resolve_command(ctx, args)
        return verb, listed and loaded(verb), rest


def loaded(verb: str | None) -> Any:
    """The command of a listed verb, with its options, from its module's `app`."""
    module, _ = VERBS[verb or ""]
    app: typer.Typer = import_module(f"trueline.commands.{module}").app
    return typer.main.get_group(app).commands[verb or ""]
