"""What jobs hold in bulk: runs of CSV rows, compressed once so that a download only joins them."""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from sandbox.salesforce.bulk.dialect import Dialect
from sandbox.salesforce.database import Database

_POLYNOMIAL = 0xEDB88320
_GZIP_HEAD = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x04\xff"
_LAST_BLOCK = b"\x03\x00"


@dataclass(frozen=True, slots=True)
class Piece:
    """Some bytes as raw deflate blocks that end at a byte and refer to nothing before them."""

    body: bytes
    size: int
    crc: int

    @classmethod
    def of(cls, data: bytes) -> Piece:
        # Level 1 is three times as fast as the default, and loopback does not mind the bytes.
        squeeze = zlib.compressobj(1, zlib.DEFLATED, -zlib.MAX_WBITS)
        return cls(squeeze.compress(data) + squeeze.flush(zlib.Z_FULL_FLUSH), len(data), zlib.crc32(data))

    def data(self) -> bytes:
        return zlib.decompressobj(-zlib.MAX_WBITS).decompress(self.body)


def gzipped(pieces: Iterable[Piece]) -> bytes:
    """All pieces as one gzip stream of one member: some clients stop after the first member."""
    bodies, size, crc = [], 0, 0
    for piece in pieces:
        bodies.append(piece.body)
        size += piece.size
        crc = _product(crc, _shift(piece.size)) ^ piece.crc
    tail = crc.to_bytes(4, "little") + (size & 0xFFFFFFFF).to_bytes(4, "little")
    return b"".join((_GZIP_HEAD, *bodies, _LAST_BLOCK, tail))


def _product(left: int, right: int) -> int:
    """Two polynomials over GF(2), modulo CRC-32's, whose bits are mirrored: x**0 is the highest."""
    product = 0
    for bit in range(31, -1, -1):
        if left >> bit & 1:
            product ^= right
        right = right >> 1 ^ (_POLYNOMIAL if right & 1 else 0)
    return product


@lru_cache(maxsize=4096)
def _shift(size: int) -> int:
    """x to the power of eight times `size`: what moves a checksum past so many bytes."""
    shift, power = 1 << 31, 1 << 23
    while size:
        if size & 1:
            shift = _product(shift, power)
        power = _product(power, power)
        size >>= 1
    return shift


class Pieces:
    """The runs of rows that jobs keep, by job, name (results, upload, ...) and number of the first row."""

    def __init__(self, database: Database) -> None:
        self._database = database
        database.execute(
            "CREATE TABLE IF NOT EXISTS _bulk_pieces (job TEXT, name TEXT, first INTEGER, rows INTEGER, size INTEGER,"
            " crc INTEGER, body BLOB, PRIMARY KEY (job, name, first))"
        )

    def add(self, job: str, name: str, first: int, rows: int, data: bytes) -> None:
        piece = Piece.of(data)
        self._database.execute(
            "INSERT OR REPLACE INTO _bulk_pieces VALUES (?, ?, ?, ?, ?, ?, ?)",
            (job, name, first, rows, piece.size, piece.crc, piece.body),
        )

    def drop(self, job: str, name: str = "%") -> None:
        self._database.execute("DELETE FROM _bulk_pieces WHERE job = ? AND name LIKE ?", (job, name))

    def size(self, job: str) -> int:
        """Bytes of all that the job keeps, uncompressed."""
        return int(self._database.select("SELECT total(size) FROM _bulk_pieces WHERE job = ?", (job,))[0][0])

    def end(self, job: str, name: str, start: int, most: int, most_bytes: int) -> int:
        """The row after the last of a page of `most` rows from `start`, fewer where they would be too many bytes."""
        found = self._database.select(
            "SELECT first + rows, size FROM _bulk_pieces WHERE job = ? AND name = ? AND first + rows > ? AND first < ?"
            " ORDER BY first",
            (job, name, start, start + most),
        )
        end, total = start, 0
        for piece_end, size in found:
            total += size
            if total > most_bytes and end > start:
                return end
            end = min(piece_end, start + most)
        return end

    def between(self, job: str, name: str, start: int, end: int, dialect: Dialect) -> list[Piece]:
        """The rows from `start` to `end`; a run that is cut is written anew."""
        found = self._database.select(
            "SELECT first, rows, size, crc, body FROM _bulk_pieces WHERE job = ? AND name = ? AND first + rows > ?"
            " AND first < ? ORDER BY first",
            (job, name, start, end),
        )
        pieces = []
        for first, rows, size, crc, body in found:
            piece = Piece(body, size, crc)
            if first < start or first + rows > end:
                kept = dialect.read(piece.data())[max(start - first, 0) : end - first]
                piece = Piece.of(dialect.write(kept))
            pieces.append(piece)
        return pieces

    def all(self, job: str, name: str) -> list[Piece]:
        """Everything kept under that name, in order."""
        found = self._database.select(
            "SELECT body, size, crc FROM _bulk_pieces WHERE job = ? AND name = ? ORDER BY first", (job, name)
        )
        return [Piece(*row) for row in found]

    def data(self, job: str, name: str) -> bytes:
        return b"".join(piece.data() for piece in self.all(job, name))
