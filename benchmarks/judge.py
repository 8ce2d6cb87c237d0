"""What somebody found in a labelled set, as figures fit for JSON: ours at its default, a peer's at many thresholds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from benchmarks.evaluate import (
    THRESHOLDS,
    Agreement,
    Labels,
    Score,
    agreement,
    connected,
    labelled_score,
    labels_of,
    pair_score,
    reliability,
)
from benchmarks.labelled import LabelledSet

Rows = npt.NDArray[np.integer[Any]]


def figures(score: Score) -> dict[str, float]:
    return {"precision": score.precision, "recall": score.recall, "f1": score.f1}


def judged_clusters(one: LabelledSet, clusters: Labels | pl.Series) -> dict[str, Any]:
    """All measures of a clustering."""
    found: Agreement = agreement(clusters, one.truth)
    b_cubed = {"precision": found.b_cubed_precision, "recall": found.b_cubed_recall, "f1": found.b_cubed_f1}
    return {"pairs": figures(found.pairs), "clusters": figures(found.clusters), "b_cubed": b_cubed}


def judged_pairs(one: LabelledSet, found: pl.DataFrame) -> dict[str, Any]:
    """Pairs that were found between two tables (left, right: rows of both in one)."""
    return {"pairs": figures(_between(one, found))}


def judged_sweep(one: LabelledSet, pairs: pl.DataFrame, fixed: float) -> Mapping[str, Any]:
    """Of a peer's pairs (left, right, probability): the scores at the fixed threshold and at the best of a sweep.

    Records of one table are joined by connected components first.
    """
    tried: dict[float, Score]
    if one.boundary is None:
        found = connected(len(one.table), pairs, THRESHOLDS)
        tried = {threshold: pair_score(labels, one.truth) for threshold, labels in found}
    else:
        tried = {least: _between(one, pairs.filter(pl.col("probability") >= least)) for least in THRESHOLDS}
    best = max(tried, key=lambda threshold: tried[threshold].f1)
    return {"fixed": figures(tried[fixed]), "best": figures(tried[best]), "threshold": best}


def _between(one: LabelledSet, found: pl.DataFrame) -> Score:
    if one.pairs is not None:
        keys = {side: pl.col(side).cast(pl.Int64) for side in ("left", "right")}
        hits = found.select(**keys, hit=pl.lit(value=True)).unique(["left", "right"])
        asked = one.pairs.with_columns(**keys).join(hits, on=["left", "right"], how="left", maintain_order="left")
        return labelled_score(asked["hit"].fill_null(value=False).to_numpy(), asked["same"].to_numpy())
    right = one.is_same(found["left"].to_numpy(), found["right"].to_numpy())
    return Score(int(right.sum()), len(found), _true_between(one))


def _true_between(one: LabelledSet) -> int:
    ours, theirs = (one.truth[: one.boundary].drop_nulls(), one.truth[one.boundary :].drop_nulls())
    return len(pl.DataFrame({"truth": ours}).join(pl.DataFrame({"truth": theirs}), on="truth"))


def judged_probabilities(one: LabelledSet, left: Rows, right: Rows, probability: npt.NDArray[np.float64]) -> list[Any]:
    """The reliability table of candidate pairs, by bin; pairs of records that do not count are left out."""
    counts = one.truth.is_not_null().to_numpy()
    kept = counts[left] & counts[right]
    table = reliability(probability[kept], one.is_same(left[kept], right[kept]))
    return table.to_dicts()


def blocking_loss(one: LabelledSet, left: Rows, right: Rows, twins: Rows) -> float:
    """The share of true pairs that are no candidates. A twin stands for its first: it has the same candidates."""
    first = np.arange(len(one.table))
    is_twin = np.zeros(len(one.table), bool)
    is_twin[twins] = True
    of_twin = is_twin[right]
    first[right[of_twin]] = left[of_twin]
    labels = labels_of(one.truth)
    sizes = np.bincount(first, minlength=len(first))
    between = ~of_twin & (labels[left] == labels[right])
    seen = (sizes[left[between]] * sizes[right[between]]).sum() + (sizes * (sizes - 1) // 2).sum()
    true = _true_between(one) if one.boundary is not None else pair_score(first, one.truth).true
    return 1.0 - float(seen) / true if true else 0.0
