"""Company names: the core that is left without legal form, article, punctuation and diacritics."""

from __future__ import annotations

import re
from functools import cache

import polars as pl

from hygiene.data import lines, words
from hygiene.distinct import over_distinct
from hygiene.kinds.spelling import fold, is_no_value, romanised, tidy

# "S.A.", "G.m.b.H.", "S. p. A.": letters each followed by a dot are one abbreviation.
_ABBREVIATION = re.compile(r"\b(?:[^\W\d_]\.\s?){1,}[^\W\d_]\b\.?")
_TRADING_AS = re.compile(r"\b(?:d/?b/?a|t/a|trading as|doing business as)\b\.?", re.IGNORECASE)
# Signs that names have no use for: within a word they are a slip, or what is left of a letter in another encoding.
_STRAY = re.compile(r"(?<=\w)[?{}~^\ufffd](?=\w)")
_AND = {"&": " and ", "+": " and ", "@": " at "}
_AND_WORDS = frozenset({"und", "et", "y", "e", "og", "och", "en", "i"})
_ARTICLES = frozenset({"the"})
# Forms that open a name: PT Astra, OOO Romashka.
_LEADING = frozenset(
    [
        "pt",
        "ooo",
        "oao",
        "zao",
        "pao",
        "ao",
        "cv",
        "ud",
        "tov",
        "sarl",
        "ltd",
        "gmbh",
        "ооо",
        "оао",
        "зао",
        "пао",
        "тов",
    ]
)
_NORDIC = frozenset(["ab", "oy", "as", "kb"])
# Chinese, Japanese and Korean names carry their legal form without a blank.
_GLUED_FORM = re.compile(
    "(株式会社|有限会社|合同会社|股份有限公司|有限责任公司|有限公司|주식회사|유한회사|㈜|[(]株[)]|[(]주[)])"
)
# A usual form that lost its blank: AcmeGmbH. Not Corp, which brands end with: KeyCorp.
GLUED_LATIN_FORM = r"([a-z0-9])((?:Inc|LLC|Ltd|PLC|LLP|GmbH)\.?)$"
_LOST_BLANK = re.compile(GLUED_LATIN_FORM)


@cache
def legal_forms() -> frozenset[tuple[str, ...]]:
    """Every known legal form as folded words."""
    return frozenset(tuple(line.split()) for line in lines("legal_forms.txt"))


@cache
def _longest_form() -> int:
    return max(map(len, legal_forms()))


def tokens(text: str) -> list[str]:
    """Folded words of a name, abbreviations joined, & as "and"."""
    spaced = _LOST_BLANK.sub(r"\1 \2", text if text.isascii() else _GLUED_FORM.sub(r" \1 ", text))
    joined = _ABBREVIATION.sub(lambda found: re.sub(r"[.\s]", "", found[0]) + " ", tidy(spaced))
    folded = _STRAY.sub("", re.sub("['’ʼ`´]", "", fold(joined)))
    for sign, word in _AND.items():
        folded = folded.replace(sign, word)
    listed = re.sub(r"[^\w]+", " ", folded).replace("_", " ").split()
    return _letters_joined(listed)


def _letters_joined(listed: list[str]) -> list[str]:
    """Runs of single letters as one word: J P Morgan is JP Morgan."""
    joined: list[str] = []
    is_open = False
    for word in listed:
        is_letter = len(word) == 1 and word.isalpha() and word.isascii()
        if is_letter and is_open:
            joined[-1] += word
        else:
            joined.append(word)
        is_open = is_letter
    return joined


def _without_form(listed: list[str]) -> list[str]:
    for size in range(min(_longest_form(), len(listed) - 1), 0, -1):
        if tuple(listed[-size:]) in legal_forms():
            return listed[:-size]
    return listed


def core(listed: list[str]) -> list[str]:
    """The words without legal forms, leading article and a dangling "and"; all of them when nothing would be left."""
    rest = listed[1:] if len(listed) > 1 and listed[0] in _ARTICLES else listed
    bare = rest
    while len(bare) > 1:
        shorter = _without_form(bare)
        if len(shorter) > 1 and shorter[-1] in _AND_WORDS | {"and"}:
            shorter = shorter[:-1]
        if shorter == bare:
            break
        bare = shorter
    # AB Volvo, but A.B. Dick Company: two letters are a form only where no other form follows.
    leading = _LEADING | _NORDIC if bare == rest else _LEADING
    while len(bare) > 1 and (bare[0] in leading or _GLUED_FORM.match(bare[0])):
        bare = bare[1:]
    return bare


def form(text: str) -> str:
    """The legal form at the end of a name as folded words, empty when it has none."""
    listed = tokens(text)
    return " ".join(listed[len(_without_form(listed)) :])


def match_key_of(text: str) -> str | None:
    """The core words joined by blanks, Cyrillic and Greek in Latin letters; None for stand-ins ("n/a") and text without
    letters or digits."""
    if is_no_value(text):
        return None
    trading = _TRADING_AS.split(text)
    listed = tokens(trading[-1]) or tokens(text)
    told = ("and" if word in _AND_WORDS and number > 0 else word for number, word in enumerate(core(listed)))
    return romanised(" ".join(told)) or None


def match_key(values: pl.Series) -> pl.Series:
    """Match keys of company names."""
    return over_distinct(values, match_key_of)


def normalise(values: pl.Series) -> pl.Series:
    """Names with single blanks and nothing invisible; how a company writes itself is left to it."""
    return over_distinct(values, lambda text: tidy(text) or None)


def problems(values: pl.Series) -> pl.Series:
    """Reasons in words for text that names no company, null otherwise."""
    return over_distinct(
        values,
        lambda text: "is a stand-in for a missing name" if text.strip() and is_no_value(text) else None,
    )


def is_test(keys: pl.Series) -> pl.Series:
    """True for company keys such as "test", "test company" or "dummy account"."""
    told = keys.str.split(" ").list.set_difference(["company", "account", "inc", "corp"])
    every = told.list.set_difference(sorted(words("test_words.txt"))).list.len() == 0
    return (every & (told.list.len() > 0)).fill_null(value=False)
