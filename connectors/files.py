"""Exports of any CRM as a source: CSV, TSV and other delimited text, workbooks (XLSX, XLS, ODS) and Parquet.

A file's stream and the meaning of its headings are recognised (see `_files_headings.tsv`); a mapping helps where they
are not. Everything is read each time, so every pull is a full one. `changed_at` is the row's own modification stamp,
else its creation stamp, else 0: the time of the file itself would make two readings of the same rows differ.
Times without a zone count as UTC. A field whose heading no file has is unknown, not blank.
"""

from __future__ import annotations

import glob
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import polars as pl
from rapidfuzz import process
from rapidfuzz.distance import JaroWinkler

from connectors._files_binary import OLE, PARQUET, ZIP, read_parquet, read_workbook
from connectors._files_headings import FILE_STREAMS, squash
from connectors._files_recognise import SAMPLE, Recognition, recognise
from connectors._files_records import build, distinct_ids
from connectors._files_table import Table
from connectors._files_text import read_text
from connectors.connector import Access, Usage
from model.batch import Batch, Page, Watermark
from model.errors import ConfigError, InputError
from model.settings import FilesConnection

SYSTEM = "files"
PAGE_ROWS = 10_000
_WORKBOOKS = (".xlsx", ".xlsm", ".xlsb", ".xls", ".ods")

_PRODUCT_HEADINGS = frozenset({"product", "productname", "name"})

