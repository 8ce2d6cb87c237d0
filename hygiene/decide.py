"""Today's decision: the first rule of an ordered table that a pair's levels satisfy.

`probability` is the strength of the rule, a considered guess and not yet calibrated; learned weights take its place
behind the same columns.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import polars as pl

Decision = Literal["same", "unsure", "different", "related"]
PAIRS = pl.Schema(
    {"left": pl.String, "right": pl.String, "kind": pl.String, "decision": pl.String, "probability": pl.Float64,
     "rule": pl.String, "reason": pl.String, "evidence": pl.String}
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Clause:
    """One rule: `holds` over level columns. `parts` says that the pair may not share a cluster by way of others."""

    rule: str
    holds: pl.Expr
    decision: Decision
    probability: float
    reason: str
    parts: bool = False


@dataclass(frozen=True, slots=True)
class Comparison:
    """One level column, the words for each of its levels, and the similarity (0 to 1) each stands for."""

    column: str
    words: tuple[str, ...]
    similarities: tuple[float | None, ...]


def decide(pairs: pl.DataFrame, clauses: Sequence[Clause]) -> pl.DataFrame:
    """The pairs on which some clause holds, with columns decision, probability, rule, reason and parts."""
    number = pl.coalesce(
        pl.when(clause.holds.fill_null(value=False)).then(index) for index, clause in enumerate(clauses)
    )
    table = pl.DataFrame(
        {
            "clause": pl.Series(range(len(clauses)), dtype=pl.Int32),
            "decision": [clause.decision for clause in clauses],
            "probability": [clause.probability for clause in clauses],
            "rule": [clause.rule for clause in clauses],
            "reason": [clause.reason for clause in clauses],
            "parts": [clause.parts for clause in clauses],
        }
    )
    numbered = pairs.with_columns(number.cast(pl.Int32).alias("clause")).drop_nulls("clause")
    return numbered.join(table, on="clause", how="left", maintain_order="left").drop("clause")


def evidence(comparisons: Sequence[Comparison]) -> pl.Expr:
    """The comparisons of a pair as a JSON list of [similarity, words]; those with nothing to compare are left out."""
    parts = [
        pl.col(comparison.column).replace_strict(
            list(range(len(comparison.words))),
            [
                f'[{similarity}, "{words}"]' if similarity is not None else None
                for words, similarity in zip(comparison.words, comparison.similarities, strict=True)
            ],
            return_dtype=pl.String,
        )
        for comparison in comparisons
    ]
    return pl.format("[{}]", pl.concat_list(parts).list.drop_nulls().list.join(", ")).alias("evidence")
