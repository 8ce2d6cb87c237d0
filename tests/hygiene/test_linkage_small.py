"""Few records: what neighbours share makes nobody the same, and numbers tell branches apart."""

from __future__ import annotations

import polars as pl

from hygiene.linkage.link import link

SHOPS = [
    ("Lidl Store 1234", "Leeds"), ("Lidl Store 1235", "Leeds"), ("Lidl Store 1236", "York"), ("Acme 12 GmbH", "Bonn"),
    ("Acme 13 GmbH", "Bonn"), ("Acme 12", "Bonn"), ("Bright Foods Ltd", "Hull"), ("Brigt Foods", "Hull"),
]  # fmt: skip


def test_link_of_branches_with_different_numbers_in_one_town_keeps_them_apart() -> None:
    table = pl.DataFrame(SHOPS, schema=["name", "city"], orient="row")
    clusters = link(table, {"name": "company_name", "city": "area"}).clusters()
    groups = {frozenset(SHOPS[row][0] for row in (clusters == root).nonzero()[0]) for root in set(clusters.tolist())}
    assert {group for group in groups if len(group) > 1} == {
        frozenset({"Acme 12 GmbH", "Acme 12"}), frozenset({"Bright Foods Ltd", "Brigt Foods"}),
    }  # fmt: skip


def test_link_of_employers_with_different_numbers_says_they_differ() -> None:
    people = [("Ann", "Lee", "Store 1234"), ("Ann", "Lee", "Store 1235"), ("Bo", "Diaz", "Acme"), ("Cy", "Fox", "Bolt")]
    table = pl.DataFrame(people, schema=["first", "last", "firm"], orient="row")
    linked = link(table, {"first": "given_name", "last": "family_name", "firm": "company_name"})
    (firms,) = (one for one in linked.compared if one.family == "organisation")
    (pair,) = ((linked.left == 0) & (linked.right == 1)).nonzero()[0]
    assert firms.words[firms.levels[pair]] == "different companies"
