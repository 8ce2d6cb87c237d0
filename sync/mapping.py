"""What two connections say of their fields, values and owners, and the mapping that is proposed from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import polars as pl

from connectors.connector import Sink
from hygiene.mapping.fields import Side
from hygiene.mapping.proposal import GROUPS, Proposal, propose
from model.batch import Watermark
from model.errors import InputError, NotPermitted
from model.remote import RemoteField
from model.settings import HubspotConnection, SalesforceConnection
from sync.workspace import Workspace

_USERS = pl.Schema(
    {"connection": pl.String, "id": pl.String, "name": pl.String, "email": pl.String, "type": pl.String,
     "is_active": pl.Boolean}
)  # fmt: skip
_TITLES = {"salesforce": "Salesforce", "hubspot": "HubSpot"}


def propose_mapping(workspace: Workspace, between: tuple[str, str] | None = None) -> Proposal:
    """Ask both CRMs and propose what to keep alike; nothing is written. InputError where it is not clear which two."""
    sinks = _chosen(workspace, between or workspace.settings.sync.between)
    systems = [sink.system for sink in sinks]
    first, second = sinks
    gaps: list[str] = []
    sides = (_side(first, systems, gaps), _side(second, systems, gaps))
    leader = sides[1] if systems == ["hubspot", "salesforce"] else sides[0]
    marketer = sides[0] if systems == ["hubspot", "salesforce"] else sides[1]
    users = pl.concat(_users(sink, gaps) for sink in sinks)
    proposal = propose(sides, leader, marketer, users, _native(sinks), _never(workspace))
    return replace(proposal, gaps=tuple(gaps))


def _chosen(workspace: Workspace, between: tuple[str, str] | None) -> tuple[Sink, Sink]:
    sinks = workspace.sinks()
    if between is None:
        if len(sinks) != 2:
            known = ", ".join(sinks) or "none"
            raise InputError(
                "A mapping is between two Salesforce or HubSpot connections; there are: "
                f"{known}. Name two with --between."
            )
        first, second = sinks.values()
        return (first, second) if second.system != "salesforce" or first.system == "salesforce" else (second, first)
    unknown = [name for name in between if name not in sinks]
    if unknown or between[0] == between[1]:
        raise InputError(
            f"{unknown[0] if unknown else between[0]} is not one of two different Salesforce or HubSpot connections; "
            f"there are: {', '.join(sinks) or 'none'}."
        )
    return sinks[between[0]], sinks[between[1]]


def _side(sink: Sink, systems: list[str], gaps: list[str]) -> Side:
    is_only = systems.count(sink.system) == 1
    title = _TITLES.get(sink.system, sink.system) if is_only else sink.name
    fields: dict[str, tuple[RemoteField, ...]] = {}
    for stream in (stream for streams in GROUPS.values() for stream in streams):
        try:
            fields[stream] = sink.describe(stream)
        except NotPermitted as error:
            gaps.append(str(error))
    return Side(sink.name, title, f"-{sink.system}" if is_only else f":{sink.name}", fields)


def _users(sink: Sink, gaps: list[str]) -> pl.DataFrame:
    frames = [_USERS.to_frame()]
    try:
        for page in sink.pull("users", Watermark()) if "users" in sink.streams() else ():
            shown = {name: page.batch.columns[name] for name in _USERS if name in page.batch.columns}
            frames.append(pl.DataFrame({**shown, "connection": [sink.name] * len(page.batch)}, strict=False))
    except NotPermitted as error:
        gaps.append(str(error))
    return pl.concat(frames, how="diagonal_relaxed").select(_USERS.names()).cast(_USERS)


def _native(sinks: tuple[Sink, Sink]) -> Mapping[str, frozenset[str]]:
    """By stream, what is left to an integration of one of the two with the other."""
    found: dict[str, frozenset[str]] = {}
    for sink, other in (sinks, sinks[::-1]):
        native = sink.native_if_on
        if native is not None and native.system == other.system:
            found |= {stream: native.kept(stream) for stream in sink.native_streams()}
    return found


def _never(workspace: Workspace) -> frozenset[str]:
    """The fields that hold our own ids."""
    settings = workspace.settings.connections.values()
    return frozenset(one.external_id for one in settings if isinstance(one, SalesforceConnection | HubspotConnection))
