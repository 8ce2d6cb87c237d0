"""Clusters: records joined by the strongest pairs first, never across a pair that must stay apart."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

Rows = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Clusters:
    """`roots` gives every row its cluster's smallest row; `split` and `capped` hold the pairs that were not joined,
    because two records of theirs must stay apart, or because the cluster would have become too large."""

    roots: list[int]
    split: list[tuple[int, int]]
    capped: list[tuple[int, int]]


class _Groups:
    """Union-find that knows what may not meet."""

    def __init__(self, size: int) -> None:
        self.parents = list(range(size))
        self.members: dict[int, list[int]] = {}

    def root(self, row: int) -> int:
        parents = self.parents
        while parents[row] != row:
            parents[row] = parents[parents[row]]
            row = parents[row]
        return row

    def rows(self, root: int) -> list[int]:
        return self.members.get(root) or [root]

    def may_meet(self, left: int, right: int, enemies: dict[int, set[int]]) -> bool:
        fewer, more = sorted((self.rows(left), self.rows(right)), key=len)
        others = set(more)
        return not any(enemies.get(row, _NONE) & others for row in fewer)

    def join(self, left: int, right: int) -> None:
        keep, drop = min(left, right), max(left, right)
        self.members[keep] = self.rows(keep) + self.rows(drop)
        self.members.pop(drop, None)
        self.parents[drop] = keep


_NONE: set[int] = set()


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


def _troubled(labels: Rows, apart: pl.DataFrame, max_cluster: int) -> Flags:
    """By component (its smallest row): True where it is too large or holds two rows that must stay apart."""
    troubled: Flags = np.bincount(labels, minlength=len(labels)) > max_cluster
    ours, theirs = labels[apart["left"].to_numpy()], labels[apart["right"].to_numpy()]
    troubled[ours[ours == theirs]] = True
    return troubled


def _enemies(apart: pl.DataFrame) -> dict[int, set[int]]:
    enemies: dict[int, set[int]] = {}
    for left, right in apart.select("left", "right").iter_rows():
        enemies.setdefault(left, set()).add(right)
        enemies.setdefault(right, set()).add(left)
    return enemies


def cluster(size: int, edges: pl.DataFrame, apart: pl.DataFrame, *, max_cluster: int) -> Clusters:
    """Join rows 0 to `size` - 1 by `edges` (left, right, probability, by_person), a person's first, then the strongest.

    A pair in `apart` (left, right, by_person) never shares a cluster, by no chain; only a person's "same" joins what
    rules, but no person, would keep apart. `max_cluster` holds for all joins but those a person asked for. The order of
    the input rows does not matter.
    """
    labels = components(size, edges)
    groups = _Groups(size)
    split: list[tuple[int, int]] = []
    capped: list[tuple[int, int]] = []
    firm, every = _enemies(apart.filter("by_person")), _enemies(apart)
    # Most components hold no contradiction and stay below the cap: they are clusters as they are.
    troubled = _troubled(labels, apart, max_cluster)
    disputed = edges.filter(pl.Series(troubled[labels[edges["left"].to_numpy()]], dtype=pl.Boolean))
    ordered = disputed.sort(["by_person", "probability", "left", "right"], descending=[True, True, False, False])
    for left, right, by_person in ordered.select("left", "right", "by_person").iter_rows():
        ours, theirs = groups.root(left), groups.root(right)
        if ours == theirs:
            continue
        if not groups.may_meet(ours, theirs, firm if by_person else every):
            split.append((left, right))
        elif not by_person and len(groups.rows(ours)) + len(groups.rows(theirs)) > max_cluster:
            capped.append((left, right))
        else:
            groups.join(ours, theirs)
    roots = labels.copy()
    for row in np.flatnonzero(troubled[labels]).tolist():
        roots[row] = groups.root(row)
    return Clusters(roots.tolist(), split, capped)
