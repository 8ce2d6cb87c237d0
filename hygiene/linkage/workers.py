"""Two things at once: while numpy, polars and RapidFuzz are at work the interpreter is free for another thread."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

WORKERS = 2
Item = TypeVar("Item")
Answer = TypeVar("Answer")


def at_once(function: Callable[[Item], Answer], items: Iterable[Item]) -> list[Answer]:
    """`function` of each item, in their order. The first error of any is raised."""
    with ThreadPoolExecutor(WORKERS) as pool:
        return list(pool.map(function, items))
