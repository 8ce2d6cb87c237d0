"""Three-way merge of a field: every authority against every way in which two records can come to differ."""

from __future__ import annotations

import itertools

import polars as pl
import pytest

from hygiene.threeway import Move, Policy, moves

BOTH, FILL, CONSENT = Policy(), Policy(only_fill=True), Policy(is_consent=True)
LEFT, YIELDING = Policy("left"), Policy("left", yields=True)
VALUES = (None, "a", "b", "c")


CONTESTED = "contested"  # in the place of the base of a record that took the place of another
Base = tuple[object, object]


def move(policy: Policy, left: object, right: object, base: Base | None = ("a", "a")) -> Move:
    kind = pl.Boolean if policy.is_consent else pl.String
    is_based = [base is not None and one != CONTESTED for one in base or (None, None)]
    was = [one if known else None for one, known in zip(base or (None, None), is_based, strict=True)]
    columns = {"left": left, "right": right, "left_now": left, "right_now": right, "left_was": was[0],
               "right_was": was[1]}  # fmt: skip
    table = pl.DataFrame({name: pl.Series([value], dtype=kind) for name, value in columns.items()})
    same = (left or False) == (right or False) if policy.is_consent else left == right
    flags = table.with_columns(
        same=pl.lit(same), contested=pl.lit(CONTESTED in (base or ())),
        left_based=pl.lit(is_based[0]), right_based=pl.lit(is_based[1]),
    )  # fmt: skip
    decided: Move = moves(flags, policy).item()
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
        (BOTH, "b", "a", (CONTESTED, "a"), "conflict"),  # a join left b, and nobody set it
        (BOTH, "a", "a", (CONTESTED, "a"), "agree"),
        (BOTH, "b", "c", (CONTESTED, "a"), "conflict"),
        (BOTH, "b", "c", (CONTESTED, CONTESTED), "conflict"),
        (BOTH, None, "a", (CONTESTED, "a"), "left"),
        (BOTH, "b", None, (CONTESTED, None), "right"),
        (BOTH, "b", None, (CONTESTED, "a"), "held"),
        (Policy(clears=True), "b", None, (CONTESTED, None), "conflict"),
        (LEFT, "b", "a", (CONTESTED, "a"), "right"),
        (YIELDING, None, "a", (CONTESTED, "a"), "left"),
        (FILL, None, "a", (CONTESTED, "a"), "left"),
        (FILL, "b", "a", (CONTESTED, "a"), "stay"),
        (CONSENT, False, True, (CONTESTED, True), "left"),  # no opt-out is lost in a merge
        (CONSENT, True, False, (CONTESTED, True), "withdrawn"),
    ],
)  # fmt: skip
def test_move(policy: Policy, left: object, right: object, base: Base | None, wanted: Move) -> None:
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
