"""What a change replaces for good: told in the plan, before anything is written."""

from __future__ import annotations

from hygiene.kinds import email
from model.changes import JOINING, Change, SetField
from model.streams import STREAMS


def irreversible(change: Change) -> str | None:
    """Why what this change replaces cannot be put back, or None."""
    if change.kind in JOINING:
        return "records that were joined cannot be taken apart again by this version"
    if not isinstance(change, SetField) or change.field not in STREAMS[change.key.stream].field_names:
        return None
    kind = STREAMS[change.key.stream].field(change.field).kind
    if kind == "email" and isinstance(change.before, str) and not email.is_address(change.before):
        return "what it replaces is no valid address, which no CRM takes back"
    return None
