"""Delimited text as a table: polars where the file is regular, Python's csv module where it is not."""

from __future__ import annotations

import csv
import io
import math
import mmap
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path

import numpy as np
import polars as pl

from connectors._files_decode import CHUNK, HEAD, Text, decode
from connectors._files_table import FOOTER, Table, clean, heading_row, headings, shown
from model.errors import InputError

DELIMITERS = ",;\t|"
ROWS_AT_ONCE = 20_000
_SAMPLE_ROWS = 60
_TAIL = 4096
_QUOTE, _FEED, _RETURN = 34, 10, 13
# Follows the last line: where it does not come out as a record of its own, a quote was left open.
_END = "\x02end\x02"


@dataclass(frozen=True, slots=True)
class Layout:
    """How the text is laid out: its delimiter, its headings, where they begin, and the line before them."""

    delimiter: str
    headings: tuple[str, ...]
    start: int
    lines_before: int


@dataclass(slots=True)
class _Ragged:
    """Line numbers of records that are shorter or longer than the headings."""

    short: list[int]
    long: list[int]


def read_text(path: Path, *, max_rows: int | None = None) -> Table:
    """The table in a CSV, TSV or other delimited file; `max_rows` stops early. InputError when it is none."""
    text = decode(path, limit=None if max_rows is None else max(max_rows * 400, HEAD))
    layout = _layout(path, text)
    names, notes = headings(layout.headings)
    text, footer = _without_footer(text, layout.delimiter)
    notes += footer
    if layout.lines_before:
        notes.insert(0, f"{layout.lines_before} lines before the headings were left out")
    frame = _read_fast(path, text, layout, max_rows)
    if frame is None:
        frame, ragged = _read_slowly(path, text, layout, max_rows)
        notes += _ragged_notes(ragged)
    frame = frame.rename(dict(zip(frame.columns, names, strict=True)))
    frame, cleaning = clean(frame)
    return Table(
        str(path),
        frame,
        encoding=text.encoding,
        delimiter=layout.delimiter if len(names) > 1 else None,
        notes=(*text.notes, *notes, *cleaning),
    )


# --- layout ------------------------------------------------------------------------------------------------------


def _layout(path: Path, text: Text) -> Layout:
    start, lines_before, hinted = 0, 0, None
    first = text.data[:64].split(b"\n", 1)[0].strip()
    if first.lower().startswith(b"sep=") and len(first) == 5:
        start, hinted = text.data.find(b"\n") + 1, chr(first[4])
    sample = text.data[start : start + HEAD].decode("utf-8", "replace")
    is_cut = len(text.data) - start > HEAD
    delimiter = hinted or max(DELIMITERS, key=lambda one: _regularity(sample, one, is_cut=is_cut))
    records = _records(sample, delimiter, is_cut=is_cut)
    if not any(cell.strip() for row, _ in records for cell in row):
        raise InputError(f"{path} is empty: it has not even headings.")
    index = heading_row([row for row, _ in records])
    if index:
        lines_before = records[index - 1][1]
        for _ in range(lines_before):
            start = text.data.find(b"\n", start) + 1
    return Layout(delimiter, tuple(records[index][0]), start, lines_before)


def _records(sample: str, delimiter: str, *, is_cut: bool) -> list[tuple[list[str], int]]:
    """The first records of a sample, each with the number of its last line."""
    reader = csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter)
    found: list[tuple[list[str], int]] = []
    try:
        for row in reader:
            found.append((row, reader.line_num))
            if len(found) > _SAMPLE_ROWS:
                return found
    except csv.Error:
        # A cell longer than the module's limit: what came before it is sample enough.
        return found or [(sample.split("\n", 1)[0].split(delimiter), 1)]
    return found[:-1] if is_cut and len(found) > 1 else found


def _regularity(sample: str, delimiter: str, *, is_cut: bool) -> float:
    """How well a delimiter explains the sample: the share of equally wide records, weighted by their width."""
    widths = [len(row) for row, _ in _records(sample, delimiter, is_cut=is_cut) if row]
    if not widths:
        return 0.0
    usual = max(set(widths), key=lambda width: (widths.count(width), width))
    if usual < 2:
        # Records without it say nothing for it, but a heading that has it says a little.
        return 0.01 * (widths[0] - 1)
    share = widths.count(usual) / len(widths)
    return share**2 * math.sqrt(usual - 1) * (1.0 if widths[0] == usual else 0.3)


def _without_footer(text: Text, delimiter: str) -> tuple[Text, list[str]]:
    """Without the lines Salesforce puts under an exported report: its name, a copyright notice, who made it.

    They have one cell each, so that they would pass for ragged rows.
    """
    start = max(len(text.data) - _TAIL, 0)
    tail = text.data[start:]
    if FOOTER.encode() not in tail.lower():
        return text, []
    lines = tail.splitlines(keepends=True)
    cut = len(lines)
    while cut > 1 and lines[cut - 1].count(delimiter.encode()) < 2:
        cut -= 1
    end = start + sum(map(len, lines[:cut]))
    if FOOTER.encode() not in text.data[end:].lower():
        return text, []
    return replace(text, data=text.data[:end]), ["the report's footer was left out"]


# --- regular files -----------------------------------------------------------------------------------------------


def _read_fast(path: Path, text: Text, layout: Layout, max_rows: int | None) -> pl.DataFrame | None:
    """The frame by polars; None when the text is not regular enough for polars to be trusted with it."""
    width = len(layout.headings)
    if not _is_regular(text.data, layout, width):
        return None
    whole = isinstance(text.data, mmap.mmap) and layout.start == 0
    try:
        frame = pl.read_csv(
            path if whole else io.BytesIO(text.data[layout.start :]),
            has_header=False,
            separator=layout.delimiter,
            infer_schema=False,
            n_rows=None if max_rows is None else max_rows + 1,
        )
    except (pl.exceptions.PolarsError, OSError):
        return None
    return frame.slice(1) if frame.width == width else None


