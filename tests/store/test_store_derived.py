"""Findings, scores, pairs, links, memberships, verdicts and lookups."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model.batch import Batch
from model.errors import StoreError
from model.evidence import RecordKey, Verdict, VerdictAnswer
from model.streams import Value
from store import LinkUpdate, Store
from store.numbers import numbered

FINDING = {"connection": "sf", "stream": "contacts", "id": "1", "rule": "bad-email", "severity": "low",
           "field": "email", "message": "no domain", "value": "x@"}  # fmt: skip


def findings(*ids: str, rule: str = "bad-email") -> pl.DataFrame:
    schema = dict.fromkeys(FINDING, pl.String)
    return pl.DataFrame([{**FINDING, "id": record, "rule": rule} for record in ids], schema=schema)


def test_findings_replace_those_of_their_step_and_keep_order(store: Store) -> None:
    run_id = store.begin_run("score", 1)
    store.replace_findings(run_id, findings("b", "a", "c"), step="score")
    store.replace_findings(run_id, findings("z", rule="duplicate"), step="match")
    store.replace_findings(run_id, findings("c", "a"), step="score")
    assert store.findings().select("step", "id").rows() == [("match", "z"), ("score", "c"), ("score", "a")]
    assert store.findings().select(list(FINDING)).row(1, named=True) == {**FINDING, "id": "c"}
    store.replace_findings(run_id, findings(), step="score")
    assert store.findings()["id"].to_list() == ["z"]


def test_findings_without_a_message_are_refused_by_column(store: Store) -> None:
    blank = findings("a").with_columns(message=pl.lit(None, pl.String))
    with pytest.raises(StoreError, match="message"):
        store.replace_findings(store.begin_run("score", 1), blank)


def test_findings_of_a_run_nobody_began_are_refused_and_old_ones_kept(store: Store) -> None:
    store.replace_findings(store.begin_run("score", 1), findings("a"))
    with pytest.raises(StoreError):
        store.replace_findings("r0099", findings("b"))
    assert store.findings()["id"].to_list() == ["a"]


@pytest.mark.parametrize(
    ("frame", "problem"),
    [
        pytest.param(findings("a").drop("rule"), "lack rule", id="column missing"),
        pytest.param(findings("a").with_columns(colour=pl.lit("red")), "have colour besides", id="column too many"),
        pytest.param(findings("a").with_columns(message=pl.lit([1])), "hold List", id="wrong type"),
    ],
)
def test_findings_of_another_shape_are_refused(store: Store, frame: pl.DataFrame, problem: str) -> None:
    with pytest.raises(StoreError, match=problem):
        store.replace_findings(store.begin_run("score", 1), frame)


def test_scores_are_replaced_and_sorted(store: Store) -> None:
    key = {"connection": ["sf", "hs"], "stream": ["contacts", "contacts"], "id": ["1", "2"]}
    score = pl.DataFrame({**key, "name": ["completeness"] * 2, "share": [0.5, None], "reason": ["3 of 6", "unknown"]})
    store.replace_scores(score)
    store.replace_scores(score)
    assert store.scores().select("connection", "share", "reason", "evidence").rows() == [
        ("hs", None, "unknown", None),
        ("sf", 0.5, "3 of 6", None),
    ]


def test_pairs_and_links_come_back(store: Store) -> None:
    pair = {"left_connection": "hs", "left_stream": "contacts", "left_id": "1", "right_connection": "sf",
            "right_stream": "leads", "right_id": "2", "kind": "person", "decision": "same", "probability": 0.97,
            "rule": "email", "reason": "same e-mail", "evidence": "[]"}  # fmt: skip
    link = {"connection": "sf", "stream": "contacts", "id": "1", "account_id": None, "probability": None, "reason": "",
            "runner_up_id": "9", "runner_up_reason": "same city", "abstained_because": "free mail"}  # fmt: skip
    store.save_pairs(pl.DataFrame([pair]))
    store.save_links("r1", LinkUpdate(pl.DataFrame([link])))
    assert store.pairs().rows(named=True) == [pair]
    assert store.links().rows(named=True) == [link]


def members(**entities: str) -> pl.DataFrame:
    rows = [("sf", "contacts", record, entity) for record, entity in entities.items()]
    return pl.DataFrame(rows, schema=dict.fromkeys(("connection", "stream", "id", "entity"), pl.String), orient="row")


def test_memberships_keep_their_history(store: Store) -> None:
    store.save_memberships(members(a="p1", b="p1", c="p2"), 10)
    store.save_memberships(members(a="p1", b="p2"), 20)
    now = store.memberships()
    assert now.select("id", "entity").rows() == [("a", "p1"), ("b", "p2")]
    assert now["from_at"].to_physical().to_list() == [10, 20]
    every = store.memberships(ended=True).with_columns(pl.col(pl.Datetime).to_physical())
    assert every.select("id", "entity", "from_at", "until_at").rows() == [
        ("a", "p1", 10, None),
        ("b", "p1", 10, 20),
        ("b", "p2", 20, None),
        ("c", "p2", 10, 20),
    ]


def test_survivor_that_was_in_an_entity_before_takes_the_place_of_the_merged_one(store: Store) -> None:
    store.save_memberships(members(a="p1", b="p2"), 10)
    store.save_memberships(members(a="p1"), 20)
    gone: dict[str, list[Value]] = {"id": ["a"], "changed_at": [2], "is_deleted": [True], "merged_into": ["b"]}
    store.save_batch(Batch("sf", "contacts", gone, frozenset()))
    every = store.memberships(ended=True).with_columns(pl.col(pl.Datetime).to_physical())
    assert every.select("id", "entity", "from_at", "until_at").sort("from_at").rows() == [
        ("b", "p2", 10, 20),
        ("b", "p1", 20, None),
    ]


def test_memberships_changed_twice_at_one_time_keep_the_last(store: Store) -> None:
    store.save_memberships(members(a="p1"), 10)
    store.save_memberships(members(a="p2"), 10)
    assert store.memberships().select("id", "entity").rows() == [("a", "p2")]


def verdict(answer: VerdictAnswer, at: int, *, turned: bool = False) -> Verdict:
    one, two = RecordKey("hs", "contacts", "1"), RecordKey("sf", "contacts", "2")
    return Verdict(two, one, answer, "ann", at) if turned else Verdict(one, two, answer, "ann", at, "note")


def test_newest_verdict_counts_and_older_ones_stay(store: Store) -> None:
    for given_verdict in (verdict("same", 5), verdict("different", 7, turned=True), verdict("unsure", 6)):
        store.add_verdict(given_verdict)
    assert store.verdicts().select("left_connection", "answer").rows() == [("hs", "different")]
    assert store.verdicts(superseded=True)["answer"].to_list() == ["same", "different", "unsure"]


def test_of_verdicts_given_at_one_time_the_last_counts(store: Store) -> None:
    store.add_verdict(verdict("same", 5))
    store.add_verdict(verdict("different", 5))
    assert store.verdicts()["answer"].to_list() == ["different"]


def test_lookup_remembers_answers_and_abstentions(store: Store) -> None:
    assert store.lookup("gleif", "acme|gb") is None
    store.save_lookup("gleif", "acme|gb", 5, {"lei": "X", "size": 1, "share": 1.0, "active": True, "none": None})
    store.save_lookup("gleif", "other", 6, None)
    assert store.lookup("gleif", "acme|gb") == (5, {"lei": "X", "size": 1, "share": 1.0, "active": True, "none": None})
    assert store.lookup("gleif", "other") == (6, None)
    store.save_lookup("gleif", "other", 7, {})
    assert store.lookup("gleif", "other") == (7, {})


@settings(deadline=None)
@given(st.lists(st.integers(1, 10**9), min_size=2, max_size=6))
def test_numbers_in_ids_sort_as_numbers_do(numbers: list[int]) -> None:
    assert sorted(numbered("r", number, 4) for number in numbers) == [numbered("r", n, 4) for n in sorted(numbers)]
