"""Matching: normalise, block, compare, decide, cluster, remember. People and companies go the same way."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from hygiene import companies, entities, people
from hygiene.block import candidate_pairs
from hygiene.cluster import Clusters, cluster, components
from hygiene.decide import Clause, Comparison, decide, evidence
from hygiene.findings import gathered
from hygiene.levels import DIFFERENT
from hygiene.match_findings import report
from hygiene.normalise import normalise_all

PAIRS = pl.Schema(
    {"left_connection": pl.String, "left_stream": pl.String, "left_id": pl.String, "right_connection": pl.String,
     "right_stream": pl.String, "right_id": pl.String, "kind": pl.String, "decision": pl.String,
     "probability": pl.Float64, "rule": pl.String, "reason": pl.String, "evidence": pl.String}
)  # fmt: skip
VERDICTS = ("left_connection", "left_stream", "left_id", "right_connection", "right_stream", "right_id", "answer")


@dataclass(frozen=True, slots=True)
class _Kind:
    """One kind of entity: its pool of records, block keys, comparisons and rules."""

    name: str
    prefix: str
    pool: Callable[[Mapping[str, pl.DataFrame]], pl.DataFrame]
    block_keys: Callable[[pl.DataFrame], pl.DataFrame]
    compare: Callable[[pl.DataFrame, pl.DataFrame], pl.DataFrame]
    comparisons: Sequence[Comparison]
    clauses: Sequence[Clause]
    learn: Callable[[pl.DataFrame], pl.DataFrame] | None = None


_KINDS = (
    _Kind("person", "p", people.pool, people.block_keys, people.compare, people.COMPARISONS, people.CLAUSES,
          people.learned),
    _Kind("company", "c", companies.pool, companies.block_keys, companies.compare, companies.COMPARISONS,
          companies.CLAUSES),
)  # fmt: skip
KEY = ("connection", "stream", "id")
# What the learned model calls less likely than this is a question for a person.
_SURE = 0.97
# Closing chains compares all pairs of a component; a larger one is held by the cap anyway.
_MAX_CLOSED = 60


@dataclass(frozen=True, slots=True)
class Matches:
    """`pairs` that were decided, `memberships` of every live record, and what an audit should say about them."""

    pairs: pl.DataFrame
    memberships: pl.DataFrame
    findings: pl.DataFrame


def match(
    frames: Mapping[str, pl.DataFrame],
    verdicts: pl.DataFrame | None = None,
    previous: pl.DataFrame | None = None,
    max_cluster: int = 20,
    default_country: str | None = None,
) -> Matches:
    """Find the records that describe one person or one company, over all connections.

    `frames` holds contacts, leads and accounts by stream. `verdicts` has left_connection, left_stream, left_id,
    right_…, answer and, where one pair has several, at; `previous` is the memberships frame of the run before.
    """
    ready = normalise_all(frames, default_country)
    before = entities.MEMBERSHIPS.to_frame() if previous is None else previous.select(entities.MEMBERSHIPS.names())
    parts = [_matched(kind, ready, verdicts, before, max_cluster) for kind in _KINDS]
    return Matches(
        pl.concat([part.pairs for part in parts]),
        pl.concat([part.memberships for part in parts]).sort("connection", "stream", "id"),
        gathered(part.findings for part in parts),
    )


def _matched(
    kind: _Kind,
    frames: Mapping[str, pl.DataFrame],
    verdicts: pl.DataFrame | None,
    previous: pl.DataFrame,
    max_cluster: int,
) -> Matches:
    records = kind.pool(frames)
    if records.is_empty():
        return Matches(PAIRS.to_frame(), entities.MEMBERSHIPS.to_frame(), gathered([]))
    answers = _answers(records, verdicts)
    candidates = candidate_pairs(kind.block_keys(records))
    pairs = _decided(kind, records, candidates, answers)
    if kind.learn is not None:
        pairs = _with_learned(kind, records, pairs, kind.learn(records))
    pairs = _closed(kind, records, pairs, answers)
    clusters = _clustered(records, pairs, max_cluster)
    members = records.with_columns(pl.Series("cluster", clusters.roots, dtype=pl.UInt32))
    return Matches(
        _published(kind.name, records, pairs),
        entities.memberships(members, previous, kind.prefix),
        report(kind.name, members, pairs, clusters, max_cluster),
    )


def _answers(records: pl.DataFrame, verdicts: pl.DataFrame | None) -> pl.DataFrame:
    """The latest verdict per pair of present records: left, right (rows, smaller first), answer."""
    if verdicts is None or verdicts.is_empty():
        return pl.DataFrame(schema={"left": pl.UInt32, "right": pl.UInt32, "answer": pl.String})
    rows = records.select("key", "row")
    ordered = verdicts.sort("at", maintain_order=True) if "at" in verdicts.columns else verdicts
    keyed = ordered.select(
        pl.concat_str("left_connection", "left_stream", "left_id", separator="/").alias("one"),
        pl.concat_str("right_connection", "right_stream", "right_id", separator="/").alias("other"),
        "answer",
    )
    found_rows = keyed.join(rows.rename({"key": "one", "row": "a"}), on="one", how="inner", maintain_order="left").join(
        rows.rename({"key": "other", "row": "b"}), on="other", how="inner", maintain_order="left"
    )
    pairs = found_rows.filter(pl.col("a") != pl.col("b")).select(
        pl.min_horizontal("a", "b").alias("left"), pl.max_horizontal("a", "b").alias("right"), "answer"
    )
    return pairs.unique(["left", "right"], keep="last", maintain_order=True)


def _decided(kind: _Kind, records: pl.DataFrame, pairs: pl.DataFrame, answers: pl.DataFrame) -> pl.DataFrame:
    """Pairs with decision, probability, rule, reason, evidence, parts and by_person; a person's answer wins."""
    judged = answers.filter(pl.col("answer") != "unsure")
    asked = pl.concat([pairs, judged.select("left", "right")]).unique(maintain_order=True).sort("left", "right")
    compared = kind.compare(records, asked)
    by_rule = decide(compared, kind.clauses).with_columns(evidence(kind.comparisons))
    columns = ["left", "right", "decision", "probability", "rule", "reason", "evidence", "parts"]
    machine = by_rule.select(columns).join(judged, on=["left", "right"], how="anti")
    answered = compared.join(judged, on=["left", "right"], how="inner").with_columns(evidence(kind.comparisons))
    person = answered.select(
        "left", "right",
        pl.col("answer").alias("decision"),
        pl.when(pl.col("answer") == "same").then(1.0).otherwise(0.0).alias("probability"),
        pl.lit("verdict").alias("rule"),
        pl.concat_str(pl.lit("a person decided: "), pl.col("answer")).alias("reason"),
        "evidence",
        (pl.col("answer") == "different").alias("parts"),
    )  # fmt: skip
    marked = [machine.with_columns(by_person=pl.lit(value=False)), person.with_columns(by_person=pl.lit(value=True))]
    return pl.concat(marked).sort("left", "right")


