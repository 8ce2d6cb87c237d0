"""docs/guarantees.md names tests; each of them exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NAMED = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", (ROOT / "docs" / "guarantees.md").read_text("utf-8"))


def test_every_promise_row_names_a_test() -> None:
    rows = [
        line for line in (ROOT / "docs" / "guarantees.md").read_text("utf-8").splitlines() if re.match(r"\| \d", line)
    ]
    assert len(rows) == 18
    assert all("::test_" in row for row in rows)


@pytest.mark.parametrize(("file", "name"), NAMED)
def test_named_test_exists(file: str, name: str) -> None:
    assert f"def {name}(" in (ROOT / file).read_text("utf-8")
