"""People's names: given and family together, because together they tell how many namesakes to expect."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache, cached_property
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
OTHER_GENERATION = SWAPPED + 1
_SAME = ("same name, a rare one", "same name", "same name, a common one")
# How often true pairs show each level of a part, and how often strangers do.
_M = np.array([0.08, 0.76, 0.07, 0.05, 0.02, 0.02])
_U = np.array([0.08, 0.004, 0.003, 0.004, 0.015, 0.894])


@cache
def _nickname_pairs() -> pl.Series:
    """Every two names that are short forms of one, as one text."""
    groups = [line.split() for line in lines("nicknames.txt")]
    pairs = {(one, other) for group in groups for one in group for other in group}
    for name, *short in map(str.split, lines("english_nicknames.txt")):
        pairs |= {pair for other in short for pair in ((name, other), (other, name))}
    return pl.Series(sorted(f"{one}|{other}" for one, other in pairs))


@cache
def _bundled() -> frozenset[str]:
    return frozenset(name for line in lines("nicknames.txt") for name in line.split())


class Names:
    """Keys `given` and `family` (folded words) and, where there is one, `generation` (jr, sr, ii, iii or iv)."""

    family = "name"

    def __init__(self, keys: pl.DataFrame, terms: Terms | None = None) -> None:
        self._given, self._family = Coded.of(keys["given"], terms), Coded.of(keys["family"], terms)
        empty = pl.Series([None] * len(keys), dtype=pl.String)
        self._generation = Coded.of(keys["generation"] if "generation" in keys.columns else empty)

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
        given = self._given.levels(left, right, self._given_levels, same=S)
        family = self._family.levels(left, right, self._family_levels, same=S)
        levels = np.uint8(BUCKETS) + given * np.uint8(6) + family
        both = (given == S) & (family == S)
        levels[both] = 1 + rarity(self._expected(left[both]), BUCKETS - 1).astype(np.uint8)
        levels[(given == N) & (family == N)] = 0
        crossed = self._crossed(left, right)
        levels[crossed[~both[crossed]]] = SWAPPED
        told = self._generation
        apart = told.given(left) & told.given(right) & ~told.equal(left, right)
        levels[apart & (given != D) & (family != D) & (levels > 0)] = OTHER_GENERATION
        return Compared(self.family, levels, self._prior(), _words())

    def _expected(self, rows: Rows) -> npt.NDArray[Any]:
        """Namesakes that chance would give a record, were given and family names independent."""
        return np.asarray(self._given.frequency(rows) * (self._family.frequency(rows) / max(self._given.records, 1)))

    def _crossed(self, left: Rows, right: Rows) -> npt.NDArray[np.int64]:
        """The places of the pairs where given and family name changed places."""
        given, family = self._given.hashes, self._family.hashes
        ours = given[left]
        at = np.flatnonzero((ours == family[right]) & (ours != 0))
        theirs = given[right[at]]
        found: npt.NDArray[np.int64] = at[(theirs == family[left[at]]) & (theirs != 0)]
        return found

    def _given_levels(self, left: Texts, right: Texts) -> Levels:
        return _given_levels(left, right, self._often[0])

    def _family_levels(self, left: Texts, right: Texts) -> Levels:
        return _family_levels(left, right, self._often[1])

    @cached_property
    def _often(self) -> tuple[dict[str, int], dict[str, int]]:
        """How often given and family names occur that are no slips."""
        return _established(self._given), _established(self._family)

    def _prior(self) -> Prior:
        m, u = np.zeros(OTHER_GENERATION + 1), np.zeros(OTHER_GENERATION + 1)
        chance = 4.0 ** (np.arange(BUCKETS - 1) - (BUCKETS - 1) // 2 + 0.5) / max(self._given.records, 1)
        every = np.arange(len(self._given.column), dtype=np.uint32)
        full = every[self._given.given(every) & self._family.given(every)]
        shares = np.bincount(rarity(self._expected(full), BUCKETS - 1), minlength=BUCKETS - 1) + 1e-3
        m[1:BUCKETS] = _M[S] * _M[S] * shares / shares.sum()
        u[1:BUCKETS] = np.minimum(chance, 0.5) * shares / shares.sum()
        for given in range(6):
            for family in range(6):
                if (given, family) != (S, S) and (given, family) != (N, N):
                    m[BUCKETS + given * 6 + family] = _M[given] * _M[family]
                    u[BUCKETS + given * 6 + family] = _U[given] * _U[family]
        m[SWAPPED], u[SWAPPED] = 0.01, 1e-7
        m[OTHER_GENERATION], u[OTHER_GENERATION] = 1e-9, 1e-5
        return Prior(m / m.sum(), u / u.sum(), _kin(u))


def parts(levels: Levels) -> tuple[Levels, Levels]:
    """The level (N to D) of given and of family names in those of whole names; both S where they changed places, and
    where all but the generation is the same."""
    of_parts = levels.astype(np.int64) - BUCKETS
    is_whole = (of_parts < 0) | (levels >= SWAPPED)
    given, family = (np.where(is_whole, S, part) for part in np.divmod(of_parts, 6))
    given[levels == 0] = family[levels == 0] = N
    return given.astype(np.uint8), family.astype(np.uint8)


def _words() -> tuple[str, ...]:
    same = tuple(_SAME[(at >= 4) + (at >= 7)] for at in range(BUCKETS - 1))
    parts = tuple(f"{given}, {family}" for given in _GIVEN for family in _FAMILY)
    return ("", *same, *parts, "given and family name changed places", "same name, but another generation")


def _kin(u: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Strangers of one household mostly share the family name."""
    kin = u / u.sum()
    relatives = BUCKETS + D * 6 + np.array([S, FITS, CLOSE])
    kin[relatives] += 0.3 * np.array([0.9, 0.07, 0.03])
    return np.asarray(kin / kin.sum())


