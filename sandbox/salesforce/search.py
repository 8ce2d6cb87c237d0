"""/search by SOSL and /parameterizedSearch: records in whose text the words of a term are found."""

# Names come from the schema, values are always bound.

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from sandbox.salesforce.bounds import at_most
from sandbox.salesforce.errors import ApiError
from sandbox.salesforce.fields import Field, SObject
from sandbox.salesforce.org import Call, Org
from sandbox.salesforce.soql.plan import Plan
from sandbox.salesforce.soql.sosl import MAX_FOUND, Returned, parse, pattern, returned
from sandbox.salesforce.soql.sosl import Search as Wanted
from sandbox.wire import Response, Routes

_TEXT = frozenset({"string", "email", "phone", "url", "textarea", "combobox"})
_RESERVED = re.compile(r'([?&|!{}\[\]()^~*:\\"\'+-])')


class Search:
    """The handlers of both resources."""

    def __init__(self, org: Org) -> None:
        self._org = org

    def add_to(self, routes: Routes, base: str) -> None:
        routes.add("GET", f"{base}/search", self.search)
        routes.add("GET", f"{base}/parameterizedSearch", self.by_parameters)
        routes.add("POST", f"{base}/parameterizedSearch", self.by_body)

    def search(self, call: Call) -> Response:
        text = call.request.first("q")
        if not text or not text.strip():
            raise ApiError("MALFORMED_SEARCH", "A search string has to be specified")
        return self._answer(call, parse(text))

    def by_parameters(self, call: Call) -> Response:
        """`q`, and for each `sobject` parameters that begin with its name: Account.fields, Account.limit, ..."""
        query = {name.lower(): values for name, values in call.request.query.items()}
        names = [name.strip() for value in query.get("sobject", []) for name in value.split(",") if name.strip()]
        common = query.get("fields", [""])[0]
        objects = []
        for name in names:
            own = {key: query[f"{name.lower()}.{key}"][0] for key in _KEYS if f"{name.lower()}.{key}" in query}
            objects.append(_object({"name": name, **own}, common, query.get("defaultlimit", [""])[0]))
        return self._answer(call, _wanted({name: values[0] for name, values in query.items()}, objects))

    def by_body(self, call: Call) -> Response:
        body = call.json_object()
        listed = body.get("sobjects") or []
        if not isinstance(listed, list) or not all(isinstance(one, dict) and one.get("name") for one in listed):
            raise ApiError("INVALID_SEARCH", "sobjects must be a list of objects, each with its name")
        fields = body.get("fields") or []
        if not isinstance(fields, list):
            raise ApiError("INVALID_SEARCH", "fields must be a list of names")
        common = ",".join(map(str, fields))
        objects = [_object(one, common, body.get("defaultLimit", "")) for one in listed]
        return self._answer(call, _wanted({name.lower(): value for name, value in body.items()}, objects))

    def _answer(self, call: Call, wanted: Wanted) -> Response:
        words = pattern(wanted.term)
        objects = wanted.returned or tuple(returned(one.name, []) for one in self._org.schema if one.searchable)
        found: list[dict[str, Any]] = []
        for one in objects:
            found += self._found(call, one, wanted, words)[: wanted.limit - len(found)]
        return Response.of_json({"searchRecords": found} if call.number >= 37 else found)

    def _found(self, call: Call, one: Returned, wanted: Wanted, words: list[tuple[str, str]]) -> list[dict[str, Any]]:
        queries = self._org.queries
        plan = queries.plan(one.soql, user_id=call.actor.user_id)
        if not plan.sobject.searchable or plan.record is None:
            raise ApiError("INVALID_SEARCH", f"entity type {plan.sobject.name} does not support search")
        fields = [f for f in self._org.schema.visible(plan.sobject) if _is_searched(plan.sobject, f, wanted.group)]
        if not fields:
            return []
        self._narrow(plan, fields, words)
        numbers = queries.numbers(plan)[: wanted.limit]
        return queries.records(plan, numbers, call.version)

    def _narrow(self, plan: Plan, fields: list[Field], words: list[tuple[str, str]]) -> None:
        """Add the words to what the query's own WHERE asks; they come last, as their values do."""
        text = " || char(10) || ".join(f"coalesce(t0.\"{f.name}\", '')" for f in fields if f.stored)
        condition = ""
        for joint, _ in words:
            said = f"{'NOT ' if joint == 'NOT' else ''}says({text}, ?)"
            condition = f"({condition} {'OR' if joint == 'OR' else 'AND'} {said})" if condition else said
        plan.where = f"{plan.where} AND {condition}"
        plan.parameters += [expression for _, expression in words]


_KEYS = ("fields", "where", "orderby", "limit", "offset")


def _wanted(values: Mapping[str, Any], objects: list[Returned]) -> Wanted:
    term = str(values.get("q") or "")
    if not term.strip():
        raise ApiError("MALFORMED_SEARCH", "A search string has to be specified")
    group = str(values.get("in") or "ALL").upper()
    if group not in ("ALL", "NAME", "EMAIL", "PHONE", "SIDEBAR"):
        raise ApiError("INVALID_SEARCH", f"{group} is no group of fields")
    limit = str(values.get("overalllimit") or MAX_FOUND)
    if not limit.isdecimal():
        raise ApiError("INVALID_SEARCH", f"overallLimit must be a number, not {limit}")
    # Here a term is plain text, without the operators of SOSL but with its wildcards.
    escaped = re.sub(r"\\([*?])", r"\1", _RESERVED.sub(r"\\\1", term))
    return Wanted(escaped, group, tuple(objects), at_most(limit, MAX_FOUND))


def _object(values: Mapping[str, Any], common: str, default_limit: Any) -> Returned:
    lowered = {str(name).lower(): value for name, value in values.items()}
    fields = lowered.get("fields") or common
    listed = (
        [str(name) for name in fields]
        if isinstance(fields, list)
        else [part for part in str(fields).split(",") if part]
    )
    clauses = ""
    if where := lowered.get("where"):
        clauses += f" WHERE {where}"
    if order := lowered.get("orderby"):
        clauses += f" ORDER BY {order}"
    if limit := lowered.get("limit") or default_limit:
        clauses += f" LIMIT {limit}"
    if offset := lowered.get("offset"):
        clauses += f" OFFSET {offset}"
    return returned(str(lowered["name"]), listed, clauses)


def _is_searched(declared: SObject, f: Field, group: str) -> bool:
    if not f.stored or f.type not in _TEXT:
        return False
    if group == "NAME":
        return f.name == declared.name_field or f.compound == "Name"
    return group in ("ALL", "SIDEBAR") or f.type == group.lower()
