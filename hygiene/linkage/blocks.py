"""Block keys: one number per record and way of blocking, made of nothing but the record and the list of skewed keys.

A way of blocking is one fine key, or two coarse keys of different families. A key that more than `MOST_IN_BLOCK`
records share, or fewer where there are millions, is skewed: its records are told apart by a further key, those still
too many by one more, and so on through all keys there are and last by the whole record. Once the skewed keys are known,
and a model keeps them, the key of a record does not depend on which other records there are, nor on their order: new
records find the stored ones that a run over all of them would pair them with.

Records that are the same throughout, and too many, are twins: the first stands for all, the others are paired with it
only.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from hygiene.linkage.codes import Rows
from hygiene.linkage.comparison import Comparison
from hygiene.linkage.hashes import Hashes, combined, contents, factor, hashes, mixed
from hygiene.linkage.workers import at_once

MOST_IN_BLOCK, LEAST_IN_BLOCK = 40, 6
# Where pairs are more than these, blocks are split while they are smaller: pairs must not outgrow the records.
MANY_PAIRS, PAIRS_PER_RECORD = 2_000_000, 2.0
# Blocks whose key has none of these bits stand for all of them.
_SOME = np.uint64(15)
NONE = np.zeros(0, np.uint64)
Places = npt.NDArray[np.int64]
_GLANCE = 22
_REST = np.uint64(64 - _GLANCE)


@dataclass(frozen=True, slots=True)
class _Plan:
    """Expressions by number: all `parts` must be there, `splits` tell the records of a skewed key apart. `others` are
    further keys that a record has by the same right as a single part."""

    parts: tuple[int, ...]
    splits: tuple[int, ...]
    others: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class _Ways:
    """All key expressions with their families, the numbers of those that count together with others, and all ways of
    blocking."""

    expressions: list[pl.Expr]
    families: list[str]
    coarse: list[int]
    plans: list[_Plan]


class Blocks:
    """The block keys of the records of a frame of folded keys.

    `skewed` are the skewed keys of a model, sorted; without them they are found here, by counting. `known` are keys of
    twins of which the first is among other records already. With `between`, the rows before it are one table and the
    others a second, and twins have a first in each.
    """

    def __init__(
        self,
        keys: pl.DataFrame,
        comparisons: Sequence[Comparison],
        skewed: Hashes | None = None,
        *,
        most: int | None = None,
        known: Hashes = NONE,
        between: int | None = None,
    ) -> None:
        self._keys, self._given = keys, skewed
        self._found: list[Hashes] = []
        self._ways = _planned(comparisons)
        shown = keys.select(expression.alias(str(at)) for at, expression in enumerate(self._ways.expressions))
        self._columns = at_once(hashes, shown) or [np.zeros(len(keys), np.uint64)]
        self._most = most or self._affordable()
        # A number for all block keys of each record.
        self.alike = combined(self._columns, range(len(self._columns)))
        self.twins = self._twins(known, between)
        self._every = np.arange(len(keys), dtype=np.uint32)
        self._is_later = np.zeros(len(keys), bool)
        self._is_later[self.twins.filter(~pl.col("is_first"))["row"].to_numpy()] = True

    def __iter__(self) -> Iterator[tuple[Rows, Hashes]]:
        """For each way of blocking the rows and the key of each, 0 where it has none."""
        return map(self.keys, range(len(self)))

    def __len__(self) -> int:
        return len(self._ways.plans)

    @property
    def skewed(self) -> Hashes:
        """All skewed keys, sorted; those found here are complete when every way of blocking was gone through."""
        return self._given if self._given is not None else np.unique(np.concatenate([NONE, *self._found]))

    def table(self) -> pl.DataFrame:
        """Columns row (u32) and key (u64). Records with a key in common are candidates; of those that share a skewed
        key, which only twins have, the first with each other one."""
        return block_table(self.twins, self)

    def _affordable(self) -> int:
        """Of how many records a block may be for all pairs to be at most `PAIRS_PER_RECORD`, by some of the blocks."""
        if self._given is not None:
            return MOST_IN_BLOCK
        pairs = np.zeros(MOST_IN_BLOCK + 1)
        for plan in self._ways.plans:
            key = self._whole(plan)
            some = np.sort(key[(key & _SOME == 0) & (key != 0)])
            sizes = np.diff(np.flatnonzero(np.concatenate([[True], some[1:] != some[:-1], [True]])))
            sizes = sizes[sizes <= MOST_IN_BLOCK]
            pairs += np.bincount(sizes, sizes * (sizes - 1) / 2, MOST_IN_BLOCK + 1)
        budget = max(PAIRS_PER_RECORD * len(self._keys), MANY_PAIRS)
        fits = np.cumsum(pairs) * (int(_SOME) + 1) <= budget
        return max(LEAST_IN_BLOCK, int(fits.sum()) - 1)

    def _whole(self, plan: _Plan) -> Hashes:
        key = combined(self._columns, plan.parts)
        for part in plan.parts:
            key[self._columns[part] == 0] = 0
        return key

    def _twins(self, known: Hashes, between: int | None) -> pl.DataFrame:
        """Columns row, key and is_first of the records that are the same throughout as too many others."""
        rows = self._among(self.alike)
        keys = mixed(self.alike[rows] + contents(self._keys[rows]))
        repeated = self._among(keys)
        found = pl.DataFrame({"row": rows[repeated].astype(np.uint32), "key": keys[repeated]})
        side = pl.col("row") >= (between or 0)
        is_first = (pl.col("row") == pl.col("row").min().over("key", side)) & ~pl.col("key").is_in(known.tolist())
        return found.with_columns(is_first.alias("is_first"))

    def keys(self, way: int) -> tuple[Rows, Hashes]:
        """For one way of blocking, by its number, the rows and the key of each, 0 where it has none."""
        plan = self._ways.plans[way]
        key = self._whole(plan)
        rows = self._every
        if plan.others:
            key = self._with_others(plan, key)
            rows = np.tile(rows, 1 + len(plan.others))
        key[self._is_later[rows]] = 0
        at = self._among(key)
        for split in plan.splits:
            key[at] = mixed(key[at] + self._columns[split][rows[at]] * factor(split))
            at = at[self._among(key[at])]
        key[at] = mixed(key[at] + contents(self._keys[rows[at]]))
        return rows, key

    def agreed(self, one: Places, other: Places) -> Iterator[tuple[str, bool, npt.NDArray[np.bool_]]]:
        """For each coarse key, then for each way of blocking by one family: the family, whether the key suffices, and
        which of these pairs of rows agree in it."""
        for at in self._ways.coarse:
            yield self._ways.families[at], False, _equal(self._columns[at], one, other)
        for way, plan in enumerate(self._ways.plans):
            if len(plan.parts) == 1:
                keys = self.keys(way)[1].reshape(-1, len(self._keys))
                same = [_equal(ours, one, other, theirs) for ours in keys for theirs in keys]
                yield self._ways.families[plan.parts[0]], True, np.logical_or.reduce(same)

    def _with_others(self, plan: _Plan, key: Hashes) -> Hashes:
        """The keys of all records, then their further ones; what a record has already is 0."""
        found = [key]
        for other in plan.others:
            more = mixed(self._columns[other] * factor(plan.parts[0]))
            more[self._columns[other] == 0] = 0
            for before in found:
                more[more == before] = 0
            found.append(more)
        return np.concatenate(found)

    def _among(self, keys: Hashes) -> Places:
        """Where keys are skewed."""
        skewed = self._given
        if skewed is None:
            ordered = np.sort(keys)
            many = ordered[self._most :] == ordered[: -self._most]
            skewed = np.unique(ordered[self._most :][many])
            skewed = skewed[skewed != 0]
            self._found.append(skewed)
        return where(keys, skewed)


def block_table(twins: pl.DataFrame, keyed: Iterable[tuple[Rows, Hashes]]) -> pl.DataFrame:
    """`Blocks.table` from the twins and the keys of each way of blocking."""
    parts = [twins.select("row", "key")]
    for rows, key in keyed:
        some = key != 0
        parts.append(pl.DataFrame({"row": rows[some], "key": key[some]}))
    return pl.concat(parts)


def _equal(keys: Hashes, one: Places, other: Places, theirs: Hashes | None = None) -> npt.NDArray[np.bool_]:
    ours = keys[one]
    return np.asarray((ours == (keys if theirs is None else theirs)[other]) & (ours != 0))


def where(keys: Hashes, wanted: Hashes) -> Places:
    """Where keys are one of `wanted`, which is sorted."""
    maybe = glanced(keys, wanted) if len(wanted) else np.zeros(0, np.int64)
    near = np.searchsorted(wanted, keys[maybe])
    found: Places = maybe[wanted[np.minimum(near, len(wanted) - 1)] == keys[maybe]]
    return found


def glanced(keys: Hashes, wanted: Hashes) -> Places:
    """Where keys begin with the bits of one of `wanted`: all that are one of them, and a few others."""
    glance = np.zeros(1 << _GLANCE, bool)
    glance[wanted >> _REST] = True
    return np.flatnonzero(glance[keys >> _REST])


def _planned(comparisons: Sequence[Comparison]) -> _Ways:
    listed: list[pl.Expr] = []
    families: list[str] = []
    fine: list[int] = []
    coarse: list[int] = []
    others: dict[int, tuple[int, ...]] = {}
    for comparison in comparisons:
        for is_fine, keys in ((True, comparison.fine()), (False, comparison.coarse())):
            for key in keys:
                same = key if isinstance(key, tuple) else (key,)
                (fine if is_fine else coarse).append(len(listed))
                others[len(listed)] = tuple(range(len(listed) + 1, len(listed) + len(same)))
                listed += same
                families += [comparison.family] * len(same)
    parts = [(at,) for at in (fine + coarse if len(set(families)) == 1 else fine)]
    pairs = [(one, other) for one in coarse for other in coarse if one < other and families[one] != families[other]]
    plans = [_Plan(own, _splits(own, families, coarse, fine), others[own[0]]) for own in parts]
    plans += [_Plan(own, _splits(own, families, coarse, fine)) for own in pairs]
    return _Ways(listed, families, coarse, plans)


def _splits(
    own: tuple[int, ...], families: Sequence[str], coarse: Sequence[int], fine: Sequence[int]
) -> tuple[int, ...]:
    """What tells the records of a skewed key apart: other families first, coarse keys before fine ones."""
    ours = {families[at] for at in own}
    theirs = [at for at in coarse if families[at] not in ours]
    others = [at for at in coarse if families[at] in ours and at not in own]
    return (*theirs, *others, *(at for at in fine if at not in own))
