"""The block keys of records that were matched before, so that new and changed ones find their candidates among them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from hygiene.linkage.codes import Rows
from hygiene.linkage.hashes import Hashes

Places = npt.NDArray[np.int64]
_GLANCE = np.uint64(64 - 22)


@dataclass(frozen=True, slots=True)
class Segment:
    """Records by their keys (text), and of these block keys: `keys` belong to the records at `rows`. `ties` has for
    each record a number for what else it takes values from, 0 for nothing."""

    records: pl.Series
    rows: Rows
    keys: Hashes
    ties: Hashes

    def parts(self) -> dict[str, bytes]:
        """All of it as bytes, little end first."""
        data = self.records.str.join("").item().encode()
        return {
            "records": data,
            "ends": self.records.str.len_bytes().cum_sum().to_numpy().astype("<u8").tobytes(),
            "rows": self.rows.astype("<u4", copy=False).tobytes(),
            "keys": self.keys.astype("<u8", copy=False).tobytes(),
            "ties": self.ties.astype("<u8", copy=False).tobytes(),
        }

    @classmethod
    def parse(cls, parts: Mapping[str, bytes]) -> Segment:
        """Inverse of `parts`."""
        ends = np.frombuffer(parts["ends"], "<i8")
        buffers = [None, pa.py_buffer(np.concatenate([[0], ends])), pa.py_buffer(parts["records"])]
        records = pa.Array.from_buffers(pa.large_string(), len(ends), buffers)
        return cls(
            pl.Series("key", records, pl.String),
            np.frombuffer(parts["rows"], "<u4"),
            np.frombuffer(parts["keys"], "<u8"),
            np.frombuffer(parts["ties"], "<u8"),
        )

    def merged(self, later: Segment) -> Segment:
        """One segment of two: what the later one says of a record counts."""
        kept = ~self.records.is_in(later.records.implode()).to_numpy()
        place = np.cumsum(kept) - 1
        live = kept[self.rows]
        rows = np.concatenate([place[self.rows[live]], later.rows + np.uint32(kept.sum())]).astype(np.uint32)
        return Segment(
            pl.concat([self.records.filter(kept), later.records]),
            rows,
            np.concatenate([self.keys[live], later.keys]),
            np.concatenate([self.ties[kept], later.ties]),
        )


class Index:
    """Segments in the order they were made; what a later one says of a record counts."""

    def __init__(self, segments: Sequence[Segment]) -> None:
        self._segments = segments
        none = pl.Series("key", [], pl.String)
        self._later = [pl.concat([none, *(one.records for one in segments[at:])]) for at in range(1, len(segments) + 1)]

    def tied(self, ties: Hashes) -> pl.Series:
        """The records that take values from one of these (sorted), sorted."""
        parts = [pl.Series("key", [], pl.String)]
        for segment, later in zip(self._segments, self._later, strict=True):
            named = segment.records.gather(_among(segment.ties, ties))
            parts.append(named.filter(~named.is_in(later.implode())))
        return pl.concat(parts).sort()

    def keys_of(self, records: pl.Series) -> Hashes:
        """The block keys of these records, each once."""
        found = [np.zeros(0, np.uint64)]
        for segment, later in zip(self._segments, self._later, strict=True):
            is_meant = segment.records.is_in(records.implode()) & ~segment.records.is_in(later.implode())
            found.append(segment.keys[is_meant.to_numpy()[segment.rows]])
        return np.unique(np.concatenate(found))

    def holders(self, keys: Hashes) -> pl.DataFrame:
        """The records that have one of these block keys (sorted), with that key: columns record and key."""
        parts = []
        for segment, later in zip(self._segments, self._later, strict=True):
            at = _among(segment.keys, keys)
            named = segment.records.gather(segment.rows[at])
            found = pl.DataFrame({"record": named, "key": segment.keys[at]})
            parts.append(found.filter(~pl.col("record").is_in(later.implode())))
        return pl.concat(parts) if parts else pl.DataFrame(schema={"record": pl.String, "key": pl.UInt64})


def _among(numbers: Hashes, wanted: Hashes) -> Places:
    """Where numbers are one of `wanted`, which is sorted."""
    if not len(wanted):
        return np.zeros(0, np.int64)
    glance = np.zeros(1 << 22, bool)
    glance[wanted >> _GLANCE] = True
    maybe = np.flatnonzero(glance[numbers >> _GLANCE])
    near = np.minimum(np.searchsorted(wanted, numbers[maybe]), len(wanted) - 1)
    found: Places = maybe[wanted[near] == numbers[maybe]]
    return found
