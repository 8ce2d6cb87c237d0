"""Calls of merges and of their undo, beside the documented minimum: `python -m benchmarks.merges --groups 150`.

The records of two generated CRMs are merged by chance, two to four at a time and in step in both CRMs, and taken apart
again. The sandbox answers from the same process: no time is measured.
"""

from __future__ import annotations

import argparse
import random
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.cycle import calls_of
from benchmarks.loop import settings_for
from benchmarks.table import Table, kept, promised, tell
from model.settings import Caps
from sandbox.start import Sandbox, start
from sync.pull import pull_all
from sync.push import push_stored
from sync.undo import undo_run
from sync.workspace import Workspace, open_workspace
from tests.sync.merged import chosen_merges, grouped

MOST_CALLS = 1.05
PEOPLE_PER_GROUP = 10


@contextmanager
def project(sandbox: Sandbox, folder: Path) -> Iterator[Workspace]:
    """A workspace whose connections have made no call yet."""
    caps = Caps(max_share=1.0, max_merges=1_000_000, max_changes=1_000_000, max_api_calls=1_000_000)
    settings = settings_for(sandbox).model_copy(update={"caps": caps})
    secrets = {
        "env:SF": sandbox.salesforce[0].credentials["client_secret"],
        "env:HS": sandbox.hubspot.credentials["token"],
    }
    with open_workspace(f"sqlite:///{folder}/merges.db", settings, folder, secrets.__getitem__) as workspace:
        yield workspace


def measure(groups: int, seed: int, tables: tuple[Table, Table]) -> None:
    """Add rows of the merges and of their undo."""
    size = max(400, PEOPLE_PER_GROUP * groups)
    with start(size, seed, systems=("salesforce", "hubspot")) as sandbox, tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        with project(sandbox, folder) as workspace:
            pull_all(workspace)
            merges = grouped(chosen_merges(workspace, random.Random(seed), groups))
            plan_id = workspace.store.save_plan(workspace.store.begin_run("plan", 1), merges, 1)
        with project(sandbox, folder) as workspace:
            report = push_stored(workspace, plan_id, joins=True)
            add_calls(tables, f"{report.statuses['applied']:,} merges", workspace)
        for served in (sandbox.salesforce[0], sandbox.hubspot):
            served.app.clock.turn(60)
        with project(sandbox, folder) as workspace:
            undo_plan = undo_run(workspace, report.run_id or "").plan.plan_id
            undone = push_stored(workspace, undo_plan, kind="undo")
            add_calls(tables, f"undo of {undone.statuses['applied']:,} merges", workspace)


def add_calls(tables: tuple[Table, Table], what: str, workspace: Workspace) -> None:
    verdicts, calls = tables
    for name, one in calls_of(workspace).items():
        ratio = one["made"] / max(one["minimum"], 1)
        kinds = ", ".join(f"{kind} {number:,}" for kind, number in sorted(one["calls"].items()))
        calls.add(what, name, f"{one['made']:,}", f"{one['minimum']:,}", f"{ratio:.2f}", kinds)
        verdicts.add(f"{name}: {what}", f"{ratio:.2f} x", f"at most {MOST_CALLS} x", kept(ratio <= MOST_CALLS))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--groups", type=int, nargs="+", default=[25, 150], help="groups of records to merge")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--markdown", action="store_true")
    options = parser.parse_args()
    verdicts = promised("Calls of merges beside the documented minimum", "Counted, not timed.")
    calls = Table(
        "API calls of merges and of their undo",
        "The minimum has a read of the records directly before each merge of HubSpot, which knows no condition, and "
        "one before each step of an undo that needs what the last one made.",
        ("What", "Connection", "Calls", "Minimum", "Ratio", "By kind"),
    )
    for groups in options.groups:
        tell(f"merging {groups:,} groups by chance")
        measure(groups, options.seed, (verdicts, calls))
    for table in (verdicts, calls):
        table.show(markdown=options.markdown)


if __name__ == "__main__":
    main()
