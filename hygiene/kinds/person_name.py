"""Names of people: case repair, titles and suffixes, and match keys without case and diacritics."""

from __future__ import annotations

import re
from dataclasses import dataclass

import polars as pl

from hygiene.data import rows, words
from hygiene.distinct import over_distinct
from hygiene.kinds.spelling import fold, is_no_value, romanised, tidy


def _listed(kind: str) -> frozenset[str]:
    return next(frozenset(listed.split()) for name, listed in rows("person_words.tsv") if name == kind)


TITLES = _listed("titles")
DEGREES = _listed("degrees")
PARTICLES = _listed("particles")
GENERATIONS = {"jr": "jr", "junior": "jr", "sr": "sr", "senior": "sr", "ii": "ii", "iii": "iii", "iv": "iv"}
_LOWER_PARTICLES = _listed("small particles")
_UPPER = {"ii": "II", "iii": "III", "iv": "IV", "phd": "PhD", "mba": "MBA", "md": "MD", "cpa": "CPA", "msc": "MSc"}
# Mac- is a prefix in these and part of the word in Macey, Mack, Macias.
_MAC = _listed("after Mac")
_MARKUP = re.compile(r"<[^<>]*>")
# Somebody's remark, or what a person is called: Smith (left), William (Bill).
_BRACKETED = re.compile(r"\([^()]*\)")
_APOSTROPHES = "'’ʼ"
_COMPANY_SIGNS = re.compile(r"[0-9@&/\\|<>=+*#%$€£:;?!]")


@dataclass(frozen=True, slots=True)
class Name:
    """A full name in parts, each as written; empty where absent. `generation` is jr, sr, ii, iii or iv."""

    title: str
    given: str
    family: str
    generation: str


def _needs_repair(text: str) -> bool:
    letters = [letter for letter in text if letter.isalpha()]
    if len(letters) < 2 or _COMPANY_SIGNS.search(text):
        return False
    return text == text.upper() != text.lower() or text == text.lower() != text.upper()


def _capital(word: str) -> str:
    """One run of letters and apostrophes, lower case, in name case."""
    for sign in _APOSTROPHES:
        head, found, tail = word.partition(sign)
        if found and tail:
            short = len(head) == 1 and len(tail) > 1
            return f"{head.capitalize()}{sign}{_capital(tail) if short else tail}"
    if word.startswith("mc") and len(word) > 4:
        return "Mc" + word[2:].capitalize()
    if word.startswith("mac") and word[3:] in _MAC:
        return "Mac" + word[3:].capitalize()
    return word.capitalize()


def _word(word: str, *, is_particle: bool) -> str:
    bare = word.strip(".,")
    if bare in _UPPER:
        return word.replace(bare, _UPPER[bare])
    if is_particle:
        return word
    return "-".join(".".join(map(_capital, part.split("."))) for part in word.split("-"))


def _repaired(text: str) -> str:
    listed = text.lower().split()
    last = len(listed) - 1
    return " ".join(
        _word(word, is_particle=word in _LOWER_PARTICLES and number < last) for number, word in enumerate(listed)
    )


def repair(text: str, *, is_given: bool = False) -> str:
    """A name written in capitals or small letters only, in name case; any other text only tidied.

    Two capitals as a given name (AJ, JP) stay: they are as likely initials as a name.
    """
    bare = tidy(text)
    if not _needs_repair(bare) or (is_given and len(bare) <= 2 and bare.isupper()):
        return bare
    fixed = _repaired(bare)
    stable = not _needs_repair(fixed) or _repaired(fixed) == fixed
    return fixed if stable and fixed.casefold() == bare.casefold() else bare


def normalise(values: pl.Series, *, is_given: bool = False) -> pl.Series:
    """Names in name case; blank text becomes null."""
    return over_distinct(values, lambda text: repair(text, is_given=is_given) or None)


def problems(values: pl.Series) -> pl.Series:
    """Reasons in words for text that names nobody ("n/a", "test"), null otherwise."""
    return over_distinct(values, _problem)


