"""Seeded chance: one independent stream per use, so that adding a use disturbs no other."""

from __future__ import annotations

import zlib

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]


class Chance:
    """A stream of chance named by a seed and words; the same name gives the same numbers in any process."""

    def __init__(self, seed: int, *words: str) -> None:
        self._seed = seed
        self._words = words
        self._rng = np.random.default_rng([seed, *(zlib.crc32(word.encode()) for word in words)])

    def of(self, word: str) -> Chance:
        """The child stream of that name; asking twice gives the same numbers twice."""
        return Chance(self._seed, *self._words, word)

    def random(self, n: int) -> Floats:
        """`n` numbers in [0, 1)."""
        return self._rng.random(n)

    def normal(self, n: int) -> Floats:
        return self._rng.standard_normal(n)

    def hits(self, p: ArrayLike, n: int) -> Bools:
        """`n` times yes with probability `p` (one, or one for each)."""
        return np.asarray(self._rng.random(n) < np.asarray(p), dtype=np.bool_)

    def below(self, high: ArrayLike, n: int) -> Ints:
        """`n` integers in [0, high); `high` is one bound or one for each, 0 counts as 1."""
        return np.asarray(self._rng.random(n) * np.maximum(np.asarray(high), 1), dtype=np.float64).astype(np.int64)

    def pick(self, weights: ArrayLike, n: int) -> Ints:
        """`n` positions into `weights`, each drawn in proportion to its weight."""
        edges = np.cumsum(np.asarray(weights, dtype=np.float64))
        drawn = np.searchsorted(edges, self._rng.random(n) * edges[-1], side="right").astype(np.int64)
        return np.asarray(np.minimum(drawn, len(edges) - 1), dtype=np.int64)

    def some(self, candidates: Ints, share: float) -> Ints:
        """About `share` of the candidates, in their order."""
        return np.asarray(candidates[self.hits(share, len(candidates))], dtype=np.int64)

    def word(self, words: pl.Series, n: int) -> pl.Series:
        """`n` of the words, all alike in weight."""
        return words.gather(self.below(len(words), n))
