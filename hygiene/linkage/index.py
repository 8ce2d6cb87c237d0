"""The block keys of records that were matched before, so that new and changed ones find their candidates among them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
import pyarrow as pa

from hygiene.linkage.blocks import Places, where
from hygiene.linkage.codes import Rows
from hygiene.linkage.hashes import Hashes


@dataclass(frozen=True, slots=True)
class Segment:
    """Records by their keys (text), and of these block keys: `keys` belong to the records at `rows`, those at `twins`
    being of twins. `ties` has for each record a number for what else it takes values from, 0 for nothing."""

    records: pl.Series
    rows: Rows
    keys: Hashes
    ties: Hashes
    twins: Rows

    def parts(self) -> dict[str, bytes]:
        """All of it as bytes, little end first."""
        data = self.records.str.join("").item().encode()
        return {
            "records": data,
            "ends": self.records.str.len_bytes().cum_sum().to_numpy().astype("<u8").tobytes(),
            "rows": self.rows.astype("<u4", copy=False).tobytes(),
            "keys": self.keys.astype("<u8", copy=False).tobytes(),
            "ties": self.ties.astype("<u8", copy=False).tobytes(),
            "twins": self.twins.astype("<u4", copy=False).tobytes(),
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
            np.frombuffer(parts["twins"], "<u4"),
        )

    def merged(self, later: Segment) -> Segment:
        """One segment of two: what the later one says of a record counts."""
        kept = ~self.records.is_in(later.records.implode()).to_numpy()
        place = np.cumsum(kept, dtype=np.uint32) - np.uint32(1)
        ours = kept[self.rows]
        rows = np.concatenate([place[self.rows[ours]], later.rows + np.uint32(kept.sum())])
        is_twin = np.zeros(len(self.rows), bool)
        is_twin[self.twins] = True
        twins = np.concatenate([np.flatnonzero(is_twin[ours]), later.twins + ours.sum()]).astype(np.uint32)
        keys, ties = np.concatenate([self.keys[ours], later.keys]), np.concatenate([self.ties[kept], later.ties])
        return Segment(pl.concat([self.records.filter(kept), later.records]), rows, keys, ties, twins)


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
            named = segment.records.gather(where(segment.ties, ties))
            parts.append(named.filter(~named.is_in(later.implode())))
        return pl.concat(parts).sort()

    def holders(self, keys: Hashes) -> pl.DataFrame:
        """The records that have one of these block keys (sorted), with that key: columns record and key."""
        return self._entries([where(segment.keys, keys) for segment in self._segments])

    def twins(self) -> pl.DataFrame:
        """All twins, with the key that tells which of them are the same: columns record and key."""
        return self._entries([segment.twins for segment in self._segments])

    def _entries(self, places: Sequence[Places | Rows]) -> pl.DataFrame:
        parts = [pl.DataFrame(schema={"record": pl.String, "key": pl.UInt64})]
        for segment, later, at in zip(self._segments, self._later, places, strict=True):
            named = segment.records.gather(segment.rows[at])
            found = pl.DataFrame({"record": named, "key": segment.keys[at]})
            parts.append(found.filter(~pl.col("record").is_in(later.implode())))
        return pl.concat(parts)
