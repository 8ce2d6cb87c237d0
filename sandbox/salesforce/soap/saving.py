"""The calls that write: records, the recycle bin, merges and lead conversions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import groupby
from typing import Any

from sandbox.salesforce.converting import Converting, LeadConvert
from sandbox.salesforce.errors import ApiError, missing_record
from sandbox.salesforce.fields import SObject
from sandbox.salesforce.ids import long_id
from sandbox.salesforce.merging import Merging
from sandbox.salesforce.org import SUCCESS, Org
from sandbox.salesforce.outcomes import Result, each
from sandbox.salesforce.soap.call import SoapCall
from sandbox.salesforce.soap.element import Element
from sandbox.salesforce.soap.envelope import ClientFault
from sandbox.salesforce.soap.sobjects import Record, known_type, record_of

MAX_RECORDS, MAX_LEADS = 200, 100


class Saving:
    """The calls that change records."""

    def __init__(self, org: Org, merging: Merging, converting: Converting) -> None:
        self._org = org
        self._merging = merging
        self._converting = converting

    def create(self, call: SoapCall) -> list[Result]:
        return self._collection(call, "POST", "/composite/sobjects", self._records(call.arguments.children))

    def update(self, call: SoapCall) -> list[Result]:
        return self._collection(call, "PATCH", "/composite/sobjects", self._records(call.arguments.children))

    def upsert(self, call: SoapCall) -> list[Result]:
        key = call.arguments.value("externalIDFieldName") or "Id"
        records = self._records([one for one in call.arguments.children if one.name != "externalIDFieldName"])
        results: list[Result] = []
        for kind, group in groupby(records, key=lambda record: str(record["attributes"]["type"])):
            if self._org.schema.field(known_type(self._org.schema, kind), key) is None:
                raise ApiError("INVALID_FIELD", f"Field name provided, {key} does not match an External ID for {kind}")
            results += self._collection(call, "PATCH", f"/composite/sobjects/{kind}/{key}", list(group))
        return [{"created": False, **result} for result in results]

    def delete(self, call: SoapCall) -> list[Result]:
        ids = call.arguments.values("ids")
        if not ids:
            return []
        query = {"ids": ",".join(ids), "allOrNone": str(call.all_or_none).lower()}
        return _with_ids(call.ask("DELETE", "/composite/sobjects", query=query))

    def undelete(self, call: SoapCall) -> list[Result]:
        return self._by_id(call, lambda kind, one: self._org.records.undelete(kind, one, call.actor))

    def empty_recycle_bin(self, call: SoapCall) -> list[Result]:
        return self._by_id(call, lambda kind, one: self._org.records.bin.purge(kind, one))

    def merge(self, call: SoapCall) -> list[Result]:
        """Clients do not agree on what a request's element is called, so every child is one."""
        requests = [self._merge_request(element) for element in call.arguments.children]
        _check_count(requests, MAX_RECORDS, "EXCEEDED_ID_LIMIT")

        def work(request: tuple[Record, list[str]]) -> Result:
            values, losers = dict(request[0]), request[1]
            declared = known_type(self._org.schema, values.pop("attributes")["type"])
            given = [str(values.pop(name)).strip() for name in list(values) if name.lower() == "id"]
            if not any(given):
                raise ApiError("MISSING_ARGUMENT", "Id not specified in a merge call", ["Id"])
            master = _identity(declared, given[0])
            chosen = [_identity(declared, loser) for loser in losers]
            done = self._merging.merge(declared, master, values, chosen, call.actor)
            return {"id": done.id, "mergedRecordIds": done.losers, "updatedRelatedIds": done.related, **SUCCESS}

        return _with_ids(each(self._org.database, requests, work, all_or_none=False))

    def convert_lead(self, call: SoapCall) -> list[Result]:
        requests = call.arguments.children
        _check_count(requests, MAX_LEADS, "EXCEEDED_LEAD_CONVERT_LIMIT")

        def work(element: Element) -> Result:
            done = self._converting.convert(_lead_convert(element), call.actor)
            ids = {"accountId": done.account_id, "contactId": done.contact_id, "opportunityId": done.opportunity_id}
            return {**ids, **SUCCESS}

        nothing = dict.fromkeys(("accountId", "contactId", "opportunityId"))
        results = each(self._org.database, requests, work, all_or_none=False)
        leads = [long_id(element.value("leadId") or "") for element in requests]
        return [{**nothing, "leadId": lead, **result} for lead, result in zip(leads, results, strict=True)]

    def _merge_request(self, element: Element) -> tuple[Record, list[str]]:
        master = element.child("masterRecord")
        if master is None:
            raise ClientFault("Required element missing: masterRecord")
        record = record_of(master, self._org.schema)
        self._merging.check_type(known_type(self._org.schema, record["attributes"]["type"]))
        return record, element.values("recordToMergeIds")

    def _records(self, elements: Sequence[Element]) -> list[Record]:
        return [record_of(element, self._org.schema) for element in elements]

    def _collection(self, call: SoapCall, method: str, path: str, records: Sequence[Mapping[str, Any]]) -> list[Result]:
        if not records:
            return []
        return _with_ids(call.ask(method, path, {"records": records, "allOrNone": call.all_or_none}))

    def _by_id(self, call: SoapCall, act: Callable[[SObject, str], None]) -> list[Result]:
        """Do something to each record named; a failure names it too."""
        ids = call.arguments.values("ids")
        _check_count(ids, MAX_RECORDS, "EXCEEDED_ID_LIMIT")

        def work(given: str) -> Result:
            record_id = long_id(given)
            if record_id is None:
                raise ApiError("MALFORMED_ID", f"malformed id {given}", [])
            holder = next((one for one in self._org.schema.of_id(record_id) if one.deletable), None)
            if holder is None:
                raise missing_record()
            act(holder, record_id)
            return dict(SUCCESS)

        results = each(self._org.database, ids, work, all_or_none=call.all_or_none)
        return [{"id": long_id(one), **result} for one, result in zip(ids, results, strict=True)]


