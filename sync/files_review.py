"""Which pairs of rows people should look at, and why two rows are one or not."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from hygiene.linkage.explain import Waterfall, waterfall
from hygiene.linkage.link import prepared
from hygiene.linkage.model import Model
from hygiene.linkage.reasons import reasons
from model.errors import InputError
from sync.files_match import Matched, beside


@dataclass(frozen=True, slots=True)
class ExplainedRows:
    """Two rows beside each other and what weighed for and against; no waterfall where there was nothing to learn."""

    left: str
    right: str
    is_one: bool
    fields: tuple[tuple[str, str | None, str | None], ...]
    waterfall: Waterfall | None

    @property
    def sentence(self) -> str:
        return f"{self.left} and {self.right} are {'one entity' if self.is_one else 'kept apart'}"


def open_rows(matched: Matched) -> pl.DataFrame:
    """Pairs that a look would decide, the least certain first: left, right (names), probability, reason, a blank
    answer, then what was compared side by side."""
    linked, names, at = matched.linked, matched.names, matched.unsure
    if linked.learned is None:
        at = at[:0]
    probability = linked.probability[at]
    order = np.lexsort((linked.right[at], linked.left[at], np.abs(probability - 0.5)))
    at = at[order]
    left, right = pl.Series(linked.left[at]), pl.Series(linked.right[at])
    why = pl.Series([], dtype=pl.String) if linked.learned is None else reasons(linked.learned, linked.compared, at)
    frame = matched.rows.frame
    asked = pl.DataFrame(
        {"left": names.of(left), "right": names.of(right), "probability": linked.probability[at].round(4),
         "reason": why, "answer": pl.Series([None] * len(at), dtype=pl.String)}
    )  # fmt: skip
    return pl.concat([asked, beside(frame[left], frame[right])], how="horizontal")


def explain_rows(matched: Matched, left: str, right: str) -> ExplainedRows:
    """Compare two rows as the match did; InputError when there is no such row."""
    names = matched.names
    one, other = sorted((names.place(left), names.place(right)))
    if one == other:
        raise InputError(f"{left} and {right} are the same row; name two.")
    keys, comparisons = prepared(matched.rows.frame, matched.rows.kinds)
    learned = matched.linked.learned
    drawn = None
    if learned is not None:
        compared = tuple(each.compare(np.array([one], np.uint32), np.array([other], np.uint32)) for each in comparisons)
        drawn = waterfall(Model.of(learned, compared, comparisons, len(keys)), compared)
    frame = matched.rows.frame
    fields = tuple((name, frame[name][one], frame[name][other]) for name in frame.columns)
    called = names.of(pl.Series([one, other])).to_list()
    is_one = bool(matched.clusters[one] == matched.clusters[other])
    return ExplainedRows(f"row {called[0]}", f"row {called[1]}", is_one, fields, drawn)
