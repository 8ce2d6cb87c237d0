"""What our user may read and write in one org: describe, asked once per object, and the selection made from it."""

from __future__ import annotations

from collections.abc import Mapping

from connectors._http import unreadable
from connectors._salesforce_client import Client
from connectors._salesforce_fields import CURRENCY, checked_fields, locale_currency
from connectors._salesforce_parts import PARTS, Part
from connectors._salesforce_selection import Selection, Sobject, aligned, selection_of, version_field
from model.errors import NotPermitted, Rejected

# What describe says of an object that a write or a search for deletions depends on.
_FLAGS = ("createable", "updateable", "deletable", "undeletable", "mergeable", "replicateable")


class Schema:
    """Describes and selections of one connection, cached until `forget`."""

    def __init__(self, client: Client, overrides: Mapping[str, Mapping[str, str]], currency: str | None = None) -> None:
        self._client = client
        self._mapped = checked_fields(client.name, overrides)
        self._sobjects: dict[str, Sobject] = {}
        self._absent: dict[str, NotPermitted] = {}
        self._selections: dict[tuple[str, str], Selection] = {}
        self._refused: dict[str, set[str]] = {}
        self._stated_currency = currency
        self._currency: tuple[str | None, str] | None = None

    def sobject(self, name: str) -> Sobject:
        """One object's describe; NotPermitted when the org has no such object or we may not see it."""
        if name in self._absent:
            raise self._absent[name]
        if name not in self._sobjects:
            try:
                self._sobjects[name] = self._describe(name)
            except NotPermitted as error:
                self._absent[name] = error
                raise
        return self._sobjects[name]

    def forget(self, name: str, refused: str = "") -> None:
        """Describe the object anew when next asked; `refused` is a field a query just denied, describe or not."""
        self._sobjects.pop(name, None)
        self._absent.pop(name, None)
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
        for selection in found:
            gaps += selection.gaps
        return aligned(found), tuple(dict.fromkeys(gaps))

    def selection(self, stream: str, part: Part) -> Selection:
        """How to read one part of a stream."""
        key = (stream, part.sobject)
        if key not in self._selections:
            self._selections[key] = self._select(stream, part)
        return self._selections[key]

    def _select(self, stream: str, part: Part) -> Selection:
        sobject = self.sobject(part.sobject)
        version = version_field(sobject, part)
        if version is None or not sobject.has("Id"):
            raise NotPermitted(
                f"{self._client.name}: {part.sobject} shows neither SystemModstamp nor LastModifiedDate to this user, "
                "so its changes cannot be followed.",
                connection=self._client.name,
                missing=f"{part.sobject}.SystemModstamp",
            )
        return selection_of(stream, part, sobject, version, self._mapped.get(stream, {}), self.org_currency)

    def org_currency(self) -> tuple[str | None, str]:
        """ISO code of a single-currency org and, where it is not certain, the sentence that says so.

        REST tells it to nobody (SOAP getUserInfo does): it is the setting, else the Organization's own field where one
        shows, else what the org's locale suggests, which is how Salesforce chose it when the org was made.
        """
        if self._currency is None:
            self._currency = self._ask_currency()
        return self._currency

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
        shown = {key: described for key, described in known.items() if key not in refused}
        flags = frozenset(flag for flag in _FLAGS if answer.get(flag) is True)
        told = answer.get("childRelationships")
        children = [one for one in told if isinstance(one, dict)] if isinstance(told, list) else []
        pairs = sorted({(str(one.get("childSObject")), str(one.get("field"))) for one in children})
        return Sobject(name, shown, flags, tuple(pairs))
