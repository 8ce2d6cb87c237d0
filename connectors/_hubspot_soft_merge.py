"""Merging companies softly, where HubSpot refuses to: while its own Salesforce integration is on.

Links and values move to the survivor; the others stay as records, with the survivor's id in a property of ours, by
which every later pull takes them for merged. Each step looks first, so that one that was cut short goes on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from connectors._hubspot_create import with_property
from connectors._hubspot_fields import SOFT_MARK, Fields
from connectors._hubspot_gateway import Gateway, Refused
from connectors._hubspot_operations import BATCH_UPDATE, LINKS_ARCHIVE, LINKS_CREATE, Operation
from connectors._hubspot_pages import read_objects
from connectors._hubspot_parse import merged_batch, version_of
from connectors._hubspot_portal import Description
from connectors._hubspot_push import GONE, read_with_history, record_batches
from connectors._hubspot_raw_links import KINDS, link_input, read_raw_links
from connectors._hubspot_write import Failure, write_inputs
from connectors.connector import Sent
from model.changes import Merge, Outcome, Planned
from model.errors import ConnectorError, NotPermitted

SOFT = "SOFT"
_TOLD = (
    "HubSpot refuses this merge while its Salesforce integration is on; links and values moved, the others are marked"
)


class _Stopped(Exception):
    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.message)
        self.failure = failure


def soft_merge(gateway: Gateway, description: Description, planned: Planned, change: Merge) -> Sent:
    """Fold the losers into the survivor without a merge. What came in part is `unknown`, and looked at again."""
    ids = [change.key.id, *(loser.id for loser in change.losers)]
    try:
        fields = with_property(gateway, description, change.key.stream, SOFT_MARK, label="Merged into", is_unique=False)
        asked = [SOFT_MARK, fields.layout.modified]
        found = {str(one.get("id")): one for one in read_objects(gateway, fields.layout.object, asked, ids)}
        if not all(one in found for one in ids):
            return Sent((GONE.outcome(planned),))
        texts = {one: record.get("properties") or {} for one, record in found.items()}
        left = [one for one in ids[1:] if texts[one].get(SOFT_MARK) != change.key.id]
        _move_links(gateway, fields, change.key.id, left)
        _set(gateway, fields, change, left)
    except _Stopped as stopped:
        return Sent((stopped.failure.outcome(planned),))
    except (NotPermitted, Refused) as error:
        code = getattr(error, "code", "MISSING_SCOPES")
        return Sent((Failure("rejected", code, str(error)).outcome(planned),))
    except ConnectorError as error:
        return Sent((Failure("unknown", "STOPPED", str(error)).outcome(planned),))
    now = read_with_history(gateway, fields, (), [change.key.id]).get(change.key.id)
    version = version_of(now, fields.layout.modified) if now else None
    gone = merged_batch(gateway.name, change.key.stream, ids[1:], change.key.id, version or gateway.at)
    records = record_batches(gateway, fields, [now]) if now else ()
    return Sent((Outcome(planned.id, "applied", SOFT, _TOLD, version, made=change.key.id),), (*records, gone))


def _move_links(gateway: Gateway, fields: Fields, survivor: str, losers: Sequence[str]) -> None:
    """A link is made at the survivor before it is taken off the loser."""
    own = fields.layout.object
    for kind in KINDS if losers else ():
        try:
            links = read_raw_links(gateway, own, kind, [survivor, *losers])
        except (NotPermitted, Refused):
            continue
        inside = {survivor, *losers} if kind == own else set()
        path = {"from_object": own, "to_object": kind}
        wanted: dict[str, frozenset[tuple[str, int]]] = {}
        taken: list[tuple[str, str]] = []
        for loser in losers:
            for to, types in links.get(loser, {}).items():
                if to not in inside:
                    wanted[to] = wanted.get(to, links.get(survivor, {}).get(to, frozenset())) | types
                    taken.append((loser, to))
        _write(gateway, LINKS_CREATE, path, [link_input(survivor, to, types) for to, types in sorted(wanted.items())])
        _write(gateway, LINKS_ARCHIVE, path, [{"from": {"id": loser}, "to": [{"id": to}]} for loser, to in taken])


def _set(gateway: Gateway, fields: Fields, change: Merge, losers: Sequence[str]) -> None:
    """The survivor's values, then the marks, which say that all is done."""
    currency = fields.portal.currency
    texts = {fields.properties[name].name: fields.text(name, value, currency) for name, value in change.values}
    path = {"object": fields.layout.object}
    _write(gateway, BATCH_UPDATE, path, [{"id": change.key.id, "properties": texts}] if texts else [])
    marks = [{"id": loser, "properties": {SOFT_MARK: change.key.id}} for loser in losers]
    _write(gateway, BATCH_UPDATE, path, marks)


def _write(
    gateway: Gateway, operation: Operation, path: Mapping[str, str], inputs: Sequence[Mapping[str, Any]]
) -> None:
    failures = write_inputs(gateway, operation, path, inputs).failures if inputs else {}
    for failure in failures.values():
        raise _Stopped(failure)
