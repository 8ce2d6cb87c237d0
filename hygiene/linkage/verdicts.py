"""Clusters that obey people: what they called the same is joined, what they called different stays apart."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import polars as pl

from hygiene.cluster import cluster
from hygiene.linkage.classes import Real
from hygiene.linkage.codes import Rows
from hygiene.linkage.link import Linked

Pair = tuple[int, int]


def clusters_with(
    linked: Linked, same: Sequence[Pair], different: Sequence[Pair], *, threshold: float
) -> npt.NDArray[np.int64]:
    """For each record the smallest row of its cluster; pairs are rows, smaller first. "Different" beats "same"."""
    found, records = linked.clusters(threshold), len(linked.keys)
    if not same and not different:
        return found
    inside = (found[linked.left] == found[linked.right]) & (linked.probability >= min(threshold, 0.5))
    learned = _edges(linked.left[inside], linked.right[inside], linked.probability[inside], by_person=False)
    told, apart = _told(same), _told(different)
    edges = pl.concat([learned, told.join(apart, on=["left", "right"], how="anti")])
    return np.asarray(cluster(records, edges, apart, max_cluster=records).roots, np.int64)


def _told(pairs: Sequence[Pair]) -> pl.DataFrame:
    rows = np.array(pairs, np.uint32).reshape(-1, 2)
    return _edges(rows[:, 0], rows[:, 1], np.ones(len(rows)), by_person=True)


def _edges(left: Rows, right: Rows, probability: Real, *, by_person: bool) -> pl.DataFrame:
    return pl.DataFrame({"left": left, "right": right, "probability": probability}).with_columns(by_person=by_person)
