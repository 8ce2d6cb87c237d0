"""Small bundled tables and their readers; ORIGIN.txt says where each comes from."""

from __future__ import annotations

from functools import cache
from importlib.resources import files


@cache
def lines(name: str) -> tuple[str, ...]:
    """The lines of a bundled table without comments and blanks, in file order."""
    text = files(__name__).joinpath(name).read_text(encoding="utf-8")
    return tuple(line for line in text.splitlines() if line.strip() and not line.startswith("# "))


@cache
def words(name: str) -> frozenset[str]:
    """The lines of a bundled table as a set."""
    return frozenset(lines(name))


@cache
def rows(name: str) -> tuple[tuple[str, ...], ...]:
    """The lines of a bundled table, split at tabs."""
    return tuple(tuple(line.split("\t")) for line in lines(name))
