"""Clusters that do not chain: records join where all the evidence between two groups, not one bridge, speaks for it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import polars as pl

from hygiene.cluster import components
from hygiene.linkage.classes import Real
from hygiene.linkage.codes import Rows
from hygiene.linkage.hashes import Hashes

# Evidence is counted in whole thousandths of a bit: sums are then the same in any order.
_BIT = 1_000
# What a pair that was never a candidate says: nothing was found that speaks for it.
UNSEEN = -1 * _BIT
_MOST_BITS = 12.0
Roots = npt.NDArray[np.int64]


def agglomerate(
    size: int,
    left: Rows,
    right: Rows,
    probability: Real,
    *,
    threshold: float,
    twins: Rows | None = None,
    contents: Callable[[Rows], Hashes] | None = None,
) -> Roots:
    """For each of `size` rows the smallest row of its cluster.

    `twins` are rows that are the very same as the other row of the only pair they are in, and follow it. `contents`
    gives a number for what is in each row: pairs with as much evidence are taken in the order of these, so that the
    order of the rows does not matter. Time grows with the number of pairs, also within one component.
    """
    follows = np.zeros(len(left), bool)
    if twins is not None and len(twins):
        follows = np.isin(right, twins) | np.isin(left, twins)
    edges = (probability >= threshold) & ~follows
    roots = components(size, pl.DataFrame({"left": left[edges], "right": right[edges]}))
    inner = np.flatnonzero((roots[left] == roots[right]) & ~follows)
    bits = _evidence(probability[inner])
    disputed = _is_disputed(roots, roots[left[inner]], bits)[roots[left[inner]]]
    inner, bits = inner[disputed], bits[disputed]
    _settle(left[inner], right[inner], bits, contents, roots)
    if twins is not None and follows.any():
        sure = np.flatnonzero(follows & (probability >= threshold))
        right_is = np.isin(right[sure], twins)
        twin, other = (np.where(right_is, *sides) for sides in ((right[sure], left[sure]), (left[sure], right[sure])))
        roots[twin] = roots[other]
    return roots


def _evidence(probability: Real) -> npt.NDArray[np.int64]:
    bits = np.log2(np.maximum(probability, 1e-9)) - np.log2(np.maximum(1 - probability, 1e-9))
    return np.asarray(np.rint(np.clip(bits, -_MOST_BITS, _MOST_BITS) * _BIT), np.int64)


def _is_disputed(roots: Roots, owners: Roots, bits: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """By component: True where not every pair in it was found and speaks for it."""
    members = np.bincount(roots, minlength=len(roots))
    agreeing = np.bincount(owners[bits > 0], minlength=len(roots))
    return np.asarray(agreeing < members * (members - 1) // 2)


def _settle(
    left: Rows,
    right: Rows,
    bits: npt.NDArray[np.int64],
    contents: Callable[[Rows], Hashes] | None,
    roots: Roots,
) -> None:
    """Take the components apart, then join the two groups with the most evidence for one pair of theirs, wherever all
    there is between them speaks for it, until no pair is left that does."""
    if not len(bits):
        return
    rows, place = np.unique(np.concatenate([left, right]), return_inverse=True)
    content = rows.astype(np.uint64) if contents is None else contents(rows)
    one, other = place[: len(left)], place[len(left) :]
    low, high = np.minimum(content[one], content[other]), np.maximum(content[one], content[other])
    order = np.lexsort((other, one, high, low, -bits))
    groups = _Groups(len(rows))
    for pair in zip(one.tolist(), other.tolist(), bits.tolist(), strict=True):
        groups.connect(*pair)
    for at in order[: int((bits > 0).sum())].tolist():
        groups.join_if_agreed(int(one[at]), int(other[at]))
    for members in groups.members:
        if members:
            roots[rows[members]] = rows[min(members)]


class _Groups:
    """Groups of records, and between two that share a pair the sum of the evidence and the number of such pairs."""

    def __init__(self, size: int) -> None:
        self.of = list(range(size))
        self.members = [[at] for at in range(size)]
        self.evidence: list[dict[int, int]] = [{} for _ in range(size)]
        self.pairs: list[dict[int, int]] = [{} for _ in range(size)]

    def connect(self, one: int, other: int, bits: int, pairs: int = 1) -> None:
        for ours, theirs in ((one, other), (other, one)):
            self.evidence[ours][theirs] = self.evidence[ours].get(theirs, 0) + bits
            self.pairs[ours][theirs] = self.pairs[ours].get(theirs, 0) + pairs

    def join_if_agreed(self, one: int, other: int) -> None:
        ours, theirs = self.of[one], self.of[other]
        if ours == theirs:
            return
        unseen = len(self.members[ours]) * len(self.members[theirs]) - self.pairs[ours][theirs]
        if self.evidence[ours][theirs] + unseen * UNSEEN > 0:
            # The larger takes in the smaller: no record and no neighbour moves more than a few times.
            self._join(*sorted((ours, theirs), key=self._weight, reverse=True))

    def _weight(self, group: int) -> int:
        return len(self.members[group]) + len(self.pairs[group])

    def _join(self, keep: int, drop: int) -> None:
        for row in self.members[drop]:
            self.of[row] = keep
        self.members[keep] += self.members[drop]
        self.members[drop] = []
        del self.evidence[keep][drop], self.pairs[keep][drop]
        for other, pairs in self.pairs[drop].items():
            if other != keep:
                bits = self.evidence[other].pop(drop)
                del self.pairs[other][drop]
                self.connect(keep, other, bits, pairs)
        self.evidence[drop], self.pairs[drop] = {}, {}
