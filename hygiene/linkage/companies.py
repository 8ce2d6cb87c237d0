"""Company names as what a record is about: which words two names share, how rare these are, and what is left over."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache, cached_property

import numpy as np
import polars as pl
from rapidfuzz import fuzz, process
from rapidfuzz.distance import OSA

from hygiene.data import rows
from hygiene.linkage.codes import Coded, Levels, Rows, Terms, Texts
from hygiene.linkage.comparison import Compared, Key, Prior

# Steps of four in how many strangers would have as much in common: for equal names, and for what is less than equal.
SAME, PART, _TOP = 8, 6, 3
NEAR, COMMON, BEGINS, HOLDS, SHARES = (SAME + 1 + PART * at for at in range(5))
ACRONYM = SHARES + PART
APART = ACRONYM + 1
_WORDS = ("", *["same company name"] * SAME, *["company names a keystroke apart"] * PART,
          *["same company name but for common words"] * PART, *["one company name begins with the other"] * PART,
          *["one company name holds the other"] * PART, *["company names share a telling word"] * PART,
          "one company name is short for the other", "different company names")  # fmt: skip
# How often pairs that match show each; strangers as often as the words they share lead to expect, times these.
_M = {"same": 0.6, "near": 0.09, "common": 0.09, "begins": 0.06, "holds": 0.02, "shares": 0.02, "acronym": 0.01,
      "apart": 0.08}  # fmt: skip
_ALIKE_BY_CHANCE = {"same": 0.05, "near": 0.03, "common": 0.1, "begins": 0.5, "holds": 4.0, "shares": 8.0}
# The bundled frequencies of words count as so many names beside those of the table.
_BELIEF = 2_000.0
_UNLISTED = 3e-5
# A word on fewer names than one in so many tells who is meant.
_TELLING = 400
_LOOK = 62.0


@cache
def _listed() -> Mapping[str, float]:
    return {word: float(count) / 100_000 for word, count in rows("company_words.tsv")}


class Companies:
    """Key company (core words): the name of the record itself, not of somebody's employer."""

    family = "company"

    def __init__(self, keys: pl.DataFrame, name: str = "company", terms: Terms | None = None) -> None:
        self._name, self._coded = name, Coded.of(keys[name], terms)
        held = pl.Series(self._coded.values, dtype=pl.String).str.split(" ").list.unique().explode().drop_nulls()
        self._held = Coded.of(held.alias(f"{name} words"), terms)

    def counted(self) -> Sequence[Coded]:
        return (self._held,)

    @cached_property
    def _share(self) -> dict[str, float]:
        """How large a share of names holds each word, beside the pair that is looked at."""
        listed = _listed()
        believed = np.array([_BELIEF * listed.get(word, _UNLISTED) for word in self._held.values])
        share = (np.maximum(self._held.counts - 2, 0) + believed) / (self._coded.records + _BELIEF)
        return dict(zip(self._held.values, share.tolist(), strict=True))

    def fine(self) -> Sequence[Key]:
        tight = pl.col(self._name).str.replace_all(" ", "")
        return (tight, self._telling_words())

    def coarse(self) -> Sequence[pl.Expr]:
        return (pl.col(self._name).str.replace_all(" ", "").str.slice(0, 5),)

    def _telling_words(self) -> tuple[pl.Expr, pl.Expr]:
        """The two rarest words of each name."""
        share, values = self._share, self._coded.values
        told = [sorted(set(value.split(" ")), key=lambda word: (share[word], word))[:2] for value in values]
        key = pl.col(self._name)
        first = key.replace_strict(values, [words[0] for words in told], return_dtype=pl.String)
        second = key.replace_strict(values, [words[-1] for words in told], return_dtype=pl.String)
        return first, second

    def compare(self, left: Rows, right: Rows) -> Compared:
        levels = self._coded.levels(left, right, self._unequal)
        same = levels == 1
        expected = np.array([self._expected(value.split(" ")) for value in self._coded.values] or [0.0])
        ours = expected[self._coded.codes[left[same]]] * _ALIKE_BY_CHANCE["same"]
        levels[same] = 1 + _bucket(ours, SAME)
        return Compared(self.family, levels, self._prior(), _WORDS)

    def _expected(self, shared: Sequence[str]) -> float:
        """How many strangers hold these words too, were words independent."""
        return float(self._coded.records * np.prod([self._share[word] for word in shared]))

    def _unequal(self, left: Texts, right: Texts) -> Levels:
        found = np.full(len(left), APART, np.uint8)
        sets = process.cpdist(left, right, scorer=fuzz.token_set_ratio, dtype=np.float32, workers=-1)
        plain = process.cpdist(left, right, scorer=fuzz.ratio, dtype=np.float32, workers=-1)
        for at in np.flatnonzero((sets >= _LOOK) | (plain >= _LOOK)).tolist():
            found[at] = self._level(left[at].split(" "), right[at].split(" "))
        for at in np.flatnonzero(found == APART).tolist():
            if is_acronym(left[at], right[at]) or is_acronym(right[at], left[at]):
                found[at] = ACRONYM
        return found

    def _level(self, ours: list[str], theirs: list[str]) -> int:
        tight, other = "".join(ours), "".join(theirs)
        shared, rest, more = aligned(ours, theirs)
        digits = {word for word in rest if word.isdigit()} != {word for word in more if word.isdigit()}
        keystrokes = OSA.distance(tight, other, score_cutoff=2)
        is_near = keystrokes <= (0 if min(len(tight), len(other)) < 5 else 1 if min(len(tight), len(other)) < 9 else 2)
        share = self._share
        if (is_near and not digits) or not (rest or more):
            return NEAR + self._part(shared or ours, "near")
        if not shared:
            return APART
        if rest and more:
            telling = [word for word in shared if share[word] * _TELLING < 1]
            return SHARES + self._part(shared, "shares") if telling else APART
        left_over = rest or more
        if all(share[word] * _TELLING > 1 and not word.isdigit() for word in left_over):
            return COMMON + self._part(shared, "common")
        longer, shorter = (ours, theirs) if rest else (theirs, ours)
        if longer[: len(shorter)] == shorter:
            return BEGINS + self._part(shared, "begins")
        return HOLDS + self._part(shared, "holds")

    def _part(self, shared: Sequence[str], what: str) -> int:
        return int(_bucket(np.array([self._expected(shared) * _ALIKE_BY_CHANCE[what]]), PART)[0])

    def _prior(self) -> Prior:
        records = max(self._coded.records, 2)
        m, u = [0.0], [0.0]
        for what, size in (("same", SAME), *((part, PART) for part in ("near", "common", "begins", "holds", "shares"))):
            m += [_M[what] / size] * size
            u += [min(4.0 ** (at - size + _TOP) / records, 0.3) / size for at in range(size)]
        m += [_M["acronym"], _M["apart"]]
        u += [2.0 / records, 1.0]
        return Prior(np.array(m) / sum(m), np.array(u) / sum(u))


