"""From a record to the one that is made after it in another CRM: which fields, mapped how, and what it lacks."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b

from connectors.connector import Sink
from hygiene.kinds import email
from model.changes import Create, Planned
from model.evidence import RecordKey
from model.streams import STREAMS, Value
from model.sync_settings import SyncField

RULE = "create-missing"
Row = Mapping[str, Value]
# What tells who a record is, synced or not.
_IDENTITY = {
    "accounts": ("name",),
    "contacts": ("given_name", "family_name", "email"),
    "leads": ("given_name", "family_name", "email", "company"),
}
# Of each group a new record needs one.
_NEEDED: Mapping[tuple[str, str], tuple[tuple[str, ...], ...]] = {
    ("salesforce", "accounts"): (("name",),),
    ("salesforce", "contacts"): (("family_name",),),
    ("salesforce", "leads"): (("family_name",), ("company",)),
    ("hubspot", "accounts"): (("name", "domain"),),
    ("hubspot", "contacts"): (("email", "family_name", "given_name"),),
}
_CONSENTS = ("email_opt_out", "do_not_call")


@dataclass(frozen=True, slots=True)
class Drawn:
    """A record to be made, or None and why not, which is `by_itself` where nothing but its own values can mend it;
    `left_out` are fields that it cannot hold, each with the reason."""

    change: Create | None
    why_not: str = ""
    left_out: tuple[tuple[str, str], ...] = ()
    by_itself: bool = False


@dataclass(frozen=True, slots=True)
class Target:
    """Where records are made: a stream of a connection, the fields that can be set there, and what stands for another
    record there: `references` has by field the id here -> the id there. `values_of` turns a synced value into the one
    that means the same there."""

    sink: Sink
    stream: str
    fields: Mapping[str, SyncField]
    is_right: bool
    settable: frozenset[str]
    references: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def drawn(self, key: RecordKey, external_id: str, now: Row, corrected: Row) -> Drawn:
        """The record to be made after `key`; `now` is what that one holds, `corrected` what it will hold."""
        values, source_values, left_out = self._values(now, corrected)
        lacking = [" or ".join(group) for group in self._needed() if not any(values.get(name) for name in group)]
        if lacking:
            return Drawn(None, f"it has no {lacking[0]}, which a new record of {self.stream} needs", by_itself=True)
        address = values.get("email")
        if isinstance(address, str) and not email.is_address(address):
            return Drawn(None, "its e-mail address cannot receive mail", by_itself=True)
        if values.get("email_opt_out") is True and "email_opt_out" not in self.settable:
            return Drawn(None, "its opt-out cannot be written there")
        there = RecordKey(self.sink.name, self.stream, external_id)
        reason = f"{key.connection} has {key.stream[:-1]} {key.id}, and {self.sink.name} nothing of the same"
        change = Create(there, tuple(values.items()), None, reason, RULE, (), key, tuple(source_values.items()))
        return self._fitted(change, left_out)

    def _needed(self) -> Sequence[tuple[str, ...]]:
        return _NEEDED.get((self.sink.system, self.stream), ())

    def _values(self, now: Row, corrected: Row) -> tuple[dict[str, Value], dict[str, Value], list[tuple[str, str]]]:
        values: dict[str, Value] = {}
        source_values: dict[str, Value] = {}
        left_out: list[tuple[str, str]] = []
        synced = [name for name, how in self.fields.items() if how.authority != "dont-sync"]
        for name in dict.fromkeys((*_IDENTITY[self.stream], *synced, *_CONSENTS, *self.references)):
            value = corrected.get(name)
            if name in _CONSENTS:
                values |= {name: True} if value is True and name in STREAMS[self.stream].field_names else {}
            elif name in self.settable or name in self.references:
                meant, why = self._meant(name, value)
                values |= {name: meant} if meant is not None else {}
                left_out += [(name, why)] if why else []
                # Where it is given nothing, the remote may set a value of its own, which is no edit.
                if name in self.fields and (not why or name == "owner_id"):
                    source_values[name] = now.get(name)
        return values, source_values, left_out

    def _meant(self, name: str, value: Value) -> tuple[Value, str]:
        """The value that means the same there; None for a blank, or with why there is none."""
        if value is None or value == "":
            return None, ""
        if name in self.references:
            there = self.references[name].get(str(value))
            return there, "" if there else "nothing there stands for the record that it names"
        how = self.fields.get(name)
        if how is None or not how.values:
            return value, ""
        mapping = how.values if self.is_right else {right: left for left, right in how.values.items()}
        meant = mapping.get(str(value))
        return meant, "" if meant is not None else f"the value has no counterpart in {self.sink.name}"

    def _fitted(self, change: Create, left_out: list[tuple[str, str]]) -> Drawn:
        """The change without the values that the remote is known to refuse; None where it refuses what is needed."""
        why = self.sink.refusal(Planned("", change))
        if why is None:
            return Drawn(change, left_out=tuple(left_out))
        vital = {name for group in self._needed() for name in group} | {"email", "email_opt_out"}
        kept = [(name, value) for name, value in change.values if name in vital]
        why = self.sink.refusal(Planned("", _with(change, kept)))
        if why is not None:
            return Drawn(None, why)
        for name, value in change.values:
            if name in vital:
                continue
            refused = self.sink.refusal(Planned("", _with(change, [*kept, (name, value)])))
            if refused is None:
                kept.append((name, value))
            else:
                left_out.append((name, refused))
        return Drawn(_with(change, kept), left_out=tuple(left_out))


def _with(change: Create, values: Sequence[tuple[str, Value]]) -> Create:
    dropped = {name for name, _ in change.values} - {name for name, _ in values}
    told = tuple((name, value) for name, value in change.source_values if name not in dropped)
    return Create(change.key, tuple(values), None, change.reason, RULE, (), change.source, told)


def external_id(entity: str, connection: str) -> str:
    """The id of ours that the record of an entity in a connection carries, whenever and however often it is made."""
    return f"tl-{blake2b(f'{entity}/{connection}'.encode(), digest_size=12).hexdigest()}"


def settable(sink: Sink, stream: str, never: Collection[str]) -> frozenset[str]:
    """Fields of new records: those the remote and `never` (stream.field) let us write, without amounts, which need
    their currency, and without what names other records."""
    known = {one.field for one in sink.describe(stream) if one.field and one.is_writable} - sink.derived(stream)
    plain = {
        one.name for one in STREAMS[stream].fields if one.type != "money" and one.kind not in ("reference", "currency")
    }
    return frozenset(name for name in known & plain if f"{stream}.{name}" not in never)
