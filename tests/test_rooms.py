"""The house of DESIGN.md section 1: who may import whom, and how large a module may grow."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MAY_IMPORT = {
    "model": set(),
    "connectors": {"model"},
    "store": {"model"},
    "hygiene": {"model"},
    "sync": {"connectors", "hygiene", "store", "model"},
    "reports": {"store", "hygiene", "model"},
    "trueline": {"sync", "reports", "model", "sandbox"},
    "sandbox": set(),
}
IMPURE = {
    "socket",
    "requests",
    "httpx",
    "urllib3",
    "sqlite3",
    "sqlalchemy",
    "sqlmodel",
    "psycopg",
    "subprocess",
    "time",
}


def modules(room: str) -> list[Path]:
    return sorted((ROOT / room).rglob("*.py"))


def imports(path: Path) -> set[str]:
    tree = ast.parse(path.read_text("utf-8"))
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            found.add(node.module.split(".")[0])
    return found


@pytest.mark.parametrize("room", MAY_IMPORT)
def test_room_imports_only_what_the_house_allows(room: str) -> None:
    assert modules(room), f"{room} has no modules"
    for path in modules(room):
        strangers = (imports(path) & MAY_IMPORT.keys()) - MAY_IMPORT[room] - {room}
        assert not strangers, f"{path.relative_to(ROOT)} may not import {', '.join(sorted(strangers))}"


def test_model_imports_only_the_standard_library_and_pydantic() -> None:
    for path in modules("model"):
        strangers = imports(path) - set(sys.stdlib_module_names) - {"pydantic", "model"}
        assert not strangers, f"{path.name} imports {strangers}"


@pytest.mark.parametrize("room", ["model", "hygiene"])
def test_pure_room_touches_no_network_database_or_clock(room: str) -> None:
    for path in modules(room):
        assert not imports(path) & IMPURE, f"{path.relative_to(ROOT)} imports {imports(path) & IMPURE}"
        text = path.read_text("utf-8")
        for clock in ("datetime.now(", "date.today(", "utcnow(", "perf_counter("):
            assert clock not in text, f"{path.relative_to(ROOT)} reads the clock"


@pytest.mark.parametrize("room", [*MAY_IMPORT, "tests", "benchmarks"])
def test_module_stays_under_400_lines(room: str) -> None:
    for path in modules(room):
        lines = path.read_text("utf-8").count("\n")
        assert lines <= 400, f"{path.relative_to(ROOT)} has {lines} lines"


@pytest.mark.parametrize("room", MAY_IMPORT)
def test_no_import_hides_inside_a_function(room: str) -> None:
    for path in modules(room):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                inner = {n.module or "" for n in ast.walk(node) if isinstance(n, ast.ImportFrom)}
                ours = {name for name in inner if name.split(".")[0] in MAY_IMPORT}
                assert not ours, f"{path.relative_to(ROOT)}:{node.lineno} imports {ours} inside a function"


def test_no_file_names_a_registry_or_a_path_of_this_machine() -> None:
    forbidden = ["pypi" + ".org", "pythonhosted" + ".org", "registry.npmjs" + ".org", "/work" + "/main", "/root" + "/"]
    for path in ROOT.rglob("*"):
        parts = path.relative_to(ROOT).parts
        if (
            any(p.startswith(".") and p != ".ci" for p in parts)
            or not path.is_file()
            or path.stat().st_size > 1_000_000
        ):
            continue
        if parts[0] in {"demo", "build", "dist"} or "__pycache__" in parts or path.suffix in {".gz", ".parquet", ".db"}:
            continue
        text = path.read_text("utf-8", errors="ignore")
        for word in forbidden:
            assert word not in text, f"{path.relative_to(ROOT)} names {word}"
