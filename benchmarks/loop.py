"""Time every stage of the loop against the sandbox over HTTP: `python -m benchmarks.loop --size 20000`.

The sandbox answers from the same process, so pull and push include its own work; the other stages are ours alone.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from model.settings import ProjectSettings
from sandbox.start import Sandbox, start
from sync.calls import call_counts
from sync.match import match_records
from sync.plan import plan_changes
from sync.pull import pull_all
from sync.push import push_stored
from sync.resolve import resolve_people
from sync.score import score_records
from sync.workspace import Workspace, open_workspace


def settings_for(sandbox: Sandbox) -> ProjectSettings:
    """Both CRMs, no enrichment: its pace is the register's, not ours."""
    sf = {
        "system": "salesforce",
        "host": "sandbox.my.salesforce.com",
        "base_url": sandbox.salesforce[0].url,
        "client_id": sandbox.salesforce[0].credentials["client_id"],
        "secret": "env:SF",
        "currency": "USD",
    }
    hs = {"system": "hubspot", "base_url": sandbox.hubspot.url, "secret": "env:HS"}
    caps = {"max_changes": 10_000_000, "max_share": 1.0, "max_api_calls": 10_000_000}
    return ProjectSettings.model_validate({"connections": {"sf": sf, "hs": hs}, "caps": caps})


def measure(size: int) -> None:
    """Print seconds per stage, and the API calls of pull and push."""
    with start(size, systems=("salesforce", "hubspot")) as sandbox, tempfile.TemporaryDirectory() as folder:
        secrets = {
            "env:SF": sandbox.salesforce[0].credentials["client_secret"],
            "env:HS": sandbox.hubspot.credentials["token"],
        }
        settings = settings_for(sandbox)
        with open_workspace(f"sqlite:///{folder}/bench.db", settings, Path(folder), secrets.__getitem__) as workspace:
            _run(workspace, size)


def _run(workspace: Workspace, size: int) -> None:
    stages: dict[str, Callable[[], object]] = {
        "pull": lambda: pull_all(workspace),
        "match": lambda: match_records(workspace),
        "resolve": lambda: resolve_people(workspace),
        "score": lambda: score_records(workspace),
        "plan": lambda: plan_changes(workspace),
        "push": lambda: push_stored(workspace),
        "pull again": lambda: pull_all(workspace),
        "plan again": lambda: plan_changes(workspace),
    }
    for name, stage in stages.items():
        calls, began = _calls(workspace), time.perf_counter()
        result = stage()
        seconds, used = time.perf_counter() - began, _calls(workspace) - calls
        spent = f"{used:,} API calls" if used else ""
        rows = len(getattr(result, "rows", ()))
        print(f"loop {size:,}  {name:<11} {seconds:7.1f} s  {f'{rows:,} changes' if rows else spent}", flush=True)


def _calls(workspace: Workspace) -> int:
    return sum(sum(kinds.values()) for kinds in call_counts(workspace).values())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=20_000)
    measure(parser.parse_args().size)


if __name__ == "__main__":
    main()
