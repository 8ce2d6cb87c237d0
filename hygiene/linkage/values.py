"""Comparisons of single columns: mailboxes, organisations, phones, addresses, areas, dates, identifiers, other text."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
import polars as pl
from rapidfuzz import fuzz, process

from hygiene.kinds.country import whole_of
from hygiene.linkage.codes import Coded, Levels, Rows, Terms, Texts, distances, rarity, similarities
from hygiene.linkage.comparison import Compared, Key, Prior

# How many of the strangers who have one thing in common, a household or a firm, have these in common, too.
KIN = {"email": 0.003, "organisation": 0.3, "phone": 0.15, "place": 0.3, "site": 0.3}


def prior(m: Sequence[float], u: Sequence[float], kin: float = 0.0) -> Prior:
    """By level from 1 on; level 0 has none. A share `kin` of strangers who have something else in common agree."""
    match, other = np.array([0.0, *m]) / sum(m), np.array([0.0, *u]) / sum(u)
    agreeing = np.where(match > other, match, 0.0)
    return Prior(match, other, (1.0 - kin) * other + kin * agreeing / agreeing.sum() if kin else None)


def stack(keys: pl.DataFrame, name: str, columns: Sequence[str]) -> pl.Series:
    """The key columns name + each of `columns` below each other."""
    return pl.concat([keys[f"{name}{column}"].alias(name) for column in columns])


def nearest(levels_of: Callable[[Rows, Rows], Levels], left: Rows, right: Rows, columns: int, size: int) -> Levels:
    """Of records with several values of one thing: the level of the two that are most alike, the lowest but NOTHING.
    `levels_of` takes rows of the values stacked, `size` a column."""
    best = levels_of(left, right)
    for one in range(columns):
        for other in range(columns):
            if (one, other) != (0, 0):
                found = levels_of(left + np.uint32(one * size), right + np.uint32(other * size))
                best = np.minimum(best - np.uint8(1), found - np.uint8(1)) + np.uint8(1)
    return best


# Steps of four in how many records have a value.
BUCKETS = 6


def _step(counts: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    return 1 + rarity(counts / 16.0, BUCKETS)


# A phone on more records than this is a switchboard.
_FEW = 4


def _switchboard(counts: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    return np.where(counts > _FEW, 2, 1)


class Mailboxes:
    """Keys email, local, host and is_shared."""

    family = "email"
    WORDS = ("", "same e-mail", "same shared mailbox", "e-mails a keystroke apart", "same name before the @",
             "another mailbox of the same host", "similar e-mails", "different e-mails, one of them free mail",
             "different e-mails")  # fmt: skip

    def __init__(self, keys: pl.DataFrame, columns: Sequence[str] = ("",)) -> None:
        self._columns = tuple(columns)
        stacked = {name: stack(keys, name, columns) for name in ("email", "local", "host", "is_shared")}
        self._email, self._local, self._host = (Coded.of(stacked[name]) for name in ("email", "local", "host"))
        self._is_shared = stacked["is_shared"].to_numpy()

    def counted(self) -> Sequence[Coded]:
        return ()

    def fine(self) -> Sequence[Key]:
        return (tuple(pl.col(f"email{column}") for column in self._columns),)

    def coarse(self) -> Sequence[pl.Expr]:
        return ()

    def compare(self, left: Rows, right: Rows) -> Compared:
        levels = nearest(self._levels, left, right, len(self._columns), len(self._is_shared))
        same = float(self._email.chance(np.ones_like, 1)[0]) * len(self._columns) ** 2
        m = (0.45, 0.02, 0.04, 0.08, 0.12, 0.04, 0.2, 0.05)
        return Compared(
            self.family, levels, prior(m, (same, same, 1e-6, 3e-4, 5e-3, 2e-3, 0.2, 0.79), KIN["email"]), self.WORDS
        )

    def _levels(self, left: Rows, right: Rows) -> Levels:
        levels = self._email.levels(left, right, _near_levels, apart=(1, 8))
        levels[(levels == 1) & self._is_shared[left]] = 2
        unlike = levels == 8
        levels[unlike & ~(self._host.given(left) & self._host.given(right))] = 7
        levels[unlike & self._host.equal(left, right)] = 5
        levels[unlike & self._local.equal(left, right)] = 4
        others = np.flatnonzero(levels >= 7)
        alike = self._email.levels(left[others], right[others], _alike_levels)
        levels[others[alike == 6]] = 6
        return levels


def _near_levels(left: Texts, right: Texts) -> Levels:
    return np.where(distances(left, right, cutoff=1) <= 1, 3, 8).astype(np.uint8)


def _alike_levels(left: Texts, right: Texts) -> Levels:
    return np.where(similarities(left, right, least=0.92) > 0.92, 6, 8).astype(np.uint8)


class Organisations:
    """Keys company (core words), site (naming label of a domain) and org (either, without blanks)."""

    family = "organisation"

    def __init__(self, keys: pl.DataFrame, terms: Terms | None = None) -> None:
        self._company, self._org = Coded.of(keys["company"], terms), Coded.of(keys["org"], terms)
        self._site = Coded.of(keys["site"])

    def counted(self) -> Sequence[Coded]:
        return self._company, self._org

    def fine(self) -> Sequence[pl.Expr]:
        return ()

    def coarse(self) -> Sequence[pl.Expr]:
        return (pl.col("org"), pl.col("org").str.slice(0, 5))

    def compare(self, left: Rows, right: Rows) -> Compared:
        size = BUCKETS
        parts = (self._company, self._site, self._org)
        same = np.logical_or.reduce([part.equal(left, right) for part in parts])
        levels = np.where(same, 1, 0).astype(np.uint8)
        others = np.flatnonzero(~same)
        one, other = left[others], right[others]
        company = self._company.levels(one, other, _company_levels)
        org = self._org.levels(one, other, _org_levels)
        # What says nothing counts least.
        best = np.minimum(company - np.uint8(1), org - np.uint8(1)) + np.uint8(1)
        levels[others] = np.where(best == 0, 0, best + size - 1)
        members = np.maximum(self._org.frequency(left[same]), self._company.frequency(left[same]))
        levels[same] = 1 + rarity(members / 16.0, size).astype(np.uint8)
        u = (*self._org.chance(_step, size), 4e-4, 3e-3, 1.0)
        sizes = tuple("same company" for _ in range(size))
        words = ("", *sizes, "companies a keystroke apart", "similar companies", "different companies")
        m = (*(0.7 * self._org.shares(_step, size)), 0.08, 0.1, 0.12)
        return Compared(self.family, levels, prior(m, u, KIN["organisation"]), words)


def _company_levels(left: Texts, right: Texts) -> Levels:
    found = _org_levels(left, right)
    tokens = process.cpdist(left, right, scorer=fuzz.token_sort_ratio, score_cutoff=87, dtype=np.float32, workers=-1)
    alike = np.flatnonzero((tokens > 87) & (found == 4))
    found[alike[~_other_numbers(left, right, alike)]] = 3
    return found


def _org_levels(left: Texts, right: Texts) -> Levels:
    """2: a keystroke; 3: alike, or one begins with the other, as people shorten the name of their firm; 4: different,
    which names with different numbers are however alike."""
    both = pl.DataFrame({"left": left, "right": right}, schema={"left": pl.String, "right": pl.String})
    one, other = pl.col("left"), pl.col("right")
    begins = one.str.starts_with(other) | other.str.starts_with(one)
    is_cut = both.select((pl.min_horizontal(pl.all().str.len_chars()) > 3) & begins).to_series().to_numpy()
    found = np.where(is_cut, 3, 4).astype(np.uint8)
    found[similarities(left, right, least=0.9) > 0.9] = 3
    found[distances(left, right, cutoff=1) <= 1] = 2
    alike = np.flatnonzero(found < 4)
    found[alike[_other_numbers(left, right, alike)]] = 4
    return found


def _other_numbers(left: Texts, right: Texts, places: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """Of the pairs at these places: True where both hold digits, and not the same."""
    ours, theirs = (
        pl.Series([side[at] for at in places.tolist()], dtype=pl.String).str.replace_all(r"\D", "")
        for side in (left, right)
    )
    return ((ours != theirs) & (ours != "") & (theirs != "")).to_numpy()


class Phones:
    """Keys of digits: any number of one record is compared with any of the other, the nearest counts."""

    family = "phone"
    WORDS = ("", "same phone", "same phone, which several share", "phones alike in their last seven digits",
             "phones a keystroke apart", "different phones")  # fmt: skip

    def __init__(self, keys: pl.DataFrame, *names: str, terms: Terms | None = None) -> None:
        self._phone = Coded.of(stack(keys, "", names).alias(names[0]), terms)
        self._names, self._size = names, len(keys)

    def counted(self) -> Sequence[Coded]:
        return (self._phone,)

    def fine(self) -> Sequence[Key]:
        numbers = tuple(pl.col(name) for name in self._names)
        return numbers, tuple(number.str.slice(-7) for number in numbers)

    def coarse(self) -> Sequence[pl.Expr]:
        return ()

    def compare(self, left: Rows, right: Rows) -> Compared:
        levels = nearest(self._levels, left, right, len(self._names), self._size)
        m = (*(0.75 * self._phone.shares(_switchboard, 2)), 0.05, 0.02, 0.18)
        chance = self._phone.chance(_switchboard, 2) * len(self._names) ** 2
        return Compared(self.family, levels, prior(m, (*chance, 1e-6, 1e-5, 1.0), KIN["phone"]), self.WORDS)

    def _levels(self, left: Rows, right: Rows) -> Levels:
        levels = self._phone.levels(left, right, _phone_levels)
        levels[(levels == 1) & (self._phone.frequency(left) > _FEW)] = 2
        return levels


def _phone_levels(left: Texts, right: Texts) -> Levels:
    found = np.full(len(left), 5, np.uint8)
    found[distances(left, right, cutoff=1) <= 1] = 4
    both = pl.DataFrame({"left": left, "right": right})
    tails = both.select(pl.col("left").str.tail(7) == pl.col("right").str.tail(7)).to_series()
    found[tails.to_numpy()] = 3
    return found


class Values:
    """Any column of which equal values are told by how rare they are, and unequal ones by how alike; `others` are
    columns of further values of the same thing."""

    def __init__(
        self,
        keys: pl.DataFrame,
        name: str,
        family: str,
        unequal: Callable[[Texts, Texts], Levels],
        m: Sequence[float],
        u: Sequence[float],
        words: Sequence[str],
        *,
        fine: Sequence[Key] = (),
        coarse: Sequence[pl.Expr] = (),
        others: Sequence[str] = (),
        terms: Terms | None = None,
    ) -> None:
        self.family = family
        self._coded = Coded.of(stack(keys, "", (name, *others)).alias(name), terms)
        self._columns, self._size = 1 + len(others), len(keys)
        self._unequal, self._m, self._u, self._words = unequal, m, u, words
        self._fine, self._coarse = fine, coarse

    def counted(self) -> Sequence[Coded]:
        return (self._coded,)

    def fine(self) -> Sequence[Key]:
        return self._fine

    def coarse(self) -> Sequence[pl.Expr]:
        return self._coarse

    def compare(self, left: Rows, right: Rows) -> Compared:
        levels = nearest(self._levels, left, right, self._columns, self._size)
        size = BUCKETS
        m = (*(self._m[0] * self._coded.shares(_step, size)), *self._m[1:])
        chance = self._coded.chance(_step, size) * self._columns**2
        words = ("", *([self._words[0]] * size), *self._words[1:])
        return Compared(self.family, levels, prior(m, (*chance, *self._u), KIN.get(self.family, 0.0)), words)

    def _levels(self, left: Rows, right: Rows) -> Levels:
        found = self._coded.levels(left, right, self._unequal)
        levels = np.where(found > 1, found + BUCKETS - 1, found).astype(np.uint8)
        same = found == 1
        levels[same] = 1 + rarity(self._coded.frequency(left[same]) / 16.0, BUCKETS).astype(np.uint8)
        return levels


def date_levels(left: Texts, right: Texts) -> Levels:
    """2: one keystroke, or day and month exchanged; 3: same day of another year; 4: same year; 5: different."""
    found = np.full(len(left), 5, np.uint8)
    near = distances(left, right, cutoff=1)
    for at, (one, other) in enumerate(zip(left, right, strict=True)):
        if near[at] <= 1 or (one[:4] == other[:4] and one[4:6] == other[6:8] and one[6:8] == other[4:6]):
            found[at] = 2
        elif len(one) == 8 and one[4:] == other[4:]:
            found[at] = 3
        elif one[:4] == other[:4]:
            found[at] = 4
    return found


def text_levels(left: Texts, right: Texts) -> Levels:
    """2: alike in spelling or in words; 3: one holds the other's words; 4: different."""
    found = np.full(len(left), 4, np.uint8)
    sets = process.cpdist(left, right, scorer=fuzz.token_set_ratio, dtype=np.float32, workers=-1)
    found[sets > 95] = 3
    ratio = process.cpdist(left, right, scorer=fuzz.token_sort_ratio, dtype=np.float32, workers=-1)
    found[(ratio > 84) | (similarities(left, right, least=0.93) > 0.93)] = 2
    return found


