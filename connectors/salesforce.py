"""Salesforce: pulls the canonical streams over REST and Bulk 2.0, and writes every kind of change back."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from connectors._salesforce_auth import SaveSecret, Secret
from connectors._salesforce_bulk import PAGE_ROWS, BulkReader
from connectors._salesforce_check import check_org
from connectors._salesforce_client import Client, Clocks
from connectors._salesforce_convert import Converting, observed_conversions
from connectors._salesforce_create import Creating
from connectors._salesforce_deeds import Kind, carry_out
from connectors._salesforce_describe import described_fields
from connectors._salesforce_merge import Merging, observed_merges
from connectors._salesforce_observe import observed_records
from connectors._salesforce_parts import PARTS, STREAM_NAMES, WRITABLE
from connectors._salesforce_pull import Pull, count_part
from connectors._salesforce_read import Readback
from connectors._salesforce_redundant import Redundant
from connectors._salesforce_refusal import refusal
from connectors._salesforce_remove import Deleting, Restoring
from connectors._salesforce_roles import Roles, is_role
from connectors._salesforce_schema import Schema
from connectors._salesforce_send import Sender
from connectors._salesforce_sizes import Sizes
from connectors._salesforce_snapshot import Snapshots
from connectors._salesforce_units import BEFORE_FIELDS, units_of_fields, units_of_kind, units_of_roles
from connectors._salesforce_unmerge import Unmerging
from connectors._salesforce_write import CONDITIONAL_MAX_RECORDS, Guard, Writer
from connectors.connector import Access, Observed, Sent, Usage
from model.batch import Page, Watermark
from model.changes import Associate, Convert, Create, Delete, Dissociate, Merge, Planned, Restore, SetField, Unmerge
from model.conflicts import Edit
from model.errors import ConfigError, InputError
from model.remote import NativeSync, RemoteField
from model.settings import SalesforceConnection
from model.snapshots import Snapshot

ROLE = "role"


class SalesforceConnector:
    """One org, for one thread. Nothing is called before a method needs it.

    `guard` fixes the guard of all writes; left None, `batches` picks it by the size of the run (see `Writer`).
    """

    system = "salesforce"
    fills_blanks = False
    native_if_on: NativeSync | None = None  # what other CRMs' integrations write here shows on their side

    def __init__(
        self,
        name: str,
        settings: SalesforceConnection,
        secret: Secret,
        save_secret: SaveSecret | None = None,
        *,
        clocks: Clocks | None = None,
        guard: Guard | None = None,
        bulk_page_rows: int = PAGE_ROWS,
    ) -> None:
        self.name = name
        self.usage = Usage()
        self._streams = _checked_streams(name, settings.streams)
        self._client = Client(name, settings, secret, save_secret, self.usage, clocks or Clocks())
        self._schema = Schema(self._client, settings.fields, settings.currency)
        self._readback = Readback(self._client, self._schema)
        self._writer = Writer(self._client, self._readback, Sender(self._client, self._readback))
        self._external_id = settings.external_id
        self._creating = Creating(self._client, self._readback, settings.external_id)
        self._unmerging = Unmerging(self._client, self._schema, self._readback, self._creating)
        self._snapshots = Snapshots(self._client, self._schema)
        self._roles = Roles(self._client, self._readback)
        self._kinds: dict[str, Kind] = {
            ROLE: self._roles,
            Restore.kind: Restoring(self._client, self._readback),
            Merge.kind: Merging(self._client, self._readback, Redundant(self._client, self._schema)),
            Convert.kind: Converting(self._client, self._readback),
            Create.kind: self._creating,
            Delete.kind: Deleting(self._client, self._readback),
        }
        self._bulk = BulkReader(self._client, page_rows=bulk_page_rows)
        self._bulk_rows = settings.bulk_from
        self._sizes = Sizes(self._client)
        self._guard = guard
        if guard is not None:
            self._writer.guard = guard

    def check(self) -> Access:
        """Org, user, API version, permissions by object, missing fields and the day's API calls, in words."""
        return check_org(self._client, self._schema, self._streams, self._external_id)

    def streams(self) -> tuple[str, ...]:
        return self._streams

    def pull(self, stream: str, watermark: Watermark) -> Iterator[Page]:
        """Pages of some thousand records; InputError for a stream it has not."""
        self._known(stream)
        yield from Pull(
            self._client, self._schema, stream, watermark, bulk=self._bulk, sizes=self._sizes, bulk_rows=self._bulk_rows
        )

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
        return refusal(self._readback, change, self._external_id)

    def derived(self, stream: str) -> frozenset[str]:
        return frozenset(name for part in PARTS.get(stream, ()) for name in part.derived)

    def describe(self, stream: str) -> tuple[RemoteField, ...]:
        if stream not in WRITABLE:
            return ()
        return described_fields(self._schema.selection(stream, PARTS[stream][0]))

    def native_streams(self) -> tuple[str, ...]:
        return ()

    def batches(self, changes: Sequence[Planned]) -> list[tuple[Planned, ...]]:
        """Units of one kind and object, each one call's worth; of field changes and links, 200 records' worth.

        What is restored, merged, converted and made goes before what is written into it, deletions go last.
        """
        ordinary = [planned for planned in changes if not _record_kind(planned)]
        if self._guard is None:
            records = {planned.change.key for planned in ordinary}
            self._writer.guard = "conditional" if len(records) <= CONDITIONAL_MAX_RECORDS else "re-read"
        return [
            *(unit for kind in BEFORE_FIELDS for unit in units_of_kind(changes, kind)),
            *units_of_roles(changes),
            *units_of_fields(ordinary),
            *units_of_kind(changes, Delete.kind),
        ]

    def snapshots(self, changes: Sequence[Planned]) -> Mapping[str, tuple[Snapshot, ...]]:
        return self._snapshots.take(changes)

    def send(self, batch: tuple[Planned, ...]) -> Sent:
        """Write one unit and read it back: field changes and links behind the guard of `Writer`, others of `Deeds`."""
        if not batch:
            return Sent(())
        if isinstance(batch[0].change, Unmerge):
            return self._unmerging.send(batch)
        kind = self._kinds.get(_record_kind(batch[0]))
        return self._writer.send(batch) if kind is None else carry_out(self._client, kind, batch)

    def observe(self, changes: Sequence[Planned]) -> Mapping[str, Observed]:
        """One call per object and 200 records, and one more for their field history where the org keeps one."""
        by_group: dict[tuple[str, str], list[Planned]] = {}
        for planned in changes:
            by_group.setdefault((_record_kind(planned), planned.change.key.stream), []).append(planned)
        found: dict[str, Observed] = {}
        for (kind, _), mine in by_group.items():
            if kind == Merge.kind:
                found |= observed_merges(self._readback, mine)
            elif kind == Unmerge.kind:
                found |= self._unmerging.observed(mine)
            elif kind == Convert.kind:
                found |= observed_conversions(self._readback, mine)
            elif kind == Create.kind:
                found |= self._creating.observed(mine)
            elif kind == ROLE:
                found |= self._roles.observed(mine)
            else:
                found |= observed_records(self._readback, mine)
        return found

    def edits(self, stream: str, fields: Mapping[str, Collection[str]]) -> Mapping[tuple[str, str], Edit]:
        """By field history where the org keeps it, else by the record's last change: two calls for 200 records."""
        return self._readback.edits(stream, fields)

    def clock_ahead(self) -> int:
        return self._client.server_time - int(self._client.clocks.now() * 1_000_000)

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


def _record_kind(planned: Planned) -> str:
    """Which of the kinds of whole records a change is; blank for a field or the link that a field holds."""
    if is_role(planned.change):
        return ROLE
    is_ordinary = isinstance(planned.change, SetField | Associate | Dissociate)
    return "" if is_ordinary else planned.change.kind


def _checked_streams(name: str, wanted: tuple[str, ...] | None) -> tuple[str, ...]:
    unknown = sorted(set(wanted or ()) - set(STREAM_NAMES))
    if unknown:
        raise ConfigError(
            f"connections.{name}.streams: Salesforce has no stream {unknown[0]}; streams are {', '.join(STREAM_NAMES)}."
        )
    return STREAM_NAMES if wanted is None else tuple(stream for stream in STREAM_NAMES if stream in wanted)
