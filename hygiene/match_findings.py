"""What an audit says about matches: duplicates, pairs to decide, kept-apart relatives, test records."""

from __future__ import annotations

import polars as pl

from hygiene.findings import found, gathered

_PAIR_RULES = {
    "mailbox": "shared-mailbox", "family": "family", "parent": "related-account", "subsidiary": "related-account",
    "lei-differs": "related-account", "job-change": "job-change", "split": "cluster-split", "cap": "cluster-too-large",
}  # fmt: skip


def _reasons(pairs: pl.DataFrame) -> pl.DataFrame:
    """By row, the reason of the strongest pair that made it a duplicate."""
    same = pairs.filter(pl.col("decision") == "same")
    sides = [
        same.select(pl.col(side).alias("row"), "probability", "reason", pl.col(other).alias("other"))
        for side, other in (("left", "right"), ("right", "left"))
    ]
    ordered = pl.concat(sides).sort(["row", "probability", "other"], descending=[False, True, False])
    return ordered.unique("row", keep="first", maintain_order=True).select("row", "reason")


def _duplicates(kind: str, members: pl.DataFrame, pairs: pl.DataFrame) -> pl.DataFrame:
    """One finding per surplus record: all of a cluster's records in one connection but the first.

    A counterpart in another connection is what two CRMs have of one person, and no duplicate.
    """
    here = ["cluster", "connection"]
    sized = members.with_columns(
        pl.len().over(here).alias("size"),
        pl.col("row").min().over(here).alias("first"),
        pl.col("key").sort_by("row").first().over(here).alias("head"),
    )
    surplus = sized.filter((pl.col("size") > 1) & (pl.col("row") != pl.col("first")))
    told = surplus.join(_reasons(pairs), on="row", how="left", maintain_order="left")
    noun, rule = ("person", "duplicate-person") if kind == "person" else ("company", "duplicate-account")
    message = pl.format(
        "one of {} records of one " + noun + ", the first being {}: {}", "size", "head", pl.col("reason").fill_null("")
    )
    return found(told, rule, message, value=pl.col("head"))


def pair_findings(pairs: pl.DataFrame) -> pl.DataFrame:
    """One finding per published pair on its later record, for what a person should see: unsure pairs, relatives."""
    asked = pairs.filter((pl.col("rule") != "verdict") & pl.col("decision").is_in(["unsure", "related"])).with_columns(
        pl.col("rule").replace_strict(_PAIR_RULES, default="unsure-pair", return_dtype=pl.String).alias("finding")
    )
    told = asked.select(
        *(pl.col(f"right_{part}").alias(part) for part in ("connection", "stream", "id")),
        pl.concat_str("left_connection", "left_stream", "left_id", separator="/").alias("other"),
        "reason",
        "finding",
    )
    message = pl.format("{}: {}", "reason", "other")
    return gathered(
        found(part, str(rule), message, value=pl.col("other"))
        for (rule,), part in told.partition_by("finding", as_dict=True).items()
    )


def report(kind: str, members: pl.DataFrame, pairs: pl.DataFrame, published: pl.DataFrame) -> pl.DataFrame:
    """Findings of one kind of entity. `members` has row, key, connection, stream, id, is_test and cluster; `pairs` are
    of rows, `published` the same of records."""
    return gathered(
        [
            _duplicates(kind, members, pairs),
            pair_findings(published),
            found(members.filter("is_test"), "test-record", pl.lit("looks like a test record; kept out of matching")),
        ]
    )
