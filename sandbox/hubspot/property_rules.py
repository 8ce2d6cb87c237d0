"""Handlers for the validation rules of properties."""

from __future__ import annotations

from typing import Any

from sandbox.hubspot.call import Call, texts
from sandbox.hubspot.errors import bad_request, not_found
from sandbox.hubspot.kinds import Kind
from sandbox.hubspot.rules import RULES
from sandbox.wire import Response


def list_rules(call: Call, kind: str) -> Response:
    """The properties of an object type that have rules, each with all of its rules."""
    found = call.portal.rules(call.portal.kind(kind))
    shown = [
        {"propertyName": name, "propertyValidationRules": list(rules.values())}
        for name, rules in found.items()
        if rules
    ]
    return Response.of_json({"results": shown})


def rules_of_property(call: Call, kind: str, name: str) -> Response:
    return Response.of_json({"results": list(_rules(call, call.portal.kind(kind), name).values())})


def get_rule(call: Call, kind: str, name: str, rule_type: str) -> Response:
    found = _rules(call, call.portal.kind(kind), name).get(rule_type.upper())
    if found is None:
        raise not_found()
    return Response.of_json(found)


def put_rule(call: Call, kind: str, name: str, rule_type: str) -> Response:
    """204; the property's other rules stay as they are."""
    found, word, body = call.portal.kind(kind), rule_type.upper(), call.body()
    definition = call.portal.definition(found, name)
    rules = _rules(call, found, name)
    if definition is None or word not in RULES:
        raise bad_request(f"Unknown rule type {rule_type[:50]}")
    if not RULES[word].is_for(definition):
        raise bad_request(f"Rule {word} cannot be set on {definition.name} of type {definition.type}")
    arguments = texts(body.get("ruleArguments"), "ruleArguments")
    if not RULES[word].takes(arguments):
        raise bad_request(f"Invalid ruleArguments for {word}: {arguments}"[:300])
    rule: dict[str, Any] = {"ruleType": word, "ruleArguments": arguments}
    if isinstance(body.get("shouldApplyNormalization"), bool):
        rule["shouldApplyNormalization"] = body["shouldApplyNormalization"]
    call.portal.put_rules(found, definition.name, {**rules, word: rule})
    return Response(204)


def _rules(call: Call, kind: Kind, name: str) -> dict[str, dict[str, Any]]:
    definition = call.portal.definition(kind, name)
    if definition is None:
        raise not_found(f"Property {name[:100]} does not exist", subCategory="Properties.PROPERTY_NOT_FOUND")
    return call.portal.rules(kind).get(definition.name, {})
