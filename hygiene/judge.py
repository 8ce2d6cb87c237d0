"""Judging pairs of one kind of entity: candidates, their probability, what rules know of them, what people said."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from hygiene.cluster import ALL_BITS, components, log_odds
from hygiene.decide import UNSURE, Rule, decided, explained
from hygiene.linkage.answers import refined
from hygiene.linkage.classes import Real
from hygiene.linkage.codes import Rows, Terms
from hygiene.linkage.comparison import Compared, Comparison
from hygiene.linkage.link import link_keys
from hygiene.linkage.model import Model
from hygiene.linkage.pairs import Part

# `ours`: no person's answer, but known, because one record was made from the other.
ANSWERS = pl.Schema({"left": pl.UInt32, "right": pl.UInt32, "answer": pl.String, "ours": pl.Boolean})
JUDGED = pl.Schema(
    {"left": pl.UInt32, "right": pl.UInt32, "decision": pl.String, "probability": pl.Float64, "rule": pl.String,
     "reason": pl.String, "evidence": pl.String, "parts": pl.Boolean, "by_person": pl.Boolean, "bits": pl.Float64}
)  # fmt: skip
# Closing chains compares all pairs of a component; a larger one is held by the cap anyway.
_MAX_CLOSED = 60


def _nothing_counted(_: pl.DataFrame) -> Mapping[str, pl.DataFrame]:
    return {}


def _unmarked(records: pl.DataFrame, _: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    return records


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of entity: its pool of records, what is compared of them, and the rules that know better."""

    name: str
    prefix: str
    pool: Callable[[Mapping[str, pl.DataFrame]], pl.DataFrame]
    keys: Callable[[pl.DataFrame], pl.DataFrame]
    comparisons: Callable[[pl.DataFrame, Terms | None], list[Comparison]]
    facts: Callable[[pl.DataFrame, Sequence[Compared], Rows, Rows], pl.DataFrame]
    rules: Sequence[Rule]
    chain: Rule  # keeps apart two records that only a chain of others connects
    # What a model keeps of the records beside the values of comparisons, and the records marked by it.
    counted: Callable[[pl.DataFrame], Mapping[str, pl.DataFrame]] = _nothing_counted
    marked: Callable[[pl.DataFrame, Mapping[str, pl.DataFrame]], pl.DataFrame] = _unmarked


