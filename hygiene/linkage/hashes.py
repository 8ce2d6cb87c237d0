"""Hashes of texts that outlive the process: the same on every machine and for every version of what we depend on."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

Hashes = npt.NDArray[np.uint64]
_ODD = np.uint64(0x9E3779B97F4A7C15)
_OTHER = np.uint64(0xD6E8FEB86659FD93)
_START = np.uint64(0x2545F4914F6CDD1D)
_HALF = np.uint64(32)
_WORD = 8
# So many rows at a time, that what is worked on stays in the cache and no memory is asked for over and over.
_PART = 1 << 17
_SHIFTS = np.array([63, *(8 * (_WORD - size) for size in range(1, _WORD)), 0], np.uint64)


def mixed(numbers: Hashes) -> Hashes:
    """Each number scattered over all 64 bits; different numbers stay different."""
    found = (numbers ^ (numbers >> _HALF)) * _OTHER
    found ^= found >> _HALF
    found *= _OTHER
    found ^= found >> _HALF
    return found


def hashes(column: pl.Series) -> Hashes:
    """A number for each text, 0 for null and for nothing else. Equal texts have equal numbers; two different ones in
    2^64 pairs of texts have, too."""
    found = np.empty(len(column), np.uint64)
    for start in range(0, len(column), _PART):
        found[start : start + _PART] = _hashed(column[start : start + _PART].cast(pl.String))
    return found


def _hashed(column: pl.Series) -> Hashes:
    texts = column.to_arrow()
    offsets = np.frombuffer(texts.buffers()[1], np.int64)[texts.offset : texts.offset + len(texts) + 1]
    starts, sizes = offsets[:-1], np.diff(offsets)
    words = _words(texts.buffers()[2])
    # The last eight bytes; what stands before a shorter text is shifted out.
    last = words[offsets[1:]] >> _SHIFTS[np.minimum(sizes, _WORD)]
    last[sizes == 0] = 0
    found = _absorbed(sizes.astype(np.uint64) * _ODD + _START, last)
    at, rows = _WORD, np.flatnonzero(sizes > _WORD)
    while len(rows):
        found[rows] = _absorbed(found[rows], words[starts[rows] + at])
        at += _WORD
        rows = rows[sizes[rows] > at]
    found = mixed(found)
    found[found == 0] = _ODD
    if column.null_count():
        found[column.is_null().to_numpy()] = 0
    return found


def _words(data: pa.Buffer | None) -> Hashes:
    """The eight bytes that end before each byte of the data, and those at its end."""
    size = 0 if data is None else data.size
    padded = np.zeros(_WORD + size, np.uint8)
    padded[_WORD:] = np.frombuffer(data or b"", np.uint8)
    words: Hashes = np.ndarray((size + 1,), "<u8", padded, strides=(1,))
    return words


def _absorbed(state: Hashes, word: Hashes) -> Hashes:
    found = (state ^ word) * _ODD
    found ^= found >> _HALF
    return found


def combined(columns: Sequence[Hashes], numbers: Sequence[int]) -> Hashes:
    """One number for those of several columns: the same ones in other places give another."""
    found = np.empty(len(columns[numbers[0]]), np.uint64)
    for start in range(0, len(found), _PART):
        total = columns[numbers[0]][start : start + _PART] * factor(numbers[0])
        for number in numbers[1:]:
            total += columns[number][start : start + _PART] * factor(number)
        found[start : start + _PART] = mixed(total)
    return found


def factor(number: int) -> np.uint64:
    """The odd number by which the hashes of a column are told from those of another."""
    return np.uint64(int(mixed(np.array([number + 1], np.uint64))[0]) | 1)


def contents(table: pl.DataFrame) -> Hashes:
    """A number for all that is in each row."""
    return combined([hashes(column) for column in table], range(table.width))
