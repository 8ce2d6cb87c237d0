"""What two records agree on once a change of field sync is written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from model.changes import CHANGED, KEPT_AS, UNDO, Outcome, Planned, SetField
from model.streams import Value
from store import BaseCell

_HOLDS = frozenset({"applied", "already", "overwrote"})


def agreed_cells(changes: Iterable[Planned], outcomes: Iterable[Outcome]) -> list[BaseCell]:
    """The bases that these outcomes set: of the written record and of the one the value came from.

    An undo sets the base of what it puts back, so that it is not taken for an edit that has to be carried over; but
    only where the two agreed on what it replaces. An edit that was open before is open again.
    """
    by_id: Mapping[str, Planned] = {planned.id: planned for planned in changes}
    cells: list[BaseCell] = []
    for outcome in outcomes:
        change = by_id[outcome.change_id].change
        if not isinstance(change, SetField) or outcome.status not in _HOLDS:
            continue
        if change.agreed is not None:
            source = change.agreed.source
            cells.append(BaseCell(source, change.key, change.field, change.agreed.value))
            cells.append(BaseCell(change.key, source, change.field, held(change, outcome, change.agreed.follows)))
        elif change.rule == UNDO:
            cells.append(BaseCell(change.key, None, change.field, held(change, outcome), change.before))
    return cells


def held(change: SetField, outcome: Outcome, follows: bool = True) -> Value:
    """What the written record holds of ours: the value it was given, or what its system made of that; unless it
    `follows`, whatever stood there when it was read back."""
    is_own_form = outcome.code == KEPT_AS or is_form_of(outcome.found, change.after)
    return outcome.found if outcome.code in (KEPT_AS, CHANGED) and (is_own_form or not follows) else change.after


def is_form_of(found: Value, given: Value) -> bool:
    """Whether a system may have made `found` of `given` by itself: trimmed, cut off, re-cased, rounded."""
    if isinstance(found, int | float) and isinstance(given, int | float):
        return any(round(given, places) == found for places in range(7))
    if not isinstance(found, str) or not isinstance(given, str):
        return False
    one, other = (" ".join(text.split()).casefold() for text in (found, given))
    digits, wanted = ("".join(letter for letter in text if letter.isdigit()) for text in (one, other))
    is_number = len(digits) >= 6 and len(digits) * 2 > len(one) and (digits in wanted or wanted in digits)
    return bool(one) and (other.startswith(one) or is_number)
