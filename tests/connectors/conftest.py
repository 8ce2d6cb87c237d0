"""Opens each connector's harness for the contract suite, and the org that the Salesforce write tests share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.connectors.harness import TROUBLES, Harness, harnesses, streams
from tests.connectors.salesforce_world import World, open_world

_HARNESSES = harnesses()


@pytest.fixture(params=sorted(_HARNESSES))
def harness(request: pytest.FixtureRequest) -> Iterator[Harness]:
    """One connector and its stand-in."""
    with _HARNESSES[request.param]() as opened:
        told = [*opened.troubles, *opened.impossible]
        assert sorted(told) == sorted(TROUBLES), "a harness arms each trouble or says why it cannot happen"
        yield opened


def _sources() -> list[tuple[str, str]]:
    """System and stream of every case; the stream is blank where the harness has but one."""
    named = streams()
    return [(system, stream) for system in sorted(_HARNESSES) for stream in named.get(system, ("",))]


@pytest.fixture(params=_sources(), ids=lambda case: "-".join(filter(None, case)))
def sourced(request: pytest.FixtureRequest) -> Iterator[Harness]:
    """The harness of a source, turned to one of its streams."""
    system, stream = request.param
    with _HARNESSES[system]() as opened:
        if not opened.stream:
            pytest.skip("a lookup is asked, not pulled: it has no stream, watermark or count")
        opened.turn_to(stream or opened.stream)
        yield opened


@pytest.fixture
def world() -> Iterator[World]:
    """A Salesforce sandbox org with people in it, and a connection that has pulled them."""
    with open_world() as opened:
        yield opened
