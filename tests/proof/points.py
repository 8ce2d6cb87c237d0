"""Every point of a command at which a process can die, numbered: it kills itself at the one it is told to.

The points are the moments before each HTTP request leaves and after its answer came, and before each transaction of the
store begins and after it is on disk.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from multiprocessing.context import ForkServerContext
from pathlib import Path
from typing import Any

from sqlalchemy import Connection
from urllib3.connectionpool import HTTPConnectionPool

from store.database import Database
from tests.sync.conftest import SECRETS
from trueline.cli import run

_context: ForkServerContext = multiprocessing.get_context("forkserver")
COUNTED = "points"
_DEADLINE_S = 120


class _Points:
    """Counts the points as they come and dies at the `fatal` one; 0 is none."""

    def __init__(self, fatal: int) -> None:
        self._fatal = fatal
        self._numbers = count(1)
        self.told: list[str] = []

    def pass_by(self, what: str) -> None:
        self.told.append(what)
        if next(self._numbers) == self._fatal:
            os.kill(os.getpid(), signal.SIGKILL)

    def watch(self) -> None:
        """Put a point around every request and every transaction of this process."""
        pools: Any = HTTPConnectionPool
        request = pools._make_request
        write = Database.write

        def asked(pool: Any, connection: Any, method: str, url: str, *rest: Any, **words: Any) -> Any:
            self.pass_by(f"before {method} {url.partition('?')[0]}")
            answer = request(pool, connection, method, url, *rest, **words)
            self.pass_by(f"after {method} {url.partition('?')[0]}")
            return answer

        @contextmanager
        def written(database: Database) -> Iterator[Connection]:
            self.pass_by("before a transaction")
            with write(database) as connection:
                yield connection
            self.pass_by("after a transaction")

        pools._make_request = asked
        setattr(Database, "write", written)  # noqa: B010


def _work(arguments: list[str], folder: str, fatal: int) -> None:
    os.environ.update({reference.removeprefix("env:"): word for reference, word in SECRETS.items()})
    os.environ["NO_COLOR"] = "1"
    with (Path(folder) / "child.log").open("w") as log:
        os.dup2(log.fileno(), 1)
        os.dup2(log.fileno(), 2)
        points = _Points(fatal)
        points.watch()
        code = run([*arguments, "--project", folder])
    (Path(folder) / COUNTED).write_text("\n".join(points.told))
    os._exit(code)


def command_dying_at(point: int, arguments: list[str], folder: Path) -> int:
    """Run a command that dies at a point (0: at none); its exit code, negative when a signal ended it."""
    process = _context.Process(target=_work, args=(arguments, str(folder), point))
    process.start()
    process.join(_DEADLINE_S)
    assert process.exitcode is not None, "the command neither finished nor died"
    return process.exitcode


def points_of(folder: Path) -> list[str]:
    """What the points of a command that lived were, in order."""
    return (folder / COUNTED).read_text().splitlines()
