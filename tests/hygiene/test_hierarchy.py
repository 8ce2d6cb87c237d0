"""Hierarchies of accounts against a slow walk, and families by example."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hygiene.corrections import wanted
from hygiene.hierarchy import hierarchy_findings, houses, tops
from tests.hygiene.frames import frame


def slow_top(parents: dict[str, str | None], one: str) -> tuple[str, bool]:
    """The top and whether the account is part of a circle, by walking up."""
    seen = [one]
    while (up := parents.get(seen[-1])) is not None and up in parents and up not in seen:
        seen.append(up)
    if up is None or up not in parents:
        return seen[-1], False
    return one, up == one


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from([None, *"12345678"]), min_size=1, max_size=7))
def test_tops_are_those_of_walking_up(given_parents: list[str | None]) -> None:
    accounts = frame("accounts", [{"parent_id": parent} for parent in given_parents])
    parents = {str(place + 1): parent for place, parent in enumerate(given_parents)}
    found = {row["id"]: (row["top_id"], row["in_circle"]) for row in tops(accounts).to_dicts()}
    assert found == {one: slow_top(parents, one) for one in parents}


def test_accounts_of_two_connections_with_one_id_are_not_mixed_up() -> None:
    accounts = pl.concat(
        [frame("accounts", [{}, {"parent_id": "1"}]), frame("accounts", [{"parent_id": "2"}, {}], "hs")]
    )
    assert tops(accounts)["top_id"].to_list() == ["2", "2", "1", "1"]


ACME = {"name": "Acme Inc", "domain": "acme.com"}


@pytest.mark.parametrize(
    ("account", "is_sure"),
    [
        pytest.param({"name": "Acme Japan KK", "domain": "acme.com"}, True, id="a country, same site"),
        pytest.param({"name": "Acme Services Ltd", "domain": "acme.com"}, True, id="a division, same site"),
        pytest.param({"name": "Acme Bonn", "domain": "acme.com", "city": "Bonn"}, True, id="its city, same site"),
        pytest.param({"name": "Acme Japan", "domain": "acme.co.jp"}, False, id="another suffix"),
        pytest.param({"name": "Acme Holding", "domain": "acme.com"}, False, id="a holding may stand above"),
        pytest.param({"name": "Acme Pharma", "domain": "acme.com"}, False, id="another trade"),
        pytest.param({"name": "Acme Japan", "domain": "acme-tools.com"}, None, id="another site"),
        pytest.param({"name": "Acme Japan"}, None, id="no site"),
        pytest.param({"name": "Other Ltd", "domain": "acme.com"}, None, id="another name"),
    ],
)
def test_account_belongs_under_the_house_whose_name_and_site_it_has(
    account: dict[str, object], is_sure: bool | None
) -> None:
    found = houses(frame("accounts", [ACME, account]))
    assert found.select("id", "house_id", "is_sure").rows() == ([] if is_sure is None else [("2", "1", is_sure)])


def test_nothing_is_sure_where_two_accounts_could_be_the_house() -> None:
    found = houses(frame("accounts", [ACME, ACME, {"name": "Acme Japan", "domain": "acme.com"}]))
    assert found.select("id", "is_sure").rows() == [("3", False)]
    assert "2 accounts come into question" in found["reason"].item()


def test_duplicates_and_accounts_that_stand_above_are_no_house() -> None:
    accounts = frame("accounts", [{**ACME, "parent_id": "2"}, {"name": "Acme Japan", "domain": "acme.com"}])
    assert houses(accounts).is_empty()
    two = frame("accounts", [ACME, {"name": "Acme Japan", "domain": "acme.com"}])
    one = pl.DataFrame({"connection": "sf", "stream": "accounts", "id": ["1", "2"], "entity": "E"})
    assert houses(two, one).is_empty()


def test_findings_tell_circles_missing_parents_and_parents_nothing_speaks_for() -> None:
    accounts = frame(
        "accounts",
        [
            ACME,
            {"name": "Acme Japan", "domain": "acme.com"},
            {"name": "Acme Italy", "domain": "acme.com", "parent_id": "4"},
            {"name": "Zebra", "domain": "zebra.com"},
            {"name": "Round", "parent_id": "6"},
            {"name": "Trip", "parent_id": "5"},
        ],
    )
    found = hierarchy_findings(accounts, houses(accounts))
    assert found.select("rule", "id", "value").rows() == [
        ("account-circle", "5", "6"),
        ("account-circle", "6", "5"),
        ("account-parent", "2", "1"),
        ("parent-doubtful", "3", "4"),
    ]


def test_sure_parent_is_planned_once_and_only_where_the_field_is_known_and_blank() -> None:
    accounts = frame("accounts", [ACME, {"name": "Acme Japan", "domain": "acme.com"}])
    frames = {"accounts": accounts}
    planned = wanted(frames, rules=["parent-account"], belonging=houses(accounts))
    assert planned.select("id", "field", "before", "after").rows() == [("2", "parent_id", None, "1")]
    hidden = pl.DataFrame({"connection": "sf", "stream": "accounts", "field": ["name"], "readable": [True]})
    assert wanted(frames, hidden, rules=["parent-account"], belonging=houses(accounts)).is_empty()
    done = accounts.with_columns(pl.when(pl.col("id") == "2").then(pl.lit("1")).alias("parent_id"))
    assert wanted({"accounts": done}, rules=["parent-account"], belonging=houses(done)).is_empty()
