"""Company names as what a record is about: which words two names share, how rare these are, and what is left over."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache, cached_property
from itertools import accumulate

import numpy as np
import numpy.typing as npt
import polars as pl
from rapidfuzz import fuzz, process
from rapidfuzz.distance import OSA

from hygiene.data import lines, rows
from hygiene.kinds import country
from hygiene.kinds.company_name import legal_forms
from hygiene.linkage.codes import POPULATION, Coded, Levels, Rows, Terms, Texts
from hygiene.linkage.comparison import Compared, Key, Prior

# Steps of four in how many strangers would have as much in common; the _TOP uppermost are one stranger or more. Rare
# words are no reason why nothing should be a keystroke away.
_STEPS = {"same": 8, "near": 6, "common": 8, "begins": 8, "holds": 6, "shares": 6}
_TOP = 3
_FIRST = dict(zip(_STEPS, accumulate(_STEPS.values(), initial=1), strict=False))
NEAR, COMMON, BEGINS, HOLDS, SHARES = (_FIRST[what] for what in list(_STEPS)[1:])
# By how many letters stand for words: three, four, more.
ACRONYM = SHARES + _STEPS["shares"]
APART = ACRONYM + 3
_SAID = {"same": "same company name", "near": "company names a keystroke apart",
         "common": "same company name but for common words", "begins": "one company name begins with the other",
         "holds": "one company name holds the other", "shares": "company names share a telling word"}  # fmt: skip
WORDS = ("", *(_SAID[what] for what, steps in _STEPS.items() for _ in range(steps)),
         *["one company name is short for the other"] * 3, "different company names")  # fmt: skip
# How often pairs that match show each; strangers as often as the words they share lead to expect, times these.
_M = {"same": 0.6, "near": 0.09, "common": 0.09, "begins": 0.06, "holds": 0.02, "shares": 0.02, "apart": 0.08}
_ALIKE_BY_CHANCE = {"same": 0.05, "near": 0.03, "common": 0.05, "begins": 0.25, "holds": 4.0, "shares": 8.0}
# Few companies are called by letters, and their letters are seldom another's initials: this often, and each more
# letter makes it so much rarer.
_INITIALS, _BY_INITIALS, _PER_LETTER = 0.01, 0.03, 17.0
# The bundled frequencies of words count as so many names beside those of the table.
_BELIEF = 500.0
_UNLISTED = 3e-5
# A word on fewer names than one in so many tells who is meant.
_TELLING = 400
# Forms that are told even with a slip.
_USUAL_FORMS = ("inc", "ltd", "llc", "plc", "gmbh", "corp")
_LOOK, _LONG = 62.0, 6
_STEM = 5


@cache
def _listed() -> Mapping[str, float]:
    return {word: float(count) / 100_000 for word, count in rows("company_words.tsv")}


class Companies:
    """Keys company (core words) and those of `others`, further names of the same record: the names of the record
    itself, not of somebody's employer. What stands `beside` a name, in brackets, is compared with names only."""

    family = "company"

    def __init__(
        self, keys: pl.DataFrame, others: Sequence[str] = (), beside: Sequence[str] = (), terms: Terms | None = None
    ) -> None:
        self._names = ("company", *others, *beside)
        self._full = 1 + len(others)
        self._coded = Coded.of(pl.concat([keys[name].alias("company") for name in self._names]))
        self._size = len(keys)
        self._named = len(keys) if terms is None else terms.records
        self._records = max(self._named, POPULATION)
        held = pl.Series(self._coded.values, dtype=pl.String).str.split(" ").list.unique().explode().drop_nulls()
        self._held = Coded.of(held.alias("company words"), terms)

    def counted(self) -> Sequence[Coded]:
        return (self._held,)

    @cached_property
    def _share(self) -> dict[str, float]:
        """How large a share of names holds each word, beside the pair that is looked at."""
        listed = _listed()
        believed = np.array([_BELIEF * listed.get(word, _UNLISTED) for word in self._held.values])
        share = (np.maximum(self._held.counts - 2, 0) + believed) / (self._named + _BELIEF)
        return dict(zip(self._held.values, share.tolist(), strict=True))

    def fine(self) -> Sequence[Key]:
        tight = tuple(pl.col(name).str.replace_all(" ", "") for name in self._names)
        return (tight, tuple(self._telling_stems()))

    def coarse(self) -> Sequence[pl.Expr]:
        return (pl.coalesce(*self._names).str.replace_all(" ", "").str.slice(0, 5),)

    def _telling_stems(self) -> Iterator[pl.Expr]:
        """How the two rarest words of each name begin."""
        share, values = self._share, self._coded.values
        told = [sorted(set(value.split(" ")), key=lambda word: (share[word], word)) for value in values]
        first, second = [words[0][:_STEM] for words in told], [words[:2][-1][:_STEM] for words in told]
        for name in self._names:
            for stems in (first, second):
                yield pl.col(name).replace_strict(values, stems, default=None, return_dtype=pl.String)

    def compare(self, left: Rows, right: Rows) -> Compared:
        prior = self._prior()
        bits = np.log2(np.maximum(prior.m, 1e-12) / np.maximum(prior.u, 1e-12))
        bits[0] = -np.inf
        levels = self._levels(left, right)
        for one, other in self._crossings():
            ours, theirs = left + np.uint32(one * self._size), right + np.uint32(other * self._size)
            both = np.flatnonzero((self._coded.codes[ours] >= 0) & (self._coded.codes[theirs] >= 0))
            found = self._levels(ours[both], theirs[both])
            better = bits[found] > bits[levels[both]]
            levels[both[better]] = found[better]
        return Compared(self.family, levels, prior, WORDS)

    def _crossings(self) -> list[tuple[int, int]]:
        """Which name of the left is compared with which of the right besides the first ones."""
        every = range(len(self._names))
        return [(a, b) for a in every for b in every if (a, b) != (0, 0) and min(a, b) < self._full]

    def _levels(self, left: Rows, right: Rows) -> Levels:
        levels = self._coded.levels(left, right, self._unequal)
        same = levels == 1
        values = self._coded.codes[left[same]]
        levels[same] = _FIRST["same"] + _bucket(self._expected_of_values[values], "same")
        return levels

    @cached_property
    def _expected_of_values(self) -> npt.NDArray[np.float64]:
        return np.array([self._expected(value.split(" ")) for value in self._coded.values] or [0.0])

    def _expected(self, shared: Sequence[str]) -> float:
        """How many strangers hold these words too; words that stand together often do so, hence the root."""
        rarest, *others = sorted(self._share.get(word, _UNLISTED) for word in shared)
        return float(self._records * rarest * np.sqrt(np.prod(others)))

    def _unequal(self, left: Texts, right: Texts) -> Levels:
        found = np.full(len(left), APART, np.uint8)
        sets = process.cpdist(left, right, scorer=fuzz.token_set_ratio, dtype=np.float32, workers=-1)
        plain = process.cpdist(left, right, scorer=fuzz.ratio, dtype=np.float32, workers=-1)
        looked_at = (sets >= _LOOK) | (plain >= _LOOK) | _begin_alike(left, right)
        for at in np.flatnonzero(looked_at).tolist():
            one, other = sorted((left[at], right[at]))
            found[at] = self._level(one.split(" "), other.split(" "))
        for at in np.flatnonzero(found == APART).tolist():
            if is_acronym(left[at], right[at]) or is_acronym(right[at], left[at]):
                found[at] = ACRONYM + min(min(len(left[at]), len(right[at])) - 3, 2)
        return found

    def _level(self, ours: list[str], theirs: list[str]) -> int:
        ours, theirs = _glued(ours, theirs)
        shared, rest, more = aligned(ours, theirs)
        if _is_near("".join(ours), "".join(theirs)) and _numbers(rest) == _numbers(more):
            return NEAR + self._part(shared or ours, "near")
        if not (rest or more):
            return NEAR + self._part(shared, "near")
        if not shared or (_numbers(rest) and _numbers(more)):
            return APART  # store 12 is not store 13, whatever else they share
        if rest and more:
            return SHARES + self._part(shared, "shares") if any(map(self._tells, shared)) else APART
        return self._within(ours, theirs, shared, rest or more)

    def _tells(self, word: str) -> bool:
        """Whether a word is rare enough to tell who is meant, and does not only say where."""
        return self._share.get(word, _UNLISTED) * _TELLING < 1 and word not in country.words()

    def _within(self, ours: list[str], theirs: list[str], shared: list[str], left_over: list[str]) -> int:
        """One name is all in the other."""
        more = [word for word in left_over if not _is_form(word)]
        if all(self._share.get(word, 0.0) * _TELLING > 1 for word in more) and not _numbers(more):
            return COMMON + self._part(shared, "common")
        shorter, longer = sorted((ours, theirs), key=len)
        if longer[: len(shorter)] == shorter:
            return BEGINS + self._part(shared, "begins")
        return HOLDS + self._part(shared, "holds")

    def _shares(self, what: str, size: int) -> npt.NDArray[np.float64]:
        """The share of names by how many strangers have such a one."""
        steps = _bucket(self._expected_of_values, what)
        counted = np.bincount(steps, minlength=size) + 1e-3
        return np.asarray(counted / counted.sum())

    def _part(self, shared: Sequence[str], what: str) -> int:
        return int(_bucket(np.array([self._expected(shared)]), what)[0])

    def _prior(self) -> Prior:
        records = max(self._records, 2)
        m, u = [0.0], [0.0]
        for what, size in _STEPS.items():
            shares = self._shares(what, size)
            m += (_M[what] * shares).tolist()
            u += (shares * np.minimum(4.0 ** (np.arange(size) - size + _TOP) / records, 0.3)).tolist()
        m += [_INITIALS / 3] * 3
        u += [_BY_INITIALS / 3 * _PER_LETTER**-letters for letters in (3, 4, 5)]
        m, u = [*m, _M["apart"]], [*u, 1.0]
        return Prior(np.array(m) / sum(m), np.array(u) / sum(u))


