"""Rows about chosen records only: many keys, asked for in as many queries as a database takes them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import polars as pl
from sqlalchemy import ColumnElement, Select, false

from store.database import Database

_AT_ONCE = 500


def frame_of_chosen(
    database: Database, query: Select[Any], columns: Sequence[ColumnElement[Any]], keys: pl.DataFrame
) -> pl.DataFrame:
    """The rows of a query of which these columns, an id the last of them, are a row of `keys` (as many columns)."""
    *outer, ids = columns
    found = []
    for values, wanted in _by_place(keys):
        here = query.where(*(column == value for column, value in zip(outer, values, strict=True)))
        parts = (wanted[first : first + _AT_ONCE] for first in range(0, len(wanted), _AT_ONCE))
        found += [database.frame(here.where(ids.in_(part))) for part in parts]
    return pl.concat(found) if found else database.frame(query.where(false()))


def _by_place(keys: pl.DataFrame) -> list[tuple[tuple[Any, ...], list[str]]]:
    """The ids of each combination of the columns before them, all sorted."""
    *outer, ids = keys.columns
    if not outer:
        return [((), keys[ids].unique().sort().to_list())]
    if keys.is_empty():
        return []
    parts = keys.unique().partition_by(outer, as_dict=True)
    return [(place, parts[place][ids].sort().to_list()) for place in sorted(parts)]
