"""Opens each connector's harness for the contract suite."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.connectors.harness import TROUBLES, Harness, harnesses

_HARNESSES = harnesses()


@pytest.fixture(params=sorted(_HARNESSES))
def harness(request: pytest.FixtureRequest) -> Iterator[Harness]:
    """One connector and its stand-in."""
    with _HARNESSES[request.param]() as opened:
        assert set(opened.troubles) <= set(TROUBLES), "a harness names a trouble the suite does not know"
        yield opened
