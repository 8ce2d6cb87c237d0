"""Record ids: 15 case-sensitive characters, and the 18-character form that survives a loss of case."""

from __future__ import annotations

import re
from functools import lru_cache

_SUFFIX = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_SHAPE = re.compile(r"[0-9A-Za-z]{15}(?:[A-Z0-5]{3})?", re.IGNORECASE)


@lru_cache(maxsize=65536)
def long_id(value: str) -> str | None:
    """The 18-character form of a 15- or 18-character id; None when it is neither or its checksum is wrong.

    An 18-character id whose case was lost gets it back from the checksum.
    """
    if not _SHAPE.fullmatch(value):
        return None
    if len(value) == 15:
        return value + checksum(value)
    restored = _restored(value[:15], value[15:].upper())
    return restored + value[15:].upper() if checksum(restored) == value[15:].upper() else None


def checksum(value: str) -> str:
    """Three characters that tell which of the 15 are upper-case letters."""
    blocks = (value[0:5], value[5:10], value[10:15])
    return "".join(_SUFFIX[sum(("A" <= c <= "Z") << k for k, c in enumerate(block))] for block in blocks)


def _restored(value: str, suffix: str) -> str:
    bits = [_SUFFIX.index(suffix[k // 5]) >> (k % 5) & 1 for k in range(15)]
    return "".join(c.upper() if bit else c.lower() for c, bit in zip(value, bits, strict=True))


def make_id(prefix: str, pod: str, number: int) -> str:
    """The id number `number` of a kind of record; `pod` (two characters) keeps orgs and loaded data apart."""
    digits = ""
    for _ in range(9):
        number, rest = divmod(number, 62)
        digits = _DIGITS[rest] + digits
    value = f"{prefix}{pod}0{digits}"
    return value + checksum(value)
