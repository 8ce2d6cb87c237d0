"""A proposed mapping as the `[sync]` section of a settings file: valid TOML, at most 80 columns where names allow it.

What people are to decide, or cannot decide here, stands in comments. Labels and values are a stranger's text.
"""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Iterator, Sequence
from itertools import groupby

from hygiene.mapping.fields import FieldProposal, Side
from hygiene.mapping.lookalikes import Lookalike
from hygiene.mapping.proposal import Proposal
from hygiene.mapping.values import ValueMap, ValuePair

WIDTH = 80
_BARE = re.compile(r"[A-Za-z0-9_-]+")
_TITLES = {"accounts": "Accounts", "contacts": "People: contacts, and leads"}
_NATIVE = (
    "HubSpot's own Salesforce integration is on. On records that it has linked it keeps the fields marked * itself, "
    "and they are left to it; on all other records Trueline keeps them. With beside_native = true Trueline writes "
    "them everywhere."
)


def sync_section(proposal: Proposal) -> str:
    """The section, ending in a line break; the same proposal gives the same text."""
    return "\n".join(_lines(proposal)) + "\n"


def _lines(proposal: Proposal) -> Iterator[str]:
    left, right = proposal.sides
    yield from _comment(
        f"Proposed from what {left.title} and {right.title} say of their fields. Look through it, put it into "
        "trueline.toml in the place of any [sync] there, then see what it would do with `trueline sync`, which only "
        "prints without --apply."
    )
    for gap in proposal.gaps:
        yield from _comment(f"Not seen: {gap}")
    yield ""
    yield "[sync]"
    yield f"between = [{_text(left.name)}, {_text(right.name)}]"
    if proposal.is_native:
        yield ""
        yield from _comment(_NATIVE)
        yield "beside_native = false"
    for group, fields in proposal.fields.items():
        yield ""
        yield from _group(group, fields, proposal)
    yield from _owners(proposal)


def _group(group: str, fields: Sequence[FieldProposal], proposal: Proposal) -> Iterator[str]:
    left, right = proposal.sides
    yield f"# {_TITLES[group]}"
    yield f"[sync.{group}]"
    yield f"create = []  # or {_text(right.name)}, {_text(left.name)}: where missing records are made"
    yield 'deletes = "ignore"  # or "flag", "propagate"'
    yield from _comment('For a first sync in stages: where = { country = ["Germany", "DE"] }')
    yield ""
    yield f"[sync.{group}.fields]"
    plain = [one for one in fields if one.values is None]
    reasons = list(dict.fromkeys(one.reason for one in plain))
    ordered = sorted(plain, key=lambda one: reasons.index(one.reason))
    for reason, alike in groupby(ordered, key=lambda one: one.reason):
        yield from _comment(reason)
        for one in alike:
            yield from _beside(f"{_key(one.field)} = {_text(one.authority)}", _names(one))
    for one in fields:
        if one.values is not None:
            yield ""
            yield from _with_values(group, one, one.values, proposal.sides)
    yield from _lookalikes(group, proposal.alike.get(group, ()), proposal.sides)


def _names(one: FieldProposal) -> str:
    return f"{one.left} = {one.right}{' *' if one.is_native else ''}"


def _with_values(group: str, one: FieldProposal, values: ValueMap, sides: tuple[Side, Side]) -> Iterator[str]:
    left, right = sides
    yield from _beside(f"[sync.{group}.fields.{_key(one.field)}]", _names(one))
    yield from _comment(one.reason)
    yield f"authority = {_text(one.authority)}"
    yield f"[sync.{group}.fields.{_key(one.field)}.values]"
    yield from _comment(f"Value in {left.title} = value in {right.title}. What is not here becomes a finding.")
    for pair in values.pairs:
        yield from _beside(_pair(pair), pair.reason)
    if values.doubtful:
        yield from _comment("Perhaps the same: take the # away where it is right.")
        for pair in values.doubtful:
            yield from _beside(f"# {_pair(pair)}", pair.reason)
    if values.left_only:
        yield from _comment(f"Only in {left.title}: fill in what each is in {right.title}.")
        yield from (f'# {_text(value)} = ""' for value in values.left_only)
    for told, listed in ((f"Only in {right.title}", values.right_only), (f"Inactive in {left.title}", values.retired)):
        if listed:
            yield from _comment(f"{told}: {', '.join(map(_text, listed))}")


def _pair(pair: ValuePair) -> str:
    return f"{_text(pair.left)} = {_text(pair.right)}"


def _lookalikes(group: str, alike: Sequence[Lookalike], sides: tuple[Side, Side]) -> Iterator[str]:
    if not alike:
        return
    yield ""
    yield from _comment(
        "Fields not mapped yet that look alike. To keep one alike, take the # away from its table and name on both "
        f"sides, and give it an authority in [sync.{group}.fields]."
    )
    for side in sides:
        yield f"# [connections.{side.name}.fields.{group}]"
        for one in alike:
            field = one.left if side is sides[0] else one.right
            yield from _beside(f"# {_key(one.name)} = {_text(field.name)}", one.reason)


def _owners(proposal: Proposal) -> Iterator[str]:
    titles = {side.name: side.title for side in proposal.sides}
    yield ""
    unmatched = len(proposal.owners)
    yield from _comment(
        f"Owners are one person by e-mail address: {proposal.people - unmatched} of "
        f"{proposal.people} active users have a counterpart. Records of the others keep the owner they have:"
        if unmatched
        else "Owners are one person by e-mail address: all active users have a counterpart."
    )
    for connection, _, name, reason in proposal.owners.iter_rows():
        yield from _comment(f"  {titles[connection]}: {name or 'a user without name'} {reason}")


def _beside(line: str, comment: str) -> Iterator[str]:
    """A line with a comment behind it, or above it where both are too long for one line."""
    whole = f"{line}  # {_safe(comment)}"
    if len(whole) <= WIDTH:
        yield whole
        return
    yield from _comment(comment)
    yield line


def _comment(text: str) -> list[str]:
    indent = " " * (len(text) - len(text.lstrip()))
    return textwrap.wrap(
        _safe(text), WIDTH, initial_indent=f"# {indent}", subsequent_indent=f"# {indent}", break_long_words=False,
        break_on_hyphens=False,
    )  # fmt: skip


def _safe(text: str) -> str:
    """Text that cannot leave its comment: without line breaks and control characters."""
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())


def _key(name: str) -> str:
    return name if _BARE.fullmatch(name) else _text(name)


def _text(value: str) -> str:
    """A TOML string; what JSON leaves as it is and TOML or a terminal would not take is written as its number."""
    quoted = json.dumps(value, ensure_ascii=False)
    return "".join(char if char.isprintable() else _numbered(char) for char in quoted)


def _numbered(char: str) -> str:
    return f"\\u{ord(char):04x}" if ord(char) <= 0xFFFF else f"\\U{ord(char):08x}"
