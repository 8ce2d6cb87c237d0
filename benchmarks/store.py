"""Time the store against the plain driver in the same run: `python -m benchmarks.store --rows 1000000`.

Writing: `Store.save_page`, timed from the connector's batch (lists), against `executemany` of tuples that were built
beforehand, with the identical SQL, table, indexes, pragmas and rows per transaction. Reading: `Store.frame` against
`fetchall` of the same rows and columns and building the same frame, its types given. Rounds alternate who is first; the
ratio is that of the medians. `--postgres URL` (an empty database) does the same with psycopg.
"""

from __future__ import annotations

import argparse
import gc
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import islice, repeat
from pathlib import Path
from typing import Any

import polars as pl
import psycopg

from benchmarks import raw
from model.batch import Batch, Page, Watermark
from model.streams import STREAMS, SYSTEM_FIELDS, Field, Value, ValueType
from store import Store
from store.columns import FRAMED, STORED
from store.sqlite import upsert_sql

STREAM = "contacts"
# What a Salesforce pull of contacts fills, roughly: the share of values that are not blank.
_FILLED = {"email": 0.9, "phone": 0.7, "mobile": 0.4, "title": 0.7, "street": 0.6, "city": 0.8, "extra_emails": 0.02}


Rows = list[tuple[Value, ...]]


@dataclass(slots=True)
class Race:
    """Seconds of ours and the peer's, round by round, and what is promised. CPU seconds are those of this process:
    other work on the machine disturbs them less."""

    name: str
    promise: str
    ours: list[float] = field(default_factory=list)
    peer: list[float] = field(default_factory=list)
    ours_cpu: list[float] = field(default_factory=list)
    peer_cpu: list[float] = field(default_factory=list)

    def run(self, ours: Callable[[], object], peer: Callable[[], object]) -> None:
        tasks = [(ours, self.ours, self.ours_cpu), (peer, self.peer, self.peer_cpu)]
        for task, seconds, cpu in tasks if len(self.ours) % 2 else reversed(tasks):
            gc.collect()
            os.sync()  # what the one before left to write must not slow this one down
            start, cpu_start = time.perf_counter(), time.process_time()
            task()
            seconds.append(time.perf_counter() - start)
            cpu.append(time.process_time() - cpu_start)

    def line(self, rows: int) -> str:
        ours, peer, ours_cpu, peer_cpu = map(statistics.median, (self.ours, self.peer, self.ours_cpu, self.peer_cpu))
        rates = f"ours {ours:7.2f} s ({rows / ours:9,.0f} rows/s)   peer {peer:7.2f} s ({rows / peer:9,.0f} rows/s)"
        ratios = f"time {ours / peer:.2f} x, rate {peer / ours:.2f} x, CPU time {ours_cpu / peer_cpu:.2f} x"
        return f"{self.name:<16} {rates}   {ratios}   ({self.promise})"


def contacts(rows: int, seed: int = 7) -> dict[str, list[Value]]:
    """Columns of `rows` contacts with 18-character ids, in id order as pulls bring them."""
    chance = random.Random(seed)
    fields = [field for field in SYSTEM_FIELDS if field.name != "payload"] + list(STREAMS[STREAM].fields)
    return {field.name: list(islice(_values(field, chance), rows)) for field in fields}


def _values(field: Field, chance: random.Random) -> Iterator[Value]:
    filled = _FILLED.get(field.name, 0.85)
    words = [f"{field.name} {chance.randrange(10**6)}" for _ in range(20_000)]
    number = 0
    while True:
        number += 1
        if field.name == "id":
            yield f"003Qw{number:010d}AAA"
        elif field.name == "is_deleted":
            yield False
        elif field.name == "merged_into" or (chance.random() > filled and field.name != "changed_at"):
            yield None
        elif field.type == "text":
            yield words[chance.randrange(20_000)]
        elif field.type == "bool":
            yield chance.random() < 0.1
        else:
            yield chance.randrange(15_000, 20_000) if field.type == "date" else chance.randrange(10**15, 2 * 10**15)


def pages(columns: dict[str, list[Value]], size: int) -> list[Page]:
    rows = len(columns["id"])
    readable = frozenset(STREAMS[STREAM].field_names)
    cut = [{name: values[first : first + size] for name, values in columns.items()} for first in range(0, rows, size)]
    marks = [Watermark(None, str(number)) for number in range(1, len(cut))] + [Watermark(1, None)]
    return [
        Page(Batch("sf", STREAM, part, readable), mark, is_full=True) for part, mark in zip(cut, marks, strict=True)
    ]


