"""A proposal of which fields two CRMs keep alike, each with an authority and the reason for it.

Sales works in one of the two, by custom in Salesforce; there a value stands, and the other fills its blanks. That also
lets a first sync of two full CRMs decide without asking about every difference.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from hygiene.mapping.values import ValueMap, propose_values
from model.remote import Option, RemoteField
from model.streams import STREAMS, Field

# stream -> its fields
Described = Mapping[str, Sequence[RemoteField]]

_WORKED_OUT = frozenset(
    {"last_activity_on", "is_closed", "is_won", "is_converted", "email_bounced", "is_person", "is_person_account",
     "extra_emails", "stage_changed_at", "opened_on", "pushes"}
)  # fmt: skip
_REGISTERED = frozenset({"legal_name", "lei", "registration_number"})
_PROCESS = frozenset({"lifecycle_stage"})


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two connections: its name, what people call it, how an authority names it (`-salesforce`, or `:sf`
    where both are of one system), and the fields of its streams."""

    name: str
    title: str
    word: str
    fields: Described


@dataclass(frozen=True, slots=True)
class FieldProposal:
    """One canonical field. `left` and `right` are the remote names; `is_native`: the integration of one CRM with the
    other maps it as well."""

    field: str
    authority: str
    reason: str
    left: str
    right: str
    values: ValueMap | None = None
    is_native: bool = False


@dataclass(frozen=True, slots=True)
class _Held:
    """What one side has of a canonical field, over all streams of the group."""

    name: str
    options: tuple[Option, ...]
    is_closed: bool
    is_writable: bool


def propose_fields(
    group: Sequence[str],
    sides: tuple[Side, Side],
    leader: Side,
    marketer: Side,
    native: Collection[str] = (),
) -> list[FieldProposal]:
    """Every canonical field of the group's streams that both sides hold, in canonical order.

    A person's records are a group of two streams. Sales works in `leader`, marketing in `marketer`; another integration
    maps the fields in `native`.
    """
    left, right = sides
    fields = {field.name: field for stream in group for field in STREAMS[stream].fields}
    found = []
    for name, field in fields.items():
        ours, theirs = _held(group, left, name), _held(group, right, name)
        if ours is None or theirs is None or (field.kind in ("reference", "currency") and name != "owner_id"):
            continue  # links follow the records, and a currency its amount
        authority, reason = _authority(field, (ours, theirs), sides, leader, marketer)
        values = _values(ours, theirs) if authority != "dont-sync" else None
        found.append(FieldProposal(name, authority, reason, ours.name, theirs.name, values, name in native))
    return found


def _held(group: Sequence[str], side: Side, name: str) -> _Held | None:
    mine = [(stream, one) for stream in group for one in side.fields.get(stream, ()) if one.field == name]
    if not mine:
        return None
    names: dict[str, list[str]] = {}
    for stream, one in mine:
        names.setdefault(one.name, []).append(stream)
    streams = [stream for stream in group if side.fields.get(stream)]
    told = (spelt if len(of) == len(streams) else f"{spelt} of {' and '.join(of)}" for spelt, of in names.items())
    options = {option.value: option for _, one in mine for option in one.options}
    return _Held(
        ", ".join(told), tuple(options.values()), any(one.is_closed for _, one in mine),
        any(one.is_writable for _, one in mine),
    )  # fmt: skip


def _authority(
    field: Field, held: tuple[_Held, _Held], sides: tuple[Side, Side], leader: Side, marketer: Side
) -> tuple[str, str]:
    locked = [side.title for side, one in zip(sides, held, strict=True) if not one.is_writable]
    if field.name in _WORKED_OUT:
        return "dont-sync", "Each CRM works these out by itself."
    if locked:
        return "dont-sync", f"Read-only in {' and '.join(locked)}."
    if field.kind == "consent":
        return "two-way", "An opt-out on either side is one on both; taking one back is asked."
    if field.name == "owner_id":
        return f"always{leader.word}", f"{leader.title} assigns owners; they are one person by e-mail, see below."
    if field.name == "email":
        return "fill-only", "An address is how a CRM knows a person: blanks are filled, nothing is replaced."
    if field.name in _REGISTERED:
        return "fill-only", "Register data: blanks are filled, nothing is replaced."
    if field.name in _PROCESS:
        return f"always{marketer.word}", f"Marketing moves people along in {marketer.title}."
    return f"prefer{leader.word}-unless-blank", f"Sales keeps these in {leader.title}; its blanks are filled."


def _values(ours: _Held, theirs: _Held) -> ValueMap | None:
    """The value map of two picklists; None where one is open text, or where the values are the same."""
    if not ours.options or not theirs.options:
        return None
    values = propose_values(ours.options, theirs.options)
    return None if values.is_needless else values
