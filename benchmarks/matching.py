"""Matching on labelled sets: agreement with the truth at our default threshold, time and memory, beside Splink.

    python -m benchmarks matching                                  ours alone, small sets
    python -m benchmarks matching --peer PYTHON --markdown         as docs/benchmarks.md has it
    python -m benchmarks matching --peer PYTHON --set contacts-100000 --rounds 3
    python -m benchmarks matching --peer PYTHON --set large        5,000,000 contacts

PYTHON is an interpreter that has splink, duckdb, scipy and polars, and for the frozen generator of contacts faker,
names and nicknames. What is measured has a process of its own each; this one loads nothing that would
add to their memory.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.match_tables import Row, all_tables
from benchmarks.remote import run_alone
from benchmarks.table import tell

ROOT = Path(__file__).parents[1]
SHARED_SCRIPT = ROOT.parent / "shared" / "bench" / "splink_contacts.py"
PEER_THRESHOLD = 0.9
PERSONS = ("fake_1000", "febrl1", "febrl2", "febrl3", "febrl4", "senzing_truthset")
GENERATED = ("contacts-10000", "contacts-100000", "contacts-1000000", "sandbox-people-20000", "sandbox-companies-20000")
LISTS = ("dedupe_csv_example", "restaurants", "fodors_zagats")
COMPANIES = ("mannheim_dbpedia_train", "mannheim_dbpedia_val", "mannheim_fullcontact_train", "mannheim_fullcontact_val",
             "company_name_matcher_pairs", "emm_namepairs", "dnb_name_matching")  # fmt: skip
SETS = (*PERSONS, *LISTS, *COMPANIES, *GENERATED)
GROUPS = {"persons": PERSONS, "lists": LISTS, "companies": COMPANIES, "generated": GENERATED, "all": SETS,
          "large": ("contacts-100000", "contacts-1000000", "contacts-5000000")}  # fmt: skip


@dataclass(slots=True)
class Bench:
    """How to measure: the peer's interpreter, where sets are kept, how often each is measured."""

    peer: str | None
    kept: Path
    rounds: int
    scratch: Path

    def rows(self, names: Sequence[str]) -> list[Row]:
        there = run_alone("sets", sets=list(names), kept=str(self.kept), peer=self.peer)["sets"]
        return [self._row(name) for name in there]

    def _row(self, name: str) -> Row:
        folder = self.kept / "sets" / name
        tell(f"{name}: ours")
        ours = median([run_alone("match_one", do="match", folder=str(folder)) for _ in range(self.rounds)])
        if self.peer is None:
            return Row(name, ours)
        tell(f"{name}: Splink")
        theirs = median([self._splink(folder) for _ in range(self.rounds)])
        judged = run_alone("match_one", do="judge", folder=str(folder), pairs=str(self.scratch / "pairs.parquet"),
                           threshold=PEER_THRESHOLD)  # fmt: skip
        shared = self._shared(name) if name.startswith("contacts-") else None
        return Row(name, ours, {**theirs, **judged}, shared)

    def _splink(self, folder: Path) -> dict[str, Any]:
        about = json.loads((folder / "about.json").read_text("utf-8"))
        boundary = ["--boundary", str(about["boundary"])] if about["boundary"] is not None else []
        files = [str(folder / "table.parquet"), str(self.scratch / "pairs.parquet")]
        threshold = ["--threshold", str(PEER_THRESHOLD)]
        return self._asked("-m", "benchmarks.peers.splink_run", about["family"], *files, *boundary, *threshold)

    def _shared(self, name: str) -> dict[str, Any]:
        """The settings that are shared by all who measure, at the threshold they are quoted for."""
        tell(f"{name}: Splink with the shared settings")
        contacts = str(self.kept / f"{name}.parquet")
        runs = [self._asked(str(SHARED_SCRIPT), contacts) for _ in range(self.rounds)]
        renamed = [{**run, "seconds": run["total_s"], "peak_mb": run["peak_rss_mb"]} for run in runs]
        return median(renamed)

    def _asked(self, *arguments: str) -> dict[str, Any]:
        assert self.peer is not None
        done = subprocess.run([self.peer, *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(f"the peer failed on {' '.join(arguments)}:\n{done.stderr[-2000:]}")
        found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return found


def median(runs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """One run's figures with the median seconds and the largest memory of all; the scores of all runs are the same."""
    told = dict(runs[-1])
    for name in ("seconds", "cpu_s"):
        if name in told:
            told[name] = statistics.median(run[name] for run in runs)
    return {**told, "peak_mb": max(run["peak_mb"] for run in runs)}


def chosen_sets(words: Sequence[str], *, has_peer: bool) -> list[str]:
    """Names of sets, and of groups of them, each once; without a word all, or without a peer what needs none."""
    default = ("all",) if has_peer else ("persons", "lists", "companies")
    names = (name for word in words or default for name in GROUPS.get(word, (word,)))
    return list(dict.fromkeys(names))


def main() -> None:
    parser = argparse.ArgumentParser(description="Matching on labelled sets.")
    named = f"one of {', '.join(SETS)}, contacts-N, sandbox-people-N, or of {', '.join(GROUPS)}"
    parser.add_argument("--set", action="append", dest="sets", default=[], help=named)
    parser.add_argument("--peer", help="an interpreter that has splink and the generator's packages")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--markdown", action="store_true", help="as docs/benchmarks.md has it")
    parser.add_argument("--kept", type=Path, default=Path(tempfile.gettempdir()) / "trueline-benchmarks")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        bench = Bench(given.peer, given.kept, given.rounds, Path(scratch))
        rows = bench.rows(chosen_sets(given.sets, has_peer=given.peer is not None))
    if not rows:
        sys.exit("None of these sets is on this machine.")
    for table in all_tables(rows):
        table.show(markdown=given.markdown)


if __name__ == "__main__":
    main()
