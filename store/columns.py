"""Column types: how the seven value types of `model.streams` lie in SQLite and PostgreSQL.

Times are whole microseconds, dates whole days and money whole minor units, all as integers, so that both databases
hold, compare and return the very same numbers. Text is compared by code point everywhere.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import polars as pl
from sqlalchemy import BigInteger, Boolean, Dialect, Double, Integer, Text, TypeDecorator
from sqlalchemy.types import TypeEngine

from model.streams import ValueType

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_DAY = date(1970, 1, 1)


def micros(moment: datetime) -> int:
    """Whole microseconds since the epoch; ValueError for a datetime without zone."""
    if moment.tzinfo is None:
        raise ValueError("a time without zone cannot be stored: give it a time zone first")
    return (moment - EPOCH) // timedelta(microseconds=1)


class UtcMicros(TypeDecorator[datetime]):
    """BIGINT microseconds in the table, an aware UTC datetime in a row object; int is taken as it is."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> int | None:
        return micros(value) if isinstance(value, datetime) else value

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        return None if value is None else EPOCH + timedelta(microseconds=value)


class EpochDay(TypeDecorator[date]):
    """INTEGER days since 1970-01-01 in the table, a date in a row object; int is taken as it is."""

    impl = Integer
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> int | None:
        return (value - _EPOCH_DAY).days if isinstance(value, date) else value

    def process_result_value(self, value: Any, dialect: Dialect) -> date | None:
        return None if value is None else _EPOCH_DAY + timedelta(days=value)


def text_type() -> TypeEngine[str]:
    """Text ordered by code point: SQLite's BINARY is that already, PostgreSQL needs its "C" collation."""
    return Text().with_variant(Text(collation="C"), "postgresql")


_TYPES: dict[ValueType, TypeEngine[Any]] = {
    "text": text_type(),
    "int": BigInteger(),
    "real": Double(),
    "bool": Boolean(),
    "time": UtcMicros(),
    "date": EpochDay(),
    "money": BigInteger(),
}

# As the database hands a column out, and what it is in a frame.
STORED: dict[ValueType, pl.DataType] = {
    "text": pl.String(),
    "int": pl.Int64(),
    "real": pl.Float64(),
    "bool": pl.Boolean(),
    "time": pl.Int64(),
    "date": pl.Int32(),
    "money": pl.Int64(),
}
FRAMED: dict[ValueType, pl.DataType] = {**STORED, "time": pl.Datetime("us", "UTC"), "date": pl.Date()}


def column_type(value_type: ValueType) -> TypeEngine[Any]:
    """The column type of one value type."""
    return _TYPES[value_type]


def value_type(column_type: TypeEngine[Any]) -> ValueType:
    """Inverse of `column_type`; money comes back as int, which is how it is stored."""
    for candidate, kind in _CLASSES:
        if isinstance(column_type, candidate):
            return kind
    raise TypeError(f"the store has no value type for {column_type!r}")


# Boolean before Integer and the decorators before what they wrap.
_CLASSES: tuple[tuple[type[TypeEngine[Any]], ValueType], ...] = (
    (UtcMicros, "time"),
    (EpochDay, "date"),
    (Boolean, "bool"),
    (Double, "real"),
    (Integer, "int"),
    (Text, "text"),
)
