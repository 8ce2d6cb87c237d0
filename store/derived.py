"""What hygiene works out and the store keeps: findings, scores, pairs, links, memberships, verdicts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl
from sqlalchemy import Connection, Table, and_, select
from sqlalchemy.types import TypeEngine

from model.errors import StoreError
from model.evidence import Verdict
from model.streams import Value
from store.columns import FRAMED, STORED, value_type
from store.database import Database
from store.tables import FindingRow, LinkRow, MembershipRow, PairRow, Row, ScoreRow, VerdictRow


def table_of(row: type[Row]) -> Table:
    table: Table = row.__table__  # type: ignore[attr-defined]
    return table


FINDINGS, SCORES, PAIRS = table_of(FindingRow), table_of(ScoreRow), table_of(PairRow)
LINKS, MEMBERSHIPS, VERDICTS = table_of(LinkRow), table_of(MembershipRow), table_of(VerdictRow)

_KEY = ["connection", "stream", "id"]
_PAIR = ["left_connection", "left_stream", "left_id", "right_connection", "right_stream", "right_id"]
ORDER: dict[str, list[str]] = {
    "findings": ["step", "position"],
    "scores": [*_KEY, "name"],
    "pairs": _PAIR,
    "links": _KEY,
    "memberships": [*_KEY, "from_at"],
    "verdicts": ["number"],
}


def frame_of(database: Database, table: Table) -> pl.DataFrame:
    """A whole table in its order."""
    return database.frame(select(*table.c), ORDER[table.name])


def insert_frame(
    database: Database, connection: Connection, table: Table, frame: pl.DataFrame, constants: Mapping[str, Value]
) -> None:
    """Insert a frame whose columns are the table's; nullable ones may be absent, others are refused."""
    columns: dict[str, list[Value]] = {name: [value] * len(frame) for name, value in constants.items()}
    missing = {column.name for column in table.c if not column.nullable} - columns.keys() - set(frame.columns)
    extra = set(frame.columns) - {column.name for column in table.c}
    if missing or extra:
        problem = f"lack {', '.join(sorted(missing))}" if missing else f"have {', '.join(sorted(extra))} besides"
        raise StoreError(f"{table.name} to be stored {problem}; the table holds {', '.join(table.c.keys())}")
    for name in frame.columns:
        columns[name] = _stored_values(table, frame[name], table.c[name].type)
    if len(frame):
        database.insert(connection, table, columns)


def _stored_values(table: Table, values: pl.Series, column_type: TypeEngine[Any]) -> list[Value]:
    """A frame's column as the integers, texts, ... the table keeps; StoreError when its type does not fit."""
    kind = value_type(column_type)
    try:
        framed = values.cast(FRAMED[kind])
    except pl.exceptions.PolarsError:
        raise StoreError(f"{table.name} to be stored hold {values.dtype} in {values.name}, not {kind}") from None
    return framed.cast(STORED[kind]).to_list()


def replace(
    database: Database, connection: Connection, table: Table, frame: pl.DataFrame, constants: Mapping[str, Value]
) -> None:
    """Put a frame in the place of the rows that have these constants, or of all where there are none."""
    same = and_(*(table.c[name] == value for name, value in constants.items() if table.c[name].primary_key))
    connection.execute(table.delete().where(same) if constants else table.delete())
    insert_frame(database, connection, table, frame, constants)


def save_memberships(
    database: Database, connection: Connection, wanted: pl.DataFrame, at: int, current: pl.DataFrame
) -> None:
    """End the memberships of `current` that `wanted` does not have, and begin those it has more."""
    keys = [*_KEY, "entity"]
    wanted = wanted.select(keys).unique(maintain_order=True)
    ended = current.join(wanted, on=keys, how="anti")
    begun = wanted.join(current, on=keys, how="anti")
    table = MEMBERSHIPS
    for row in ended.iter_rows(named=True):
        here = and_(*(table.c[name] == row[name] for name in _KEY), table.c.until_at.is_(None))
        connection.execute(table.update().where(here).values(until_at=at))
    insert_frame(database, connection, table, begun, {"from_at": at})


def add_verdict(connection: Connection, verdict: Verdict) -> None:
    left, right = sorted((verdict.left, verdict.right))
    connection.execute(
        VERDICTS.insert().values(
            left_connection=left.connection, left_stream=left.stream, left_id=left.id,
            right_connection=right.connection, right_stream=right.stream, right_id=right.id,
            answer=verdict.answer, by=verdict.by, at=verdict.at, note=verdict.note,
        )
    )  # fmt: skip


def newest_verdicts(every: pl.DataFrame) -> pl.DataFrame:
    """Of each pair the answer that counts: the latest, and of equally late ones the last given."""
    return every.sort("at", "number").unique(_PAIR, keep="last", maintain_order=True).sort(_PAIR)
