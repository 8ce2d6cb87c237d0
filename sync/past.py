"""What earlier runs say against a change: a person put it back, or its system refused it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from model.changes import SYNC, UNDO, Change, SetField, slot_of
from model.evidence import RecordKey
from model.streams import Value
from store import Recorded

UNDONE, REFUSED = "a person undid them", "their system refused them and the records have not changed since"
_Wish = tuple[RecordKey, str, Value]


def not_held_back(changes: Sequence[Change], recorded: Sequence[Recorded]) -> tuple[list[Change], Mapping[str, int]]:
    """The changes that the outcomes of all pushes do not speak against, and how many the others are, by reason."""
    undone, refused = undone_changes(recorded), refused_changes(recorded)
    kept: list[Change] = []
    held: Counter[str] = Counter()
    for change in changes:
        slot = slot_of(change)
        wish = None if slot is None else (change.key, slot.field, slot.after)
        if wish in undone and change.rule != SYNC:
            held[UNDONE] += 1
        elif isinstance(change, SetField) and (wish, change.seen_at) in refused:
            held[REFUSED] += 1
        else:
            kept.append(change)
    return kept, dict(held)


def undone_changes(recorded: Iterable[Recorded]) -> set[_Wish]:
    """What people put back, by the outcomes of all pushes: record, slot and the value they did not want.

    A plan does not propose it again, but for field sync, which goes by its bases. An undo of an undo wants it after
    all.
    """
    undone: set[_Wish] = set()
    for item in recorded:
        change, slot = item.planned.change, slot_of(item.planned.change)
        if slot is not None and change.rule == UNDO and item.outcome.status in ("applied", "already"):
            undone.discard((change.key, slot.field, slot.after))
            undone.add((change.key, slot.field, slot.before))
    return undone


def refused_changes(recorded: Iterable[Recorded]) -> set[tuple[_Wish, int | None]]:
    """Values that a system itself refused, with the version of the record it refused them for."""
    refused: set[tuple[_Wish, int | None]] = set()
    for item in recorded:
        change = item.planned.change
        if isinstance(change, SetField) and item.outcome.status == "rejected" and item.outcome.code != "REFUSED":
            refused.add(((change.key, change.field, change.after), change.seen_at))
    return refused
