"""The calls that read: queries, records by id, what changed, and descriptions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from sandbox.salesforce.database import Row
from sandbox.salesforce.errors import ApiError
from sandbox.salesforce.fields import SObject
from sandbox.salesforce.ids import long_id
from sandbox.salesforce.org import Org
from sandbox.salesforce.queries import PAGE
from sandbox.salesforce.soap.answer import Xml
from sandbox.salesforce.soap.call import SoapCall
from sandbox.salesforce.soap.sobjects import RecordWriter, known_type, moment, record_of

MAX_DESCRIBED = 100
# The WSDL of v27 has no queryId, that of v47 demands one; REST answers an object instead of a list from v37 on.
SEARCH_HAS_ID = 37.0
# In a REST describe but in no WSDL.
_REST_ONLY = {
    "urls",
    "sobjectDescribeOption",
    "associateEntityType",
    "associateParentEntity",
    "listviewable",
    "lookupLayoutable",
}
# In the WSDL's description of one object, nil where there is nothing to tell.
_NIL = (
    "defaultImplementation", "implementedBy", "implementsInterfaces", "networkScopeFieldName", "urlDetail", "urlEdit",
    "urlNew",
)  # fmt: skip


class Reading:
    """The calls that change nothing."""

    def __init__(self, org: Org) -> None:
        self._org = org

    def query(self, call: SoapCall) -> list[Xml]:
        return self._query(call, include_deleted=False)

    def query_all(self, call: SoapCall) -> list[Xml]:
        return self._query(call, include_deleted=True)

    def _query(self, call: SoapCall, *, include_deleted: bool) -> list[Xml]:
        text = _only(call, "queryString")
        if text is None:
            raise ApiError("MALFORMED_QUERY", "A query string has to be specified")
        size = call.page_size or PAGE
        user = call.user_id
        found = self._org.queries.run(text, call.version, size=size, include_deleted=include_deleted, user_id=user)
        return [self._writer(call).page(found)]

    def query_more(self, call: SoapCall) -> list[Xml]:
        locator = call.arguments.value("queryLocator") or ""
        return [self._writer(call).page(self._org.queries.more(locator, call.version, call.page_size))]

    def search(self, call: SoapCall) -> list[Any]:
        """A SearchResult, in the form of the WSDL of the version."""
        found = call.ask("GET", "/search", query={"q": _only(call, "searchString") or ""})
        records = found["searchRecords"] if isinstance(found, Mapping) else found
        writer = self._writer(call)
        told: dict[str, Any] = {"searchRecords": [{"record": writer.record(one)} for one in records]}
        return [{"queryId": str(uuid4()), **told} if float(call.version) >= SEARCH_HAS_ID else told]

    def retrieve(self, call: SoapCall) -> list[Xml | None]:
        """The records in the order of their ids, nil for those there are not."""
        declared = known_type(self._org.schema, call.arguments.value("sObjectType") or "")
        names = (call.arguments.value("fieldList") or "").split(",")
        body = {"ids": call.arguments.values("ids"), "fields": [name.strip() for name in names]}
        if not body["ids"]:
            return []
        writer = self._writer(call)
        found = call.ask("POST", f"/composite/sobjects/{declared.name}", body)
        return [writer.record(record) if record else None for record in found]

    def updated(self, call: SoapCall) -> list[dict[str, Any]]:
        found = self._window(call, "updated")
        return [{"ids": found["ids"], "latestDateCovered": moment(found["latestDateCovered"])}]

    def deleted(self, call: SoapCall) -> list[dict[str, Any]]:
        found = self._window(call, "deleted")
        rows = [{"deletedDate": moment(row["deletedDate"]), "id": row["id"]} for row in found["deletedRecords"]]
        dates = {name: moment(found[name]) for name in ("earliestDateAvailable", "latestDateCovered")}
        return [{"deletedRecords": rows, **dates}]

    def _window(self, call: SoapCall, resource: str) -> Any:
        # The first argument names the type; clients do not agree on what it is called.
        first = call.arguments.children[0].text.strip() if call.arguments.children else ""
        declared = known_type(self._org.schema, first)
        window = {name: call.arguments.value(f"{name}Date") or "" for name in ("start", "end")}
        return call.ask("GET", f"/sobjects/{declared.name}/{resource}", query=window)

    def describe_global(self, call: SoapCall) -> list[Any]:
        return [_described(call.ask("GET", "/sobjects"))]

    def describe(self, call: SoapCall) -> list[Any]:
        """describeSObject and describeSObjects."""
        names = call.arguments.values("sObjectType")
        if len(names) > MAX_DESCRIBED:
            raise ApiError("EXCEEDED_MAX_TYPES_LIMIT", f"No more than {MAX_DESCRIBED} types can be described at once")
        chosen = [known_type(self._org.schema, name) for name in names]
        told = [_described(call.ask("GET", f"/sobjects/{declared.name}/describe")) for declared in chosen]
        return [{**dict.fromkeys(_NIL), **one} for one in told]

    def duplicates(self, call: SoapCall) -> list[dict[str, Any]]:
        """findDuplicates: what the duplicate rules find for records that need not exist."""
        found = []
        for record in [record_of(element, self._org.schema) for element in call.arguments.children]:
            declared = known_type(self._org.schema, record["attributes"]["type"])
            row = {f.name: record[name] for name in record if (f := self._org.schema.field(declared, name))}
            found.append(self._found(call, declared, row))
        return found

    def duplicates_by_ids(self, call: SoapCall) -> list[dict[str, Any]]:
        found = []
        for given in call.arguments.values("ids"):
            record_id = long_id(given) or ""
            declared = next(iter(self._org.schema.of_id(record_id)), None)
            if declared is None:
                raise ApiError("MALFORMED_ID", f"malformed id {given}")
            found.append(self._found(call, declared, self._org.records.existing(declared, record_id)))
        return found

    def _found(self, call: SoapCall, declared: SObject, row: Row) -> dict[str, Any]:
        results = self._org.records.duplicates.find(declared, row, call.actor)
        writer = self._writer(call)
        for match in (match for result in results for match in result["matchResults"]):
            match["matchRecords"] = [{**one, "record": writer.record(one["record"])} for one in match["matchRecords"]]
        return {"duplicateResults": results, "success": True}

    def _writer(self, call: SoapCall) -> RecordWriter:
        return RecordWriter(self._org.schema, call.api)


def _only(call: SoapCall, name: str) -> str | None:
    """The argument of a call that has one; SOAP::Lite gives it a name of its own making."""
    arguments = call.arguments
    return arguments.value(arguments.children[0].name if len(arguments.children) == 1 else name)


def _described(value: Any) -> Any:
    """A REST description as the WSDL has it: what is null is left out, but for the prefix of ids."""
    if isinstance(value, list):
        return [_described(one) for one in value]
    if not isinstance(value, Mapping):
        return value
    told = {key: one for key, one in value.items() if one is not None or key == "keyPrefix"}
    kept = {key: _described(one) for key, one in told.items() if key not in _REST_ONLY}
    return {**kept, "idEnabled": True} if "keyPrefix" in value else kept
