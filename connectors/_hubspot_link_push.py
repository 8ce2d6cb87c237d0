"""Writing links: read the links of the records, write those that are wanted, read them again.

A primary link replaces the one before it, and links move no modified date: so it is written only where the primary
link is still the one the change says it replaces. One that somebody made in the gap between our read and our write
comes out as `overwrote`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from connectors._hubspot_fields import Fields
from connectors._hubspot_gateway import Gateway, Refused
from connectors._hubspot_history import history_of, trace_write
from connectors._hubspot_layouts import LAYOUTS
from connectors._hubspot_links import LINK_TYPES, Link, link_batch, read_links
from connectors._hubspot_operations import LABELS_ARCHIVE, LINKS_ARCHIVE, LINKS_CREATE, Operation
from connectors._hubspot_pages import read_objects
from connectors._hubspot_parse import version_of
from connectors._hubspot_portal import Description
from connectors._hubspot_push import GONE, Record, read_with_history, record_batches
from connectors._hubspot_refusal import PRIMARY, change_refusal
from connectors._hubspot_write import Failure, unsent_error, write_inputs
from connectors.connector import Sent
from model.batch import Batch
from model.changes import WAS_LINKED, WAS_PRIMARY, Associate, Dissociate, Outcome, Planned
from model.errors import ConnectorError, NotPermitted
from model.streams import ASSOCIATIONS, Value

LinkChange = Associate | Dissociate
NOT_LINKED = "HubSpot took the request, but the link does not show it."


@dataclass(frozen=True, slots=True)
class Links:
    """The links of some records to one stream, by both ids."""

    by_ends: Mapping[tuple[str, str], Link]

    @classmethod
    def read(cls, gateway: Gateway, pair: tuple[str, str], ids: Sequence[str]) -> Links:
        return cls({(link.from_id, link.to_id): link for link in read_links(gateway, *pair, ids)})

    def of(self, change: LinkChange) -> Link | None:
        return self.by_ends.get((change.key.id, change.to.id))

    def primary_of(self, record_id: str) -> str | None:
        """The record's primary link; None when it has none."""
        return next((to for (own, to), link in self.by_ends.items() if own == record_id and link.is_primary), None)

    def holds(self, change: LinkChange) -> bool:
        """Whether the link is as the change wants it."""
        link = self.of(change)
        has_label = link is not None and (
            change.label == "" or (link.is_primary if change.label == PRIMARY else change.label in link.labels)
        )
        return not has_label if isinstance(change, Dissociate) else has_label


@dataclass(frozen=True, slots=True)
class _State:
    """What was read just before the write."""

    links: Links
    records: Mapping[str, Record]
    fields: Fields
    labels: Mapping[str, tuple[str, int]]  # the portal's own, where a change names one


def send_links(gateway: Gateway, description: Description, batch: Sequence[Planned]) -> Sent:
    """Make or remove links between two streams, all of one kind of change."""
    changes = [(planned, planned.change) for planned in batch if isinstance(planned.change, Associate | Dissociate)]
    pair = (changes[0][1].key.stream, changes[0][1].to.stream)
    ids = list(dict.fromkeys(change.key.id for _, change in changes))
    try:
        fields = description.fields(pair[0])
        asked = sorted({fields.layout.modified, *_account_property(fields)})
        records = {str(entry.get("id")): entry for entry in read_objects(gateway, fields.layout.object, asked, ids)}
        named = any(change.label not in ("", PRIMARY) for _, change in changes)
        labels = description.labels(LAYOUTS[pair[0]].object, LAYOUTS[pair[1]].object) if named else {}
        state = _State(Links.read(gateway, pair, ids), records, fields, labels)
    except (NotPermitted, Refused) as error:
        failure = Failure("rejected", getattr(error, "code", "MISSING_SCOPES"), str(error))
        return Sent(tuple(failure.outcome(planned) for planned, _ in changes))
    except ConnectorError as error:
        raise unsent_error(error) from error
    outcomes = {planned.id: _checked(state, planned, change) for planned, change in changes}
    wanted = [(planned, change) for planned, change in changes if outcomes[planned.id] is None]
    batches: tuple[Batch, ...] = ()
    if wanted:
        written, batches = _write(gateway, state, pair, wanted)
        outcomes |= written
    return Sent(tuple(outcome for outcome in outcomes.values() if outcome is not None), batches)


def _account_property(fields: Fields) -> tuple[str, ...]:
    """The property that shows a record's primary company, where there is one."""
    prop = fields.properties.get("account_id")
    return (prop.name,) if prop else ()


def _checked(state: _State, planned: Planned, change: LinkChange) -> Outcome | None:
    """The outcome of a change that is not to be sent; None for one that is."""
    refused = change_refusal(change, None)
    if refused is not None:
        return Outcome(planned.id, "rejected", "REFUSED", refused)
    if change.label not in ("", PRIMARY, *state.labels):
        message = f"The portal has no label {change.label!r} for these links; make it in HubSpot or plan without it."
        return Outcome(planned.id, "rejected", "NO_LABEL", message)
    record = state.records.get(change.key.id)
    if record is None:
        return GONE.outcome(planned)
    version = version_of(record, state.fields.layout.modified)
    if state.links.holds(change):
        return Outcome(planned.id, "already", version=version)
    if isinstance(change, Dissociate):
        link = state.links.of(change)
        if link is not None and link.labels and change.label == "":
            message = "The link carries labels that removing it would lose; remove them in HubSpot or plan again."
            return Outcome(planned.id, "conflict", "LABELLED", message, version, link.to_id)
        return None
    # Only a primary link takes another's place.
    primary = state.links.primary_of(change.key.id) if change.label == PRIMARY else change.replaces
    if primary != change.replaces:
        message = "The record's primary link is not the one that was read; plan again."
        return Outcome(planned.id, "conflict", "MOVED", message, version, primary)
    return None


