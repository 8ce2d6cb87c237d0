"""Matching on labelled data at our default thresholds, with time and memory, beside peers.

    python -m benchmarks matching                                  ours alone, on what needs no peer
    python -m benchmarks matching --peer PYTHON --markdown         all of it, as docs/benchmarks.md has it
    python -m benchmarks matching --peer PYTHON --set contacts-100000 --set accounts
    python -m benchmarks matching --peer PYTHON --set large        up to 5,000,000 contacts

PYTHON is an interpreter that has splink, duckdb, scipy and polars, and for the frozen generator of contacts faker,
names and nicknames. What is measured has a process of its own each; this one loads nothing that would add to their
memory.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.match_tables import Row, set_tables
from benchmarks.peer import THRESHOLD, Peer
from benchmarks.remote import run_alone
from benchmarks.resolving import changes_table, crms_table, million_table, names_table
from benchmarks.table import Table, tell

PERSONS = ("fake_1000", "febrl1", "febrl2", "febrl3", "febrl4", "senzing_truthset")
LISTS = ("dedupe_csv_example", "restaurants", "fodors_zagats")
COMPANIES = ("mannheim_dbpedia_train", "mannheim_dbpedia_val", "mannheim_fullcontact_train", "mannheim_fullcontact_val",
             "company_name_matcher_pairs", "emm_namepairs", "dnb_name_matching")  # fmt: skip
SANDBOX = ("sandbox-people-20000", "sandbox-companies-20000")
CONTACTS = ("contacts-10000", "contacts-100000", "contacts-1000000")
# Not sets, but parts of the benchmark: names and people to accounts, a million people to them, and matching what
# changed among the most contacts.
NAMES, CRMS, MILLION, CHANGES = PARTS = ("names", "crms", "million", "changes")
ALL = (*PERSONS, *LISTS, *COMPANIES, *SANDBOX, *CONTACTS, *PARTS)
GROUPS = {"persons": PERSONS, "lists": LISTS, "companies": COMPANIES, "sandbox": SANDBOX, "contacts": CONTACTS,
          "accounts": (NAMES, CRMS, MILLION), "all": ALL,
          "large": ("contacts-100000", "contacts-1000000", "contacts-5000000")}  # fmt: skip
WITHOUT_PEER = ("persons", "lists", "companies", "sandbox", "accounts")


@dataclass(frozen=True, slots=True)
class Bench:
    """How to measure: beside which peer, where sets are kept, how often each is measured."""

    peer: Peer | None
    kept: Path
    rounds: int

    def tables(self, words: Sequence[str], failed: list[str]) -> Iterator[Table]:
        """Those of the sets and parts that are on this machine; of what fails only the name is told."""
        rows = []
        for name in self._there([word for word in words if word not in PARTS]):
            with _told(name, failed):
                rows.append(self._row(name))
        if rows:
            yield from set_tables(rows)
        for part in (word for word in words if word in PARTS):
            with _told(part, failed):
                yield from self._part(part)

    def _part(self, part: str) -> Iterator[Table]:
        if part == NAMES:
            yield names_table(self.peer)
        elif part == CRMS:
            yield crms_table()
        elif part == MILLION:
            yield million_table(self.kept / "million")
        elif self._there(CONTACTS[-1:]):
            yield changes_table(str(self.kept / f"{CONTACTS[-1]}.parquet"))

    def _there(self, names: Sequence[str]) -> list[str]:
        """Those of the sets that could be saved in the folder of sets."""
        python = None if self.peer is None else self.peer.python
        there: list[str] = run_alone("sets", sets=list(names), kept=str(self.kept), peer=python)["sets"]
        return there

    def _row(self, name: str) -> Row:
        folder, peer = self.kept / "sets" / name, self.peer
        tell(f"{name}: ours")
        ours = self._median(lambda: run_alone("match_one", do="match", folder=str(folder)))
        if peer is None:
            return Row(name, ours)
        tell(f"{name}: Splink")
        theirs = self._median(lambda: peer.splink(folder))
        judged = run_alone("match_one", do="judge", folder=str(folder), pairs=str(peer.pairs), threshold=THRESHOLD)
        if not name.startswith("contacts-"):
            return Row(name, ours, {**theirs, **judged})
        tell(f"{name}: Splink with the shared settings")
        shared = self._median(lambda: peer.splink_shared(self.kept / f"{name}.parquet"))
        return Row(name, ours, {**theirs, **judged}, shared)

    def _median(self, run: Callable[[], Mapping[str, Any]]) -> dict[str, Any]:
        """The last run's figures, with the median times and the largest memory of all."""
        runs = [run() for _ in range(self.rounds)]
        times = {name: statistics.median(one[name] for one in runs) for name in ("seconds", "cpu_s")}
        return {**runs[-1], **times, "peak_mb": max(one["peak_mb"] for one in runs)}


@contextmanager
def _told(name: str, failed: list[str]) -> Iterator[None]:
    """Hours of figures are not lost by one process that fails."""
    try:
        yield
    except subprocess.CalledProcessError as error:
        tell(f"{name} failed: {error}")
        failed.append(name)


def chosen(words: Sequence[str]) -> list[str]:
    """Sets and parts of the benchmark, each once; a group stands for its own."""
    return list(dict.fromkeys(name for word in words for name in GROUPS.get(word, (word,))))


def main() -> None:
    parser = argparse.ArgumentParser(description="Matching on labelled data.")
    named = f"one of {', '.join(ALL)}, contacts-N, sandbox-people-N, or of the groups {', '.join(GROUPS)}"
    parser.add_argument("--set", action="append", dest="sets", help=named)
    parser.add_argument("--peer", help="an interpreter that has splink and the generator's packages")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--markdown", action="store_true", help="as docs/benchmarks.md has it")
    parser.add_argument("--kept", type=Path, default=Path(tempfile.gettempdir()) / "trueline-benchmarks")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        peer = Peer(given.peer, Path(scratch)) if given.peer else None
        bench = Bench(peer, given.kept, given.rounds)
        failed: list[str] = []
        for table in bench.tables(chosen(given.sets or (ALL if peer else WITHOUT_PEER)), failed):
            table.show(markdown=given.markdown)
    if failed:
        sys.exit(f"Not measured: {', '.join(failed)}; see above.")


if __name__ == "__main__":
    main()
