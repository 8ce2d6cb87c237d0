"""CPU time of matching changed contacts against that of matching all: `python -m benchmarks.rematch --contacts F`.

F is what the frozen generator of contacts wrote. Of the changed records seven in ten are edited, two are new and one is
deleted. Both ways start from copies of one store, and what they leave in it is compared.
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import numpy as np
import polars as pl

from model.batch import Batch
from model.settings import ProjectSettings
from store import Store
from sync.match import MatchReport, match_records
from sync.workspace import Workspace

_FIELDS = {"first": "given_name", "last": "family_name", "email": "email", "phone": "phone", "company": "company",
           "title": "title"}  # fmt: skip
_PAGE = 50_000


def contacts(path: Path) -> pl.DataFrame:
    """The generated contacts as records of a stream, by id."""
    table = pl.read_parquet(path)
    ids = pl.format("{}", pl.col("id").cast(pl.String).str.zfill(12)).alias("id")
    return table.select(ids, *(pl.col(column).alias(field) for column, field in _FIELDS.items())).sort("id")


def saved(store: Store, frame: pl.DataFrame, version: int) -> None:
    for part in frame.iter_slices(_PAGE):
        columns = part.to_dict(as_series=False)
        columns["changed_at"] = columns["created_at"] = [version] * part.height
        store.save_batch(Batch("sf", "contacts", columns, frozenset(_FIELDS.values())))


def changes(table: pl.DataFrame, number: int, seed: int) -> pl.DataFrame:
    """Edited, new and deleted records; others' values make new ones that look like some that are there."""
    chance = np.random.default_rng(seed)
    some = table[np.sort(chance.choice(table.height, number, replace=False))]
    other = table[chance.integers(0, table.height, number)]
    edited = some[: int(number * 0.7)].with_columns(other["phone"][: int(number * 0.7)].alias("phone"))
    new = some[int(number * 0.7) : int(number * 0.9)]
    new = new.with_columns(pl.format("new{}", "id").alias("id"), other["email"][: new.height].alias("email"))
    gone = some[int(number * 0.9) :]
    flags = [pl.lit(value=False).alias("is_deleted"), pl.lit(value=True).alias("is_deleted")]
    return pl.concat([edited.with_columns(flags[0]), new.with_columns(flags[0]), gone.with_columns(flags[1])]).sort(
        "id"
    )


def timed(path: Path, at: Iterator[int], *, full: bool) -> tuple[MatchReport, float]:
    """One match of a store and its CPU seconds, threads included, from opening the store to closing it."""
    start = time.process_time()
    with Workspace(Store.open(path), ProjectSettings(), path.parent, lambda _: "", clock=lambda: next(at)) as workspace:
        report = match_records(workspace, full=full)
    return report, time.process_time() - start


def content(path: Path) -> list[pl.DataFrame]:
    with Store.open(path) as store:
        findings = store.findings().drop("run_id", "position")
        return [store.pairs(), findings, store.memberships().select("connection", "stream", "id", "entity")]


def main() -> None:
    job = json.loads(sys.argv[1])
    at = count(10**6)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "trueline.db"
        table = contacts(Path(job["contacts"]))
        with Store.open(path) as store:
            saved(store, table, 1)
        _, learning = timed(path, at, full=True)
        with Store.open(path) as store:
            saved(store, changes(table, job["changed"], job["seed"]), 2)
        everything = Path(shutil.copy(path, path.with_name("all.db")))
        some, quick = timed(path, at, full=False)
        every, slow = timed(everything, at, full=True)
        same = all(one.equals(other) for one, other in zip(content(path), content(everything), strict=True))
        size = path.stat().st_size / 1e6
    told = {"records": every.looked_at, "changed": job["changed"], "looked_at": some.looked_at, "store_mb": size,
            "first_cpu_s": learning, "some_cpu_s": quick, "every_cpu_s": slow, "same": same}  # fmt: skip
    print(json.dumps(told))


if __name__ == "__main__":
    main()
