"""A process killed while it saves loses nothing that was committed, and the store opens again."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

from model.batch import Watermark
from store import Store

ROOT = Path(__file__).parents[2]

# Saves pages of 50 rows for ever; tells after each commit. `journal` rows are told the same way.
PULL = """
import sys
from model.batch import Batch, Page, Watermark
from store import Store
store = Store.open(sys.argv[1])
run_id = store.begin_run("pull", 1)
for number in range(10**9):
    ids = [f"{number:06d}-{row:02d}" for row in range(50)]
    columns = {"id": ids, "changed_at": [1] * 50, "email": ["x" * 500] * 50}
    batch = Batch("sf", "contacts", columns, frozenset({"email"}))
    store.save_page(run_id, Page(batch, Watermark(None, str(number + 1)), is_full=True))
    print(number + 1, flush=True)
"""
JOURNAL = """
import sys
from model.changes import Delete
from model.evidence import RecordKey
from store import Store
store = Store.open(sys.argv[1])
run_id = store.begin_run("push", 1)
for number in range(10**9):
    plan = store.save_plan(run_id, [Delete(RecordKey("sf", "contacts", str(number)), 1, "test")], 1)
    store.journal(run_id, [store.plan_changes(plan)[0].id], 2)
    print(number + 1, flush=True)
"""


def killed_after(script: str, url: str, count: int) -> int:
    """Run a script until it has told `count` commits, kill it, and return the last commit it told."""
    with subprocess.Popen([sys.executable, "-c", script, url], cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if int(line) >= count:
                break
        process.send_signal(signal.SIGKILL)
        told = [int(line), *map(int, process.stdout.read().split())]
    return told[-1]


def test_pull_killed_in_mid_page_keeps_whole_pages_and_their_watermark(url: str) -> None:
    told = killed_after(PULL, url, 5)
    with Store.open(url) as store:
        saved = int(store.watermark("sf", "contacts").cursor or 0)
        # The kill may fall between a commit and the line that tells it.
        assert told <= saved <= told + 1
        assert len(store.frame("contacts", columns=[])) == 50 * saved
        store.reset_watermark("sf", "contacts")
        assert store.watermark("sf", "contacts") == Watermark()


def test_journal_killed_after_it_returned_is_not_forgotten(url: str) -> None:
    told = killed_after(JOURNAL, url, 3)
    with Store.open(url) as store:
        assert told <= len(store.unfinished()) <= told + 1
