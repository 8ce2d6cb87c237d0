"""What a remote says of its fields, for people who map them, and of an integration of its own that writes them too."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from model.streams import STREAMS, ValueType


@dataclass(frozen=True, slots=True)
class Option:
    """One value of a picklist, as the API writes it and as people see it; an inactive one is on old records only."""

    value: str
    label: str
    is_active: bool = True


@dataclass(frozen=True, slots=True)
class RemoteField:
    """One field of a stream in one remote.

    `kind` is the remote's own word for its type, `type` what its values become here. `options` is empty where any
    value goes; with `is_closed` no other value is taken. `length` is the most characters, None where there is no
    limit that matters. `is_required`: a new record needs it. `field` is the canonical field that it is mapped to, None
    where it is none.
    """

    name: str
    label: str
    kind: str
    type: ValueType
    field: str | None = None
    options: tuple[Option, ...] = ()
    is_closed: bool = False
    length: int | None = None
    is_required: bool = False
    is_writable: bool = True
    is_custom: bool = False


@dataclass(frozen=True, slots=True)
class NativeSync:
    """What an integration of the remote's own with another CRM writes where it is on.

    `fields` has, by stream, the canonical fields that it maps as far as can be known; `links` the custom fields of the
    stream one of which names the record of the other CRM, for records that it keeps in step.
    """

    system: str
    fields: Mapping[str, frozenset[str]]
    links: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def kept(self, stream: str) -> frozenset[str]:
        """The fields of a stream that are left to it: all that it maps but consents. Its usual rule never replaces a
        "no opt-out" in the other CRM, and an opt-out must get across."""
        kinds = {known.name: known.kind for known in STREAMS[stream].fields}
        return frozenset(name for name in self.fields.get(stream, ()) if kinds.get(name) != "consent")