def _write(
    gateway: Gateway, state: _State, pair: tuple[str, str], wanted: Sequence[tuple[Planned, LinkChange]]
) -> tuple[dict[str, Outcome | None], tuple[Batch, ...]]:
    path = {"from_object": LAYOUTS[pair[0]].object, "to_object": LAYOUTS[pair[1]].object}
    inputs = [_input(state, pair, change) for _, change in wanted]
    written = write_inputs(gateway, _operation(wanted[0][1]), path, inputs)
    ids = list(dict.fromkeys(change.key.id for _, change in wanted))
    try:
        links = Links.read(gateway, pair, ids)
    except ConnectorError:
        links = None
    found = read_with_history(gateway, state.fields, _account_property(state.fields), ids)
    outcomes: dict[str, Outcome | None] = {}
    for position, (planned, change) in enumerate(wanted):
        failure = written.failures.get(position)
        outcomes[planned.id] = _outcome(state, planned, change, failure, links, found.get(change.key.id))
    batches = () if links is None else _batches(gateway, state, links, wanted)
    return outcomes, (*batches, *record_batches(gateway, state.fields, list(found.values())))


def _operation(change: LinkChange) -> Operation:
    if isinstance(change, Associate):
        return LINKS_CREATE
    return LABELS_ARCHIVE if change.label else LINKS_ARCHIVE


def _input(state: _State, pair: tuple[str, str], change: LinkChange) -> dict[str, Any]:
    own = LINK_TYPES[pair]
    if isinstance(change, Dissociate) and change.label:
        category, type_id = state.labels.get(change.label, ("HUBSPOT_DEFINED", own.primary))
        mark = {"associationCategory": category, "associationTypeId": type_id}
        return {"from": {"id": change.key.id}, "to": {"id": change.to.id}, "types": [mark]}
    if isinstance(change, Dissociate):
        return {"from": {"id": change.key.id}, "to": [{"id": change.to.id}]}
    kinds = {("HUBSPOT_DEFINED", own.plain)}
    if change.label == PRIMARY and own.primary is not None:
        kinds.add(("HUBSPOT_DEFINED", own.primary))
    if change.label in state.labels:
        kinds.add(state.labels[change.label])
    # A write replaces the labels of a link, so those it has go along.
    link = state.links.of(change)
    kinds |= {(category, type_id) for category, type_id, _ in link.types} if link else set()
    types = [{"associationCategory": category, "associationTypeId": type_id} for category, type_id in sorted(kinds)]
    return {"from": {"id": change.key.id}, "to": {"id": change.to.id}, "types": types}


def _outcome(
    state: _State,
    planned: Planned,
    change: LinkChange,
    failure: Failure | None,
    links: Links | None,
    record: Record | None,
) -> Outcome:
    if failure is not None and failure.status != "unknown":
        return failure.outcome(planned)
    if links is None:
        message = "The link could not be read back after it was sent; the next push looks at it first."
        return (failure or Failure("unknown", "NOT_READ_BACK", message)).outcome(planned)
    version = version_of(record, state.fields.layout.modified) if record else None
    if not links.holds(change):
        if failure is not None:
            return failure.outcome(planned)
        return Outcome(planned.id, "rejected", "NOT_STORED", NOT_LINKED, version, links.primary_of(change.key.id))
    replaced = _replaced(state, change, links, record)
    if replaced is not None:
        message = "Somebody's newer primary link was replaced between our read and our write; it can be restored."
        return Outcome(planned.id, "overwrote", "OVERWROTE", message, version, replaced)
    return Outcome(planned.id, "applied", _former(state.links.of(change), change), version=version)


def _former(link: Link | None, change: LinkChange) -> str:
    """What an undo must know of the link as it was before."""
    if link is None:
        return ""
    if isinstance(change, Associate):
        return WAS_LINKED
    return WAS_PRIMARY if link.is_primary else ""


def _replaced(state: _State, change: LinkChange, links: Links, record: Record | None) -> str | None:
    """A primary link that somebody made after our read and that ours replaced; None when there was none."""
    if isinstance(change, Dissociate) or change.label != PRIMARY:
        return None
    before = state.links.primary_of(change.key.id) or ""
    asked = _account_property(state.fields)
    history = history_of(record, asked[0]) if record and asked else None
    seen = state.records.get(change.key.id, {})
    since = version_of(seen, state.fields.layout.modified)
    trace = trace_write(history, frozenset({change.to.id}), before, since) if history is not None else None
    if trace is not None and trace.replaced not in ("", before, change.to.id):
        return trace.replaced
    if trace is not None and before:
        return None
    # A record's first link becomes its primary by itself: one that is new and not ours stood there before ours.
    known = {to for own, to in state.links.by_ends if own == change.key.id} | {change.to.id}
    return next((to for own, to in sorted(links.by_ends) if own == change.key.id and to not in known), None)


def _batches(
    gateway: Gateway, state: _State, links: Links, wanted: Sequence[tuple[Planned, LinkChange]]
) -> tuple[Batch, ...]:
    """The records' links as they are now, and those that were removed as deleted."""
    removed = [state.links.of(change) for _, change in wanted if links.of(change) is None]
    gone = [link for link in removed if link is not None]
    deleted: dict[str, list[Value]] = {
        "id": [link.id for link in gone],
        "changed_at": [gateway.at] * len(gone),
        "is_deleted": [True] * len(gone),
    }
    batches = [link_batch(gateway, list(links.by_ends.values()))]
    if gone:
        batches.append(Batch(gateway.name, ASSOCIATIONS.name, deleted, frozenset()))
    return tuple(batch for batch in batches if len(batch))
