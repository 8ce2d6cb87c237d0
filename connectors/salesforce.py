"""Salesforce: pulls the canonical streams over REST and writes field corrections and account links back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from connectors._salesforce_auth import SaveSecret, Secret
from connectors._salesforce_bulk import BULK_ROWS, PAGE_ROWS, BulkReader
from connectors._salesforce_check import check_org
from connectors._salesforce_client import Client, Clocks
from connectors._salesforce_parts import PARTS, STREAM_NAMES
from connectors._salesforce_pull import Pull, count_part
from connectors._salesforce_read import Current, Readback
from connectors._salesforce_refusal import refusal
from connectors._salesforce_schema import Schema
from connectors._salesforce_send import COLLECTION_RECORDS, Sender
from connectors._salesforce_write import CONDITIONAL_MAX_RECORDS, Guard, Writer
from connectors.connector import Access, Arrival, Observed, Sent, Usage
from model.batch import Page, Watermark
from model.changes import Associate, Change, Dissociate, Planned, SetField, slot_of
from model.errors import ConfigError, InputError
from model.settings import SalesforceConnection
from model.streams import Value


class SalesforceConnector:
    """One org, for one thread. Nothing is called before a method needs it.

    `guard` fixes the guard of all writes; left None, `batches` picks it by the size of the run (see `Writer`).
    """

    system = "salesforce"

    def __init__(
        self,
        name: str,
        settings: SalesforceConnection,
        secret: Secret,
        save_secret: SaveSecret | None = None,
        *,
        clocks: Clocks | None = None,
        guard: Guard | None = None,
        bulk_rows: int = BULK_ROWS,
        bulk_page_rows: int = PAGE_ROWS,
    ) -> None:
        self.name = name
        self.usage = Usage()
        self._streams = _checked_streams(name, settings.streams)
        self._client = Client(name, settings, secret, save_secret, self.usage, clocks or Clocks())
        self._schema = Schema(self._client, settings.fields, settings.currency)
        self._readback = Readback(self._client, self._schema)
        self._writer = Writer(self._client, self._readback, Sender(self._client, self._readback))
        self._bulk = BulkReader(self._client, page_rows=bulk_page_rows)
        self._bulk_rows = bulk_rows
        self._guard = guard
        if guard is not None:
            self._writer.guard = guard

    def check(self) -> Access:
        """Org, user, API version, permissions by object, missing fields and the day's API calls, in words."""
        return check_org(self._client, self._schema, self._streams)

    def streams(self) -> tuple[str, ...]:
        return self._streams

    def pull(self, stream: str, watermark: Watermark) -> Iterator[Page]:
        """Pages of some thousand records; InputError for a stream it has not."""
        self._known(stream)
        yield from Pull(self._client, self._schema, stream, watermark, bulk=self._bulk, bulk_rows=self._bulk_rows)

    def count(self, stream: str) -> int | None:
        """Live records by `SELECT COUNT()`, over all objects of the stream; None where we leave rows out on purpose."""
        self._known(stream)
        selections, _ = self._schema.selections(stream)
        if any(selection.part.parent for selection in selections):
            return None
        return sum(count_part(self._client, selection) for selection in selections)

    def close(self) -> None:
        self._client.close()

    # --- sink ---

    def refusal(self, change: Planned) -> str | None:
        """By describe (one call per object and run, made when first needed): mapping, permission, length, picklist."""
        return refusal(self._readback, change)

    def batches(self, changes: Sequence[Planned]) -> list[tuple[Planned, ...]]:
        """Units of one object and at most 200 records, all changes of a record in one unit.

        Accounts go before what hangs on them. Records linked to the same account are neighbours, so that their
        updates share a call instead of waiting for each other's lock on it.
        """
        by_record: dict[tuple[str, str], list[Planned]] = {}
        for planned in changes:
            by_record.setdefault((planned.change.key.stream, planned.change.key.id), []).append(planned)
        if self._guard is None:
            self._writer.guard = "conditional" if len(by_record) <= CONDITIONAL_MAX_RECORDS else "re-read"
        units: list[tuple[Planned, ...]] = []
        for stream in STREAM_NAMES:
            mine = [(record_id, group) for (of, record_id), group in by_record.items() if of == stream]
            mine.sort(key=lambda item: (_parent(item[1]), item[0]))
            for start in range(0, len(mine), COLLECTION_RECORDS):
                some = mine[start : start + COLLECTION_RECORDS]
                units.append(tuple(planned for _, group in some for planned in group))
        return units

    def send(self, batch: tuple[Planned, ...]) -> Sent:
        """Write one unit behind the guard and read it back (see `Writer`)."""
        return self._writer.send(batch) if batch else Sent(())

    def observe(self, changes: Sequence[Planned]) -> Mapping[str, Observed]:
        """One call per object and 200 records, and one more for their field history where the org keeps one."""
        by_stream: dict[str, list[Planned]] = {}
        for planned in changes:
            by_stream.setdefault(planned.change.key.stream, []).append(planned)
        found: dict[str, Observed] = {}
        for stream, mine in by_stream.items():
            ids = sorted({planned.change.key.id for planned in mine})
            current = self._readback.read(stream, ids)
            versions = [planned.change.seen_at for planned in mine if planned.change.seen_at is not None]
            history = self._readback.replacements(stream, ids, min(versions)) if versions else {}
            for planned in mine:
                key = (planned.change.key.id, _field(planned.change))
                found[planned.id] = _observed(planned.change, current.get(key[0]), history.get(key, ()))
        return found

    def _known(self, stream: str) -> None:
        if stream not in PARTS:
            raise InputError(f"{self.name} has no stream {stream!r}; streams are {', '.join(self._streams)}.")


def connect(
    name: str, settings: SalesforceConnection, secret: Secret, save_secret: SaveSecret | None = None
) -> SalesforceConnector:
    """A connection to one org; ConfigError when its settings cannot be right. No call is made yet.

    `secret` resolves a secret reference when it is needed; `save_secret` writes a rotated refresh token back.
    """
    return SalesforceConnector(name, settings, secret, save_secret)


def _checked_streams(name: str, wanted: tuple[str, ...] | None) -> tuple[str, ...]:
    unknown = sorted(set(wanted or ()) - set(STREAM_NAMES))
    if unknown:
        raise ConfigError(
            f"connections.{name}.streams: Salesforce has no stream {unknown[0]}; streams are {', '.join(STREAM_NAMES)}."
        )
    return STREAM_NAMES if wanted is None else tuple(stream for stream in STREAM_NAMES if stream in wanted)


def _parent(group: Sequence[Planned]) -> str:
    return next((p.change.to.id for p in group if isinstance(p.change, Associate | Dissociate)), "")


def _observed(change: Change, now: Current | None, history: Sequence[tuple[Value, Value]]) -> Observed:
    """What stands where a change would write; `history` are the field's changes since the plan, oldest first."""
    if now is None or not now.exists:
        return Observed(None, None, exists=False)
    name, slot = _field(change), slot_of(change)
    if name not in now.values:
        return Observed(None, now.version, is_known=False)
    ours = [place for place, (_, new) in enumerate(history) if slot is not None and new == slot.after]
    arrival = Arrival(history[ours[-1]][0], stands=ours[-1] == len(history) - 1) if ours else None
    return Observed(now.values[name], now.version, arrival=arrival)


def _field(change: Change) -> str:
    """The canonical field a sendable change writes."""
    return change.field if isinstance(change, SetField) else "account_id"
