"""Resolve names or people to accounts, alone in a process: `python -m benchmarks.resolve_one JSON`.

The job's `do` is one of: `save` (names and accounts of the set to the `folder`, for a peer), `names` (ours, and beside
it a peer's `answers`), `crm` (a generated CRM with links hidden: `contacts`, `seed`, `dirt`, `hidden`), `make_many`
(the people of so many `contacts` and all accounts, saved to a `folder`) and `many` (the time and memory it takes to
resolve them). Printed as JSON.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from benchmarks.evaluate import answer_score, coverage
from benchmarks.judge import judged_pairs
from benchmarks.labelled import LabelledSet, read_text_table
from benchmarks.match_one import measured
from benchmarks.meter import peak_mb
from benchmarks.sets import DATA, labelled_set
from hygiene.match import match
from hygiene.resolve import resolve
from hygiene.resolve_tables import resolve_names, resolve_tables
from tests.hygiene.generated import generated

KEY = ("connection", "stream", "id")
_LINK = {"person_connection": "connection", "person_stream": "stream", "person_id": "id"}
_PEOPLE = {"company": "company_name", "email": "email", "phone": "phone", "country": "country", "website": "domain",
           "city": "area"}  # fmt: skip
_ACCOUNTS = {"name": "company_name", "site": "domain", "phone": "phone", "country": "country", "city": "area"}
_TICKERS = {"sp500_dev": ("gold_sp500_to_sec_dev.csv", "Security"),
            "listings_dev": ("gold_listing_to_sec_dev.csv", "name")}  # fmt: skip


@dataclass(frozen=True, slots=True)
class NameSet:
    """Names, accounts, and the row of the account that each name means; `asked` is the labelled set that it is."""

    names: pl.Series
    accounts: pl.Series
    true: pl.Series
    asked: LabelledSet | None = None


def name_set(name: str) -> NameSet:
    if name in _TICKERS:
        file, column = _TICKERS[name]
        listed = read_text_table(DATA / "companies" / "tickers" / "gold_sec_accounts.csv").with_row_index("row")
        table = read_text_table(DATA / "companies" / "tickers" / file)
        joined = table.join(listed.select("cik10", "row"), on="cik10", how="left", maintain_order="left")
        return NameSet(table[column], listed["sec_name"], joined["row"])
    one = labelled_set(name, Path(), None)
    assert one.boundary is not None
    names, accounts = one.table["name"][: one.boundary], one.table["name"][one.boundary :]
    rows = pl.DataFrame({"truth": one.truth[one.boundary :]}).with_row_index("row")
    asked = pl.DataFrame({"truth": one.truth[: one.boundary]})
    return NameSet(names, accounts, asked.join(rows, on="truth", how="left", maintain_order="left")["row"], one)


def save(folder: str, name: str) -> dict[str, Any]:
    one = name_set(name)
    for file, column in (("names", one.names), ("accounts", one.accounts)):
        column.cast(pl.String).alias("name").to_frame().write_parquet(Path(folder) / f"{file}.parquet")
    return {}


def names(name: str, precise: float, answers: str | None = None) -> dict[str, Any]:
    """Ours at its default threshold; the first of each whatever its probability; a peer's first, and how many it could
    answer so precisely if it abstained below a threshold that knew the truth."""
    one = name_set(name)
    found, spent = measured(lambda: resolve_names(one.names, one.accounts)["account_row"])
    told = {"names": len(one.names), "accounts": len(one.accounts), **spent}
    if one.asked is not None and one.asked.pairs is not None:
        return {**told, "pairs": _pairs(one.asked, found)}
    first = resolve_names(one.names, one.accounts, threshold=0.0)["account_row"]
    score = answer_score(found, one.true)
    told |= {"precision": score.precision, "coverage": coverage(found, one.true), "first": _right(first, one.true)}
    return told if answers is None else {**told, **_peer(one, pl.read_parquet(answers), precise)}


def _pairs(one: LabelledSet, found: pl.Series) -> dict[str, float]:
    hits = pl.DataFrame({"left": range(len(found)), "right": found + one.boundary}).drop_nulls()
    return dict(judged_pairs(one, hits)["pairs"])


def _right(found: pl.Series, true: pl.Series) -> float:
    return answer_score(found, true).recall


def _peer(one: NameSet, answers: pl.DataFrame, least: float) -> dict[str, float]:
    right = (answers["account_row"] == one.true).fill_null(value=False).to_numpy()
    order = np.argsort(-answers["cosine"].to_numpy(), kind="stable")
    precise = np.flatnonzero(np.cumsum(right[order]) / np.arange(1, len(order) + 1) >= least)
    return {"peer_first": float(right.mean()), "peer_coverage": (precise.max(initial=-1) + 1) / len(right)}


def crm(contacts: int, seed: int, dirt: float, hidden: float) -> dict[str, Any]:
    """Precision of the accounts that were chosen, and the share of the people with a true account for whom one was."""
    made = generated(contacts, seed, dirt)
    told = made.frames["contacts"]
    is_hidden = pl.Series(np.random.default_rng(seed).random(len(told)) < hidden)
    frames = {**made.frames, "contacts": told.with_columns(pl.when(~is_hidden).then("account_id").alias("account_id"))}
    memberships = match(frames).memberships
    links, spent = measured(lambda: resolve(frames, memberships))
    accounts = made.entities.filter(pl.col("stream") == "accounts").select(
        "connection", pl.col("id").alias("account_id"), pl.col("entity").alias("chosen")
    )
    there = accounts.select("connection", pl.col("chosen").alias("account")).unique()
    true = made.account_of.join(there, on=["connection", "account"], how="semi")
    known = links.rename(_LINK).join(accounts, on=["connection", "account_id"], how="left").join(
        true, on=list(KEY), how="left")  # fmt: skip
    score = answer_score(known["chosen"], known["account"])
    return {"people": len(known), "answerable": int(score.true), "right": score.right, "found": score.found,
            "covered": coverage(known["chosen"], known["account"]) * score.true, **spent}  # fmt: skip


def make_many(folder: str, contacts: int) -> dict[str, Any]:
    """Leads and the HubSpot's contacts of two CRMs, and the accounts of both."""
    made = generated(contacts, 5)
    theirs = made.frames["contacts"].filter(pl.col("connection") == "hs")
    people = pl.concat([made.frames["leads"], theirs], how="diagonal").select(*_PEOPLE)
    site = pl.coalesce("domain", "website").alias("site")
    Path(folder).mkdir(parents=True, exist_ok=True)
    people.write_parquet(Path(folder) / "people.parquet")
    made.frames["accounts"].with_columns(site).select(*_ACCOUNTS).write_parquet(Path(folder) / "accounts.parquet")
    return {}


def many(folder: str) -> dict[str, Any]:
    """By all evidence."""
    people, accounts = (pl.read_parquet(Path(folder) / f"{name}.parquet") for name in ("people", "accounts"))
    before = peak_mb()
    _, spent = measured(lambda: resolve_tables(people, accounts, _PEOPLE, _ACCOUNTS))
    return {"people": len(people), "accounts": len(accounts), "before_mb": before, **spent}


_DO: Mapping[str, Callable[..., dict[str, Any]]] = {"save": save, "names": names, "crm": crm, "make_many": make_many,
                                                  "many": many}  # fmt: skip


def main() -> None:
    job = json.loads(sys.argv[1])
    print(json.dumps(_DO[job.pop("do")](**job)))


if __name__ == "__main__":
    main()
