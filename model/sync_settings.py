"""The settings of `[sync]`: which fields, records and deletions of one CRM are carried to another."""

from __future__ import annotations

import re
from collections import Counter
from typing import Literal

from pydantic import Field, field_validator

from model.tables import Table

# Names for `always:NAME` and `prefer:NAME-unless-blank` where a system has one connection among the two.
BY_SYSTEM = re.compile(r"^(always|prefer)-(salesforce|hubspot)(-unless-blank)?$")
_AUTHORITY = re.compile(r"^(two-way|fill-only|dont-sync|always:.+|prefer:.+-unless-blank)$")


class SyncField(Table):
    """How one field is kept alike. `values` turns the first connection's values into the second's; with `clears` a
    value that was taken away on one side is taken away on the other. With `newest`, of a two-way field that
    changed on both sides the value counts that surely was set later."""

    authority: str
    clears: bool = False
    newest: bool = True
    values: dict[str, str] = Field(default_factory=dict)

    @field_validator("authority")
    @classmethod
    def _authority_is_known(cls, word: str) -> str:
        by_system = BY_SYSTEM.match(word)
        if not (_AUTHORITY.match(word) or (by_system and (by_system[1] == "prefer") == bool(by_system[3]))):
            raise ValueError(
                f"there is no authority {word!r}; there are two-way, fill-only, dont-sync, always-salesforce, "
                "always-hubspot, prefer-salesforce-unless-blank, prefer-hubspot-unless-blank, always:CONNECTION and "
                "prefer:CONNECTION-unless-blank"
            )
        return word

    @field_validator("values")
    @classmethod
    def _values_lead_back(cls, values: dict[str, str]) -> dict[str, str]:
        twice = sorted(right for right, number in Counter(values.values()).items() if number > 1)
        if twice:
            raise ValueError(f"{twice[0]!r} stands for two values, so that it does not lead back to one")
        return values


class SyncStream(Table):
    """How a stream is kept alike in two connections. `create` names the connections in which missing records are
    made, `where` (field -> values) which records it is for; `deletes` says what becomes of a record whose partner was
    deleted."""

    fields: dict[str, SyncField] = Field(default_factory=dict)
    create: tuple[str, ...] = ()
    deletes: Literal["ignore", "flag", "propagate"] = "ignore"
    where: dict[str, tuple[str, ...]] = Field(default_factory=dict)

    @field_validator("fields", mode="before")
    @classmethod
    def _one_word_is_an_authority(cls, fields: object) -> object:
        if not isinstance(fields, dict):
            return fields
        return {name: {"authority": told} if isinstance(told, str) else told for name, told in fields.items()}


class SyncSettings(Table):
    """What is kept alike in two connections, `between`; nothing where it names none. With `beside_native`, fields that
    HubSpot's own Salesforce integration maps are written too. `link_from` is how sure (0 to 1) it must be that two
    records are one person or company. A person's records, contacts and leads, go by
    `contacts`."""

    between: tuple[str, str] | None = None
    beside_native: bool = False
    link_from: float = Field(default=0.95, gt=0.5, le=1)
    accounts: SyncStream = SyncStream()
    contacts: SyncStream = SyncStream()

    def stream(self, name: str) -> SyncStream:
        """The settings of accounts, or of people."""
        return self.accounts if name == "accounts" else self.contacts