def short_levels(left: Texts, right: Texts) -> Levels:
    """2: a keystroke or two; 3: different."""
    found = np.full(len(left), 3, np.uint8)
    limit = np.array([2 if min(len(one), len(other)) >= 7 else 1 for one, other in zip(left, right, strict=True)])
    found[distances(left, right, cutoff=2) <= limit] = 2
    return found


def area_levels(left: Texts, right: Texts) -> Levels:
    """2: a keystroke or two, or one begins with the words of the other: New York City, 10019-1234; 3: different."""
    found = short_levels(left, right)
    both = pl.DataFrame({"left": left, "right": right}).select(pl.all() + " ")
    one, other = pl.col("left"), pl.col("right")
    begins = both.select(one.str.starts_with(other) | other.str.starts_with(one)).to_series()
    found[begins.to_numpy()] = 2
    return found


def street_levels(left: Texts, right: Texts) -> Levels:
    """2: same number and street alike; 3: alike; 4: same number; 5: different."""
    found = np.full(len(left), 5, np.uint8)
    ratio = process.cpdist(left, right, scorer=fuzz.token_sort_ratio, dtype=np.float32, workers=-1)
    sets = process.cpdist(left, right, scorer=fuzz.token_set_ratio, dtype=np.float32, workers=-1)
    for at, (one, other) in enumerate(zip(left, right, strict=True)):
        ours = [word for word in one.split(" ") if word.isdigit()][:1]
        theirs = [word for word in other.split(" ") if word.isdigit()][:1]
        alike = ratio[at] > 84 or sets[at] > 96
        if ours == theirs:
            found[at] = 2 if alike else (4 if ours else 5)
        elif alike:
            found[at] = 3
    return found


def number_levels(left: Texts, right: Texts) -> Levels:
    """2: within one part in a hundred; 3: within one in ten; 4: different."""
    one, other = np.array(left, np.float64), np.array(right, np.float64)
    apart = np.abs(one - other) / np.maximum(np.maximum(np.abs(one), np.abs(other)), 1e-12)
    return np.where(apart <= 0.01, 2, np.where(apart <= 0.1, 3, 4)).astype(np.uint8)


def country_levels(left: Texts, right: Texts) -> Levels:
    """2: one is a part of the other, or both of one; 3: different."""
    return np.array([2 if whole_of(a) == whole_of(b) else 3 for a, b in zip(left, right, strict=True)], np.uint8)


def other_levels(left: Texts, _: Texts) -> Levels:
    """2: different."""
    return np.full(len(left), 2, np.uint8)
