"""Models, block keys, the outcome of a match in whole and in part, and the records that wait for the next one."""

from __future__ import annotations

from itertools import pairwise

import polars as pl
import pytest

from model.batch import Batch, Page, Watermark
from model.errors import StoreError
from store import KindMatch, Matched, MatchUpdate, Store, StoredModel
from store.marks import STREAMS

Key = tuple[str, str, str]
KEY = {"connection": pl.String, "stream": pl.String, "id": pl.String}
SIDES = [f"{side}_{part}" for side in ("left", "right") for part in KEY]
TEXTS = ("kind", "decision", "rule", "reason")
MATCH = Matched("v1", "settings", 0, {"groups": 1})


def contact(record: str) -> Key:
    return ("sf", "contacts", record)


def pairs(*keys: tuple[str, str], reason: str = "") -> pl.DataFrame:
    rows = [(*contact(one), *contact(other), "person", "same", "learned", reason, 0.9) for one, other in keys]
    schema = {**dict.fromkeys((*SIDES, *TEXTS), pl.String), "probability": pl.Float64}
    return pl.DataFrame(rows, schema=schema, orient="row")


def members(**entities: str) -> pl.DataFrame:
    rows = [(*contact(record), entity) for record, entity in entities.items()]
    return pl.DataFrame(rows, schema={**KEY, "entity": pl.String}, orient="row")


def findings(*ids: str, rule: str = "duplicate-person") -> pl.DataFrame:
    rows = [(*contact(record), rule, "high", f"about {record}") for record in ids]
    return pl.DataFrame(rows, schema=[*KEY, "rule", "severity", "message"], orient="row")


def keys(*ids: str) -> pl.DataFrame:
    return pl.DataFrame([contact(record) for record in ids], schema=KEY, orient="row")


def everything(store: Store, at: int = 10) -> None:
    update = MatchUpdate(
        {"person": KindMatch(MATCH, {"records": b"abc", "keys": bytes(range(256))})},
        pairs(("a", "b"), ("b", "c"), ("d", "e")),
        members(a="p1", b="p1", c="p1", d="p2", e="p2", f="p3"),
        findings("b", "c", "e"),
    )
    store.save_match(store.begin_run("match", 1), update, at)


def held(store: Store) -> dict[str, str]:
    return dict(store.memberships().select("id", "entity").iter_rows())


def paired(store: Store) -> list[tuple[str, str]]:
    return store.pairs().select("left_id", "right_id").rows()


def put(store: Store, stream: str, *ids: str, at: int = 1, full: bool = False) -> None:
    batch = Batch("sf", stream, {"id": list(ids), "changed_at": [at] * len(ids)}, frozenset())
    store.save_page(store.begin_run("pull", 1), Page(batch, Watermark(at, None), is_full=full))


def test_whole_match_replaces_the_one_before(store: Store) -> None:
    everything(store)
    update = MatchUpdate(
        {"person": KindMatch(MATCH, {"keys": b"z"})}, pairs(("a", "f")), members(a="p1"), findings("f")
    )
    store.save_match(store.begin_run("match", 2), update, 20)
    assert (paired(store), held(store)) == ([("a", "f")], {"a": "p1"})
    assert store.findings()["id"].to_list() == ["f"]
    assert store.block_keys("person") == [{"keys": b"z"}]


def test_part_of_a_match_replaces_what_is_about_its_records_only(store: Store) -> None:
    everything(store)
    store.replace_findings(store.begin_run("score", 1), findings("a", rule="missing-field"))
    update = MatchUpdate(
        {"person": KindMatch(Matched("v1", "settings", 3, {"groups": 2}), {"keys": b"new"}, segment=1)},
        pairs(("a", "c")),
        members(a="p1", c="p1"),
        findings("c", "a"),
        only=keys("a", "b", "c"),
    )
    store.save_match(store.begin_run("match", 2), update, 20)
    assert paired(store) == [("a", "c"), ("d", "e")]
    assert held(store) == {"a": "p1", "c": "p1", "d": "p2", "e": "p2", "f": "p3"}
    assert store.findings().select("step", "id").rows() == [
        ("match", "a"), ("match", "c"), ("match", "e"), ("score", "a")
    ]  # fmt: skip
    assert store.memberships(ended=True).filter(id="b")["until_at"].dt.epoch("us").to_list() == [20]
    assert store.block_keys("person") == [{"records": b"abc", "keys": bytes(range(256))}, {"keys": b"new"}]
    assert store.matched() == {"person": Matched("v1", "settings", 3, {"groups": 2})}


