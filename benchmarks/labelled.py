"""A labelled set on disk: what those who are measured read, each in a process that loads nothing else."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from benchmarks.evaluate import labels_of

Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class LabelledSet:
    """One problem with its truth. Sets of one `family` have the same columns, and a peer one set of settings for them.

    `truth` names the entity of each row, null where it does not count. `boundary` is where the second of two tables
    begins, which are then to be linked with each other. Where `pairs` (left, right: rows; same) is given, these count
    and no others. `frames` is the folder of a CRM's streams, where the table was made from one.
    """

    family: str
    table: pl.DataFrame
    kinds: Mapping[str, str]
    truth: pl.Series
    boundary: int | None = None
    pairs: pl.DataFrame | None = None
    frames: str | None = None

    def save(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.table.write_parquet(folder / "table.parquet")
        self.truth.alias("truth").to_frame().write_parquet(folder / "truth.parquet")
        if self.pairs is not None:
            self.pairs.write_parquet(folder / "pairs.parquet")
        about = {"family": self.family, "kinds": dict(self.kinds), "boundary": self.boundary, "frames": self.frames}
        (folder / "about.json").write_text(json.dumps(about), "utf-8")

    @classmethod
    def load(cls, folder: Path) -> LabelledSet:
        about = json.loads((folder / "about.json").read_text("utf-8"))
        pairs = folder / "pairs.parquet"
        return cls(
            about["family"],
            pl.read_parquet(folder / "table.parquet"),
            about["kinds"],
            pl.read_parquet(folder / "truth.parquet")["truth"],
            about["boundary"],
            pl.read_parquet(pairs) if pairs.exists() else None,
            about["frames"],
        )

    def is_same(self, left: npt.NDArray[np.integer], right: npt.NDArray[np.integer]) -> Flags:
        """Whether two rows are one entity; records that do not count are nobody's."""
        labels = labels_of(self.truth)
        same: Flags = labels[left] == labels[right]
        return same


def read_text_table(path: Path) -> pl.DataFrame:
    """A CSV file with every column as text, headings and cells without surrounding blanks, empty cells null."""
    return cleared(pl.read_csv(path, infer_schema_length=0, encoding="utf8-lossy"))


def cleared(raw: pl.DataFrame, marks: str = " \t\r\n") -> pl.DataFrame:
    """Headings and cells without these marks around them, empty cells null."""
    named = raw.rename({name: name.strip(marks) for name in raw.columns}).with_columns(pl.all().str.strip_chars(marks))
    return named.with_columns(pl.when(pl.all() != "").then(pl.all()).name.keep())
