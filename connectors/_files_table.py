"""A file's table before anybody knows what it is about: clean headings, clean cells, and what was mended on the way."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import polars as pl

# Nothing a CRM stores in one field is longer (Salesforce's longest text area has 131,072 characters).
MAX_CELL = 131_072
MAX_HEADING = 200
_CONTROLS = r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]"
FOOTER = "salesforce.com, inc"
_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Table:
    """One file, or one sheet of a workbook. `frame` has a column per heading; blank cells are null.

    Columns are text, except where the file itself has types (Parquet). `encoding` and `delimiter` are those of text.
    """

    path: str
    frame: pl.DataFrame
    sheet: str | None = None
    encoding: str | None = None
    delimiter: str | None = None
    notes: tuple[str, ...] = field(default=())


def heading_row(rows: Sequence[Sequence[str | None]]) -> int:
    """Index of the row that holds the headings: the first at least half as wide as most; a report's title is not."""
    widths = [sum(1 for cell in row if cell and cell.strip()) for row in rows]
    full = sorted(width for width in widths if width)
    if not full:
        return 0
    usual = full[len(full) // 2]
    return next(index for index, width in enumerate(widths) if width * 2 >= max(usual, 1))


def headings(raw: Iterable[str | None]) -> tuple[list[str], list[str]]:
    """Headings made unique, non-empty, bounded and free of control characters, with a sentence per repair."""
    names: list[str] = []
    notes: list[str] = []
    taken: set[str] = set()
    for position, cell in enumerate(raw, start=1):
        name = " ".join("".join(c if c.isprintable() else " " for c in cell or "").split())[:MAX_HEADING]
        if not name:
            name = f"column {position}"
        if name in taken:
            original, count = name, 2
            while name in taken:
                name, count = f"{original} ({count})", count + 1
            notes.append(f"the heading {original!r} appears again as column {position}; it was renamed {name!r}")
        taken.add(name)
        names.append(name)
    return names, notes


def shown(numbers: Sequence[int]) -> str:
    """The first few of a list of line numbers: "lines 3, 8, 12, 20, 31 and 7 more"."""
    first = ", ".join(str(number) for number in numbers[:_SHOWN])
    more = f" and {len(numbers) - _SHOWN:,} more" if len(numbers) > _SHOWN else ""
    return f"line{'s' if len(numbers) > 1 else ''} {first}{more}"


def clean(frame: pl.DataFrame) -> tuple[pl.DataFrame, list[str]]:
    """Text cells without control characters (tab and line feed stay), bounded, blank ones null; empty rows dropped."""
    notes: list[str] = []
    columns = [_clean(column, notes) if column.dtype == pl.String else column for column in frame]
    frame = _without_footer(pl.DataFrame(columns), notes)
    empty = (
        frame.select(pl.all_horizontal(pl.all().is_null())).to_series()
        if frame.width
        else pl.Series([], dtype=pl.Boolean)
    )
    if empty.any():
        notes.append(f"{empty.sum():,} empty rows were left out")
        frame = frame.filter(~empty)
    return frame, notes


def _clean(column: pl.Series, notes: list[str]) -> pl.Series:
    if column.str.contains("\r", literal=True).any():
        column = column.str.replace_all("\r\n", "\n", literal=True).str.replace_all("\r", "\n", literal=True)
    dirty = column.str.contains(_CONTROLS)
    if dirty.any():
        column = column.str.replace_all(_CONTROLS, "")
        notes.append(f"control characters were removed from {dirty.sum():,} cells of {column.name!r}")
    long = column.str.len_bytes() > MAX_CELL
    if long.any():
        long = column.str.len_chars() > MAX_CELL
    if long.any():
        column = column.str.slice(0, MAX_CELL)
        notes.append(f"{long.sum():,} cells of {column.name!r} were cut at {MAX_CELL:,} characters")
    # Most columns hold no white space alone: looking is cheaper than rebuilding.
    blank = column.str.contains(r"^\s*$").fill_null(value=False)
    return column.zip_with(~blank, pl.Series([None], dtype=pl.String)) if blank.any() else column


def _without_footer(frame: pl.DataFrame, notes: list[str]) -> pl.DataFrame:
    """Without the lines Salesforce puts under an exported report: its name, a copyright notice, who made it."""
    if frame.width < 2 or frame.columns[0] in (None, ""):
        return frame
    tail = frame.tail(12)
    alone = tail.select(pl.all_horizontal(pl.all().exclude(frame.columns[0]).is_null())).to_series()
    block = 0
    for lonely in reversed(alone.to_list()):
        if not lonely:
            break
        block += 1
    lines = tail.tail(block).to_series(0) if block else pl.Series([], dtype=pl.String)
    if lines.dtype != pl.String or not lines.str.to_lowercase().str.contains(FOOTER, literal=True).any():
        return frame
    notes.append("the report's footer was left out")
    return frame.head(frame.height - block)
