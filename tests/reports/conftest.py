"""An empty store in a file."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from store import Store


@pytest.fixture(scope="session")
def empty_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A closed store with nothing in it: copying it is quicker than making one per test."""
    path = tmp_path_factory.mktemp("empty") / "trueline.db"
    Store.open(path).close()
    return path


@pytest.fixture
def store(empty_store: Path, tmp_path: Path) -> Iterator[Store]:
    with Store.open(shutil.copy(empty_store, tmp_path / "trueline.db")) as opened:
        yield opened
