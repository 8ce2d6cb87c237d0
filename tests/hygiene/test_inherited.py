"""Bases that pass from records that were merged away or converted to those they live on in."""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Any

import polars as pl

from hygiene.inherited import Held, inherited, moves_of

A, B, H, H2, N = "sf/contacts/A", "sf/contacts/B", "hs/contacts/1", "hs/contacts/2", "hs/contacts/9"
Rows = dict[str, tuple[str, Any]]


def bases(rows: Rows) -> pl.DataFrame:
    """Bases by key: the partner, and the values that were agreed."""
    columns = ("connection", "stream", "id", "partner", "fields")
    told = [
        (*key.split("/"), partner, json.dumps({name: [value] for name, value in fields.items()} | {"fax": None}))
        for key, (partner, fields) in rows.items()
    ]
    return pl.DataFrame(told, schema=columns, orient="row")


def moved(rows: Rows, gone: dict[str, str], held: Held, made: Collection[str] = ()) -> Rows:
    """The bases after records passed on to their heirs, as of `bases`; contested fields have an empty list."""
    columns = dict.fromkeys(("connection", "stream", "id", "heir"), pl.String)
    heirs = pl.DataFrame([(*key.split("/"), heir) for key, heir in gone.items()], schema=columns, orient="row")
    result = inherited(moves_of(bases(rows), heirs), held, made)
    assert result.columns == ["connection", "stream", "id", "partner", "fields"]
    told = {"/".join(row[:3]): (row[3], json.loads(row[4])) for row in result.iter_rows()}
    assert all(fields.pop("fax") is None for _, fields in told.values()), "what was never agreed on is not now"
    return told


def pair(left: str, right: str, **fields: object) -> Rows:
    return {left: (right, fields), right: (left, fields)}


def test_bases_follow_chains_of_merges_on_both_sides() -> None:
    gone = {H: H2, H2: N, "sf/leads/A": B}
    held = {H: {"title": "CEO"}, N: {"title": "CEO"}, B: {"title": "Buyer"}}
    assert moved(pair("sf/leads/A", H, title="CEO"), gone, held) == {
        B: (N, {"title": []}),
        N: (B, {"title": ["CEO"]}),
    }


def test_what_the_survivor_has_of_its_own_is_contested() -> None:
    rows = pair(A, H, title="CEO", phone="1", city="Bonn", mobile=None)
    held: Held = {
        A: {"title": "CEO", "phone": "2", "city": "Bonn", "mobile": None},  # a phone that nobody has carried over yet
        B: {"title": "CEO", "phone": "2", "city": "Ulm", "mobile": "3"},
    }
    after = moved(rows, {A: B}, held)
    assert after[B] == (H, {"title": ["CEO"], "phone": ["1"], "city": [], "mobile": []})
    assert after[H] == (B, {"title": ["CEO"], "phone": ["1"], "city": ["Bonn"], "mobile": [None]})
    assert moved(rows, {A: B}, held, {B})[B] == (H, {name: [was] for name, was in rows[A][1].items()}), "made of A"
    assert moved(rows, {A: B}, {})[B][1] == {name: [] for name in rows[A][1]}, "nothing is known of it"


def test_a_survivor_keeps_its_own_base() -> None:
    after = moved(pair(A, H, title="CEO") | pair(B, H2, title="CEO"), {H: H2}, {H2: {"title": "CEO"}})
    assert after == {A: (H2, {"title": ["CEO"]})}


def test_two_pairs_that_become_one_agree_on_what_both_had_agreed_on() -> None:
    rows = pair(A, H, title="CEO", phone="1") | pair(B, H2, title="CEO", phone="2")
    contested = {"title": ["CEO"], "phone": []}
    assert moved(rows, {A: B, H2: H}, {}) == {B: (H, contested), H: (B, contested)}
    held = {N: {"title": "CEO", "phone": "2"}, H: {"phone": "1"}, H2: {"phone": "2"}}
    after = moved(rows, {B: A, H: N, H2: N}, held)
    assert after == {A: (N, {"title": ["CEO"], "phone": ["1"]}), N: (A, contested)}


def test_a_circle_of_merges_moves_nothing() -> None:
    assert moved(pair(A, H, title="CEO"), {H: H}, {}) == {}
    assert moved(pair(A, H, title="CEO"), {}, {}) == {}
