"""What a column's heading says it holds: the phrase that ends it, and the words beside that phrase.

`column_words.tsv` has the phrases by kind and role; one that begins with `=` counts only as the whole heading.
`column_signs.tsv` has the words that may stand beside a phrase: neutral ones, ones that call a column the second of its
role, and ones by which it is about something else than the record (owner, parent, created).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from hygiene.data import rows
from hygiene.kinds.spelling import fold

Words = tuple[str, ...]
SECOND, STRANGE = 3.0, 2.0
_WRAPPING = re.compile(r"^(?:propert(?:y|ies)[_.]|attributes\.|fields\.)|__p?c$", re.IGNORECASE)
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z]{2})|(?<=[^\W\d_])(?=\d)|(?<=\d)(?=[^\W\d_])")
_MAY_FOLLOW: dict[str, frozenset[str]] = {
    "phone": frozenset(("number", "no", "nr", "num", "nummer", "numero")),
    "identifier": frozenset(("number", "no", "nr", "num", "nummer", "numero", "id", "code")),
    "area": frozenset(("code", "name", "only", "iso")),
    "domain": frozenset(("url", "domain", "address", "link")),
    "email": frozenset(("id", "address")),
}
# Shorter words are not looked for inside a word: nearly every word holds some.
_PART, _MOST_PARTS = 3, 4


@dataclass(frozen=True, slots=True)
class Heading:
    """What a heading says. `kind` is empty where it says nothing; `rank` is lower the more plainly it speaks."""

    kind: str = ""
    role: str = ""
    rank: float = 0.0
    is_foreign: bool = False
    is_generic: bool = False


@cache
def _phrases() -> dict[Words, tuple[str, str, float, bool]]:
    """Phrase -> kind, role, rank within its role, and whether it must be the whole heading."""
    found: dict[Words, tuple[str, str, float, bool]] = {}
    for kind, role, listed in rows("column_words.tsv"):
        for place, phrase in enumerate(listed.split("; ")):
            words = tuple(fold(phrase.removeprefix("=")).split())
            found.setdefault(words, (kind, role, place / 100, phrase.startswith("=")))
    return found


@cache
def _signs(name: str) -> frozenset[str]:
    return next(frozenset(listed.split()) for kind, listed in rows("column_signs.tsv") if kind == name)


@cache
def _vocabulary() -> frozenset[str]:
    words = {word for phrase in _phrases() for word in phrase}
    return frozenset(words.union(*(_signs(kind) for kind in ("neutral", "second", "foreign"))))


def heading_words(text: str) -> Words:
    """Lower-case words without accents: "BillingZip/PostalCode__c" is billing, zip, postal, code."""
    bare = _WRAPPING.sub("", text.strip())
    spaced = fold(_HUMP.sub(" ", bare))
    listed = re.findall(r"[^\W\d_]+|\d+", spaced)
    if len(listed) > 1 and listed[-1] == "c":
        listed = listed[:-1]  # a custom field of Salesforce after its way through a warehouse
    words = tuple(part for word in listed for part in _parts(word))
    return tuple(word for word in words if word != "1") or words


def _parts(word: str) -> Words:
    """A word that is several known words run together, as these; any other as it is."""
    if word in _vocabulary() or len(word) < 2 * _PART:
        return (word,)
    return min(_splits(word, _MOST_PARTS), key=len, default=(word,))


def _splits(word: str, most: int) -> Iterator[Words]:
    for end in range(_PART, len(word) + 1):
        head, tail = word[:end], word[end:]
        if head not in _vocabulary():
            continue
        if not tail:
            yield (head,)
        elif most > 1:
            yield from ((head, *rest) for rest in _splits(tail, most - 1))


def read_heading(text: str) -> Heading:
    """What a heading says by itself."""
    words = heading_words(text)
    if all(word in _signs("generic") or word.isdigit() for word in words):
        return Heading(is_generic=True)
    spans = [
        (end, end - start, words[start:end])
        for start in range(len(words))
        for end in range(start + 1, len(words) + 1)
        if words[start:end] in _phrases()
    ]
    for end, size, phrase in sorted(spans, reverse=True):
        kind, role, rank, is_whole = _phrases()[phrase]
        if is_whole and size < len(words):
            continue
        after = _following(kind, words[end:])
        if after is None:
            continue
        before = _standing_before(phrase, words[: end - size])
        if before is None:
            return Heading(is_foreign=True)
        return Heading(kind, role, rank + before + after)
    return Heading(is_foreign=bool(_signs("foreign") & set(words)))


def _following(kind: str, words: Words) -> float | None:
    """What the words behind a phrase cost its rank; None where they make it something else (phone type)."""
    cost = 0.0
    for word in words:
        if _is_second(word):
            cost = SECOND
        elif not (word.isdigit() or word in _signs("neutral") or word in _MAY_FOLLOW.get(kind, ())):
            return None
    return cost


def _is_second(word: str) -> bool:
    return word in _signs("second") or (word.isdigit() and len(word) == 1)


def _standing_before(phrase: Words, words: Words) -> float | None:
    """What the words before a phrase cost its rank; None where they make it about something else (owner e-mail)."""
    cost = 0.0
    for word in words:
        if word in phrase or word in _signs("neutral") or (word.isdigit() and len(word) > 1):
            continue
        if word in _signs("foreign"):
            return None
        cost = max(cost, SECOND if _is_second(word) else STRANGE)
    return cost
