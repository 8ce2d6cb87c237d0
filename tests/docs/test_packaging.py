"""What is installed: every room with its data, nothing of the tests, and dependencies that are declared and used."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
import tomllib
import zipfile
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from tests.docs.sessions import ROOT
from tests.test_rooms import MAY_IMPORT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
# Used without being imported: by SQLAlchemy's dialect, by zoneinfo where the system has no time zones.
BY_NAME = {"tzdata"}
# Modules that come with another distribution, whose version they are pinned to.
PART_OF = {"pydantic-core": "pydantic"}
TOOLS = {"ruff", "mypy", "pytest-timeout", "pytest-xdist"}
SOURCES = ("pyproject.toml", "README.md", "MANIFEST.in")


def copied(folder: Path) -> Path:
    """The tracked and new files of the rooms, so that a build leaves the repository as it is."""
    for name in SOURCES:
        (folder / name).write_bytes((ROOT / name).read_bytes())
    for room in MAY_IMPORT:
        for file in (ROOT / room).rglob("*"):
            if file.is_file() and "__pycache__" not in file.parts:
                target = folder / file.relative_to(ROOT)
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(file.read_bytes())
    return folder


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built offline by the locked setuptools."""
    source = copied(tmp_path_factory.mktemp("source"))
    target = tmp_path_factory.mktemp("wheel")
    pip(["wheel", str(source), "--no-deps", "--no-build-isolation", "--wheel-dir", str(target)])
    (built,) = target.glob("trueline-*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel installed into a folder of its own, beside this environment's packages."""
    target = tmp_path_factory.mktemp("installed")
    pip(["install", "--no-deps", "--no-index", "--target", str(target), str(wheel)])
    return target


def pip(arguments: list[str]) -> None:
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def run_installed(installed: Path, folder: Path, *arguments: str, **environment: str) -> str:
    """What the installed command prints, called from elsewhere."""
    done = subprocess.run(
        [str(installed / "bin" / "trueline"), *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(installed), **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_wheel_holds_every_file_of_every_room(wheel: Path) -> None:
    packed = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    wanted = {
        file.relative_to(ROOT).as_posix()
        for room in MAY_IMPORT
        for file in (ROOT / room).rglob("*")
        if file.is_file() and "__pycache__" not in file.parts
    }
    assert packed == wanted
    assert {f"{room}/py.typed" for room in MAY_IMPORT} <= packed
    assert {"trueline/trueline.toml", "store/migrations/env.py"} <= packed


def test_installed_command_tells_its_version(installed: Path, tmp_path: Path) -> None:
    assert run_installed(installed, tmp_path, "--version").strip() == f"trueline {PROJECT['version']}"


def test_installed_command_audits_files_from_anywhere(installed: Path, tmp_path: Path) -> None:
    examples = sorted(str(path) for path in (ROOT / "examples").glob("*.csv"))
    printed = run_installed(installed, tmp_path, "audit", *examples, "--as-of", "2026-11-22")
    assert "CRM audit, as of 2026-11-22" in printed
    assert (tmp_path / "audit.html").stat().st_mode & 0o777 == 0o600


def test_installed_command_offers_completion(installed: Path, tmp_path: Path) -> None:
    # From within a bash, because the command asks which shell it was started by.
    script = f'"{installed}/bin/trueline" --show-completion bash; exit $?'
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(installed)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "_TRUELINE_COMPLETE=complete_bash" in done.stdout


def test_completion_knows_verbs_and_options(installed: Path, tmp_path: Path) -> None:
    for typed, wanted in (("trueline pu", "push"), ("trueline push --ap", "--apply")):
        printed = run_installed(
            installed,
            tmp_path,
            _TRUELINE_COMPLETE="complete_bash",
            COMP_WORDS=typed,
            COMP_CWORD=str(len(typed.split()) - 1),
        )
        assert wanted in printed.split()


def test_source_distribution_leaves_the_tests_out() -> None:
    rules = (ROOT / "MANIFEST.in").read_text("utf-8").splitlines()
    assert {"prune tests", "prune benchmarks", "prune .ci"} <= set(rules)


# --- dependencies ---


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def declared(requirements: list[str]) -> dict[str, str]:
    """Distribution to its lower bound."""
    found = (re.fullmatch(r"([\w.-]+)(?:\[\w+\])?>=([\w.]+)(?:,<[\w.]+)?", text) for text in requirements)
    return {canonical(match[1]): match[2] for match in found if match}


RUNTIME = declared(PROJECT["dependencies"])
DEV = declared(PROJECT["optional-dependencies"]["dev"])


def imported(*folders: str) -> set[str]:
    """Distributions that the modules below the folders import."""
    by_module = packages_distributions()
    ours = {*MAY_IMPORT, "tests", "benchmarks"}
    found: set[str] = set()
    for path in (path for folder in folders for path in (ROOT / folder).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                names = {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.level == 0:
                names = {(node.module or "").split(".")[0]}
            else:
                continue
            outside = names - set(sys.stdlib_module_names) - ours
            found |= {canonical(by_module[name][0]) for name in outside if name in by_module}
    return {PART_OF.get(name, name) for name in found}


def test_each_requirement_has_a_lower_bound() -> None:
    assert len(RUNTIME) == len(PROJECT["dependencies"])
    assert len(DEV) == len(PROJECT["optional-dependencies"]["dev"])


def test_rooms_import_what_is_declared_and_nothing_else_is_declared() -> None:
    assert imported(*MAY_IMPORT) == set(RUNTIME) - BY_NAME


def test_tests_import_nothing_that_is_not_declared() -> None:
    assert not imported("tests", "benchmarks") - set(RUNTIME) - set(DEV)
    assert set(DEV) - TOOLS <= imported("tests")


def lock(name: str) -> dict[str, str]:
    lines = (ROOT / name).read_text("utf-8").splitlines()
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+==[\w.]+", line) for line in lines)
    return {canonical(line.partition("==")[0]): line.partition("==")[2] for line in lines}


def test_lock_file_names_each_requirement() -> None:
    assert set(RUNTIME) | set(DEV) | {"setuptools"} <= set(lock("requirements.lock"))


def test_lowest_versions_are_the_declared_bounds() -> None:
    assert lock("requirements-lowest.lock") == {**RUNTIME, **DEV}
