"""Match the rows of files, with each other or with those of another file, without a project or a store."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from hygiene.linkage.answers import refined
from hygiene.linkage.classes import weigh
from hygiene.linkage.comparison import Comparison
from hygiene.linkage.link import Linked, Partners, link_keys, prepared
from hygiene.linkage.reasons import reasons
from hygiene.linkage.verdicts import clusters_with
from sync.files import File, Rows, free_name, rows_of
from sync.files_answers import Answers, Names, Pair, read_answers

Places = npt.NDArray[np.int64]
# What is likelier or less likely than this needs nobody to look at it.
UNSURE = (0.1, 0.9)
DIGITS = 4
SIDES = ("left", "right")
# The place of a pair that a person decided.
_BY_PERSON = -1
_TOLD = "a person decided: same"


@dataclass(frozen=True, slots=True)
class Matched:
    """Rows that are one entity: `cluster` (smallest row), `probability` and `reason` of each row's strongest link."""

    rows: Rows
    names: Names
    answers: Answers
    linked: Linked
    clusters: Places
    links: pl.DataFrame

    @property
    def lost(self) -> float:
        """The share (0 to 1) of true pairs that were never compared, as estimated."""
        return self.linked.blocking_loss or 0.0

    @property
    def entities(self) -> int:
        return int(np.count_nonzero(self.clusters == np.arange(len(self.clusters))))

    @property
    def groups(self) -> int:
        """Entities with more than one row."""
        return int(np.count_nonzero(np.bincount(self.clusters, minlength=1) > 1))

    @property
    def unsure(self) -> Places:
        """Pairs (places in `linked`) that a look would decide: neither sure, nor settled by stronger evidence, nor by
        a person."""
        probability = self.linked.probability
        open_pairs = np.flatnonzero((probability >= UNSURE[0]) & (probability < UNSURE[1]))
        left, right = self.linked.left[open_pairs], self.linked.right[open_pairs]
        strongest = np.zeros(len(self.clusters))
        strongest[self.links["row"].to_numpy()] = self.links["probability"].to_numpy()
        held = np.minimum(strongest[left], strongest[right])
        settled = (self.clusters[left] == self.clusters[right]) & (held > probability[open_pairs])
        told = {*self.answers.same, *self.answers.different}
        pairs = zip(left.tolist(), right.tolist(), strict=True)
        settled |= np.fromiter((pair in told for pair in pairs), bool, len(settled))
        undecided: Places = open_pairs[~settled]
        return undecided

    @property
    def table(self) -> pl.DataFrame:
        """The rows as they are, with row, cluster, probability and reason in front."""
        whole = self.rows.whole
        added = _said(self)
        return pl.concat([added.rename({name: free_name(name, whole.columns) for name in added.columns}), whole],
                         how="horizontal")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Compared:
    """Pairs of a row of the left file and one of the right, both from 0, with probability and reason, surest first.

    `lost` is the share (0 to 1) of true pairs that were never compared, as estimated.
    """

    left: Rows
    right: Rows
    names: tuple[Names, Names]
    pairs: pl.DataFrame
    lost: float

    @property
    def table(self) -> pl.DataFrame:
        """The pairs with what their rows are called, and the values that were compared side by side."""
        called = [names.of(self.pairs[side]).alias(side) for side, names in zip(SIDES, self.names, strict=True)]
        values = beside(self.left.frame[self.pairs["left"]], self.right.frame[self.pairs["right"]])
        return pl.concat([self.pairs.with_columns(called), values], how="horizontal")


def beside(left: pl.DataFrame, right: pl.DataFrame) -> pl.DataFrame:
    """The columns of two frames in turn, called "left Name" and "right Name"."""
    return pl.DataFrame(
        [frame[name].alias(f"{side} {name}") for name in left.columns
         for side, frame in zip(SIDES, (left, right), strict=True)]
    )  # fmt: skip


def match_files(
    files: Sequence[File], *, threshold: float = 0.5, verdicts: Path | None = None, key: str | None = None
) -> Matched:
    """Find the rows of the files that describe one entity, in agreement with what people said in `verdicts`.

    Its rows go by their numbers, or by the column `key`. InputError when no column tells rows apart.
    """
    rows = rows_of(files)
    names = Names(rows, key)
    answers = read_answers(verdicts, names) if verdicts else Answers()
    keys, comparisons = prepared(rows.frame, rows.kinds)
    linked = _taught(link_keys(keys, comparisons), comparisons, answers)
    clusters = clusters_with(linked, answers.same, answers.different, threshold=threshold)
    return Matched(rows, names, answers, linked, clusters, _links(linked, clusters, answers.same))


