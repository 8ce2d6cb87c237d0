"""Handlers for pipelines and their stages, with the audit of their definitions."""

from __future__ import annotations

from typing import Any

from sandbox.hubspot.call import Call, id_text, whole
from sandbox.hubspot.errors import bad_request, not_found
from sandbox.hubspot.values import as_text
from sandbox.wire import Response

Pipeline = dict[str, Any]


def list_pipelines(call: Call, kind: str) -> Response:
    found = call.portal.pipelines(call.portal.kind(kind).plural)
    return Response.of_json({"results": [_shown(pipeline) for pipeline in found if not pipeline["archived"]]})


def get_pipeline(call: Call, kind: str, pipeline_id: str) -> Response:
    return Response.of_json(_shown(_pipeline(call, kind, pipeline_id)))


def create_pipeline(call: Call, kind: str) -> Response:
    plural, body = call.portal.kind(kind).plural, call.body()
    stages = body.get("stages")
    if not isinstance(stages, list):
        raise bad_request("Invalid input JSON: `stages` must be a list")
    pipeline_id = _next_id(call, plural)
    listed = [(f"{pipeline_id}{place:02d}", id_text(s, "label"), _metadata(s)) for place, s in enumerate(stages)]
    made = call.portal.new_pipeline(pipeline_id, id_text(body, "label"), whole(body, "displayOrder", 0), listed)
    call.portal.put_pipeline(plural, made)
    _audit(call, pipeline_id, "CREATE", made)
    return Response.of_json(made, 201)


def update_pipeline(call: Call, kind: str, pipeline_id: str) -> Response:
    pipeline, body = _pipeline(call, kind, pipeline_id), call.body()
    _change(call, pipeline, body)
    call.portal.put_pipeline(call.portal.kind(kind).plural, pipeline)
    _audit(call, pipeline_id, "UPDATE", pipeline)
    return Response.of_json(_shown(pipeline))


def delete_pipeline(call: Call, kind: str, pipeline_id: str) -> Response:
    pipeline = _pipeline(call, kind, pipeline_id)
    pipeline |= {"archived": True, "updatedAt": call.portal.now()}
    call.portal.put_pipeline(call.portal.kind(kind).plural, pipeline)
    _audit(call, pipeline_id, "DELETE", pipeline)
    return Response(204)


def list_stages(call: Call, kind: str, pipeline_id: str) -> Response:
    return Response.of_json({"results": _shown(_pipeline(call, kind, pipeline_id))["stages"]})


def get_stage(call: Call, kind: str, pipeline_id: str, stage_id: str) -> Response:
    return Response.of_json(_stage(_pipeline(call, kind, pipeline_id), stage_id))


def create_stage(call: Call, kind: str, pipeline_id: str) -> Response:
    pipeline, body = _pipeline(call, kind, pipeline_id), call.body()
    stage_id = f"{_next_id(call, call.portal.kind(kind).plural)}{len(pipeline['stages']):02d}"
    made = call.portal.new_pipeline("", "", 0, [(stage_id, id_text(body, "label"), _metadata(body))])["stages"][0]
    made["displayOrder"] = whole(body, "displayOrder", len(pipeline["stages"]))
    pipeline["stages"].append(made)
    call.portal.put_pipeline(call.portal.kind(kind).plural, pipeline)
    _audit(call, stage_id, "CREATE", made)
    return Response.of_json(made, 201)


def update_stage(call: Call, kind: str, pipeline_id: str, stage_id: str) -> Response:
    pipeline, body = _pipeline(call, kind, pipeline_id), call.body()
    stage = _stage(pipeline, stage_id)
    _change(call, stage, body)
    if "metadata" in body:
        stage["metadata"] |= _metadata(body)
    call.portal.put_pipeline(call.portal.kind(kind).plural, pipeline)
    _audit(call, stage_id, "UPDATE", stage)
    return Response.of_json(stage)


def delete_stage(call: Call, kind: str, pipeline_id: str, stage_id: str) -> Response:
    pipeline = _pipeline(call, kind, pipeline_id)
    stage = _stage(pipeline, stage_id)
    stage |= {"archived": True, "updatedAt": call.portal.now()}
    call.portal.put_pipeline(call.portal.kind(kind).plural, pipeline)
    _audit(call, stage_id, "DELETE", stage)
    return Response(204)


def audit(call: Call, kind: str, pipeline_id: str, stage_id: str | None = None) -> Response:
    """What was done to the definition of a pipeline or stage, newest first."""
    wanted = stage_id or pipeline_id
    entries = [one for one in call.portal.documents.list("audit").values() if one["identifier"] == wanted]
    return Response.of_json({"results": entries[::-1]})


def _pipeline(call: Call, kind: str, pipeline_id: str) -> Pipeline:
    for pipeline in call.portal.pipelines(call.portal.kind(kind).plural):
        if pipeline["id"] == pipeline_id and not pipeline["archived"]:
            return pipeline
    raise not_found()


def _stage(pipeline: Pipeline, stage_id: str) -> dict[str, Any]:
    for stage in pipeline["stages"]:
        if stage["id"] == stage_id and not stage["archived"]:
            found: dict[str, Any] = stage
            return found
    raise not_found()


def _shown(pipeline: Pipeline) -> Pipeline:
    stages = [stage for stage in pipeline["stages"] if not stage["archived"]]
    return {**pipeline, "stages": sorted(stages, key=lambda stage: stage["displayOrder"])}


def _change(call: Call, thing: dict[str, Any], body: dict[str, Any]) -> None:
    if "label" in body:
        thing["label"] = id_text(body, "label")
    thing["displayOrder"] = whole(body, "displayOrder", thing["displayOrder"])
    thing["updatedAt"] = call.portal.now()


def _metadata(body: dict[str, Any]) -> dict[str, str]:
    """Stage metadata are strings, numbers and booleans too."""
    metadata = body.get("metadata") or {}
    if not isinstance(metadata, dict):
        raise bad_request("Invalid input JSON: `metadata` must be an object")
    return {str(name): as_text(value) for name, value in metadata.items()}


def _next_id(call: Call, plural: str) -> str:
    numbers = [int(p["id"]) for p in call.portal.pipelines(plural) if str(p["id"]).isdecimal()]
    return str(max([700_000_000, *numbers]) + 1)


def _audit(call: Call, identifier: str, action: str, thing: dict[str, Any]) -> None:
    place = len(call.portal.documents.list("audit"))
    entry = {
        "portalId": call.portal.settings.portal_id,
        "identifier": identifier,
        "action": action,
        "timestamp": call.portal.now(),
        "message": f"{action.capitalize()} {thing['label']}",
        "rawObject": thing,
        "fromUserId": call.token.user_id,
    }
    call.portal.documents.put("audit", f"{place:09d}", entry)
