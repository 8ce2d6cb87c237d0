"""What people call the rows of files, and what they said about pairs of them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import polars as pl
from rapidfuzz import process

from connectors.files import read_tables
from model.errors import InputError
from sync.files import Rows

Pair = tuple[int, int]
_SIDES = {"left": ("left", "left row", "left_row"), "right": ("right", "right row", "right_row"),
          "answer": ("answer", "verdict")}  # fmt: skip
_ANSWERS = {"same": "same", "yes": "same", "different": "different", "no": "different", "unsure": "", "": ""}


def column_of(frame: pl.DataFrame, column: str) -> pl.Series:
    """A column as text; InputError names those that are called nearly so."""
    if column not in frame.columns:
        near = [name for name, _, _ in process.extract(column, frame.columns, limit=3, processor=str.casefold)]
        raise InputError(f"No column is called {column!r}; the nearest: {', '.join(map(repr, near))}.")
    return frame[column].cast(pl.String).str.strip_chars()


@dataclass(frozen=True, slots=True)
class Answers:
    """What people said about pairs of rows, both from 0; of one table the smaller comes first."""

    same: tuple[Pair, ...] = ()
    different: tuple[Pair, ...] = ()


class Names:
    """What people call rows: their numbers from 1, or what a column of the files says of them."""

    def __init__(self, rows: Rows, column: str | None = None) -> None:
        self._column = column
        self._names = None if column is None else column_of(rows.whole, column)
        self._count = len(rows)

    def of(self, places: pl.Series) -> pl.Series:
        """The names of rows, as text."""
        return (places.cast(pl.Int64) + 1).cast(pl.String) if self._names is None else self._names[places]

    def place(self, name: str) -> int:
        """The row with a name; InputError when there is none, or several."""
        if self._names is None:
            if not name.isdecimal() or not 1 <= int(name) <= self._count:
                raise InputError(f"There is no row {name!r}; rows are numbered from 1 to {self._count:,}.")
            return int(name) - 1
        found = self._names.eq_missing(name).arg_true()
        if len(found) != 1:
            many = "No row has" if found.is_empty() else f"{len(found)} rows have"
            raise InputError(f"{many} {name!r} in the column {self._column!r}; one must have it.")
        return int(found[0])


def read_answers(path: Path, left: Names, right: Names | None = None) -> Answers:
    """The answers in a file with the columns left, right and answer (same, different, unsure or blank).

    Without `right` both are rows of one table. The last answer about a pair counts. InputError for another answer.
    """
    tables = [table.frame for table in read_tables(path)]
    columns = {side: _column(tables[0], names, path) for side, names in _SIDES.items()} if tables else {}
    told: dict[tuple[int, int], str] = {}
    for one, other, answer in tables[0].select(list(columns.values())).cast(pl.String).iter_rows() if tables else ():
        word = (answer or "").strip().casefold()
        if word not in _ANSWERS:
            raise InputError(f"{path} has the answer {answer!r}; answers are same, different and unsure.")
        if one is None or other is None or not _ANSWERS[word]:
            continue
        pair = left.place(one.strip()), (right or left).place(other.strip())
        told[pair if right or pair[0] < pair[1] else pair[::-1]] = _ANSWERS[word]
    same, different = (tuple(pair for pair, word in told.items() if word == kind and (right or pair[0] != pair[1]))
                       for kind in ("same", "different"))  # fmt: skip
    return Answers(same, different)


def _column(frame: pl.DataFrame, names: tuple[str, ...], path: Path) -> str:
    found = next((column for column in frame.columns if column.strip().casefold() in names), None)
    if found is None:
        raise InputError(f"{path} has no column {names[0]!r}; answers stand in the columns left, right and answer.")
    return found
