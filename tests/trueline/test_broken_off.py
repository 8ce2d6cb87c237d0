"""What breaks a command off from outside: Ctrl-C, a closed pipe, a full disk, another process on the same store."""

from __future__ import annotations

import resource
import shutil
import signal
import sqlite3
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sandbox.faults import Fault
from sandbox.wire import Request, Response
from tests.trueline.conftest import COMMAND, Cli, Project, Ran, environment, process
from trueline.session import working_session


def started(*arguments: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*COMMAND, *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment()
    )


def assert_sound(store: Path) -> None:
    with sqlite3.connect(store) as opened:
        assert opened.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    opened.close()


def test_ctrl_c_in_mid_pull_says_so_and_the_next_pull_goes_on(trueline: Cli, project: Project) -> None:
    called, interrupted = threading.Event(), threading.Event()

    def hold(request: Request, _: Response | None) -> None:
        called.set()
        interrupted.wait(30)

    served = project.sandbox.hubspot
    served.faults.add(Fault(route="/crm/.*contacts", nth=1, act=hold))
    child = started("pull", "-p", project.folder, "--json")
    assert called.wait(60)
    child.send_signal(signal.SIGINT)
    interrupted.set()
    out, err = child.communicate(timeout=60)
    assert child.returncode == 130
    assert err == "trueline: Stopped. What was saved stays saved; run the same command again to go on.\n"
    assert out == '{"error": "Stopped. What was saved stays saved; run the same command again to go on."}\n'
    assert_sound(project.store)
    assert trueline("runs", "-p", project.folder, "--json").document[-1]["status"] == "failed"

    again = trueline("pull", "-p", project.folder, "--json")
    assert (again.code, again.err) == (0, "")
    rows = {(s["connection"], s["stream"]): s for s in again.document["streams"]}
    assert not rows["sf", "contacts"]["full"], "what was pulled before is not pulled anew"
    assert rows["hs", "contacts"]["rows"]


def test_reader_that_has_seen_enough_ends_the_command_without_a_word() -> None:
    with started("--help") as child:
        assert child.stdout
        child.stdout.close()  # before the first line
        assert child.stderr
        assert child.stderr.read() == ""
        assert child.wait(60) == 1


def test_output_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("this system has no /dev/full")
    with full.open("w") as nowhere:
        done = subprocess.run(
            [*COMMAND, "init", str(tmp_path), "--json"], stdout=nowhere, stderr=subprocess.PIPE, text=True,
            env=environment(), check=False,
        )  # fmt: skip
    Ran(done.returncode, "", done.stderr).failed(1, "The output could not be written (No space left on device)")


def test_two_commands_at_once_take_turns_or_say_so(trueline: Cli, project: Project) -> None:
    children = [started("pull", "-p", project.folder, "--json") for _ in range(2)]
    ended = [child.communicate(timeout=90) for child in children]
    refused = [err for child, (_, err) in zip(children, ended, strict=True) if child.returncode]
    assert len(refused) < 2
    assert all("another command is at work" in err and err.count("\n") == 1 for err in refused), refused
    assert_sound(project.store)
    assert trueline("pull", "-p", project.folder).code == 0
    out = project.folder / "counted.json"
    sources = trueline("report", "-p", project.folder, "--out", out, "--json").document["sources"]
    counted = {(source["connection"], source["stream"]): source["records"] for source in sources}
    org = project.sandbox.salesforce[0].app
    assert counted["sf", "contacts"] == sum(not row["IsDeleted"] for row in org.rows("Contact"))
    assert counted["hs", "contacts"] == project.sandbox.hubspot.app.count("contacts")


@pytest.mark.parametrize("verb", ["pull", "match", "resolve", "enrich", "score", "plan", "sync"])
def test_command_that_works_in_a_project_works_there_alone(trueline: Cli, pulled: Project, verb: str) -> None:
    with working_session(pulled.folder):
        trueline(verb, "-p", pulled.folder).failed(1, "another command is at work", str(pulled.folder))
        assert trueline("runs", "-p", pulled.folder).code == 0, "looking is always allowed"
    assert trueline("match", "-p", pulled.folder).code == 0


def test_store_that_another_program_writes_to_is_read_all_the_same(trueline: Cli, pulled: Project) -> None:
    other = sqlite3.connect(pulled.store, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    assert trueline("runs", "-p", pulled.folder).code == 0
    other.close()


# --- a full disk ---------------------------------------------------------------------------------------------------


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 4 MB of its own."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(place)]
    if not shutil.which("mount") or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("no small disk can be mounted here: that needs root")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def fill(disk: Path, leaving: int = 0) -> None:
    """Leave so many bytes free."""
    free = shutil.disk_usage(disk).free - leaving
    (disk / "filler").write_bytes(b"x" * max(free, 0))


def test_pull_onto_a_full_disk_keeps_what_it_had_and_goes_on_when_there_is_room(
    trueline: Cli, project: Project, small_disk: Path
) -> None:
    url = f"sqlite:///{small_disk}/trueline.db"
    project.write(f'[store]\nurl = "{url}"\n')
    assert trueline("pull", "sf", "-p", project.folder).code == 0
    fill(small_disk)
    ran = trueline("pull", "hs", "-p", project.folder, "--json")
    ran.failed(1, "the disk that holds the store")
    assert list(ran.document) == ["error"]
    (small_disk / "filler").unlink()
    assert_sound(small_disk / "trueline.db")
    assert trueline("pull", "-p", project.folder).code == 0


@pytest.mark.parametrize("ending", ["html", "json", "csv", "xlsx", "parquet"])
def test_report_onto_a_full_disk_keeps_the_old_one(
    trueline: Cli, pulled: Project, small_disk: Path, ending: str
) -> None:
    out = small_disk / f"page.{ending}"
    out.write_text("the old one")
    fill(small_disk)
    ran = trueline("report", "-p", pulled.folder, "--out", out, "--json")
    ran.failed(2, str(out), "cannot be written", "No space left on device")
    assert out.read_text() == "the old one"
    assert sorted(path.name for path in small_disk.iterdir()) == ["filler", out.name]


def test_init_onto_a_full_disk_leaves_no_half_file(trueline: Cli, small_disk: Path) -> None:
    fill(small_disk)
    trueline("init", small_disk).failed(2, "No space left on device")
    assert not (small_disk / "trueline.toml").exists()


def test_audit_whose_own_store_has_no_room_is_told(
    trueline: Cli, tmp_path: Path, small_disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(small_disk))
    rows = "".join(f"Ann {n},Lee,ann{n}@example.com,Acme {n}\n" for n in range(20_000))
    (tmp_path / "contacts.csv").write_text(f"First Name,Last Name,Email,Company\n{rows}")
    ran = trueline("audit", tmp_path / "contacts.csv", "--json", "--out", tmp_path / "page.html")
    ran.failed(1, "the disk that holds the store")
    assert list(small_disk.iterdir()) == []


def limited(size: int) -> Callable[[], None]:
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


def test_file_size_limit_is_told_and_leaves_a_sound_store(project: Project) -> None:
    ran = process("pull", "-p", project.folder, "--json", preexec_fn=limited(300_000))
    ran.failed(1, "the disk that holds the store")
    assert_sound(project.store)