def _is_regular(data: bytes | mmap.mmap, layout: Layout, width: int) -> bool:
    """True when every record has as many cells as there are headings and quotes stand only around whole cells."""
    if width < 2 or len(layout.delimiter.encode()) != 1:
        return False
    buffer = np.frombuffer(data, dtype=np.uint8)
    has_quotes = data.find(b'"') >= 0
    is_open = seps = 0
    for start in range(layout.start, len(buffer), CHUNK):
        piece = buffer[start : start + CHUNK]
        feeds, commas = piece == _FEED, piece == ord(layout.delimiter)
        if has_quotes:
            quotes = piece == _QUOTE
            inside = np.bitwise_xor.accumulate(quotes) ^ bool(is_open)
            if not _quotes_are_tidy(buffer, start, quotes, inside, layout):
                return False
            is_open = bool(inside[-1])
            feeds, commas = feeds & ~inside, commas & ~inside
        at = np.flatnonzero(feeds)
        if not _widths_agree(buffer, start, at, np.flatnonzero(commas), seps, width):
            return False
        seps = int(np.count_nonzero(commas[at[-1] + 1 :])) if len(at) else seps + int(np.count_nonzero(commas))
    ends_whole = seps == 0 and buffer[-1] in (_FEED, _RETURN)
    return not is_open and (ends_whole or seps == width - 1)


def _widths_agree(
    buffer: np.ndarray, start: int, feeds: np.ndarray, commas: np.ndarray, carried: int, width: int
) -> bool:
    """True when each record that ends in this chunk has the right number of cells, or is an empty line."""
    if not len(feeds):
        return True
    counts = np.diff(np.searchsorted(commas, feeds), prepend=0)
    counts[0] += carried
    odd = np.flatnonzero(counts != width - 1)
    if not len(odd):
        return True
    ends = feeds[odd] + start
    before = np.where(ends > 0, buffer[ends - 1], _FEED)
    return bool(((counts[odd] == 0) & ((before == _FEED) | (before == _RETURN))).all()) and len(odd) < len(feeds)


def _quotes_are_tidy(buffer: np.ndarray, start: int, quotes: np.ndarray, inside: np.ndarray, layout: Layout) -> bool:
    edges = np.array([ord(layout.delimiter), _FEED, _RETURN, _QUOTE], dtype=np.uint8)
    opening = np.flatnonzero(quotes & inside) + start
    closing = np.flatnonzero(quotes & ~inside) + start
    opening = opening[opening > layout.start]
    closing = closing[closing < len(buffer) - 1]
    return bool(np.isin(buffer[opening - 1], edges).all() and np.isin(buffer[closing + 1], edges).all())


# --- irregular files ---------------------------------------------------------------------------------------------


def _read_slowly(path: Path, text: Text, layout: Layout, max_rows: int | None) -> tuple[pl.DataFrame, _Ragged]:
    """The frame by Python's csv module, which takes records of any width; InputError for a quote left open."""
    width = len(layout.headings)
    ragged = _Ragged([], [])
    schema = {str(position): pl.String for position in range(width)}
    frames = [pl.DataFrame(schema=schema)]
    limit = csv.field_size_limit(2**31 - 1)
    try:
        rows: list[list[str]] = []
        for row, line in _rows(path, text, layout):
            rows.append(_fitted(row, width, line, ragged))
            if len(rows) == ROWS_AT_ONCE:
                frames.append(pl.DataFrame(rows, schema=schema, orient="row"))
                rows = []
            if max_rows is not None and (len(frames) - 1) * ROWS_AT_ONCE + len(rows) >= max_rows:
                break
        if rows:
            frames.append(pl.DataFrame(rows, schema=schema, orient="row"))
    finally:
        csv.field_size_limit(limit)
    return pl.concat(frames), ragged


def _rows(path: Path, text: Text, layout: Layout) -> Iterator[tuple[list[str], int]]:
    """The records after the headings, each with the number of its first line."""
    lines = io.TextIOWrapper(io.BytesIO(text.data[layout.start :]), "utf-8", errors="replace", newline="")
    reader = csv.reader(chain(lines, ["\n", _END]), delimiter=layout.delimiter)
    begins = 1
    pending: tuple[list[str], int] | None = None
    for row in reader:
        if row == [_END]:
            break
        if pending is not None and pending[1] > 1:
            yield pending[0], pending[1] + layout.lines_before
        if row and _END in row[-1]:
            if text.is_cut:
                return
            raise InputError(
                f"{path} opens a quote in the record of line {begins + layout.lines_before} that is never closed; "
                "close it or double it."
            )
        pending = (row, begins)
        begins = reader.line_num + 1
    if pending is not None and pending[0] and pending[1] > 1:
        yield pending[0], pending[1] + layout.lines_before


def _fitted(row: list[str], width: int, line: int, ragged: _Ragged) -> list[str]:
    if len(row) == width or not row:
        return row or [""] * width
    if len(row) < width:
        ragged.short.append(line)
        return row + [""] * (width - len(row))
    if any(cell.strip() for cell in row[width:]):
        ragged.long.append(line)
    return row[:width]


def _ragged_notes(ragged: _Ragged) -> list[str]:
    notes = []
    if ragged.short:
        notes.append(
            f"{len(ragged.short):,} rows have fewer cells than headings ({shown(ragged.short)}); kept as they are"
        )
    if ragged.long:
        notes.append(
            f"{len(ragged.long):,} rows have more cells than headings ({shown(ragged.long)}); "
            "kept without the extra cells, so look for an unquoted delimiter"
        )
    return notes
