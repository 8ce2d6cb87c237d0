"""Anybody's files as tables to match: read, each column taken for a kind, columns of several files brought together.

Rows are numbered from 1, the first row after the headings, through all files in the order given.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl
from rapidfuzz import process

from connectors.files import read_tables
from hygiene.linkage.detect import IGNORE, Column, detect
from hygiene.linkage.link import KINDS
from model.errors import InputError

HOUSE = "house"
CHOICES = (*KINDS, HOUSE, IGNORE)
# By these alone nobody can be told from others.
_WEAK = {"area", "country", HOUSE, "job_title", "number", "generation", "middle_name"}


@dataclass(frozen=True, slots=True)
class File:
    """One file, its rows as they are and what each column was taken for."""

    path: Path
    frame: pl.DataFrame
    columns: tuple[Column, ...]
    notes: tuple[str, ...]

    def column(self, role: str) -> str | None:
        """The heading of the column that has a role and is compared."""
        return next((one.name for one in self.columns if one.role == role and one.is_compared), None)


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of one or several files: `frame` with the columns to compare, named by their first heading, of `kinds`;
    `files` has the rows as they are, in the same order."""

    files: tuple[File, ...]
    frame: pl.DataFrame
    kinds: dict[str, str]

    def __len__(self) -> int:
        return len(self.frame)

    @property
    def whole(self) -> pl.DataFrame:
        """All columns of all files, with the column file where there are several."""
        if len(self.files) == 1:
            return self.files[0].frame
        name = free_name("file", [column for file in self.files for column in file.frame.columns])
        parts = [file.frame.select(pl.lit(file.path.name).alias(name), pl.all()) for file in self.files]
        return pl.concat(parts, how="diagonal_relaxed")


def free_name(wanted: str, taken: Sequence[str]) -> str:
    """The name, or the name with a number behind it where a column is called so already."""
    name, number = wanted, 1
    while name in taken:
        number += 1
        name = f"{wanted} ({number})"
    return name


def read_files(paths: Sequence[Path], chosen: Mapping[str, str] | None = None) -> tuple[File, ...]:
    """The files with their columns recognised; `chosen` leads from heading to kind, as a person said it.

    InputError when a file cannot be read or has no rows, and for a heading that no file has.
    """
    chosen = chosen or {}
    tables = [(path, *_table(path)) for path in paths]
    headings = list(dict.fromkeys(name for _, frame, _ in tables for name in frame.columns))
    for name, kind in chosen.items():
        if kind not in CHOICES:
            raise InputError(f"There is no kind {kind!r} to take {name!r} for; kinds are {', '.join(CHOICES)}.")
        if name not in headings:
            near = [found for found, _, _ in process.extract(name, headings, limit=3, processor=str.casefold)]
            raise InputError(f"No column is called {name!r}; the nearest: {', '.join(map(repr, near))}.")
    return tuple(
        File(path, frame, detect(frame, chosen, is_alone=len(tables) == 1), notes) for path, frame, notes in tables
    )


def _table(path: Path) -> tuple[pl.DataFrame, tuple[str, ...]]:
    tables = read_tables(path)
    filled = [table for table in tables if table.frame.height]
    if len(filled) > 1:
        names = ", ".join(repr(table.sheet) for table in filled)
        raise InputError(f"{path} has {len(filled)} sheets with rows ({names}); save the one to match by itself.")
    if not filled:
        raise InputError(f"{path} has no rows below its headings.")
    return filled[0].frame, filled[0].notes


def rows_of(files: Sequence[File], *, shared: bool = False) -> Rows:
    """The rows of the files as one table of the columns to compare; with `shared` of those that every file has.

    InputError when too little is left to tell rows apart.
    """
    roles: dict[str, Column] = {}
    for file in files:
        for column in file.columns:
            if column.is_compared and column.kind in (*KINDS, HOUSE):
                roles.setdefault(column.role, column)
    if shared:
        roles = {role: column for role, column in roles.items() if all(file.column(role) for file in files)}
    names: dict[str, str] = {}
    for role, column in roles.items():
        names[role] = free_name(column.name, list(names.values()))
    frame = pl.concat([_selected(file, names) for file in files])
    kinds = {names[role]: column.kind for role, column in roles.items()}
    if not set(kinds.values()) - _WEAK:
        raise InputError(_nothing(files, shared=shared))
    return Rows(tuple(files), *_with_house(frame, kinds))


def _selected(file: File, names: Mapping[str, str]) -> pl.DataFrame:
    found = {name: file.column(role) for role, name in names.items()}
    return file.frame.select(
        (pl.lit(None, pl.String) if column is None else pl.col(column).cast(pl.String)).alias(name)
        for name, column in found.items()
    )


def _with_house(frame: pl.DataFrame, kinds: Mapping[str, str]) -> tuple[pl.DataFrame, dict[str, str]]:
    """House numbers that have a column of their own go before the street; without a street they say nothing."""
    kept = {name: kind for name, kind in kinds.items() if kind != HOUSE}
    house = next((name for name, kind in kinds.items() if kind == HOUSE), None)
    street = next((name for name, kind in kept.items() if kind == "address"), None)
    if house is not None and street is not None:
        both = pl.concat_str(house, street, separator=" ", ignore_nulls=True)
        frame = frame.with_columns(pl.when(pl.col(street).is_not_null()).then(both).alias(street))
    return frame.select(list(kept)), kept


def _nothing(files: Sequence[File], *, shared: bool) -> str:
    names = " and ".join(file.path.name for file in files)
    where = f"No column that {names} share" if shared else f"No column of {names}"
    headings = ", ".join(repr(column.name) for file in files for column in file.columns[:8])
    return (
        f"{where} says whom or what a row is about; name one with --column 'Heading=kind'. Headings are {headings}; "
        f"kinds are {', '.join(CHOICES)}."
    )
