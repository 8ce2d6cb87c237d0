"""Which record comes first, which one is the partner, and which records may be merged."""

from __future__ import annotations

from typing import Any, get_args

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hygiene.merging import job_changes, looked_up_alike, loses_itself, sure_groups, surviving
from hygiene.partners import PARTNERS, crowded, kept_partners, partners
from hygiene.related import related
from hygiene.survivors import facts, ranked
from model.settings import RecordRule
from tests.hygiene.frames import frame

RULES: tuple[RecordRule, ...] = get_args(RecordRule)
KEY = ("connection", "stream", "id")
SIDES = {f"{side}_{name}": pl.String for side in ("left", "right") for name in KEY}


def memberships(*ids: str, connection: str = "sf", stream: str = "contacts", entity: str = "E") -> pl.DataFrame:
    rows = [(connection, stream, one, entity) for one in ids]
    return pl.DataFrame(rows, schema=dict.fromkeys((*KEY, "entity"), pl.String), orient="row")


def pairs(*told: tuple[str, str, float, str]) -> pl.DataFrame:
    """Pairs of contacts of sf, or of what `connection/stream/id` names."""
    rows = []
    for left, right, probability, decision in told:
        ends = [one.split("/") if "/" in one else ["sf", "contacts", one] for one in (left, right)]
        rows.append((*ends[0], *ends[1], probability, decision, f"{left} is {right}"))
    schema = {**SIDES, "probability": pl.Float64, "decision": pl.String, "reason": pl.String}
    return pl.DataFrame(rows, schema=schema, orient="row")


def told(members: pl.DataFrame, frames: dict[str, pl.DataFrame], **more: pl.DataFrame) -> pl.DataFrame:
    return facts(members.with_columns(pl.lit("g").alias("group")), frames, **more)


def first(members: pl.DataFrame, frames: dict[str, pl.DataFrame], *rules: RecordRule, **more: pl.DataFrame) -> Any:
    """Id and reason of the record that comes first."""
    return (
        ranked(told(members, frames, **more), rules or RULES).filter(pl.col("rank") == 0).select("id", "reason").row(0)
    )


TWO = memberships("1", "2")


@pytest.mark.parametrize(
    ("second", "rule", "reason"),
    [
        pytest.param({"title": "CEO", "phone": "1"}, "most-complete", "the most fields filled, 3", id="complete"),
        pytest.param({"last_activity_on": 20_500}, "most-recently-active", "the latest activity, 2026-02-16",
                     id="active"),
        pytest.param({"owner_id": "u2"}, "owner-active", "its owner is active", id="owner"),
    ],
)  # fmt: skip
def test_rule_puts_a_record_first_and_says_why(second: dict[str, object], rule: RecordRule, reason: str) -> None:
    contacts = frame("contacts", [{"family_name": "Bo", "owner_id": "u1"}, {"family_name": "Bo", **second}])
    users = frame("users", [{"id": "u1", "is_active": False}, {"id": "u2", "is_active": True}])
    assert first(TWO, {"contacts": contacts, "users": users}, rule) == ("2", reason)


def test_oldest_record_is_first_and_after_that_the_lowest_id() -> None:
    contacts = frame("contacts", [{}, {}])
    assert first(TWO, {"contacts": contacts}, "oldest") == ("1", "the oldest, made 2025-01-01")
    assert first(TWO, {"contacts": contacts}, "most-related") == ("1", "the lowest id")


def test_contact_comes_before_the_lead_that_everything_hangs_on() -> None:
    both = pl.concat([memberships("1"), memberships("1", stream="leads")])
    frames = {"contacts": frame("contacts", [{}]), "leads": frame("leads", [{"title": "CEO"}]),
              "activities": frame("activities", [{"lead_id": "1"}])}  # fmt: skip
    assert ranked(told(both, frames), RULES).sort("rank").select("stream", "reason").row(0) == (
        "contacts", "a contact, not a lead"
    )  # fmt: skip


def test_relations_are_counted_once_whether_by_field_or_by_link() -> None:
    contacts = frame("contacts", [{"account_id": "9"}, {"account_id": "9"}])
    ends = {"from_stream": "contacts", "from_id": "1", "to_stream": "accounts", "to_id": "9"}
    links = pl.DataFrame({"connection": ["sf"], **{name: [value] for name, value in ends.items()}})
    deals = frame("deals", [{"account_id": "9", "contact_id": "2"}])
    keys = pl.DataFrame({"connection": "sf", "stream": ["accounts", "contacts", "contacts"], "id": ["9", "1", "2"]})
    counted = related({"contacts": contacts, "associations": links, "deals": deals}, keys)
    assert counted["related"].to_list() == [3, 1, 1]


def test_record_with_a_counterpart_in_the_other_crm_comes_first() -> None:
    across = pairs(("2", "hs/contacts/7", 0.99, "same"))
    found = first(TWO, {"contacts": frame("contacts", [{"title": "x"}, {}])}, pairs=across)
    assert found == ("2", "the one with a counterpart in another system")


