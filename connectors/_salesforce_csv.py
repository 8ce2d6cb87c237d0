"""CSV as Bulk 2.0 writes it, read piece by piece while it arrives, straight into columns.

Every value is in double quotes, a blank and an empty text are both `""`, cells may hold line breaks, and NUL bytes
occur. The bytes are UTF-8 though the headers do not say so; a guess would be Latin-1.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator, Sequence

import polars as pl

from connectors._salesforce_rows import CONVERTERS, MAX_TEXT, Cells, long_id
from model.currency import to_minor
from model.streams import ValueType

# About four thousand rows of thirty columns: large enough to be parsed as a whole, small beside everything else.
PIECE_BYTES = 2 * 1024 * 1024
# No record is longer; a quote that is never closed must not fill the memory.
MAX_ROW_BYTES = 64 * 1024 * 1024
_QUOTE, _BREAK = b'"', b"\n"
# Polars reads three digits behind a point at a quarter of the cost of any number of them.
_TIME = "%Y-%m-%dT%H:%M:%S.%3fZ"


def whole_rows(chunks: Iterable[bytes], *, size: int = PIECE_BYTES) -> Iterator[bytes]:
    """The same bytes in pieces that end with a row, of about `size`; ValueError for a row beyond all bounds.

    A line break ends a row when the quotes before it are even in number; a doubled quote within a cell counts twice.
    """
    held: list[bytes] = []
    length, wanted = 0, size
    for chunk in chunks:
        held.append(chunk)
        length += len(chunk)
        if length < wanted:
            continue
        piece = b"".join(held)
        end = _end_of_rows(piece)
        if end:
            yield piece[:end]
        elif length > MAX_ROW_BYTES:
            raise ValueError("a row without end")
        held, length = [piece[end:]], length - end
        wanted = size if end else 2 * length
    rest = b"".join(held)
    if rest:
        yield rest


def _end_of_rows(piece: bytes) -> int:
    """Where the last whole row of a piece ends; 0 when none does. The piece begins with a row."""
    is_inside = piece.count(_QUOTE) % 2
    end = len(piece)
    while True:
        found = piece.rfind(_BREAK, 0, end)
        if found < 0:
            return 0
        is_inside ^= piece.count(_QUOTE, found, end) % 2
        if not is_inside:
            return found + 1
        end = found


class CsvReader:
    """Reads the pieces of one CSV file: the first row names the columns."""

    def __init__(self) -> None:
        self._names: list[str] = []

    def read(self, piece: bytes) -> pl.DataFrame:
        """The rows of a piece as texts, None where blank; ValueError when they are no such table."""
        if b"\0" in piece:
            piece = piece.replace(b"\0", b"")
        if not self._names:
            piece = self._without_header(piece)
        try:
            return pl.read_csv(
                piece,
                has_header=False,
                schema=dict.fromkeys(self._names, pl.String),
                null_values="",
                missing_columns="raise",
                extra_columns="raise",
                raise_if_empty=False,
            )
        except pl.exceptions.PolarsError:
            # Without cause: its text quotes the row.
            raise ValueError("no table of quoted values") from None

    def _without_header(self, piece: bytes) -> bytes:
        head, _, rows = piece.partition(_BREAK)
        self._names = next(csv.reader([head.decode().lstrip("\ufeff").rstrip("\r")]), [])
        if not self._names or len(set(self._names)) < len(self._names):
            raise ValueError("no header")
        return rows


class CsvCells:
    """The rows of a piece, column by column. A column that the query asked for and the file lacks is a KeyError."""

    def __init__(self, frame: pl.DataFrame) -> None:
        self._frame = frame
        self._names = {name.lower(): name for name in frame.columns}
        lengths = pl.all().str.len_bytes()
        shortest, longest = frame.select(lengths.min()), frame.select(lengths.max())
        # By column; None where all cells are blank.
        self._shortest: dict[str, int | None] = shortest.row(0, named=True)
        self._longest: dict[str, int | None] = longest.row(0, named=True)

    def __len__(self) -> int:
        return self._frame.height

    def values(self, api_name: str, kind: ValueType) -> Cells:
        """Converted as a whole where all cells have the usual form, else one by one."""
        column = self._column(api_name)
        if kind == "text":
            is_long = (self._longest[column.name] or 0) > MAX_TEXT
            return column.str.slice(0, MAX_TEXT).to_list() if is_long else column.to_list()
        try:
            # As one expression: each step on a column by itself would cost as much again as it does.
            converted = self._frame.select(_CONVERTED[kind](pl.col(column.name))).to_series()
        except pl.exceptions.PolarsError:
            raise ValueError(f"no {kind}") from None
        if converted.null_count() > column.null_count():
            return CONVERTERS[kind](_booleans(column) if kind == "bool" else column.to_list())
        return converted.to_list()

    def ids(self, api_name: str) -> Cells:
        column = self._column(api_name)
        if (self._shortest[column.name] or 0) != (self._longest[column.name] or 0) or self._longest[column.name] == 15:
            return [one and long_id(one) for one in column.to_list()]
        return column.to_list()

    def fractions(self, api_name: str) -> Cells:
        return [None if cell is None else float(cell) / 100 for cell in self._column(api_name).to_list()]

    def amounts(self, api_name: str, currencies: Sequence[str | None]) -> Cells:
        cells = self._column(api_name).to_list()
        return [
            None if cell is None else to_minor(cell, currency) for cell, currency in zip(cells, currencies, strict=True)
        ]

    def _column(self, api_name: str) -> pl.Series:
        return self._frame.get_column(self._names[api_name.lower()])


def _booleans(column: pl.Series) -> Cells:
    """True and false in whatever letters; ValueError for another word."""
    words = {"true": True, "false": False}
    try:
        return [None if cell is None else words[cell.lower()] for cell in column.to_list()]
    except KeyError:
        raise ValueError("neither true nor false") from None


# The usual forms at once; a cell in another form becomes None here.
_CONVERTED: dict[ValueType, Callable[[pl.Expr], pl.Expr]] = {
    "int": lambda column: column.cast(pl.Int64, strict=False),
    "real": lambda column: column.cast(pl.Float64, strict=False),
    "bool": lambda column: pl.when(column == "true").then(True).when(column == "false").then(False),
    "time": lambda column: column.str.to_datetime(_TIME, time_unit="us", strict=False).cast(pl.Int64),
    "date": lambda column: column.str.head(10).str.to_date("%Y-%m-%d", strict=False).cast(pl.Int32),
}
