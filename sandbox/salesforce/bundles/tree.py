"""/composite/tree/{sobject}: records with their children, all created or none."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from sandbox.salesforce.bundles.references import NAME
from sandbox.salesforce.errors import ApiError
from sandbox.salesforce.fields import SObject
from sandbox.salesforce.org import Call, Org
from sandbox.salesforce.outcomes import RolledBack
from sandbox.salesforce.refusals import refuse_row
from sandbox.wire import Response, Routes

MAX_RECORDS, MAX_DEPTH, MAX_KINDS = 200, 5, 5


@dataclass(slots=True)
class Node:
    """One record of a tree; `link` is the field in which it will name its parent."""

    declared: SObject
    reference: str
    values: dict[str, Any]
    parent: Node | None = None
    link: str = ""
    depth: int = 1
    children: list[Node] = field(default_factory=list)
    id: str = ""

    def all(self) -> Iterator[Node]:
        yield self
        for child in self.children:
            yield from child.all()


class Tree:
    """The handler of /composite/tree/{sobject}."""

    def __init__(self, org: Org) -> None:
        self._org = org

    def add_to(self, routes: Routes, base: str) -> None:
        routes.add("POST", f"{base}/composite/tree/{{sobject}}", self.create)

    def create(self, call: Call, sobject: str) -> Response:
        """201 with the ids level by level, or 400 with the errors of the records that stood in the way."""
        declared = self._org.schema.get(sobject)
        records = call.json_object().get("records")
        if not isinstance(records, list) or not records:
            raise ApiError("INVALID_INPUT", "The request body needs a list called records.")
        nodes = [node for record in records for node in self._node(record, declared, None, "").all()]
        _check(nodes)
        nodes.sort(key=lambda node: node.depth)
        errors = _repeated(nodes) or self._write(call, nodes)
        if errors:
            return Response.of_json({"hasErrors": True, "results": errors}, 400)
        made = [{"referenceId": node.reference, "id": node.id} for node in nodes]
        return Response.of_json({"hasErrors": False, "results": made}, 201)

    def _write(self, call: Call, nodes: list[Node]) -> list[dict[str, Any]]:
        """What is wrong with the first level that has an error; nothing is kept then."""
        errors: list[dict[str, Any]] = []
        try:
            with self._org.database.transaction():
                for _, level in groupby(enumerate(nodes, start=1), key=lambda numbered: numbered[1].depth):
                    errors += [error for number, node in level if (error := self._create(call, number, node))]
                    if errors:
                        raise RolledBack
        except RolledBack:
            return errors
        return []

    def _create(self, call: Call, number: int, node: Node) -> dict[str, Any] | None:
        link = {node.link: node.parent.id} if node.parent else {}
        try:
            with self._org.database.transaction():
                refuse_row(number, node.values)
                node.id = self._org.records.create(node.declared, {**node.values, **link}, call.actor)
        except ApiError as error:
            return {"referenceId": node.reference, "errors": [error.to_row()]}
        return None

    def _node(self, record: Any, declared: SObject, parent: Node | None, link: str) -> Node:
        attributes = record.get("attributes") if isinstance(record, dict) else None
        if not isinstance(attributes, dict):
            attributes = {}
        kind, reference = (str(attributes.get(name, "")) for name in ("type", "referenceId"))
        if kind.lower() != declared.name.lower() or not NAME.fullmatch(reference):
            message = f"Each record needs attributes with the type {declared.name} and a referenceId."
            raise ApiError("INVALID_INPUT", message)
        node = Node(declared, reference, {}, parent, link, parent.depth + 1 if parent else 1)
        if node.depth > MAX_DEPTH:
            raise ApiError("LIMIT_EXCEEDED", f"A tree is at most {MAX_DEPTH} levels deep.")
        for name, value in record.items():
            if isinstance(value, dict) and isinstance(value.get("records"), list):
                node.children += self._children(node, name, value["records"])
            else:
                node.values[name] = value
        return node

    def _children(self, node: Node, relationship: str, records: list[Any]) -> list[Node]:
        """The nodes below one relationship of a node, which says what they are and how they name it."""
        for child in self._org.schema.children(node.declared):
            if child.field.children.lower() == relationship.lower():
                declared = self._org.schema.get(child.sobject)
                return [self._node(record, declared, node, child.field.name) for record in records]
        raise ApiError("INVALID_FIELD", f"No such relation '{relationship}' on sobject of type {node.declared.name}")


def _check(nodes: list[Node]) -> None:
    if len(nodes) > MAX_RECORDS:
        raise ApiError("LIMIT_EXCEEDED", f"A request has at most {MAX_RECORDS} records in its trees.")
    if len({node.declared.name for node in nodes}) > MAX_KINDS:
        raise ApiError("LIMIT_EXCEEDED", f"A request has records of at most {MAX_KINDS} types.")


def _repeated(nodes: list[Node]) -> list[dict[str, Any]]:
    """One error for each record whose reference id another one has too."""
    counts = Counter(node.reference for node in nodes)
    error = ApiError("INVALID_INPUT", "Duplicate ReferenceId provided in the request.", []).to_row()
    return [{"referenceId": node.reference, "errors": [error]} for node in nodes if counts[node.reference] > 1]
