"""From a table and the kinds of its columns to the probability of every candidate pair."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from hygiene.linkage.agglomerate import agglomerate
from hygiene.linkage.classes import Learned, Real, learn
from hygiene.linkage.codes import Rows
from hygiene.linkage.columns import KINDS, prepared
from hygiene.linkage.comparison import Compared, Comparison
from hygiene.linkage.hashes import contents
from hygiene.linkage.loss import blocking_loss
from hygiene.linkage.model import Model
from hygiene.linkage.pairs import Candidates, Part, candidate_pairs
from hygiene.linkage.workers import at_once

__all__ = ["KINDS", "Linked", "Partners", "link", "link_between", "link_keys", "prepared", "random_pairs"]
RANDOM_PAIRS = 20_000
# Of the rows with a partner so large a share are copies of another at most, and so large a share of the pairs contend
# for a row, where a table has each entity once.
COPIES, CONTESTED = 0.01, 0.1


@dataclass(frozen=True, slots=True)
class Linked:
    """Candidate pairs with their probability, the comparisons behind it and the model that weighed them.

    `blocking_loss` is the estimated share (0 to 1) of true pairs that are no candidates, as `loss.blocking_loss` has
    it: 0 where every pair was compared, None where only some were asked for.
    """

    keys: pl.DataFrame
    candidates: Candidates
    probability: Real
    compared: tuple[Compared, ...]
    learned: Learned | None  # None where there was no pair to learn from
    blocking_loss: float | None

    @property
    def left(self) -> Rows:
        return self.candidates.left

    @property
    def right(self) -> Rows:
        return self.candidates.right

    def clusters(self, threshold: float = 0.5) -> npt.NDArray[np.int64]:
        """For each record the smallest row of its cluster."""
        return agglomerate(
            len(self.keys), self.left, self.right, self.probability,
            threshold=threshold, twins=self.candidates.twins, contents=lambda rows: contents(self.keys[rows]),
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Partners:
    """Two tables against each other: `linked` counts the rows of the second on from `boundary`, the first's length."""

    boundary: int
    linked: Linked

    def pairs(self, threshold: float = 0.5, *, one_to_one: bool | None = None) -> pl.DataFrame:
        """Columns left, right (rows of each table, u32) and probability, the surest first.

        With `one_to_one` no row stands in two pairs: of those that compete the surest stays. None lets the tables
        decide, as `uncontested` has it.
        """
        kept = self.linked.probability >= threshold
        right = self.linked.right[kept] - np.uint32(self.boundary)
        found = pl.DataFrame(
            {"left": self.linked.left[kept], "right": right, "probability": self.linked.probability[kept]}
        ).sort("probability", "left", "right", descending=[True, False, False])
        return self.uncontested(found, one_to_one=one_to_one)

    def uncontested(self, found: pl.DataFrame, *, one_to_one: bool | None = None) -> pl.DataFrame:
        """Of pairs in order (columns left, right) those of which neither row stands in an earlier pair that was kept.

        Unless told, only where both tables have each entity once by the look of it: of the rows with a partner hardly
        one is a copy of another, and few stand in two pairs. Otherwise all of them.
        """
        if one_to_one is None:
            tables = {"left": self.linked.keys[: self.boundary], "right": self.linked.keys[self.boundary :]}
            one_to_one = all(_has_each_once(table, found[side]) for side, table in tables.items())
        return found.filter(_undisputed(found)) if one_to_one else found

    def best(self, threshold: float = 0.5) -> pl.DataFrame:
        """The surest partner of each row of the first table that has one; columns as for `pairs`, by left."""
        return self.pairs(threshold, one_to_one=False).unique("left", keep="first", maintain_order=True).sort("left")


def _has_each_once(table: pl.DataFrame, partnered: pl.Series) -> bool:
    rows = partnered.unique()
    different = len(np.unique(contents(table[rows])))
    return different >= (1 - COPIES) * len(rows) and len(rows) >= (1 - CONTESTED) * len(partnered)


