"""Saving pages: resume, version guard, three states, full pulls."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from model.batch import Batch, Page, Watermark
from model.errors import StoreError
from model.streams import Value
from store import Store

ON_STORE = settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True
)


def batch(connection: str = "sf", stream: str = "contacts", **columns: list[Value]) -> Batch:
    """A batch whose readable fields are the given columns that are not system fields."""
    system = {"id", "changed_at", "created_at", "is_deleted", "merged_into", "payload"}
    rows = len(columns["id"])
    return Batch(
        connection,
        stream,
        {"changed_at": [1] * rows, **columns},
        frozenset(name for name in columns if name not in system),
    )


def full(data: Batch, cursor: str | None = None, since: int | None = 100) -> Page:
    return Page(data, Watermark(since, cursor), is_full=True)


def incremental(data: Batch, cursor: str | None = None) -> Page:
    return Page(data, Watermark(200, cursor), is_full=False)


def emails(store: Store, connection: str = "sf", deleted: bool = False) -> dict[str, str | None]:
    frame = store.frame("contacts", columns=["email"], connections=[connection], deleted=deleted)
    return dict(frame.select("id", "email").iter_rows())


def save(store: Store, *pages: Page) -> str:
    run_id = store.begin_run("pull", 1)
    for page in pages:
        store.save_page(run_id, page)
    return run_id


def test_save_page_keeps_rows_and_watermark_together(store: Store) -> None:
    save(store, full(batch(id=["a"], email=["a@x.example"]), cursor="page 2"))
    assert emails(store) == {"a": "a@x.example"}
    assert store.watermark("sf", "contacts") == Watermark(100, "page 2")
    assert store.watermark("sf", "accounts") == Watermark()


def test_save_page_that_is_refused_leaves_watermark_and_rows(store: Store) -> None:
    save(store, full(batch(id=["a"], email=["a@x.example"]), cursor="page 2"))
    with pytest.raises(StoreError, match="NUL"):
        save(store, full(batch(id=["b"], email=["b\0@x.example"])))
    assert emails(store) == {"a": "a@x.example"}
    assert store.watermark("sf", "contacts") == Watermark(100, "page 2")


def test_save_page_of_older_version_changes_nothing(store: Store) -> None:
    save(store, full(batch(id=["a"], changed_at=[5], email=["new@x.example"])))
    save(store, incremental(batch(id=["a"], changed_at=[4], email=["old@x.example"])))
    assert emails(store) == {"a": "new@x.example"}


def test_save_page_with_record_twice_keeps_newest_then_last(store: Store) -> None:
    ids: list[Value] = ["a", "a", "a", "b", "b"]
    versions: list[Value] = [2, 3, 1, 7, 7]
    save(store, full(batch(id=ids, changed_at=versions, email=["2", "3", "1", "first", "last"])))
    assert emails(store) == {"a": "3", "b": "last"}


def test_save_page_sets_only_its_columns(store: Store) -> None:
    save(store, full(batch(id=["a"], email=["a@x.example"], phone=["1"])))
    store.save_batch(batch(id=["a"], changed_at=[2], phone=["2"]))
    row = store.frame("contacts", columns=["email", "phone"]).row(0, named=True)
    assert (row["email"], row["phone"]) == ("a@x.example", "2")


def test_save_page_without_rows_moves_watermark(store: Store) -> None:
    save(store, incremental(batch(id=[], email=[])))
    assert store.watermark("sf", "contacts") == Watermark(200, None)
    assert store.counts().is_empty()


def test_reset_watermark_asks_for_everything_and_keeps_records(store: Store) -> None:
    save(store, full(batch(id=["a"], email=["a@x.example"])))
    store.reset_watermark("sf", "contacts")
    assert store.watermark("sf", "contacts") == Watermark()
    assert emails(store) == {"a": "a@x.example"}


def test_connections_and_streams_are_kept_apart(store: Store) -> None:
    save(store, full(batch("sf", id=["a"], email=["sf"])), full(batch("sf_emea", id=["a"], email=["emea"])))
    save(store, full(batch("sf", "accounts", id=["a"], name=["Acme"])))
    assert (emails(store, "sf"), emails(store, "sf_emea")) == ({"a": "sf"}, {"a": "emea"})
    assert store.counts().rows() == [("sf", "accounts", 1, 0), ("sf", "contacts", 1, 0), ("sf_emea", "contacts", 1, 0)]


# Deletions and merges


def test_tombstone_keeps_the_record_and_says_deleted(store: Store) -> None:
    save(store, full(batch(id=["a", "b"], email=["a", "b"])))
    save(store, incremental(batch(id=["a"], changed_at=[2], is_deleted=[True], merged_into=["b"])))
    assert emails(store) == {"b": "b"}
    gone = store.frame("contacts", columns=["email", "merged_into"], deleted=True).row(0, named=True)
    assert (gone["email"], gone["merged_into"]) == ("a", "b")
    assert store.counts().row(0) == ("sf", "contacts", 1, 1)


def test_tombstone_without_merge_column_keeps_known_merge(store: Store) -> None:
    save(store, incremental(batch(id=["a"], changed_at=[2], is_deleted=[True], merged_into=["b"])))
    save(store, incremental(batch(id=["a"], changed_at=[3], is_deleted=[True])))
    assert store.frame("contacts", columns=["merged_into"], deleted=True)["merged_into"].to_list() == ["b"]


def test_record_shown_again_without_system_columns_is_live_and_unmerged(store: Store) -> None:
    save(store, incremental(batch(id=["a"], changed_at=[2], is_deleted=[True], merged_into=["b"])))
    save(store, incremental(batch(id=["a"], changed_at=[3], email=["a"])))
    assert store.frame("contacts", columns=["merged_into", "email"]).row(0) == ("sf", "a", None, "a")


# Three states


def readable(store: Store, *fields: str) -> list[tuple[bool, bool]]:
    book = store.readable().filter(pl.col("connection") == "sf", pl.col("stream") == "contacts")
    return [book.filter(pl.col("field") == name).select("shown", "readable").row(0) for name in fields]


def test_readable_lists_every_field_of_a_pulled_stream(store: Store) -> None:
    save(store, full(batch(id=["a"], email=[None])))
    assert readable(store, "email", "phone") == [(True, True), (False, False)]


def test_field_that_leaves_is_unknown_and_shown_null(store: Store) -> None:
    save(store, full(batch(id=["a", "b"], email=["a", "b"], phone=["1", "2"])))
    save(store, full(batch("hs", id=["a"], email=["hs"], phone=["3"])))
    save(store, incremental(batch(id=["b"], changed_at=[2], phone=["2"])))
    assert readable(store, "email", "phone") == [(False, False), (True, True)]
    assert emails(store) == {"a": None, "b": None}
    assert emails(store, "hs") == {"a": "hs"}


def test_field_that_comes_back_is_known_only_after_a_full_pull(store: Store) -> None:
    save(store, full(batch(id=["a", "b"], email=["a", "b"])))
    save(store, incremental(batch(id=["b"], changed_at=[2], phone=["2"])))
    save(store, incremental(batch(id=["b"], changed_at=[3], email=["b3"], phone=["2"])))
    assert readable(store, "email", "phone") == [(True, False), (True, False)]
    save(store, full(batch(id=["a"], changed_at=[3], email=["a3"], phone=["1"]), cursor="2"))
    assert readable(store, "email") == [(True, False)]
    save(store, full(batch(id=["b"], changed_at=[3], email=["b3"], phone=["2"])))
    assert readable(store, "email", "phone") == [(True, True), (True, True)]
    assert emails(store) == {"a": "a3", "b": "b3"}


def test_tombstones_and_read_backs_say_nothing_about_readable(store: Store) -> None:
    save(store, full(batch(id=["a", "b"], email=["a", "b"])))
    save(store, incremental(batch(id=["a"], changed_at=[2], is_deleted=[True])))
    store.save_batch(batch(id=["b"], changed_at=[2], phone=["1"]))
    assert readable(store, "email", "phone") == [(True, True), (False, False)]


# Full pulls


def test_full_pull_marks_what_it_did_not_show(store: Store) -> None:
    save(store, full(batch(id=["a", "b", "c"], email=["a", "b", "c"])))
    run_id = save(store, full(batch(id=["a"], email=["a"]), cursor="2"), full(batch(id=["c"], email=["c"])))
    assert (store.shown("sf", "contacts"), store.vanished("sf", "contacts")) == (2, 1)
    assert emails(store).keys() == {"a", "b", "c"}
    assert store.finish_full_pull(run_id, "sf", "contacts") == 1
    assert emails(store).keys() == {"a", "c"}
    assert store.finish_full_pull(run_id, "sf", "contacts") == 0


def test_full_pull_resumed_by_another_run_remembers_what_the_first_saw(store: Store) -> None:
    save(store, full(batch(id=["a", "b", "c"], email=["a", "b", "c"])))
    save(store, full(batch(id=["a"], email=["a"]), cursor="2"))
    run_id = save(store, full(batch(id=["b"], email=["b"])))
    assert store.finish_full_pull(run_id, "sf", "contacts") == 1
    assert emails(store).keys() == {"a", "b"}


def test_full_pull_that_is_not_over_cannot_be_finished(store: Store) -> None:
    run_id = save(store, full(batch(id=["a"], email=["a"]), cursor="2"))
    with pytest.raises(StoreError, match="has not ended"):
        store.finish_full_pull(run_id, "sf", "contacts")


def test_incremental_pull_has_nothing_vanished(store: Store) -> None:
    save(store, full(batch(id=["a"], email=["a"])))
    run_id = store.begin_run("pull", 2)
    store.finish_full_pull(run_id, "sf", "contacts")
    save(store, incremental(batch(id=["b"], email=["b"])))
    assert (store.vanished("sf", "contacts"), store.finish_full_pull(run_id, "sf", "contacts")) == (0, 0)


def test_records_saved_between_full_pull_and_its_end_are_not_gone(store: Store) -> None:
    save(store, full(batch(id=["a"], email=["a"])))
    run_id = save(store, full(batch(id=["a"], email=["a"])))
    save(store, incremental(batch(id=["b"], email=["b"])))
    store.save_batch(batch(id=["c"], email=["c"]))
    assert store.finish_full_pull(run_id, "sf", "contacts") == 0


def test_stale_row_of_a_full_pull_counts_as_seen(store: Store) -> None:
    save(store, full(batch(id=["a"], changed_at=[9], email=["new"])))
    run_id = save(store, full(batch(id=["a"], changed_at=[1], email=["old"])))
    assert store.finish_full_pull(run_id, "sf", "contacts") == 0
    assert emails(store) == {"a": "new"}


@pytest.mark.parametrize("version", [pytest.param(9, id="same version"), pytest.param(1, id="older version")])
def test_vanished_record_that_shows_again_is_live(store: Store, version: int) -> None:
    save(store, full(batch(id=["a", "b"], changed_at=[9, 9], email=["a", "b"])))
    run_id = save(store, full(batch(id=["b"], changed_at=[9], email=["b"])))
    assert store.finish_full_pull(run_id, "sf", "contacts") == 1
    save(store, full(batch(id=["a", "b"], changed_at=[version, 9], email=["a", "b"])))
    assert emails(store).keys() == {"a", "b"}


def test_records_follow_the_links_that_a_whole_sweep_showed(store: Store) -> None:
    minute = 60 * 1_000_000
    people: dict[str, list[Value]] = {"id": ["gone", "held", "moved", "new"], "changed_at": [1, 1, 1, 95 * minute]}
    for stream in ("contacts", "deals"):
        save(store, full(batch("hs", stream, account_id=["a", "a", "a", "a"], **people)))
        save(store, full(batch("sf", stream, account_id=["a", "a", "a", "a"], **people)))
    links: dict[str, list[Value]] = {
        "id": ["1", "2", "3"],
        "from_stream": ["contacts"] * 3,
        "from_id": ["held", "moved", "gone"],
        "to_stream": ["accounts"] * 3,
        "to_id": ["a", "b", "a"],
        "is_primary": [True, True, False],
    }
    run_id = save(store, full(batch("hs", "associations", **links), since=100 * minute))
    store.finish_full_pull(run_id, "hs", "associations")
    told = [store.frame(stream, columns=["account_id"])["account_id"].to_list() for stream in ("contacts", "deals")]
    assert told == [[None, "a", "b", "a", "a", "a", "a", "a"], ["a"] * 8]
    nothing: dict[str, list[Value]] = {name: [] for name in links}
    run_id = save(store, full(batch("hs", "associations", **nothing), since=110 * minute))
    store.finish_full_pull(run_id, "hs", "associations")
    left = store.frame("contacts", columns=["account_id"], connections=["hs"])["account_id"].to_list()
    assert left == [None, None, None, None], "the last link of a connection may end too"


def test_older_page_does_not_revive_what_the_remote_deleted(store: Store) -> None:
    save(store, full(batch(id=["a"], changed_at=[9], is_deleted=[True])))
    save(store, full(batch(id=["a"], changed_at=[1], email=["old"])))
    assert emails(store) == {}


def test_reset_in_mid_pull_begins_a_new_full_pull(store: Store) -> None:
    save(store, full(batch(id=["a", "b"], email=["a", "b"])), full(batch(id=["a"], email=["a"]), cursor="2"))
    store.reset_watermark("sf", "contacts")
    run_id = save(store, full(batch(id=["b"], email=["b"])))
    assert store.finish_full_pull(run_id, "sf", "contacts") == 1
    assert emails(store).keys() == {"b"}


# Refusals


@pytest.mark.parametrize(
    ("columns", "problem"),
    [
        pytest.param({"id": ["a"], "email": [5]}, "email holds a int", id="number in text"),
        pytest.param({"id": ["a"], "last_activity_on": ["x"]}, "holds a str where date", id="text in date"),
        pytest.param({"id": ["a"], "email_opt_out": [1]}, "holds a int where bool", id="number in bool"),
        pytest.param({"id": ["a"], "last_activity_on": [2**31]}, "out of range", id="date out of range"),
        pytest.param({"id": ["a"], "changed_at": [2**63]}, "out of range", id="time out of range"),
        pytest.param({"id": ["a"], "email": ["\ud800"]}, "surrogate", id="half a surrogate pair"),
        pytest.param({"id": ["a"], "email": ["x\0"]}, "NUL", id="nul"),
        pytest.param({"id": [None]}, "blank", id="no id"),
        pytest.param({"id": [""]}, "blank", id="empty id"),
        pytest.param({"id": ["a"], "changed_at": [None]}, "blank", id="no version"),
        pytest.param({"id": ["a"], "is_deleted": [None]}, "blank", id="deleted unknown"),
        pytest.param({"id": ["a"], "region__c": ["x"]}, "has no field 'region__c'", id="field of no stream"),
    ],
)
def test_save_batch_refuses_what_databases_would_keep_differently(
    store: Store, columns: dict[str, list[Value]], problem: str
) -> None:
    with pytest.raises(StoreError, match=problem):
        store.save_batch(batch("sf", "contacts", **columns))
    assert store.counts().is_empty()


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
def test_save_batch_refuses_numbers_that_are_not_finite(store: Store, number: float) -> None:
    with pytest.raises(StoreError, match="out of range"):
        store.save_batch(batch(stream="deals", id=["a"], probability=[number]))


def test_unknown_stream_is_refused(store: Store) -> None:
    with pytest.raises(StoreError, match="no stream 'invoices'"):
        store.save_batch(batch(stream="invoices", id=["a"]))
    with pytest.raises(StoreError, match="no stream 'invoices'"):
        store.frame("invoices")


# Laws

versions = st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 5)), max_size=12)


def _pages(rows: Iterable[tuple[str, int]], size: int, connection: str) -> list[Batch]:
    listed = list(rows)
    cut = [listed[first : first + size] for first in range(0, len(listed), size)]
    return [
        batch(
            connection,
            id=[key for key, _ in part],
            changed_at=[at for _, at in part],
            email=[f"{key}{at}" for key, at in part],
        )
        for part in cut
    ]


@ON_STORE
@given(rows=versions, size=st.integers(1, 5), data=st.data())
def test_upserts_in_any_order_and_cut_end_the_same(
    store: Store, rows: list[tuple[str, int]], size: int, data: st.DataObject
) -> None:
    shuffled = data.draw(st.permutations(rows))
    for name, order, cut in (("one", rows, size), ("two", shuffled, 3)):
        save(store, full(batch(name, id=[], email=[])))
        _empty(store, name)
        for part in _pages(order, cut, name):
            store.save_batch(part)
    assert (
        emails(store, "one")
        == emails(store, "two")
        == {key: f"{key}{max(at for k, at in rows if k == key)}" for key, _ in rows}
    )


def _empty(store: Store, connection: str) -> None:
    """Hypothesis keeps the fixture between examples: take the records out again."""
    with store._database.write() as opened:
        opened.exec_driver_sql(f"DELETE FROM contacts WHERE connection = '{connection}'")


@ON_STORE
@given(rows=versions, size=st.integers(1, 4), stop=st.integers(0, 12))
def test_pull_that_dies_and_resumes_equals_one_that_does_not(
    store: Store, rows: list[tuple[str, int]], size: int, stop: int
) -> None:
    results = []
    for name, dies_after in (("whole", None), ("resumed", stop)):
        _empty(store, name)
        store.reset_watermark(name, "contacts")
        parts = _pages(rows, size, name) or [batch(name, id=[], email=[])]
        for _ in range(2):
            begin = int(store.watermark(name, "contacts").cursor or 0)
            for number in range(begin, len(parts)):
                if dies_after is not None and number >= dies_after:
                    dies_after = None
                    break
                cursor = str(number + 1) if number + 1 < len(parts) else None
                save(store, full(parts[number], cursor, since=None if cursor else 9))
            if store.watermark(name, "contacts").since is not None:
                break
        results.append((emails(store, name), store.watermark(name, "contacts"), store.vanished(name, "contacts")))
    assert results[0] == results[1]
