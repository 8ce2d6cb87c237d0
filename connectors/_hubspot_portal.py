"""What a portal says of itself: its time zone, its currency, its properties; asked once and kept until asked afresh."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from connectors._http import unreadable
from connectors._hubspot_fields import Fields, Portal, Property, resolve_fields
from connectors._hubspot_gateway import Gateway, results_of
from connectors._hubspot_layouts import LAYOUTS, Layout
from connectors._hubspot_operations import DETAILS, LABELS, PROPERTIES
from model.errors import NotPermitted
from model.settings import HubspotConnection

UTC_ZONE = ZoneInfo("UTC")


class Description:
    """The account's details and, per kind of object, its readable fields.

    `totals` are how many live objects of a kind the search index held when a full read of them ended.
    """

    def __init__(self, gateway: Gateway, settings: HubspotConnection) -> None:
        self._gateway = gateway
        self._settings = settings
        self._details: Mapping[str, Any] | None = None
        self._fields: dict[str, Fields] = {}
        self.totals: dict[str, int] = {}
        self._labels: dict[tuple[str, str], dict[str, tuple[str, int]]] = {}

    def details(self) -> Mapping[str, Any]:
        """The account's details; empty when the token may not see them."""
        if self._details is None:
            try:
                self._details = self._gateway.call(DETAILS).body
            except NotPermitted:
                self._details = {}
            self._gateway.zone = self.portal().zone
        return self._details

    def now(self) -> int:
        """The remote's clock, asked for now, µs."""
        self._details = None
        self.details()
        return self._gateway.at

    def portal(self) -> Portal:
        """Time zone (UTC where unknown) and currency (None where unknown)."""
        details = self.details()
        currency = str(details.get("companyCurrency") or "").upper()
        try:
            zone = ZoneInfo(str(details.get("timeZone") or "UTC"))
        except (ZoneInfoNotFoundError, ValueError):
            zone = UTC_ZONE
        return Portal(zone, currency if len(currency) == 3 and currency.isalpha() else None)

    def fields(self, kind: str | Layout, *, fresh: bool = False) -> Fields:
        """The readable fields of a kind of object, or of the one kind a stream has; NotPermitted when its properties
        may not be seen."""
        layout = LAYOUTS[kind] if isinstance(kind, str) else kind
        if fresh or layout.object not in self._fields:
            overrides = self._settings.fields.get(layout.stream, {})
            properties = self._properties(layout.object)
            self._fields[layout.object] = resolve_fields(layout, properties, overrides, self.portal())
        return self._fields[layout.object]

    def known_fields(self, stream: str) -> Fields | None:
        """The fields of a stream of one kind of object if they have been asked for already."""
        return self._fields.get(LAYOUTS[stream].object) if stream in LAYOUTS else None

    def labels(self, from_object: str, to_object: str) -> Mapping[str, tuple[str, int]]:
        """The portal's own labels of links between two kinds of objects: name -> (category, type id)."""
        pair = (from_object, to_object)
        if pair not in self._labels:
            reply = self._gateway.call(LABELS, path={"from_object": from_object, "to_object": to_object})
            try:
                self._labels[pair] = {
                    str(entry["label"]): (str(entry["category"]), int(entry["typeId"]))
                    for entry in results_of(self._gateway, reply)
                    if entry.get("label") and entry.get("category") == "USER_DEFINED"
                }
            except (KeyError, TypeError, ValueError):
                raise unreadable(self._gateway.name, "a label without category or type") from None
        return self._labels[pair]

    def _properties(self, object_name: str) -> dict[str, Property]:
        reply = self._gateway.call(PROPERTIES, path={"object": object_name}, query=[("archived", "false")])
        try:
            properties = [Property.parse(raw) for raw in results_of(self._gateway, reply)]
        except (KeyError, TypeError, AttributeError):
            raise unreadable(self._gateway.name, "a property without name or type") from None
        return {prop.name: prop for prop in properties}
