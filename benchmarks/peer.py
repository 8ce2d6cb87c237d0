"""The interpreter that has what peers need, and what is asked of it. Loads nothing itself."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.remote import run_alone
from benchmarks.table import tell

ROOT = Path(__file__).parents[1]
SHARED_SCRIPT = ROOT.parent / "shared" / "bench" / "splink_contacts.py"
THRESHOLD = 0.9


@dataclass(frozen=True, slots=True)
class Peer:
    """Its interpreter, and a folder for what it finds."""

    python: str
    scratch: Path

    def run(self, module: str, *arguments: str) -> dict[str, Any]:
        """What a module of `peers` prints last, as JSON."""
        command = [self.python, "-m", f"benchmarks.peers.{module}", *arguments]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        if done.returncode:
            tell(done.stderr[-2000:])
            done.check_returncode()
        found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return found

    @property
    def pairs(self) -> Path:
        return self.scratch / "pairs.parquet"

    def splink(self, folder: Path) -> dict[str, Any]:
        """A saved set linked with the settings made for it; its pairs are in `pairs` then."""
        about = json.loads((folder / "about.json").read_text("utf-8"))
        boundary = ["--boundary", str(about["boundary"])] if about["boundary"] is not None else []
        files = [str(folder / "table.parquet"), str(self.pairs)]
        return self.run("splink_run", about["family"], *files, *boundary, "--threshold", str(THRESHOLD))

    def splink_shared(self, contacts: Path) -> dict[str, Any]:
        """The settings that are shared by all who measure, at the threshold they are quoted for."""
        told = self.run("splink_shared", str(SHARED_SCRIPT), str(contacts))
        return {**told, "seconds": told["total_s"], "peak_mb": told["peak_rss_mb"]}

    def answers(self, name: str) -> str:
        """The file of the accounts that character TF-IDF gives the names of a set."""
        run_alone("resolve_one", do="save", folder=str(self.scratch), name=name)
        files = [str(self.scratch / f"{file}.parquet") for file in ("names", "accounts", "answers")]
        self.run("tfidf", *files)
        return files[-1]
