"""What a cycle looks at: the records that changed since a plan, or a scoring, did, with all that these concern.

The rest is as the newest plan of all records left it, which found nothing to change there, as long as it was made
under the same settings, models, readable fields and ways to write countries.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cached_property

import polars as pl

from hygiene.hierarchy import site_labels
from hygiene.missing import IS_OPEN
from store import Store, Work
from sync.chosen import KEY, NO_KEYS, keys_of, texts_of
from sync.clock import day_of
from sync.digest import digest
from sync.models import stored_models
from sync.styles import Styles, column_styles
from sync.workspace import Workspace

# Raised with every change of what planning does to the same records.
EDITION = 1
RECORDS = ("accounts", "contacts", "leads")
# Where these changed, all that refer to them may be concerned.
_EVERYWHERE = ("users", "stages")
# With a larger share of records to look at, looking at all of them is as quick.
_MOST = 0.1
_FEW = 1_000


@dataclass(frozen=True, slots=True)
class Scope:
    """`keys` (connection, stream, id) are planned; `context` is read beside them; `seen` is what was waiting."""

    keys: pl.DataFrame
    context: pl.DataFrame
    seen: pl.DataFrame

    def within(self, workspace: Workspace) -> Workspace:
        return workspace.within(self.keys, self.context)


def scope_of(workspace: Workspace, settings: str) -> Scope | None:
    """What is to be planned; None where everything is: see `looked_at`."""
    sync = workspace.settings.sync
    with_missing = any(one.create or one.deletes != "ignore" for one in (sync.accounts, sync.contacts))
    return looked_at(workspace, "plan", settings, with_missing=with_missing)


def looked_at(workspace: Workspace, work: Work, settings: str, *, with_missing: bool = False) -> Scope | None:
    """What a plan or a scoring is to look at; None where it is everything: nothing was looked at yet, or under other
    `settings`, or much changed. `with_missing` it is all that decides which records are made and deleted."""
    store = workspace.store
    if store.settled(work) != settings:
        return None
    seen = store.waiting(work)
    if seen["stream"].is_in(list(_EVERYWHERE)).any():
        return None
    records = sum(one.summary["records"] for one in store.matched().values())
    if seen.height > max(_MOST * records, _FEW):
        return None
    closed = _Closure(store, seen, with_missing)
    keys, context = closed.keys(), closed.context()
    return Scope(keys, context, seen)


def is_at_rest(workspace: Workspace) -> bool:
    """Whether nothing has changed since everything was planned, and scored today, so that no stage has anything new."""
    store = workspace.store
    waiting = (store.unmatched(), store.waiting("plan"), store.waiting("score"))
    if None in (store.settled("plan"), store.settled("score")) or not all(one.is_empty() for one in waiting):
        return False
    settings = plan_settings(workspace)
    return store.settled("plan") == settings and store.settled("score") == score_settings(workspace, settings)


def score_settings(workspace: Workspace, settings: str, as_of: date | None = None) -> str:
    """What beside the records decides what scoring finds: what decides a plan, and the day."""
    return f"{settings} {as_of or day_of(workspace.clock())}"


def plan_settings(workspace: Workspace, styles: Styles | None = None) -> str:
    """What beside the records decides a plan, as a short text; `styles` are the `column_styles`."""
    store = workspace.store
    versions = {kind: model.version for kind, model in stored_models(store).items()}
    known = column_styles(store) if styles is None else styles
    styled = [(*place, in_codes) for place, in_codes in sorted(known.items())]
    told = [EDITION, workspace.settings.model_dump(mode="json"), store.readable().rows(), versions, styled]
    return digest(told)


class _Closure:
    """What hangs together with the records that wait."""

    def __init__(self, store: Store, seen: pl.DataFrame, with_missing: bool) -> None:
        self._store, self._seen, self._with_missing = store, seen, with_missing
        self._keys = NO_KEYS

    def keys(self) -> pl.DataFrame:
        """The records that wait, the ends of links that do, and all of their entities, partners and sites."""
        waiting = texts_of(self._seen.filter(pl.col("stream").is_in(RECORDS)))
        self._keys = self._together(NO_KEYS, pl.concat([waiting, self._ends()]))
        if self._with_missing:
            self._keys = self._together(self._keys, self._beside(keys_of(self._keys)))
        return keys_of(self._keys)

    def _together(self, reached: pl.Series, more: pl.Series) -> pl.Series:
        """What was reached, with more and all that these are together with."""
        edge = _not_in(reached, more)
        while len(edge):
            reached = pl.concat([reached, edge])
            own = keys_of(edge)
            partners = self._store.bases(own)["partner"].drop_nulls().cast(pl.String)
            edge = _not_in(reached, pl.concat([self._of_entities(own), partners, self._on_sites_of(own)]))
        return reached

    def _of_entities(self, own: pl.DataFrame) -> pl.Series:
        """All of their entities; with records that are missing also those that were of one entity with them."""
        if self._with_missing:
            return texts_of(self._store.ever_with(own))
        return texts_of(self._store.members(self._store.memberships_of(own)["entity"].unique().to_list()))

    def _beside(self, own: pl.DataFrame) -> pl.Series:
        """Whether a record is made depends on its account, and on those that may be the same."""
        accounts = own.filter(pl.col("stream") == "accounts").select("connection", "id")
        linked = self._store.frame("associations", only=self._store.naming("associations", "to_id", accounts))
        hanging = [
            own.filter(pl.col("stream") == "contacts").select("connection", "id"),
            self._store.naming("contacts", "account_id", accounts),
            linked.filter(pl.col("from_stream") == "contacts").select("connection", pl.col("from_id").alias("id")),
        ]
        people = _named("contacts", pl.concat(hanging).unique())
        pairs = self._store.pairs_of(own).filter(IS_OPEN)
        others = [texts_of(pairs, side) for side in ("left_", "right_")]
        return pl.concat([texts_of(people), texts_of(_named("accounts", self._accounts_of(people))), *others])

    def _accounts_of(self, contacts: pl.DataFrame) -> pl.DataFrame:
        people = self._store.frame("contacts", columns=["account_id"], only=contacts)
        links = self._store.links_of(contacts).filter(pl.col("to_stream") == "accounts")
        ends = [
            people.select("connection", pl.col("account_id").alias("id")),
            links.select("connection", pl.col("to_id").alias("id")),
        ]
        return pl.concat(ends).drop_nulls().unique()

    def context(self) -> pl.DataFrame:
        """The accounts of these people, those above these accounts, and what refers to accounts that are several."""
        own = keys_of(self._keys)
        accounts = own.filter(pl.col("stream") == "accounts").select("connection", "id")
        above = pl.concat([self._accounts_of(own.filter(pl.col("stream") == "contacts")), accounts]).unique()
        found = above
        while not above.is_empty():
            parents = self._accounts.join(above, on=["connection", "id"], how="semi")
            above = parents.select("connection", pl.col("parent_id").alias("id")).drop_nulls().unique()
            above = above.join(found, on=["connection", "id"], how="anti")
            found = pl.concat([found, above])
        return pl.concat([_named("accounts", found), self._on_several()]).join(own, on=KEY, how="anti")

    def _ends(self) -> pl.Series:
        """The people and accounts of the links that wait."""
        waiting = self._seen.filter(pl.col("stream") == "associations")
        links = self._store.frame("associations", only=waiting, deleted=True)
        sides = [
            links.select("connection", pl.col(f"{side}_stream").alias("stream"), pl.col(f"{side}_id").alias("id"))
            for side in ("from", "to")
        ]
        return texts_of(pl.concat(sides).filter(pl.col("stream").is_in(RECORDS)).drop_nulls())

    def _on_sites_of(self, keys: pl.DataFrame) -> pl.Series:
        """The accounts whose sites are called as those of these accounts: one may be the house of another."""
        mine = keys.filter(pl.col("stream") == "accounts")
        if mine.is_empty():
            return NO_KEYS
        own = self._accounts.join(mine, on=["connection", "id"], how="semi")
        labels = own.select("connection", site_labels(own).alias("label")).drop_nulls().unique()
        if labels.is_empty():
            return NO_KEYS
        # The label stands in what was typed, unless that has letters that are written otherwise in a domain.
        names = labels["label"].unique().to_list()
        like = self._accounts.filter(pl.col("is_foreign") | pl.col("typed").str.contains_any(names))
        beside = like.with_columns(site_labels(like).alias("label")).join(labels, on=labels.columns, how="semi")
        return texts_of(_named("accounts", beside))

    @cached_property
    def _accounts(self) -> pl.DataFrame:
        """With what was `typed` of their sites, in small letters, and whether that `is_foreign`."""
        accounts = self._store.frame("accounts", columns=["domain", "website", "parent_id"])
        typed = pl.concat_str("domain", "website", separator=" ", ignore_nulls=True).str.to_lowercase()
        told = accounts.with_columns(typed.alias("typed"))
        return told.with_columns(pl.col("typed").str.contains(r"[^\x00-\x7f]").alias("is_foreign"))

    def _on_several(self) -> pl.DataFrame:
        """What hangs on accounts of entities that have several in a connection: it tells which of them comes first."""
        own = keys_of(self._keys).filter(pl.col("stream") == "accounts")
        held = self._store.memberships_of(own)
        several = held.filter(pl.len().over("connection", "entity") > 1).select("connection", pl.col("id").alias("on"))
        children = self._accounts.join(
            several, left_on=["connection", "parent_id"], right_on=["connection", "on"], how="semi"
        )
        if several.is_empty():
            return _named("accounts", children)
        hanging = self._store.naming("contacts", "account_id", several)
        return pl.concat([_named("accounts", children), _named("contacts", hanging)])


def _not_in(reached: pl.Series, found: pl.Series) -> pl.Series:
    once = found.unique()
    return once.filter(~once.is_in(reached.implode()))


def _named(stream: str, records: pl.DataFrame) -> pl.DataFrame:
    return records.select("connection", pl.lit(stream).alias("stream"), "id")
