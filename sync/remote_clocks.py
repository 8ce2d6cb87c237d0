"""How far the systems' clocks are ahead of ours: every pull notes it, and of two edits it tells which is the newer."""

from __future__ import annotations

from collections.abc import Iterable

from connectors.connector import Sink
from hygiene.newest import Seen
from sync.workspace import Workspace

CLOCKS = "clocks"  # in the summary of a pull's run: µs ahead of ours, by connection


def clocks_of(workspace: Workspace, names: Iterable[str]) -> dict[str, int]:
    """By how much (µs) the clocks of these connections were ahead of ours at their last answers."""
    asked = set(names)
    return {one.name: one.clock_ahead() for one in workspace.opened() if isinstance(one, Sink) and one.name in asked}


def seen_clocks(workspace: Workspace, left: str, right: str) -> list[Seen]:
    """What the pulls saw of two connections' clocks, oldest first, and what they told last."""
    pulls = [run for run in workspace.store.runs() if run.kind == "pull"]
    told = [(run.ended_at or run.started_at, run.summary.get(CLOCKS, {})) for run in pulls]
    now = (workspace.clock(), clocks_of(workspace, (left, right)))
    return [Seen(at, of[left], of[right]) for at, of in (*told, now) if left in of and right in of]
