"""Tie-breaks: which of several accounts of one company is taken; asked in the order that the settings give."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from model.settings import TieBreakName


@dataclass(frozen=True, slots=True)
class TieBreak:
    """One question: the account with the greater `value` is taken, and `words` say why."""

    value: pl.Expr
    words: str


TIE_BREAKS: dict[TieBreakName, TieBreak] = {
    "exact-name": TieBreak(pl.col("same_name").fill_null(value=False), "its name is exactly the person's company"),
    "same-country": TieBreak(
        (pl.col("country") == pl.col("account_country")).fill_null(value=False), "it is in the person's country"
    ),
    "parent": TieBreak(pl.col("parent").is_null(), "it is the parent"),
    "child": TieBreak(pl.col("parent").is_not_null(), "it is the subsidiary"),
    "open-deals": TieBreak(pl.col("open_deals"), "it has more open deals"),
    "most-contacts": TieBreak(pl.col("contacts"), "it has more contacts"),
    "oldest": TieBreak(pl.col("age"), "it is the oldest record"),
}


def choose_in_family(names: Sequence[TieBreakName]) -> bool:
    """Whether these tie-breaks choose between a parent and its subsidiaries too, not only among duplicates."""
    return not {"parent", "child"}.isdisjoint(names)


def columns(names: Sequence[TieBreakName]) -> list[str]:
    return [f"tie {name}" for name in names]


def answered(pairs: pl.DataFrame, names: Sequence[TieBreakName]) -> pl.DataFrame:
    """Candidate pairs with the answer of each tie-break in a column of its own."""
    return pairs.with_columns(TIE_BREAKS[name].value.cast(pl.Int64).alias(f"tie {name}") for name in names)


def words_of_the_first(names: Sequence[TieBreakName]) -> pl.Expr:
    """The words of the first tie-break that puts an account before its twin; null where none does."""
    ahead = (
        pl.when(pl.col(f"tie {name}") > pl.col(f"twin_tie {name}")).then(pl.lit(TIE_BREAKS[name].words))
        for name in names
    )
    return pl.coalesce(*ahead, pl.lit(None, pl.String))
