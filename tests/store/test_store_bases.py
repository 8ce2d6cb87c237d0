"""What the store keeps of field sync: bases and the queue of conflicts, on both databases."""

from __future__ import annotations

from dataclasses import replace

import polars as pl
import pytest

from model.changes import Agreed, SetField
from model.conflicts import Answer, Conflict
from model.errors import InputError
from model.evidence import RecordKey
from store import BaseCell, Store
from store.plans import dump_change, load_change

LEFT, RIGHT = RecordKey("sf", "contacts", "003A"), RecordKey("hs", "contacts", "17")
CONFLICT = Conflict(LEFT, RIGHT, "phone", "+1", "+2", None, False, "both sides have one")


def fields_of(store: Store, key: RecordKey) -> tuple[str, str]:
    only = pl.DataFrame({"connection": [key.connection], "stream": [key.stream], "id": [key.id]})
    frame = store.bases(only)
    partner, fields = frame.select("partner", "fields").row(0)
    return partner, fields


def recorded(store: Store, *cells: BaseCell) -> None:
    run = store.begin_run("push", 1)
    store.record(run, [], [], 2, cells)


def test_a_cell_begins_a_base_and_another_joins_it(store: Store) -> None:
    recorded(store, BaseCell(LEFT, RIGHT, "phone", "+1"))
    recorded(store, BaseCell(LEFT, RIGHT, "email_opt_out", True), BaseCell(LEFT, None, "phone", None, "+1"))
    assert fields_of(store, LEFT) == (str(RIGHT), '{"phone":[null],"email_opt_out":[true]}')


def test_a_cell_without_partner_sets_only_what_was_agreed_before(store: Store) -> None:
    recorded(store, BaseCell(LEFT, None, "phone", "+1"))
    assert store.bases().is_empty()
    recorded(store, BaseCell(LEFT, RIGHT, "phone", "+1"))
    recorded(store, BaseCell(LEFT, None, "phone", "+2", "+3"))
    assert fields_of(store, LEFT) == (str(RIGHT), '{"phone":["+1"]}')


def test_another_partner_begins_the_base_anew(store: Store) -> None:
    recorded(store, BaseCell(LEFT, RIGHT, "phone", "+1"))
    other = replace(RIGHT, id="18")
    recorded(store, BaseCell(LEFT, other, "title", "CEO"))
    assert fields_of(store, LEFT) == (str(other), '{"title":["CEO"]}')


def test_bases_saved_as_a_frame_take_the_place_of_earlier_ones(store: Store) -> None:
    row = {"connection": "sf", "stream": "contacts", "id": "003A", "partner": str(RIGHT), "fields": '{"a":["Zoë"]}'}
    store.save_bases(pl.DataFrame([row]), 5)
    store.save_bases(pl.DataFrame([row | {"fields": '{"a":["é"]}'}]), 6)
    assert store.bases().rows(named=True) == [row | {"fields": '{"a":["é"]}'}]


def test_a_conflict_keeps_id_and_answer_until_it_is_gone(store: Store) -> None:
    store.keep_conflicts([CONFLICT, replace(CONFLICT, field="title")], 10)
    store.answer_conflict("c0001", Answer("value", 3), "ops", 11)
    answered = store.conflicts()[0]
    assert (answered.id, answered.answer, answered.answered_by) == ("c0001", Answer("value", 3), "ops")
    store.keep_conflicts([answered], 12)
    assert [one.id for one in store.conflicts()] == ["c0001"]
    store.keep_conflicts([], 13)
    assert store.conflicts() == []
    assert [(one.id, one.closed_at) for one in store.conflicts(closed=True)] == [("c0001", 13), ("c0002", 12)]


def test_answering_what_is_not_open_is_told(store: Store) -> None:
    with pytest.raises(InputError, match="no open conflict c0009"):
        store.answer_conflict("c0009", Answer("left"), "ops", 1)


def test_a_change_keeps_what_its_records_agree_on() -> None:
    change = SetField(RIGHT, "phone", "+2", "+1", 7, "why", "sync", agreed=Agreed(LEFT, "(1)", True))
    assert load_change(dump_change(change)) == change
