"""What people answered refines what was learned without labels.

People are asked about pairs that are unsure, so their answers say nothing about how often pairs match or show a level.
They do say how likely a match is where the levels are as they are. So the odds are kept as they were learned but for a
correction by level, as small as the answers allow: logistic regression on top of the learned log odds, with a prior.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from hygiene.linkage.classes import Learned, Real, weigh
from hygiene.linkage.comparison import Compared

# How far the learned weight of a level may be off, as a standard deviation in bits, before anybody was asked.
DOUBT = 1.5
_STEPS, _STILL = 50, 1e-9


def refined(learned: Learned, compared: Sequence[Compared], is_same: npt.NDArray[np.bool_]) -> Learned:
    """The model corrected by answers about these pairs; the same answers in any order give the same model."""
    if not len(is_same):
        return learned
    shown = [np.unique(one.levels[one.levels > 0]) for one in compared]
    features = np.hstack([one.levels[:, None] == levels[None, :] for one, levels in zip(compared, shown, strict=True)])
    probability = np.clip(weigh(learned, compared), 1e-12, 1 - 1e-12)
    correction = _fitted(features.astype(float), np.log(probability / (1 - probability)), is_same.astype(float))
    tables = []
    for table, levels in zip(learned.tables, shown, strict=True):
        moved = table.copy()
        moved[levels, 0] *= np.exp(correction[: len(levels)])
        correction = correction[len(levels) :]
        tables.append(moved)
    return replace(learned, tables=tuple(tables))


def _fitted(features: Real, offset: Real, answers: Real) -> Real:
    """The corrections, in natural logarithms of the odds, that are most likely given the answers (Newton's method)."""
    order = np.lexsort((answers, offset, *features.T))
    features, offset, answers = features[order], offset[order], answers[order]
    trust = 1.0 / (DOUBT * np.log(2.0)) ** 2
    found = np.zeros(features.shape[1])
    for _ in range(_STEPS):
        likely = 0.5 * (1.0 + np.tanh(0.5 * (offset + features @ found)))
        slope = features.T @ (answers - likely) - trust * found
        curve = (features * (likely * (1 - likely))[:, None]).T @ features + trust * np.eye(len(found))
        step = np.linalg.solve(curve, slope)
        while _loss(features, offset, answers, trust, found + step) > _loss(features, offset, answers, trust, found):
            step /= 2.0
        found += step
        if np.abs(step).max() < _STILL:
            break
    return found


def _loss(features: Real, offset: Real, answers: Real, trust: float, found: Real) -> float:
    """How unlikely the answers and the corrections are; a step beyond what lowers it is too long."""
    odds = offset + features @ found
    return float(np.logaddexp(0.0, np.where(answers > 0, -odds, odds)).sum() + 0.5 * trust * found @ found)
