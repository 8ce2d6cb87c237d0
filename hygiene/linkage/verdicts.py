"""Clusters that obey people: what they called the same is joined, what they called different stays apart."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import polars as pl

from hygiene.cluster import ALL_BITS, PAIRS, cluster, log_odds
from hygiene.linkage.classes import Real
from hygiene.linkage.codes import Rows
from hygiene.linkage.link import Linked

Pair = tuple[int, int]
KEY = ["left", "right"]


def clusters_with(
    linked: Linked, same: Sequence[Pair], different: Sequence[Pair], *, threshold: float
) -> npt.NDArray[np.int64]:
    """For each record the smallest row of its cluster; pairs are rows, smaller first. "Different" beats "same"."""
    found, records = linked.clusters(threshold), len(linked.keys)
    if not same and not different:
        return found
    inside = found[linked.left] == found[linked.right]
    left, right, probability = linked.left[inside], linked.right[inside], linked.probability[inside]
    # Twins follow the one record they are in a pair with, however many others there are.
    bits = np.where(np.isin(right, linked.candidates.twins), ALL_BITS, log_odds(probability))
    learned = _pairs(left, right, bits, joins=probability >= threshold, by_person=False)
    told = [_told(different, joins=False), _told(same, joins=True)]
    answers = pl.concat(told).unique(KEY, keep="first", maintain_order=True)
    pairs = pl.concat([answers, learned.join(answers, on=KEY, how="anti")])
    return np.asarray(cluster(records, pairs, max_cluster=records).roots, np.int64)


def _told(pairs: Sequence[Pair], *, joins: bool) -> pl.DataFrame:
    rows = np.array(pairs, np.uint32).reshape(-1, 2)
    bits = np.full(len(rows), ALL_BITS if joins else -ALL_BITS)
    return _pairs(rows[:, 0], rows[:, 1], bits, joins=np.full(len(rows), joins), by_person=True)


def _pairs(left: Rows, right: Rows, bits: Real, *, joins: npt.NDArray[np.bool_], by_person: bool) -> pl.DataFrame:
    parts = ~joins if by_person else np.zeros(len(joins), bool)
    people = np.full(len(joins), by_person)
    return pl.DataFrame([left, right, bits, joins, parts, people], schema=PAIRS)
