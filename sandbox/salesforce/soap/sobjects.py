"""sObjects between XML and the JSON form that the rest of the org speaks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from sandbox.salesforce.errors import ApiError
from sandbox.salesforce.fields import SObject
from sandbox.salesforce.schema import Schema
from sandbox.salesforce.soap.answer import Xml, text, written
from sandbox.salesforce.soap.element import Element
from sandbox.salesforce.soap.envelope import ClientFault

Record = dict[str, Any]
# The WSDL's address extends its location, whose elements come first.
_ADDRESS = (
    "latitude", "longitude", "city", "country", "countryCode", "geocodeAccuracy", "postalCode", "state", "stateCode",
    "street",
)  # fmt: skip
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+0000")


def unknown_type(name: str) -> ApiError:
    return ApiError(
        "INVALID_TYPE",
        f"sObject type '{name}' is not supported. If you are attempting to use a custom object, be sure to append the "
        "'__c' after the entity name. Please reference your WSDL or the describe call for the appropriate names.",
    )


def known_type(schema: Schema, name: str) -> SObject:
    """The declared sObject; the fault INVALID_TYPE when there is none."""
    if (found := schema.find(name)) is None:
        raise unknown_type(name)
    return found


def record_of(element: Element, schema: Schema) -> Record:
    """The record in an element: a partner's `type` comes first, an enterprise's is its xsi:type.

    A nil element says nothing about its field; `fieldsToNull` clears.
    """
    fields = list(element.children)
    if fields and fields[0].name == "type":
        kind = fields.pop(0).text.strip()
    elif element.type_name and element.type_name != "sObject":
        kind = element.type_name
    else:
        raise ClientFault("Missing entity type information. sObject requires a separate 'type' field be sent.")
    declared = known_type(schema, kind)
    record: Record = {"attributes": {"type": declared.name}}
    for child in fields:
        if child.name == "fieldsToNull":
            if cleared := child.text.strip():
                record[cleared] = None
        elif not child.nil:
            record[child.name] = record_of(child, schema) if child.children else child.text
    return record


class RecordWriter:
    """Writes the JSON of queries and reads as sObjects of one endpoint."""

    def __init__(self, schema: Schema, api: str) -> None:
        self._schema = schema
        self._partner = api == "u"

    def page(self, found: Record) -> Xml:
        """A QueryResult."""
        locator = str(found.get("nextRecordsUrl") or "").rpartition("/")[2] or None
        parts = [written("done", found["done"]), written("queryLocator", locator)]
        parts += [written("records", self.record(record)) for record in found["records"]]
        return Xml("".join((*parts, written("size", found["totalSize"]))), ' xsi:type="QueryResult"')

    def record(self, record: Record) -> Xml:
        """One sObject: the partner's says an Id that was asked for twice, the enterprise's leaves out what is null."""
        kind = record["attributes"]["type"]
        content = "".join(self._fields(kind, record))
        if not self._partner:
            return Xml(content, f' xsi:type="sf:{kind}"')
        head = written("sf:type", kind) + written("sf:Id", record.get("Id"))
        return Xml(head + content, ' xsi:type="sf:sObject"')

    def _fields(self, kind: str, record: Record) -> Iterator[str]:
        declared = self._schema.find(kind)
        for name, value in record.items():
            if name == "attributes" or (value is None and not self._partner):
                continue
            yield written(f"sf:{name}", self._value(declared, name, value))

    def _value(self, declared: SObject | None, name: str, value: Any) -> Any:
        if isinstance(value, dict):
            if "attributes" in value:
                return self.record(value)
            if "records" in value:
                return self.page(value)
            return Xml("".join(written(key, value.get(key)) for key in _ADDRESS), ' xsi:type="address"')
        field = declared.fields.get(name.lower()) if declared else None
        if isinstance(value, str) and (field is None or field.type == "datetime"):
            return Xml(text(moment(value)))
        return value


def moment(value: str) -> str:
    """A time in the form of XML Schema; other text as it is."""
    return value.replace("+0000", "Z") if _MOMENT.fullmatch(value) else value
