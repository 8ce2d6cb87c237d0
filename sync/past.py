"""What earlier runs say against a change: a person put it back, or its system will not take it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from model.changes import SYNC, UNDO, Change, Outcome, slot_of
from model.evidence import RecordKey
from model.streams import Value
from store import Recorded

UNDONE = "a person undid them"
# Told from describe, without a call that writes: it stands for as long as describe says so.
UNSENT = "REFUSED"
PASSING = frozenset({
    "UNABLE_TO_LOCK_ROW", "ENTITY_IS_LOCKED", "TOO_MANY_APEX_REQUESTS", "STORAGE_LIMIT_EXCEEDED", "SERVER_UNAVAILABLE",
    "REQUEST_LIMIT_EXCEEDED", "QUERY_TIMEOUT", "UNKNOWN_EXCEPTION", "DUPLICATES_DETECTED", "LIMIT_EXCEEDED",
    "RATE_LIMITS", "RATE_LIMIT", "LOCKED", "INTERNAL_ERROR",
})  # fmt: skip
_Wish = tuple[RecordKey, str, Value]


def not_held_back(changes: Sequence[Change], recorded: Sequence[Recorded]) -> tuple[list[Change], Mapping[str, int]]:
    """The changes that nobody undid before, and how many the others are, by reason."""
    undone = undone_changes(recorded)
    kept: list[Change] = []
    for change in changes:
        slot = slot_of(change)
        if slot is None or change.rule == SYNC or (change.key, slot.field, slot.after) not in undone:
            kept.append(change)
    return kept, {UNDONE: len(changes) - len(kept)} if len(kept) < len(changes) else {}


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


def is_lasting(outcome: Outcome) -> bool:
    """Whether a system refused and will not take it by itself."""
    return outcome.status == "rejected" and outcome.code not in PASSING
