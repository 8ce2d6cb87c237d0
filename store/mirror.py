"""The mirror: one table per stream, generated from `model.streams`, and the SQL that fills it.

Beside the stream's own fields a row has its connection, the system fields, `seen_in` (number of the newest full pull
of its stream when it was last shown) and `vanished` (gone from a full pull, so that showing up again revives it).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, cast

from sqlalchemy import BigInteger, Boolean, Index, Table
from sqlmodel import Column, Field, SQLModel
from sqlmodel.main import SQLModelMetaclass

from model.streams import STREAMS, SYSTEM_FIELDS, Stream, ValueType
from store.columns import column_type, text_type
from store.tables import Row

_INDEXES = {"associations": (Index("ix_associations_from", "connection", "from_stream", "from_id"),)}
_NOT_NULL = frozenset({"id", "changed_at", "is_deleted"})


def _column(name: str, value_type: ValueType) -> Any:
    return Field(sa_column=Column(column_type(value_type), primary_key=name == "id", nullable=name not in _NOT_NULL))


def _mirror_row(stream: Stream) -> type[SQLModel]:
    """The row class of a stream, `ContactsRow` for contacts."""
    name = f"{stream.name.capitalize()}Row"
    namespace: dict[str, Any] = {
        "__module__": __name__,
        "__qualname__": name,
        "__doc__": f"One {stream.singular} of one connection.",
        "__tablename__": stream.name,
        # Clustered by key: a scan comes out in key order, and but for links there is no second index to keep.
        "__table_args__": (*_INDEXES.get(stream.name, ()), {"sqlite_with_rowid": False}),
        "connection": Field(sa_column=Column(text_type(), primary_key=True)),
    }
    for field in (*SYSTEM_FIELDS, *stream.fields):
        namespace[field.name] = _column(field.name, field.type)
    namespace["seen_in"] = Field(sa_column=Column(BigInteger(), nullable=False))
    namespace["vanished"] = Field(sa_column=Column(Boolean(), nullable=False))
    namespace["__annotations__"] = {column: Any for column in namespace if not column.startswith("__")}
    return cast("type[SQLModel]", SQLModelMetaclass(name, (Row,), namespace, table=True))


MIRROR_ROWS: dict[str, type[SQLModel]] = {name: _mirror_row(stream) for name, stream in STREAMS.items()}
MIRROR: dict[str, Table] = {name: cast("Table", vars(row)["__table__"]) for name, row in MIRROR_ROWS.items()}


@lru_cache(maxsize=256)
def conflict_clause(stream: str, columns: Sequence[str]) -> str:
    """`ON CONFLICT …` for a batch with these columns: only they are set, and never by an older version.

    A batch that does not speak of deletion shows live records; one that does not speak of merging keeps what is
    known of a deleted record and ends the merge of a live one.
    """
    table = f'"{stream}"'
    settings = [f'"{name}" = excluded."{name}"' for name in columns if name not in ("connection", "id")]
    if "merged_into" not in columns:
        settings.append(f'"merged_into" = CASE WHEN excluded."is_deleted" THEN {table}."merged_into" END')
    return (
        f'ON CONFLICT ("connection", "id") DO UPDATE SET {", ".join(settings)} '
        f'WHERE excluded."changed_at" >= {table}."changed_at"'
    )
