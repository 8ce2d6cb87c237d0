"""sObject rows: create, read, update, delete and upsert of one record."""

from __future__ import annotations

from typing import Any

from sandbox.salesforce import preconditions
from sandbox.salesforce.errors import ApiError, deleted_record, no_such_column, not_found
from sandbox.salesforce.fields import Field, SObject
from sandbox.salesforce.ids import long_id
from sandbox.salesforce.org import SUCCESS, Call, Org
from sandbox.salesforce.reading import Reading
from sandbox.salesforce.writing.incoming import key_not_found
from sandbox.wire import Response, Routes

_TOLD_SINCE = 46  # API version
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
        routes.add("POST", f"{path}/{{field}}", self.create_by_key)
        routes.add("GET", f"{path}/{{field}}/{{value...}}", self.read_by_key)
        routes.add("PATCH", f"{path}/{{field}}/{{value...}}", self.upsert)
        routes.add("DELETE", f"{path}/{{field}}/{{value...}}", self.delete_by_key)

    def create(self, call: Call, sobject: str) -> Response:
        declared = self._org.schema.get(sobject)
        record_id = self._org.records.create(declared, call.json_object(), call.actor)
        return self._created(call, declared, {"id": record_id, **SUCCESS})

    def read(self, call: Call, sobject: str, record_id: str) -> Response:
        declared = self._org.schema.get(sobject)
        return self._read(call, declared, self._identity(declared, record_id))

    def read_by_key(self, call: Call, sobject: str, field: str, value: str) -> Response:
        """By external id; or, after a record's id, the parent or the children that a relationship leads to."""
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
        _refuse(values, "Id")
        with self._org.database.transaction():
            preconditions.check_write(call, declared, self._org.records.existing(declared, identity))
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
        _refuse(values, "Id", key.name)
        with self._org.database.transaction():
            found = self._by_key(call, declared, key, value)
            if isinstance(found, Response):
                return found
            if found is not None:
                preconditions.check_write(call, declared, self._org.records.existing(declared, found))
            update_only = (call.request.first("updateOnly") or "").lower() == "true"
            done = self._org.records.upsert(declared, key, value, values, call.actor, update_only=update_only)
        if not done.created:
            return self._updated(call, done.id)
        return self._created(call, declared, {"id": done.id, **SUCCESS, **_told(call, created=True)})

    def create_by_key(self, call: Call, sobject: str, field: str) -> Response:
        """An upsert by an Id that is left out creates."""
        declared = self._org.schema.get(sobject)
        if field.lower() != "id":
            raise ApiError("METHOD_NOT_ALLOWED", "HTTP Method 'POST' not allowed. Allowed are HEAD,GET,PATCH,DELETE")
        record_id = self._org.records.create(declared, call.json_object(), call.actor)
        return self._created(call, declared, {"id": record_id, **SUCCESS, **_told(call, created=True)})

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
        if row is None or not self._org.database.is_shared(record_id):
            raise not_found()
        if row.get("IsDeleted"):
            raise deleted_record()
        names = self.visible_names(declared, call.request.first("fields"))
        if (answer := preconditions.unchanged(call, declared, row)) is not None:
            return answer
        record = self.reading.records(declared, [record_id], names, call.version)[0]
        return Response.of_json(record, headers=preconditions.validators(declared, row))

    def _parent(self, call: Call, declared: SObject, record_id: str, relationship: str) -> Response:
        for f in self._org.schema.visible(declared):
            if f.relationship and f.relationship.lower() == relationship.lower():
                row = self._org.records.existing(declared, record_id)
                target = next((t for t in self._org.schema.of_id(row[f.name] or "") if t.name in f.refers_to), None)
                if target is None:
                    raise not_found()
                return self._read(call, target, row[f.name])
        return self._children(call, declared, record_id, relationship)

    def _children(self, call: Call, parent: SObject, record_id: str, relationship: str) -> Response:
        """The records under the parent's relationship, as a query of them answers."""
        self._org.records.existing(parent, record_id)
        for child in self._org.schema.children(parent):
            if child.field.children and child.field.children.lower() == relationship.lower():
                declared = self._org.schema.get(child.sobject)
                names = ", ".join(self.visible_names(declared, call.request.first("fields")))
                soql = f"SELECT {names} FROM {declared.name} WHERE {child.field.name} = '{record_id}'"
                return Response.of_json(self._org.queries.run(soql, call.version, user_id=call.actor.user_id))
        raise not_found()

    def _identity(self, declared: SObject, value: str) -> str:
        """The 18-character id; refusals for text that is none and for ids of another object."""
        found = long_id(value)
        if found is None:
            raise key_not_found(value)
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

    def _created(self, call: Call, declared: SObject, body: dict[str, Any]) -> Response:
        location = f"/services/data/v{call.version}/sobjects/{declared.name}/{body['id']}"
        return Response.of_json(body, 201, {"Location": location})

    def _updated(self, call: Call, record_id: str) -> Response:
        """Before an upsert told what it did, one that updates had no body."""
        if call.number < _TOLD_SINCE:
            return Response(204)
        return Response.of_json({"id": record_id, **SUCCESS, **_told(call, created=False)})


def _told(call: Call, *, created: bool) -> dict[str, bool]:
    return {"created": created} if call.number >= _TOLD_SINCE else {}


def _refuse(values: dict[str, Any], *names: str) -> None:
    """The body must not name what the path names."""
    for name in values:
        if name.lower() in {forbidden.lower() for forbidden in names}:
            message = f"The {name} field should not be specified in the sobject data."
            raise ApiError("INVALID_FIELD", message, [name])
