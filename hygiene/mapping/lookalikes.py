"""Fields that are mapped to nothing yet and look alike in two CRMs."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from hygiene.mapping.labels import plain, similarity
from hygiene.mapping.values import propose_values
from model.remote import RemoteField
from model.streams import SYSTEM_FIELDS, ValueType

ALIKE = 0.85
OVERLAP = 0.5  # of the shorter list of options
_COMPARABLE: tuple[frozenset[ValueType], ...] = (
    frozenset({"int", "real", "money"}),
    frozenset({"date", "time"}),
)


@dataclass(frozen=True, slots=True)
class Lookalike:
    """Two unmapped fields, the name they could share, and why they look alike."""

    name: str
    left: RemoteField
    right: RemoteField
    reason: str


def lookalikes(
    left: Sequence[RemoteField], right: Sequence[RemoteField], taken: Collection[str], never: Collection[str] = ()
) -> list[Lookalike]:
    """Pairs by label, type and options, the most alike first in choosing, each field in one at most; by name.

    `taken` are names that a field of one's own cannot have, `never` remote names that are left out.
    """
    ours, theirs = _free(left, never), _free(right, never)
    scored = sorted(
        ((score, one, other) for one in ours for other in theirs if (score := _score(one, other)) >= ALIKE),
        key=lambda found: (-found[0], found[1].name, found[2].name),
    )
    chosen: list[Lookalike] = []
    names = {*taken, *(field.name for field in SYSTEM_FIELDS)}
    used: set[tuple[str, str]] = set()
    for _, one, other in scored:
        if ("left", one.name) in used or ("right", other.name) in used:
            continue
        used |= {("left", one.name), ("right", other.name)}
        name = _own_name(one, names)
        names.add(name)
        chosen.append(Lookalike(name, one, other, _reason(one, other)))
    return sorted(chosen, key=lambda pair: pair.name)


def _free(fields: Sequence[RemoteField], never: Collection[str]) -> list[RemoteField]:
    return [one for one in fields if one.field is None and one.is_writable and one.name not in never]


def _score(one: RemoteField, other: RemoteField) -> float:
    if not (one.is_custom or other.is_custom or plain(one.label) == plain(other.label)):
        return 0.0
    if not _fit(one, other) or (bool(one.options) != bool(other.options) and one.type != "bool"):
        return 0.0
    alike = similarity(plain(one.label), plain(other.label))
    if one.options and other.options and one.type == other.type == "text":
        shared = len(propose_values(one.options, other.options).pairs)
        if shared < OVERLAP * min(len(one.options), len(other.options)):
            return 0.0
    return alike


def _fit(one: RemoteField, other: RemoteField) -> bool:
    return one.type == other.type or any({one.type, other.type} <= types for types in _COMPARABLE)


def _own_name(field: RemoteField, names: Collection[str]) -> str:
    bare = re.sub(r"[^a-z0-9]+", "_", plain(field.label)).strip("_") or field.name.lower()
    bare = bare if bare[0].isalpha() else f"own_{bare}"
    return bare if bare not in names else f"{bare}_own"


def _reason(one: RemoteField, other: RemoteField) -> str:
    same = plain(one.label) == plain(other.label)
    label = "same label" if same else f"labels {similarity(plain(one.label), plain(other.label)):.0%} alike"
    if one.options and other.options and one.type == "text":
        shared = len(propose_values(one.options, other.options).pairs)
        return f"{label}, {shared} of {min(len(one.options), len(other.options))} options shared"
    return f"{label}, both {one.type}" if one.type == other.type else f"{label}, {one.type} and {other.type}"
