"""Whole numbers that clients send where only a small one makes a difference."""

from __future__ import annotations

_DIGITS_MAX = 18


def at_most(digits: str, most: int) -> int:
    """The number, `most` where it is larger; text of any length will do."""
    return most if len(digits) > _DIGITS_MAX else min(int(digits), most)