Mapped = Mapping[str, Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class Loaded:
    """One file, or one sheet of a workbook, as it was understood.

    `stream` is None for a table of no known records; `kind` says then what it looks like ("products", "nothing
    known", ...). `recognised` leads from heading to field; `notes` are sentences for people. `frame` has the typed
    records (times in µs, dates in days, money in minor units) and is None without a stream.
    """

    path: str
    stream: str | None
    kind: str
    rows: int
    recognised: Mapping[str, str]
    unrecognised: tuple[str, ...]
    sheet: str | None = None
    encoding: str | None = None
    delimiter: str | None = None
    notes: tuple[str, ...] = ()
    frame: pl.DataFrame | None = field(default=None, repr=False)

    def batches(self, connection: str, *, rows: int = PAGE_ROWS) -> Iterator[Batch]:
        """The records as batches of at most `rows`; one empty batch where there are none."""
        if self.stream is None or self.frame is None:
            return
        readable = frozenset(FILE_STREAMS[self.stream].field_names).intersection(self.frame.columns)
        for start in range(0, max(self.frame.height, 1), rows):
            columns = self.frame.slice(start, rows).to_dict(as_series=False)
            yield Batch(connection, self.stream, columns, readable)


def read_files(
    paths: Sequence[str | Path], *, mapping: Mapped | None = None, currency: str = "USD", connection: str = "files"
) -> list[Loaded]:
    """Read every file, in the order given. InputError for one that cannot be read, ConfigError for a wrong mapping.

    Ids are made unique over all files of a stream. `currency` is that of amounts that name none.
    """
    mapping = mapping or {}
    _check_names(mapping, connection)
    tables = [table for path in paths for table in read_tables(Path(path))]
    understood = [(table, recognise(table, mapping)) for table in tables]
    _check_headings(mapping, tables, connection)
    return _unique([_load(table, recognition, currency) for table, recognition in understood])


def product_names(paths: Sequence[str | Path]) -> list[str]:
    """What the product lists among the files call their products: the spelling that deals should follow."""
    names: set[str] = set()
    for path in paths:
        for table in read_tables(Path(path)):
            if recognise(table, {}).kind == "products":
                column = next((name for name in table.frame.columns if squash(name) in _PRODUCT_HEADINGS), None)
                names.update(table.frame[column].drop_nulls().cast(pl.String).to_list() if column else ())
    return sorted(names)


def connect(name: str, settings: FilesConnection, secret: Callable[[str], str]) -> FileSource:
    """The source of a `files` connection; files are opened when they are first needed. It has no secrets."""
    return FileSource(name, settings)


class FileSource:
    """The files of one connection."""

    system = SYSTEM

    def __init__(self, name: str, settings: FilesConnection, *, page_rows: int = PAGE_ROWS) -> None:
        self.name = name
        self.usage = Usage()
        self._settings = settings
        self._page_rows = page_rows
        self._survey: list[tuple[Path, Table, Recognition]] | None = None
        self._counts: dict[str, int] = {}

    def check(self) -> Access:
        """What each file was taken for; a file of no known stream is a fact, none at all a problem."""
        survey = self._surveyed()
        facts = tuple(_fact(table, recognition) for _, table, recognition in survey)
        known = any(recognition.stream for _, _, recognition in survey)
        problem = (
            f"none of the {len(survey)} tables holds records Trueline knows; name their headings in "
            f"connections.{self.name}.mapping"
        )
        return Access(f"{len({path for path, _, _ in survey})} files", facts, () if known else (problem,))

    def streams(self) -> tuple[str, ...]:
        """Streams that at least one file holds, users and accounts before those that refer to them."""
        found = {recognition.stream for _, _, recognition in self._surveyed()}
        return tuple(stream for stream in FILE_STREAMS if stream in found)

    def pull(self, stream: str, watermark: Watermark) -> Iterator[Page]:
        """All records of a stream, whatever the watermark's `since`; a cursor goes on at its row of the same files."""
        loaded = self._loaded(stream)
        since = max((_newest(one) for one in loaded), default=0)
        mark = _fingerprint(loaded)
        skip = _resumed(watermark.cursor, mark)
        pages = [(one, start) for one in loaded for start in range(0, max(one.rows, 1), self._page_rows)]
        for number, (one, start) in enumerate(pages):
            if number < skip:
                continue
            part = replace(one, frame=one.frame.slice(start, self._page_rows) if one.frame is not None else None)
            batch = next(part.batches(self.name, rows=self._page_rows))
            is_last = number == len(pages) - 1
            gaps = tuple(f"{_title(one)}: {note}" for note in one.notes) if start == 0 else ()
            cursor = None if is_last else f"{mark}:{number + 1}"
            yield Page(batch, Watermark(since if is_last else watermark.since, cursor), is_full=True, gaps=gaps)

    def count(self, stream: str) -> int | None:
        """How many live records the files hold."""
        if stream not in self._counts:
            self._loaded(stream)
        return self._counts[stream]

    def close(self) -> None:
        self._survey = None
        self._counts.clear()

    def _surveyed(self) -> list[tuple[Path, Table, Recognition]]:
        """Each table's beginning and what it was taken for; read once."""
        if self._survey is None:
            mapping = self._settings.mapping
            _check_names(mapping, self.name)
            paths = _found(self._settings.files, self.name)
            tables = [(path, table) for path in paths for table in read_tables(path, max_rows=SAMPLE)]
            _check_headings(mapping, [table for _, table in tables], self.name)
            self._survey = [(path, table, recognise(table, mapping)) for path, table in tables]
        return self._survey

    def _loaded(self, stream: str) -> list[Loaded]:
        wanted = [(path, table.sheet) for path, table, known in self._surveyed() if known.stream == stream]
        loaded = []
        for path in dict.fromkeys(path for path, _ in wanted):
            self.usage.count("read")
            for table in read_tables(path):
                if (path, table.sheet) in wanted:
                    recognition = recognise(table, self._settings.mapping, stream=stream)
                    loaded.append(_load(table, recognition, self._settings.currency))
        loaded = _unique(loaded)
        self._counts[stream] = sum(_live(one) for one in loaded)
        return loaded


# --- files -------------------------------------------------------------------------------------------------------


def read_tables(path: Path, *, max_rows: int | None = None) -> list[Table]:
    """The tables of one file, told by its content first and its suffix second. InputError when it cannot be read."""
    try:
        if path.is_dir():
            raise InputError(f"{path} is a folder; name the files in it, for instance {path / '*.csv'}.")
        if path.exists() and not path.is_file():
            raise InputError(f"{path} is a device or a pipe; save the data in a file first.")
        with path.open("rb") as file:
            head = file.read(8)
        if not head:
            raise InputError(f"{path} is empty: it has not even headings.")
        if head.startswith(PARQUET) or path.suffix.lower() == ".parquet":
            return [read_parquet(path, max_rows=max_rows)]
        if head.startswith(OLE) or (path.suffix.lower() in _WORKBOOKS and head.startswith(ZIP)):
            return read_workbook(path, max_rows=max_rows)
        if path.suffix.lower() in _WORKBOOKS:
            raise InputError(f"{path} is not a readable workbook (damaged or cut short); export it again.")
        if path.suffix.lower() == ".sql":
            raise InputError(f"{path} is a database dump; load it into its database and export the tables as CSV.")
        return [read_text(path, max_rows=max_rows)]
    except FileNotFoundError:
        raise InputError(f"There is no file {path}.") from None
    except PermissionError:
        raise InputError(f"{path} may not be read by this user; change its permissions.") from None
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or type(error).__name__}.") from error


def _found(patterns: Sequence[str], connection: str) -> list[Path]:
    """The files that paths and globs name, each once, in the order of the settings and then of their names."""
    found: dict[Path, None] = {}
    for pattern in patterns:
        matches = sorted(glob.glob(pattern, recursive=True)) if glob.has_magic(pattern) else [pattern]  # noqa: PTH207
        if not matches:
            raise InputError(f"No file matches {pattern}, which connections.{connection}.files names.")
        is_glob = glob.has_magic(pattern)
        found.update(dict.fromkeys(Path(match) for match in matches if not (is_glob and Path(match).is_dir())))
    return list(found)


