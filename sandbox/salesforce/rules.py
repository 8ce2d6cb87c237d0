"""What an administrator has set up in an org and every write obeys."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class Rules:
    """Read at every write: a test changes them while the org is in use."""

    assignment: dict[str, str] = field(default_factory=dict)  # sObject name -> the owner its rule chooses
    inactive_owner_blocks: bool = False  # every update of a record whose owner has left is refused
