"""Groups of duplicates side by side."""

from __future__ import annotations

from datetime import date

import polars as pl

from reports.content import Duplicates
from reports.duplicates import SHOWN, SHOWN_ROWS
from reports.gather import gather
from store import Store
from tests.reports.shelf import NOTHING_REQUIRED, Key, belong, pair, people, put


def duplicates(store: Store) -> Duplicates:
    return gather(store, date(2026, 11, 22), NOTHING_REQUIRED).duplicates


def test_group_shows_its_records_with_the_strongest_reason_within_it(store: Store) -> None:
    put(store, "sf", "contacts", id=["a", "b"], given_name=["Ann", "Anne"], email=["ann@x.example", None])
    put(store, "sf", "leads", id=["c"], given_name=["A."], company=["Acme"])
    people(store, "hs", "z")
    a, b, c, z = ("sf", "contacts", "a"), ("sf", "contacts", "b"), ("sf", "leads", "c"), ("hs", "contacts", "z")
    belong(store, dict.fromkeys((a, b, c, z), "E"))
    store.save_pairs(
        pl.DataFrame([pair(a, z, 0.99, "across"), pair(a, b, 0.8, "weaker"), pair(b, c, 0.9, "stronger"),
                      pair(a, c, 0.95, "unsure", "unsure")])
    )  # fmt: skip
    found = duplicates(store)
    assert (found.groups, found.surplus, found.shared) == (1, 2, 1)
    (group,) = found.shown
    assert (group.connection, group.kind, group.reason) == ("sf", "person", "stronger")
    assert group.rows == (
        ("sf/contacts/a", "Ann", "", "ann@x.example", "", ""),
        ("sf/contacts/b", "Anne", "", "", "", ""),
        ("sf/leads/c", "A.", "", "", "", "Acme"),
    )


def test_largest_groups_come_first_and_long_ones_are_cut(store: Store) -> None:
    members: dict[Key, str] = {}
    for number in range(SHOWN + 3):
        members |= {("sf", "accounts", f"{number:02}-{place:02}"): f"e{number:02}" for place in range(2 + 2 * number)}
    put(store, "sf", "accounts", id=[key[2] for key in members], name=["Acme"] * len(members))
    belong(store, members)
    found = duplicates(store)
    assert (found.groups, len(found.shown)) == (SHOWN + 3, SHOWN)
    assert found.surplus == len(members) - found.groups
    largest = found.shown[0]
    size = 2 + 2 * (SHOWN + 2)
    assert largest.rows[0][:2] == (f"sf/accounts/{SHOWN + 2}-00", "Acme")
    assert (largest.records, len(largest.rows), largest.unlisted) == (size, SHOWN_ROWS, size - SHOWN_ROWS)


def test_member_that_is_no_longer_live_is_left_out(store: Store) -> None:
    put(store, "sf", "contacts", id=["a", "b"], given_name=["Ann", "Ann"], is_deleted=[False, True])
    belong(store, {("sf", "contacts", "a"): "E", ("sf", "contacts", "b"): "E"})
    assert duplicates(store) == Duplicates(0, 0, (), 0)
