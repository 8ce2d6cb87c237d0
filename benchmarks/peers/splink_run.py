"""Splink over one table: `python -m benchmarks.peers.splink_run FAMILY TABLE.parquet PAIRS.parquet [--boundary N]`.

Runs in the peer's interpreter. Writes the pairs of 0.01 and above (left, right: rows; probability) and prints as JSON
the seconds, CPU seconds and peak memory of one run at a threshold of 0.9, from frame to clusters.
"""

from __future__ import annotations

import argparse
import json
import logging
import time
import warnings

import polars as pl
from splink import Linker, SettingsCreator
from splink.backends.duckdb import DuckDBAPI

from benchmarks.meter import peak_mb
from benchmarks.peers.splink_recipes import Recipe, recipe_of

FLOOR = 0.01
PREDICTED = 0.5


def trained(recipe: Recipe, table: pl.DataFrame, boundary: int | None) -> Linker:
    """A linker that has learned."""
    ready = recipe.prepare(table).with_row_index("unique_id").with_columns(pl.col("unique_id").cast(pl.Int64))
    parts = [ready] if boundary is None else [ready[:boundary], ready[boundary:]]
    settings = SettingsCreator(
        link_type="dedupe_only" if boundary is None else "link_only",
        comparisons=list(recipe.comparisons),
        blocking_rules_to_generate_predictions=list(recipe.blocks),
        retain_intermediate_calculation_columns=False,
        retain_matching_columns=False,
    )
    api = DuckDBAPI()
    frames = [api.register(part.to_arrow()) for part in parts]
    linker = Linker(frames if boundary is not None else frames[0], settings)
    training = linker.training
    training.estimate_probability_two_random_records_match(list(recipe.prior), recall=recipe.recall)
    training.estimate_u_using_random_sampling(max_pairs=1e6)
    for rule in recipe.train:
        training.estimate_parameters_using_expectation_maximisation(rule)
    return linker


def pairs_of(predictions: object) -> pl.DataFrame:
    """left, right (rows, the smaller first) and probability."""
    found = pl.from_arrow(_arrow(predictions))
    assert isinstance(found, pl.DataFrame)
    left, right = pl.col("unique_id_l"), pl.col("unique_id_r")
    return found.select(
        pl.min_horizontal(left, right).cast(pl.Int64).alias("left"),
        pl.max_horizontal(left, right).cast(pl.Int64).alias("right"),
        pl.col("match_probability").alias("probability"),
    )


def _arrow(result: object) -> object:
    relation = result.as_duckdbpyrelation().arrow()  # type: ignore[attr-defined]
    return relation.read_all() if hasattr(relation, "read_all") else relation


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("family")
    parser.add_argument("table")
    parser.add_argument("pairs")
    parser.add_argument("--boundary", type=int)
    parser.add_argument("--threshold", type=float, default=0.9)
    given = parser.parse_args()
    logging.disable(logging.WARNING)
    warnings.simplefilter("ignore")
    recipe, table = recipe_of(given.family), pl.read_parquet(given.table)

    begun, begun_cpu = time.perf_counter(), time.process_time()
    linker = trained(recipe, table, given.boundary)
    sure = linker.inference.predict(threshold_match_probability=PREDICTED)
    clusters = linker.clustering.cluster_pairwise_predictions_at_threshold(
        sure, threshold_match_probability=given.threshold
    )
    _arrow(clusters)
    spent = {"seconds": time.perf_counter() - begun, "cpu_s": time.process_time() - begun_cpu, "peak_mb": peak_mb()}
    pairs_of(linker.inference.predict(threshold_match_probability=FLOOR)).write_parquet(given.pairs)
    print(json.dumps(spent))


if __name__ == "__main__":
    main()
