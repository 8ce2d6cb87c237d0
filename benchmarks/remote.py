"""A sandbox in a process of its own (`benchmarks.serve`), as those who measure see it.

Only the standard library is imported here and by whoever starts what is measured: a process begins its life with the
peak memory of the one that started it.
"""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_CONTROL = "/__sandbox__/"


@dataclass(frozen=True, slots=True)
class Remote:
    """A running sandbox: its address, its doors and its request log."""

    url: str

    def open_door(self, call: str, **arguments: Any) -> Any:
        """Act as somebody else; what the door gives back."""
        return self._control(f"doors/{call}", arguments)["result"]

    def requests(self, by: str) -> dict[str, int]:
        """How many requests were answered so far, by `kind` or `status`."""
        return {str(row[by]): int(row["requests"]) for row in self._control(f"requests/counts?by={by}")}

    def _control(self, path: str, body: Any = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        with urllib.request.urlopen(urllib.request.Request(f"{self.url}{_CONTROL}{path}", data=data)) as answer:
            return json.load(answer)


@contextmanager
def serving(system: str, folder: Path, contacts: int) -> Iterator[Remote]:
    """The sandbox of a system with so many contacts, until the end of the block; the first time takes its while."""
    command = [sys.executable, "-m", "benchmarks.serve", system, str(folder), str(contacts)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin and process.stdout
        line = process.stdout.readline()
        if not line:
            raise SystemExit(f"The {system} sandbox did not start; see above.")
        try:
            yield Remote(json.loads(line)["url"])
        finally:
            process.stdin.close()


def run_alone(module: str, **job: Any) -> dict[str, Any]:
    """What a module prints as JSON of a job that is given to it as JSON; it runs in a process of its own."""
    command = [sys.executable, "-m", f"benchmarks.{module}", json.dumps(job)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found
