"""Why pairs match, in words, for many pairs at once: a sentence is made per pattern of levels, not per pair."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import polars as pl

from hygiene.linkage.classes import Learned, Real
from hygiene.linkage.comparison import Compared

# A comparison that moves the odds by less than this many bits is not worth a word.
_TELLING = 0.5


def reasons(learned: Learned, compared: Sequence[Compared], pairs: npt.NDArray[np.int64]) -> pl.Series:
    """A sentence for each of these pairs (places in the comparisons): what speaks for a match, the strongest first,
    then what speaks against."""
    if not len(pairs):
        return pl.Series("reason", [], dtype=pl.String)
    levels = np.stack([one.levels[pairs] for one in compared], axis=1)
    patterns, place = np.unique(levels, axis=0, return_inverse=True)
    bits = [_bits(table, learned.share) for table in learned.tables]
    sentences = [_sentence(pattern, bits, compared) for pattern in patterns.tolist()]
    return pl.Series("reason", sentences, dtype=pl.String).gather(place.reshape(-1))


def _bits(table: Real, share: Real) -> Real:
    """By level, how many bits it moves the odds of the match class against all others together."""
    others = table[:, 1:] @ share[1:] / share[1:].sum()
    return np.asarray(np.log2(np.maximum(table[:, 0], 1e-12) / np.maximum(others, 1e-12)))


def _sentence(pattern: Sequence[int], bits: Sequence[Real], compared: Sequence[Compared]) -> str:
    found = [(weights[level], one.words[level]) for level, weights, one in zip(pattern, bits, compared, strict=True)
             if level]  # fmt: skip
    ordered = sorted(found, key=lambda item: -abs(item[0]))
    speaking = list(dict.fromkeys(words for weight, words in ordered if weight > _TELLING))
    against = list(dict.fromkeys(words for weight, words in ordered if weight < -_TELLING))
    return "; but ".join(", ".join(words) for words in (speaking, against) if words) or "nothing tells"
