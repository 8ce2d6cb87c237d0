"""Workbooks (XLSX, XLS, ODS) and Parquet files as tables."""

from __future__ import annotations

from pathlib import Path

import fastexcel
import polars as pl

from connectors._files_table import Table, clean, heading_row, headings
from model.errors import InputError

ZIP, OLE, PARQUET = b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"PAR1"
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")


def read_workbook(path: Path, *, max_rows: int | None = None) -> list[Table]:
    """One table per sheet that has cells; InputError when the workbook is damaged or protected by a password."""
    if _is_encrypted(path):
        raise InputError(f"{path} is protected by a password; save it without one, or export it as CSV.")
    try:
        book = fastexcel.read_excel(path)
        tables = [_sheet(path, book, name, max_rows) for name in book.sheet_names]
    except fastexcel.FastExcelError as error:
        raise InputError(f"{path} is not a readable workbook (damaged or cut short); export it again.") from error
    return [table for table in tables if table is not None]


def _is_encrypted(path: Path) -> bool:
    """An encrypted XLSX is an OLE container that holds a stream of that name."""
    with path.open("rb") as file:
        return file.read(len(OLE)) == OLE and _ENCRYPTED in file.read(1 << 22)


def _sheet(path: Path, book: fastexcel.ExcelReader, name: str, max_rows: int | None) -> Table | None:
    rows = None if max_rows is None else max_rows + 20
    sheet = book.load_sheet(name, header_row=None, dtypes="string", n_rows=rows)
    frame = sheet.to_polars()
    if not frame.height or not frame.width:
        return None
    start = heading_row(frame.head(40).rows())
    names, notes = headings(frame.row(start))
    if start:
        notes.insert(0, f"{start} rows before the headings were left out")
    frame = frame.slice(start + 1).rename(dict(zip(frame.columns, names, strict=True)))
    frame, cleaning = clean(frame)
    return Table(str(path), frame, sheet=name, notes=(*notes, *cleaning))


def read_parquet(path: Path, *, max_rows: int | None = None) -> Table:
    """The table of a Parquet file, its columns with their own types; InputError when it is damaged."""
    try:
        frame = pl.read_parquet(path, n_rows=max_rows)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise InputError(f"{path} is not a readable Parquet file (damaged or cut short); write it again.") from error
    names, notes = headings(frame.columns)
    frame = frame.rename(dict(zip(frame.columns, names, strict=True)))
    nested = [name for name, dtype in frame.schema.items() if dtype.is_nested() or dtype in (pl.Binary, pl.Object)]
    if nested:
        notes.append(f"columns of lists, structures or bytes were left out: {', '.join(nested)}")
        frame = frame.drop(nested)
    frame, cleaning = clean(frame.with_columns(pl.col(pl.Categorical, pl.Enum).cast(pl.String)))
    return Table(str(path), frame, notes=(*notes, *cleaning))