def _load(table: Table, recognition: Recognition, currency: str) -> Loaded:
    loaded = Loaded(
        path=table.path,
        stream=recognition.stream,
        kind=recognition.kind,
        rows=table.frame.height,
        recognised={heading.text: name for name, heading in recognition.fields.items()},
        unrecognised=recognition.unrecognised,
        sheet=table.sheet,
        encoding=table.encoding,
        delimiter=table.delimiter,
        notes=(*table.notes, *recognition.notes),
    )
    if recognition.stream is None:
        return loaded
    frame, notes = build(table, recognition, currency)
    return replace(loaded, frame=frame, notes=(*loaded.notes, *notes))


def _unique(loaded: list[Loaded]) -> list[Loaded]:
    """The same files with ids that are unique per stream."""
    result = list(loaded)
    for stream in FILE_STREAMS:
        places = [index for index, one in enumerate(loaded) if one.stream == stream and one.frame is not None]
        frames, counts = distinct_ids([frame for index in places if (frame := loaded[index].frame) is not None])
        for index, frame, count in zip(places, frames, counts, strict=True):
            note = (f"{count:,} rows repeat an id that came before; they are kept with ~2, ~3, ... behind it",)
            result[index] = replace(loaded[index], frame=frame, notes=(*loaded[index].notes, *(note if count else ())))
    return result


# --- mapping -----------------------------------------------------------------------------------------------------


def _check_names(mapping: Mapped, connection: str) -> None:
    for stream, fields in mapping.items():
        if stream not in FILE_STREAMS:
            raise ConfigError(
                f"connections.{connection}.mapping names a stream {stream!r} that does not exist; "
                f"did you mean {_nearest(stream, FILE_STREAMS)!r}?"
            )
        known = (*FILE_STREAMS[stream].field_names, "id", "changed_at", "created_at", "is_deleted", "merged_into")
        for name in fields:
            if name not in known:
                raise ConfigError(
                    f"connections.{connection}.mapping.{stream} names a field {name!r} that does not exist; "
                    f"did you mean {_nearest(name, known)!r}?"
                )


def _check_headings(mapping: Mapped, tables: Sequence[Table], connection: str) -> None:
    headings = list(dict.fromkeys(name for table in tables for name in table.frame.columns))
    squashed = {squash(name) for name in headings}
    for stream, fields in mapping.items():
        for name, heading in fields.items():
            if heading in headings or squash(heading) in squashed:
                continue
            hint = f"; the nearest is {_nearest(heading, headings)!r}" if headings else ""
            raise ConfigError(
                f"connections.{connection}.mapping.{stream}.{name} names the heading {heading!r}, "
                f"which no file has{hint}."
            )


def _nearest(name: str, known: Sequence[str] | Mapping[str, object]) -> str:
    best: tuple[str, float, int] = process.extractOne(
        name, list(known), scorer=JaroWinkler.normalized_similarity, processor=squash
    )
    return best[0]


# --- words and marks ---------------------------------------------------------------------------------------------


def _title(one: Loaded | Table) -> str:
    return Path(one.path).name + (f" [{one.sheet}]" if one.sheet else "")


def _fact(table: Table, recognition: Recognition) -> str:
    if recognition.stream is None:
        return f"{_title(table)}: not used ({recognition.kind})"
    unknown = len(recognition.unrecognised)
    rest = f", {unknown} headings not used" if unknown else ""
    return f"{_title(table)}: {recognition.stream}, {len(recognition.fields)} fields recognised{rest}"


def _newest(one: Loaded) -> int:
    top = one.frame["changed_at"].max() if one.frame is not None else None
    return top if isinstance(top, int) else 0


def _live(one: Loaded) -> int:
    if one.frame is None:
        return 0
    return one.rows - (int(one.frame["is_deleted"].sum()) if "is_deleted" in one.frame.columns else 0)


def _fingerprint(loaded: Sequence[Loaded]) -> str:
    """Tells whether a cursor still fits: the files' names, row counts, sizes and times of change. Another export of the
    same length may hold its rows in another order."""
    stats = ((one, Path(one.path).stat()) for one in loaded)
    return "+".join(f"{_title(one)}={one.rows}/{stat.st_size}/{stat.st_mtime_ns}" for one, stat in stats)


def _resumed(cursor: str | None, mark: str) -> int:
    """The number of the page a cursor goes on with; 0 where it is of other files."""
    before, _, number = (cursor or "").rpartition(":")
    return int(number) if before == mark and number.isdigit() else 0
