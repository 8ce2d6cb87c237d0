"""What hygiene works out and the store keeps: findings, scores, pairs, links, memberships, verdicts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import polars as pl
from sqlalchemy import ColumnElement, Connection, Table, bindparam, func, select
from sqlalchemy.types import TypeEngine

from model.errors import StoreError
from model.evidence import Verdict
from model.streams import Value
from store.columns import FRAMED, STORED, value_type
from store.database import Database
from store.tables import FindingRow, LinkRow, MembershipRow, PairRow, PartnerRow, Row, ScoreRow, VerdictRow


def table_of(row: type[Row]) -> Table:
    table: Table = row.__table__  # type: ignore[attr-defined]
    return table


FINDINGS, SCORES, PAIRS = table_of(FindingRow), table_of(ScoreRow), table_of(PairRow)
LINKS, MEMBERSHIPS, VERDICTS = table_of(LinkRow), table_of(MembershipRow), table_of(VerdictRow)
PARTNERS = table_of(PartnerRow)

_KEY = ["connection", "stream", "id"]
_PAIR = ["left_connection", "left_stream", "left_id", "right_connection", "right_stream", "right_id"]


def frame_of(database: Database, table: Table, *where: ColumnElement[bool]) -> pl.DataFrame:
    """A whole table, or the rows that the conditions pick, in the order of its key."""
    return database.frame(select(*table.c).where(*where).order_by(*table.primary_key))


def in_order(findings: pl.DataFrame) -> pl.DataFrame:
    """Findings by step in the order they were given; those of matching, which come in parts, sorted."""
    is_match = pl.col("step") == "match"
    sorted_ones = findings.filter(is_match).sort("rule", *_KEY, "field", "message", nulls_last=True)
    return pl.concat([findings.filter(~is_match), sorted_ones]).sort("step", maintain_order=True)


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
    """Put a frame in the place of the rows whose key has these constants, of all where the key has none of them."""
    same = [table.c[name] == value for name, value in constants.items() if table.c[name].primary_key]
    connection.execute(table.delete().where(*same))
    insert_frame(database, connection, table, frame, constants)


def delete_rows(connection: Connection, table: str, names: Sequence[str], keys: pl.DataFrame, more: str = "") -> None:
    """Remove the rows of which these columns are a row of `keys`, if the condition `more` holds too."""
    mark = "?" if connection.dialect.name == "sqlite" else "%s"
    here = " AND ".join(f"{name} = {mark}" for name in names)
    if rows := keys.select(names).rows():
        connection.exec_driver_sql(f"DELETE FROM {table} WHERE {here}{more}", rows)  # noqa: S608 - our names


def next_position(connection: Connection, step: str) -> int:
    """Where further findings of a step are to stand."""
    last = select(func.coalesce(func.max(FINDINGS.c.position) + 1, 0)).where(FINDINGS.c.step == step)
    return int(connection.execute(last).scalar_one())


def save_memberships(
    database: Database, connection: Connection, wanted: pl.DataFrame, at: int, current: pl.DataFrame
) -> None:
    """End the memberships of `current` that `wanted` does not have, and begin those it has more."""
    wanted = wanted.select(*_KEY, "entity").unique(maintain_order=True)
    ended = current.join(wanted, on=[*_KEY, "entity"], how="anti")
    begun = wanted.join(current, on=[*_KEY, "entity"], how="anti")
    here = [MEMBERSHIPS.c[name] == bindparam(f"the_{name}") for name in _KEY]
    keys = [{f"the_{name}": value for name, value in row.items()} for row in ended.select(_KEY).iter_rows(named=True)]
    if keys:
        # One that began at this very time has not lasted and leaves no trace.
        connection.execute(MEMBERSHIPS.delete().where(*here, MEMBERSHIPS.c.from_at == at), keys)
        connection.execute(
            MEMBERSHIPS.update().where(*here, MEMBERSHIPS.c.until_at.is_(None)).values(until_at=at), keys
        )
    insert_frame(database, connection, MEMBERSHIPS, begun, {"from_at": at})


def add_verdict(connection: Connection, verdict: Verdict) -> None:
    left, right = sorted((verdict.left, verdict.right))
    connection.execute(
        VERDICTS.insert().values(
            left_connection=left.connection, left_stream=left.stream, left_id=left.id,
            right_connection=right.connection, right_stream=right.stream, right_id=right.id,
            answer=verdict.answer, by=verdict.by, at=verdict.at, note=verdict.note,
        )
    )  # fmt: skip


def add_new_verdicts(connection: Connection, verdicts: Iterable[Verdict]) -> None:
    """Add verdicts about pairs of which nothing was said before."""
    for verdict in verdicts:
        left, right = sorted((verdict.left, verdict.right))
        values = (left.connection, left.stream, left.id, right.connection, right.stream, right.id)
        here = (VERDICTS.c[name] == value for name, value in zip(_PAIR, values, strict=True))
        if connection.execute(select(VERDICTS.c.number).where(*here).limit(1)).first() is None:
            add_verdict(connection, verdict)


def newest_verdicts(every: pl.DataFrame) -> pl.DataFrame:
    """Of each pair the answer that counts: the latest, and of equally late ones the last given."""
    return every.sort("at", "number").unique(_PAIR, keep="last", maintain_order=True).sort(_PAIR)
