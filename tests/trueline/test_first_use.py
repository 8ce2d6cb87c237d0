"""The first hour with the tool, as processes in a shell: sandbox, init, check, the loop, and putting it back."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.trueline.conftest import COMMAND, Cli, environment, settings_for


@contextmanager
def served(*options: object) -> Iterator[tuple[subprocess.Popen[str], dict[str, Any]]]:
    """`trueline sandbox --json` and what it says on its first line; it is gone when the block ends."""
    child = subprocess.Popen(
        [*COMMAND, "sandbox", "--json", "--size", "60", *map(str, options)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment(),
    )  # fmt: skip
    try:
        assert child.stdout
        yield child, json.loads(child.stdout.readline())
    finally:
        child.kill()
        child.communicate(timeout=30)


def test_first_use_from_init_to_undo(trueline: Cli, tmp_path: Path) -> None:
    with served() as (child, systems):
        here = ("-p", str(tmp_path))
        assert trueline("init", tmp_path).out.startswith(f"Wrote {tmp_path}/trueline.toml.")
        trueline("check", *here).failed(2, "No connection is configured yet")
        with (tmp_path / "trueline.toml").open("a") as file:
            tables = settings_for(systems["salesforce"]["url"], systems["hubspot"]["url"], systems["gleif"]["url"])
            file.write(tables.replace("[caps]\nmax_share = 1.0", ""))  # the template has that table
        text = (tmp_path / "trueline.toml").read_text()
        (tmp_path / "trueline.toml").write_text(text.replace("# max_share = 0.5", "max_share = 1.0"))

        checked = trueline("check", *here)
        assert (checked.code, checked.err) == (0, "")
        assert "sf (salesforce): " in checked.out
        for verb in ("pull", "match", "resolve", "enrich", "score"):
            assert trueline(verb, *here).code == 0, verb
        planned = trueline("plan", *here, "--json").document
        assert planned["rows"]
        printed = trueline("push", *here)
        assert "Nothing was written; add --apply to write." in printed.out
        pushed = trueline("push", "--apply", *here, "--json").document
        assert pushed["statuses"] == {"applied": len(planned["rows"])}
        assert "has nothing left to send" in trueline("push", "--apply", *here).out
        looked = trueline("undo", pushed["run_id"], *here)
        assert "Nothing was written" in looked.out
        assert "has nothing left to send" in trueline("push", "--apply", *here).out, "a look is not a plan to push"
        trueline("undo", pushed["run_id"], "--overwritten", *here).failed(2, "overwrote nobody's value")
        undone = trueline("undo", pushed["run_id"], "--apply", *here, "--json").document
        assert undone["push"]["statuses"] == {"applied": len(planned["rows"])}
        assert f"{len(planned['rows']):,} held back because a person undid them" in trueline("plan", *here).out

        child.send_signal(signal.SIGTERM)
        assert child.wait(30) == 0
        assert child.stderr
        assert child.stderr.read() == ""


def test_sandbox_takes_the_given_ports_and_tells_which_is_taken(trueline: Cli, tmp_path: Path) -> None:
    with socket.socket() as one, socket.socket() as other, socket.socket() as third:
        for free in (one, other, third):
            free.bind(("127.0.0.1", 0))
        ports = [free.getsockname()[1] for free in (one, other, third)]
    given = [word for port in ports for word in ("--port", port)]
    with served(*given, "--state", tmp_path / "state") as (child, systems):
        assert [system["url"] for system in systems.values()] == [f"http://127.0.0.1:{port}" for port in ports]
        taken = trueline("sandbox", "--size", 60, *given, "--json")
        taken.failed(2, f"Port {', '.join(map(str, ports))} cannot be used (Address already in use)", "--port")
        assert list(taken.document) == ["error"]
        os.kill(child.pid, signal.SIGINT)
        assert child.wait(30) == 0


def test_sandbox_refuses_a_folder_that_holds_something_else(trueline: Cli, tmp_path: Path) -> None:
    (tmp_path / "sandbox.json").write_text("not ours")
    trueline("sandbox", "--size", 10, "--state", tmp_path).failed(2, "name another folder")
    assert (tmp_path / "sandbox.json").read_text() == "not ours"


# --- init ----------------------------------------------------------------------------------------------------------


def test_init_never_overwrites(trueline: Cli, tmp_path: Path) -> None:
    (tmp_path / "trueline.toml").write_text("mine")
    trueline("init", tmp_path).failed(2, "exists already")
    assert (tmp_path / "trueline.toml").read_text() == "mine"


def test_init_makes_missing_folders_and_answers_in_json(trueline: Cli, tmp_path: Path) -> None:
    target = tmp_path / "a" / "b"
    assert trueline("init", target, "--json").document == {"written": f"{target}/trueline.toml"}
    assert (target / "trueline.toml").stat().st_size > 1_000


def test_init_in_a_place_that_is_a_file_is_refused(trueline: Cli, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    trueline("init", tmp_path / "file").failed(2, "cannot be written", "choose another folder")
    trueline("init", tmp_path / "file" / "deeper").failed(2, "cannot be written", "choose another folder")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="needs root, to become nobody")
def test_init_in_a_folder_that_others_own_is_refused(trueline: Cli, tmp_path: Path) -> None:
    assert trueline("init", tmp_path / "mine").code == 0
    os.seteuid(65_534)
    try:
        ran = trueline("init", tmp_path / "mine" / "new")
    finally:
        os.seteuid(0)
    ran.failed(2, "cannot be written (Permission denied); choose another folder.")
