"""Kinds that have nothing of their own but levels and odds: one line each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import polars as pl

from hygiene.linkage.codes import Levels, Terms, Texts
from hygiene.linkage.comparison import Comparison, Key
from hygiene.linkage.values import (
    Values,
    area_levels,
    country_levels,
    date_levels,
    number_levels,
    other_levels,
    short_levels,
    street_levels,
    text_levels,
)


@dataclass(frozen=True, slots=True)
class _Plain:
    """How often pairs that match show equal values and each level of `unequal` (`m`); how often strangers show each of
    the latter (`u`); the words of all of them. Without a `family` every column is one of its own."""

    unequal: Callable[[Texts, Texts], Levels]
    m: tuple[float, ...]
    u: tuple[float, ...]
    words: tuple[str, ...]
    family: str = ""
    is_key: bool = False


_TEXT = ("same text", "texts alike", "one text holds the other", "different texts")
_PLAIN = {
    "address": _Plain(street_levels, (0.6, 0.2, 0.07, 0.05, 0.08), (1e-4, 1e-3, 0.02, 0.98),
                      ("same address", "same number, street alike", "street alike", "same number",
                       "different addresses"), "place", is_key=True),
    "area": _Plain(area_levels, (0.83, 0.07, 0.1), (5e-3, 1.0), ("same area", "areas alike", "different areas"),
                   "place"),
    "country": _Plain(country_levels, (0.84, 0.02, 0.14), (2e-3, 1.0),
                      ("same country", "one country is a part of the other", "different countries"), "country"),
    "date": _Plain(date_levels, (0.82, 0.08, 0.02, 0.03, 0.05), (4e-4, 3e-3, 0.027, 0.97),
                   ("same date", "dates a keystroke apart", "same day of another year", "dates of one year",
                    "different dates")),
    "identifier": _Plain(short_levels, (0.85, 0.08, 0.07), (1e-5, 1.0),
                         ("same identifier", "identifiers a keystroke or two apart", "different identifiers"),
                         is_key=True),
    "job_title": _Plain(text_levels, (0.4, 0.15, 0.1, 0.35), (3e-3, 0.02, 0.98),
                        ("same job title", "job titles alike", "one job title holds the other",
                         "different job titles")),
    "nature": _Plain(other_levels, (1.0, 1e-6), (0.5,),
                     ("both a person or both a company", "one is a person, the other a company"), "nature"),
    "number": _Plain(number_levels, (0.5, 0.1, 0.15, 0.25), (5e-3, 0.05, 0.95),
                     ("same number", "numbers a hundredth apart", "numbers a tenth apart", "different numbers")),
    "site": _Plain(short_levels, (0.75, 0.03, 0.22), (1e-4, 1.0),
                   ("same site", "sites a keystroke or two apart", "different sites"), "site", is_key=True),
    # Of text nobody knows what it is: until that is learned, a difference says little.
    "text": _Plain(text_levels, (0.15, 0.08, 0.07, 0.7), (3e-3, 0.02, 0.98), _TEXT),
}  # fmt: skip


def plain(keys: pl.DataFrame, kind: str, columns: Sequence[str], terms: Terms | None) -> Comparison:
    """The comparison of one such kind; several `columns` hold as many values of one thing."""
    it = _PLAIN[kind]
    fine: tuple[Key, ...] = (tuple(pl.col(column) for column in columns),) if it.is_key else ()
    family = it.family or f"{kind} {columns[0].partition(':')[2]}"
    return Values(keys, columns[0], family, it.unequal, it.m, it.u, it.words, fine=fine,
                  coarse=_coarse(kind, pl.coalesce(*columns)), others=columns[1:], terms=terms)  # fmt: skip


def _coarse(kind: str, key: pl.Expr) -> tuple[pl.Expr, ...]:
    if kind == "address":
        return (pl.concat_str(key.str.extract(r"(\d+)"), key.str.extract(r"([a-z]{3})")),)
    if kind == "date":
        return (key, key.str.slice(0, 6))
    if kind == "identifier":
        # However its digits were exchanged.
        return (key.str.split("").list.sort().list.join(""),)
    return (key,) if kind == "area" else ()
