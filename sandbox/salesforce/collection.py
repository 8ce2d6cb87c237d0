"""sObject collections: up to 200 records a call, each with its own result."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from itertools import groupby
from typing import Any

from sandbox.salesforce.errors import ApiError, bad_json, missing_record, no_such_column
from sandbox.salesforce.fields import SObject
from sandbox.salesforce.ids import long_id
from sandbox.salesforce.org import SUCCESS, Call, Org
from sandbox.salesforce.outcomes import Result, each
from sandbox.salesforce.rows import Rows
from sandbox.wire import Response, Routes

LIMIT = 200
MAX_READ = 2000
MAX_CHUNKS = 10
# Objects of the set-up, in lower case: no call changes one of them together with a record.
_SETUP = frozenset({"group", "groupmember", "queuesobject", "recordtype", "user", "userrole"})


class Collection:
    """The handlers of /composite/sobjects."""

    def __init__(self, org: Org, rows: Rows) -> None:
        self._org = org
        self._rows = rows

    def add_to(self, routes: Routes, base: str) -> None:
        path = f"{base}/composite/sobjects"
        routes.add("POST", path, self.create)
        routes.add("PATCH", path, self.update)
        routes.add("DELETE", path, self.delete)
        routes.add("GET", f"{path}/{{sobject}}", self.read)
        routes.add("POST", f"{path}/{{sobject}}", self.read)
        routes.add("PATCH", f"{path}/{{sobject}}/{{field}}", self.upsert)

    def create(self, call: Call) -> Response:
        def work(record: Any) -> Result:
            record_id = self._org.records.create(self._typed(record), record, call.actor)
            return {"id": record_id, **SUCCESS}

        return self._each(call, work)

    def update(self, call: Call) -> Response:
        """An id that comes a second time is refused there."""
        seen: set[str] = set()

        def work(record: Any) -> Result:
            declared = self._typed(record)
            values = {name: value for name, value in record.items() if name.lower() != "id"}
            given = str(_value(record, "id") or "")
            record_id = self._identity(declared, given)
            if record_id in seen:
                raise ApiError("DUPLICATE_VALUE", f"Duplicate id specified: {record_id}", [])
            seen.add(record_id)
            self._org.records.update(declared, record_id, values, call.actor)
            return {"id": record_id, **SUCCESS}

        return self._each(call, work)

    def upsert(self, call: Call, sobject: str, field: str) -> Response:
        """A key that comes twice is refused at every place: nothing tells which record was meant."""
        declared = self._org.schema.get(sobject)
        key = self._org.records.key_field(declared, field)
        records = self._records(call)
        count = Counter(_folded(_value(record, key.name)) for record in records)

        def work(record: Any) -> Result:
            if self._typed(record) is not declared:
                raise ApiError("INVALID_TYPE", f"All records of this call must be of type {declared.name}", [])
            values = {name: value for name, value in record.items() if name.lower() != key.name.lower()}
            value = _value(record, key.name)
            if value in (None, ""):
                if key.type != "id":
                    raise ApiError("MISSING_ARGUMENT", f"{key.name} not specified", [])
                return {"id": self._org.records.create(declared, values, call.actor), **SUCCESS, "created": True}
            if count[_folded(value)] > 1:
                kind = "id" if key.type == "id" else "external id"
                raise ApiError("DUPLICATE_VALUE", f"Duplicate {kind} specified: {value}", [key.name])
            done = self._org.records.upsert(declared, key, value, values, call.actor)
            return {"id": done.id, **SUCCESS, "created": done.created}

        return self._each(call, work, {"created": False})

    def delete(self, call: Call) -> Response:
        ids = [one.strip() for one in (call.request.first("ids") or "").split(",") if one.strip()]
        self._check_size(ids, LIMIT)

        def work(given: Any) -> Result:
            record_id = long_id(given)
            if record_id is None:
                raise ApiError("MALFORMED_ID", f"malformed id {given}", [])
            holder = next((one for one in self._org.schema.of_id(record_id) if one.deletable), None)
            if holder is None:
                raise missing_record()
            self._org.records.delete(holder, record_id, call.actor)
            return {"id": record_id, **SUCCESS}

        all_or_none = (call.request.first("allOrNone") or "false").lower() == "true"
        return Response.of_json(each(self._org.database, ids, work, all_or_none=all_or_none))

    def read(self, call: Call, sobject: str) -> Response:
        """The records of the ids in their order, null for those there are not; an id may come twice."""
        declared = self._org.schema.get(sobject)
        if call.request.method == "GET":
            ids = (call.request.first("ids") or "").split(",")
            names = (call.request.first("fields") or "").split(",")
        else:
            body = call.json_object()
            ids, names = (_listed(body, name) for name in ("ids", "fields"))
        self._check_size(ids, MAX_READ)
        for name in names:
            if self._org.schema.field(declared, str(name).strip()) is None:
                raise no_such_column(str(name), declared.name)
        identities = [self._identity(declared, str(one).strip()) for one in ids]
        found = self._rows.reading.records(declared, identities, [str(name).strip() for name in names], call.version)
        alive = self._alive(declared, identities)
        return Response.of_json([record if record and record["Id"] in alive else None for record in found])

    def _alive(self, declared: SObject, ids: list[str]) -> set[str]:
        rows = self._org.database.rows(declared, f"Id IN ({','.join('?' * len(ids))})", ids)
        return {row["Id"] for row in rows if not row.get("IsDeleted")}

    def _records(self, call: Call) -> list[Any]:
        """The records of the body, within the limits on the whole."""
        records = call.json_object().get("records")
        if not isinstance(records, list):
            raise ApiError("INVALID_INPUT", "The request body needs a list called records.")
        self._check_size(records, LIMIT)
        kinds = [kind for kind, _ in groupby(records, key=_kind)]
        if len(kinds) > MAX_CHUNKS:
            message = (
                "Cannot have more than 10 chunks in a single operation. Please rearrange the data to reduce chunking."
            )
            raise ApiError("LIMIT_EXCEEDED", message)
        return records

    def _each(self, call: Call, work: Callable[[Any], Result], failure: Mapping[str, Any] | None = None) -> Response:
        """Do the work on each record; `failure` is what a failed result has besides its errors."""
        records = self._records(call)
        first = _kind(records[0])

        def checked(record: Any) -> Result:
            kind = _kind(record)
            if (kind.lower() in _SETUP) != (first.lower() in _SETUP):
                message = (
                    "DML operation on setup object is not permitted after you have updated a non-setup object (or vice "
                    f"versa): {kind}, original object: {first}"
                )
                raise ApiError("MIXED_DML_OPERATION", message, [])
            return work(record)

        results = each(self._org.database, records, checked, all_or_none=call.json_object().get("allOrNone") is True)
        return Response.of_json([r if r["success"] else {**r, **(failure or {})} for r in results])

    def _typed(self, record: Any) -> SObject:
        kind = _kind(record)
        declared = self._org.schema.find(kind) if kind else None
        if declared is None:
            raise ApiError("INVALID_TYPE", f"sObject type '{kind}' is not supported." if kind else "Missing type", [])
        return declared

    def _identity(self, declared: SObject, given: str) -> str:
        if not given:
            raise ApiError("MISSING_ARGUMENT", "Id not specified in an update call", [])
        found = long_id(given)
        if found is None or found[:3] != declared.prefix:
            message = f"{declared.label} ID: id value of incorrect type: {given}"
            raise ApiError("MALFORMED_ID", message, ["Id"])
        return found

    def _check_size(self, items: Sequence[Any], limit: int) -> None:
        if len(items) > limit:
            message = f"record limit reached. cannot submit more than {limit} records into this call"
            raise ApiError("EXCEEDED_ID_LIMIT", message)
        if not items:
            raise ApiError("REQUIRED_FIELD_MISSING", "This call needs at least one record.", [])


def _listed(body: Mapping[str, Any], name: str) -> list[Any]:
    found = body.get(name) or []
    if not isinstance(found, list):
        raise bad_json(f"The value of {name} must be a list.")
    return found


def _kind(record: Any) -> str:
    attributes = record.get("attributes") if isinstance(record, dict) else None
    return str(attributes.get("type", "")) if isinstance(attributes, dict) else ""


def _value(record: Any, name: str) -> Any:
    """What the record has under this name, however it is written."""
    pairs = record.items() if isinstance(record, dict) else ()
    return next((value for key, value in pairs if key.lower() == name.lower()), None)


def _folded(value: Any) -> str:
    return str(value).casefold()
