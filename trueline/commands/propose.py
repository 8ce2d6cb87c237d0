"""init --sync: a mapping between two CRMs, from what both say of their fields."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from model.errors import InputError
from reports.sync_section import sync_section
from sync.mapping import propose_mapping
from trueline.screen import Screen
from trueline.session import connected_project, workspace_of

Write = Callable[[Path, str], None]


def propose_sync(screen: Screen, folder: Path, between: list[str], out: Path | None, write_new: Write) -> None:
    """Print the section that is proposed for a project, or write it to a new file; nothing is written elsewhere."""
    if between and len(between) != 2:
        raise InputError("--between is given twice, once for each of the two connections.")
    with workspace_of(connected_project(folder)) as workspace:
        chosen = (between[0], between[1]) if between else None
        text = sync_section(propose_mapping(workspace, chosen))
    if out is None:
        for line in text.splitlines():
            screen.say(line)
    else:
        write_new(out, text)
        screen.say(f"Wrote {out}. Look through it, then put it into {folder / 'trueline.toml'}.")
    screen.finish({"section": text, "written": None if out is None else str(out)})