RECORD = st.fixed_dictionaries({"title": st.sampled_from([None, "x"]), "owner_id": st.sampled_from([None, "u"])})


@settings(max_examples=30, deadline=None)
@given(st.lists(RECORD, min_size=2, max_size=5), st.permutations(RULES), st.randoms(use_true_random=False))
def test_rank_does_not_depend_on_the_order_of_the_records(rows: list[Any], rules: list[RecordRule], luck: Any) -> None:
    members = told(memberships(*(str(n + 1) for n in range(len(rows)))), {"contacts": frame("contacts", rows)})
    places = list(range(members.height))
    luck.shuffle(places)
    assert ranked(members, rules).equals(ranked(members[places], rules))


def test_partner_stays_while_its_entity_has_it_and_another_takes_its_place_after() -> None:
    contacts = frame("contacts", [{}, {"title": "CEO", "phone": "1"}, {}])
    none = PARTNERS.to_frame()
    chosen = partners(memberships("1", "2", "3"), none, {"contacts": contacts}, None, ["most-complete"])
    assert chosen.select("id", "reason").rows() == [("2", "the most fields filled, 2")]
    fuller = {"contacts": contacts.with_columns(city=pl.lit("Bonn"), email=pl.lit("a@b.example"))}
    assert partners(memberships("1", "2", "3"), chosen, fuller, None, ["oldest"]).equals(chosen)
    assert partners(memberships("1", "3"), chosen, fuller, None, ["oldest"])["id"].to_list() == ["1"]
    assert kept_partners(memberships("2"), chosen).is_empty(), "one record alone needs no partner record"


def test_each_connection_has_a_partner_of_its_own() -> None:
    members = pl.concat([memberships("1", "2"), memberships("1", "2", connection="hs")])
    frames = {"contacts": pl.concat([frame("contacts", [{}, {}]), frame("contacts", [{}, {}], "hs")])}
    chosen = partners(members, PARTNERS.to_frame(), frames, None, RULES)
    assert chosen["connection"].to_list() == ["hs", "sf"]
    assert crowded(members).height == 4


def groups(members: pl.DataFrame, judged: pl.DataFrame, frames: dict[str, pl.DataFrame] | None = None) -> Any:
    """Merge groups as sets of ids, and conversions as pairs."""
    shown = frames or {"contacts": frame("contacts", [{}, {}, {}]), "leads": frame("leads", [{}, {}])}
    found = sure_groups(members, judged, told(members, shown), RULES, 0.95)
    merges = {frozenset(part["id"].to_list()) for part in found.members.partition_by("group")}
    return merges, found.leads.select("id", "contact_id").rows()


THREE = memberships("1", "2", "3")


@pytest.mark.parametrize(
    ("judged", "merges"),
    [
        pytest.param([("1", "2", 0.99, "same"), ("2", "3", 0.96, "same")], {frozenset("123")}, id="all sure"),
        pytest.param([("1", "2", 0.99, "same"), ("2", "3", 0.9, "same")], {frozenset("12")}, id="one less sure"),
        pytest.param([("1", "2", 0.99, "same"), ("2", "3", 0.99, "same"), ("1", "3", 0.4, "unsure")], set(),
                     id="a doubt within"),
        pytest.param([("1", "hs/contacts/7", 0.99, "same"), ("2", "hs/contacts/7", 0.99, "same")], set(),
                     id="only by way of the other crm"),
    ],
)  # fmt: skip
def test_only_groups_in_which_everything_is_sure_are_merged(
    judged: list[tuple[str, str, float, str]], merges: set[frozenset[str]]
) -> None:
    members = pl.concat([THREE, memberships("7", connection="hs")])
    assert groups(members, pairs(*judged))[0] == merges


def test_records_kept_apart_are_not_merged_however_sure_the_pair_is() -> None:
    apart = pl.concat([memberships("1"), memberships("2", entity="F")])
    assert groups(apart, pairs(("1", "2", 1.0, "same"))) == (set(), [])


def test_lead_of_a_merged_contact_is_converted_into_the_survivor() -> None:
    members = pl.concat([memberships("1", "2"), memberships("1", "2", stream="leads")])
    judged = pairs(
        ("1", "2", 0.99, "same"), ("2", "sf/leads/1", 0.97, "same"), ("sf/leads/1", "sf/leads/2", 0.99, "same")
    )
    merges, converts = groups(members, judged)
    assert merges == {frozenset("12")}
    assert converts == [("1", "1")], "lead 2 is surely the other lead only, and follows once that is a contact"


