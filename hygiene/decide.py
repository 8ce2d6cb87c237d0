"""Decisions about pairs: by their probability, unless something is known that numbers do not tell."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import polars as pl

from hygiene.linkage.comparison import Compared
from hygiene.linkage.explain import SILENT, Step, waterfall
from hygiene.linkage.model import Model

Decision = Literal["same", "unsure", "different", "related"]
# From so likely on a pair is the same by itself, from so likely on it is a question for a person.
SURE, UNSURE = 0.9, 0.3
# The rule's name of a pair that was decided by its evidence alone.
BY_EVIDENCE = "evidence"
# Comparisons that say less than this, in bits, are no reason.
_TELLING = 1.0


@dataclass(frozen=True, slots=True)
class Rule:
    """What is known beyond the numbers: where `holds` is true of a pair's facts it is decided so, or by its probability
    where `decision` is None, which is called `least` at least and `most` at most. `parts` says that the two may not
    share an entity by way of others either."""

    name: str
    holds: pl.Expr
    decision: Decision | None
    reason: str
    most: float = 1.0
    least: float = 0.0
    parts: bool = False


def decided(pairs: pl.DataFrame, rules: Sequence[Rule], least: float) -> pl.DataFrame:
    """The pairs of which a rule speaks or which are at least so likely, with columns decision (null where neither a
    rule nor the evidence says anything), probability, rule, known (the rule's reason) and parts.

    `pairs` has probability and the facts that the rules ask for; the first rule that holds decides.
    """
    numbers = (pl.when(rule.holds.fill_null(value=False)).then(at) for at, rule in enumerate(rules))
    number = pl.coalesce(*numbers, pl.lit(None, pl.Int32))
    table = pl.DataFrame(
        {
            "number": pl.Series(range(len(rules)), dtype=pl.Int32),
            "decision": pl.Series([rule.decision for rule in rules], dtype=pl.String),
            "most": [rule.most for rule in rules],
            "least": [rule.least for rule in rules],
            "rule": [rule.name for rule in rules],
            "known": [rule.reason for rule in rules],
            "parts": [rule.parts for rule in rules],
        }
    )
    at_least = pl.max_horizontal("probability", pl.col("least").fill_null(0.0))
    likely = pl.min_horizontal(at_least, pl.col("most").fill_null(1.0))
    by_evidence = pl.when(likely >= SURE).then(pl.lit("same")).when(likely >= UNSURE).then(pl.lit("unsure"))
    numbered = pairs.with_columns(number.cast(pl.Int32).alias("number"))
    return (
        numbered.join(table, on="number", how="left", maintain_order="left")
        .with_columns(
            pl.coalesce("decision", by_evidence).alias("decision"),
            likely.alias("probability"),
            pl.col("rule").fill_null(BY_EVIDENCE),
            pl.col("parts").fill_null(value=False),
        )
        .filter(pl.col("decision").is_not_null() | (pl.col("probability") >= least))
    )


def explained(pairs: pl.DataFrame, compared: Sequence[Compared], model: Model) -> pl.DataFrame:
    """The decided pairs with columns reason and evidence; `compared` has the comparisons of just these pairs.

    Evidence is a JSON list of [similarity, words, bits], one for each comparison that had something to compare. The
    similarity is the chance that two records are one if nothing else were known of them and both were as likely.
    """
    levels = np.stack([one.levels for one in compared], axis=1) if len(pairs) else np.zeros((0, len(compared)), int)
    patterns, place = np.unique(levels, axis=0, return_inverse=True)
    found = [replace(one, levels=patterns[:, at]) for at, one in enumerate(compared)]
    told = [_told(waterfall(model, found, at).steps) for at in range(len(patterns))]
    table = pl.DataFrame(told, schema={"words": pl.String, "evidence": pl.String}, orient="row")
    words, evidence = (table[name].gather(place.ravel()) for name in ("words", "evidence"))
    percent = (pl.col("probability") * 100).floor().cast(pl.Int64)
    return pairs.with_columns(words, evidence).with_columns(
        pl.coalesce("known", pl.format("{}% likely: {}", percent, "words")).alias("reason")
    )


def _told(steps: Sequence[Step]) -> tuple[str, str]:
    """The reason in words and the evidence as JSON."""
    said = [step for step in steps if step.words != SILENT]
    ranked = sorted(said, key=lambda step: -step.bits)
    speaks_for = ", ".join(step.words for step in ranked if step.bits >= _TELLING)
    against = ", ".join(step.words for step in reversed(ranked) if step.bits <= -_TELLING)
    listed = [[round(1 / (1 + 2.0**-step.bits), 3), step.words, round(step.bits, 1)] for step in said]
    reason = speaks_for or "nothing in particular"
    return f"{reason}; but {against}" if against else reason, json.dumps(listed, ensure_ascii=False)
