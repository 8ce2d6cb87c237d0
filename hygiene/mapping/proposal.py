"""The whole proposal of what two CRMs keep alike, for people to read before it becomes settings."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import polars as pl

from hygiene.mapping.fields import FieldProposal, Side, propose_fields
from hygiene.mapping.lookalikes import Lookalike, lookalikes
from hygiene.owners import people_of, unmatched_owners
from model.streams import STREAMS

# What is kept alike together -> the streams its records are in.
GROUPS: Mapping[str, tuple[str, ...]] = {"accounts": ("accounts",), "contacts": ("contacts", "leads")}


@dataclass(frozen=True, slots=True)
class Proposal:
    """Fields by group, unmapped fields that look alike by stream, and the owners of schema `UNMATCHED` out of so many
    `people`. `is_native`: an integration of one CRM's own keeps records alike already. `gaps` say in sentences what
    could not be seen.
    """

    sides: tuple[Side, Side]
    fields: Mapping[str, list[FieldProposal]]
    alike: Mapping[str, list[Lookalike]]
    owners: pl.DataFrame
    people: int
    is_native: bool
    gaps: tuple[str, ...] = ()


def propose(
    sides: tuple[Side, Side],
    leader: Side,
    marketer: Side,
    users: pl.DataFrame,
    native: Mapping[str, Collection[str]],
    never: Collection[str] = (),
) -> Proposal:
    """`users` are the owners of both, `native` by stream the fields that another integration maps, `never` remote names
    that are no business of a sync's."""
    between = (sides[0].name, sides[1].name)
    fields = {
        group: propose_fields(streams, sides, leader, marketer, native.get(group, ()))
        for group, streams in GROUPS.items()
    }
    alike = {
        stream: lookalikes(
            sides[0].fields.get(stream, ()), sides[1].fields.get(stream, ()), STREAMS[stream].field_names, never
        )
        for stream in GROUPS
    }
    people = len(people_of(users, between))
    return Proposal(sides, fields, alike, unmatched_owners(users, between), people, bool(native))
