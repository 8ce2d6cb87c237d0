"""Which of two values was set later, where the clocks of two systems can say so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hygiene.threeway import Side
from model.conflicts import Edit

# A clock that went wrong for a while shows in what was seen of it a day before the edits and since.
_DAY_US = 86_400_000_000


@dataclass(frozen=True, slots=True)
class Seen:
    """How far two systems' clocks were ahead of ours (µs) when it was `at` (µs) by ours."""

    at: int
    left: int
    right: int


def newer(left: Edit | None, right: Edit | None, margin: int, seen: Sequence[Seen]) -> Side | None:
    """The side that was set more than `margin` µs later than the other; None where that is not sure.

    The times are by two clocks, of which `seen` tells how they stood to each other, oldest first, the last at this
    moment. It is sure only what holds whichever of them was so when the values were set, and only if one is from
    before. A time that is not exact is the latest that its value can have been set at: such a value can be the older
    one, and is never taken for the newer.
    """
    if left is None or right is None:
        return None
    apart = _apart(left, right, seen)
    if not apart:
        return None
    if left.is_exact and left.at - right.at - max(apart) > margin:
        return "left"
    if right.is_exact and right.at - left.at + min(apart) > margin:
        return "right"
    return None


def _apart(left: Edit, right: Edit, seen: Sequence[Seen]) -> list[int]:
    """By how much the left clock was ahead of the right one about the time of the edits; empty if nobody saw."""
    before = [number for number, one in enumerate(seen) if _is_before(one, left.at, right.at)]
    if not before:
        return []
    since = min(left.at, right.at) - _DAY_US
    long_before = [number for number in before if _is_before(seen[number], since, since)]
    first = long_before[-1] if long_before else 0
    return [one.left - one.right for one in seen[first:]]


def _is_before(seen: Seen, left_at: int, right_at: int) -> bool:
    return seen.at + seen.left < left_at and seen.at + seen.right < right_at
