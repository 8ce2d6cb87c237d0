"""One `trueline sync --apply`, alone in a process: `python -m benchmarks.cycle JSON`, as `benchmarks.sync` starts it.

The job names the `folder` of a project, and the `urls` of its CRMs: where the connector of HubSpot would wait to keep
within the limits, it turns their clocks and its own instead. Printed as JSON: CPU seconds of the process from its
beginning, threads included, in all and by stage; what was planned and written; and by connection the API calls beside
their minimum.
"""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from benchmarks.pull import DrivenClock
from connectors import hubspot
from model.settings import HubspotConnection
from sync.workspace import Workspace
from trueline.commands import changes
from trueline.screen import Screen, plain
from trueline.session import working_session

STAGES = {
    "pull_and_show": "pull", "match_records": "match", "resolve_people": "resolve", "score_records": "score",
    "plan_changes": "plan", "_push_and_show": "push",
}  # fmt: skip


def timed(stage: Callable[..., Any], spent: dict[str, float], name: str) -> Callable[..., Any]:
    def call(*arguments: Any, **named: Any) -> Any:
        began = time.process_time()
        try:
            return stage(*arguments, **named)
        finally:
            spent[name] = spent.get(name, 0.0) + time.process_time() - began

    return call


def calls_of(workspace: Workspace) -> dict[str, dict[str, Any]]:
    usages = {source.name: source.usage for source in workspace.opened()}
    return {
        name: {
            "made": usage.budgeted, "minimum": usage.minimum, "calls": usage.calls,
            "work": {f"{what} / {most}": -(-records // most) for (what, most), records in usage.work.items()},
        }
        for name, usage in usages.items()
    }  # fmt: skip


def without_waits(workspace: Workspace, urls: Sequence[str]) -> Workspace:
    clock, settings = DrivenClock(*urls), workspace.settings.connections["hs"]
    assert isinstance(settings, HubspotConnection)
    opened = hubspot.connect("hs", settings, workspace._secret, sleep=clock.sleep, clock=clock.now)
    workspace._open["hs"] = opened
    return workspace


def measure(job: dict[str, Any]) -> dict[str, Any]:
    spent: dict[str, float] = {}
    for function, name in STAGES.items():
        setattr(changes, function, timed(getattr(changes, function), spent, name))
    with working_session(Path(job["folder"]), first=True) as workspace:
        without_waits(workspace, job.get("urls", []))
        screen, full = Screen(as_json=True), bool(job.get("full"))
        document, failures = changes.sync_and_show(workspace, screen, apply=True, full=full)
        calls = calls_of(workspace)
    report = plain(document)
    pushes = [one for one in (report["push"], *(wave["push"] for wave in report["waves"])) if one]
    statuses = sum((Counter(one["statuses"]) for one in pushes), Counter())
    reasons = sum((Counter(one["reasons"]) for one in pushes), Counter())
    return {
        "cpu_s": time.process_time(), "stages": spent, "planned": len(report["plan"]["rows"]),
        "written": statuses["applied"], "statuses": statuses, "reasons": reasons, "pushes": len(pushes),
        "pulled": sum(one["rows"] for one in report["pull"]["streams"]), "calls": calls, "failures": failures,
    }  # fmt: skip


if __name__ == "__main__":
    print(json.dumps(measure(json.loads(sys.argv[1]))))
