"""sObject rows: create, read, update, delete and upsert of one record."""

from __future__ import annotations

from typing import Any

from sandbox.salesforce.errors import ApiError, deleted_record, missing_record, no_such_column, not_found
from sandbox.salesforce.fields import Field, SObject
from sandbox.salesforce.ids import long_id
from sandbox.salesforce.org import SUCCESS, Call, Org
from sandbox.salesforce.reading import Reading
from sandbox.salesforce.times import http_date, parsed, parsed_http_date
from sandbox.wire import Response, Routes

# A key whose value ends like a file name is taken for one.
_FILE_ENDINGS = (".inc", ".jsp", ".php", ".asp", ".html", ".xml", ".json")


class Rows:
    """The handlers of /sobjects/{sobject}/..."""

    def __init__(self, org: Org) -> None:
        self._org = org
        self.reading = Reading(org.database, org.queries)

    def add_to(self, routes: Routes, base: str) -> None:
        path = f"{base}/sobjects/{{sobject}}"
        routes.add("POST", path, self.create)
        routes.add("GET", f"{path}/{{record_id}}", self.read)
        routes.add("HEAD", f"{path}/{{record_id}}", self.read)
        routes.add("PATCH", f"{path}/{{record_id}}", self.update)
        routes.add("DELETE", f"{path}/{{record_id}}", self.delete)
        routes.add("GET", f"{path}/{{field}}/{{value...}}", self.read_by_key)
        routes.add("PATCH", f"{path}/{{field}}/{{value...}}", self.upsert)
        routes.add("DELETE", f"{path}/{{field}}/{{value...}}", self.delete_by_key)

    def create(self, call: Call, sobject: str) -> Response:
        declared = self._org.schema.get(sobject)
        record_id = self._org.records.create(declared, call.json_object(), call.actor)
        return self._created(call, declared, {"id": record_id, **SUCCESS})

    def read(self, call: Call, sobject: str, record_id: str) -> Response:
        declared = self._org.schema.get(sobject)
        return self._read(call, declared, self._identity(declared, record_id, reading=True))

    def read_by_key(self, call: Call, sobject: str, field: str, value: str) -> Response:
        """By external id; or, after a record's id, the parent that a relationship leads to."""
        declared = self._org.schema.get(sobject)
        if (record_id := long_id(field)) is not None and not declared.has(field):
            return self._parent(call, declared, record_id, value)
        found = self._by_key(call, declared, self._org.records.key_field(declared, field), value)
        if isinstance(found, Response):
            return found
        if found is None:
            raise not_found()
        return self._read(call, declared, found)

    def update(self, call: Call, sobject: str, record_id: str) -> Response:
        declared = self._org.schema.get(sobject)
        identity = self._identity(declared, record_id)
        values = call.json_object()
        self._refuse_id(values)
        with self._org.database.transaction():
            self._check_preconditions(call, declared, identity)
            self._org.records.update(declared, identity, values, call.actor)
        return Response(204)

    def delete(self, call: Call, sobject: str, record_id: str) -> Response:
        declared = self._org.schema.get(sobject)
        self._org.records.delete(declared, self._identity(declared, record_id), call.actor)
        return Response(204)

    def delete_by_key(self, call: Call, sobject: str, field: str, value: str) -> Response:
        declared = self._org.schema.get(sobject)
        found = self._by_key(call, declared, self._org.records.key_field(declared, field), value)
        if isinstance(found, Response):
            return found
        if found is None:
            raise not_found()
        self._org.records.delete(declared, found, call.actor)
        return Response(204)

    def upsert(self, call: Call, sobject: str, field: str, value: str) -> Response:
        declared = self._org.schema.get(sobject)
        key = self._org.records.key_field(declared, field)
        values = call.json_object()
        self._refuse_id(values)
        with self._org.database.transaction():
            found = self._by_key(call, declared, key, value)
            if isinstance(found, Response):
                return found
            if found is not None:
                self._check_preconditions(call, declared, found)
            update_only = (call.request.first("updateOnly") or "").lower() == "true"
            done = self._org.records.upsert(declared, key, value, values, call.actor, update_only=update_only)
        if not done.created:
            return self._updated(call, done.id)
        return self._created(call, declared, {"id": done.id, **SUCCESS, "created": True})

    def visible_names(self, declared: SObject, wanted: str | None) -> list[str]:
        """The fields asked for, or all; INVALID_FIELD for one that is not to be seen."""
        if not wanted:
            return [f.name for f in self._org.schema.visible(declared)]
        names = []
        for name in (part.strip() for part in wanted.split(",")):
            found = self._org.schema.field(declared, name)
            if found is None:
                raise no_such_column(name, declared.name)
            names.append(found.name)
        return names

    def _read(self, call: Call, declared: SObject, record_id: str) -> Response:
        row = self._org.database.row(declared, record_id)
        if row is None:
            raise not_found()
        if row.get("IsDeleted"):
            raise deleted_record()
        names = self.visible_names(declared, call.request.first("fields"))
        changed = str(row.get("LastModifiedDate") or row.get("SystemModstamp") or "")
        headers = {"Last-Modified": http_date(changed)} if changed else {}
        if declared.name == "Account":
            headers["ETag"] = _etag(changed)
        since = parsed_http_date(call.header("If-Modified-Since") or "")
        modified = parsed(changed)
        if since is not None and modified is not None and modified.replace(microsecond=0) <= since:
            return Response(304, headers=headers)
        if declared.name == "Account" and _names_etag(call.header("If-None-Match"), changed):
            return Response(304, headers=headers)
        return Response.of_json(self.reading.records(declared, [record_id], names, call.version)[0], headers=headers)

    def _parent(self, call: Call, declared: SObject, record_id: str, relationship: str) -> Response:
        for f in self._org.schema.visible(declared):
            if f.relationship and f.relationship.lower() == relationship.lower():
                row = self._org.records.existing(declared, record_id)
                target = next((t for t in self._org.schema.of_id(row[f.name] or "") if t.name in f.refers_to), None)
                if target is None:
                    raise not_found()
                return self._read(call, target, row[f.name])
        raise not_found()

    def _identity(self, declared: SObject, value: str, *, reading: bool = False) -> str:
        """The 18-character id; refusals for text that is none and for ids of another object."""
        found = long_id(value)
        if found is None:
            message = f"Provided external ID field does not exist or is not accessible: {value}"
            raise ApiError("NOT_FOUND", message) if reading else missing_record()
        if found[:3] != declared.prefix:
            message = f"{declared.label} ID: id value of incorrect type: {value}"
            raise ApiError("MALFORMED_ID", message, ["Id"])
        return found

    def _by_key(self, call: Call, declared: SObject, key: Field, value: str) -> str | Response | None:
        """The one record with this key, None, or the answer 300 with the list of several."""
        if value.lower().endswith(_FILE_ENDINGS):
            raise not_found()
        ids = self._org.records.matching(declared, key, value)
        if len(ids) > 1:
            base = f"/services/data/v{call.version}/sobjects/{declared.name}"
            return Response.of_json([f"{base}/{record_id}" for record_id in ids], 300)
        return ids[0] if ids else None

    def _check_preconditions(self, call: Call, declared: SObject, record_id: str) -> None:
        """If-Unmodified-Since compares whole seconds of the last modified date; If-Match is for accounts."""
        header = call.header("If-Unmodified-Since")
        changed = str(self._org.records.existing(declared, record_id).get("LastModifiedDate") or "")
        if header is not None:
            since, modified = parsed_http_date(header), parsed(changed)
            if since is None:
                raise ApiError("INVALID_INPUT", "The If-Unmodified-Since header is not a valid HTTP date.")
            if modified is not None and modified.replace(microsecond=0) > since:
                raise _precondition_failed()
        if declared.name != "Account":
            return
        wanted = call.header("If-Match")
        if wanted is not None and not _names_etag(wanted, changed):
            raise _precondition_failed()
        if _names_etag(call.header("If-None-Match"), changed):
            raise _precondition_failed()

    def _created(self, call: Call, declared: SObject, body: dict[str, Any]) -> Response:
        location = f"/services/data/v{call.version}/sobjects/{declared.name}/{body['id']}"
        return Response.of_json(body, 201, {"Location": location})

    def _updated(self, call: Call, record_id: str) -> Response:
        """Before v46 an upsert that updates has no body."""
        if call.number < 46:
            return Response(204)
        return Response.of_json({"id": record_id, **SUCCESS, "created": False})

    def _refuse_id(self, values: dict[str, Any]) -> None:
        if any(name.lower() == "id" for name in values):
            message = "The Id field should not be specified in the sobject data."
            raise ApiError("INVALID_FIELD", message, ["Id"])


def _precondition_failed() -> ApiError:
    message = "The record was modified since the time given in the request's precondition."
    return ApiError("PRECONDITION_FAILED", message)


def _etag(changed: str) -> str:
    return f'"{changed.translate(str.maketrans("", "", "-:.+T"))}--gzip"'


def _names_etag(header: str | None, changed: str) -> bool:
    if header is None:
        return False
    tags = {tag.strip().removeprefix("W/") for tag in header.split(",")}
    return "*" in tags or _etag(changed) in tags