@pytest.mark.parametrize(
    ("other", "has_moved"),
    [
        pytest.param({"email": "ann@new.example", "company": "New Ltd"}, True, id="another site and company"),
        pytest.param({"email": "ann@acme.de", "company": "Acme"}, False, id="another site of one company"),
        pytest.param({"email": "ann@new.example"}, True, id="another site, no company"),
        pytest.param({"company": "New Ltd"}, True, id="another company, no mailbox"),
        pytest.param({"email": "ann@gmail.com"}, False, id="a private mailbox"),
        pytest.param({"email": "ann@acme.com", "company": "New Ltd"}, False, id="one mailbox"),
        pytest.param({"account_id": "9"}, True, id="the account of another company"),
    ],
)
def test_records_at_two_employers_are_one_person_who_moved(other: dict[str, object], has_moved: bool) -> None:
    contacts = frame("contacts", [{"email": "ann@acme.com", "company": "Acme Inc"}, other])
    frames = {"contacts": contacts, "accounts": frame("accounts", [{"id": "9", "name": "New Ltd"}])}
    judged = pairs(("1", "2", 0.99, "same"))
    moved = job_changes(judged, frames)
    assert moved.height == has_moved
    members = told(TWO, {"contacts": contacts})
    assert sure_groups(TWO, judged, members, RULES, 0.95, moved).members.is_empty() == has_moved


@pytest.mark.parametrize(
    ("other", "is_apart"),
    [
        pytest.param({"domain": "acme.de", "phone": "+493012345678"}, True, id="another site"),
        pytest.param({"phone": "+493087654321"}, True, id="another phone, no site"),
        pytest.param({"domain": "acme.com", "phone": "+493087654321"}, False, id="the same site"),
        pytest.param({}, False, id="nothing speaks against it"),
    ],
)
def test_identifier_from_a_register_joins_no_accounts_that_something_else_keeps_apart(
    other: dict[str, object], is_apart: bool
) -> None:
    shared = {"name": "Acme", "lei": "X"}
    accounts = frame("accounts", [{**shared, "domain": "acme.com", "phone": "+493012345678"}, {**shared, **other}])
    judged = pairs(("sf/accounts/1", "sf/accounts/2", 0.99, "same"))
    asked = pl.DataFrame({"connection": ["sf"], "id": ["2"]})
    assert looked_up_alike(judged, accounts, asked).height == is_apart
    assert looked_up_alike(judged, accounts, asked.clear()).is_empty(), "what the CRM knew by itself counts in full"


def test_accounts_of_which_one_stands_above_the_other_are_told() -> None:
    accounts = frame("accounts", [{"parent_id": "9"}, {}, {}, {"id": "9", "parent_id": "2"}])
    members = memberships("1", "2", "3", stream="accounts").with_columns(group=pl.Series(["g", "g", "h"]))
    assert loses_itself(members, accounts).to_list() == ["g"]


def test_groups_that_stand_above_each_other_are_not_all_merged() -> None:
    above = {"a": "y", "x": None, "b": "x", "y": None, "c": None, "z": "b"}
    accounts = frame("accounts", [{"id": key, "parent_id": parent} for key, parent in above.items()])
    members = memberships("a", "x", "b", "y", "c", "z", stream="accounts")
    members = members.with_columns(group=pl.Series(["g", "g", "h", "h", "i", "i"]))
    assert loses_itself(members, accounts).to_list() == ["h"], "a belongs to y and b to x: g without h, or h without g"


def test_merge_of_a_system_that_fills_blanks_tells_what_it_will_hold() -> None:
    contacts = frame(
        "contacts", [{"city": "Bonn", "phone": "0228 555 0100"}, {"street": "Main 1", "country": "Germany"}]
    )
    ranks = ranked(told(TWO, {"contacts": contacts}), ["oldest"]).with_columns(key=pl.col("id"))
    names = ("street", "city", "country", "phone")
    strict = surviving("contacts", ranks, contacts, {}, dials=True).values.select(names).row(0)
    assert strict == (None, "Bonn", None, "0228 555 0100")
    filled = surviving("contacts", ranks, contacts, {}, filling=["sf"], dials=True)
    assert filled.values.select(names).row(0) == ("Main 1", "Bonn", "Germany", "+492285550100")
    assert ("street", "the system fills blanks") in filled.sources.select("field", "reason").rows()


def test_merge_leaves_alone_what_is_unknown_derived_or_forbidden() -> None:
    contacts = frame("contacts", [{}, {"title": "CEO", "phone": "1", "city": "Bonn", "last_activity_on": 3}])
    readable = pl.DataFrame(
        [("sf", "contacts", name, name != "title") for name in ("title", "phone", "city", "last_activity_on")],
        schema={"connection": pl.String, "stream": pl.String, "field": pl.String, "readable": pl.Boolean},
        orient="row",
    )
    ranks = ranked(told(TWO, {"contacts": contacts}), ["oldest"]).with_columns(key=pl.col("id"))
    values = surviving("contacts", ranks, contacts, {}, readable=readable, never=["contacts.phone"]).values
    assert values["city"].item() == "Bonn"
    assert values["title"].item() is None
    assert not {"phone", "last_activity_on"} & set(values.columns)
