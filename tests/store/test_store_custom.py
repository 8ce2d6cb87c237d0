"""Mapped fields of a system's own come back typed, follow versions, and are unknown once they are not shown."""

from __future__ import annotations

import pytest

from model.batch import Batch, CustomColumn, Page, Watermark
from model.errors import StoreError
from model.streams import Value, ValueType
from store import Store


def saved(
    store: Store, kind: ValueType, values: list[Value], *, version: int = 1, name: str = "score", connection: str = "sf"
) -> None:
    columns: dict[str, list[Value]] = {
        "id": [str(number) for number in range(len(values))],
        "changed_at": [version] * len(values),
        "email": ["a@b.example"] * len(values),
    }
    batch = Batch(connection, "contacts", columns, frozenset({"email"}), {name: CustomColumn(kind, values)})
    store.save_page("r0001", Page(batch, Watermark(since=version), is_full=True))


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("text", ["a", None, ""]),
        ("int", [2**53 + 1, None, -1]),
        ("real", [0.1, None, -2.5]),
        ("bool", [True, None, False]),
    ],
)
def test_custom_values_come_back_as_they_were(store: Store, kind: ValueType, values: list[Value]) -> None:
    saved(store, kind, values)
    assert store.frame("contacts", columns=["email"], custom=["score"])["score"].to_list() == values


def test_custom_times_and_dates_come_back_as_such(store: Store) -> None:
    custom = {"seen": CustomColumn("time", [1_000_000]), "due": CustomColumn("date", [1])}
    store.save_batch(Batch("sf", "contacts", {"id": ["0"], "changed_at": [1]}, frozenset(), custom))
    frame = store.frame("contacts", columns=[], custom=["seen", "due"])
    assert [str(value) for value in frame.row(0)[2:]] == ["1970-01-01 00:00:01+00:00", "1970-01-02"]


def test_an_older_version_never_overwrites_a_custom_value(store: Store) -> None:
    saved(store, "int", [7], version=2)
    saved(store, "int", [6], version=1)
    assert store.frame("contacts", custom=["score"])["score"].to_list() == [7]


def test_a_custom_field_no_longer_shown_is_unknown(store: Store) -> None:
    saved(store, "int", [7])
    batch = Batch("sf", "contacts", {"id": ["0"], "changed_at": [2], "email": [None]}, frozenset({"email"}))
    store.save_page("r0001", Page(batch, Watermark(since=2), is_full=True))
    assert store.frame("contacts", custom=["score"])["score"].to_list() == [None]
    assert ("score", False) in store.readable().select("field", "readable").rows()


def test_custom_values_of_another_type_are_refused(store: Store) -> None:
    with pytest.raises(StoreError, match="score holds a str where int is stored"):
        saved(store, "int", ["seven"])
    assert store.frame("contacts").is_empty()


def test_a_custom_field_nobody_pulled_is_named(store: Store) -> None:
    with pytest.raises(StoreError, match="contacts have no column score"):
        store.frame("contacts", custom=["score"])


def test_one_name_with_two_types_is_told(store: Store) -> None:
    saved(store, "int", [7])
    saved(store, "text", ["x"], connection="hs")
    with pytest.raises(StoreError, match=r"contacts\.score is int and text in different records"):
        store.frame("contacts", custom=["score"])
