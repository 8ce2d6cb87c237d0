"""Columns as codes of their distinct values, so that everything is worked out once per value or pair of values."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import polars as pl
from rapidfuzz import process
from rapidfuzz.distance import OSA, JaroWinkler

from hygiene.linkage.hashes import Hashes, combined

Rows = npt.NDArray[np.uint32]
Codes = npt.NDArray[np.int64]
SmallCodes = npt.NDArray[np.int32]
Levels = npt.NDArray[np.uint8]
Chance = npt.NDArray[np.float64]
Floats = npt.NDArray[np.float32]
Texts = Sequence[str]
NOTHING = 0
_SEED = 1
TERM = pl.Schema({"value": pl.String, "count": pl.Int64})
# Fewer records than this are taken for a sample of as many: two of two with one name are no proof that it is common.
POPULATION = 1_000
# So many pairs at a time, that what is worked on is no more than memory is kept for.
_PART = 1 << 19


@dataclass(frozen=True, slots=True)
class Terms:
    """How often values occur among the `records` that a model was learned from: by column a frame of value and count,
    sorted by value. One that is not listed counts once."""

    records: int
    counts: Mapping[str, pl.DataFrame]


@dataclass(frozen=True)
class Coded:
    """A text column and the hashes of its texts, 0 where there is nothing. `terms` are the counts by which its values
    are judged where these rows are not the ones to count."""

    column: pl.Series
    hashes: Hashes
    terms: Terms | None = None

    @classmethod
    def of(cls, column: pl.Series, terms: Terms | None = None) -> Coded:
        # These are not kept: the hash of one version of polars will do.
        found = column.hash(_SEED).to_numpy()
        missing = column.is_null().to_numpy()
        return cls(column, np.where(missing, np.uint64(0), found), terms)

    @property
    def name(self) -> str:
        return self.column.name

    @cached_property
    def _coding(self) -> tuple[SmallCodes, SmallCodes]:
        order = np.argsort(self.hashes)
        order = order[np.searchsorted(self.hashes, np.uint64(1), sorter=order) :]
        ordered = self.hashes[order]
        is_new = np.ones(len(order), bool)
        is_new[1:] = ordered[1:] != ordered[:-1]
        codes = np.full(len(self.hashes), -1, np.int32)
        codes[order] = np.cumsum(is_new, dtype=np.int32) - 1
        return codes, order[is_new].astype(np.int32)

    @property
    def codes(self) -> SmallCodes:
        """For each row the place of its value in `values`, -1 where there is nothing."""
        return self._coding[0]

    @cached_property
    def distinct(self) -> pl.Series:
        """Each value once, in the order of their hashes."""
        return self.column.gather(self._coding[1])

    @cached_property
    def values(self) -> list[str]:
        return self.distinct.to_list()

    @cached_property
    def records(self) -> int:
        """How many records the counts are of."""
        return max(len(self.column) if self.terms is None else self.terms.records, POPULATION)

    @cached_property
    def counts(self) -> npt.NDArray[np.int64]:
        """How often each value occurs."""
        if self.terms is None:
            return np.bincount(self.codes[self.codes >= 0], minlength=len(self.distinct))
        values = self.distinct.cast(pl.String).to_frame("value")
        known = values.join(self.terms.counts[self.name], on="value", how="left", maintain_order="left")
        return known["count"].fill_null(1).cast(pl.Int64).to_numpy()

    def repeated(self) -> pl.DataFrame:
        """The values that occur more than once with their counts, sorted by value: what `Terms` keep of a column."""
        often = np.flatnonzero(self.counts > 1)
        frame = pl.DataFrame({"value": self.distinct.gather(often), "count": self.counts[often]}, schema=TERM)
        return frame.sort("value")

    def frequency(self, rows: Rows) -> npt.NDArray[np.int64]:
        """How many records hold the value of each of these rows; 0 where it has none."""
        codes = self.codes[rows]
        counted = self.counts[np.maximum(codes, 0)] if len(self.distinct) else np.zeros(len(codes), np.int64)
        return np.where(codes >= 0, counted, 0)

    def chance(self, level_of: Callable[[npt.NDArray[np.int64]], npt.NDArray[np.int64]], size: int) -> Chance:
        """How often two random records share a value, by the level (1 to `size`) that a value of its count has."""
        shares = (self.counts / max(self.records, 1)) ** 2
        return np.maximum(np.bincount(level_of(self.counts), weights=shares, minlength=size + 1)[1:], 1e-12)

    def shares(self, level_of: Callable[[npt.NDArray[np.int64]], npt.NDArray[np.int64]], size: int) -> Chance:
        """The share of records by the level (1 to `size`) that their value has."""
        held = np.bincount(level_of(self.counts), weights=self.counts, minlength=size + 1)[1:] + 1e-3
        return np.asarray(held / held.sum())

    def levels(
        self,
        left: Rows,
        right: Rows,
        unequal: Callable[[Texts, Texts], Levels],
        *,
        same: int = 1,
        apart: tuple[int, int] | None = None,
    ) -> Levels:
        """NOTHING where a side is empty, `same` for equal values, else what `unequal` says of each distinct pair.

        With `apart` texts of which one is longer by more letters than its first number have its second as level.
        """
        found = np.empty(len(left), np.uint8)
        for at in range(0, len(left), _PART):
            part = slice(at, at + _PART)
            found[part] = self._levels(left[part], right[part], unequal, same, apart)
        return found

    def _levels(
        self,
        left: Rows,
        right: Rows,
        unequal: Callable[[Texts, Texts], Levels],
        same: int,
        apart: tuple[int, int] | None,
    ) -> Levels:
        ours, theirs = self.hashes[left], self.hashes[right]
        both = (ours != 0) & (theirs != 0)
        found = np.where(both, np.uint8(same), np.uint8(NOTHING))
        differ = np.flatnonzero(both & (ours != theirs))
        if apart is not None:
            most, level = apart
            found[differ] = level
            differ = differ[np.abs(self._sizes[left[differ]] - self._sizes[right[differ]]) <= most]
        if len(differ):
            turned, pair = ours[differ] > theirs[differ], (left[differ], right[differ])
            one, other = (np.where(turned, *sides) for sides in (pair[::-1], pair))
            some, place = _distinct(combined([self.hashes[one], self.hashes[other]], (0, 1)))
            found[differ] = unequal(*(self.column.gather(rows[some]).to_list() for rows in (one, other)))[place]
        return found

    @cached_property
    def _sizes(self) -> SmallCodes:
        return self.column.str.len_chars().fill_null(0).cast(pl.Int32).to_numpy()

    def given(self, rows: Rows) -> npt.NDArray[np.bool_]:
        """True where a row has a value."""
        return np.asarray(self.hashes[rows] != 0)

    def equal(self, left: Rows, right: Rows) -> npt.NDArray[np.bool_]:
        """True where both have a value and it is the same."""
        ours = self.hashes[left]
        return np.asarray((ours == self.hashes[right]) & (ours != 0))

    def mapped(self, function: Callable[[pl.Series], pl.Series]) -> pl.Series:
        """The column with each value replaced by what `function`, which sees each once, makes of it; null for null."""
        # In one chunk: from several it would be gathered far more slowly.
        answers = function(self.distinct).extend_constant(None, 1).rechunk()
        return answers.gather(np.where(self.codes < 0, len(self.distinct), self.codes)).alias(self.name)


def _distinct(numbers: Hashes) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Where each number stands for the first time it is looked at, and the place of every one among these."""
    order = np.argsort(numbers)
    ordered = numbers[order]
    is_new = np.ones(len(ordered), bool)
    is_new[1:] = ordered[1:] != ordered[:-1]
    place = np.empty(len(numbers), np.int64)
    place[order] = np.cumsum(is_new) - 1
    return order[is_new], place


def distances(left: Texts, right: Texts, *, cutoff: int = 2) -> npt.NDArray[np.int32]:
    """Keystrokes between the texts of each pair (transpositions count one); more than `cutoff` is `cutoff` + 1."""
    found: npt.NDArray[np.int32] = process.cpdist(
        left, right, scorer=OSA.distance, score_cutoff=cutoff, dtype=np.int32, workers=-1
    )
    return found


def similarities(left: Texts, right: Texts, *, least: float = 0.0) -> Floats:
    """Jaro-Winkler similarity of each pair, 0 to 1; 0 where it is below `least`."""
    found: Floats = process.cpdist(
        left, right, scorer=JaroWinkler.normalized_similarity, score_cutoff=least, dtype=np.float32, workers=-1
    )
    return found


def rarity(expected: npt.NDArray[np.float64], buckets: int) -> npt.NDArray[np.int64]:
    """Buckets of two powers of two of how many records would share a value by chance: 0 rare, `buckets` - 1 common."""
    scaled = np.floor(np.log2(np.maximum(expected, 1e-9)) / 2).astype(np.int64) + buckets // 2
    return np.clip(scaled, 0, buckets - 1)
