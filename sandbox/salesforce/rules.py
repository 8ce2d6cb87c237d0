"""What an administrator has set up in an org and every write obeys."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class Rules:
    """Read at every write: a test changes them while the org is in use."""

    assignment: dict[str, str] = field(default_factory=dict)  # sObject name -> the owner its rule chooses
    inactive_owner_blocks: bool = False  # every update of a record whose owner has left is refused
    redundant_relations_block: bool = False  # merging what has an indirect relation to the same third record is refused
    newest_individual_survives: bool = False  # a merge keeps the privacy record changed last, not the master's
