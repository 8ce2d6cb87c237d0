"""People to accounts once more, where something changed: what of it is left is what resolving everybody would give.

What records say is kept, and so are the accounts' names that each company name may mean: these are looked up when a
company name first comes up, and again when an account gets or loses such a name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import polars as pl

from hygiene.candidates import called, named_accounts
from hygiene.linkage.company_match import name_fits
from hygiene.normalise import normalise_all
from hygiene.resolve import SETTLED, chosen, lines
from hygiene.resolve_concerned import Carriers, concerned
from hygiene.resolve_pool import KEY, Own, Pool, own
from model.settings import ResolveSettings

# How common words are in company names is told by so many that were looked up before.
_SAMPLE, _SEED = 2_000, 17
_ASKED = pl.Schema({"name": pl.String})


@dataclass(frozen=True, slots=True)
class Kept:
    """What the next resolution goes on from: what records said, which company names were `asked` for (name) and the
    accounts' names they fit, and who was linked without being so in the CRM (schema SETTLED)."""

    own: Own
    asked: pl.DataFrame
    fits: pl.DataFrame
    settled: pl.DataFrame

    def with_records(self, keys: pl.DataFrame, own: Own) -> Kept:
        """With what these records (connection, stream, id) say now, in no order."""
        said = Own(
            _replaced(self.own.people, keys, own.people, KEY),
            _replaced(self.own.accounts, _of("accounts", keys), own.accounts, _PLACE),
            _replaced(self.own.deals, _of("deals", keys), own.deals, _PLACE),
        )
        return replace(self, own=said)

    def in_order(self) -> Kept:
        """With the records sorted by their keys."""
        people, accounts, deals = self.own.people, self.own.accounts, self.own.deals
        return replace(self, own=Own(_sorted(people, KEY), _sorted(accounts, _PLACE), _sorted(deals, _PLACE)))

    def with_names(self, asked: pl.DataFrame, fits: pl.DataFrame) -> Kept:
        """With what these company names fit now."""
        every = pl.concat([self.asked, asked]).unique().sort("name")
        return replace(self, asked=every, fits=_replaced(self.fits, asked, fits, ["name"]).sort("name", "account"))

    def of(self, keys: pl.DataFrame, asked: pl.DataFrame) -> Kept:
        """What is kept of these records and company names; of the settled all."""
        own = Own(
            self.own.people.join(keys, on=KEY, how="semi", maintain_order="left"),
            self.own.accounts.join(_of("accounts", keys), on=_PLACE, how="semi", maintain_order="left"),
            self.own.deals.join(_of("deals", keys), on=_PLACE, how="semi", maintain_order="left"),
        )
        return Kept(own, asked, self.fits.join(asked, on="name", how="semi", maintain_order="left"), self.settled)


@dataclass(frozen=True, slots=True)
class Resolution:
    """`links` (schema LINKS) of the records `only` (connection, stream, id), or of all where that is None; `asked` are
    the company names that were looked up."""

    links: pl.DataFrame
    only: pl.DataFrame | None
    asked: pl.DataFrame
    kept: Kept


_PLACE = ["connection", "id"]


def resolve_all(
    frames: Mapping[str, pl.DataFrame],
    memberships: pl.DataFrame | None,
    default_country: str | None,
    settings: ResolveSettings,
) -> Resolution:
    """Everybody without account. `frames` holds accounts, contacts and leads, and deals."""
    said = own(normalise_all(frames, default_country), memberships)
    pooled = said.pooled()
    asked = _companies(pooled)
    fits = name_fits(asked["name"], called(pooled.accounts)["called"])
    told = chosen(pooled, named_accounts(pooled, fits), settings)
    return Resolution(lines(pooled, told), None, asked, Kept(said, asked, fits, _settled(pooled, told)))


