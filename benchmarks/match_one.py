"""Match one labelled set, or judge what a peer found in it, alone in a process: `python -m benchmarks.match_one JSON`.

The job has `do` ("match" or "judge") and the `folder` of the set; for a peer also the file of its `pairs` and the
`threshold`. Printed as JSON: seconds and CPU seconds from frame to clusters, peak memory, and the scores.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import polars as pl

from benchmarks.judge import blocking_loss, judged_clusters, judged_pairs, judged_probabilities, judged_sweep
from benchmarks.labelled import LabelledSet
from benchmarks.meter import peak_mb
from hygiene.linkage.link import Linked, link, link_between
from hygiene.match import match

T = TypeVar("T")
KEY = ("connection", "stream", "id")


def measured(run: Callable[[], T]) -> tuple[T, dict[str, Any]]:
    """What it gives back; its seconds by the clock and of the CPU by all threads, and the memory it needed."""
    wall, cpu = time.perf_counter(), time.process_time()
    found = run()
    return found, {"seconds": time.perf_counter() - wall, "cpu_s": time.process_time() - cpu, "peak_mb": peak_mb()}


def matched(one: LabelledSet) -> dict[str, Any]:
    """Ours, at its default threshold."""
    if one.frames is not None:
        return _matched_crm(one, Path(one.frames))
    if one.boundary is not None:
        return _matched_between(one, one.boundary)

    def run() -> tuple[Linked, Any]:
        linked = link(one.table, one.kinds)
        return linked, linked.clusters()

    (linked, clusters), spent = measured(run)
    return {**spent, **judged_clusters(one, clusters), **_told(one, linked)}


def _matched_between(one: LabelledSet, boundary: int) -> dict[str, Any]:
    (partners, found), spent = measured(
        lambda: (partners := link_between(one.table[:boundary], one.table[boundary:], one.kinds), partners.pairs())
    )
    both = found.with_columns(pl.col("right") + boundary)
    linked = partners.linked
    told = {} if one.pairs is not None else _told(one, linked)
    return {**spent, **judged_pairs(one, both), **told}


def _told(one: LabelledSet, linked: Linked) -> dict[str, Any]:
    """How true the probabilities are, and what blocking lost, beside what the run said of it."""
    left, right = linked.left, linked.right
    return {
        "reliability": judged_probabilities(one, left, right, linked.probability),
        "lost": blocking_loss(one, left, right, linked.candidates.twins),
        "lost_estimate": linked.blocking_loss,
    }


def _matched_crm(one: LabelledSet, folder: Path) -> dict[str, Any]:
    """As `trueline match` does it: the engine with the rules of the CRM beside it."""
    frames = {name: pl.read_parquet(folder / f"{name}.parquet") for name in ("accounts", "contacts", "leads")}
    found, spent = measured(lambda: match(frames))
    entities = found.memberships.select(*KEY, "entity")
    clusters = one.table.select(KEY).join(entities, on=list(KEY), how="left", maintain_order="left")["entity"]
    return {**spent, **judged_clusters(one, clusters)}


def main() -> None:
    job = json.loads(sys.argv[1])
    one = LabelledSet.load(Path(job["folder"]))
    if job["do"] == "match":
        print(json.dumps({"records": len(one.table), **matched(one)}))
    else:
        print(json.dumps(judged_sweep(one, pl.read_parquet(job["pairs"]), job["threshold"])))


if __name__ == "__main__":
    main()
