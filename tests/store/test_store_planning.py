"""Which records wait for the next plan, and what a store shows of some records alone."""

from __future__ import annotations

import polars as pl

from model.batch import Batch
from model.evidence import RecordKey, Verdict
from store import LinkUpdate, MatchUpdate, ScopedStore, Store

_KEY = ("connection", "stream", "id")


def keys(*ids: str, stream: str = "contacts") -> pl.DataFrame:
    return pl.DataFrame([("sf", stream, name) for name in ids], schema=dict.fromkeys(_KEY, pl.String), orient="row")


def key(name: str) -> RecordKey:
    return RecordKey("sf", "contacts", name)


def put(store: Store, *ids: str, at: int = 1, stream: str = "contacts") -> None:
    store.save_batch(Batch("sf", stream, {"id": list(ids), "changed_at": [at] * len(ids)}, frozenset()))


def waiting(store: Store) -> list[str]:
    return store.waiting("plan")["id"].to_list()


def finding(*ids: str) -> pl.DataFrame:
    told = {"rule": "missing-field", "severity": "low", "field": "phone", "message": "m", "value": None}
    return keys(*ids).with_columns(pl.lit(value, pl.String).alias(name) for name, value in told.items())


def test_nothing_waits_before_the_first_plan(store: Store) -> None:
    put(store, "a")
    assert (store.settled("plan"), waiting(store)) == (None, [])


def test_changed_records_wait_until_a_plan_has_seen_them(store: Store) -> None:
    put(store, "a", "b", "c")
    store.settle("plan", "s1", [key("c")])
    assert (store.settled("plan"), waiting(store)) == ("s1", ["c"])
    put(store, "a", at=2)
    put(store, "b")
    assert waiting(store) == ["a", "c"]
    store.settle("plan", "s1", [key("a")], keys("a", "c"))
    assert waiting(store) == ["a"]
    store.settle("plan", "s2", [])
    assert (store.settled("plan"), waiting(store)) == ("s2", [])


def test_records_wait_whose_link_or_verdict_is_another(store: Store) -> None:
    put(store, "a", "b", "c", "d")
    link = keys("a").with_columns(pl.lit("x").alias("account_id"), pl.lit("r").alias("reason"))
    store.save_links("r1", LinkUpdate(link))
    store.settle("plan", "s", [])
    store.save_links("r1", LinkUpdate(link))
    assert waiting(store) == []
    store.save_links("r2", LinkUpdate(link.with_columns(account_id=pl.lit("y"))))
    assert waiting(store) == ["a"]
    store.add_verdict(Verdict(key("c"), key("d"), "different", "tester", 1))
    assert waiting(store) == ["a", "c", "d"]


def test_whole_match_calls_for_a_whole_plan(store: Store) -> None:
    put(store, "a")
    store.settle("plan", "s", [])
    members = keys("a").with_columns(pl.lit("p1").alias("entity"))
    update = MatchUpdate({}, store.pairs(), members, store.findings().drop("step", "run_id", "position"))
    store.save_match(store.begin_run("match", 1), update, 1)
    assert store.settled("plan") is None


def test_logins_wait_for_no_plan(store: Store) -> None:
    store.settle("plan", "s", [])
    put(store, "l", stream="logins")
    put(store, "d", stream="deals")
    assert waiting(store) == ["d"]


def test_scoped_store_shows_its_records_and_replaces_nothing_else(store: Store) -> None:
    put(store, "a", "b", "c")
    put(store, "x", "y", stream="accounts")
    members = pl.concat([keys("a", "b", "c"), keys("x", "y", stream="accounts")])
    store.save_memberships(members.with_columns(pl.col("id").alias("entity")), 1)
    run = store.begin_run("score", 1)
    store.replace_findings(run, finding("a", "b", "c"))
    some = ScopedStore.within(store, keys("a", "b"), keys("x", stream="accounts"))
    assert some.frame("contacts")["id"].to_list() == ["a", "b"]
    assert some.frame("accounts")["id"].to_list() == ["x"]
    assert some.memberships()["id"].to_list() == ["a", "b"]
    some.replace_findings(run, finding("b"))
    assert sorted(store.findings()["id"].to_list()) == ["b", "c"]
