"""How well found clusters, probabilities and answers agree with the truth: the one evaluator of all benchmarks.

A clustering is one label per record, equal for records of one cluster; labels of any kind do. Records whose truth is
null do not count. All of it is counted columnwise; 5,000,000 records take seconds.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from hygiene.cluster import components

Labels = npt.NDArray[np.int64]
Real = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
BINS = (0.0, 0.01, 0.1, 0.3, 0.5, 0.7, 0.9, 0.97, 0.99, 1.0)
# From hardly any evidence to all but certain; a sweep tries each.
THRESHOLDS = (0.01, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95, 0.97, 0.99, 0.995, 0.999, 0.9995,
              0.9999, 1 - 1e-5, 1 - 1e-6, 1 - 1e-7, 1 - 1e-8, 1 - 1e-9, 1 - 1e-10)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Score:
    """What was found and right, what was found, what is true: pairs, clusters, or records' shares of them."""

    right: float
    found: float
    true: float

    @property
    def precision(self) -> float:
        return self.right / self.found if self.found else 1.0

    @property
    def recall(self) -> float:
        return self.right / self.true if self.true else 1.0

    @property
    def f1(self) -> float:
        return 2 * self.right / (self.found + self.true) if self.found + self.true else 1.0


@dataclass(frozen=True, slots=True)
class Agreement:
    """A clustering beside the truth: over pairs of records, over whole clusters, and B-cubed (mean over records)."""

    pairs: Score
    clusters: Score
    b_cubed_precision: float
    b_cubed_recall: float

    @property
    def b_cubed_f1(self) -> float:
        total = self.b_cubed_precision + self.b_cubed_recall
        return 2 * self.b_cubed_precision * self.b_cubed_recall / total if total else 0.0


def labels_of(groups: pl.Series | Labels) -> Labels:
    """Numbers from 0 for groups of any kind; each null gets a number of its own, as it is nobody else's."""
    series = groups if isinstance(groups, pl.Series) else pl.Series(groups)
    known = (series.rank("dense").cast(pl.Int64) - 1).fill_null(-1).to_numpy()
    alone = known < 0
    return np.where(alone, known.max(initial=-1) + np.cumsum(alone), known)


def pair_score(found: pl.Series | Labels, truth: pl.Series) -> Score:
    """Over pairs of records."""
    frame = _counted(found, truth)
    return Score(_pairs(frame, "found", "truth"), _pairs(frame, "found"), _pairs(frame, "truth"))


def agreement(found: pl.Series | Labels, truth: pl.Series) -> Agreement:
    """All three measures. Clusters count where they have two records or more, and are right where they hold exactly
    the records of one entity. Singles are easy, and most of a CRM: they count for records only."""
    frame = _counted(found, truth)
    met = frame.group_by("found", "truth").len("both").with_columns(
        pl.col("both").sum().over("found").alias("size"), pl.col("both").sum().over("truth").alias("whole")
    )  # fmt: skip
    both, size, whole = (met[name].to_numpy().astype(np.float64) for name in ("both", "size", "whole"))
    exact = (both == size) & (both == whole) & (both > 1)
    records = max(len(frame), 1)
    return Agreement(
        pair_score(found, truth),
        Score(int(exact.sum()), _groups(frame["found"]), _groups(frame["truth"])),
        float((both * both / size).sum() / records) if len(frame) else 1.0,
        float((both * both / whole).sum() / records) if len(frame) else 1.0,
    )


def labelled_score(predicted: Flags, true: Flags) -> Score:
    """Over pairs that somebody labelled, and no others."""
    return Score(int((predicted & true).sum()), int(predicted.sum()), int(true.sum()))


def answer_score(answered: pl.Series, true: pl.Series) -> Score:
    """Over questions with one right answer at most: null is an abstention, or that there is none to find.

    Recall is the share of answerable questions that were answered rightly. A wrong answer to one that has none counts
    against precision.
    """
    right = int((answered == true).fill_null(value=False).sum())
    return Score(right, len(answered) - answered.null_count(), len(true) - true.null_count())


def coverage(answered: pl.Series, true: pl.Series) -> float:
    """The share of the answerable questions that got an answer, right or wrong."""
    answerable = true.is_not_null()
    asked = int(answerable.sum())
    return float((answered.is_not_null() & answerable).sum()) / asked if asked else 1.0


def reliability(probability: Real, same: Flags) -> pl.DataFrame:
    """By bin of probability (lower end within, upper end not, but 1): `pairs`, the mean said, the share that is true.

    Calibrated is what says on average what is true. Columns: from, to, pairs, said, true; empty bins are left out.
    """
    place = np.clip(np.searchsorted(BINS, probability, side="right") - 1, 0, len(BINS) - 2)
    frame = pl.DataFrame({"bin": place, "said": probability, "true": same})
    bins = frame.group_by("bin").agg(pl.len().alias("pairs"), pl.col("said", "true").mean()).sort("bin")
    ends = pl.Series(BINS)
    return bins.select(ends.gather(bins["bin"]).alias("from"), ends.gather(bins["bin"] + 1).alias("to"), "pairs",
                       "said", "true")  # fmt: skip


def connected(records: int, pairs: pl.DataFrame, thresholds: Sequence[float]) -> Iterator[tuple[float, Labels]]:
    """Connected components of the pairs (left, right, probability) at or above each threshold, the highest first."""
    labels: Labels = np.arange(records, dtype=np.int64)
    above = np.inf
    for threshold in sorted(thresholds, reverse=True):
        probability = pl.col("probability")
        fresh = pairs.filter((probability >= threshold) & (probability < above))
        joined = pl.DataFrame({side: labels[fresh[side].to_numpy()] for side in ("left", "right")})
        labels = components(records, joined)[labels]
        above = threshold
        yield threshold, labels


def _counted(found: pl.Series | Labels, truth: pl.Series) -> pl.DataFrame:
    frame = pl.DataFrame({"found": labels_of(found), "truth": labels_of(truth)})
    return frame.filter(truth.is_not_null())


def _pairs(frame: pl.DataFrame, *by: str) -> int:
    size = pl.col("len").cast(pl.Int64)
    return int(frame.group_by(by).len().select((size * (size - 1) // 2).sum()).item())


def _groups(labels: pl.Series) -> int:
    """Of two records and more."""
    return int((labels.value_counts()["count"] > 1).sum())