def _bucket(expected: np.ndarray, size: int) -> Levels:
    scaled = np.floor(np.log2(np.maximum(expected, 1e-12)) / 2 + 0.5).astype(np.int64) + size - _TOP
    return np.asarray(np.clip(scaled, 0, size - 1), np.uint8)


def aligned(ours: Sequence[str], theirs: Sequence[str]) -> tuple[list[str], list[str], list[str]]:
    """Words in common (as the first has them), and what is left of each; words count as one a keystroke or two apart
    and where one is cut short."""
    shared = [word for word in ours if word in theirs]
    rest = [word for word in ours if word not in theirs]
    more = [word for word in theirs if word not in ours]
    for word in list(rest):
        alike = next((other for other in more if _is_one_word(word, other)), None)
        if alike is not None:
            shared.append(word)
            rest.remove(word)
            more.remove(alike)
    return shared, rest, more


def _is_one_word(one: str, other: str) -> bool:
    short, long = sorted((one, other), key=len)
    if short.isdigit() or long.isdigit() or len(short) < 3:
        return False
    if len(short) >= 4 and OSA.distance(one, other, score_cutoff=2) <= (1 if len(short) < 8 else 2):
        return True
    return len(short) >= 4 and long.startswith(short) and len(long) - len(short) <= 3


def is_acronym(short: str, name: str) -> bool:
    """Whether a word of two to six letters are the first letters of the words of a name."""
    listed = name.split(" ")
    if " " in short or not 2 < len(short) < 7 or len(listed) < 2:
        return False
    initials = "".join(word[0] for word in listed)
    without = "".join(word[0] for word in listed if word not in ("and", "of", "the", "for", "de"))
    return short in (initials, without)
