"""The first hour with the tool, as processes in a shell: sandbox, init, check, the loop, and putting it back."""

from __future__ import annotations

import json
import os
import signal
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
import requests

from tests.trueline.conftest import COMMAND, Cli, environment, settings_for

# The data takes as long to make as anybody likes.
SLOW_START = """
import signal, sandbox.start
def generate(*_, **__):
    print("starting", flush=True)
    signal.pause()
sandbox.start.generate = generate
import sys
sys.argv = ["trueline", "sandbox", "--size", "10"]
from trueline.cli import main
main()
"""


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
        lasting = [row["key"] for row in planned["rows"] if row["lasting"]]
        assert sorted(sentence.partition(": ")[0] for sentence in undone["lost"]) == sorted(lasting) != []
        put_back = len(planned["rows"]) - len(lasting)
        assert undone["push"]["statuses"] == {"applied": put_back}
        assert f"{put_back:,} held back because a person undid them" in trueline("plan", *here).out

        child.send_signal(signal.SIGTERM)
        assert child.wait(30) == 0
        assert child.stderr
        assert child.stderr.read() == ""


def free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for free in sockets:
            free.bind(("127.0.0.1", 0))
        return [free.getsockname()[1] for free in sockets]


def test_sandbox_takes_the_given_ports_and_tells_which_is_taken(trueline: Cli, tmp_path: Path) -> None:
    one, other, third = free_ports(3)
    given = ("--port", one, "--salesforce-port", other, "--gleif-port", third)
    state = tmp_path / "state"
    with served(*given, "--state", state) as (child, systems):
        urls = {name: system["url"].rpartition(":")[2] for name, system in systems.items()}
        assert urls == {"salesforce": str(other), "hubspot": str(one), "gleif": str(third)}
        assert {system["state"] for system in systems.values()} == {str(state)}
        taken = trueline("sandbox", "--size", 60, *given, "--json")
        taken.failed(2, f"Port {other} cannot be used (Address already in use)", "--port")
        assert list(taken.document) == ["error"]
        trueline("sandbox", "--size", 60, "--state", state).failed(2, f"Another sandbox uses {state}")
        os.kill(child.pid, signal.SIGINT)
        assert child.wait(30) == 0


@pytest.mark.filterwarnings("ignore:`verify=<str>`:DeprecationWarning")
def test_sandbox_with_tls_is_trusted_by_clients_that_know_its_ca(tmp_path: Path) -> None:
    with served("--tls", "--state", tmp_path) as (child, systems):
        for system in systems.values():
            assert system["url"].startswith("https://127.0.0.1:")
        sf = systems["salesforce"]
        claims = {"iss": sf["client_id"], "sub": sf["username"], "aud": sf["url"], "exp": 2**31}
        assertion = jwt.encode(claims, Path(sf["jwt_private_key"]).read_text(), "RS256")
        form = {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": assertion}
        with httpx.Client(verify=ssl.create_default_context(cafile=sf["ca"])) as client:
            token = client.post(sf["token_url"], data=form).json()
            assert token["instance_url"] == sf["url"]
            for name in ("localhost", "127.0.0.1"):
                url = f"https://{name}:{sf['url'].rpartition(':')[2]}/services/data"
                assert client.get(url).status_code == requests.get(url, verify=sf["ca"], timeout=30).status_code == 200
        hs = systems["hubspot"]
        with httpx.Client(verify=ssl.create_default_context(cafile=hs["ca"])) as client:
            headers = {"Authorization": f"Bearer {hs['token']}"}
            assert client.get(f"{hs['url']}/crm/v3/owners", headers=headers).json()["results"]
        with pytest.raises(requests.exceptions.SSLError):
            requests.get(f"{sf['url']}/services/data", timeout=30)
        child.send_signal(signal.SIGTERM)
        assert child.wait(30) == 0
        assert (child.stderr.read() if child.stderr else "") == ""
    assert {path.stat().st_mode & 0o077 for path in (tmp_path / "keys").iterdir()} == {0}


def test_sandbox_stopped_while_it_starts_ends_cleanly() -> None:
    child = subprocess.Popen(
        [sys.executable, "-c", SLOW_START], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env=environment(),
    )  # fmt: skip
    try:
        assert child.stdout
        assert child.stdout.readline() == "starting\n"
        child.send_signal(signal.SIGTERM)
        assert child.communicate(timeout=30) == ("", "")
        assert child.returncode == 0
    finally:
        child.kill()
        child.communicate(timeout=30)


def test_sandbox_in_a_folder_that_cannot_be_is_refused(trueline: Cli, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for folder in (tmp_path / "file", tmp_path / "file" / "deeper"):
        trueline("sandbox", "--size", 10, "--state", folder).failed(2, f"{folder} cannot be written", "--state")


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