class SqlitePeer:
    """Plain sqlite3 on the same table of another store, with the store's pragmas. In one process with the store it
    binds blanks and flags as fast as that does."""

    def __init__(self, path: Path) -> None:
        Store.open(path).close()
        self._raw = raw.opened(path)

    def save(self, sql: str, batches: Sequence[Rows]) -> None:
        for batch in batches:
            raw.save(self._raw, sql, batch)

    def fetch(self, sql: str) -> list[Any]:
        return self._raw.execute(sql).fetchall()

    def close(self) -> None:
        self._raw.close()


class PostgresPeer:
    """Plain psycopg on the table of the same store, under another connection's name."""

    def __init__(self, url: str) -> None:
        self._raw = psycopg.connect(url)

    def save(self, sql: str, batches: Sequence[Rows]) -> None:
        with self._raw.cursor() as cursor:
            for batch in batches:
                cursor.executemany(sql.replace("?", "%s").encode(), batch)
                self._raw.commit()

    def fetch(self, sql: str) -> list[Any]:
        rows = self._raw.execute(sql.encode()).fetchall()
        self._raw.commit()
        return rows

    def close(self) -> None:
        self._raw.close()


def fetch_frame(peer: SqlitePeer | PostgresPeer, connection: str) -> pl.DataFrame:
    fields = [field for field in (*SYSTEM_FIELDS, *STREAMS[STREAM].fields) if field.name != "payload"]
    kinds: dict[str, ValueType] = {"connection": "text", **{field.name: field.type for field in fields}}
    names = ", ".join(f'"{name}"' for name in kinds)
    where = f"connection = '{connection}' AND is_deleted IS FALSE"
    rows = peer.fetch(f'SELECT {names} FROM "{STREAM}" WHERE {where} ORDER BY connection, id')
    flags = pl.Int64() if isinstance(peer, SqlitePeer) else pl.Boolean()
    schema = {name: flags if kind == "bool" else STORED[kind] for name, kind in kinds.items()}
    return pl.DataFrame(rows, schema=schema, orient="row").cast({name: FRAMED[kind] for name, kind in kinds.items()})


def save_ours(store: Store, run_id: str, every: Sequence[Page]) -> None:
    for page in every:
        store.save_page(run_id, page)


@contextmanager
def opened(folder: Path, postgres: str | None) -> Iterator[tuple[Store, SqlitePeer | PostgresPeer, str]]:
    """A store, its peer and the connection name under which the peer saves, all empty."""
    if postgres:
        with psycopg.connect(postgres) as connection:
            connection.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    name = postgres or folder / "ours.db"
    with Store.open(name) as store:
        peer = PostgresPeer(postgres) if postgres else SqlitePeer(folder / "peer.db")
        try:
            yield store, peer, "peer" if postgres else "sf"
        finally:
            peer.close()


def prebuilt(every: Sequence[Page], connection: str, number: int) -> list[Rows]:
    """The pages as tuples in the order of the upsert's columns."""
    constants = (repeat(connection), repeat(number), repeat(False))
    return [list(zip(*constants, *page.batch.columns.values(), strict=False)) for page in every]


def run_races(columns: dict[str, list[Value]], page_size: int, rounds: int, postgres: str | None) -> list[Race]:
    every = pages(columns, page_size)
    sql = upsert_sql(STREAM, ("connection", "seen_in", "vanished", *columns))
    name = "peer" if postgres else "sf"
    first, again = (Race(name, "rate to reach 0.6 x") for name in ("first full pull", "next full pull"))
    reading = Race("frame", "time at most 0.7 x")
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as folder, opened(Path(folder), postgres) as (store, peer, peer_name):
            run_id = store.begin_run("pull", 0)
            # The number of the full pull is new each time: SQLite does not write a row that stays the same.
            for number, race in enumerate((first, again), start=1):
                race.run(
                    partial(save_ours, store, run_id, every), partial(peer.save, sql, prebuilt(every, name, number))
                )
            reading.run(partial(store.frame, STREAM, connections=["sf"]), partial(fetch_frame, peer, peer_name))
            mine, theirs = store.frame(STREAM, connections=["sf"]), fetch_frame(peer, peer_name)
            assert mine.drop("connection").equals(theirs.drop("connection")), "the frames differ"
    return [first, again, reading]


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", "--rows", dest="rows", type=int, default=1_000_000)
    parser.add_argument("--page", type=int, default=2_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--postgres", metavar="URL")
    options = parser.parse_args(arguments)
    system = "PostgreSQL, peer psycopg" if options.postgres else "SQLite, peer sqlite3"
    print(f"{options.rows:,} contacts, {options.page:,} per page, median of {options.rounds} rounds, {system}")
    for race in run_races(contacts(options.rows), options.page, options.rounds, options.postgres):
        print(race.line(options.rows))


if __name__ == "__main__":
    main(sys.argv[1:])
