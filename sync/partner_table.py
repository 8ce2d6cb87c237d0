"""Partner records of two CRMs side by side, with what they hold, what they are to hold, and what they agreed on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from hygiene.field_sync import chosen, paired, with_bases
from hygiene.inherited import Move, inherited, moves_of
from hygiene.known import Readable, live
from hygiene.partners import Known, partner_pairs
from model.errors import ConfigError
from model.settings import HubspotConnection, SalesforceConnection
from model.streams import STREAMS, Value
from sync.chosen import keys_of
from sync.joins import Corrected
from sync.workspace import Workspace

_TIMES = ("created_at", "changed_at")
_WHILE_US = 60_000_000  # what follows a conversion may still change the lead
GROUPS = {"accounts": ("accounts",), "contacts": ("contacts", "leads")}


@dataclass(frozen=True, slots=True)
class Reading:
    """What is read of the records: `fields` that are kept alike, and `others` that say which records it is for."""

    workspace: Workspace
    corrected: Corrected
    known: Readable
    fields: tuple[str, ...]
    others: tuple[str, ...]


def partner_table(
    workspace: Workspace,
    group: str,
    between: tuple[str, str],
    corrected: Corrected,
    fields: Sequence[str],
    bases: pl.DataFrame,
) -> tuple[pl.DataFrame, int]:
    """A row per pair of partners of accounts or people: key of both sides (stream, id), at (µs), region; and of each
    field and side the value it is to hold, `…_now` what it holds, `…_known`, and `…_was`, the base (of `bases`, as
    `followed_bases` gives them). And how many more pairs there would be, were they surer."""
    store, where = workspace.store, workspace.settings.sync.stream(group).where
    reading = Reading(workspace, corrected, Readable(store.readable()), tuple(fields), tuple(where))
    sides = [
        pl.concat([_records(reading, stream, name) for stream in GROUPS[group]], how="vertical_relaxed")
        for name in between
    ]
    known = Known(corrected.memberships, store.partners(), corrected.pairs, bases, store.verdicts())
    pairs, unsure = partner_pairs(known, between, GROUPS[group], workspace.settings.sync.link_from)
    types = pl.Schema({name: _type_of(name, sides) for name in fields})
    table = with_bases(paired(pairs, sides[0], sides[1]), bases, between, types)
    return chosen(table, where).with_row_index("row"), unsure


def _type_of(name: str, sides: Sequence[pl.DataFrame]) -> pl.DataType:
    """The one type of a field on both sides, as values cross borders: a time in µs, a date in days."""
    kinds = {side.schema[name] for side in sides} - {pl.Null()}
    if len(kinds) > 1:
        raise ConfigError(f"{name} is {' and '.join(sorted(map(str, kinds)))} in the two CRMs; map fields of one type.")
    return kinds.pop() if kinds else pl.String()


def _records(reading: Reading, stream: str, connection: str) -> pl.DataFrame:
    here = pl.col("connection") == connection
    stored = live(stream, reading.corrected.stored[stream]).filter(here)
    wanted = reading.corrected.frames[stream].filter(here)
    names = tuple(dict.fromkeys((*reading.fields, *reading.others)))
    if own := _custom(reading.workspace, stream, connection, names):
        told = reading.workspace.store.frame(stream, columns=[], connections=[connection], custom=own)
        stored, wanted = (
            frame.join(told, on=["connection", "id"], how="left", maintain_order="left") for frame in (stored, wanted)
        )
    both = stored.join(wanted, on="id", how="left", suffix="_wanted", maintain_order="left")
    region = pl.col("country").alias("region")  # country itself may be among the fields
    columns = [pl.lit(stream).alias("stream"), "id", pl.col("changed_at").dt.epoch("us").alias("at"), region]
    for name in names:
        has = name in stored.columns
        is_known = has and reading.known.is_known(stored, connection, stream, name)
        for column, named in ((f"{name}_wanted", name), (name, f"{name}_now")):
            columns.append((pl.col(column) if has else pl.lit(None)).to_physical().alias(named))
        columns.append(pl.lit(is_known).alias(f"{name}_known"))
    return both.select(columns)


def _custom(workspace: Workspace, stream: str, connection: str, names: Sequence[str]) -> list[str]:
    """The mapped fields among them that are no canonical ones, as far as this connection has them."""
    settings = workspace.settings.connections[connection]
    mapped = settings.fields.get(stream, {}) if isinstance(settings, SalesforceConnection | HubspotConnection) else {}
    return [name for name in names if name not in STREAMS[stream].field_names and name in mapped]


def followed_bases(workspace: Workspace) -> pl.DataFrame:
    """The stored bases, those of records that were merged away or converted moved to the records they live on in."""
    bases = workspace.store.bases()
    moves = [] if bases.is_empty() else moves_of(bases, _heirs(workspace, bases))
    if not moves:
        return bases
    held = _held(workspace, moves)
    workspace.store.save_bases(inherited(moves, held, _made(moves, held)), workspace.clock())
    return workspace.store.bases()


def _held(workspace: Workspace, moves: Sequence[Move]) -> dict[str, dict[str, Value]]:
    """What the heirs hold, and those whose place they take held last, of the fields of the bases; and their times."""
    joined = [move for move in moves if move.heir != move.key]
    keys = keys_of(pl.Series([key for move in joined for key in (move.key, move.heir)], dtype=pl.String))
    names = sorted({name for move in joined for name in move.fields})
    found: dict[str, dict[str, Value]] = {}
    for (connection, stream), only in keys.unique().partition_by("connection", "stream", as_dict=True).items():
        told = [*(name for name in names if name in STREAMS[stream].field_names), *_TIMES]
        own = _custom(workspace, stream, connection, names)
        records = workspace.everything.frame(stream, columns=told, custom=own, deleted=True, only=only)
        for row in records.select("id", pl.col(*told, *own).to_physical()).iter_rows(named=True):
            found[f"{connection}/{stream}/{row.pop('id')}"] = row
    return found


def _made(moves: Sequence[Move], held: Mapping[str, Mapping[str, Value]]) -> set[str]:
    """The contacts that conversions made, rather than found: they are as old as the lead's last change."""
    made = set()
    for move in moves:
        began, ended = (held.get(key, {}).get(name) for key, name in zip((move.heir, move.key), _TIMES, strict=True))
        if "/leads/" in move.key and "/contacts/" in move.heir and began is not None and ended is not None:
            made |= {move.heir} if int(began) > int(ended) - _WHILE_US else set()
    return made


def _heirs(workspace: Workspace, bases: pl.DataFrame) -> pl.DataFrame:
    """connection, stream, id and heir (connection/stream/id) of records that were merged away or converted."""
    store, found = workspace.store, []
    for stream in sorted(set(bases["stream"].unique())):
        columns = [
            "is_deleted",
            "merged_into",
            *(["is_converted", "converted_contact_id"] if stream == "leads" else []),
        ]
        known = bases.filter(pl.col("stream") == stream).select("connection", "id")
        records = store.frame(stream, columns=columns, deleted=True, only=known)
        gone = records.filter(pl.col("is_deleted") & pl.col("merged_into").is_not_null())
        found.append(_heirs_of(gone, stream, stream, "merged_into"))
        if stream == "leads":
            turned = records.filter(pl.col("is_converted") & pl.col("converted_contact_id").is_not_null())
            found.append(_heirs_of(turned, stream, "contacts", "converted_contact_id"))
    return pl.concat(found)


def _heirs_of(records: pl.DataFrame, stream: str, heir_stream: str, column: str) -> pl.DataFrame:
    heir = pl.concat_str("connection", pl.lit(heir_stream), column, separator="/")
    return records.select("connection", pl.lit(stream).alias("stream"), "id", heir.alias("heir"))