def resolve_again(
    kept: Kept,
    frames: Mapping[str, pl.DataFrame],
    memberships: pl.DataFrame,
    keys: pl.DataFrame,
    default_country: str | None,
    settings: ResolveSettings,
) -> Resolution:
    """Those whom it concerns that the records of `keys` may be others than they were: `frames` holds these as they are
    now, as far as they are still there, and `memberships` theirs."""
    said = own(normalise_all(frames, default_country), memberships)
    before = kept.of(keys, _ASKED.to_frame()).own
    moved = kept.with_records(keys, said).in_order()
    pooled = moved.own.pooled()
    asked = _to_be_asked(kept, pooled, before.accounts, said.accounts)
    now = moved.with_names(asked, _looked_up(kept, pooled, asked))
    carriers = Carriers.between(kept.own, now.own, before, said)
    people, settled = _certainly(pooled, kept, keys, asked, pl.concat([before.people, said.people])), kept.settled
    while True:
        others = concerned(pooled, carriers.settled(kept.settled, settled), kept.fits, now.fits)
        people = pl.concat([people, others]).unique().sort()
        part = pooled.of(people)
        told = chosen(part, named_accounts(part, now.fits), settings)
        if settled.equals(settled := _settled(part, told)):
            break
    only = pl.concat([keys.filter(pl.col("stream").is_in(["contacts", "leads"])), part.people.select(KEY)])
    return Resolution(lines(part, told), only.unique().sort(KEY), asked, replace(now, settled=settled))


def _certainly(pooled: Pool, kept: Kept, keys: pl.DataFrame, asked: pl.DataFrame, changed: pl.DataFrame) -> pl.Series:
    """The numbers of the people whose own records, or company names, are to be looked at: those of `keys`, all of the
    persons who are or were `changed`, and who was linked without being so in the CRM."""
    persons = changed.select("entity").drop_nulls().unique()
    companies = asked.select(pl.col("name").alias("company"))
    mine = ((keys, KEY), (kept.settled, KEY), (persons, ["entity"]), (companies, ["company"]))
    return pl.concat([pooled.people.join(one, on=on, how="semi")["person"] for one, on in mine])


def _to_be_asked(kept: Kept, pooled: Pool, before: pl.DataFrame, after: pl.DataFrame) -> pl.DataFrame:
    """The company names that are new, and those that may mean a name which an account got or lost."""
    companies = _companies(pooled)
    new = companies.join(kept.asked, on="name", how="anti")
    names = [called(accounts).select("connection", "called").unique() for accounts in (before, after)]
    changed = pl.concat([one.join(other, on=one.columns, how="anti") for one, other in (names, names[::-1])])
    meaning = name_fits(companies["name"], changed["called"]).select("name") if len(changed) else new.clear()
    return pl.concat([new, meaning]).unique().sort("name")


def _looked_up(kept: Kept, pooled: Pool, asked: pl.DataFrame) -> pl.DataFrame:
    """What these company names fit now."""
    if asked.is_empty():
        return kept.fits.clear()
    others = kept.asked.sort(pl.col("name").hash(_SEED), "name").head(_SAMPLE)
    names = pl.concat([asked, others]).unique().sort("name")["name"]
    return name_fits(names, called(pooled.accounts)["called"]).join(asked, on="name", how="semi", maintain_order="left")


def _companies(pooled: Pool) -> pl.DataFrame:
    return pooled.people.select(pl.col("company").alias("name")).drop_nulls().unique().sort("name")


def _settled(pooled: Pool, told: pl.DataFrame) -> pl.DataFrame:
    linked = told.drop_nulls("wave").select("person", "account_id", "wave")
    return pooled.people.join(linked, on="person").select(SETTLED.names()).cast(SETTLED).sort(KEY)


def _replaced(held: pl.DataFrame, keys: pl.DataFrame, rows: pl.DataFrame, on: Sequence[str]) -> pl.DataFrame:
    return pl.concat([held.join(keys, on=on, how="anti", maintain_order="left"), rows])


def _sorted(records: pl.DataFrame, key: Sequence[str]) -> pl.DataFrame:
    """Records of which most are in order, and the others behind them, in order: in a third of the time of a sort."""
    keyed = records.with_columns(pl.concat_str(key, separator="\0").alias("_key"))
    falls = (keyed["_key"] < keyed["_key"].shift(1)).arg_true()
    if falls.is_empty():
        return records
    held, behind = keyed.head(falls[0]), keyed.slice(falls[0])
    return held.merge_sorted(behind.sort("_key"), "_key").drop("_key")


def _of(stream: str, keys: pl.DataFrame) -> pl.DataFrame:
    return keys.filter(pl.col("stream") == stream).select(_PLACE)