def _problem(text: str) -> str | None:
    if not text.strip():
        return None
    if is_no_value(text):
        return "is a stand-in for a missing name"
    return "has no letters" if not any(letter.isalpha() for letter in text) else None


def _tokens(text: str) -> list[str]:
    return re.sub(r"[^\w]+", " ", re.sub("['’ʼ`´]", "", fold(text))).replace("_", " ").split()


def generation(text: str) -> str | None:
    """The jr, sr, ii, iii or iv at the end of a name, else None."""
    listed = _tokens(text)
    return GENERATIONS.get(listed[-1]) if len(listed) > 1 else None


def match_key_of(text: str) -> str | None:
    """Folded words of a name without titles, degrees and generation, Cyrillic and Greek in Latin letters; None for
    stand-ins ("n/a", "unknown")."""
    if is_no_value(text):
        return None
    bare = _MARKUP.sub(" ", text)
    listed = _tokens(_BRACKETED.sub(" ", bare)) or _tokens(bare)
    core = [word for word in listed if word not in TITLES and word not in DEGREES and word not in GENERATIONS]
    key = romanised(" ".join(core or listed))
    return key if any(letter.isalpha() for letter in key) else None


def match_key(values: pl.Series) -> pl.Series:
    """Match keys of given, family or full names."""
    return over_distinct(values, match_key_of)


def parted(given: pl.Series, family: pl.Series) -> tuple[pl.Series, pl.Series]:
    """Given and family names; where somebody put both into the family name, it is taken apart."""
    whole = family.set(given.is_not_null() | ~family.str.contains(r"[\pL.][ ,]+\pL").fill_null(value=False), None)
    names = {text: split(text) for text in whole.drop_nulls().unique()}
    firsts = over_distinct(whole, lambda text: None if _is_particle(names[text].given) else names[text].given)
    lasts = over_distinct(whole, lambda text: names[text].family)
    is_whole = firsts.is_not_null()
    return given.zip_with(~is_whole, firsts), family.zip_with(~is_whole, lasts)


def is_test(keys: pl.Series) -> pl.Series:
    """True for name keys that nobody bears: all test words ("foo bar"), one that is no name at all ("test lee"), or
    the name of nobody ("mickey mouse")."""
    listed = keys.str.split(" ")
    some = listed.list.set_intersection(sorted(words("no_names.txt"))).list.len() > 0
    every = listed.list.set_difference(sorted(words("test_words.txt"))).list.len() == 0
    return (some | every | keys.is_in(sorted(words("nobodies.txt")))).fill_null(value=False)


def split(text: str) -> Name:
    """A full name in parts: `Dr. Ana de la Cruz Jr` and `Cruz, Ana` alike. A single word is a family name."""
    bare = tidy(text)
    head, comma, tail = bare.partition(",")
    if comma and tail.strip() and not _is_suffix(tail):
        bare = f"{tail.strip()} {head.strip()}"
        return _split_words(bare.split(), family_words=len(head.split()))
    return _split_words(bare.replace(",", " ").split())


def _is_particle(text: str) -> bool:
    """True for nothing as well: van of van den Berg is no given name."""
    return all(_bare(word) in PARTICLES for word in text.split())


def _is_suffix(text: str) -> bool:
    return all(_bare(word) in DEGREES or _bare(word) in GENERATIONS for word in text.split())


def _bare(word: str) -> str:
    return fold(word).replace(".", "")


def _split_words(listed: list[str], family_words: int | None = None) -> Name:
    titles = []
    while len(listed) > 1 and (_bare(listed[0]) in TITLES or listed[0].lower() in TITLES):
        titles.append(listed.pop(0))
    found = ""
    while len(listed) > 1 and (_bare(listed[-1]) in DEGREES or _bare(listed[-1]) in GENERATIONS):
        found = GENERATIONS.get(_bare(listed.pop()), found)
    start = len(listed) - 1 if family_words is None else max(len(listed) - family_words, 0)
    while family_words is None and start > 1 and _bare(listed[start - 1]) in PARTICLES:
        start -= 1
    return Name(" ".join(titles), " ".join(listed[:start]), " ".join(listed[start:]), found)