def compare_files(
    left: File,
    right: File,
    *,
    threshold: float = 0.5,
    one_to_one: bool | None = None,
    verdicts: Path | None = None,
    key: str | None = None,
) -> Compared:
    """Find the rows of one file that describe the same entity as a row of the other; the rest as for `match_files`."""
    both = rows_of((left, right), shared=True)
    boundary = left.frame.height
    sides = [Rows((file,), frame, both.kinds) for file, frame in
             ((left, both.frame[:boundary]), (right, both.frame[boundary:]))]  # fmt: skip
    names = Names(sides[0], key), Names(sides[1], key)
    answers = read_answers(verdicts, *names) if verdicts else Answers()
    keys, comparisons = prepared(both.frame, both.kinds)
    linked = _taught(link_keys(keys, comparisons, between=boundary), comparisons, answers, boundary)
    partners = Partners(boundary, linked)
    found = _obeying(partners.pairs(threshold, one_to_one=False), answers)
    found = partners.uncontested(found, one_to_one=one_to_one)
    return Compared(sides[0], sides[1], names, _explained(found, linked, boundary), linked.blocking_loss or 0.0)


def _taught(linked: Linked, comparisons: Sequence[Comparison], answers: Answers, boundary: int = 0) -> Linked:
    """The pairs weighed anew by what the answers teach; the right rows of the answers count from `boundary`."""
    told = [*answers.same, *answers.different]
    if not told or linked.learned is None:
        return linked
    left, right = np.array(told, np.uint32).T
    right = right + np.uint32(boundary)
    asked = [comparison.compare(left, right) for comparison in comparisons]
    is_same = np.arange(len(told)) < len(answers.same)
    learned = refined(linked.learned, asked, is_same)
    return replace(linked, learned=learned, probability=weigh(learned, linked.compared))


def _obeying(found: pl.DataFrame, answers: Answers) -> pl.DataFrame:
    """The pairs without those that a person called different, and first of all those `told` to be the same."""
    same, different = (pl.DataFrame(pairs, {"left": pl.UInt32, "right": pl.UInt32}, orient="row")
                       for pairs in (answers.same, answers.different))  # fmt: skip
    kept = found.join(pl.concat([same, different]), on=["left", "right"], how="anti", maintain_order="left")
    told = same.with_columns(pl.lit(1.0).alias("probability"), told=pl.lit(value=True))
    return pl.concat([told, kept.with_columns(told=pl.lit(value=False))])


def _links(linked: Linked, clusters: Places, same: Sequence[Pair]) -> pl.DataFrame:
    """Each row's strongest link within its cluster: row, other, probability, reason; a row alone has none."""
    inside = np.flatnonzero(clusters[linked.left] == clusters[linked.right])
    pairs = pl.DataFrame(
        {"left": linked.left[inside], "right": linked.right[inside], "probability": linked.probability[inside]}
    ).with_columns(pl.Series("at", inside, dtype=pl.Int64))
    told = [pair for pair in same if clusters[pair[0]] == clusters[pair[1]]]
    spoken = pl.DataFrame(told, schema={"left": pl.UInt32, "right": pl.UInt32}, orient="row").with_columns(
        pl.lit(1.0).alias("probability"), pl.lit(_BY_PERSON, pl.Int64).alias("at")
    )
    every = pl.concat([spoken, pairs])
    every = every.with_columns(pl.col("probability").round(DIGITS))
    turned = every.select(pl.col("left").alias("row"), pl.col("right").alias("other"), "probability", "at")
    back = every.select(pl.col("right").alias("row"), pl.col("left").alias("other"), "probability", "at")
    ordered = pl.concat([turned, back]).sort(["row", "probability", "at"], descending=[False, True, False])
    best = ordered.unique("row", keep="first", maintain_order=True)
    return best.with_columns(_reasons(linked, best["at"])).drop("at")


def _reasons(linked: Linked, places: pl.Series) -> pl.Series:
    at = places.to_numpy()
    found = pl.Series("reason", [_TOLD], dtype=pl.String).new_from_index(0, len(at))
    learned = at >= 0
    if linked.learned is None or not learned.any():
        return found
    return found.scatter(np.flatnonzero(learned), reasons(linked.learned, linked.compared, at[learned]))


def _said(matched: Matched) -> pl.DataFrame:
    """For each row: row, cluster, probability and reason, null where it stands alone."""
    rows = pl.DataFrame({"row": np.arange(1, len(matched.clusters) + 1), "cluster": matched.clusters + 1})
    links = matched.links.select(
        (pl.col("row") + 1).cast(pl.Int64), "probability", pl.format("{} (row {})", "reason", pl.col("other") + 1)
        .alias("reason")
    )  # fmt: skip
    return rows.join(links, on="row", how="left", maintain_order="left").with_columns(
        pl.format("c{}", "cluster").alias("cluster")
    )


def _explained(pairs: pl.DataFrame, linked: Linked, boundary: int) -> pl.DataFrame:
    """Pairs of two tables with their reasons."""
    right = linked.right - np.uint32(boundary)
    places = pl.DataFrame({"left": linked.left, "right": right, "at": np.arange(len(right))})
    placed = pairs.join(places, on=["left", "right"], how="left", maintain_order="left")
    at = placed.select(pl.when("told").then(_BY_PERSON).otherwise("at")).to_series()
    return pairs.drop("told").with_columns(pl.col("probability").round(DIGITS), _reasons(linked, at))
