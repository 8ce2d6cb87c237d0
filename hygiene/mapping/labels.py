"""How alike the labels of two CRMs are."""

from __future__ import annotations

import re

from rapidfuzz import fuzz

from hygiene.kinds.spelling import fold, tidy

_BREAK = re.compile(r"[^\w]+|_+")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_NUMBER = re.compile(r"\d+")


def plain(label: str) -> str:
    """A label without case, accents, punctuation and the suffix of API names: "A - B" as "a b"."""
    spelt = _CAMEL.sub(" ", tidy(label).removesuffix("__c")).replace("&", " and ")
    return " ".join(_BREAK.sub(" ", fold(spelt)).split())


def similarity(one: str, other: str) -> float:
    """0 to 1 between two plain labels, whatever the order of their words; 0 where one is blank or a number differs.

    "Tier 1" and "Tier 2" are a keystroke apart, and two things.
    """
    if not one or not other or _NUMBER.findall(one) != _NUMBER.findall(other):
        return 0.0
    return max(fuzz.ratio(one, other), fuzz.token_sort_ratio(one, other)) / 100


def is_within(one: str, other: str) -> bool:
    """Whether all words of the shorter of two plain labels are in the longer: "energy" and "oil energy"."""
    words = sorted((set(one.split()), set(other.split())), key=len)
    return bool(words[0]) and words[0] <= words[1]