def _bucket(expected: npt.NDArray[np.float64], what: str) -> Levels:
    """The step among those of a level, by how many strangers are expected to hold the same words."""
    alike = np.maximum(expected * _ALIKE_BY_CHANCE[what], 1e-12)
    scaled = np.floor(np.log2(alike) / 2 + 0.5).astype(np.int64) + _STEPS[what] - _TOP
    return np.asarray(np.clip(scaled, 0, _STEPS[what] - 1), np.uint8)


@cache
def _abbreviated() -> Mapping[str, tuple[str, ...]]:
    """How the words begin that each abbreviation stands for."""
    return {short: tuple(stems) for short, *stems in map(str.split, lines("company_abbreviations.txt"))}


def _is_form(word: str) -> bool:
    """Whether a word is a legal form, or a usual one with a slip."""
    is_slip = len(word) > 2 and any(OSA.distance(word, form, score_cutoff=1) <= 1 for form in _USUAL_FORMS)
    return is_slip or (word,) in legal_forms()


def _begin_alike(left: Texts, right: Texts) -> npt.NDArray[np.bool_]:
    """Where one name, without its blanks, begins with the other: Akzo Nobel, AkzoNobel Engineering."""
    ours, theirs = (pl.Series(side, dtype=pl.String).str.replace_all(" ", "", literal=True) for side in (left, right))
    both = pl.DataFrame([ours.alias("ours"), theirs.alias("theirs")])
    begins = pl.col("ours").str.starts_with(pl.col("theirs")) | pl.col("theirs").str.starts_with(pl.col("ours"))
    is_long = pl.min_horizontal(pl.all().str.len_chars()) >= _LONG
    return both.select(begins & is_long).to_series().to_numpy()


