"""A remote's words about a change without the values it is about: outcomes are shown, logged and reported."""

from __future__ import annotations

from collections.abc import Iterator

from model.changes import Change, Create, Merge, slot_of
from model.streams import Value

# A shorter text is no person's data, and stands in too many words.
_SHORTEST = 3
# A remote cuts what it quotes: as much of a value as this gives it away.
_GIVEAWAY = 8


def without_values(message: str, change: Change, found: Value = None) -> str:
    """The message with every value of the change, whole or cut short, replaced by "[value]"."""
    texts = {" ".join(value.split()) for value in (*_values(change), found) if isinstance(value, str)}
    for text in sorted(texts, key=lambda value: (-len(value), value)):
        if len(text) >= _SHORTEST:
            message = _without(message, text)
    return message


def _values(change: Change) -> Iterator[Value]:
    slot = slot_of(change)
    if slot is not None:
        yield from (slot.before, slot.after)
    if isinstance(change, Create | Merge):
        yield from (value for _, value in change.values)


def _without(message: str, text: str) -> str:
    lowered, wanted = message.casefold(), text.casefold()
    if len(lowered) != len(message) or len(wanted) != len(text):
        lowered, wanted = message, text  # folding moved the places: as they are written then
    start, kept = 0, []
    head = wanted[:_GIVEAWAY]
    while (place := lowered.find(head, start)) >= 0:
        end = place + len(head)
        while end < len(message) and end - place < len(wanted) and lowered[end] == wanted[end - place]:
            end += 1
        kept += [message[start:place], "[value]"]
        start = end
    return "".join((*kept, message[start:]))
