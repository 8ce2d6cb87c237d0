"""Matching: one engine for people and companies. Pool, keys, candidate pairs, probabilities, rules, clusters, ids."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import polars as pl

from hygiene import cluster, companies, entities, people
from hygiene.findings import gathered
from hygiene.judge import ANSWERS, Judge, Kind
from hygiene.linkage.blocks import where
from hygiene.linkage.hashes import hashes
from hygiene.linkage.index import Segment
from hygiene.linkage.model import Model
from hygiene.linkage.pairs import Part
from hygiene.match_findings import report
from hygiene.normalise import normalise_all
from model.evidence import OURSELVES

PAIRS = pl.Schema(
    {"left_connection": pl.String, "left_stream": pl.String, "left_id": pl.String, "right_connection": pl.String,
     "right_stream": pl.String, "right_id": pl.String, "kind": pl.String, "decision": pl.String,
     "probability": pl.Float64, "rule": pl.String, "reason": pl.String, "evidence": pl.String}
)  # fmt: skip
VERDICTS = ("left_connection", "left_stream", "left_id", "right_connection", "right_stream", "right_id", "answer")
KEY = ("connection", "stream", "id")
# Of a larger cluster only the pairs with its first record are told.
_MAX_TOLD = 30
PERSON = Kind("person", "p", people.pool, people.keys, people.comparisons, people.facts, people.RULES, people.CHAIN,
              people.counted, people.marked)  # fmt: skip
COMPANY = Kind("company", "c", companies.pool, companies.keys, companies.comparisons, companies.facts, companies.RULES,
               companies.CHAIN)  # fmt: skip
KINDS = (PERSON, COMPANY)
# The same, but that one person's records at two companies are taken together.
KINDS_TOGETHER = (replace(PERSON, rules=people.with_job_changes(people.RULES)), COMPANY)


@dataclass(frozen=True, slots=True)
class Matches:
    """`pairs` that were decided, `memberships` of every live record, what an audit should say about them, and by kind
    of entity the model that weighed them and the block keys that were kept."""

    pairs: pl.DataFrame
    memberships: pl.DataFrame
    findings: pl.DataFrame
    models: Mapping[str, Model] = field(default_factory=dict)
    segments: Mapping[str, Segment] = field(default_factory=dict)


def match(
    frames: Mapping[str, pl.DataFrame],
    verdicts: pl.DataFrame | None = None,
    previous: pl.DataFrame | None = None,
    max_cluster: int = 20,
    default_country: str | None = None,
    models: Mapping[str, Model] | None = None,
    *,
    kinds: Sequence[Kind] = KINDS,
    keep: bool = False,
) -> Matches:
    """Find the records that describe one person or one company, over all connections.

    `frames` holds contacts, leads and accounts by stream. `verdicts` has left_connection, left_stream, left_id,
    right_…, answer and, where one pair has several, at; `previous` is the memberships frame of the run before. Where
    `models` has the model of a kind (person, company), it weighs the pairs and nothing is learned. `kinds`
    are those of `KINDS`, or of `KINDS_TOGETHER`. With `keep` the block keys are kept.
    """
    ready = normalise_all(frames, default_country)
    before = entities.MEMBERSHIPS.to_frame() if previous is None else previous.select(entities.MEMBERSHIPS.names())
    known = models or {}
    return joined(
        match_kind(kind, ready, verdicts, before, max_cluster, known.get(kind.name), keep=keep) for kind in kinds
    )


def joined(matches: Iterable[Matches]) -> Matches:
    """What was found of several kinds of entity as one."""
    parts = [Matches(PAIRS.to_frame(), entities.MEMBERSHIPS.to_frame(), gathered([])), *matches]
    return Matches(
        pl.concat([part.pairs for part in parts]),
        pl.concat([part.memberships for part in parts]).sort(KEY),
        gathered(part.findings for part in parts),
        {name: model for part in parts for name, model in part.models.items()},
        {name: segment for part in parts for name, segment in part.segments.items()},
    )


def match_kind(
    kind: Kind,
    frames: Mapping[str, pl.DataFrame],
    verdicts: pl.DataFrame | None,
    previous: pl.DataFrame,
    max_cluster: int,
    model: Model | None,
    *,
    part: Part | None = None,
    keep: bool = False,
) -> Matches:
    """`match` for one kind of entity and normalised frames; `part` says that the records are some of many."""
    records = kind.pool(frames)
    if records.is_empty():
        return joined(())
    answers = answered(records, verdicts)
    judge = Judge.of(kind, records, model, answers=answers, part=part, keep=keep)
    pairs = judge.all_pairs(answers)
    clusters = clustered(len(records), pairs, max_cluster)
    members = records.with_columns(pl.Series("cluster", clusters.roots, dtype=pl.UInt32))
    told = settled(pairs, clusters, max_cluster)
    published = _published(kind.name, records, told)
    return Matches(
        published,
        entities.memberships(members, previous, kind.prefix),
        report(kind.name, members, told, published),
        {} if judge.model is None else {kind.name: judge.model},
        {} if judge.blocks is None or judge.model is None else {kind.name: segment(records, judge.blocks, judge.model)},
    )


def segment(records: pl.DataFrame, blocks: pl.DataFrame, model: Model) -> Segment:
    """The block keys (row, key) of a pool, to be kept."""
    keys = blocks["key"].to_numpy()
    twins = where(keys, np.array(model.skewed, np.uint64)).astype(np.uint32)
    ties = hashes(records["account"]) if "account" in records.columns else np.zeros(len(records), np.uint64)
    return Segment(records["key"], blocks["row"].to_numpy(), keys, ties, twins)


def answered(records: pl.DataFrame, verdicts: pl.DataFrame | None) -> pl.DataFrame:
    """The latest verdict per pair of present records, unsure ones left out: left, right (smaller first), answer."""
    if verdicts is None or verdicts.is_empty():
        return ANSWERS.to_frame()
    rows = records.select("key", "row")
    ordered = verdicts.sort("at", maintain_order=True) if "at" in verdicts.columns else verdicts
    keyed = ordered.select(
        pl.concat_str("left_connection", "left_stream", "left_id", separator="/").alias("one"),
        pl.concat_str("right_connection", "right_stream", "right_id", separator="/").alias("other"),
        "answer",
        (pl.col("by") == OURSELVES if "by" in verdicts.columns else pl.lit(value=False)).alias("ours"),
    )
    found_rows = keyed.join(rows.rename({"key": "one", "row": "a"}), on="one", how="inner", maintain_order="left").join(
        rows.rename({"key": "other", "row": "b"}), on="other", how="inner", maintain_order="left"
    )
    pairs = found_rows.filter(pl.col("a") != pl.col("b")).select(
        pl.min_horizontal("a", "b").alias("left"), pl.max_horizontal("a", "b").alias("right"), "answer", "ours"
    )
    latest = pairs.unique(["left", "right"], keep="last", maintain_order=True)
    return latest.filter(pl.col("answer") != "unsure").cast(ANSWERS)


def clustered(size: int, pairs: pl.DataFrame, max_cluster: int) -> cluster.Clusters:
    """The clusters of rows 0 to `size` - 1 by judged pairs."""
    weighed = pairs.select(
        "left",
        "right",
        "bits",
        (pl.col("decision") == "same").fill_null(value=False).alias("joins"),
        "parts",
        "by_person",
    )
    return cluster.cluster(size, weighed, max_cluster=max_cluster)


def settled(pairs: pl.DataFrame, clusters: cluster.Clusters, max_cluster: int) -> pl.DataFrame:
    """The pairs worth telling, their decisions in step with the clusters: who shares an entity is the same, and who was
    kept out of it by others is a question for a person."""
    roots = pl.Series(clusters.roots, dtype=pl.UInt32)
    capped = pl.DataFrame(clusters.capped, schema={"left": pl.UInt32, "right": pl.UInt32}, orient="row")
    together = pl.Series("together", roots.gather(pairs["left"]) == roots.gather(pairs["right"]))
    sizes = pl.Series("size", roots.to_frame("r").select(pl.len().over("r")).to_series().gather(pairs["left"]))
    marked = pairs.with_columns(together, sizes, roots.gather(pairs["left"]).alias("root")).join(
        capped.with_columns(capped=pl.lit(value=True)), on=["left", "right"], how="left", maintain_order="left"
    )
    machine = ~pl.col("by_person")
    joined = machine & (pl.col("decision") == "unsure") & pl.col("together")
    split = machine & (pl.col("decision") == "same") & ~pl.col("together")
    is_capped = split & pl.col("capped").is_not_null()
    told = pl.col("decision").is_not_null() & ~(
        pl.col("together") & (pl.col("size") > _MAX_TOLD) & (pl.col("left") != pl.col("root")) & machine
    )

    def where_changed(other: str, *reasons: str) -> pl.Expr:
        texts = [pl.lit(text) for text in reasons]
        return pl.when(is_capped).then(texts[0]).when(split).then(texts[1]).when(joined).then(texts[2]).otherwise(other)

    return marked.filter(told).with_columns(
        where_changed("decision", "unsure", "unsure", "same").alias("decision"),
        where_changed("rule", "cap", "split", "cluster").alias("rule"),
        where_changed(
            "reason",
            f"matches, but the cluster would exceed {max_cluster} records",
            "matches, but joining them would join records that contradict each other",
            "other records that match both join them",
        ).alias("reason"),
    )


def _published(kind: str, records: pl.DataFrame, pairs: pl.DataFrame) -> pl.DataFrame:
    left, right = records[pairs["left"]], records[pairs["right"]]
    names = {f"{side}_{part}": rows[part] for side, rows in (("left", left), ("right", right)) for part in KEY}
    return pairs.with_columns(**names, kind=pl.lit(kind)).select(PAIRS.names())