def _numbers(listed: Sequence[str]) -> set[str]:
    return set(re.findall(r"\d+", " ".join(listed)))


def _is_near(one: str, other: str) -> bool:
    shorter = min(len(one), len(other))
    return OSA.distance(one, other, score_cutoff=2) <= (0 if shorter < 5 else 1 if shorter < 9 else 2)


def _glued(ours: list[str], theirs: list[str]) -> tuple[list[str], list[str]]:
    """Two neighbouring words of one name as one where the other name writes them as one."""
    return _joined(ours, set(theirs)), _joined(theirs, set(ours))


def _joined(listed: list[str], known: set[str]) -> list[str]:
    for at in range(len(listed) - 1):
        if listed[at] + listed[at + 1] in known:
            return [*listed[:at], listed[at] + listed[at + 1], *listed[at + 2 :]]
    return listed


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
    if short.isdigit() or long.isdigit() or len(short) < 2:
        return False
    if long.startswith(_abbreviated().get(short, ())):
        return True
    if len(short) >= 4 and OSA.distance(one, other, score_cutoff=2) <= (1 if len(short) < 8 else 2):
        return True
    return len(short) >= 4 and long.startswith(short) and len(long) - len(short) <= 3


def is_acronym(short: str, name: str) -> bool:
    """Whether a word of three to six letters are the first letters of the words of a name."""
    listed = name.split(" ")
    if " " in short or not 2 < len(short) < 7 or len(listed) < 2:
        return False
    initials = "".join(word[0] for word in listed)
    without = "".join(word[0] for word in listed if word not in ("and", "of", "the", "for", "de"))
    return short in (initials, without)
