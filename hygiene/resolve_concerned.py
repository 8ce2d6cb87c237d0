"""Whom it concerns that people or accounts are others than they were, or that contacts hang elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import polars as pl

from hygiene.candidates import LABEL, OFFICE, called, shortened
from hygiene.resolve_pool import KEY, Own, Pool, with_family

_PLACE = ["connection", "id"]
_HANGS = ["connection", "account_id"]
# What a linked contact says of its account to others.
_SAID = ["connection", "stream", "id", "entity", "domain", "company_key", "phone", "account_id"]


@dataclass(frozen=True, slots=True)
class Carriers:
    """What is otherwise than it was, on both sides of the change: `accounts` rows, and rows of contacts that hang, or
    hung, on accounts (`hanging`). `before` and `now` are all records, `lent` the contacts that hang on accounts only by
    what was found for them."""

    before: Own
    now: Own
    accounts: pl.DataFrame
    hanging: pl.DataFrame
    lent: pl.DataFrame

    @classmethod
    def between(cls, before: Own, now: Own, was: Own, said: Own) -> Carriers:
        """`was` and `said` are what the records say that may have changed."""
        people = _differing(was.people.select(_SAID), said.people.select(_SAID)).drop_nulls("account_id")
        changed = _differing(was.accounts, said.accounts)
        deals = _differing(was.deals, said.deals).select("connection", pl.col("account_id").alias("id"))
        moved = [changed.select(_PLACE), deals, people.select("connection", pl.col("account_id").alias("id"))]
        if len(changed):
            moved.append(_other_family(before.accounts, now.accounts))
        return cls(before, now, changed, people, people.clear())._with_accounts(pl.concat(moved).unique())

    def settled(self, before: pl.DataFrame, now: pl.DataFrame) -> Carriers:
        """With what is otherwise where contacts were linked (schema SETTLED) before, and are now, and with those of
        them that hang on any of the accounts."""
        moved = _differing(before, now).select(*KEY, "account_id")
        whole = self._with_accounts(moved.select("connection", pl.col("account_id").alias("id")).unique())
        every = pl.concat([before, now]).select(*KEY, "account_id").unique()
        people = [own.people.drop("account_id").join(every, on=KEY).select(_SAID) for own in (self.before, self.now)]
        lent = pl.concat(people).unique()
        beside = lent.join(whole.accounts, left_on=_HANGS, right_on=_PLACE, how="semi")
        told = [whole.hanging, beside, lent.join(moved, on=moved.columns, how="semi")]
        return replace(whole, hanging=pl.concat(told).unique(), lent=lent)

    def _with_accounts(self, places: pl.DataFrame) -> Carriers:
        """With these accounts, and all who hang on them."""
        accounts = [own.accounts.join(places, on=_PLACE, how="semi") for own in (self.before, self.now)]
        hanging = [
            own.people.select(_SAID).join(places, left_on=_HANGS, right_on=_PLACE, how="semi")
            for own in (self.before, self.now)
        ]
        return replace(
            self,
            accounts=pl.concat([self.accounts, *accounts]).unique(),
            hanging=pl.concat([self.hanging, *hanging]).unique(),
        )


def concerned(pooled: Pool, carriers: Carriers, *fits: pl.DataFrame) -> pl.Series:
    """The numbers of the people to whom one of these accounts, or contacts, may say something."""
    people, accounts, hanging = pooled.people, carriers.accounts, carriers.hanging
    domain, phone = pl.col("domain"), pl.col("phone")
    found = [
        *(_meeting(people, ours, accounts, domain) for ours in (domain, pl.col("site"))),
        *(_meeting(people, ours, accounts, phone) for ours in (phone, pl.col("mobile"))),
        _meeting(people, LABEL, accounts, pl.col("label")),
        _meeting(people, pl.col("place"), accounts, pl.col("place")),
        _meeting(people, OFFICE, accounts, OFFICE),
        *(_meeting(people, key, hanging, key) for key in (domain, pl.col("company_key"), OFFICE)),
        _near(people, accounts),
        _named(people, accounts, fits),
        _others(people, carriers),
    ]
    return pl.concat(found).unique().sort()


def _meeting(people: pl.DataFrame, ours: pl.Expr, others: pl.DataFrame, theirs: pl.Expr) -> pl.Series:
    wanted = others.select("connection", theirs.alias("key")).drop_nulls().unique()
    if wanted.is_empty():
        return people["person"].clear()
    asking = people.select("person", "connection", ours.alias("key"))
    return asking.join(wanted, on=["connection", "key"], how="semi")["person"]


def _near(people: pl.DataFrame, accounts: pl.DataFrame) -> pl.Series:
    """Who has a domain that is one of these in any connection, or a keystroke from one."""
    domains = accounts.select("domain").drop_nulls().unique()
    if domains.is_empty():
        return people["person"].clear()
    near = shortened(people["domain"]).join(shortened(domains["domain"]), on="part", how="semi")
    either = pl.concat([domains, near.select(pl.col("key").alias("domain"))]).unique()
    return people.join(either, on="domain", how="semi")["person"]


def _named(people: pl.DataFrame, accounts: pl.DataFrame, fits: Sequence[pl.DataFrame]) -> pl.Series:
    names = called(accounts).select(pl.col("called").alias("account")).unique()
    meaning = [known.join(names, on="account", how="semi").select(pl.col("name").alias("company")) for known in fits]
    return people.join(pl.concat(meaning).unique(), on="company", how="semi")["person"]


def _others(asking: pl.DataFrame, carriers: Carriers) -> pl.Series:
    """Who has another record that hangs on one of these companies, in whatever connection."""
    companies = carriers.accounts.select("entity").unique()
    entities = [carriers.hanging.select("entity")]
    for own in (carriers.before, carriers.now):
        places = own.accounts.join(companies, on="entity", how="semi").select(_PLACE)
        hanging = (own.people.select(_SAID), carriers.lent)
        entities += [one.join(places, left_on=_HANGS, right_on=_PLACE, how="semi").select("entity") for one in hanging]
    return asking.join(pl.concat(entities).drop_nulls().unique(), on="entity", how="semi")["person"]


def _other_family(before: pl.DataFrame, now: pl.DataFrame) -> pl.DataFrame:
    """The accounts whose ultimate parent is another company."""
    families = []
    for accounts in (before, now):
        placed = with_family(accounts)
        tops = placed.select("house", pl.struct("connection", "entity").alias("top")).unique("house")
        families.append(placed.join(tops, left_on="family", right_on="house").select(*_PLACE, "top"))
    return _differing(*families).select(_PLACE)


def _differing(before: pl.DataFrame, now: pl.DataFrame) -> pl.DataFrame:
    """The rows that only one of both has."""
    names = before.columns
    return pl.concat(
        [one.join(other, on=names, how="anti", nulls_equal=True) for one, other in ((before, now), (now, before))]
    )
