"""A field that changed on both sides since the two records agreed, and what a person says to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from model.evidence import RecordKey
from model.streams import Value

# left, right: that side's value for both. leave: both stay as they are, until one of them changes. value: a third one
# for both.
AnswerKind = Literal["left", "right", "leave", "value"]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a person decided; `value` only with "value"."""

    kind: AnswerKind
    value: Value = None


@dataclass(frozen=True, slots=True)
class Edit:
    """Who gave a field the value it has, and when (µs, by the remote's clock). `by` is the id of a user or the name of
    an integration, as the remote tells it. Where it is not `is_exact`, the field was set at that time or before, and
    `by` is who changed the record last."""

    at: int
    by: str
    is_exact: bool = True


@dataclass(frozen=True, slots=True)
class Conflict:
    """One field of two records. `base` is the left record's value when they last agreed, with `has_base`; times (µs)
    and authors are there where the systems tell them. `id` is empty until it is stored."""

    left: RecordKey
    right: RecordKey
    field: str
    left_value: Value
    right_value: Value
    base: Value
    has_base: bool
    reason: str
    left_at: int | None = None
    right_at: int | None = None
    left_by: str = ""
    right_by: str = ""
    opened_at: int = 0
    answer: Answer | None = None
    answered_by: str = ""
    closed_at: int | None = None
    id: str = ""
