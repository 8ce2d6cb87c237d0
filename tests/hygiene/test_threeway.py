"""Three-way merge of a field: every authority against every way in which two records can come to differ."""

from __future__ import annotations

import itertools

import polars as pl
import pytest

from hygiene.field_sync import moved_bases
from hygiene.threeway import Move, Policy, moves

BOTH, FILL, CONSENT = Policy(), Policy(only_fill=True), Policy(is_consent=True)
LEFT, YIELDING = Policy("left"), Policy("left", yields=True)
VALUES = (None, "a", "b", "c")


def move(policy: Policy, left: object, right: object, base: tuple[object, object] | None = ("a", "a")) -> Move:
    kind = pl.Boolean if policy.is_consent else pl.String
    was = base or (None, None)
    columns = {"left": left, "right": right, "left_now": left, "right_now": right, "left_was": was[0],
               "right_was": was[1]}  # fmt: skip
    table = pl.DataFrame({name: pl.Series([value], dtype=kind) for name, value in columns.items()})
    same = (left or False) == (right or False) if policy.is_consent else left == right
    decided: Move = moves(table.with_columns(same=pl.lit(same), based=pl.lit(base is not None)), policy).item()
    return decided


@pytest.mark.parametrize(
    ("policy", "left", "right", "base", "wanted"),
    [
        (BOTH, "b", "a", ("a", "a"), "right"),
        (BOTH, "a", "b", ("a", "a"), "left"),
        (BOTH, "b", "c", ("a", "a"), "conflict"),
        (BOTH, "b", "b", ("a", "a"), "agree"),
        (BOTH, None, "a", ("a", "a"), "held"),
        (BOTH, None, "b", ("a", "a"), "conflict"),
        (BOTH, "b", None, None, "right"),
        (BOTH, None, "b", None, "left"),
        (BOTH, "b", "c", None, "conflict"),
        (BOTH, "abc", "ab", ("abc", "ab"), "stay"),  # the right system keeps two letters
        (BOTH, "abc", "b", ("abc", "ab"), "left"),
        (LEFT, "a", "b", ("a", "a"), "right"),
        (LEFT, "b", "c", ("a", "a"), "right"),
        (LEFT, None, "b", None, "stay"),
        (LEFT, None, "a", ("a", "a"), "held"),
        (YIELDING, None, "b", None, "left"),
        (YIELDING, "b", "c", None, "right"),
        (YIELDING, None, "a", ("a", "a"), "held"),
        (Policy("right"), "b", "a", ("a", "a"), "left"),
        (Policy("left", clears=True), None, "a", ("a", "a"), "right"),
        (Policy(clears=True), None, "a", ("a", "a"), "right"),
        (Policy(clears=True), "a", None, ("a", "a"), "left"),
        (Policy(clears=True), None, "b", None, "left"),
        (FILL, "b", "c", None, "stay"),
        (FILL, None, "c", None, "left"),
        (FILL, "b", None, ("b", None), "stay"),
        (FILL, "a", None, ("a", "a"), "held"),
        (CONSENT, True, False, None, "right"),
        (CONSENT, None, True, None, "left"),
        (CONSENT, None, False, None, "agree"),
        (CONSENT, True, False, (False, False), "right"),
        (CONSENT, False, True, (True, True), "withdrawn"),
        (CONSENT, True, False, (True, True), "withdrawn"),
    ],
)  # fmt: skip
def test_move(policy: Policy, left: object, right: object, base: tuple[object, object] | None, wanted: Move) -> None:
    assert move(policy, left, right, base) == wanted


@pytest.mark.parametrize("policy", [BOTH, FILL, LEFT, YIELDING, Policy("right", clears=True), Policy(clears=True)])
def test_after_a_move_nothing_is_left_to_do(policy: Policy) -> None:
    for left, right, was in itertools.product(VALUES, VALUES, (None, *itertools.product(VALUES, VALUES))):
        made = move(policy, left, right, was)
        if made in ("left", "right"):
            held = left if made == "right" else right
            assert move(policy, held, held, (held, held)) == "agree"


@pytest.mark.parametrize("policy", [BOTH, FILL, LEFT, YIELDING])
def test_a_blank_is_never_carried_over_unless_clears_says_so(policy: Policy) -> None:
    for left, right, was in itertools.product(VALUES, VALUES, (None, *itertools.product(VALUES, VALUES))):
        made = move(policy, left, right, was)
        assert not (made == "right" and left is None)
        assert not (made == "left" and right is None)


def test_both_ways_is_the_same_with_its_sides_swapped() -> None:
    other = {"left": "right", "right": "left"}
    for policy in (BOTH, FILL, Policy(clears=True)):
        for left, right, was in itertools.product(VALUES, VALUES, (None, *itertools.product(VALUES, VALUES))):
            mirrored = move(policy, right, left, was and (was[1], was[0]))
            assert move(policy, left, right, was) == other.get(mirrored, mirrored)


def test_an_opt_out_is_never_taken_away() -> None:
    flags = (None, False, True)
    for left, right, was in itertools.product(flags, flags, (None, *itertools.product(flags, flags))):
        made = move(CONSENT, left, right, was)
        assert not (made == "right" and not left)
        assert not (made == "left" and not right)


def bases(*rows: tuple[str, str]) -> pl.DataFrame:
    """Bases by key and partner, each with its own key for fields."""
    columns = ("connection", "stream", "id", "partner", "fields")
    return pl.DataFrame([(*key.split("/"), other, key) for key, other in rows], schema=columns, orient="row")


def heirs(*rows: tuple[str, str]) -> pl.DataFrame:
    columns = {"connection": pl.String, "stream": pl.String, "id": pl.String, "heir": pl.String}
    return pl.DataFrame([(*key.split("/"), heir) for key, heir in rows], schema=columns, orient="row")


def test_bases_follow_chains_of_merges_on_both_sides() -> None:
    held = bases(("hs/contacts/1", "sf/leads/A"), ("sf/leads/A", "hs/contacts/1"))
    gone = heirs(
        ("hs/contacts/1", "hs/contacts/2"), ("hs/contacts/2", "hs/contacts/3"), ("sf/leads/A", "sf/contacts/B")
    )
    moved = moved_bases(held, gone)
    assert set(moved.select("connection", "stream", "id", "partner", "fields").rows()) == {
        ("hs", "contacts", "3", "sf/contacts/B", "hs/contacts/1"),
        ("sf", "contacts", "B", "hs/contacts/3", "sf/leads/A"),
    }


def test_a_survivor_keeps_its_own_base() -> None:
    held = bases(
        ("hs/contacts/1", "sf/c/A"),
        ("sf/c/A", "hs/contacts/1"),
        ("hs/contacts/2", "sf/c/B"),
        ("sf/c/B", "hs/contacts/2"),
    )
    moved = moved_bases(held, heirs(("hs/contacts/1", "hs/contacts/2")))
    assert moved.filter(pl.col("id") == "2").is_empty()


def test_a_circle_of_merges_moves_nothing() -> None:
    held = bases(
        ("hs/contacts/1", "sf/c/A"),
    )
    assert moved_bases(held, heirs(("hs/contacts/1", "hs/contacts/1"))).is_empty()
    assert moved_bases(held, heirs()).is_empty()
