"""Clusters: records joined where all the evidence between two groups speaks for it, never across a pair that must stay
apart."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import groupby
from operator import itemgetter

import numpy as np
import numpy.typing as npt
import polars as pl

Rows = npt.NDArray[np.int64]

# What a pair that was never compared says, in bits: nothing was found that speaks for it.
UNSEEN = -1.0
MOST_BITS = 12.0
# What no number of pairs that were never compared speaks against.
ALL_BITS = 1e9
PAIRS = pl.Schema({"left": pl.UInt32, "right": pl.UInt32, "bits": pl.Float64, "joins": pl.Boolean, "parts": pl.Boolean,
                   "by_person": pl.Boolean})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Clusters:
    """`roots` gives every row its cluster's smallest row; `split` and `capped` hold the pairs that were not joined,
    because two records of theirs must stay apart or all the evidence speaks against it, or because the cluster would
    have become too large."""

    roots: list[int]
    split: list[tuple[int, int]] = field(default_factory=list)
    capped: list[tuple[int, int]] = field(default_factory=list)


def log_odds(probability: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """In bits, within what one pair may say."""
    bits = np.log2(np.maximum(probability, 1e-9)) - np.log2(np.maximum(1 - probability, 1e-9))
    return np.asarray(np.clip(bits, -MOST_BITS, MOST_BITS))


def components(size: int, edges: pl.DataFrame) -> Rows:
    """For each row the smallest row it is connected with by `edges` (left, right)."""
    left, right = edges["left"].to_numpy(), edges["right"].to_numpy()
    labels: Rows = np.arange(size, dtype=np.int64)
    while True:
        ours, theirs = labels[left], labels[right]
        if np.array_equal(ours, theirs):
            return labels
        # Hang the larger label under the smaller, then let every row point at its root.
        np.minimum.at(labels, np.maximum(ours, theirs), np.minimum(ours, theirs))
        while not np.array_equal(labels, labels[labels]):
            labels = labels[labels]


@dataclass(frozen=True, slots=True)
class _Between:
    """What lies between two groups: the sum of their pairs' bits, how many pairs that is, and what keeps them apart."""

    bits: float
    known: int
    apart: bool  # somebody, or some rule, keeps a pair apart
    firm: bool  # a person does

    def __add__(self, other: _Between) -> _Between:
        return _Between(
            self.bits + other.bits, self.known + other.known, self.apart or other.apart, self.firm or other.firm
        )


_NOTHING = _Between(0.0, 0, apart=False, firm=False)
Pair = tuple[int, int, float, bool, bool, bool]


class _Groups:
    """The groups of one component as they grow, each with what lies between it and its neighbours."""

    def __init__(self, pairs: list[Pair]) -> None:
        self.group: dict[int, int] = {}
        self.members: dict[int, list[int]] = {}
        self.between: dict[int, dict[int, _Between]] = {}
        for left, right, bits, _, parts, by_person in pairs:
            for row in (left, right):
                self.group[row], self.members[row] = row, [row]
            found = _Between(bits, 1, parts, parts and by_person)
            self.between.setdefault(left, {})[right] = found
            self.between.setdefault(right, {})[left] = found

    def size(self, one: int, other: int) -> int:
        return len(self.members[one]) + len(self.members[other])

    def evidence(self, one: int, other: int) -> _Between:
        return self.between[one].get(other, _NOTHING)

    def bits(self, one: int, other: int) -> float:
        """All evidence between two groups; pairs that were never compared count against them."""
        found = self.evidence(one, other)
        return found.bits + (len(self.members[one]) * len(self.members[other]) - found.known) * UNSEEN

    def join(self, one: int, other: int) -> None:
        keep, drop = sorted((one, other), key=lambda root: (-len(self.between[root]), root))
        for row in self.members[drop]:
            self.group[row] = keep
        self.members[keep] += self.members.pop(drop)
        for neighbour, found in self.between.pop(drop).items():
            theirs = self.between[neighbour]
            del theirs[drop]
            if neighbour != keep:
                both = found + self.between[keep].get(neighbour, _NOTHING)
                self.between[keep][neighbour] = theirs[keep] = both


def cluster(size: int, pairs: pl.DataFrame, *, max_cluster: int) -> Clusters:
    """Join rows 0 to `size` - 1 by `pairs` (columns of PAIRS, each pair once), a person's first, then the strongest.

    A pair with `joins` joins two groups where the bits of all pairs between them add up to more than nothing. One with
    `parts` never shares a cluster, by no chain; only a person's "same" joins what rules, but no person, would keep
    apart. `max_cluster` holds for all joins but those a person asked for. The order of the input does not matter.
    """
    labels = components(size, pairs.filter("joins"))
    result = Clusters(labels.tolist())
    for rows in _disputed(labels, pairs, max_cluster):
        _settle(rows, max_cluster, result)
    return result


def _disputed(labels: Rows, pairs: pl.DataFrame, max_cluster: int) -> Iterator[list[Pair]]:
    """The pairs of each component that is too large or not of one mind, a person's joins first, then the strongest."""
    sizes = np.bincount(labels, minlength=len(labels))
    left, right = labels[pairs["left"].to_numpy()], labels[pairs["right"].to_numpy()]
    root, size = pl.Series("root", left), pl.Series("size", sizes[left])
    inner = pairs.with_columns(root, size).filter(pl.Series((left == right) & (sizes[left] > 1), dtype=pl.Boolean))
    agreed = (
        (pl.col("bits").min() > 0) & ~pl.col("parts").any() & (pl.len() == pl.col("size") * (pl.col("size") - 1) // 2)
    )
    disputed = inner.filter(~(agreed & (pl.col("size") <= max_cluster)).over("root")).sort(
        ["root", "by_person", "bits", "left", "right"], descending=[False, True, True, False, False]
    )
    for _, rows in groupby(disputed.select("root", *PAIRS.names()).rows(), key=itemgetter(0)):
        yield [row[1:] for row in rows]


def _settle(pairs: list[Pair], max_cluster: int, result: Clusters) -> None:
    """Join the two groups with the strongest pair between them, as long as the evidence between them allows."""
    groups = _Groups(pairs)
    for left, right, _, joins, _, by_person in pairs:
        ours, theirs = groups.group[left], groups.group[right]
        if not joins or ours == theirs:
            continue
        between = groups.evidence(ours, theirs)
        if between.firm or (not by_person and (between.apart or groups.bits(ours, theirs) <= 0)):
            result.split.append((left, right))
        elif not by_person and groups.size(ours, theirs) > max_cluster:
            result.capped.append((left, right))
        else:
            groups.join(ours, theirs)
    for inside in groups.members.values():
        root = min(inside)
        for row in inside:
            result.roots[row] = root
