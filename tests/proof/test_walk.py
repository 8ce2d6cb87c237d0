"""Two CRMs, an oracle, people at work, everything going wrong, and Trueline in between: no promise may break.

A walk is drawn from a seed. `make soak SOAK_STEPS=n SEED=s` takes as many steps as it is asked for, prints its seed and
its figures, and appends them to the file that SOAK_FIGURES names. A walk that breaks a promise is shortened first.
"""

from __future__ import annotations

import os
from itertools import count
from pathlib import Path

import pytest

from tests.proof.soaking import soak
from tests.proof.trouble import names_of
from tests.proof.walk import walk
from tests.proof.world import World, living_world


@pytest.mark.timeout(600)
def test_walk_of_2000_steps_breaks_no_promise(world: World) -> None:
    figures, story = soak(world, 1, 2_000, length=2_000)
    assert not story, story
    assert figures.steps == 2_000
    assert figures.outcomes["applied"] > 100, "the walk must have written"
    assert {"conflict", "rejected"} <= figures.outcomes.keys(), "and met people and rules"


def test_walk_without_a_step_is_at_rest_at_once(world: World) -> None:
    walked = walk(world, [])
    assert (walked.violations, walked.rounds, walked.outcomes.total()) == ([], 1, 0)


def test_walk_knows_every_fault_of_the_desks(world: World) -> None:
    for connection in ("sf", "hs"):
        for name in names_of(world, connection):
            world.desk(connection).raise_(name)
    world.repair()
    assert len({*names_of(world, "sf"), *names_of(world, "hs")}) > 100


@pytest.mark.soak
@pytest.mark.timeout(0)
def test_soak_breaks_no_promise(tmp_path: Path) -> None:
    """SOAK_STEPS steps in worlds of 10,000 each, made from another seed each time."""
    steps, seed = int(os.environ.get("SOAK_STEPS", "20")), int(os.environ.get("SEED", "1"))
    for number in count(seed):
        part = min(steps, 10_000)
        folder = tmp_path / str(number)
        folder.mkdir()
        with living_world(folder, seed=number) as world:
            figures, story = soak(world, number, part, length=200)
        print(f"\n{figures}", flush=True)
        if named := os.environ.get("SOAK_FIGURES"):
            figures.append_to(Path(named))
        assert not story, story
        steps -= part
        if not steps:
            return