def _undisputed(found: pl.DataFrame) -> pl.Series:
    ours: set[int] = set()
    theirs: set[int] = set()
    kept = []
    for left, right in found.select("left", "right").iter_rows():
        is_free = left not in ours and right not in theirs
        kept.append(is_free)
        if is_free:
            ours.add(left)
            theirs.add(right)
    return pl.Series(kept, dtype=pl.Boolean)


def link(table: pl.DataFrame, kinds: Mapping[str, str], *, seed: int = 1, model: Model | None = None) -> Linked:
    """Compare the records of a table with each other, by weights learned from them or by those of a model.

    `kinds` says of each column to compare what it holds, one of KINDS. ValueError for another kind, when no column is
    named, and for a model of other comparisons.
    """
    _check(kinds)
    return link_keys(*prepared(table, kinds, None if model is None else model.terms), seed=seed, model=model)


def link_between(left: pl.DataFrame, right: pl.DataFrame, kinds: Mapping[str, str], *, seed: int = 1) -> Partners:
    """Compare the records of one table with those of another; `kinds` as for `link`, of columns that both have."""
    columns = list(kinds)
    both = pl.concat([table.select(pl.col(columns).cast(pl.String)) for table in (left, right)])
    _check(kinds)
    keys, comparisons = prepared(both, kinds)
    return Partners(len(left), link_keys(keys, comparisons, seed=seed, between=len(left)))


def _check(kinds: Mapping[str, str]) -> None:
    if unknown := sorted(set(kinds.values()) - set(KINDS)):
        raise ValueError(f"there is no kind {unknown[0]!r}; kinds are {', '.join(KINDS)}")
    if not kinds:
        raise ValueError("name at least one column and what it holds")


def link_keys(
    keys: pl.DataFrame,
    comparisons: Sequence[Comparison],
    *,
    seed: int = 1,
    between: int | None = None,
    model: Model | None = None,
    part: Part | None = None,
    keep: bool = False,
) -> Linked:
    """Compare records by keys that are folded already; with `between` only those before this row with the others.

    Given a model, nothing is learned: the comparisons must have been made with its terms. `part` says which pairs to
    compare where the records are some of many; with `keep` the block keys are kept.
    """
    skewed = None if model is None else np.array(model.skewed, np.uint64)
    candidates = candidate_pairs(keys, comparisons, skewed=skewed, between=between, part=part, keep=keep)
    left, right = candidates.left, candidates.right
    compared = tuple(at_once(lambda comparison: comparison.compare(left, right), comparisons))
    if model is not None:
        probability = model.weigh(compared)
        loss = None if part is not None else blocking_loss(keys, comparisons, candidates, probability)
        return Linked(keys, candidates, probability, compared, model.learned, loss)
    if not len(left):
        return Linked(keys, candidates, np.zeros(0), compared, None, 0.0)
    one, other = random_pairs(candidates.order, seed, between)
    chance = [comparison.compare(one, other) for comparison in comparisons]
    larger = len(keys) if between is None else max(between, len(keys) - between)
    pairs = len(keys) * (len(keys) - 1) / 2 if between is None else between * (len(keys) - between)
    learned, probability = learn(compared, chance, larger, pairs)
    loss = blocking_loss(keys, comparisons, candidates, probability)
    return Linked(keys, candidates, probability, compared, learned, loss)


def random_pairs(order: Rows, seed: int, between: int | None = None) -> tuple[Rows, Rows]:
    """Pairs of different rows, drawn by chance; with `between` one from before this row and one from behind it.

    `order` has all rows in an order that comes from what is in them: then the same pairs are drawn from any order.
    """
    chance = np.random.default_rng(seed)
    ours, theirs = (order, order) if between is None else (order[order < between], order[order >= between])
    one, other = (rows[chance.integers(0, len(rows), RANDOM_PAIRS)] for rows in (ours, theirs))
    apart = one != other
    return one[apart], other[apart]
