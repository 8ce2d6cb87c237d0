"""A random walk: steps drawn by seeded dice, then rest, then judgement; and the shortest walk that still fails."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from sync.plan import plan_changes
from sync.pull import pull_all
from sync.push import push_stored
from tests.proof import commands, people, trouble
from tests.proof.judge import Violation, journal_of, judged
from tests.proof.mirror import mirror
from tests.proof.people import Dice, Operation
from tests.proof.world import World

OPERATIONS: dict[str, Operation] = {
    one.name: one for one in (*people.OPERATIONS, *trouble.OPERATIONS, *commands.OPERATIONS)
}
# Rounds of pull, plan and push after which two CRMs that are left alone must have come to rest.
ROUNDS = 5
# Changes of links that move no date of a record arrive within a day.
DAY_S = 90_000


@dataclass(frozen=True, slots=True)
class Step:
    """One operation with the seed of its own dice, so that it can be replayed without those before it."""

    name: str
    seed: int


@dataclass(slots=True)
class Walked:
    """What came of a walk."""

    violations: list[Violation]
    trace: list[str] = field(default_factory=list)
    outcomes: Counter[str] = field(default_factory=Counter)
    rounds: int = 0
    requests: int = 0


def drawn(seed: int, length: int, only: Sequence[str] = ()) -> list[Step]:
    """Steps of all operations as often as their weights say, or of those named, as often as they are named."""
    dice = random.Random(seed)
    names = [*(only or OPERATIONS)]
    weights = [1.0 if only else OPERATIONS[name].weight for name in names]
    return [Step(name, dice.randrange(1 << 30)) for name in dice.choices(names, weights, k=length)]


def walk(world: World, steps: Sequence[Step]) -> Walked:
    """Take the steps from where the world began, let it come to rest, and judge."""
    world.begin()
    walked = Walked([])
    before = world.ledger.requests
    for number, step in enumerate(steps, start=1):
        world.ledger.step = number
        told = OPERATIONS[step.name].act(world, Dice(step.seed))
        walked.trace.append(f"{number:4} {step.name} {step.seed}: {told}")
    world.ledger.step = len(steps) + 1
    _rest(world, walked)
    walked.requests = world.ledger.requests - before
    return walked


def _rest(world: World, walked: Walked) -> None:
    """Mend the CRMs, leave them alone, and let Trueline go on until it wants nothing more."""
    world.repair()
    world.ledger.catch_up()
    world.pass_time(DAY_S)
    for walked.rounds in range(1, ROUNDS + 1):
        with world.open() as workspace:
            stopped = [f"{one.connection}/{one.stream}: {one.stopped}" for one in pull_all(workspace) if one.stopped]
            planned = plan_changes(workspace)
            walked.trace.append(f"rest {walked.rounds}: {planned.sentence} {stopped or ''}")
            journal = journal_of(workspace.store, world.prior)
            if planned.plan_id is None and not journal.unfinished and not stopped:
                break
            report = push_stored(workspace, joins=True)
            walked.trace.append(f"rest {walked.rounds}: {report.sentence} {dict(report.reasons)} {report.stopped}")
        world.pass_time(700)
    else:
        walked.violations.append(Violation("converges", f"it never came to rest: {walked.trace[-2:]}"))
    with world.open() as workspace:
        journal = journal_of(workspace.store, world.prior)
        walked.violations += [Violation(*seen) for seen in world.seen]
        walked.violations += [*judged(world.ledger, journal, world.answered), *mirror(workspace.store, world.ledger)]
        walked.outcomes = Counter(outcome.status for outcome in journal.outcomes.values())


def shortened(steps: Sequence[Step], fails: Callable[[Sequence[Step]], bool], *, seconds: float) -> list[Step]:
    """A shorter walk that still fails: pieces are left out, ever smaller ones, as long as there is time."""
    left, size, until = list(steps), max(len(steps) // 2, 1), time.monotonic() + seconds
    while size and time.monotonic() < until:
        place = 0
        while place < len(left) and time.monotonic() < until:
            shorter = left[:place] + left[place + size :]
            if fails(shorter):
                left = shorter
            else:
                place += size
        size //= 2
    return left
