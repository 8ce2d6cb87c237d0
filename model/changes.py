"""What we would do to a remote record, and what came of it.

A change carries the value it replaces and the version it saw. Changes are planned purely, stored, printed, and only
then sent; every one that was sent has exactly one outcome.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar, Literal

from model.evidence import Evidence, RecordKey
from model.snapshots import Snapshot
from model.streams import STREAMS, Value


@dataclass(frozen=True, slots=True)
class Agreed:
    """What two records agree on once a change is written: `source` holds `value` and the written record what it was
    given. `follows`: what the written record holds instead, should it differ, is an edit that flows back."""

    source: RecordKey
    value: Value
    follows: bool


@dataclass(frozen=True, slots=True)
class SetField:
    """Set one field. `seen_at` (µs) is the record's version when `before` was read."""

    kind: ClassVar[str] = "set-field"
    key: RecordKey
    field: str
    before: Value
    after: Value
    seen_at: int | None
    reason: str
    rule: str = ""
    evidence: tuple[Evidence, ...] = ()
    agreed: Agreed | None = None


@dataclass(frozen=True, slots=True)
class Associate:
    """Link a record to another of the same connection (contact to account: `label` "primary").

    `replaces` is the id of the primary link that this one takes the place of; None: there is none.
    """

    kind: ClassVar[str] = "associate"
    key: RecordKey
    to: RecordKey
    label: str
    seen_at: int | None
    reason: str
    rule: str = ""
    evidence: tuple[Evidence, ...] = ()
    replaces: str | None = None


@dataclass(frozen=True, slots=True)
class Dissociate:
    """Remove a link; with `label` "primary" only that mark, where a system tells the two apart: the link stays."""

    kind: ClassVar[str] = "dissociate"
    key: RecordKey
    to: RecordKey
    label: str
    seen_at: int | None
    reason: str
    rule: str = ""
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True)
class Create:
    """Make a record that carries our external id, so that sending it twice makes one.

    `source` is the record of another connection that it is made from, and is the same as from then on;
    `source_values` are what that one holds where the new record gets `values`.
    """

    kind: ClassVar[str] = "create"
    key: RecordKey  # id: our external id until the remote has given its own
    values: tuple[tuple[str, Value], ...]
    seen_at: int | None
    reason: str
    rule: str = ""
    evidence: tuple[Evidence, ...] = ()
    source: RecordKey | None = None
    source_values: tuple[tuple[str, Value], ...] = ()


@dataclass(frozen=True, slots=True)
class Chosen:
    """One field's surviving value: the record it comes from, None where several have a part in it, and why."""

    field: str
    value: Value
    source: RecordKey | None
    reason: str


@dataclass(frozen=True, slots=True)
class Merge:
    """Fold `losers` into the record `key`; `values` are the surviving fields that differ from the survivor's.

    `chosen` tells of each field in which the records differ which value survives. `snapshots` are lent to it when it is
    sent.
    """

    kind: ClassVar[str] = "merge"
    key: RecordKey
    losers: tuple[RecordKey, ...]
    values: tuple[tuple[str, Value], ...]
    seen_at: int | None
    reason: str
    rule: str = ""
    evidence: tuple[Evidence, ...] = ()
    chosen: tuple[Chosen, ...] = ()
    others_at: int | None = None  # the newest version of a loser when the merge was planned
    group: str = ""  # merges of one group make one person or company of the same records in several connections
    snapshots: tuple[Snapshot, ...] = ()


@dataclass(frozen=True, slots=True)
class Unmerge:
    """Take the merge of change `of` apart: its `losers` are records of their own again, with what hung on them, and
    the survivor holds what it held before where it still holds what the merge left there.

    `values` are those the merge set. `snapshots` and `renamed`, by old id the new one of records that could only be
    made anew, are lent to it when it is sent.
    """

    kind: ClassVar[str] = "unmerge"
    key: RecordKey
    losers: tuple[RecordKey, ...]
    values: tuple[tuple[str, Value], ...]
    seen_at: int | None
    reason: str
    rule: str = ""
    evidence: tuple[Evidence, ...] = ()
    of: str = ""
    snapshots: tuple[Snapshot, ...] = ()
    renamed: tuple[tuple[RecordKey, RecordKey], ...] = ()


