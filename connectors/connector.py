"""What every connector offers, as three small interfaces: a source, a sink and a lookup.

A connection (`sf`, `sf_emea`, `hs`) is one object made by its system's `connect(name, settings, secret)`. It holds no
records: pages go straight to the store, outcomes straight to the journal.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from model.batch import Batch, Page, Watermark
from model.changes import Outcome, Planned
from model.conflicts import Edit
from model.remote import NativeSync, RemoteField
from model.snapshots import Snapshot
from model.streams import Value


@dataclass(frozen=True, slots=True)
class Access:
    """What `check` found, in words: one line per fact; `problems` are what a person must mend before a run."""

    identity: str
    facts: tuple[str, ...]
    problems: tuple[str, ...] = ()


# Kinds of calls that no documented minimum covers: they depend on the org, not on what changed in it.
APART = frozenset({"auth", "describe", "count", "check", "association"})


@dataclass(slots=True)
class Usage:
    """API calls made by one connection since it was opened, by kind, beside the documented minimum for the same work.

    Kinds: `list`, `search`, `deleted`, `bulk`, `read` (guards and proofs of writes), `write`, `history`, and those of
    APART: `auth`, `describe`, `count`, `check` and `association` (reads of links, which carry no date of their own).
    `daily_used` and `daily_limit` are the remote's own figures where it tells them.
    """

    calls: dict[str, int] = field(default_factory=dict)
    daily_used: int | None = None
    daily_limit: int | None = None
    work: dict[tuple[str, int], int] = field(default_factory=dict)  # (what, most per call) -> records or rows so far

    def count(self, kind: str) -> None:
        self.calls[kind] = self.calls.get(kind, 0) + 1

    def needs(self, what: str, records: int, *, most: int) -> None:
        """Note work that has been done: so many records of `what` (contacts, write contacts, ...), for which the remote
        documents at most `most` a call. One call for a stream's deletes is `needs("deletes of contacts", 1, most=1)`.
        """
        self.work[what, most] = self.work.get((what, most), 0) + records

    @property
    def total(self) -> int:
        return sum(self.calls.values())

    @property
    def budgeted(self) -> int:
        """Calls made of the kinds that the minimum covers."""
        return sum(number for kind, number in self.calls.items() if kind not in APART)

    @property
    def minimum(self) -> int:
        """The fewest calls that the documented maxima allow for the work done."""
        return sum(-(-records // most) for (_, most), records in self.work.items())


@dataclass(frozen=True, slots=True)
class Arrival:
    """A change's write as the remote's own history shows it: what it replaced, and whether it still stands."""

    replaced: Value
    stands: bool


@dataclass(frozen=True, slots=True)
class Observed:
    """What the remote holds where a change would write.

    For a link, `value` is the linked id (or None); for a create the id of the record that carries our external id; for
    a merge the survivor's id once every loser lives on in it, for an unmerge the losers' ids once nothing is left to
    do; for a conversion the contact the lead became. A deleted record does not `exist`, a restored one does.

    `exists` is False when the record is deleted or merged away; then `value` and `version` are None. `is_known` is
    False when the field cannot be read (any more): a None is then no blank. `arrival` is there where the remote keeps
    a history and it shows the write.
    """

    value: Value
    version: int | None
    exists: bool = True
    is_known: bool = True
    arrival: Arrival | None = None


@dataclass(frozen=True, slots=True)
class Sent:
    """What one batch came to: exactly one outcome per change, and the written records as the remote now holds them."""

    outcomes: tuple[Outcome, ...]
    records: tuple[Batch, ...] = ()


@runtime_checkable
class Source(Protocol):
    """A connection that can be pulled."""

    name: str
    system: str
    usage: Usage

    def check(self) -> Access:
        """Log in and say who we are, which scopes, permissions and limits we have. AuthFailed when we cannot."""

    def streams(self) -> tuple[str, ...]:
        """Canonical streams it can pull, in an order in which references resolve."""

    def pull(self, stream: str, watermark: Watermark) -> Iterator[Page]:
        """Pages from the watermark on; a watermark without `since` asks for everything. Windows overlap."""

    def count(self, stream: str) -> int | None:
        """How many live records the remote itself says it has; None where it cannot say."""

    def close(self) -> None:
        """Release connections. Safe to call twice."""


@runtime_checkable
class Sink(Source, Protocol):
    """A connection that can also be written. `fills_blanks`: its merges fill the survivor's blanks by themselves.
    `native_if_on`: what an integration of the system's own with another CRM writes as well, where it is on. Its `links`
    tell on pulled records whether it is, and of which it keeps.
    """

    fills_blanks: bool
    native_if_on: NativeSync | None

    def refusal(self, change: Planned) -> str | None:
        """Why this change cannot be sent (unwritable field, unsupported kind, value too long), or None. No calls."""

    def derived(self, stream: str) -> frozenset[str]:
        """Fields of a stream that no change of a field sets: the system works them out, or holds them as links. No
        calls."""

    def describe(self, stream: str) -> tuple[RemoteField, ...]:
        """The remote's fields of a stream that can be written, by name; empty for a stream it has not. One call for
        each kind of object, if that was not asked yet. NotPermitted where the fields may not be seen."""

    def native_streams(self) -> tuple[str, ...]:
        """The streams on which that integration shows itself by its fields, whose descriptions are asked for if
        they were not yet; none where it is off."""

    def batches(self, changes: Sequence[Planned]) -> list[tuple[Planned, ...]]:
        """Split into the units that are journaled and sent as one, in dependency order, at the documented maxima."""

    def snapshots(self, changes: Sequence[Planned]) -> Mapping[str, tuple[Snapshot, ...]]:
        """By change id, the records of merges, conversions and deletions as they are now, with all that hangs on
        them; those that are gone, or live on in another, are left out. ConnectorError when they cannot be read."""

    def send(self, batch: tuple[Planned, ...]) -> Sent:
        """Write one unit behind its version guard and read back what was written. Of a create, a merge and a
        conversion the outcome says in `made` what was left behind. Never raises after a write may
        have reached the remote: such changes come back `unknown`. Raises AuthFailed, QuotaSpent or Unavailable(sent
        False) only when nothing of the batch was sent."""

    def observe(self, changes: Sequence[Planned]) -> Mapping[str, Observed]:
        """By change id, what the remote holds now where each change would write."""

    def edits(self, stream: str, fields: Mapping[str, Collection[str]]) -> Mapping[tuple[str, str], Edit]:
        """By id and field, who set the values that these `fields` of records (id -> fields) have now, and when; what
        the remote does not tell, and records that are gone, are left out. ConnectorError when they cannot be read."""

    def clock_ahead(self) -> int:
        """By how much (µs) the remote's clock was ahead of ours at its last answer, to the second; 0 where it never
        told. No calls."""


@dataclass(frozen=True, slots=True)
class Found:
    """One answer of a lookup for one asked row: values by canonical field, a similarity (0 to 1) and its reason."""

    values: Mapping[str, Value]
    similarity: float
    reason: str
    source_id: str


@runtime_checkable
class Lookup(Protocol):
    """An enrichment connection: asked about one account or person, it answers or abstains."""

    name: str
    system: str
    usage: Usage
    fills: tuple[str, ...]  # canonical account fields it can fill

    def check(self) -> Access: ...

    def look_up(self, known: Mapping[str, Value]) -> Found | None:
        """The best answer for an entity of which `known` fields (name, country, domain, lei, ...) are given; None
        when nothing fits well enough."""

    def close(self) -> None: ...
