"""Bases of records that live on in another: after a merge in the survivor, after a conversion in the contact."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass

import polars as pl

from model.streams import Value

Held = Mapping[str, Mapping[str, Value]]  # by record (connection/stream/id) and field
# By field a list of the value that was agreed, an empty one where it is contested; None: nothing was agreed yet.
_Told = Mapping[str, list[Value] | None]
_SCHEMA = dict.fromkeys(("connection", "stream", "id", "partner", "fields"), pl.String)


@dataclass(frozen=True, slots=True)
class Move:
    """A base that passes from the record `key` to `heir`, which is the same one where only its partner lives on in
    another. `fields` were agreed with a partner that held `agreed`, if that is known; the partner from now on,
    `partner`, has the base `theirs`."""

    key: str
    heir: str
    partner: str
    fields: _Told
    agreed: _Told | None = None
    theirs: _Told | None = None


def moves_of(bases: pl.DataFrame, heirs: pl.DataFrame) -> list[Move]:
    """The bases that are to pass on, by heir. A survivor takes the place that a loser had, a contact that of its lead;
    one that has a base of its own keeps it.

    `bases` is what the store holds, `heirs` has connection, stream, id and heir (connection/stream/id); chains lead to
    their end.
    """
    ends = _ends(heirs)
    named = [*ends.keys(), *ends.values()]
    told = bases.with_columns(pl.concat_str("connection", "stream", "id", separator="/").alias("key")).filter(
        pl.col("key").is_in(named) | pl.col("partner").is_in(named)
    )
    partners: dict[str, str] = dict(told.select("key", "partner").iter_rows())
    texts: dict[str, str] = dict(told.select("key", "fields").iter_rows())
    sources: dict[str, str] = {}  # by heir without a base of its own the record whose base it gets
    for key in sorted(ends.keys() & texts.keys(), key=lambda key: (partners[key] in ends, key)):
        if ends[key] not in texts:
            sources.setdefault(ends[key], key)
    stays = {key: key for key, partner in partners.items() if key not in ends and partner in ends}
    found = []
    for heir, key in sorted((sources | stays).items()):
        former = partners[key]
        partner = ends.get(former, former)
        now = sources.get(partner, partner)
        known = (former, now) if now != former and former in texts and now in texts else ()
        found.append(Move(key, heir, partner, *(json.loads(texts[one]) for one in (key, *known))))
    return found


def inherited(moves: list[Move], held: Held, made: Collection[str] = ()) -> pl.DataFrame:
    """The bases after the moves, columns as of the store's.

    What a join of records left on the survivor is nobody's edit. So a value counts as agreed only if the heir has it
    from the record whose base it gets, and if the partner's base is of the same agreement; else the field is contested:
    an empty list stands in the place of its base. `held` has what the records of the moves hold now, and losers held
    last. Heirs that were `made` of the record whose place they take had nothing of their own.
    """
    rows = []
    for move in moves:
        mine = None if move.heir == move.key or move.heir in made else held.get(move.heir, {})
        fields = {
            name: was if was is None or _is_agreed(move, name, was, mine, held.get(move.key, {})) else []
            for name, was in move.fields.items()
        }
        told = json.dumps(fields, separators=(",", ":"), ensure_ascii=False)
        rows.append((*move.heir.split("/", 2), move.partner, told))
    return pl.DataFrame(rows, schema=_SCHEMA, orient="row")


def _is_agreed(
    move: Move, name: str, was: list[Value], mine: Mapping[str, Value] | None, last: Mapping[str, Value]
) -> bool:
    if move.agreed is not None and move.theirs is not None and move.agreed.get(name) != move.theirs.get(name):
        return False
    return mine is None or (name in mine and mine[name] in (*was, last.get(name)))


def _ends(heirs: pl.DataFrame) -> dict[str, str]:
    """By record that lives on in another, that one, which is the last of its chain."""
    step = dict(heirs.select(pl.concat_str("connection", "stream", "id", separator="/"), "heir").iter_rows())
    ends: dict[str, str] = {}
    for key in step:
        at, seen = key, {key}
        while (after := step.get(at)) is not None and after not in seen:
            at = after
            seen.add(at)
        if at != key:
            ends[key] = at
    return ends
