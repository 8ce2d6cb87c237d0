"""Did somebody else's value get lost between our read and our write? A property's history tells.

HubSpot takes no conditional write. So the record is read just before, written, and read again with history: what stands
directly below our own entry is what we replaced.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from connectors._hubspot_parse import stamp


@dataclass(frozen=True, slots=True)
class Trace:
    """Our write in a property's history. `replaced` is the text it replaced, `is_newest` whether it still stands."""

    replaced: str
    is_newest: bool


def history_of(record: Mapping[str, Any], property_name: str) -> list[tuple[str, int]] | None:
    """(text, µs) of each entry, newest first; None when the answer has no history of the property."""
    histories = record.get("propertiesWithHistory")
    entries = histories.get(property_name) if isinstance(histories, dict) else None
    if not isinstance(entries, list):
        return None
    found = [
        (str(entry.get("value") or ""), stamp(entry.get("timestamp")) or 0)
        for entry in entries
        if isinstance(entry, dict)
    ]
    # Equal stamps keep the documented order.
    return sorted(found, key=lambda entry: -entry[1])


def trace_write(history: Sequence[tuple[str, int]], ours: frozenset[str], before: str, since: int) -> Trace | None:
    """Find our write (one of the texts `ours`) among the entries not older than the version we read; None if absent.

    `before` is the text we read: with no entry below ours, that is what we replaced.
    """
    for position, (text, at) in enumerate(history):
        if text in ours and at >= since:
            # A repeated attempt writes the same text again on top of the first.
            below = [entry for entry, _ in history[position + 1 :]]
            while below and below[0] == text and text != before:
                below = below[1:]
            return Trace(below[0] if below else before, is_newest=position == 0)
    return None
