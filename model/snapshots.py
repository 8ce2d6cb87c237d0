"""A record as its system held it just before a change of whole records, in the system's own names and texts."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from model.evidence import RecordKey

Values = Mapping[str, Any]  # by the system's field names, as its API shows them


@dataclass(frozen=True, slots=True)
class Hanging:
    """What hung on a record: another record whose `field` names it, or, with a blank `field`, one it is linked with.

    `kind` is the system's name of the object. `values` are all of its own where the merge of its parents can end it.
    `labels` are the (category, type id) of a link.
    """

    kind: str
    field: str
    id: str
    values: Values | None = None
    labels: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A record's values, mapped or not, with all that hung on it. `version` is in µs; `gaps` names what could not be
    read, in words."""

    key: RecordKey
    version: int | None
    values: Values
    hanging: tuple[Hanging, ...] = ()
    gaps: tuple[str, ...] = ()

    def dump(self) -> str:
        """JSON that `load` turns into an equal snapshot of that record."""
        hanging = [[one.kind, one.field, one.id, one.values, one.labels] for one in self.hanging]
        body = {"version": self.version, "values": self.values, "hanging": hanging, "gaps": self.gaps}
        return json.dumps(body, separators=(",", ":"))

    @classmethod
    def load(cls, key: RecordKey, text: str) -> Snapshot:
        body = json.loads(text)
        hanging = tuple(
            Hanging(kind, field, record_id, values, tuple((category, number) for category, number in labels))
            for kind, field, record_id, values, labels in body["hanging"]
        )
        return cls(key, body["version"], body["values"], hanging, tuple(body["gaps"]))

    def without(self, ids: Collection[str]) -> Snapshot:
        """The same without what hung on it and has, or names, one of these ids, and without its own mentions."""
        kept = tuple(
            one
            for one in self.hanging
            if one.id not in ids and not set(map(str, (one.values or {}).values())) & set(ids)
        )
        values = {name: None if value in ids else value for name, value in self.values.items()}
        return Snapshot(self.key, self.version, values, kept, self.gaps)
