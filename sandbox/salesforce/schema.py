"""What an org's API user sees: the sObjects, less the fields hidden by field-level security."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from sandbox.salesforce.errors import not_found
from sandbox.salesforce.fields import Field, SObject
from sandbox.salesforce.objects import STANDARD
from sandbox.salesforce.objects.features import FEATURES


@dataclass(frozen=True, slots=True)
class Child:
    """A relationship seen from the parent: the lookup `field` of `sobject` points at it."""

    sobject: str
    field: Field


class Schema:
    """The sObjects of one org; names are found without case."""

    def __init__(self, features: Iterable[str] = ()) -> None:
        """`features` are those of `FEATURES` that are turned on; ValueError for one that there is not."""
        self._sobjects = {declared.name.lower(): declared for declared in STANDARD}
        self._hidden: set[tuple[str, str]] = set()
        self._locked: set[tuple[str, str]] = set()
        self.version = 0  # moves with every change of what can be seen
        for feature in sorted(features):
            self.turn_on(feature)

    def __iter__(self) -> Iterator[SObject]:
        return iter(sorted(self._sobjects.values(), key=lambda declared: declared.name))

    def find(self, name: str) -> SObject | None:
        return self._sobjects.get(name.lower())

    def get(self, name: str) -> SObject:
        """The sObject of a path; a 404 refusal when there is none."""
        if (found := self.find(name)) is None:
            raise not_found()
        return found

    def of_id(self, record_id: str) -> list[SObject]:
        """The sObjects whose ids begin as this one does."""
        return [declared for declared in self._sobjects.values() if declared.prefix == record_id[:3]]

    def visible(self, declared: SObject) -> list[Field]:
        """The fields the API user may see, those it may not edit shown as read-only."""
        return [seen for f in declared.fields.values() if (seen := self.field(declared, f.name))]

    def field(self, declared: SObject, name: str) -> Field | None:
        """One field as the API user sees it; None when it does not exist or is hidden."""
        found = declared.fields.get(name.lower())
        key = (declared.name.lower(), name.lower())
        if found is None or key in self._hidden:
            return None
        return replace(found, createable=False, updateable=False) if key in self._locked else found

    def hide(self, sobject: str, field: str) -> None:
        self._hidden.add(self._key(sobject, field))
        self.version += 1

    def show(self, sobject: str, field: str) -> None:
        self._hidden.discard(self._key(sobject, field))
        self._locked.discard(self._key(sobject, field))
        self.version += 1

    def lock(self, sobject: str, field: str) -> None:
        """Let the API user see the field but not edit it."""
        self._locked.add(self._key(sobject, field))
        self.version += 1

    def replace(self, declared: SObject) -> None:
        """Put the sObject in place of the one of that name."""
        self._sobjects[declared.name.lower()] = declared
        self.version += 1

    def turn_on(self, feature: str) -> list[SObject]:
        """Add what the feature brings; the sObjects that are new or have new fields."""
        if feature not in FEATURES:
            raise ValueError(f"The sandbox has no feature {feature!r}; it has {', '.join(FEATURES)}.")
        changed = list(FEATURES[feature].sobjects)
        for name, added in FEATURES[feature].fields.items():
            declared = self._sobjects[name.lower()]
            for one in added:
                declared = declared.with_field(one)
            changed.append(declared)
        for declared in changed:
            self.replace(declared)
        return changed

    def children(self, parent: SObject) -> list[Child]:
        """All lookups that point at the parent, by sObject and field."""
        return [Child(declared.name, f) for declared in self for f in declared.stored if parent.name in f.refers_to]

    def _key(self, sobject: str, field: str) -> tuple[str, str]:
        """LookupError when there is no such field."""
        declared = self._sobjects[sobject.lower()]
        return declared.name.lower(), declared.fields[field.lower()].name.lower()
