"""Clusters that do not chain: records join where all the evidence between two groups, not one bridge, speaks for it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import polars as pl

from hygiene.cluster import components
from hygiene.linkage.classes import Real
from hygiene.linkage.codes import Rows

# What a pair that was never a candidate says, in bits: nothing was found that speaks for it.
UNSEEN = -1.0
_MOST_BITS = 12.0


def agglomerate(
    size: int, left: Rows, right: Rows, probability: Real, *, threshold: float, twins: Rows | None = None
) -> npt.NDArray[np.int64]:
    """For each of `size` rows the smallest row of its cluster.

    `twins` are rows that are the very same as the other row of the only pair they are in, and follow it.
    """
    if twins is not None and len(twins):
        right_is = np.isin(right, twins)
        is_twin = right_is | np.isin(left, twins)
        core = agglomerate(size, left[~is_twin], right[~is_twin], probability[~is_twin], threshold=threshold)
        follow = is_twin & (probability >= threshold)
        twin, other = np.where(right_is, right, left)[follow], np.where(right_is, left, right)[follow]
        core[twin] = core[other]
        return core
    edges = probability >= threshold
    frame = pl.DataFrame({"left": left[edges], "right": right[edges]})
    roots = components(size, frame)
    counted = np.bincount(roots, minlength=size)
    large = counted[roots] > 2
    inner = (roots[left] == roots[right]) & large[left]
    bits = np.clip(np.log2(np.maximum(probability[inner], 1e-9) / np.maximum(1 - probability[inner], 1e-9)),
                   -_MOST_BITS, _MOST_BITS)  # fmt: skip
    result: npt.NDArray[np.int64] = roots.copy()
    for rows, pairs in _groups(roots, left[inner], right[inner], bits):
        _settle(rows, pairs, result)
    return result


def _groups(
    roots: npt.NDArray[np.int64], left: Rows, right: Rows, bits: Real
) -> Iterator[tuple[list[int], list[tuple[float, int, int]]]]:
    """Each component with its rows and its pairs as (bits, left, right)."""
    if not len(left):
        return
    order = np.argsort(roots[left], kind="stable")
    owners = roots[left][order]
    starts = np.flatnonzero(np.r_[True, owners[1:] != owners[:-1]])
    for start, end in zip(starts, np.r_[starts[1:], len(owners)], strict=True):
        part = order[start:end]
        pairs = list(zip(bits[part].tolist(), left[part].tolist(), right[part].tolist(), strict=True))
        yield sorted({row for _, one, other in pairs for row in (one, other)}), pairs


def _settle(rows: list[int], pairs: list[tuple[float, int, int]], result: npt.NDArray[np.int64]) -> None:
    """Join the two groups with the most evidence between them, until none is left with more for than against."""
    group = {row: row for row in rows}
    members = {row: [row] for row in rows}
    between: dict[tuple[int, int], float] = {(min(a, b), max(a, b)): bits for bits, a, b in pairs}
    known = dict.fromkeys(between, 1)
    for bits, one, other in sorted(pairs, key=lambda pair: (-pair[0], pair[1], pair[2])):
        if bits <= 0:
            break
        ours, theirs = group[one], group[other]
        if ours == theirs:
            continue
        key = (min(ours, theirs), max(ours, theirs))
        unseen = len(members[ours]) * len(members[theirs]) - known.get(key, 0)
        if between.get(key, 0.0) + unseen * UNSEEN <= 0:
            continue
        _join(key, group, members, between, known)
    for root, inside in members.items():
        result[inside] = min(inside) if root in members else root


def _join(
    key: tuple[int, int],
    group: dict[int, int],
    members: dict[int, list[int]],
    between: dict[tuple[int, int], float],
    known: dict[tuple[int, int], int],
) -> None:
    keep, drop = key
    for row in members[drop]:
        group[row] = keep
    for other in list(members):
        if other in key:
            continue
        ours, theirs = (min(keep, other), max(keep, other)), (min(drop, other), max(drop, other))
        if theirs in between:
            between[ours] = between.get(ours, 0.0) + between.pop(theirs)
            known[ours] = known.get(ours, 0) + known.pop(theirs)
    members[keep] += members.pop(drop)
