"""Tables as files for a spreadsheet (CSV, XLSX) or a program (Parquet); hostile values cannot become formulas."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

import polars as pl
import xlsxwriter

from model.errors import InputError

# A cell that starts with one of these is run as a formula by some spreadsheet (tab and return: after trimming).
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")
XLSX_ROWS = 1_048_575
XLSX_CELL = 32_767


def neutral(text: str | None) -> str | None:
    """The text with a leading apostrophe where a spreadsheet would otherwise run it."""
    return f"'{text}" if text and text.lstrip(" ").startswith(FORMULA_STARTS) else text


def write_tables(tables: Mapping[str, pl.DataFrame], target: Path) -> list[Path]:
    """Write named tables, by the target's ending: .xlsx one sheet each, .csv or .parquet one file each.

    With several tables, `findings.csv` becomes `findings-<name>.csv`. The files are readable by their owner only.
    """
    kind = target.suffix.lower()
    if kind == ".xlsx":
        _write(target, lambda path: _xlsx(tables, path))
        return [target]
    writers: dict[str, Callable[[pl.DataFrame, Path], object]] = {".csv": _csv, ".parquet": _parquet}
    if kind not in writers:
        raise InputError(f"{target.name} must end in .xlsx, .csv, .parquet, .html or .json.")
    written = []
    for name, frame in tables.items():
        path = target if len(tables) == 1 else target.with_name(f"{target.stem}-{name}{kind}")
        _write(path, lambda temporary, frame=frame: writers[kind](frame, temporary))  # type: ignore[misc]
        written.append(path)
    return written


def _neutralised(frame: pl.DataFrame) -> pl.DataFrame:
    texts = [name for name, kind in frame.schema.items() if kind == pl.String]
    dangerous = r"^ *[=+\-@\t\r＝＋－＠]"
    return frame.with_columns(
        pl.when(pl.col(name).str.contains(dangerous))
        .then(pl.lit("'") + pl.col(name))
        .otherwise(pl.col(name))
        .alias(name)
        for name in texts
    )


def _csv(frame: pl.DataFrame, path: Path) -> None:
    _neutralised(frame).write_csv(path, include_bom=True)


def _parquet(frame: pl.DataFrame, path: Path) -> None:
    frame.write_parquet(path)


def _xlsx(tables: Mapping[str, pl.DataFrame], path: Path) -> None:
    options = {"strings_to_formulas": False, "strings_to_urls": False, "nan_inf_to_errors": True}
    with xlsxwriter.Workbook(str(path), {**options, "remove_timezone": True}) as book:
        bold = book.add_format({"bold": True})
        for name, frame in tables.items():
            sheet = book.add_worksheet(name[:31])
            sheet.freeze_panes(1, 0)
            sheet.write_row(0, 0, frame.columns, bold)
            for row, values in enumerate(_neutralised(frame).head(XLSX_ROWS).iter_rows(), start=1):
                for column, value in enumerate(values):
                    _cell(sheet, row, column, value)
            sheet.autofilter(0, 0, max(frame.height, 1), max(len(frame.columns) - 1, 0))


def _cell(sheet: xlsxwriter.worksheet.Worksheet, row: int, column: int, value: object) -> None:
    if isinstance(value, bool):
        sheet.write_boolean(row, column, value)
    elif isinstance(value, (int, float)):
        sheet.write_number(row, column, value)
    elif value is not None:
        sheet.write_string(row, column, str(value)[:XLSX_CELL])


def _write(path: Path, writer: Callable[[Path], object]) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, suffix=path.suffix)
        os.close(handle)
        try:
            writer(Path(temporary))
            Path(temporary).replace(path)
        finally:
            Path(temporary).unlink(missing_ok=True)
    except OSError as error:
        raise InputError(f"{path} cannot be written ({error.strerror}); choose another place.") from None