def test_match_that_cannot_be_saved_leaves_the_one_before(store: Store) -> None:
    everything(store)
    update = MatchUpdate({}, pairs(("a", "b")), members(), findings(), only=keys("a"))
    with pytest.raises(StoreError, match="cannot hold a row"):
        store.save_match("r9999", MatchUpdate({}, update.pairs, update.memberships, findings("a")), 20)
    assert paired(store) == [("a", "b"), ("b", "c"), ("d", "e")]
    assert held(store)["f"] == "p3"


def test_rows_of_chosen_records_are_found_among_many(store: Store) -> None:
    ids = [f"{number:05}" for number in range(1_500)]
    update = MatchUpdate({}, pairs(*pairwise(ids)), members(**dict.fromkeys(ids, "p")), findings())
    store.save_match(store.begin_run("match", 1), update, 10)
    odd = keys(*ids[1::2], "none")
    assert store.pairs_of(odd).equals(store.pairs())
    assert store.pairs_of(keys("00007")).select("left_id", "right_id").rows() == [
        ("00006", "00007"),
        ("00007", "00008"),
    ]
    assert store.memberships_of(odd)["id"].to_list() == ids[1::2]
    assert store.members(["p", "q"]).equals(store.memberships())
    assert store.members([]).is_empty()
    assert store.pairs_of(keys()).is_empty()


def test_records_come_by_their_keys_in_order(store: Store) -> None:
    put(store, "contacts", "c", "a", "b")
    assert store.frame("contacts", only=keys("b", "a", "x"))["id"].to_list() == ["a", "b"]
    assert store.frame("contacts", only=keys()).equals(store.frame("contacts").clear())


@pytest.mark.parametrize("stream", sorted(STREAMS))
def test_record_waits_for_the_next_match_once_something_was_matched(store: Store, stream: str) -> None:
    put(store, stream, "a")
    assert store.unmatched().is_empty()
    everything(store)
    put(store, stream, "b", "a", at=2)
    put(store, stream, "b", at=3)
    put(store, "deals", "d")
    # The time at which a link was read is no change of it.
    changed = ("b",) if stream == "associations" else ("a", "b")
    assert store.unmatched().rows() == [("sf", stream, name) for name in changed]


def test_record_that_is_shown_again_as_it_was_does_not_wait(store: Store) -> None:
    put(store, "contacts", "a", "b")
    everything(store)
    put(store, "contacts", "a", "b")
    assert store.unmatched().is_empty()
    gone = Batch("sf", "contacts", {"id": ["a"], "changed_at": [1], "is_deleted": [True]}, frozenset())
    store.save_batch(gone)
    assert store.unmatched()["id"].to_list() == ["a"]


def test_record_that_vanished_waits_for_the_next_match(store: Store) -> None:
    put(store, "contacts", "a", "b")
    everything(store)
    put(store, "contacts", "a", at=2, full=True)
    store.finish_full_pull(store.begin_run("pull", 1), "sf", "contacts")
    assert store.unmatched()["id"].to_list() == ["a", "b"]


def test_only_what_was_seen_waits_no_longer(store: Store) -> None:
    everything(store)
    put(store, "contacts", "a", "b")
    update = MatchUpdate({}, pairs(), members(), findings(), only=keys("a"), seen=keys("a"))
    store.save_match(store.begin_run("match", 2), update, 20)
    assert store.unmatched()["id"].to_list() == ["b"]
    everything(store, at=30)
    assert store.unmatched().is_empty()


def test_model_learned_last_is_in_use(store: Store) -> None:
    assert store.model("person") is None
    old, new = StoredModel("v1", 10, b'{"a": 1}' * 1_000), StoredModel("v2", 20, b"{}")
    store.save_model("person", new)
    store.save_model("person", old)
    store.save_model("company", StoredModel("v1", 30, b"other"))
    assert store.model("person") == new
    store.save_model("person", StoredModel("v1", 40, old.body))
    assert store.model("person") == StoredModel("v1", 40, old.body)
