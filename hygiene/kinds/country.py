"""Countries: any common spelling to ISO 3166 alpha-2 and one English name."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

import polars as pl
from rapidfuzz import process
from rapidfuzz.distance import OSA

from hygiene.data import rows
from hygiene.distinct import over_distinct
from hygiene.kinds.spelling import fold, tidy

# Countries of ISO 3166-1 that ISO 3166-2 also lists as parts of another: a company has its seat in the one as in the
# other.
_PARTS = {"CN": "HK MO TW", "FI": "AX", "FR": "BL GF GP MF MQ NC PF PM RE TF WF YT", "NL": "AW BQ CW SX", "NO": "SJ",
          "US": "AS GU MP PR UM VI"}  # fmt: skip
_WHOLE = MappingProxyType({part: whole for whole, parts in _PARTS.items() for part in parts.split()})


def _spelling(text: str) -> str:
    folded = re.sub(r"[.'’,()]", "", fold(tidy(text)))
    return " ".join(re.sub(r"[-_/]", " ", folded).split()).removeprefix("the ")


@cache
def names() -> Mapping[str, str]:
    """English name by ISO code."""
    return MappingProxyType({code: name for code, _, name, *_ in rows("countries.tsv")})


@cache
def _codes() -> Mapping[str, str]:
    """ISO code by spelling. Codes and English names win over other spellings."""
    found: dict[str, str] = {}
    for code, long_code, name, *others in rows("countries.tsv"):
        for spelling in (code, long_code, name):
            found[_spelling(spelling)] = code
        for spelling in "|".join(others).split("|"):
            found.setdefault(_spelling(spelling), code)
    for code, long_code, name, *_ in rows("countries.tsv"):
        found.update({_spelling(name): code, _spelling(long_code): code, _spelling(code): code})
    found.pop("", None)
    return MappingProxyType(found)


def code_of(text: str) -> str | None:
    """ISO code of a name, code or listed spelling; None when it is none of these."""
    return _codes().get(_spelling(text))


# Countries of two words that are called after people, or of which one says nothing by itself.
_CALLED_AFTER = frozenset(("islands", "saint", "sint", "city", "samoa", "sahara"))


@cache
def words() -> frozenset[str]:
    """The folded words of the short English name of just one country: hong, kong, zealand, but not new."""
    every = (set(_spelling(name).split()) for name in names().values())
    short = [listed for listed in every if len(listed) < 3 and not listed & _CALLED_AFTER]
    counted = Counter(word for listed in short for word in listed if len(word) > 3)
    return frozenset(word for word, times in counted.items() if times == 1)


def whole_of(code: str) -> str:
    """The ISO code of the country of which this one is a part; of all others their own."""
    return _WHOLE.get(code, code)


def suggestion(text: str) -> str | None:
    """ISO code of the one country whose name is a keystroke away (two in long names), for unlisted misspellings."""
    spelling = _spelling(text)
    if code_of(text) or len(spelling) < 5:
        return None
    allowed = 2 if len(spelling) >= 9 else 1
    near = process.extract(spelling, list(_long_spellings()), scorer=OSA.distance, score_cutoff=allowed, limit=20)
    best = min((distance for _, distance, _ in near), default=None)
    codes = {_long_spellings()[name] for name, distance, _ in near if distance == best}
    return codes.pop() if len(codes) == 1 else None


@cache
def _misspellings() -> frozenset[str]:
    return frozenset(_spelling(text) for *_, last in rows("countries.tsv") for text in last.split("|") if text)


def is_misspelt(text: str) -> bool:
    """True for a listed misspelling (Philipines); local and older names are none."""
    return _spelling(text) in _misspellings()


@cache
def _long_spellings() -> Mapping[str, str]:
    return MappingProxyType({name: code for name, code in _codes().items() if len(name) >= 5})


def normalise(values: pl.Series) -> pl.Series:
    """ISO codes, null where the country is not recognised. A near miss is read as the one country it can be."""
    return over_distinct(values, lambda text: code_of(text) or suggestion(text))


def certain(values: pl.Series) -> pl.Series:
    """ISO codes of listed spellings only."""
    return over_distinct(values, code_of)


def problems(values: pl.Series) -> pl.Series:
    """Reasons in words, null where the value is a country or blank."""
    return over_distinct(values, _problem)


def _problem(text: str) -> str | None:
    if not text.strip() or code_of(text):
        return None
    meant = suggestion(text)
    return f"names no known country; perhaps {names()[meant]}" if meant else "names no known country"
