"""Short ids that sort in the order they were given: r0001, ..., r9999, ra10000, ..."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import ColumnElement, Connection, select
from sqlalchemy.dialects import postgresql, sqlite

from store.tables import CounterRow

_COUNTERS = CounterRow.__table__  # type: ignore[attr-defined]


def numbered(prefix: str, number: int, width: int) -> str:
    """`prefix` and the number in `width` digits; each digit more is announced by the next letter, so that texts sort
    as their numbers do. ValueError past 26 digits more."""
    digits = f"{number:0{width}d}"
    more = len(digits) - width
    if more > 26:
        raise ValueError(f"{number} has too many digits for an id")
    return prefix + ("abcdefghijklmnopqrstuvwxyz"[more - 1] if more else "") + digits


def next_number(connection: Connection, name: str) -> int:
    """Count one up; another process that counts waits until this transaction ends."""
    insert = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    counted = (
        insert(_COUNTERS)
        .values(name=name, value=1)
        .on_conflict_do_update(index_elements=["name"], set_={"value": _COUNTERS.c.value + 1})
        .returning(_COUNTERS.c.value)
    )
    return int(connection.execute(counted).scalar_one())


def last_number(connection: Connection, name: str) -> int:
    """The number last counted or put, 0 before the first."""
    return int(connection.execute(select(_COUNTERS.c.value).where(_COUNTERS.c.name == name)).scalar() or 0)


def put_number(connection: Connection, name: str, value: int) -> None:
    connection.execute(_COUNTERS.delete().where(_COUNTERS.c.name == name))
    connection.execute(_COUNTERS.insert().values(name=name, value=value))


def named(connection: Connection, kind: str) -> dict[str, int]:
    """By name the numbers that were put under a kind."""
    rows = connection.execute(select(_COUNTERS).where(_of_kind(kind)))
    return {row.name.removeprefix(f"{kind}:"): int(row.value) for row in rows}


def put_named(connection: Connection, kind: str, values: Mapping[str, int]) -> None:
    """Put numbers by name in the place of all of their kind."""
    connection.execute(_COUNTERS.delete().where(_of_kind(kind)))
    if values:
        connection.execute(
            _COUNTERS.insert(), [{"name": f"{kind}:{name}", "value": value} for name, value in values.items()]
        )


def _of_kind(kind: str) -> ColumnElement[bool]:
    is_of_kind: ColumnElement[bool] = _COUNTERS.c.name.startswith(f"{kind}:", autoescape=True)
    return is_of_kind
