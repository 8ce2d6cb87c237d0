"""People's names: given and family together, because together they tell how many namesakes to expect."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from hygiene.data import lines
from hygiene.linkage.codes import Coded, Levels, Rows, Terms, Texts, distances, rarity, similarities
from hygiene.linkage.comparison import Compared, Prior

BUCKETS = 11
# Levels of each part: nothing, same, a short form or part of the other, a keystroke, alike, different.
N, S, FITS, CLOSE, ALIKE, D = range(6)
_GIVEN = ("no given name", "same given name", "given names that fit", "given names a keystroke apart",
          "similar given names", "different given names")  # fmt: skip
_FAMILY = tuple(word.replace("given", "family") for word in _GIVEN)
SWAPPED = BUCKETS + 36
_SAME = ("same name, a rare one", "same name", "same name, a common one")
# How often true pairs show each level of a part, and how often strangers do.
_M = np.array([0.08, 0.76, 0.07, 0.05, 0.02, 0.02])
_U = np.array([0.08, 0.004, 0.003, 0.004, 0.015, 0.894])


@cache
def _nicknames() -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for line in lines("nicknames.txt"):
        group = line.split()
        for name in group:
            found.setdefault(name, set()).update(group)
    return {name: frozenset(others - {name}) for name, others in found.items()}


class Names:
    """Keys `given` and `family` (folded words)."""

    family = "name"

    def __init__(self, keys: pl.DataFrame, terms: Terms | None = None) -> None:
        self._given, self._family = Coded.of(keys["given"], terms), Coded.of(keys["family"], terms)

    def counted(self) -> Sequence[Coded]:
        return self._given, self._family

    def fine(self) -> Sequence[pl.Expr]:
        both = pl.col("given").is_not_null() & pl.col("family").is_not_null()
        first, second = pl.min_horizontal("given", "family"), pl.max_horizontal("given", "family")
        return (pl.when(both).then(pl.concat_str(first, pl.lit("|"), second)),)

    def coarse(self) -> Sequence[pl.Expr]:
        given, family = pl.col("given"), pl.col("family")
        return (
            given,
            family,
            pl.concat_str(given.str.slice(0, 1), pl.lit("|"), family.str.slice(0, 3)),
        )

    def compare(self, left: Rows, right: Rows) -> Compared:
        given = self._given.levels(left, right, _given_levels, same=S)
        family = self._family.levels(left, right, _family_levels, same=S)
        expected = self._expected(left)
        levels = (BUCKETS + given.astype(np.int64) * 6 + family).astype(np.uint8)
        both = (given == S) & (family == S)
        levels[both] = 1 + rarity(expected[both], BUCKETS - 1).astype(np.uint8)
        levels[(given == N) & (family == N)] = 0
        crossed = self._crossed(left, right) & ~both
        levels[crossed] = SWAPPED
        return Compared(self.family, levels, self._prior(), _words())

    def _expected(self, rows: Rows) -> npt.NDArray[Any]:
        """Namesakes that chance would give a record, were given and family names independent."""
        return np.asarray(self._given.frequency(rows) * (self._family.frequency(rows) / max(self._given.records, 1)))

    def _crossed(self, left: Rows, right: Rows) -> npt.NDArray[Any]:
        """Given and family name changed places."""
        given, family = self._given.hashes, self._family.hashes
        known = (given[left] != 0) & (given[right] != 0)
        return np.asarray(known & (given[left] == family[right]) & (given[right] == family[left]))

    def _prior(self) -> Prior:
        m, u = np.zeros(SWAPPED + 1), np.zeros(SWAPPED + 1)
        chance = 4.0 ** (np.arange(BUCKETS - 1) - (BUCKETS - 1) // 2 + 0.5) / max(self._given.records, 1)
        m[1:BUCKETS] = _M[S] * _M[S] / (BUCKETS - 1)
        u[1:BUCKETS] = np.minimum(chance, 0.5) / (BUCKETS - 1)
        for given in range(6):
            for family in range(6):
                if (given, family) != (S, S) and (given, family) != (N, N):
                    m[BUCKETS + given * 6 + family] = _M[given] * _M[family]
                    u[BUCKETS + given * 6 + family] = _U[given] * _U[family]
        m[SWAPPED], u[SWAPPED] = 0.01, 1e-7
        return Prior(m / m.sum(), u / u.sum())


def _words() -> tuple[str, ...]:
    same = tuple(_SAME[(at >= 4) + (at >= 7)] for at in range(BUCKETS - 1))
    parts = tuple(f"{given}, {family}" for given in _GIVEN for family in _FAMILY)
    return ("", *same, *parts, "given and family name changed places")


def _given_levels(left: Texts, right: Texts) -> Levels:
    found = np.full(len(left), D, np.uint8)
    near = distances(left, right, cutoff=1)
    alike = similarities(left, right)
    known = _nicknames()
    found[alike > 0.88] = ALIKE
    for at, (one, other) in enumerate(zip(left, right, strict=True)):
        short = min(len(one), len(other))
        if short == 1:
            found[at] = FITS if one[0] == other[0] else D
        elif other in known.get(one, ()) or _fits(one, other, short):
            found[at] = FITS
        elif near[at] <= 1 and short >= 3:
            found[at] = CLOSE
    return found


def _fits(one: str, other: str, short: int) -> bool:
    if short >= 3 and (one.startswith(other) or other.startswith(one)):
        return True
    return " " in one + other and (
        one.replace(" ", "") == other.replace(" ", "") or one.split(" ")[0] == other.split(" ")[0]
    )


def _family_levels(left: Texts, right: Texts) -> Levels:
    found = np.full(len(left), D, np.uint8)
    near = distances(left, right, cutoff=1)
    found[similarities(left, right) > 0.9] = ALIKE
    for at, (one, other) in enumerate(zip(left, right, strict=True)):
        if " " in one or " " in other:
            ours, theirs = set(one.split(" ")), set(other.split(" "))
            if ours <= theirs or theirs <= ours or one.replace(" ", "") == other.replace(" ", ""):
                found[at] = FITS
                continue
        if min(len(one), len(other)) == 1:
            found[at] = FITS if one[0] == other[0] else D
        elif near[at] <= 1 and min(len(one), len(other)) >= 3:
            found[at] = CLOSE
    return found
