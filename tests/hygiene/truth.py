"""Labelled tables, and how well clusters agree with their truth."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl


@dataclass(frozen=True, slots=True)
class Score:
    """Over pairs of records: joined and truly one, joined, truly one."""

    right: int
    joined: int
    true: int

    @property
    def precision(self) -> float:
        return self.right / self.joined if self.joined else 1.0

    @property
    def recall(self) -> float:
        return self.right / self.true if self.true else 1.0

    @property
    def f1(self) -> float:
        return 2 * self.right / (self.joined + self.true) if self.joined + self.true else 1.0


def score_of(clusters: npt.NDArray[np.int64], truth: pl.Series) -> Score:
    """`clusters` and `truth` name the group of each record."""
    frame = pl.DataFrame({"cluster": clusters, "truth": truth})

    def pairs(*by: str) -> int:
        size = pl.col("len").cast(pl.Int64)
        return int(frame.group_by(by).len().select((size * (size - 1) // 2).sum()).item())

    return Score(pairs("cluster", "truth"), pairs("cluster"), pairs("truth"))


def read_text_table(path: Path) -> pl.DataFrame:
    """A CSV file with every column as text, headings and cells without surrounding blanks, empty cells null."""
    raw = pl.read_csv(path, infer_schema_length=0, encoding="utf8-lossy")
    named = raw.rename({name: name.strip() for name in raw.columns}).with_columns(pl.all().str.strip_chars())
    return named.with_columns(pl.when(pl.all() != "").then(pl.all()).name.keep())
