"""Matching some records again: which others they concern, judged by a model without looking at all there are."""

from __future__ import annotations

import numpy as np
import polars as pl

from hygiene.judge import Judge, Kind
from hygiene.linkage.blocks import Blocks
from hygiene.linkage.hashes import Hashes
from hygiene.linkage.index import Index, Segment
from hygiene.linkage.model import Model
from hygiene.linkage.pairs import Part
from hygiene.match import segment

# Pairs that are, or would be but for others, of one entity.
JOINING = (pl.col("decision") == "same") | pl.col("rule").is_in(["split", "cap"])


def block_keys(kind: Kind, records: pl.DataFrame, model: Model) -> Segment:
    """The block keys of a pool of records under a model."""
    folded = kind.keys(records)
    blocks = Blocks(folded, kind.comparisons(folded, model.terms), np.array(model.skewed, np.uint64))
    return segment(records, blocks.table(), model)


def partners(kind: Kind, records: pl.DataFrame, model: Model, changed: pl.Series) -> pl.Series:
    """Keys of the records that something is to be said of together with a changed one; `records` is the pool of the
    changed ones and of all that share a block key with one."""
    new = records["key"].is_in(changed.implode()).to_numpy()
    pairs = Judge.of(kind, records, model, part=Part(new)).candidates
    rows = pl.concat([pairs["left"], pairs["right"]]).unique().sort()
    return records["key"].gather(rows)


def twins_elsewhere(index: Index, reached: pl.Series) -> Hashes:
    """Keys of twins that are among the reached records while the first of their kind is not."""
    is_reached = pl.col("record").is_in(reached.implode())
    first = pl.col("record") == pl.col("record").min().over("key")
    told = index.twins().with_columns(is_reached.alias("is_reached"), (is_reached & first).alias("is_first"))
    found = told.group_by("key").agg(pl.any("is_reached", "is_first"))
    return found.filter(pl.col("is_reached") & ~pl.col("is_first"))["key"].sort().to_numpy()