# A name on so many records is no slip of the keyboard, unless another a keystroke away is so many times as frequent.
_OFTEN, _SLIPS = 3, 20


def _established(coded: Coded) -> dict[str, int]:
    often = np.flatnonzero(coded.counts >= _OFTEN)
    return dict(zip(coded.distinct.gather(often).to_list(), coded.counts[often].tolist(), strict=True))


def _are_two_names(one: str, other: str, often: Mapping[str, int]) -> bool:
    """Whether both are names in their own right: bundled ones, or so frequent that neither is the other misspelt."""
    if one in _bundled() and other in _bundled():
        return True
    rare, common = sorted((often.get(one, 0), often.get(other, 0)))
    return rare > 0 and common <= _SLIPS * rare


def _given_levels(left: Texts, right: Texts, often: Mapping[str, int]) -> Levels:
    found, spaced = _spelling(left, right, often, alike=0.88)
    both = pl.DataFrame({"left": left, "right": right})
    short, long = pl.min_horizontal(pl.all().str.len_chars()), pl.col("left").str.starts_with(pl.col("right"))
    begins = (short >= 3) & (long | pl.col("right").str.starts_with(pl.col("left")))
    found[both.select((short > 1) & (begins | _are_nicknames())).to_series().to_numpy()] = FITS
    firsts = pl.DataFrame([[text.split(" ")[0] for at in spaced for text in (side[at],)] for side in (left, right)],
                          schema=["left", "right"])  # fmt: skip
    first_fits = firsts.select((pl.col("left") == pl.col("right")) | _are_nicknames()).to_series()
    for at, fits in zip(spaced, first_fits.to_list(), strict=True):
        one, other = left[at], right[at]
        if one.replace(" ", "") == other.replace(" ", ""):
            found[at] = FITS
        elif fits:
            found[at] = ALIKE if _middles_differ(one, other) else FITS
    return found


def _are_nicknames() -> pl.Expr:
    return pl.concat_str("left", "right", separator="|").is_in(_nickname_pairs().implode())


def _middles_differ(one: str, other: str) -> bool:
    return any(ours[0] != theirs[0] for ours, theirs in zip(one.split(" ")[1:], other.split(" ")[1:], strict=False))


def _family_levels(left: Texts, right: Texts, often: Mapping[str, int]) -> Levels:
    found, spaced = _spelling(left, right, often, alike=0.9)
    for at in spaced:
        one, other = left[at], right[at]
        ours, theirs = set(one.split(" ")), set(other.split(" "))
        if ours <= theirs or theirs <= ours or one.replace(" ", "") == other.replace(" ", ""):
            found[at] = FITS
    return found


def _spelling(left: Texts, right: Texts, often: Mapping[str, int], *, alike: float) -> tuple[Levels, list[int]]:
    """What the letters of two single words say, and the places where either name is of several words."""
    both = pl.DataFrame({"left": left, "right": right})
    short = both.select(pl.min_horizontal(pl.all().str.len_chars())).to_series().to_numpy()
    same_initial = both.select(pl.col("left").str.head(1) == pl.col("right").str.head(1)).to_series().to_numpy()
    several = both.select(pl.any_horizontal(pl.all().str.contains(" ", literal=True))).to_series().to_numpy()
    found = np.full(len(left), D, np.uint8)
    found[similarities(left, right, least=alike) > alike] = ALIKE
    for at in np.flatnonzero((distances(left, right, cutoff=1) <= 1) & (short >= 3)).tolist():
        found[at] = ALIKE if _are_two_names(left[at], right[at], often) else CLOSE
    found[short == 1] = np.where(same_initial[short == 1], FITS, D)
    # 健一 and Kenichi cannot be compared letter by letter.
    latin = both.select(pl.all().str.contains("[a-z]"))
    found[(latin["left"] != latin["right"]).to_numpy()] = N
    return found, np.flatnonzero(several).tolist()