@dataclass(frozen=True, slots=True)
class Convert:
    """Convert a lead into, or onto, a contact and an account."""

    kind: ClassVar[str] = "convert"
    key: RecordKey
    contact: RecordKey | None
    account: RecordKey | None
    seen_at: int | None
    reason: str
    rule: str = ""
    evidence: tuple[Evidence, ...] = ()
    status: str | None = None  # the lead's status afterwards; None: the system's first converted one
    deal_name: str | None = None  # None: no deal is made
    others_at: int | None = None  # the contact's version when the conversion was planned


@dataclass(frozen=True, slots=True)
class Delete:
    """Move a record to the remote's recycle bin."""

    kind: ClassVar[str] = "delete"
    key: RecordKey
    seen_at: int | None
    reason: str
    rule: str = ""
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True)
class Restore:
    """Bring a record back from the remote's recycle bin."""

    kind: ClassVar[str] = "restore"
    key: RecordKey
    seen_at: int | None
    reason: str
    rule: str = ""
    evidence: tuple[Evidence, ...] = ()


# Changes that join whole records: nothing of ours puts them back, so they are sent only when asked for.
JOINING = frozenset({Merge.kind, Convert.kind})

Change = SetField | Associate | Dissociate | Create | Merge | Unmerge | Convert | Delete | Restore


@dataclass(frozen=True, slots=True)
class Slot:
    """Where a change writes and what it swaps there. A link's slot is the field that mirrors it: `account_id`."""

    field: str
    before: Value
    after: Value


def slot_of(change: Change) -> Slot | None:
    """The slot of a change that swaps one value for another; None for the other kinds."""
    if isinstance(change, SetField):
        return Slot(change.field, change.before, change.after)
    if isinstance(change, Associate):
        return Slot(f"{STREAMS[change.to.stream].singular}_id", change.replaces, change.to.id)
    if isinstance(change, Dissociate):
        return Slot(f"{STREAMS[change.to.stream].singular}_id", change.to.id, None)
    return None


def records_of(change: Change) -> tuple[RecordKey, ...]:
    """The records that a change writes: a merge also ends its losers. Those that its undo brings back are not there."""
    return (change.key, *change.losers) if isinstance(change, Merge) else (change.key,)


@dataclass(frozen=True, slots=True)
class Planned:
    """A change with the id it has in its plan; ids are unique in a store and sort in plan order."""

    id: str
    change: Change


# The rule of changes that put back what a run replaced. They answer for their own value only: a record that moved
# elsewhere since is no conflict, because there is nothing to plan again.
UNDO = "undo"
# The rule of changes that carry a value from a record to its partner in another CRM.
SYNC = "sync"
# The rule of a change that was made to somebody who was forgotten since, and the id in place of their records': that
# something happened stays known, what happened does not.
FORGOTTEN = "forgotten"
# Codes of an applied link change that say what stood there before, for its undo: an Associate made an existing link
# the primary one; a Dissociate removed a primary link.
WAS_LINKED = "WAS_LINKED"
WAS_PRIMARY = "WAS_PRIMARY"
# Code of a create that made nothing: somebody else's record of the same person or company was there.
ADOPTED = "ADOPTED"

# Codes of an applied change of a field that reads otherwise than it was written: the remote's own form of our value;
# something else, which it made of it or somebody set since.
KEPT_AS = "KEPT_AS"
CHANGED = "CHANGED"

# applied: the remote holds `after`. already: it held it before we wrote. rejected: it refused, with its reason.
# conflict: it moved since we read it, nothing written. overwrote: a foreign value in the gap was overwritten (kept in
# `found`, restorable). unsent: a cap, quota or failure that provably sent nothing stopped us; safe to send again.
# unknown: we cannot tell whether it arrived (lost answer); the next push reads the remote back first.
OutcomeStatus = Literal["applied", "already", "rejected", "conflict", "overwrote", "unsent", "unknown"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one planned change. `found` is the remote's value where it was not the expected one;
    `version` (µs) is the record's version after the write; `made` is the id that a create, a merge or a conversion
    left behind: of the new record, the survivor, the contact; of an unmerge the ids of its losers, joined by `;`."""

    change_id: str
    status: OutcomeStatus
    code: str = ""
    message: str = ""
    version: int | None = None
    found: Value = field(default=None)
    made: str | None = None
