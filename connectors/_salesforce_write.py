"""Writing field values and contact-account links back, each record behind a guard against lost updates.

Both guards first read the records: one that a person or program changed since the plan saw it is a conflict, one that
already holds the value is left alone. Then

- *conditional*: composite calls of 25 updates, each with `If-Unmodified-Since` the stamp just read. Salesforce itself
  refuses (412) whatever was changed in between. This costs one call per 25 records and is used up to
  CONDITIONAL_MAX_RECORDS in a run: 10,000 records are 400 calls, less than half a percent of an Enterprise day.
- *re-read*: collection calls of 200 updates, which have no precondition. The field history, where the org keeps one
  for the field, afterwards tells which value each update really replaced; a foreign one comes back as `overwrote`.
  Used above that size, or where asked for.

The condition compares LastModifiedDate in whole seconds, not the SystemModstamp that is our version; so it carries the
LastModifiedDate of the guard read, and a record modified within the last second is read again once that second is over:
after that every later change has a later second and cannot slip through.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Literal

from connectors._salesforce_client import Client
from connectors._salesforce_read import Current, Readback
from connectors._salesforce_send import COLLECTION_RECORDS, COMPOSITE_RECORDS, Sender
from connectors._salesforce_unit import Unit, Write
from connectors.connector import Sent
from model.batch import Batch
from model.changes import CHANGED, OutcomeStatus, Planned
from model.errors import AuthFailed, ConnectorError, NotPermitted, QuotaSpent, RateLimited, Rejected, Unavailable
from model.streams import Value

Guard = Literal["conditional", "re-read"]
Send = Callable[[Unit, Sequence[Write], Mapping[str, Current]], None]

CONDITIONAL_MAX_RECORDS = 10_000
_SECOND_US = 1_000_000


class Writer:
    """Sends units to one org. `guard` is for all units of a run; `batches` of the connector chooses it by size."""

    def __init__(self, client: Client, readback: Readback, sender: Sender) -> None:
        self.guard: Guard = "conditional"
        self._client = client
        self._readback = readback
        self._sender = sender

    def send(self, batch: Sequence[Planned]) -> Sent:
        """Write one unit of one object. Raises AuthFailed, QuotaSpent or Unavailable, and only with nothing sent."""
        unit = Unit(batch)
        try:
            rows, current = self._prepare(unit)
        except (Unavailable, RateLimited) as error:
            raise Unavailable(str(error), connection=self._client.name, sent=False) from error
        except (NotPermitted, Rejected) as error:
            unit.settle(batch, "rejected", type(error).__name__, str(error))
            return unit.sent(())
        started_us = self._client.server_time
        if rows:
            self._write(unit, rows, current)
        written = [write for write in rows if write.id in unit.accepted]
        return unit.sent(self._verify(unit, written, started_us) if written else ())

    # --- before ---

    def _prepare(self, unit: Unit) -> tuple[list[Write], Mapping[str, Current]]:
        """The writes that may go out, with their records as they are now."""
        current = self._readback.read(unit.stream, list(unit.writes), "guards")
        rows = self._guarded(unit, current)
        if rows and self.guard == "conditional" and self._is_fresh(rows, current):
            self._client.clocks.sleep(1.0)
            current = self._readback.read(unit.stream, [write.id for write in rows], "guards")
            rows = self._guarded(unit, current)
        return rows, current

    def _guarded(self, unit: Unit, current: Mapping[str, Current]) -> list[Write]:
        """The writes that may go out; the others have their outcome."""
        passed = []
        for write in unit.writes.values():
            now = current.get(write.id)
            if now is None or not now.exists:
                unit.settle(write.changes, "conflict", "GONE", "the record was deleted or merged since it was read")
                continue
            if now.values.get("is_converted") is True:
                unit.settle(write.changes, "rejected", "CONVERTED", "a converted lead cannot be changed any more")
                continue
            self._compare(unit, write, now)
            if unit.open_fields(write):
                passed.append(write)
        return passed

    def _compare(self, unit: Unit, write: Write, now: Current) -> None:
        is_moved = write.seen_at is not None and now.modified_at > write.seen_at
        for name, changes in unit.open_fields(write).items():
            if name not in now.values:
                unit.settle(changes, "rejected", "UNREADABLE", f"{unit.stream}.{name} is no longer readable")
                continue
            value = now.values[name]
            if value == write.after[name]:
                unit.settle(changes, "already", "", "it held this value already", version=now.version)
            elif is_moved:
                text = "the record was changed since it was read"
                unit.settle(changes, "conflict", "MOVED", text, version=now.version, found=value)
            elif value != write.before[name]:
                text = "the field holds another value than the plan saw"
                unit.settle(changes, "conflict", "VALUE", text, version=now.version, found=value)

    def _is_fresh(self, rows: Sequence[Write], current: Mapping[str, Current]) -> bool:
        """Whether a record was last modified in the very second that is still running on the remote's clock."""
        newest = max(current[write.id].modified_at for write in rows)
        return newest // _SECOND_US >= self._client.server_time // _SECOND_US

    # --- sending ---

    def _write(self, unit: Unit, rows: Sequence[Write], current: Mapping[str, Current]) -> None:
        """Send the rows, call by call; what stops one call stops the rest of the unit."""
        calls = self._calls(rows)
        for number, (send, part) in enumerate(calls):
            try:
                send(unit, part, current)
            except (Unavailable, AuthFailed, QuotaSpent, RateLimited) as error:
                was_lost = isinstance(error, Unavailable) and error.sent
                if not was_lost and not unit.was_sent:
                    raise self._unsent(error) from error
                if was_lost:
                    self._settle_pending(unit, part, "unknown", error)
                for _, rest in calls[number:]:
                    self._settle_pending(unit, rest, "unsent", error)
                return
            except ConnectorError as error:
                self._settle_pending(unit, part, "rejected", error)

    def _calls(self, rows: Sequence[Write]) -> list[tuple[Send, Sequence[Write]]]:
        """The rows by call; a composite cannot carry a text that it would take for a reference, so that goes alone."""
        if self.guard != "conditional":
            return [(self._sender.collection, part) for part in _parts(rows, COLLECTION_RECORDS)]
        quotable = [write for write in rows if not write.has_reference]
        alone = [write for write in rows if write.has_reference]
        return [
            *((self._sender.composite, part) for part in _parts(quotable, COMPOSITE_RECORDS)),
            *((self._sender.single, [write]) for write in alone),
        ]

    def _unsent(self, error: ConnectorError) -> ConnectorError:
        if isinstance(error, RateLimited):
            return Unavailable(str(error), connection=self._client.name, sent=False)
        return error

    def _settle_pending(
        self,
        unit: Unit,
        rows: Sequence[Write],
        status: Literal["unknown", "unsent", "rejected"],
        error: ConnectorError,
    ) -> None:
        code = getattr(error, "code", "") or type(error).__name__
        for write in rows:
            if write.id not in unit.accepted:
                unit.settle(write.changes, status, code, str(error))

    # --- after ---

    def _verify(self, unit: Unit, written: Sequence[Write], started_us: int) -> Sequence[Batch]:
        """Read back what was written, settle it, and hand the records over as they now are."""
        ids = [write.id for write in written]
        try:
            now = self._readback.read(unit.stream, ids, "proofs")
            batch = self._readback.last_batch
            replaced = {}
            if self.guard == "re-read":
                replaced = self._readback.replacements(unit.stream, ids, started_us)
        except ConnectorError as error:
            # Without a condition only the history can tell whose value was replaced: look again.
            status: OutcomeStatus = "applied" if self.guard == "conditional" else "unknown"
            for write in written:
                unit.settle(write.changes, status, type(error).__name__, "accepted; it could not be read back")
            return ()
        for write in written:
            for name, changes in unit.open_fields(write).items():
                rows = replaced.get((write.id, name), ())
                # Of all changes since the guard read, ours is the one that left our value.
                old = next((old for old, new in rows if new == write.after[name]), write.before[name])
                self._settle_written(unit, write, name, changes, now.get(write.id), old)
        return () if batch is None else (batch,)

    def _settle_written(
        self, unit: Unit, write: Write, name: str, changes: Sequence[Planned], now: Current | None, old: Value
    ) -> None:
        version = now.version if now else None
        value = now.values.get(name) if now else None
        if old != write.before[name]:
            text = "a value that somebody else set meanwhile was overwritten"
            unit.settle(changes, "overwrote", "OVERWROTE", text, version=version, found=old)
        elif now is None or not now.exists or value == write.after[name]:
            unit.settle(changes, "applied", version=version)
        else:
            text = "accepted, but the field holds another value now"
            unit.settle(changes, "applied", CHANGED, text, version=version, found=value)


def _parts(rows: Sequence[Write], size: int) -> list[Sequence[Write]]:
    return [rows[start : start + size] for start in range(0, len(rows), size)]
