"""What administrators require of records, beyond what HubSpot does."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

Values = Mapping[str, str | None]
# Rules hold for writes through these versions.
RULED = ("2026-09", "2026-09-beta")


@dataclass(frozen=True, slots=True)
class AdminRule:
    """Properties of an object type that an administrator requires: of new records, or, where `when` names a property
    and values of it, of every record that holds one of these."""

    kind: str
    required: tuple[str, ...]
    when: Mapping[str, Collection[str]] = field(default_factory=dict)

    def lacking(self, values: Values, touched: Collection[str]) -> list[str]:
        """What a record that would hold `values` lacks; nothing when the write touches none of it."""
        if set(touched).isdisjoint({*self.when, *self.required}):
            return []
        if any(values.get(name) not in wanted for name, wanted in self.when.items()):
            return []
        return [name for name in self.required if not values.get(name)]
