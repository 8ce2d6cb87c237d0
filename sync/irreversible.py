"""What a change replaces for good, wholly or in part: told in the plan, before anything is written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from hygiene.kinds import email
from model.changes import Change, Convert, Merge, SetField, Unmerge
from model.streams import STREAMS

# By system, all that an undo of a merge leaves otherwise than it was.
UNRESTORED: Mapping[str, tuple[str, ...]] = {
    "salesforce": (
        "stamps, field history and what Salesforce works out by itself, such as the contact of a converted lead",
        "ids of campaign members and contact roles, and when a member first responded",
        "ids of merged records that have left the recycle bin, which keeps them for 15 days",
    ),
    "hubspot": (
        "ids: the survivor keeps the new one that HubSpot gave it, merged records get new ones, and theirs lead to it",
        "stamps, dates of stages, and what stays with the survivor: time lines, form submissions, further domains",
        "links to custom objects",
    ),
}


def irreversible(change: Change) -> str | None:
    """Why what this change replaces cannot be put back, or None."""
    if isinstance(change, Convert):
        return "a conversion cannot be undone: Salesforce takes no lead back out of a contact"
    if not isinstance(change, SetField) or change.field not in STREAMS[change.key.stream].field_names:
        return None
    kind = STREAMS[change.key.stream].field(change.field).kind
    if kind == "email" and isinstance(change.before, str) and not email.is_address(change.before):
        return "what it replaces is no valid address, which no CRM takes back"
    return None


def unrestored(changes: Iterable[Change], systems: Mapping[str, str]) -> tuple[str, ...]:
    """What an undo of these changes cannot restore in full, a sentence per connection; `systems` tells each one's."""
    merging = sorted({change.key.connection for change in changes if isinstance(change, Merge | Unmerge)})
    return tuple(f"{name}: {'; '.join(told)}" for name in merging if (told := UNRESTORED.get(systems.get(name, ""))))
