"""Faults of single rows: an app asks in each loop over the rows of a call whether this one is to fail."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from sandbox.faults import Fault

_Struck = tuple[tuple[Fault, random.Random], ...]
_struck: ContextVar[_Struck] = ContextVar("struck", default=())


@contextmanager
def in_force(struck: Sequence[Fault]) -> Iterator[None]:
    """Let these faults befall the rows of the call that is being answered."""
    befalling = tuple((fault, random.Random(fault.seed)) for fault in struck if fault.is_of_rows)
    token = _struck.set(befalling)
    try:
        yield
    finally:
        _struck.reset(token)


def row_fault(number: int, row: Any) -> Fault | None:
    """The fault that befalls the row of that number, from 1; `row` is what the client sent of it."""
    return next((fault for fault, dice in _struck.get() if _befalls(fault, dice, number, row)), None)


def _befalls(fault: Fault, dice: random.Random, number: int, row: Any) -> bool:
    drawn = dice.random()  # for every row, so that the draws do not depend on the other conditions
    if fault.rows and number not in fault.rows:
        return False
    if fault.row_contains and fault.row_contains not in json.dumps(row, default=str, ensure_ascii=False):
        return False
    return fault.row_share is None or drawn < fault.row_share
