"""Strings made in bulk: from digit templates, byte matrices and tables of words."""

from __future__ import annotations

import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray

from sandbox.generator.chance import Chance, Ints

Bytes = NDArray[np.uint8]


def from_bytes(matrix: Bytes, lengths: Ints | None = None) -> pl.Series:
    """One string per row of ASCII codes; of a row, the first `lengths` codes count (all, where not given)."""
    rows, width = matrix.shape
    if lengths is None:
        data = np.ascontiguousarray(matrix).reshape(-1)
        offsets = np.arange(rows + 1, dtype=np.int64) * width
    else:
        data = matrix[np.arange(width)[None, :] < lengths[:, None]]
        offsets = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(lengths, dtype=np.int64)])
    array = pa.LargeStringArray.from_buffers(rows, pa.py_buffer(offsets), pa.py_buffer(np.ascontiguousarray(data)))
    return pl.Series(values=array)


def digits(templates: pl.Series, rows: Ints, chance: Chance) -> pl.Series:
    """Numbers from templates (`N` = 2 to 9, `X` = 0 to 9, else itself); `rows` says which template each has."""
    words = templates.to_list()
    width = max(max((len(word) for word in words), default=1), 1)
    table = np.array([list(word.ljust(width).encode()) for word in words], dtype=np.uint8).reshape(-1, width)
    matrix = table[rows]
    n = len(rows)
    drawn = chance.below(10, n * width).reshape(n, width).astype(np.uint8)
    matrix = np.where(matrix == ord("X"), drawn + ord("0"), matrix)
    matrix = np.where(matrix == ord("N"), drawn % 8 + ord("2"), matrix)
    lengths = np.array([len(word) for word in words], dtype=np.int64)[rows]
    return from_bytes(matrix.astype(np.uint8), lengths)


def padded(numbers: Ints, width: int) -> pl.Series:
    """Decimal numbers of exactly `width` digits, zeros in front."""
    powers = 10 ** np.arange(width - 1, -1, -1, dtype=np.int64)
    return from_bytes((numbers[:, None] // powers[None, :] % 10 + ord("0")).astype(np.uint8))


def capitals(n: int, width: int, chance: Chance) -> pl.Series:
    """Strings of `width` random capital letters."""
    return from_bytes((chance.below(26, n * width).reshape(n, width) + ord("A")).astype(np.uint8))


def when(mask: NDArray[np.bool_], new: pl.Series | str | None, old: pl.Series) -> pl.Series:
    """`new` where the mask says so, else `old`; the name and type of `old` stay."""
    fresh = pl.Series([new], dtype=pl.String) if new is None or isinstance(new, str) else new
    return (
        fresh.zip_with(pl.Series(mask), old).alias(old.name) if len(fresh) == len(old) else _broadcast(mask, fresh, old)
    )


def _broadcast(mask: NDArray[np.bool_], new: pl.Series, old: pl.Series) -> pl.Series:
    frame = pl.select(pl.when(pl.Series(mask)).then(pl.lit(new[0], dtype=old.dtype)).otherwise(old).alias(old.name))
    return frame.to_series()


def put(column: pl.Series, rows: Ints, values: pl.Series) -> pl.Series:
    """The column with `values` at `rows` (distinct); the rest as it was."""
    where = np.arange(len(column))
    where[rows] = len(column) + np.arange(len(rows))
    return pl.concat([column, values.cast(column.dtype).alias(column.name)]).gather(where).alias(column.name)


def fold(text: pl.Series) -> pl.Series:
    """Accents taken off and the letters that do not decompose spelt out, case kept."""
    marks = {
        "ß": "ss",
        "ł": "l",
        "Ł": "L",
        "ø": "o",
        "Ø": "O",
        "æ": "ae",
        "Æ": "Ae",
        "ı": "i",
        "đ": "d",
        "ð": "d",
        "’": "'",
    }
    expr = pl.col("t").str.replace_many(marks).str.normalize("NFKD").str.replace_all(r"\p{M}", "")
    return pl.DataFrame({"t": text}).select(expr.alias(text.name)).to_series()


def key(text: pl.Series) -> pl.Series:
    """Lower-case ASCII letters and digits only, as in the left part of an address or a host name."""
    frame = pl.DataFrame({"t": fold(text)})
    return frame.select(pl.col("t").str.to_lowercase().str.replace_all(r"[^a-z0-9]", "").alias(text.name)).to_series()


def only(mask: NDArray[np.bool_] | pl.Series, value: pl.Series | str) -> pl.Series:
    """The value where the mask says so, null elsewhere."""
    held = pl.Series(mask)
    return pl.select(pl.when(held).then(pl.lit(value) if isinstance(value, str) else value).otherwise(None)).to_series()
