"""Candidates for the account of a person: where domain, name, phone, address, colleagues and other records point.

Each that points is a column of the pair; what it is worth is said in `account_odds`.
"""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from hygiene.linkage.company_match import name_fits
from hygiene.resolve_pool import Pool

# A key that more accounts have than this names none of them; their names still may.
BLOCK = 50
# The last digits of a phone number are the desk's.
_DESK = 3
# Less likely readings of a name make no candidate, nor do more than so many.
_LEAST, _READINGS = -4.0, 6
_PAIR = ["person", "account"]
LABEL = pl.col("domain").str.extract(r"^([^.]+)").str.replace_all("-", "")
OFFICE = pl.col("phone").str.head(-_DESK)


def candidates(pool: Pool, named: pl.DataFrame) -> pl.DataFrame:
    """One row per person and account that something points to, sorted, with a column for each thing that points.

    by_domain, by_site, by_label, by_near, by_phone, by_place: true or null. name_odds, name_reason and same_name where
    the account's name may be meant. For colleagues, linked people who share the domain, company name or office phone,
    and for other records of the same person: how many hang here and how many in all (domain_here, domain_all, …).
    `named` are the `named_accounts` of these people, and of others.
    """
    ours = named.join(pool.people, on="person", how="semi")
    hits = [frame for frame in (ours, *_hits(pool)) if len(frame)]
    none = pl.DataFrame(schema={"person": pl.UInt32, "account": pl.UInt32, **_COLUMNS})
    found = pl.concat([none, *hits], how="diagonal")
    return found.group_by(_PAIR).agg(pl.col(*_COLUMNS).drop_nulls().first()).sort(_PAIR)


_MARKS = ("by_domain", "by_site", "by_label", "by_near", "by_phone", "by_place")
_COUNTS = tuple(f"{name}_{where}" for name in ("domain", "company", "office", "entity") for where in ("here", "all"))
_COLUMNS: dict[str, pl.DataType] = {
    **dict.fromkeys(_MARKS, pl.Boolean()),
    "name_odds": pl.Float64(), "name_reason": pl.String(), "same_name": pl.Boolean(),
    **dict.fromkeys(_COUNTS, pl.Int64()),
}  # fmt: skip


def _hits(pool: Pool) -> Iterator[pl.DataFrame]:
    people, accounts, linked = pool.people, pool.accounts, pool.linked
    domain, label = pl.col("domain"), pl.col("label")
    yield _same(people, domain, accounts, domain, "by_domain")
    yield _same(people, pl.col("site"), accounts, domain, "by_site")
    yield _same(people, LABEL, accounts, label, "by_label")
    yield _same(people, pl.col("phone"), accounts, pl.col("phone"), "by_phone")
    yield _same(people, pl.col("mobile"), accounts, pl.col("phone"), "by_phone")
    yield _same(people, pl.col("place"), accounts, pl.col("place"), "by_place")
    yield _near(people, accounts)
    yield _colleagues(people, domain, linked, domain, "domain")
    yield _colleagues(people, pl.col("company_key"), linked, pl.col("company_key"), "company")
    offices = pl.concat(
        [linked.select("connection", "account", "phone"), accounts.select("connection", "account", "phone")]
    )
    yield _colleagues(people, OFFICE, offices, OFFICE, "office")
    yield _others(people, accounts, linked)


def _same(people: pl.DataFrame, ours: pl.Expr, accounts: pl.DataFrame, theirs: pl.Expr, mark: str) -> pl.DataFrame:
    """The accounts of the person's connection that have the same key."""
    wanted = people.select("person", "connection", ours.alias("key")).drop_nulls("key")
    keyed = _asked(accounts.select("account", "connection", theirs.alias("key")), wanted)
    few = keyed.filter(pl.len().over("connection", "key") <= BLOCK)
    return wanted.join(few, on=["connection", "key"]).select(*_PAIR, pl.lit(value=True).alias(mark))


def _asked(keyed: pl.DataFrame, wanted: pl.DataFrame) -> pl.DataFrame:
    """The rows whose key somebody of the connection has."""
    return keyed.join(wanted.select("connection", "key").unique(), on=["connection", "key"], how="semi")