@dataclass(frozen=True, slots=True)
class Judge:
    """What weighs and decides the pairs of one pool of records."""

    kind: Kind
    records: pl.DataFrame
    comparisons: Sequence[Comparison]
    model: Model | None  # None where there was no pair to learn from
    candidates: pl.DataFrame  # JUDGED
    blocks: pl.DataFrame | None  # columns row and key, where they were to be kept

    @classmethod
    def of(
        cls,
        kind: Kind,
        records: pl.DataFrame,
        model: Model | None = None,
        *,
        answers: pl.DataFrame | None = None,
        part: Part | None = None,
        keep: bool = False,
    ) -> Judge:
        """Learn from these records, and from people's answers (ANSWERS), how their pairs are weighed, or take it from
        a model. `part` says which pairs are looked at where the records are some of many; with `keep` their block keys
        are kept."""
        folded = kind.keys(records)
        compared_by = kind.comparisons(folded, None if model is None else model.terms)
        linked = link_keys(folded, compared_by, model=model, part=part, keep=keep)
        probability = linked.probability
        if model is None and linked.learned is not None:
            skewed, counts = linked.candidates.skewed.tolist(), kind.counted(records)
            model = Model.of(linked.learned, linked.compared, compared_by, len(records), skewed, counts)
            if answers is not None and not answers["ours"].all():
                model = _refined(model, compared_by, answers.filter(~pl.col("ours")))
                probability = model.weigh(linked.compared)
        records = records if model is None else kind.marked(records, model.terms.counts)
        judge = cls(kind, records, compared_by, model, JUDGED.to_frame(), linked.candidates.table)
        found = judge._judged(linked.left, linked.right, probability, linked.compared, kind.rules, UNSURE)
        # Twins follow the one record they are in a pair with, however many others there are.
        is_twin = pl.col("right").is_in(linked.candidates.twins) & (pl.col("decision") == "same")
        bits = pl.when(is_twin).then(ALL_BITS).otherwise("bits")
        return replace(judge, candidates=found.with_columns(bits.alias("bits")))

    def judged(self, pairs: pl.DataFrame, rules: Sequence[Rule], least: float) -> pl.DataFrame:
        """JUDGED rows of pairs (left, right) of which a rule speaks or which are at least so likely."""
        left, right = pairs["left"].to_numpy(), pairs["right"].to_numpy()
        if self.model is None or not len(left):
            return JUDGED.to_frame()
        compared = [one.compare(left, right) for one in self.comparisons]
        return self._judged(left, right, self.model.weigh(compared), compared, rules, least)

    def _judged(
        self,
        left: Rows,
        right: Rows,
        probability: Real,
        compared: Sequence[Compared],
        rules: Sequence[Rule],
        least: float,
    ) -> pl.DataFrame:
        if self.model is None:
            return JUDGED.to_frame()
        pairs = pl.DataFrame({"left": left, "right": right, "probability": probability}).with_row_index("at")
        compared = self.model.informed(compared)
        known = self.kind.facts(self.records, compared, left, right)
        found = decided(pairs.hstack(known), rules, least)
        at = found["at"].to_numpy()
        told = explained(found, [one.at(at) for one in compared], self.model)
        bits = pl.Series("bits", log_odds(told["probability"].to_numpy()))
        # Where a rule knows that two are the same, no sum of evidence speaks against it.
        known_same = told["rule"].is_in([rule.name for rule in rules if rule.decision == "same"])
        bits = bits.set(known_same, ALL_BITS)
        return told.with_columns(bits, by_person=pl.lit(value=False)).select(JUDGED.names()).cast(JUDGED)

    def all_pairs(self, answers: pl.DataFrame) -> pl.DataFrame:
        """The candidates, a person's answers in place of what was judged, and what lies within chains of matches."""
        pairs = pl.concat([self.candidates.join(answers, on=["left", "right"], how="anti"), self._by_person(answers)])
        unseen = _within_chains(len(self.records), pairs).join(pairs, on=["left", "right"], how="anti")
        closing = self.judged(unseen, [*self.kind.rules, self.kind.chain], 0.0)
        return pl.concat([pairs, closing]).sort("left", "right")

    def told(self, pairs: pl.DataFrame, answers: pl.DataFrame) -> pl.DataFrame:
        """JUDGED rows of these pairs whatever is to be said of them, a person's answers first."""
        said = self._by_person(answers.join(pairs, on=["left", "right"], how="semi"))
        others = pairs.join(said, on=["left", "right"], how="anti")
        return pl.concat([said, self.judged(others, self.kind.rules, 0.0)]).sort("left", "right")

    def _by_person(self, answers: pl.DataFrame) -> pl.DataFrame:
        judged = self.judged(answers, (), 0.0).join(answers, on=["left", "right"], how="left", maintain_order="left")
        is_same = pl.col("answer") == "same"
        return judged.with_columns(
            pl.col("answer").alias("decision"),
            pl.when(is_same).then(1.0).otherwise(0.0).alias("probability"),
            pl.lit("verdict").alias("rule"),
            pl.when("ours")
            .then(pl.lit("one was made from the other"))
            .otherwise(pl.format("a person decided: {}", "answer"))
            .alias("reason"),
            parts=~is_same,
            by_person=pl.lit(value=True),
            bits=pl.when(is_same).then(ALL_BITS).otherwise(-ALL_BITS),
        ).select(JUDGED.names())


def _refined(model: Model, comparisons: Sequence[Comparison], answers: pl.DataFrame) -> Model:
    left, right = answers["left"].to_numpy(), answers["right"].to_numpy()
    compared = [one.compare(left, right) for one in comparisons]
    learned = refined(model.learned, compared, (answers["answer"] == "same").to_numpy())
    return replace(model, learned=learned)


def _within_chains(size: int, pairs: pl.DataFrame) -> pl.DataFrame:
    """All pairs (left, right) of three or more records that matches connect."""
    roots = components(size, pairs.filter(pl.col("decision") == "same"))
    rows = pl.DataFrame({"row": np.arange(size, dtype=np.uint32), "root": roots})
    grown = rows.filter(pl.len().over("root").is_between(3, _MAX_CLOSED))
    both = grown.join(grown, on="root", suffix="_right").filter(pl.col("row") < pl.col("row_right"))
    return both.select(pl.col("row").alias("left"), pl.col("row_right").alias("right"))
