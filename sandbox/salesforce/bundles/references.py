"""References from one subrequest to the answer of an earlier one: @{account.id}, @{found.records[0].Id}."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sandbox.salesforce.errors import ApiError

NAME = re.compile(r"[A-Za-z0-9]\w*", re.ASCII)
_REFERENCE = re.compile(r"@\{([^{}]*)\}")
_PATH = re.compile(r"(\w+)((?:\.\w+|\[\d+\])+)", re.ASCII)
_NULL_SINCE = 52  # API version from which a field that is there but blank may be referred to


@dataclass(slots=True)
class Answers:
    """What the subrequests so far have answered, by their reference ids."""

    version: int  # of the call as a whole
    bodies: dict[str, Any] = field(default_factory=dict)

    def resolve(self, value: Any) -> Any:
        """The value with every reference replaced; PROCESSING_HALTED for one that leads nowhere.

        A text that is one reference becomes what it refers to; names and fields are taken with their case.
        """
        if isinstance(value, dict):
            return {key: self.resolve(inner) for key, inner in value.items()}
        if isinstance(value, list):
            return [self.resolve(inner) for inner in value]
        if not isinstance(value, str):
            return value
        if whole := _REFERENCE.fullmatch(value):
            return self._find(whole.group(1))
        return _REFERENCE.sub(lambda found: _text(self._find(found.group(1))), value)

    def _find(self, reference: str) -> Any:
        parsed = _PATH.fullmatch(reference)
        if parsed is None:
            raise _leads_nowhere(reference)
        value = self.bodies.get(parsed.group(1))
        for step in re.findall(r"\w+", parsed.group(2)):
            if isinstance(value, list) and step.isdecimal() and int(step) < len(value):
                value = value[int(step)]
            elif isinstance(value, dict) and step in value:
                value = value[step]
            else:
                raise _leads_nowhere(reference)
        if isinstance(value, dict | list) or (value is None and self.version < _NULL_SINCE):
            raise _leads_nowhere(reference)
        return value


def named_in(value: Any) -> set[str]:
    """The reference ids that a value refers to."""
    if isinstance(value, Mapping):
        return set().union(*(named_in(inner) for inner in value.values()))
    if isinstance(value, list):
        return set().union(*(named_in(inner) for inner in value))
    found = _REFERENCE.findall(value) if isinstance(value, str) else []
    return {re.split(r"[.\[]", reference)[0] for reference in found}


def _text(value: Any) -> str:
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def _leads_nowhere(reference: str) -> ApiError:
    name = re.split(r"[.\[]", reference)[0]
    message = (
        f"Invalid reference specified. No value for {reference} found in {name}. Provided referenceId ('{reference}') "
        "must start with a letter or a number, and it can contain only letters, numbers and underscores ('_')."
    )
    return ApiError("PROCESSING_HALTED", message)
