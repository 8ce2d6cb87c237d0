"""HubSpot: accounts (companies), contacts, deals and their stage history, activities (engagements), associations,
stages (deal pipelines), users (owners), campaigns (forms) with their members (submissions), and logins.

Built on hubspot-api-client's transport behind one gateway (`_hubspot_gateway`); one table (`_hubspot_operations`)
names each operation's API version, answers and maximum. Nothing here holds records.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

from connectors._hubspot_check import check_portal
from connectors._hubspot_create import create_refusal, send_creates
from connectors._hubspot_delete import send_deletes
from connectors._hubspot_describe import described_fields
from connectors._hubspot_edits import read_edits
from connectors._hubspot_fields import SOFT_MARK, check_overrides
from connectors._hubspot_forms import pull_forms, pull_submissions
from connectors._hubspot_gateway import Gateway, Refused
from connectors._hubspot_layouts import LAYOUTS, PARTS
from connectors._hubspot_link_push import send_links
from connectors._hubspot_links import pull_links
from connectors._hubspot_logins import pull_logins
from connectors._hubspot_merge import send_merges
from connectors._hubspot_native import NATIVE, native_streams
from connectors._hubspot_observe import observe_changes
from connectors._hubspot_pages import count_objects
from connectors._hubspot_portal import Description
from connectors._hubspot_pull import pull_objects, pull_stages, pull_users
from connectors._hubspot_push import send_fields
from connectors._hubspot_refusal import change_refusal
from connectors._hubspot_snapshot import take_snapshots
from connectors._hubspot_stage_history import pull_stage_history
from connectors._hubspot_units import units_of
from connectors._hubspot_unmerge import Unmerging
from connectors._hubspot_write import Failure, unsent_error
from connectors.connector import Access, Observed, Sent
from model.batch import Batch, Page, Watermark
from model.changes import Create, Delete, Merge, Outcome, Planned, SetField, Unmerge
from model.conflicts import Edit
from model.errors import ConfigError, ConnectorError, NotPermitted
from model.remote import NativeSync, RemoteField
from model.settings import HubspotConnection
from model.snapshots import Snapshot

# In an order in which references resolve.
STREAMS = (
    "users", "stages", "accounts", "contacts", "deals", "stage_history", "campaigns", "campaign_members", "activities",
    "associations", "logins",
)  # fmt: skip


def connect(
    name: str,
    settings: HubspotConnection,
    secret: Callable[[str], str],
    *,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> Hubspot:
    """One HubSpot account under a connection's name. Makes no call: the token is fetched with the first one.

    ConfigError when settings name streams or fields that HubSpot does not have here.
    """
    unknown = sorted(set(settings.streams or ()) - set(STREAMS) | settings.fields.keys() - PARTS.keys())
    if unknown:
        raise ConfigError(
            f"connections.{name}: HubSpot has no stream {', '.join(unknown)} to pull or map; "
            f"its streams are {', '.join(STREAMS)}."
        )
    for stream, mapped in settings.fields.items():
        check_overrides(stream, mapped)
    return Hubspot(name, settings, Gateway(name, settings, secret, sleep=sleep, clock=clock))


# Not every account has them, nor has every token the scopes: their lack is told, and stops nothing.
EXTRAS = frozenset({"campaigns", "campaign_members", "logins"})
_READERS: Mapping[str, Callable[[Gateway, Description, Watermark], Iterator[Page]]] = {
    "users": pull_users,
    "stage_history": pull_stage_history,
    "campaigns": pull_forms,
    "campaign_members": pull_submissions,
    "logins": pull_logins,
}


class Hubspot:
    """A source and a sink. Guarded by reading right before and re-reading with history after each write."""

    system = "hubspot"
    fills_blanks = True
    native_if_on: NativeSync | None = NATIVE

    def __init__(self, name: str, settings: HubspotConnection, gateway: Gateway) -> None:
        self.name = name
        self.usage = gateway.usage
        self._gateway = gateway
        self._external_id = settings.external_id
        self._description = Description(gateway, settings)
        self._unmerging = Unmerging(gateway, self._description, settings.external_id)
        wanted = settings.streams
        self._streams = STREAMS if wanted is None else tuple(stream for stream in STREAMS if stream in wanted)

    def check(self) -> Access:
        return check_portal(self._gateway, self._description, self._streams)

    def streams(self) -> tuple[str, ...]:
        return self._streams

    def pull(self, stream: str, watermark: Watermark) -> Iterator[Page]:
        """Pages of one stream. Users and stages are always read in full; for the windows of the others see
        `_hubspot_pull`, for the sweep of associations `_hubspot_links`."""
        gateway, description = self._gateway, self._description
        if stream in PARTS:
            return pull_objects(gateway, description, PARTS[stream], watermark)
        if stream == "associations":
            return pull_links(gateway, description, watermark, self._streams)
        if stream == "stages":
            return pull_stages(gateway)
        if stream in _READERS:
            pages = _READERS[stream](gateway, description, watermark)
            return self._with_gap(stream, pages, watermark) if stream in EXTRAS else pages
        raise ConfigError(f"connections.{self.name}: HubSpot has no stream {stream}.")

    def _with_gap(self, stream: str, pages: Iterator[Page], watermark: Watermark) -> Iterator[Page]:
        """The pages; where an account or token has no such thing, one without records that says so."""
        try:
            yield from pages
        except (NotPermitted, Refused) as error:
            lacking = f"{error.missing} is not granted" if isinstance(error, NotPermitted) else error.code
            gap = f"{stream}: not shown to us by this account or token ({lacking}), so unknown"
            empty = Batch(self.name, stream, {"id": [], "changed_at": []}, frozenset())
            yield Page(empty, Watermark(watermark.since), is_full=False, gaps=(gap,))

    def count(self, stream: str) -> int | None:
        """By the search index, which lags some moments behind; None for streams that cannot be searched.

        A full read counts at its end; that count is told once and not asked for again.
        """
        if stream not in PARTS:
            return None
        return sum(self._total(layout.object) for layout in PARTS[stream])

    def _total(self, object_name: str) -> int:
        total = self._description.totals.pop(object_name, None)
        if total is None:
            total = count_objects(self._gateway, object_name)
        return total - self._merged_softly(object_name)

    def _merged_softly(self, object_name: str) -> int:
        """Records that count as merged, and that HubSpot still counts."""
        known = self._description.known_fields("accounts")
        if known is None or object_name != known.layout.object or SOFT_MARK not in known.object_properties:
            return 0
        return count_objects(self._gateway, object_name, having=[SOFT_MARK])

    def close(self) -> None:
        self._gateway.close()

    def refusal(self, change: Planned) -> str | None:
        """From what the portal has told of its properties so far; `send` looks again with all of it."""
        fields = self._description.known_fields(change.change.key.stream)
        told = change_refusal(change.change, fields)
        if told is None and isinstance(change.change, Create):
            return create_refusal(change.change, fields)
        return told

    def derived(self, stream: str) -> frozenset[str]:
        return LAYOUTS[stream].derived if stream in LAYOUTS else frozenset()

    def describe(self, stream: str) -> tuple[RemoteField, ...]:
        return described_fields(self._description.fields(stream)) if stream in LAYOUTS else ()

    def native_streams(self) -> tuple[str, ...]:
        return native_streams(self._description)

    def batches(self, changes: Sequence[Planned]) -> list[tuple[Planned, ...]]:
        return units_of(changes)

    def snapshots(self, changes: Sequence[Planned]) -> Mapping[str, tuple[Snapshot, ...]]:
        return take_snapshots(self._gateway, self._description, changes)

    def send(self, batch: tuple[Planned, ...]) -> Sent:
        outcomes: dict[str, Outcome] = {}
        records: list[Batch] = []
        for unit in self.batches(batch):
            try:
                sent = self._send_unit(unit)
            except ConnectorError as error:
                if not outcomes:
                    raise unsent_error(error) from error
                failure = Failure("unsent", "STOPPED", str(error))
                sent = Sent(tuple(failure.outcome(planned) for planned in unit))
            outcomes |= {outcome.change_id: outcome for outcome in sent.outcomes}
            records += sent.records
        return Sent(tuple(outcomes[planned.id] for planned in batch), tuple(records))

    def _send_unit(self, unit: tuple[Planned, ...]) -> Sent:
        refusals = {planned.id: change_refusal(planned.change, None) for planned in unit}
        refused = [Outcome(key, "rejected", "REFUSED", why) for key, why in refusals.items() if why is not None]
        sendable = tuple(planned for planned in unit if refusals[planned.id] is None)
        if not sendable:
            return Sent(tuple(refused))
        change = sendable[0].change
        gateway, description = self._gateway, self._description
        if isinstance(change, SetField):
            sent = send_fields(gateway, description, sendable)
        elif isinstance(change, Create):
            sent = send_creates(gateway, description, sendable, self._external_id)
        elif isinstance(change, Merge):
            sent = send_merges(gateway, description, sendable)
        elif isinstance(change, Unmerge):
            sent = self._unmerging.send(sendable)
        elif isinstance(change, Delete):
            sent = send_deletes(gateway, description, sendable)
        else:
            sent = send_links(gateway, description, sendable)
        return Sent((*refused, *sent.outcomes), sent.records)

    def observe(self, changes: Sequence[Planned]) -> Mapping[str, Observed]:
        apart = [planned for planned in changes if isinstance(planned.change, Unmerge)]
        found: dict[str, Observed] = {}
        for stream in dict.fromkeys(planned.change.key.stream for planned in apart):
            found |= self._unmerging.observed([one for one in apart if one.change.key.stream == stream])
        others = [planned for planned in changes if planned.id not in found]
        return found | observe_changes(self._gateway, self._description, others, self._external_id)

    def edits(self, stream: str, fields: Mapping[str, Collection[str]]) -> Mapping[tuple[str, str], Edit]:
        """By the properties' histories, 50 records a call."""
        return read_edits(self._gateway, self._description.fields(stream), fields)

    def clock_ahead(self) -> int:
        return self._gateway.ahead
