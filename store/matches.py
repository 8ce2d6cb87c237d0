"""What matching remembers: models, block keys, what the last match saw, and which records came or changed since."""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field

import polars as pl
from sqlalchemy import Connection, Table, func, select

from model.streams import Value
from store import derived
from store.chosen import frame_of_chosen
from store.columns import micros
from store.database import Database
from store.derived import FINDINGS, PAIRS, VERDICTS, table_of
from store.marks import MATCHED, UNMATCHED, WORKS, mark_rows, marked
from store.tables import BlockKeyRow, ModelRow

MODELS, BLOCK_KEYS = table_of(ModelRow), table_of(BlockKeyRow)
STEP = "match"
_KEY = ["connection", "stream", "id"]
_SIDES = ("left", "right")


@dataclass(frozen=True, slots=True)
class StoredModel:
    """A model as bytes; `learned_at` in µs."""

    version: str
    learned_at: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Matched:
    """What the last match of a kind of entity was made with: model version, settings in one text, newest verdict; and
    its figures."""

    version: str
    settings: str
    verdict: int
    summary: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class KindMatch:
    """What a match of one kind leaves behind; `keys` are the parts of a segment of block keys, in the place of the
    segment of that number and of all later ones."""

    matched: Matched
    keys: Mapping[str, bytes] = field(default_factory=dict)
    segment: int = 0


@dataclass(frozen=True, slots=True)
class MatchUpdate:
    """The outcome of a match, all of it or, with `only` (connection, stream, id), what it says of these records: every
    pair that one of them is in, their memberships, their findings. `seen` of what was waiting waits no longer."""

    kinds: Mapping[str, KindMatch]
    pairs: pl.DataFrame
    memberships: pl.DataFrame
    findings: pl.DataFrame
    only: pl.DataFrame | None = None
    seen: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=dict.fromkeys(_KEY, pl.String)))


def save_model(connection: Connection, kind: str, model: StoredModel) -> None:
    """Keep a model; the one learned last is the one in use."""
    connection.execute(MODELS.delete().where(MODELS.c.kind == kind, MODELS.c.version == model.version))
    body = zlib.compress(model.body, 1)
    connection.execute(MODELS.insert().values(kind=kind, version=model.version, learned_at=model.learned_at, body=body))


def newest_model(connection: Connection, kind: str) -> StoredModel | None:
    query = select(MODELS).where(MODELS.c.kind == kind).order_by(MODELS.c.learned_at.desc(), MODELS.c.version).limit(1)
    row = connection.execute(query).first()
    return None if row is None else StoredModel(row.version, micros(row.learned_at), zlib.decompress(row.body))


def matched(connection: Connection) -> dict[str, Matched]:
    """By kind of entity, the last match; empty before the first."""
    rows = connection.execute(select(MATCHED)).all()
    return {row.kind: Matched(row.version, row.settings, row.verdict, json.loads(row.summary)) for row in rows}


def segments(connection: Connection, kind: str) -> list[dict[str, bytes]]:
    """The block keys of a kind, oldest segment first, each with its parts."""
    query = select(BLOCK_KEYS).where(BLOCK_KEYS.c.kind == kind).order_by(BLOCK_KEYS.c.segment)
    found: dict[int, dict[str, bytes]] = {}
    for row in connection.execute(query):
        found.setdefault(row.segment, {})[row.part] = row.body
    return list(found.values())


def newest_verdict(connection: Connection) -> int:
    """The number of the verdict given last, 0 where there is none."""
    return int(connection.execute(select(func.coalesce(func.max(VERDICTS.c.number), 0))).scalar_one())


def save(
    database: Database, connection: Connection, run_id: str, at: int, update: MatchUpdate, held: pl.DataFrame
) -> None:
    """Put the outcome of a match in the place of what it replaces; `held` are the memberships until now."""
    step: dict[str, Value] = {"step": STEP, "run_id": run_id}
    if update.only is None:
        derived.replace(database, connection, PAIRS, update.pairs, {})
        derived.replace(database, connection, FINDINGS, update.findings.with_row_index("position"), step)
        connection.execute(UNMATCHED.delete())
        for done, _ in WORKS.values():
            connection.execute(done.delete())
    else:
        _clear(connection, update.only, update.seen)
        mark_rows(connection, update.only.select(_KEY).rows(), marked(connection, ""))
        positions = update.findings.with_row_index("position", offset=derived.next_position(connection, STEP))
        derived.insert_frame(database, connection, FINDINGS, positions, step)
        derived.insert_frame(database, connection, PAIRS, update.pairs, {})
    derived.save_memberships(database, connection, update.memberships, at, held)
    for kind, match in update.kinds.items():
        _save_kind(connection, kind, match)


def _save_kind(connection: Connection, kind: str, match: KindMatch) -> None:
    values = {"version": match.matched.version, "settings": match.matched.settings, "verdict": match.matched.verdict,
              "summary": json.dumps(dict(match.matched.summary), sort_keys=True)}  # fmt: skip
    connection.execute(MATCHED.delete().where(MATCHED.c.kind == kind))
    connection.execute(MATCHED.insert().values(kind=kind, **values))
    connection.execute(BLOCK_KEYS.delete().where(BLOCK_KEYS.c.kind == kind, BLOCK_KEYS.c.segment >= match.segment))
    for part, body in match.keys.items():
        connection.execute(BLOCK_KEYS.insert().values(kind=kind, segment=match.segment, part=part, body=body))


def _clear(connection: Connection, only: pl.DataFrame, seen: pl.DataFrame) -> None:
    """Remove the findings of these records and the pairs that one of them is in, and the marks of those seen."""
    for side in _SIDES:
        names = [f"{side}_{name}" for name in _KEY]
        derived.delete_rows(connection, PAIRS.name, names, only.select(pl.col(_KEY).name.prefix(f"{side}_")))
    derived.delete_rows(connection, FINDINGS.name, _KEY, only, f" AND step = '{STEP}'")
    derived.delete_rows(connection, UNMATCHED.name, _KEY, seen)


def rows_of(database: Database, table: Table, keys: pl.DataFrame, *, side: str = "") -> pl.DataFrame:
    """The rows of a table that are about these records (connection, stream, id), in the order of its key; of pairs
    those of which the `left_` or `right_` record is one."""
    columns = [table.c[f"{side}{name}"] for name in _KEY]
    found = frame_of_chosen(database, select(*table.c), columns, keys.select(_KEY))
    return found.sort(table.primary_key.columns.keys())
