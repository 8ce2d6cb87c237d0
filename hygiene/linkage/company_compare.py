"""How well the name of an account fits a company name that is asked for: words in common, alike, spare and missing."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl
from rapidfuzz import process
from rapidfuzz.distance import OSA, JaroWinkler

from hygiene.data import rows
from hygiene.kinds.spelling import fold
from hygiene.linkage.codes import Codes, Floats
from hygiene.linkage.company_alike import alike, runs
from hygiene.linkage.company_index import initials, whole
from hygiene.linkage.company_words import Marks, Vocabulary, Worded

# What stands beside a name says less than the name.
_TAIL = 0.35
_CHUNK = 100_000
_ROMAN = ("i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x", "xi", "xii", "xiii", "xiv", "xv")
_REGIONS = ("us", "usa", "uk", "emea", "apac", "america", "americas", "europe", "asia", "pacific", "africa", "nordic",
            "nordics", "iberia", "benelux", "dach", "latam", "north", "south", "east", "west")  # fmt: skip


@dataclass(frozen=True)
class Asked:
    """Asked names against account names: both as words, their initials, as one word, and their legal forms."""

    vocabulary: Vocabulary
    accounts: Worded
    asked: Worded
    account_forms: pl.Series
    asked_forms: pl.Series

    @cached_property
    def initials(self) -> tuple[pl.Series, pl.Series]:
        return initials(self.vocabulary, self.asked.heads), initials(self.vocabulary, self.accounts.heads)

    @cached_property
    def whole(self) -> tuple[pl.Series, pl.Series]:
        return whole(self.vocabulary, self.asked.heads), whole(self.vocabulary, self.accounts.heads)

    @cached_property
    def numbers(self) -> Marks:
        values = self.vocabulary.values
        return (values.str.contains(r"^\d+$") | values.is_in(list(_ROMAN))).to_numpy()

    @cached_property
    def regions(self) -> Marks:
        told = {fold(name) for row in rows("countries.tsv") for cell in row[2:] for name in cell.split("|")}
        return self.vocabulary.values.is_in(sorted({*_REGIONS, *(name for name in told if name)})).to_numpy()


FEATURES = ("one", "over", "common", "spare", "missing", "covers asked", "covers account", "same", "asked within",
            "account within", "begins", "ratio", "spelling", "first", "initials", "numbers", "adds region",
            "lacks region", "form")  # fmt: skip


def features(names: Asked, pairs: pl.DataFrame) -> Floats:
    """(pairs, FEATURES) of pairs with columns asked and account."""
    parts = [_features(names, pairs[start : start + _CHUNK]) for start in range(0, len(pairs), _CHUNK)]
    return np.concatenate(parts) if parts else np.zeros((0, len(FEATURES)), np.float32)


@dataclass(frozen=True)
class _Pairs:
    """Asked and account names of pairs as word codes, and for each word how it fares on the other side."""

    at: Codes
    to: Codes
    one: Codes
    other: Codes
    equal: Marks
    left: tuple[Marks, Marks]  # words that only this side has
    like: tuple[Floats, Floats]  # how far those are like one of the other side's, 0 to 1
    adds: Marks  # words of the asked name itself that the account's has nothing like, and the reverse
    lacks: Marks


def _pairs(names: Asked, pairs: pl.DataFrame) -> _Pairs:
    v = names.vocabulary
    at, to = pairs["asked"].to_numpy(), pairs["account"].to_numpy()
    one, other = names.asked.codes[at], names.accounts.codes[to]
    equal = (one[:, :, None] == other[:, None, :]) & (one[:, :, None] >= 0)
    left_one, left_other = (one >= 0) & ~equal.any(axis=2), (other >= 0) & ~equal.any(axis=1)
    like_one, like_other = alike(v, one, other, left_one & ~names.numbers[one], left_other & ~names.numbers[other])
    runs(v, one, names.initials[1].gather(to), left_one, left_other, like_one, like_other)
    runs(v, other, names.initials[0].gather(at), left_other, left_one, like_other, like_one)
    adds = left_one & ~names.asked.tail[at] & (like_one == 0)
    lacks = left_other & ~names.accounts.tail[to] & (like_other == 0)
    return _Pairs(at, to, one, other, equal, (left_one, left_other), (like_one, like_other), adds, lacks)


def _bits(names: Asked, p: _Pairs) -> tuple[Floats, Floats, Floats]:
    """Bits of the words both have, of those the asked name adds, of those it lacks."""
    v, (left_one, left_other), (like_one, like_other) = names.vocabulary, p.left, p.like
    known, mine = (p.one >= 0) & ~left_one, np.where(names.asked.tail[p.at], _TAIL, 1.0)
    theirs = np.where(names.accounts.tail[p.to], _TAIL, 1.0)
    have = np.where(known, v.weights[p.one], np.where(left_one, v.spare[p.one] * like_one, 0)).sum(axis=1)
    spare = np.where(left_one, v.spare[p.one] * (1 - like_one) * mine, 0).sum(axis=1)
    missing = np.where(left_other, v.bits[p.other] * (1 - like_other) * theirs, 0).sum(axis=1)
    return have, spare, missing


def _features(names: Asked, pairs: pl.DataFrame) -> Floats:
    p = _pairs(names, pairs)
    have, spare, missing = _bits(names, p)
    text = pl.DataFrame({"one": names.whole[0].gather(p.at), "other": names.whole[1].gather(p.to)})
    same = (text["one"] == text["other"]).to_numpy()
    begins = text.select(
        pl.col("one").str.starts_with(pl.col("other")) | pl.col("other").str.starts_with(pl.col("one"))
    )
    first = p.equal[:, 0, 0]
    columns = (
        np.ones(len(pairs)),
        np.clip(have - np.log2(len(names.accounts.codes)), -10, 10),
        np.minimum(have, 25),
        np.minimum(spare, 20),
        np.minimum(missing, 20),
        have / (have + spare + 1),
        have / (have + missing + 1),
        same,
        ~p.adds.any(axis=1) & ~same,
        ~p.lacks.any(axis=1) & ~same,
        begins.to_series().to_numpy() & ~same,
        *_spelling(text["one"], text["other"]),
        first,
        _is_initials(names, p) & ~first,
        (p.adds & names.numbers[p.one]).any(axis=1) & (p.lacks & names.numbers[p.other]).any(axis=1),
        (p.adds & names.regions[p.one]).any(axis=1),
        (p.lacks & names.regions[p.other]).any(axis=1),
        _forms(names, p),
    )
    return np.stack([np.asarray(column, np.float32) for column in columns], axis=1)


def _spelling(one: pl.Series, other: pl.Series) -> tuple[Floats, Floats]:
    ours, theirs = one.to_list(), other.to_list()
    scorers = (OSA.normalized_similarity, JaroWinkler.normalized_similarity)
    ratio, spelling = (process.cpdist(ours, theirs, scorer=scorer, dtype=np.float32, workers=-1) for scorer in scorers)
    return ratio, spelling


def _is_initials(names: Asked, p: _Pairs) -> Marks:
    """One side's first word is the other's initials, the last of them perhaps a syllable: Wabtec."""
    v = names.vocabulary
    sides = (
        (names.initials[1].gather(p.to), names.accounts.heads[p.to], p.one),
        (names.initials[0].gather(p.at), names.asked.heads[p.at], p.other),
    )
    found = np.zeros(len(p.at), np.bool_)
    for letters, heads, short in sides:
        last = heads[np.arange(len(heads)), np.maximum((heads >= 0).sum(axis=1) - 1, 0)]
        pairs = pl.DataFrame(
            {"letters": letters, "last": v.values.gather(np.maximum(last, 0)), "word": v.values.gather(short[:, 0])}
        )
        rest = pl.col("word").str.slice(pl.col("letters").str.len_chars() - 1)
        holds = pl.col("word").str.starts_with(pl.col("letters")) & pl.col("last").str.starts_with(rest)
        found |= pairs.select(holds.fill_null(value=False)).to_series().to_numpy()
    return found


def _forms(names: Asked, p: _Pairs) -> Floats:
    """1 for the same legal form, -1 for different ones, 0 where a side names none."""
    same = names.asked_forms.gather(p.at) == names.account_forms.gather(p.to)
    rated = pl.select(pl.when(same).then(1.0).when(~same).then(-1.0).otherwise(0.0).cast(pl.Float32))
    return rated.to_series().to_numpy()
