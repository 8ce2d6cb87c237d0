"""Which of two values was set later, where the clocks of two systems can say so."""

from __future__ import annotations

from hygiene.threeway import Side
from model.conflicts import Edit


def newer(left: Edit | None, right: Edit | None, margin: int) -> Side | None:
    """The side that was set more than `margin` µs later than the other; None where that is not sure.

    A time that is not exact is the latest that its value can have been set at: such a value can be the older one, and
    is never taken for the newer.
    """
    if left is None or right is None:
        return None
    if left.is_exact and left.at - right.at > margin:
        return "left"
    if right.is_exact and right.at - left.at > margin:
        return "right"
    return None