def shortened(keys: pl.Series) -> pl.DataFrame:
    """Columns key and part: each key of some length, and each without one of its characters."""
    size, place = pl.col("key").str.len_chars(), pl.col("place")
    distinct = keys.to_frame("key").drop_nulls().unique().filter(size >= 8)
    # The place behind the last one leaves the key as it is.
    places = distinct.with_columns(pl.int_ranges(0, size + 1).alias("place")).explode("place")
    less = pl.col("key").str.slice(0, place) + pl.col("key").str.slice(place + 1)
    return places.select("key", less.hash(11).alias("part")).unique()


def _near(people: pl.DataFrame, accounts: pl.DataFrame) -> pl.DataFrame:
    """Accounts whose domain is a keystroke from the person's, which no account has."""
    known = accounts["domain"].drop_nulls().unique()
    wanted = people.drop_nulls("domain").join(accounts, on="domain", how="anti")
    if wanted.is_empty():
        return pl.DataFrame()
    near = shortened(wanted["domain"]).join(shortened(known), on="part", suffix="_known")
    pairs = near.select(pl.col("key").alias("domain"), "key_known").unique()
    meant = wanted.select("person", "connection", "domain").join(pairs, on="domain")
    owners = accounts.select("connection", "account", pl.col("domain").alias("key_known"))
    found = meant.join(owners, on=["connection", "key_known"])
    return found.select(*_PAIR, pl.lit(value=True).alias("by_near")).unique()


def called(accounts: pl.DataFrame) -> pl.DataFrame:
    """Columns connection, called and, of numbered accounts, account: the names of accounts, legal ones too."""
    every = [
        accounts.select("connection", pl.col("^account$"), pl.col(name).alias("called"))
        for name in ("name", "legal_name")
    ]
    return pl.concat(every).drop_nulls().unique()


def named_accounts(pool: Pool, fits: pl.DataFrame | None = None) -> pl.DataFrame:
    """Accounts that each person's company name may mean, by name or legal name: who is linked changes nothing here.

    `fits` are the `name_fits` of all these companies, where they are known.
    """
    people, names = pool.people, called(pool.accounts)
    told = name_fits(people["company"], names["called"]) if fits is None else fits
    fits = told.filter(pl.col("log_odds") >= _LEAST)
    fits = fits.filter(pl.col("log_odds").rank("min", descending=True).over("name") <= _READINGS)
    meant = people.select("person", "connection", "company").join(fits, left_on="company", right_on="name")
    found = meant.join(names, left_on=["connection", "account"], right_on=["connection", "called"], suffix="_number")
    best = found.sort("log_odds", "account", descending=[True, False]).unique(
        ["person", "account_number"], keep="first", maintain_order=True
    )
    return best.select(
        "person", pl.col("account_number").alias("account"), pl.col("log_odds").alias("name_odds"),
        pl.col("reason").alias("name_reason"), pl.col("is_same").alias("same_name"),
    )  # fmt: skip


def _colleagues(people: pl.DataFrame, ours: pl.Expr, linked: pl.DataFrame, theirs: pl.Expr, name: str) -> pl.DataFrame:
    wanted = people.select("person", "connection", ours.alias("key")).drop_nulls("key")
    keyed = _asked(linked.select("connection", "account", theirs.alias("key")), wanted)
    here = keyed.group_by("connection", "key", "account").agg(pl.len().cast(pl.Int64).alias(f"{name}_here"))
    told = here.with_columns(
        pl.col(f"{name}_here").sum().over("connection", "key").alias(f"{name}_all"),
        pl.len().over("connection", "key").alias("accounts"),
    ).filter(pl.col("accounts") <= BLOCK)
    return wanted.join(told, on=["connection", "key"]).select(*_PAIR, f"{name}_here", f"{name}_all")


def _others(people: pl.DataFrame, accounts: pl.DataFrame, linked: pl.DataFrame) -> pl.DataFrame:
    """Accounts of the companies on which other records of the person hang, in any connection."""
    companies = accounts.select("account", pl.col("entity").alias("company"))
    hangs = linked.select("entity", "account").join(people, on="entity", how="semi").join(companies, on="account")
    here = hangs.group_by("entity", "company").agg(pl.len().cast(pl.Int64).alias("entity_here"))
    told = here.with_columns(pl.col("entity_here").sum().over("entity").alias("entity_all"))
    wanted = people.select("person", "connection", "entity").join(told, on="entity")
    ours = accounts.select("account", "connection", pl.col("entity").alias("company"))
    return wanted.join(ours, on=["connection", "company"]).select(*_PAIR, "entity_here", "entity_all")
