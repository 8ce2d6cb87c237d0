"""Walks in a row: what a soak was asked for, what came of it so far, and the walk that failed, made short."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path

from tests.proof.judge import Violation
from tests.proof.walk import Step, drawn, shortened, walk
from tests.proof.world import World

SHORTEN_S = 60.0


@dataclass(slots=True)
class Figures:
    """What a soak came to; a line of JSON in the file that docs/guarantees.md quotes."""

    seed: int
    steps: int = 0
    walks: int = 0
    requests: int = 0
    cpu_s: float = 0.0
    violations: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)

    def __str__(self) -> str:
        told = ", ".join(f"{number:,} {status}" for status, number in sorted(self.outcomes.items()))
        return (f"SEED={self.seed}: {self.steps:,} steps in {self.walks:,} walks, {self.requests:,} requests, "
                f"{self.violations} violations, {self.cpu_s:.0f} CPU seconds; changes: {told or 'none'}")  # fmt: skip

    def append_to(self, file: Path) -> None:
        with file.open("a") as lines:
            # Not `asdict`: it makes a Counter anew, which then counts its own items.
            told = {one.name: getattr(self, one.name) for one in fields(self)}
            lines.write(json.dumps(told) + "\n")


def soak(world: World, seed: int, steps: int, *, length: int) -> tuple[Figures, str]:
    """Walk until so many steps are taken or a promise is broken; the figures, and the failing walk in words."""
    figures, began = Figures(seed), time.process_time()
    story = ""
    while figures.steps < steps and not story:
        number = figures.walks + 1
        taken = drawn(seed * 1_000_003 + number, min(length, steps - figures.steps))
        walked = walk(world, taken)
        figures.walks, figures.steps = number, figures.steps + len(taken)
        figures.requests += walked.requests
        figures.outcomes += walked.outcomes
        figures.violations += len(walked.violations)
        if walked.violations:
            story = told(world, taken, walked.violations, f"SEED={seed}, walk {number}")
    figures.cpu_s = round(time.process_time() - began, 1)
    return figures, story


def told(world: World, taken: Sequence[Step], violations: Sequence[Violation], where: str) -> str:
    """What was broken, and the shortest walk found that breaks the first promise again, step by step."""
    promise = violations[0].promise

    def fails(steps: Sequence[Step]) -> bool:
        return any(one.promise == promise for one in walk(world, steps).violations)

    short = shortened(taken, fails, seconds=SHORTEN_S)
    again = walk(world, short)
    steps = "\n".join(f"    Step({one.name!r}, {one.seed})," for one in short)
    broken = [f"{where} broke {len(violations)} promises:", *map(str, violations[:10])]
    shorter = [f"{len(short)} steps of {len(taken)} break it:", steps, *again.trace, *map(str, again.violations)]
    return "\n".join([*broken, *shorter])
