"""Tables as files for a spreadsheet (CSV, XLSX) or a program (Parquet); hostile values cannot become formulas.

A spreadsheet runs text as a formula only when it reads it from a CSV file, so only there does text that starts like a
formula get a leading apostrophe. One signed number, such as an E.164 phone number or a negative amount, is nothing to
run and stays usable. A cell of an XLSX file is written as text, which is never run, and Parquet keeps what was read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from model.errors import InputError
from reports.private import write_privately

if TYPE_CHECKING:
    import xlsxwriter

# What a spreadsheet takes for the start of a formula, in narrow and full-width form, with whatever invisible stands
# before it; and a leading tab or line break, after which some go on reading.
_RISKY = r"^(?:[\s\p{Z}\p{C}]*[=+\-@＝＋－＠﹦﹢﹣﹫]|[\t\r\n])"
# Fifteen digits are the most that E.164 has and that a spreadsheet keeps.
_SIGNED_NUMBER = r"^[+-][0-9]{1,15}$|^-[0-9]{1,13}[.,][0-9]{1,6}$"
XLSX_ROWS = 1_048_575  # beside the heading
XLSX_CELL = 32_767
XLSX_NAME = 31
_CUT = "… (cut)"


def neutral(values: pl.Expr) -> pl.Expr:
    """Text with a leading apostrophe where a spreadsheet that reads it from a CSV file would run it."""
    risky = values.str.contains(_RISKY) & ~values.str.contains(_SIGNED_NUMBER)
    return pl.when(risky).then(pl.concat_str(pl.lit("'"), values)).otherwise(values).name.keep()


def write_tables(tables: Mapping[str, pl.DataFrame], target: Path) -> list[Path]:
    """Write named tables, by the target's ending: .xlsx one sheet each, .csv or .parquet one file each.

    With several tables, `findings.csv` becomes `findings-<name>.csv`. The files are readable by their owner only.
    """
    kind = target.suffix.lower()
    if kind == ".xlsx":
        write_privately(target, lambda path: _xlsx(tables, path))
        return [target]
    writers: dict[str, Callable[[pl.DataFrame, Path], object]] = {".csv": _csv, ".parquet": _parquet}
    if kind not in writers:
        raise InputError(f"{target.name} must end in .xlsx, .csv, .parquet, .html or .json.")
    written = []
    for name, frame in tables.items():
        path = target if len(tables) == 1 else target.with_name(f"{target.stem}-{name}{kind}")
        _write(frame, path, writers[kind])
        written.append(path)
    return written


def _write(frame: pl.DataFrame, path: Path, writer: Callable[[pl.DataFrame, Path], object]) -> None:
    write_privately(path, lambda temporary: writer(frame, temporary))


def _csv(frame: pl.DataFrame, path: Path) -> None:
    headings = pl.DataFrame({"name": frame.columns}).select(neutral(pl.col("name")))["name"]
    texts = [name for name, kind in frame.schema.items() if kind == pl.String]
    safe = frame.with_columns(neutral(pl.col(name)) for name in texts)
    safe = safe.rename(dict(zip(frame.columns, headings, strict=True)))
    # Every text is quoted: a semicolon in it must not start a cell where that is the local separator.
    safe.write_csv(path, include_bom=True, quote_style="non_numeric")


def _parquet(frame: pl.DataFrame, path: Path) -> None:
    # Through memory: a full disk then is an OSError of ours, not one of the writer's own kinds.
    content = BytesIO()
    frame.write_parquet(content)
    path.write_bytes(content.getvalue())


def _xlsx(tables: Mapping[str, pl.DataFrame], path: Path) -> None:
    import xlsxwriter  # few commands write a spreadsheet

    # Row by row to disk: a million findings must not be held in memory.
    options = {"strings_to_formulas": False, "strings_to_urls": False, "nan_inf_to_errors": True,
               "remove_timezone": True, "constant_memory": True}  # fmt: skip
    try:
        content = BytesIO()
        with xlsxwriter.Workbook(content, options) as book:
            formats = {"bold": book.add_format({"bold": True}),
                       "date": book.add_format({"num_format": "yyyy-mm-dd"}),
                       "time": book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})}  # fmt: skip
            for name, part in _sheets(tables):
                _sheet(book.add_worksheet(name), part, formats)
        path.write_bytes(content.getvalue())
    except xlsxwriter.exceptions.XlsxWriterException as error:
        raise OSError(str(error)) from error


def _sheets(tables: Mapping[str, pl.DataFrame]) -> Iterator[tuple[str, pl.DataFrame]]:
    """Sheet names a spreadsheet accepts, each once, and at most as many rows as a sheet has."""
    taken: set[str] = set()
    for name, frame in tables.items():
        for start in range(0, max(frame.height, 1), XLSX_ROWS):
            yield _sheet_name(name, taken), frame.slice(start, XLSX_ROWS)


def _sheet_name(wanted: str, taken: set[str]) -> str:
    """The name without what Excel refuses, made unlike the earlier ones (which it compares without case)."""
    clean = "".join(char for char in wanted if char.isprintable() and char not in "[]:*?/\\").strip("' ")
    base = clean if clean and clean.lower() != "history" else f"table {clean}".strip()
    number, name = 1, base[:XLSX_NAME]
    while name.lower() in taken:
        number += 1
        name = f"{base[: XLSX_NAME - len(str(number)) - 1]} {number}"
    taken.add(name.lower())
    return name


def _sheet(
    sheet: xlsxwriter.worksheet.Worksheet, frame: pl.DataFrame, formats: Mapping[str, xlsxwriter.format.Format]
) -> None:
    sheet.freeze_panes(1, 0)
    for column, name in enumerate(frame.columns):
        sheet.write_string(0, column, name[:XLSX_CELL], formats["bold"])
    for row, values in enumerate(frame.iter_rows(), start=1):
        for column, value in enumerate(values):
            _cell(sheet, row, column, value, formats)
    sheet.autofilter(0, 0, max(frame.height, 1), max(frame.width - 1, 0))


def _cell(
    sheet: xlsxwriter.worksheet.Worksheet,
    row: int,
    column: int,
    value: object,
    formats: Mapping[str, xlsxwriter.format.Format],
) -> None:
    if isinstance(value, bool):
        sheet.write_boolean(row, column, value)
    elif isinstance(value, (int, float)) and abs(value) < 1e15:
        sheet.write_number(row, column, value)
    elif isinstance(value, datetime):
        sheet.write_datetime(row, column, value, formats["time"])
    elif isinstance(value, date):
        sheet.write_datetime(row, column, value, formats["date"])
    elif value is not None:
        text = str(value)
        sheet.write_string(row, column, text if len(text) <= XLSX_CELL else text[: XLSX_CELL - len(_CUT)] + _CUT)
