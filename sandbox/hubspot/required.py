"""What a record must have: required properties, the rules of administrators, a stage of its own pipeline."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from sandbox.hubspot.admin_rules import RULED, AdminRule
from sandbox.hubspot.errors import HubspotError, InvalidValues, bad_request
from sandbox.hubspot.kinds import Kind
from sandbox.hubspot.portal import Portal, Settings
from sandbox.hubspot.tokens import Token

Values = Mapping[str, str | None]


def check_required(portal: Portal, kind: Kind, values: Values, version: str) -> None:
    """400 where a new record lacks a property."""
    groups = list(kind.required)
    if version in RULED:
        rules = [rule for rule in portal.settings.admin_rules if rule.kind == kind.plural and not rule.when]
        groups += [(name,) for rule in rules for name in rule.required]
    missing = [name for group in groups if not any(values.get(name) for name in group) for name in group]
    if missing:
        raise lacking(kind, missing)


def ruled_properties(portal: Portal, kind: Kind, version: str) -> set[str]:
    """The properties that conditional rules of administrators read."""
    return {name for rule in _conditional(portal, kind, version) for name in (*rule.when, *rule.required)}


def check_rules(portal: Portal, kind: Kind, values: Values, touched: Collection[str], version: str) -> None:
    """400 where a record would lack what a conditional rule of an administrator requires of it."""
    problems = [
        (name, "REQUIRED_PROPERTY", f"{name} is required when {', '.join(rule.when)} has its present value.")
        for rule in _conditional(portal, kind, version)
        for name in rule.lacking(values, touched)
    ]
    if problems:
        raise InvalidValues(problems)


def _conditional(portal: Portal, kind: Kind, version: str) -> list[AdminRule]:
    if version not in RULED:
        return []
    return [rule for rule in portal.settings.admin_rules if rule.kind == kind.plural and rule.when]


def lacking(kind: Kind, names: list[str]) -> HubspotError:
    return bad_request(
        f"Error creating {kind.upper}. Some required properties were not set.", context={"properties": names}
    )


def default_pipeline(portal: Portal, kind: Kind, values: Values) -> dict[str, str | None]:
    """Where a stage is required, the pipeline may be left out when there is only one; elsewhere a record goes
    into the first stage of the first pipeline."""
    if kind.stage_fields is None:
        return {}
    pipeline_field, stage_field = kind.stage_fields
    needs_stage = (stage_field,) in kind.required
    pipelines = [pipeline["id"] for pipeline in portal.pipelines(kind.plural) if not pipeline["archived"]]
    pipeline = values.get(pipeline_field)
    if not pipeline and len(pipelines) > 1 and needs_stage:
        raise lacking(kind, [pipeline_field])
    pipeline = pipeline or next(iter(pipelines), None)
    first = next((stage.id for stage in portal.stages(kind.plural).values() if stage.pipeline == pipeline), None)
    return {pipeline_field: pipeline} | ({} if needs_stage or values.get(stage_field) else {stage_field: first})


def check_stage(portal: Portal, kind: Kind, values: Values) -> None:
    """400 where the stage is not one of the pipeline."""
    if kind.stage_fields is None:
        return
    pipeline, stage = (values.get(name) for name in kind.stage_fields)
    stages = [s.id for s in portal.stages(kind.plural).values() if s.pipeline == pipeline]
    if (pipeline or stage) and stage not in stages:
        message = f"{stage} was not one of the allowed options: [{', '.join(stages)}] of pipeline {pipeline}"
        raise InvalidValues([(kind.stage_fields[1], "INVALID_OPTION", message)])


def may_associate(settings: Settings, token: Token, version: str) -> bool:
    """Whether the user behind the token may associate records."""
    return settings.oauth_may_associate or not token.is_oauth or version not in RULED
