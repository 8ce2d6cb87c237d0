"""A private PostgreSQL server for tests: on loopback and a socket of its own, gone with the test session.

In a conftest: `from tests.postgres import postgres_server  # noqa: F401` and use the fixture. It skips where no server
can be started, and fails where CI is set: there it must run.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import psycopg
import pytest

PASSWORD = "sandbox-secret"
_USER = "trueline"
_START_S = 30.0


class NoServer(Exception):
    """No PostgreSQL server can be started here; the text says why."""


@dataclass(slots=True)
class PostgresServer:
    """A running server."""

    port: int
    _numbers: Iterator[int]

    def url(self, database: str = "postgres", password: str = PASSWORD) -> str:
        return f"postgresql://{_USER}:{password}@127.0.0.1:{self.port}/{database}"

    def new_database(self, encoding: str = "UTF8") -> str:
        """Make an empty database and give its URL."""
        name = f"test{next(self._numbers)}"
        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING '{encoding}'")
        return self.url(name)


def _binary(name: str) -> Path:
    """From PATH, or the newest of Debian's version folders."""
    found = shutil.which(name)
    if found:
        return Path(found)
    installed = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda path: int(path.parts[-3]))
    if not installed:
        raise NoServer(f"no PostgreSQL server is installed: {name} is neither in PATH nor under /usr/lib/postgresql")
    return installed[-1]


def _user() -> str | None:
    """PostgreSQL refuses to run as root: another user's name, or None when we are not root."""
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    for name in ("postgres", "nobody"):
        if name in names:
            return name
    raise NoServer("PostgreSQL refuses to run as root and there is no user postgres or nobody to run it as")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _initialise(folder: Path, user: str | None) -> None:
    password = folder / "password"
    password.write_text(PASSWORD)
    if user:
        for path in (folder, password):
            shutil.chown(path, user)
    options = ["-U", _USER, "-E", "UTF8", "--locale=C", "--no-sync", "-A", "scram-sha-256", f"--pwfile={password}"]
    made = subprocess.run(
        [_binary("initdb"), "-D", folder / "data", *options], user=user, cwd=folder, capture_output=True, text=True
    )
    if made.returncode:
        raise NoServer(f"initdb failed: {made.stderr.strip()}")


def _start(folder: Path, user: str | None, port: int) -> subprocess.Popen[bytes]:
    options = ["-D", "data", "-p", str(port), "-k", str(folder), "-c", "listen_addresses=127.0.0.1"]
    quick = ["-c", "fsync=off", "-c", "full_page_writes=off", "-c", "max_connections=60", "-c", "autovacuum=off"]
    with (folder / "log").open("wb") as log:
        return subprocess.Popen(
            [_binary("postgres"), *options, *quick], user=user, cwd=folder, stdout=log, stderr=subprocess.STDOUT
        )


def _wait(server: PostgresServer, process: subprocess.Popen[bytes], folder: Path) -> None:
    deadline = time.monotonic() + _START_S
    while True:
        try:
            psycopg.connect(server.url()).close()
            return
        except psycopg.OperationalError:
            if process.poll() is not None or time.monotonic() > deadline:
                raise NoServer(f"the server did not start: {(folder / 'log').read_text().strip()}") from None
            time.sleep(0.05)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    # Not pytest's own folder: the server's user could not enter it.
    folder = Path(tempfile.mkdtemp(prefix="trueline-postgres-"))
    process = None
    try:
        try:
            user = _user()
            _initialise(folder, user)
            server = PostgresServer(_free_port(), count(1))
            process = _start(folder, user, server.port)
            _wait(server, process, folder)
        except (NoServer, OSError, subprocess.SubprocessError) as error:
            if os.environ.get("CI"):
                pytest.fail(f"CI must test on PostgreSQL: {error}")
            pytest.skip(f"no PostgreSQL: {error}")
        yield server
    finally:
        if process is not None:
            process.send_signal(signal.SIGINT)  # a fast shutdown: does not wait for clients
            process.wait(timeout=_START_S)
        shutil.rmtree(folder, ignore_errors=True)
