"""In which order to ask people about undecided pairs: first those whose answers teach most about all the others."""

from __future__ import annotations

import json
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import polars as pl

from hygiene.linkage.answers import DOUBT

Real = npt.NDArray[np.float64]
# So many questions are chosen one after the other, each in view of those before; the others follow by doubt alone.
CHOSEN = 200
_KEY = ("left_connection", "left_stream", "left_id", "right_connection", "right_stream", "right_id")
# What was answered taught as much as a pair of this probability would.
_ANSWERED = 0.8


def in_order(pairs: pl.DataFrame) -> pl.DataFrame:
    """The unsure pairs of those that a match found (columns of `match.PAIRS`), the most instructive first.

    An answer moves the weights of the levels that its pair shows (`linkage.answers`). It teaches the more, the less
    certain the pair is and the less is known of the weights of its levels, be it from answers given or from questions
    that stand before it: so pairs that are alike are not asked about in a row.
    """
    asked = pairs.filter(pl.col("decision") == "unsure").sort(_KEY)
    answered = pairs.filter(pl.col("rule") == "verdict")
    if asked.is_empty():
        return asked
    levels, places = _levels(asked), _levels(answered)
    words = sorted({word for shown in (*levels, *places) for word in shown})
    patterns, place = np.unique(_shown(levels, words), axis=0, return_inverse=True)
    doubt = asked["probability"].to_numpy() * (1 - asked["probability"].to_numpy())
    order = np.argsort(-doubt, kind="stable")
    spread = _informed(np.eye(len(words)) * (DOUBT * np.log(2.0)) ** 2, _shown(places, words))
    first = _chosen(patterns, place.ravel(), doubt, order, spread)
    rest = order[~np.isin(order, first)]
    return asked[np.concatenate([first, rest])]


def _levels(pairs: pl.DataFrame) -> list[list[str]]:
    """What each pair shows: the kind of entity with the words of each level."""
    return [
        [f"{kind} {words}" for _, words, *_ in json.loads(evidence)]
        for kind, evidence in pairs.select("kind", pl.col("evidence").fill_null("[]")).iter_rows()
    ]


def _shown(levels: Sequence[Sequence[str]], words: Sequence[str]) -> Real:
    number = {word: at for at, word in enumerate(words)}
    shown = np.zeros((len(levels), len(words)))
    for row, own in enumerate(levels):
        shown[row, [number[word] for word in own]] = 1.0
    return shown


def _informed(spread: Real, answered: Real) -> Real:
    """The covariance of the corrections after these answers."""
    weight = _ANSWERED * (1 - _ANSWERED)
    return np.asarray(np.linalg.inv(np.linalg.inv(spread) + weight * answered.T @ answered))


def _chosen(
    patterns: Real, place: npt.NDArray[np.int64], doubt: Real, order: npt.NDArray[np.int64], spread: Real
) -> npt.NDArray[np.int64]:
    """Rows of the first questions: each time the one that says most, given those chosen before."""
    waiting: list[list[int]] = [[] for _ in patterns]
    for row in order[::-1].tolist():
        waiting[place[row]].append(row)
    chosen = []
    for _ in range(min(CHOSEN, len(order))):
        weight = np.array([doubt[rows[-1]] if rows else 0.0 for rows in waiting])
        known = patterns @ spread
        gain = weight * np.einsum("ij,ij->i", known, patterns)
        best = int(np.argmax(np.where([bool(rows) for rows in waiting], gain, -1.0)))
        chosen.append(waiting[best].pop())
        moved = known[best]
        spread = spread - np.outer(moved, moved) * (weight[best] / (1.0 + gain[best]))
    return np.array(chosen, np.int64)