def _lead_convert(element: Element) -> LeadConvert:
    ids = {name: _reference(element, name) for name in ("leadId", "accountId", "contactId", "opportunityId", "ownerId")}
    if ids["leadId"] is None:
        raise ApiError("MISSING_ARGUMENT", "leadId not specified", [])
    return LeadConvert(
        lead_id=ids["leadId"],
        status=element.value("convertedStatus") or "",
        account_id=ids["accountId"],
        contact_id=ids["contactId"],
        opportunity_id=ids["opportunityId"],
        opportunity=not element.flag("doNotCreateOpportunity"),
        opportunity_name=element.value("opportunityName"),
        owner_id=ids["ownerId"],
        overwrite_lead_source=element.flag("overwriteLeadSource"),
        any_account=element.flag("bypassAccountDedupeCheck"),
        any_contact=element.flag("bypassContactDedupeCheck"),
    )


def _reference(element: Element, name: str) -> str | None:
    given = element.value(name)
    if given is None:
        return None
    if (found := long_id(given)) is None:
        raise ApiError("MALFORMED_ID", f"{name}: id value of incorrect type: {given}", [name])
    return found


def _identity(declared: SObject, given: str) -> str:
    found = long_id(given)
    if found is None or found[:3] != declared.prefix:
        raise ApiError("MALFORMED_ID", f"{declared.label} ID: id value of incorrect type: {given}", ["Id"])
    return found


def _with_ids(results: Sequence[Result]) -> list[Result]:
    return [{"id": None, **result} for result in results]


def _check_count(items: Sequence[Any], limit: int, code: str) -> None:
    if len(items) > limit:
        raise ApiError(code, f"record limit reached. cannot submit more than {limit} records into this call")
