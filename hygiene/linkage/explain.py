"""Why a pair weighs what it weighs: the prior, then each comparison, in bits that add up to the log odds."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hygiene.linkage.classes import Real
from hygiene.linkage.comparison import Compared
from hygiene.linkage.model import Model

SILENT = "nothing to compare"


@dataclass(frozen=True, slots=True)
class Step:
    """One comparison, what it found, and by how many bits that moves the odds for a match."""

    comparison: str
    words: str
    bits: float


@dataclass(frozen=True, slots=True)
class Waterfall:
    """`prior` are the log odds, in bits, of any two candidates; the steps come in the order of the comparisons.

    Where strangers have reasons to agree in several things at once, a second agreement adds less than it would alone.
    """

    prior: float
    steps: tuple[Step, ...]

    @property
    def bits(self) -> float:
        """The log odds with all the evidence."""
        return math.fsum((self.prior, *(step.bits for step in self.steps)))

    @property
    def probability(self) -> float:
        return 1.0 / (1.0 + math.exp2(-self.bits))

    @property
    def levels(self) -> tuple[float, ...]:
        """The log odds before the first step and after each."""
        reached = [self.prior]
        for step in self.steps:
            reached.append(reached[-1] + step.bits)
        return tuple(reached)


def waterfall(model: Model, compared: Sequence[Compared], pair: int = 0) -> Waterfall:
    """The steps of one of the compared pairs; ValueError when these are not the model's comparisons."""
    model.check(compared)
    logs = np.log2(model.learned.share)
    reached = [_odds(logs)]
    steps = []
    for one, table in zip(compared, model.learned.tables, strict=True):
        level = int(one.levels[pair])
        if level:
            logs = logs + np.log2(np.maximum(table[level], 1e-12))
        reached.append(_odds(logs))
        steps.append(Step(one.family, one.words[level] or SILENT, reached[-1] - reached[-2]))
    return Waterfall(reached[0], tuple(steps))


def _odds(logs: Real) -> float:
    """Log odds, in bits, of the first class against all others."""
    return float(logs[0] - np.logaddexp2.reduce(logs[1:]))
