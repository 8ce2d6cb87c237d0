"""What our user may read and write in one org: describe, asked once per object, and the selection made from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from connectors._http import unreadable
from connectors._salesforce_client import Client
from connectors._salesforce_fields import (
    CURRENCY,
    OPTIONAL,
    PARTS,
    READABLE_AS,
    UNREADABLE_AS_TEXT,
    Part,
    checked_fields,
    locale_currency,
)
from model.errors import NotPermitted, Rejected
from model.streams import STREAMS, ValueType

Described = Mapping[str, Any]  # one field of a describe answer


@dataclass(frozen=True, slots=True)
class Sobject:
    """One described object: its fields by lower-case name."""

    name: str
    fields: Mapping[str, Described]

    def field(self, api_name: str) -> Described | None:
        return self.fields.get(api_name.lower())

    def has(self, api_name: str) -> bool:
        return api_name.lower() in self.fields


@dataclass(frozen=True, slots=True)
class Selection:
    """How one part of a stream is read: `remote` maps canonical fields to API names as Salesforce spells them.

    `version` is the field that holds the record's version; `gaps` says in sentences what is mapped but not readable.
    """

    stream: str
    part: Part
    sobject: Sobject
    remote: Mapping[str, str]
    extra: Mapping[str, str]  # names in the payload -> API names
    version: str
    readable: frozenset[str]
    currency: str | None  # of all rows where the object has no currency of its own
    gaps: tuple[str, ...]

    @property
    def columns(self) -> tuple[str, ...]:
        """API names to select, each once."""
        wanted = ["Id", self.version, "CreatedDate", "IsDeleted", "MasterRecordId", CURRENCY, "LastModifiedDate"]
        own = [name for name in wanted if self.sobject.has(name)]
        return tuple(dict.fromkeys([*own, *self.remote.values(), *self.extra.values()]))


class Schema:
    """Describes and selections of one connection, cached until `forget`."""

    def __init__(self, client: Client, overrides: Mapping[str, Mapping[str, str]], currency: str | None = None) -> None:
        self._client = client
        self._fields = checked_fields(client.name, overrides)
        self._mapped = {(stream, name) for stream, names in overrides.items() for name in names}
        self._sobjects: dict[str, Sobject] = {}
        self._selections: dict[tuple[str, str], Selection] = {}
        self._refused: dict[str, set[str]] = {}
        self._stated_currency = currency
        self._currency: tuple[str | None, str] | None = None

    def sobject(self, name: str) -> Sobject:
        """One object's describe; NotPermitted when the org has no such object or we may not see it."""
        if name not in self._sobjects:
            self._sobjects[name] = self._describe(name)
        return self._sobjects[name]

    def forget(self, name: str, refused: str = "") -> None:
        """Describe the object anew when next asked; `refused` is a field a query just denied, describe or not."""
        self._sobjects.pop(name, None)
        self._selections.clear()
        if refused:
            self._refused.setdefault(name, set()).add(refused.lower())

    def selections(self, stream: str) -> tuple[list[Selection], tuple[str, ...]]:
        """How to read a stream, part by part, and the gaps that concern it; NotPermitted when no part is readable."""
        found: list[Selection] = []
        gaps: list[str] = []
        for part in PARTS[stream]:
            try:
                found.append(self.selection(stream, part))
            except NotPermitted:
                if not part.is_optional:
                    raise
                gaps.append(f"{stream}: {part.sobject} is not there or not readable, so its records are unknown")
        readable = frozenset.intersection(*(selection.readable for selection in found)) if found else frozenset()
        for selection in found:
            gaps += selection.gaps
        return [_narrowed(selection, readable) for selection in found], tuple(dict.fromkeys(gaps))

    def selection(self, stream: str, part: Part) -> Selection:
        """How to read one part of a stream."""
        key = (stream, part.sobject)
        if key not in self._selections:
            self._selections[key] = self._select(stream, part)
        return self._selections[key]

    def _select(self, stream: str, part: Part) -> Selection:
        sobject = self.sobject(part.sobject)
        version = next((name for name in ("SystemModstamp", "LastModifiedDate") if sobject.has(name)), None)
        if version is None or not sobject.has("Id"):
            raise NotPermitted(
                f"{self._client.name}: {part.sobject} shows neither SystemModstamp nor LastModifiedDate to this user, "
                "so its changes cannot be followed.",
                connection=self._client.name,
                missing=f"{part.sobject}.SystemModstamp",
            )
        types: dict[str, ValueType] = {field.name: field.type for field in STREAMS[stream].fields}
        remote: dict[str, str] = {}
        extra: dict[str, str] = {}
        gaps: list[str] = []
        for canonical, api_name in self._fields[stream].items():
            if canonical in part.fixed or canonical in part.empty:
                continue
            described = sobject.field(api_name)
            if described is None:
                if canonical not in OPTIONAL or (stream, canonical) in self._mapped:
                    gaps.append(f"{stream}.{canonical}: {part.sobject}.{api_name} is not readable, so it is unknown")
                continue
            if canonical not in types:
                extra[canonical] = described["name"]
            elif _fits(types[canonical], described):
                remote[canonical] = described["name"]
            else:
                gaps.append(
                    f"{stream}.{canonical}: {part.sobject}.{api_name} is of type {described.get('type')}, "
                    f"not {types[canonical]}, so it was not read"
                )
        currency = self._row_currency(stream, sobject, remote, types, gaps)
        readable = remote.keys() | part.fixed.keys() | (part.empty & types.keys())
        if "currency" in types and (currency or sobject.has(CURRENCY)):
            readable |= {"currency"}
        return Selection(stream, part, sobject, remote, extra, version, frozenset(readable), currency, tuple(gaps))

    def org_currency(self) -> tuple[str | None, str]:
        """ISO code of a single-currency org and, where it is not certain, the sentence that says so.

        REST tells it to nobody (SOAP getUserInfo does): it is the setting, else the Organization's own field where one
        shows, else what the org's locale suggests, which is how Salesforce chose it when the org was made.
        """
        if self._currency is None:
            self._currency = self._ask_currency()
        return self._currency

    def _row_currency(
        self,
        stream: str,
        sobject: Sobject,
        remote: dict[str, str],
        types: Mapping[str, ValueType],
        gaps: list[str],
    ) -> str | None:
        amounts = [name for name in remote if types[name] == "money"]
        if sobject.has(CURRENCY) or "currency" not in types:
            return None
        currency, doubt = self.org_currency()
        if doubt and amounts:
            gaps.append(f"{stream}: {doubt}")
        if currency is None:
            for name in amounts:
                del remote[name]
        return currency

    def _ask_currency(self) -> tuple[str | None, str]:
        if self._stated_currency is not None:
            return self._stated_currency, ""
        setting = f"connections.{self._client.name}.currency"
        try:
            organization = self.sobject("Organization")
            names = [n for n in (CURRENCY, "DefaultLocaleSidKey") if organization.has(n)]
            columns = ", ".join(names or ["Id"])
            rows = self._client.rows(
                "SELECT {columns:literal} FROM Organization", {"columns": columns}, kind="describe"
            )
        except (NotPermitted, Rejected):
            rows = []
        row = rows[0] if rows else {}
        if isinstance(row.get(CURRENCY), str):
            return row[CURRENCY], ""
        locale = str(row.get("DefaultLocaleSidKey") or "")
        assumed = locale_currency(locale)
        if assumed:
            return (
                assumed,
                f"the org does not tell its currency; {assumed} is taken from its locale {locale}; set {setting}",
            )
        return None, f"the org does not tell its currency, so amounts are unknown; set {setting}"

    def _describe(self, name: str) -> Sobject:
        try:
            answer = self._client.get(f"sobjects/{name}/describe", kind="describe")
        except Rejected as error:
            raise NotPermitted(
                f"{self._client.name}: the object {name} does not exist in this org or is hidden from this user.",
                connection=self._client.name,
                missing=name,
            ) from error
        fields = answer.get("fields") if isinstance(answer, dict) else None
        if not isinstance(fields, list):
            raise unreadable(self._client.name, f"a describe of {name} without fields")
        refused = self._refused.get(name, set())
        known = {f["name"].lower(): f for f in fields if isinstance(f, dict) and isinstance(f.get("name"), str)}
        return Sobject(name, {key: described for key, described in known.items() if key not in refused})


def _fits(wanted: ValueType, described: Described) -> bool:
    kind = str(described.get("type", ""))
    return kind not in UNREADABLE_AS_TEXT if wanted == "text" else kind in READABLE_AS[wanted]


def _narrowed(selection: Selection, readable: frozenset[str]) -> Selection:
    """The same selection with only the fields that every part of its stream can answer."""
    if selection.readable == readable:
        return selection
    remote = {name: api for name, api in selection.remote.items() if name in readable}
    return Selection(
        selection.stream,
        selection.part,
        selection.sobject,
        remote,
        selection.extra,
        selection.version,
        readable,
        selection.currency,
        selection.gaps,
    )
