"""Which pairs of rows people should look at, and why two rows are one or not."""

from __future__ import annotations

import json
from dataclasses import dataclass

import numpy as np
import polars as pl

from hygiene.linkage.explain import Waterfall, waterfall
from hygiene.linkage.link import prepared
from hygiene.linkage.model import Model
from hygiene.linkage.reasons import reasons
from hygiene.questions import in_order
from model.errors import InputError
from sync.files_match import Matched, Places, beside


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
    """Pairs that a look would decide, the most instructive first: left, right (names), probability, reason, a blank
    answer, then what was compared side by side."""
    linked, names = matched.linked, matched.names
    at = matched.unsure if linked.learned is None else _in_order(matched)
    left, right = pl.Series(linked.left[at]), pl.Series(linked.right[at])
    why = pl.Series([], dtype=pl.String) if linked.learned is None else reasons(linked.learned, linked.compared, at)
    frame = matched.rows.frame
    asked = pl.DataFrame(
        {"left": names.of(left), "right": names.of(right), "probability": linked.probability[at].round(4),
         "reason": why, "answer": pl.Series([None] * len(at), dtype=pl.String)}
    )  # fmt: skip
    return pl.concat([asked, beside(frame[left], frame[right])], how="horizontal")


def _in_order(matched: Matched) -> Places:
    """Places of the unsure pairs in the order in which the answers teach most, in view of those that were given."""
    linked, asked = matched.linked, matched.unsure
    told = {*matched.answers.same, *matched.answers.different}
    pairs = zip(linked.left.tolist(), linked.right.tolist(), strict=True)
    answered = np.array([at for at, pair in enumerate(pairs) if pair in told] if told else [], np.int64)
    every = np.concatenate([asked, answered])
    patterns, place = np.unique(
        np.stack([one.levels[every] for one in linked.compared], 1), axis=0, return_inverse=True
    )
    evidence = [
        json.dumps([[0.0, f"{number} {one.words[level]}"] for number, (level, one) in
                    enumerate(zip(pattern, linked.compared, strict=True)) if level])
        for pattern in patterns.tolist()
    ]  # fmt: skip
    is_asked = np.arange(len(every)) < len(asked)
    nothing = {name: pl.lit("") for name in ("left_connection", "left_stream", "right_connection", "right_stream")}
    frame = pl.DataFrame(
        {"at": every, "left_id": linked.left[every], "right_id": linked.right[every],
         "probability": linked.probability[every], "evidence": pl.Series(evidence).gather(place.reshape(-1))}
    ).with_columns(
        pl.lit("row").alias("kind"),
        pl.Series("decision", np.where(is_asked, "unsure", "told")),
        pl.Series("rule", np.where(is_asked, "learned", "verdict")),
        **nothing,
    )  # fmt: skip
    return in_order(frame)["at"].to_numpy()


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
