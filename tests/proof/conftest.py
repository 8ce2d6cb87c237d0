"""One world for all walks of a session: it is put back to where it began before each."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.proof.world import World, living_world


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with living_world(tmp_path_factory.mktemp("world")) as living:
        yield living
