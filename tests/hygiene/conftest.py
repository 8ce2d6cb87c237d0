"""Shared tables of reference data, and small frames."""

from __future__ import annotations

from pathlib import Path

import pytest

DATA = Path(__file__).parents[2].parent / "shared" / "data"


@pytest.fixture(scope="session")
def reference() -> Path:
    """The folder of reference data; skips where this checkout has none beside it."""
    if not DATA.is_dir():
        pytest.skip("no reference data beside this checkout")
    return DATA
