"""What blocking lost: the share of true pairs that no block key brought together, estimated without labels."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import polars as pl

from hygiene.linkage.blocks import Blocks
from hygiene.linkage.comparison import Comparison
from hygiene.linkage.pairs import Candidates

# So many of the pairs that match are looked at.
SAMPLE = 20_000
MATCHING = 0.5
# What pairs agree in is believed to be this with the weight of so many pairs: nothing at all in so many of a hundred.
_BELIEF, _NOTHING = 20.0, 0.15
# What a pair agrees in, by family: no key, keys that count together with another family's only, one that suffices.
NONE, COARSE, FINE = range(3)
Outcomes = npt.NDArray[np.int64]


def blocking_loss(
    keys: pl.DataFrame, comparisons: Sequence[Comparison], candidates: Candidates, probability: npt.NDArray[np.float64]
) -> float:
    """The estimated share (0 to 1) of the pairs that match which share no block key, or only one so common that it was
    split between them. From candidate pairs and their probabilities.

    It is a capture-recapture estimate. How often the keys of one family fail is seen among pairs that other families
    bring together, and of these among pairs that barely were: records with gaps and many typos are missed by several
    families at once, and these are most like them. The families' failures are then multiplied.

    Where three or more families had keys, it said 0.048 for a true 0.051 (the generated contacts), 0.30 for 0.32
    (fake_1000), 0.003 for 0.003 (febrl 2 and 3); of one or two families it tells only the order of magnitude. It
    cannot know of records of one entity that have nothing in common: 0.001 for 0.02 (dedupe_csv_example).
    """
    if candidates.is_every:
        return 0.0
    left, right = candidates.left, candidates.right
    sure = np.flatnonzero(
        (probability >= MATCHING) & ~np.isin(left, candidates.twins) & ~np.isin(right, candidates.twins)
    )
    if not len(sure):
        return 0.0
    sure = sure[:: max(len(sure) // SAMPLE, 1)]
    rows, place = np.unique(np.concatenate([left[sure], right[sure]]), return_inverse=True)
    found = _outcomes(Blocks(keys[rows], comparisons, candidates.skewed), place[: len(sure)], place[len(sure) :])
    failing = [_shares(found, at, probability[sure]) for at in range(len(found))]
    nothing = [shares[NONE] for shares in failing]
    if len(failing) == 1:
        return float(nothing[0])
    alone = [shares[COARSE] * np.prod(nothing[:at] + nothing[at + 1 :]) for at, shares in enumerate(failing)]
    return float(np.prod(nothing) + np.sum(alone))


def _outcomes(blocks: Blocks, one: Outcomes, other: Outcomes) -> Outcomes:
    """By family with any key, in which kind of key each pair agrees."""
    found: dict[str, Outcomes] = {}
    for family, suffices, agree in blocks.agreed(one, other):
        found.setdefault(family, np.zeros(len(one), np.int64))[agree] = FINE if suffices else COARSE
    return np.array(list(found.values())).reshape(len(found), len(one))


def _shares(found: Outcomes, family: int, probability: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """How often pairs agree in each kind of key of a family, by those that the others barely bring together."""
    others = np.delete(found, family, axis=0)
    ways = (others == FINE).sum(axis=0) + ((others > NONE).sum(axis=0) > 1)
    counts = np.bincount(found[family], weights=probability * (ways == 1), minlength=3)
    has = np.array([0.0, float((found[family] == COARSE).any()), float((found[family] == FINE).any())])
    usual = (1 - _NOTHING) * has / max(has.sum(), 1.0)
    usual[NONE] = 1.0 - usual.sum()
    shares = counts + _BELIEF * usual
    return np.asarray(shares / shares.sum())