def _with_learned(kind: _Kind, records: pl.DataFrame, pairs: pl.DataFrame, learned: pl.DataFrame) -> pl.DataFrame:
    """The pairs, and those that no rule speaks of but the model does: a sure one joins, a likely one asks a person."""
    silent = learned.join(pairs.select("left", "right"), on=["left", "right"], how="anti").sort("left", "right")
    compared = kind.compare(records, silent.select("left", "right")).with_columns(silent["learned"])
    fitting = compared.filter(pl.col("name") != DIFFERENT).with_columns(evidence(kind.comparisons))
    is_sure = (pl.col("learned") >= _SURE) & people.UNOPPOSED
    found_pairs = fitting.select(
        "left", "right",
        pl.when(is_sure).then(pl.lit("same")).otherwise(pl.lit("unsure")).alias("decision"),
        pl.col("learned").alias("probability"),
        pl.lit("learned").alias("rule"),
        pl.format("all evidence together: {}% likely the same", (pl.col("learned") * 100).floor().cast(pl.Int64))
        .alias("reason"),
        "evidence", pl.lit(value=False).alias("parts"), pl.lit(value=False).alias("by_person"),
    )  # fmt: skip
    return pl.concat([pairs, found_pairs]).sort("left", "right")


def _closed(kind: _Kind, records: pl.DataFrame, pairs: pl.DataFrame, answers: pl.DataFrame) -> pl.DataFrame:
    """The pairs, and those that only a chain connects where they contradict: A-B and B-C must not hide A against C."""
    groups = records.select("row").with_columns(root=pl.Series(components(len(records), _edges(pairs))))
    sized = groups.with_columns(pl.len().over("root").alias("size"))
    chained = sized.filter((pl.col("size") > 2) & (pl.col("size") <= _MAX_CLOSED))
    keys = chained.select("row", pl.col("root").cast(pl.String).alias("key"), pl.lit(None, pl.String).alias("finer"))
    known = pairs.select("left", "right")
    if chained.is_empty():
        return pairs
    unseen = candidate_pairs(keys, max_block=_MAX_CLOSED).join(known, on=["left", "right"], how="anti")
    found_pairs = _decided(kind, records, unseen, answers.clear()).filter(pl.col("parts"))
    named = kind.compare(records, unseen).filter(pl.col("name") == 1).with_columns(evidence(kind.comparisons))
    contradictory = named.join(found_pairs, on=["left", "right"], how="anti").select(
        "left", "right",
        pl.lit("different").alias("decision"), pl.lit(0.1).alias("probability"), pl.lit("chain").alias("rule"),
        pl.lit("only a chain of other records connects them, and their names contradict").alias("reason"),
        "evidence", pl.lit(value=True).alias("parts"), pl.lit(value=False).alias("by_person"),
    )  # fmt: skip
    return pl.concat([pairs, found_pairs, contradictory]).sort("left", "right")


def _edges(pairs: pl.DataFrame) -> pl.DataFrame:
    return pairs.filter(pl.col("decision") == "same").select("left", "right", "probability", "by_person")


def _clustered(records: pl.DataFrame, pairs: pl.DataFrame, max_cluster: int) -> Clusters:
    apart = pairs.filter(pl.col("parts")).select("left", "right", "by_person")
    return cluster(len(records), _edges(pairs), apart, max_cluster=max_cluster)


def _published(kind: str, records: pl.DataFrame, pairs: pl.DataFrame) -> pl.DataFrame:
    left, right = records[pairs["left"]], records[pairs["right"]]
    names = {f"{side}_{part}": rows[part] for side, rows in (("left", left), ("right", right)) for part in KEY}
    return pairs.with_columns(**names, kind=pl.lit(kind)).select(PAIRS.names())
