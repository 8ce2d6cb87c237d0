"""Hashes of texts that outlive the process: the same on every machine and for every version of what we depend on."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl

Hashes = npt.NDArray[np.uint64]
_ODD = np.uint64(0x9E3779B97F4A7C15)
_OTHER = np.uint64(0xD6E8FEB86659FD93)
_START = np.uint64(0x2545F4914F6CDD1D)
_SHIFT = np.uint64(32)
_WORD = 8


def mixed(numbers: Hashes) -> Hashes:
    """Each number scattered over all 64 bits; different numbers stay different."""
    found = (numbers ^ (numbers >> _SHIFT)) * _OTHER
    found ^= found >> _SHIFT
    found *= _OTHER
    found ^= found >> _SHIFT
    return found


def hashes(column: pl.Series) -> Hashes:
    """A number for each text, 0 for null and for nothing else. Equal texts have equal numbers; two different ones in
    2^64 pairs of texts have, too."""
    if column.dtype != pl.String:
        column = column.cast(pl.String)
    texts = column.to_arrow()
    offsets = np.frombuffer(texts.buffers()[1], np.int64)[texts.offset : texts.offset + len(texts) + 1]
    data = np.frombuffer(texts.buffers()[2] or b"", np.uint8)
    # Every text is read eight bytes at a time; the last one may be read beyond its end.
    padded = np.concatenate([data, np.zeros(_WORD, np.uint8)])
    words: Hashes = np.ndarray((len(data) + 1,), "<u8", padded, strides=(1,))
    starts, sizes = offsets[:-1], np.diff(offsets)
    found = sizes.astype(np.uint64) * _ODD + _START
    rows: slice | npt.NDArray[np.int64] = slice(None)
    left = sizes
    while left.size:
        word = words[starts] & _mask(left)
        found[rows] = _absorbed(found[rows], word)
        longer = np.flatnonzero(left > _WORD)
        rows = longer if isinstance(rows, slice) else rows[longer]
        starts, left = starts[longer] + _WORD, left[longer] - _WORD
    found = mixed(found)
    found[found == 0] = _ODD
    if column.null_count():
        found[column.is_null().to_numpy()] = 0
    return found


def _mask(sizes: npt.NDArray[np.int64]) -> Hashes:
    """The bits of as many bytes, eight at most."""
    bits = (8 * np.minimum(sizes, _WORD)).astype(np.uint64)
    full = ~np.uint64(0)
    return np.where(bits == 0, np.uint64(0), full >> ((np.uint64(64) - bits) & np.uint64(63)))


def _absorbed(state: Hashes, word: Hashes) -> Hashes:
    found = (state ^ word) * _ODD
    found ^= found >> _SHIFT
    return found
