"""Which value of a picklist is which of another's: by value, by label, and by labels that are nearly the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hygiene.mapping.labels import is_within, plain, similarity
from model.remote import Option

SURE = 0.92  # from here on two labels are one in two spellings
MAYBE = 0.8  # from here on a person should look


@dataclass(frozen=True, slots=True)
class ValuePair:
    """A left value and the right one that it is, with the reason."""

    left: str
    right: str
    reason: str


@dataclass(frozen=True, slots=True)
class ValueMap:
    """Pairs of values, each value in one at most, in the order of the left picklist. `doubtful` pairs are for a person
    to decide; values of neither are `left_only` and `right_only`; `retired` left ones are on old records only."""

    pairs: tuple[ValuePair, ...]
    doubtful: tuple[ValuePair, ...]
    left_only: tuple[str, ...]
    right_only: tuple[str, ...]
    retired: tuple[str, ...] = ()

    @property
    def is_needless(self) -> bool:
        """Whether both lists hold the very same values, so that they travel as they are."""
        return not (self.doubtful or self.left_only or self.right_only) and all(
            pair.left == pair.right for pair in self.pairs
        )


def propose_values(left: Sequence[Option], right: Sequence[Option]) -> ValueMap:
    """Pair the active values, the surest first; of equally sure ones those that stand first in their lists."""
    ours = [option for option in left if option.is_active]
    theirs = [option for option in right if option.is_active]
    scored = sorted(
        ((*_score(one, other), place, other_place) for place, one in enumerate(ours)
         for other_place, other in enumerate(theirs)),
        key=lambda found: (-found[0], found[2], found[3]),
    )  # fmt: skip
    taken: tuple[set[int], set[int]] = (set(), set())
    pairs: dict[int, ValuePair] = {}
    doubtful: dict[int, ValuePair] = {}
    for score, reason, place, other in scored:
        if score < MAYBE or place in taken[0] or other in taken[1]:
            continue
        taken[0].add(place)
        taken[1].add(other)
        (pairs if score >= SURE else doubtful)[place] = ValuePair(ours[place].value, theirs[other].value, reason)
    return ValueMap(
        tuple(pairs[place] for place in sorted(pairs)),
        tuple(doubtful[place] for place in sorted(doubtful)),
        tuple(option.value for place, option in enumerate(ours) if place not in taken[0]),
        tuple(option.value for place, option in enumerate(theirs) if place not in taken[1]),
        tuple(option.value for option in left if not option.is_active),
    )


def _score(one: Option, other: Option) -> tuple[float, str]:
    if one.value == other.value:
        return 3.0, "same value"
    if one.label == other.label:
        return 2.0, "same label"
    spellings = [(plain(a), plain(b)) for a in {one.label, one.value} for b in {other.label, other.value}]
    if any(a == b and a for a, b in spellings):
        return 1.0, "same but for spelling"
    alike = min(max(similarity(a, b) for a, b in spellings), 0.99)
    if alike < SURE and any(is_within(a, b) for a, b in spellings):
        return 0.9, "one within the other"
    return alike, f"{alike:.0%} alike"
