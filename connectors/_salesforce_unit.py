"""One unit of changes on its way to Salesforce: its writes, one per record, and the outcome of every change."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from connectors.connector import Sent
from model.batch import Batch
from model.changes import UNDO, Associate, Dissociate, Outcome, OutcomeStatus, Planned, SetField
from model.streams import Value


@dataclass(slots=True)
class Write:
    """All changes of one record: what each field should hold before and after, by canonical field."""

    id: str
    changes: list[Planned]
    before: dict[str, Value] = field(default_factory=dict)
    after: dict[str, Value] = field(default_factory=dict)
    by_field: dict[str, list[Planned]] = field(default_factory=dict)
    seen_at: int | None = None

    @property
    def has_reference(self) -> bool:
        """Whether a composite call would take one of its texts for a reference; nothing quotes "@{" there."""
        return any(isinstance(value, str) and "@{" in value for value in self.after.values())


def write_of(record_id: str, changes: Sequence[Planned]) -> Write:
    """Fold a record's changes into one write; a link taken off and another put on is one change of the reference."""
    write = Write(record_id, list(changes))
    links: list[Planned] = []
    for planned in changes:
        change = planned.change
        if isinstance(change, SetField):
            write.before.setdefault(change.field, change.before)
            write.after[change.field] = change.after
            write.by_field.setdefault(change.field, []).append(planned)
        else:
            links.append(planned)
        # An undo is sent wherever the field itself still holds what we wrote.
        if change.seen_at is not None and change.rule != UNDO:
            write.seen_at = change.seen_at if write.seen_at is None else min(write.seen_at, change.seen_at)
    for planned in links:
        change = planned.change
        write.by_field.setdefault("account_id", []).append(planned)
        write.before.setdefault("account_id", None)
        write.after.setdefault("account_id", None)
        if isinstance(change, Dissociate):
            write.before["account_id"] = change.to.id
        elif isinstance(change, Associate):
            write.after["account_id"] = change.to.id
            if change.replaces is not None:
                write.before["account_id"] = change.replaces
    return write


class Unit:
    """One unit on its way: collects exactly one outcome per change."""

    def __init__(self, batch: Sequence[Planned]) -> None:
        self.stream = batch[0].change.key.stream
        self.order = [planned.id for planned in batch]
        grouped: dict[str, list[Planned]] = {}
        for planned in batch:
            grouped.setdefault(planned.change.key.id, []).append(planned)
        self.writes = {record_id: write_of(record_id, changes) for record_id, changes in grouped.items()}
        self.outcomes: dict[str, Outcome] = {}
        self.was_sent = False  # whether any of it may have reached Salesforce
        self.accepted: set[str] = set()  # record ids whose write Salesforce took; settled when read back

    def settle(self, changes: Sequence[Planned], status: OutcomeStatus, code: str = "", message: str = "", *,
               version: int | None = None, found: Value = None) -> None:  # fmt: skip
        """Give changes their outcome; one that has one already keeps it."""
        for planned in changes:
            self.outcomes.setdefault(planned.id, Outcome(planned.id, status, code, message, version, found))

    def open_fields(self, write: Write) -> dict[str, list[Planned]]:
        """The fields of a write that still have a change without outcome."""
        return {
            name: changes
            for name, changes in write.by_field.items()
            if any(planned.id not in self.outcomes for planned in changes)
        }

    def open_changes(self, write: Write) -> list[Planned]:
        """The changes of a write that have no outcome yet."""
        return [planned for planned in write.changes if planned.id not in self.outcomes]

    def sent(self, records: Sequence[Batch]) -> Sent:
        return Sent(tuple(self.outcomes[change_id] for change_id in self.order), tuple(records))
