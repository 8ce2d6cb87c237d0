"""Python functions over columns, called once per distinct value."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl
from polars.datatypes import DataType, DataTypeClass


def texts(values: pl.Series) -> pl.Series:
    """The column as text; an all-null column of any type becomes a null text column."""
    return values if values.dtype == pl.String else values.cast(pl.String)


def over_distinct(
    values: pl.Series,
    function: Callable[[str], object],
    dtype: DataType | DataTypeClass = pl.String,
) -> pl.Series:
    """`function` of each value, null for null; the result keeps name and order."""
    if values.null_count() == len(values):
        return pl.Series(values.name, [None] * len(values), dtype=dtype)
    known = texts(values)
    distinct = known.drop_nulls().unique()
    answers = pl.Series([function(value) for value in distinct.to_list()], dtype=dtype)
    if len(distinct) == len(known):
        return answers.alias(values.name) if distinct.equals(known) else _join(known, distinct, answers)
    return _join(known, distinct, answers)


def _join(known: pl.Series, distinct: pl.Series, answers: pl.Series) -> pl.Series:
    table = pl.DataFrame({"value": distinct, "answer": answers})
    joined = known.to_frame("value").join(table, on="value", how="left", maintain_order="left")
    return joined["answer"].alias(known.name)
