"""What dirt is spread on, and the notes it leaves."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import polars as pl

from sandbox.generator.chance import Bools, Chance, Floats
from sandbox.generator.text import when


@dataclass
class Soil:
    """The records about to be soiled, the hands they came in by, and the notes taken on the way.

    A note is (is_account, row, field, kind); fields have our names (see `profiles`).
    """

    people: pl.DataFrame
    accounts: pl.DataFrame
    persons: pl.DataFrame
    companies: pl.DataFrame
    hands: pl.DataFrame
    rate: float
    chance: Chance
    notes: list[pl.DataFrame] = field(default_factory=list)

    def mess(self, frame: pl.DataFrame) -> Floats:
        """Factor on the rates of dirt of each record: that of the hand it came in by (0 where there is no dirt)."""
        return np.asarray(self.hands["mess"].to_numpy()[frame["hand"].to_numpy()], dtype=np.float64)

    def habit(self, frame: pl.DataFrame, name: str) -> np.ndarray:
        return np.asarray(self.hands[name].to_numpy()[frame["hand"].to_numpy()])

    def note(self, mask: Bools, name: str, kind: str, *, account: bool = False) -> None:
        """Remember that `name` of the rows in the mask was made wrong in this way."""
        rows = np.flatnonzero(mask)
        if len(rows):
            frame = pl.DataFrame({"row": rows}).with_columns(
                pl.lit(account).alias("is_account"), pl.lit(name).alias("field"), pl.lit(kind).alias("kind")
            )
            self.notes.append(frame)

    def soil(
        self,
        said: pl.DataFrame,
        mask: Bools,
        name: str,
        kind: str,
        dirty: pl.Series | str | None,
        *,
        account: bool = False,
    ) -> pl.DataFrame:
        """The text with `dirty` in the rows of the mask, where that changes anything; noted."""
        clean = said[name]
        after = when(mask, dirty, clean)
        changed = (mask & ~clean.eq_missing(after).to_numpy()).astype(np.bool_)
        self.note(changed, name, kind, account=account)
        return said.with_columns(after.alias(name))
