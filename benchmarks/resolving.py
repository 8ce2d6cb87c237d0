"""People to accounts: how many are linked, how many of them rightly, and how long a million take.

    python -m benchmarks resolving
    python -m benchmarks resolving --speed --size 1220000

Labelled sets: company names of the shared data against account lists, by name alone, and CRMs of the sandbox's
generator whose links are hidden in part. Precision counts the accounts that were chosen, coverage the people whose true
account exists and for whom one was chosen. `--speed` resolves about a million people of a generated pair of CRMs
against all their accounts, from frames to choices, and takes a minute to generate them.
"""

from __future__ import annotations

import argparse
import resource
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import polars as pl

from hygiene.match import match
from hygiene.resolve import resolve
from hygiene.resolve_tables import resolve_names, resolve_tables
from tests.hygiene.generated import generated

SHARED = Path(__file__).parents[1].parent / "shared" / "data" / "companies"
# Contacts, seed, dirt, share of contacts whose link is hidden.
CRMS = ((3_000, 51, 1.0, 0.2), (20_000, 52, 0.4, 0.2), (20_000, 53, 1.0, 0.2), (20_000, 54, 2.0, 0.2),
        (20_000, 55, 1.0, 1.0))  # fmt: skip
_PEOPLE = {"company": "company_name", "email": "email", "phone": "phone", "country": "country", "website": "domain",
           "city": "area"}  # fmt: skip
_ACCOUNTS = {"name": "company_name", "website": "domain", "phone": "phone", "country": "country", "city": "area"}


def _read(path: Path) -> pl.DataFrame:
    return pl.read_csv(path, infer_schema_length=0)


def _name_sets() -> Iterator[tuple[str, pl.Series, pl.Series, pl.Series]]:
    """What is called, the names, the accounts, and for each name the row of its account."""
    tickers, dnb = SHARED / "tickers", SHARED / "dnb_name_matching"
    if tickers.is_dir():
        accounts = _read(tickers / "gold_sec_accounts.csv").with_row_index("row")
        for name, file, column in (("S&P 500", "gold_sp500_to_sec_dev.csv", "Security"),
                                   ("listings", "gold_listing_to_sec_dev.csv", "name")):  # fmt: skip
            asked = _read(tickers / file).join(accounts, on="cik10", how="left", maintain_order="left")
            yield name, asked[column], accounts["sec_name"], asked["row"]
    if dnb.is_dir():
        names = _read(dnb / "adjusted_test_names.csv")["company_name"]
        rows = pl.Series(np.arange(len(names), dtype=np.uint32))
        yield "DNB, misspelt", names, _read(dnb / "test_names.csv")["company_name"], rows


def _share(right: pl.Series) -> float:
    """The share that is true; what is null is not."""
    return int(right.sum()) / max(len(right), 1)


def _names() -> None:
    print("| Names | Accounts | first is right | precision | coverage |\n|---|---|---|---|---|")
    for name, asked, accounts, true in _name_sets():
        first = resolve_names(asked, accounts, threshold=0.0)["account_row"]
        chosen = resolve_names(asked, accounts)["account_row"]
        right = (chosen == true).drop_nulls()
        shares = (_share(first == true), _share(right), chosen.count() / len(chosen))
        print(f"| {name}, {len(asked):,} | {len(accounts):,} | {' | '.join(f'{share:.4f}' for share in shares)} |")


def _crms() -> None:
    print(
        "\n| Generated CRMs | people | with account | precision | coverage | very record |\n|---|---|---|---|---|---|"
    )
    for contacts, seed, dirt, hidden in CRMS:
        print(f"| {contacts:,} contacts, dirt {dirt:g}, {hidden:.0%} hidden | {_crm(contacts, seed, dirt, hidden)} |")


def _crm(contacts: int, seed: int, dirt: float, hidden: float) -> str:
    made = generated(contacts, seed, dirt)
    frames = dict(made.frames)
    told = frames["contacts"]
    is_hidden = pl.Series(np.random.default_rng(seed).random(len(told)) < hidden)
    frames["contacts"] = told.with_columns(pl.when(~is_hidden).then("account_id").alias("account_id"))
    links = resolve(frames, match(frames).memberships)
    key = ["connection", "stream", "id"]
    links = links.rename(dict(zip(("person_connection", "person_stream", "person_id"), key, strict=True)))
    accounts = made.entities.filter(pl.col("stream") == "accounts").select(
        "connection", pl.col("id").alias("account_id"), pl.col("entity").alias("chosen")
    )
    there = accounts.select("connection", pl.col("chosen").alias("account")).unique()
    true = made.account_of.join(there, on=["connection", "account"], how="semi")
    linked = told.select("connection", pl.lit("contacts").alias("stream"), "id", pl.col("account_id").alias("linked"))
    known = (
        links.join(accounts, on=["connection", "account_id"], how="left")
        .join(true, on=key, how="left")
        .join(linked, on=key, how="left")
    )
    chosen, has = known.filter(pl.col("account_id").is_not_null()), known.filter(pl.col("account").is_not_null())
    precision = _share(chosen["chosen"] == chosen["account"])
    record = _share((chosen["account_id"] == chosen["linked"]).drop_nulls())
    coverage = has["account_id"].count() / len(has)
    return f"{len(known):,} | {len(has):,} | {precision:.4f} | {coverage:.4f} | {record:.3f}"


def _speed(size: int) -> None:
    made = generated(size, 5)
    people = pl.concat(
        [made.frames["leads"], made.frames["contacts"].filter(pl.col("connection") == "hs")], how="diagonal"
    )
    accounts = made.frames["accounts"].with_columns(pl.coalesce("domain", "website").alias("website"))
    people, accounts = people.select(*_PEOPLE), accounts.select(*_ACCOUNTS)
    del made
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    for name in ("by name", "by all evidence"):
        begun, spent = time.perf_counter(), time.process_time()
        if name == "by name":
            resolve_names(people["company"], accounts["name"])
        else:
            resolve_tables(people, accounts, _PEOPLE, _ACCOUNTS)
        wall, cpu = time.perf_counter() - begun, time.process_time() - spent
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        print(f"{name:16} {len(people):,} people, {len(accounts):,} accounts: {wall:.1f} s, {cpu:.1f} s of processor, "
              f"peak {peak:,} MB ({before:,} MB before)   (promised: under 60 s)")  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description="People to accounts.")
    parser.add_argument("--speed", action="store_true", help="time a large run instead")
    parser.add_argument("--size", type=int, default=1_220_000, help="contacts to generate for --speed")
    given = parser.parse_args()
    if given.speed:
        _speed(given.size)
    else:
        _names()
        _crms()


if __name__ == "__main__":
    main()
