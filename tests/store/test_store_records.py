"""What the store keeps of records that are made and deleted, on both databases."""

from __future__ import annotations

import polars as pl

from model.batch import Batch
from model.changes import Create
from model.evidence import OURSELVES, RecordKey, Verdict
from model.streams import Value
from store import Store
from store.plans import dump_change, load_change, without_values

LEFT, RIGHT = RecordKey("hs", "contacts", "17"), RecordKey("sf", "contacts", "003A")


def verdict(answer: str = "same", by: str = OURSELVES, at: int = 2) -> Verdict:
    return Verdict(LEFT, RIGHT, answer, by, at)  # type: ignore[arg-type]


def recorded(store: Store, *same: Verdict) -> None:
    store.record(store.begin_run("push", 1), [], [], 2, (), same)


def test_records_that_were_made_from_each_other_are_the_same_once(store: Store) -> None:
    recorded(store, verdict())
    recorded(store, verdict(at=3))
    assert store.verdicts(superseded=True).select("answer", "by").rows() == [("same", OURSELVES)]


def test_what_a_person_said_of_two_records_stands(store: Store) -> None:
    store.add_verdict(verdict("different", "ann", 1))
    recorded(store, verdict())
    assert store.verdicts()["answer"].to_list() == ["different"]


def test_tombstones_tell_deleted_merged_and_vanished_records_apart(store: Store) -> None:
    gone: dict[str, list[Value]] = {"id": ["1", "2", "3"], "changed_at": [5, 5, 5], "is_deleted": [True, True, False],
            "merged_into": [None, "3", None]}  # fmt: skip
    store.save_batch(Batch("hs", "contacts", gone, frozenset()))
    told = store.tombstones(("accounts", "contacts"))
    assert told.select("connection", "stream", "id", "merged_into", "vanished").rows() == [
        ("hs", "contacts", "1", None, False),
        ("hs", "contacts", "2", "3", False),
    ]
    chosen = pl.DataFrame({"connection": "hs", "stream": ["contacts", "contacts", "leads"], "id": ["2", "3", "1"]})
    assert store.tombstones(("contacts", "leads"), only=chosen).equals(told[1:])


def test_create_keeps_its_source_and_loses_all_values_with_the_person() -> None:
    change = Create(RecordKey("hs", "contacts", "tl-1"), (("email", "a@a.example"), ("phone", None)), None, "r", "rule",
                    (), RIGHT, (("phone", "+1"),))  # fmt: skip
    assert load_change(dump_change(change)) == change
    empty = without_values(change, [RIGHT])
    assert isinstance(empty, Create)
    assert (empty.values, empty.source_values) == ((), ())
    assert empty.source is not None
    assert empty.source.id != RIGHT.id
