"""Match the rows of files, with each other or with those of another file, without a project or a store."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from hygiene.linkage.link import Linked, Partners, link_keys, prepared
from hygiene.linkage.reasons import reasons
from hygiene.linkage.verdicts import Pair, clusters_with
from sync.files import File, Rows, free_name, rows_of

Places = npt.NDArray[np.int64]
# What is likelier or less likely than this needs nobody to look at it.
UNSURE = (0.1, 0.9)
_DIGITS = 4
_TOLD = "a person decided: same"


@dataclass(frozen=True, slots=True)
class Answers:
    """What people said about pairs of rows (from 0, smaller first)."""

    same: tuple[Pair, ...] = ()
    different: tuple[Pair, ...] = ()


@dataclass(frozen=True, slots=True)
class Matched:
    """Rows that are one entity: `cluster` (smallest row), `probability` and `reason` of each row's strongest link."""

    rows: Rows
    linked: Linked
    clusters: Places
    links: pl.DataFrame
    threshold: float

    @property
    def entities(self) -> int:
        return int(np.count_nonzero(self.clusters == np.arange(len(self.clusters))))

    @property
    def groups(self) -> int:
        """Entities with more than one row."""
        return int(np.count_nonzero(np.bincount(self.clusters, minlength=1) > 1))

    @property
    def unsure(self) -> Places:
        """Pairs (places in `linked`) that a look would decide: neither sure nor settled by stronger evidence."""
        probability = self.linked.probability
        open_pairs = np.flatnonzero((probability >= UNSURE[0]) & (probability < UNSURE[1]))
        left, right = self.linked.left[open_pairs], self.linked.right[open_pairs]
        strongest = np.zeros(len(self.clusters))
        strongest[self.links["row"].to_numpy()] = self.links["probability"].to_numpy()
        held = np.minimum(strongest[left], strongest[right])
        settled = (self.clusters[left] == self.clusters[right]) & (held > probability[open_pairs])
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
    """Pairs of a row of the left file and one of the right, both from 0, with probability and reason, surest first."""

    left: Rows
    right: Rows
    linked: Linked
    pairs: pl.DataFrame

    @property
    def table(self) -> pl.DataFrame:
        """The pairs with their rows from 1 and the values that were compared side by side."""
        numbers = self.pairs.select(
            (pl.col("left") + 1).alias("left_row"), (pl.col("right") + 1).alias("right_row"), "probability", "reason"
        )
        sides = {"left": self.left.frame[self.pairs["left"]], "right": self.right.frame[self.pairs["right"]]}
        values = [
            frame[name].alias(f"{side} {name}") for name in self.left.frame.columns for side, frame in sides.items()
        ]
        return numbers.with_columns(values)


def match_rows(files: Sequence[File], answers: Answers | None = None, *, threshold: float = 0.5) -> Matched:
    """Find the rows of the files that describe one entity. InputError when no column tells rows apart."""
    rows = rows_of(files)
    answers = answers or Answers()
    linked = link_keys(*prepared(rows.frame, rows.kinds))
    clusters = clusters_with(linked, answers.same, answers.different, threshold=threshold)
    return Matched(rows, linked, clusters, _links(linked, clusters, answers.same), threshold)


def compare_files(left: File, right: File, *, threshold: float = 0.5, one_to_one: bool = False) -> Compared:
    """Find the rows of one file that describe the same entity as a row of the other."""
    both = rows_of((left, right), shared=True)
    boundary = left.frame.height
    linked = link_keys(*prepared(both.frame, both.kinds), between=boundary)
    pairs = Partners(boundary, linked).pairs(threshold, one_to_one=one_to_one)
    sides = [Rows((file,), frame, both.kinds) for file, frame in
             ((left, both.frame[:boundary]), (right, both.frame[boundary:]))]  # fmt: skip
    return Compared(sides[0], sides[1], linked, _explained(pairs, linked, boundary))


def _links(linked: Linked, clusters: Places, same: Sequence[Pair]) -> pl.DataFrame:
    """Each row's strongest link within its cluster: row, other, probability, reason; a row alone has none."""
    inside = np.flatnonzero(clusters[linked.left] == clusters[linked.right])
    pairs = pl.DataFrame(
        {"left": linked.left[inside], "right": linked.right[inside], "probability": linked.probability[inside]}
    ).with_columns(pl.Series("at", inside, dtype=pl.Int64))
    told = [pair for pair in same if clusters[pair[0]] == clusters[pair[1]]]
    spoken = pl.DataFrame(told, schema={"left": pl.UInt32, "right": pl.UInt32}, orient="row").with_columns(
        pl.lit(1.0).alias("probability"), pl.lit(-1, pl.Int64).alias("at")
    )
    every = pl.concat([spoken, pairs])
    every = every.with_columns(pl.col("probability").round(_DIGITS))
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
    return pairs.with_columns(pl.col("probability").round(_DIGITS), _reasons(linked, placed["at"]))
