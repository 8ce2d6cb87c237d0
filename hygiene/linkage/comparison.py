"""What a comparison is: levels for pairs, the odds each level starts with, and the keys it offers for blocking."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
import numpy.typing as npt
import polars as pl

from hygiene.linkage.codes import Coded, Levels, Rows


@dataclass(frozen=True, slots=True)
class Prior:
    """By level: how often pairs that match show it (`m`), and how often others do (`u`); both sum to 1 over the levels
    above 0. They are where learning starts, not where it ends. `kin` is how often those others show it who have
    something else in common: a household, a firm; `u` where that makes no difference."""

    m: npt.NDArray[np.float64]
    u: npt.NDArray[np.float64]
    kin: npt.NDArray[np.float64] | None = None


@dataclass(frozen=True, slots=True)
class Compared:
    """One comparison of many pairs."""

    family: str
    levels: Levels
    prior: Prior
    words: tuple[str, ...]

    def at(self, pairs: npt.NDArray[np.int64]) -> Compared:
        """The comparison of these pairs only."""
        return replace(self, levels=self.levels[pairs])


# Several in one are keys that a record has by the same right: any of one record pairs it with any of another.
Key = pl.Expr | tuple[pl.Expr, ...]


class Comparison(Protocol):
    """One family of evidence. `fine` keys pair records by themselves, `coarse` ones only together with another's."""

    family: str

    def fine(self) -> Sequence[Key]: ...

    def coarse(self) -> Sequence[pl.Expr]: ...

    def counted(self) -> Sequence[Coded]:
        """The columns whose values count by how often they occur."""
        ...

    def compare(self, left: Rows, right: Rows) -> Compared: ...
