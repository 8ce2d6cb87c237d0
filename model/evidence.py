"""Why we believe something: evidence and verdicts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

VerdictAnswer = Literal["same", "different", "unsure"]
# Who gave a verdict that says nothing of how alike records are: one was made from the other.
OURSELVES = "trueline"
Severity = Literal["high", "medium", "low", "info"]


@dataclass(frozen=True, slots=True)
class Evidence:
    """One comparison: `similarity` from 0 to 1 and the reason in words; `weight` in bits where a model gave one."""

    similarity: float
    reason: str
    weight: float | None = None


@dataclass(frozen=True, slots=True, order=True)
class RecordKey:
    """One record of one connection; written `connection/stream/id`."""

    connection: str
    stream: str
    id: str

    def __str__(self) -> str:
        return f"{self.connection}/{self.stream}/{self.id}"

    @classmethod
    def parse(cls, text: str) -> RecordKey:
        """Inverse of `str()`; ValueError when the text has not three parts."""
        connection, stream, record_id = text.split("/", 2)
        return cls(connection, stream, record_id)


@dataclass(frozen=True, slots=True)
class Verdict:
    """Somebody's answer about two records, smaller key first; superseded by a later one, never deleted."""

    left: RecordKey
    right: RecordKey
    answer: VerdictAnswer
    by: str
    at: int  # µs
    note: str = ""
