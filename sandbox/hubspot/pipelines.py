"""Handlers for pipelines and their stages, with the audit of their definitions."""

from __future__ import annotations

from typing import Any

from sandbox.hubspot import stages
from sandbox.hubspot.call import Call, id_text, whole
from sandbox.hubspot.errors import bad_request, conflict, not_found
from sandbox.hubspot.kinds import Kind
from sandbox.wire import Response

Pipeline = dict[str, Any]


def list_pipelines(call: Call, kind: str) -> Response:
    found = call.portal.pipelines(_staged(call, kind).plural)
    return Response.of_json({"results": [stages.shown(pipeline) for pipeline in found if not pipeline["archived"]]})


def get_pipeline(call: Call, kind: str, pipeline_id: str) -> Response:
    return Response.of_json(stages.shown(_pipeline(call, _staged(call, kind), pipeline_id)))


def create_pipeline(call: Call, kind: str) -> Response:
    found, body = _staged(call, kind), call.body()
    label = id_text(body, "label")
    _refuse_label(call, found, label, None)
    sent = stages.listed(body)
    numbers = stages.free_ids(call, found, 1 + len(sent))
    pipeline_id = id_text(body, "pipelineId") if body.get("pipelineId") else numbers[0]
    if any(one["id"] == pipeline_id for one in call.portal.pipelines(found.plural)):
        raise conflict(f"Pipeline {pipeline_id[:100]} already exists")
    made = call.portal.new_pipeline(pipeline_id, label, whole(body, "displayOrder", 0), [])
    made["stages"] = [
        stages.made(call, found, one, number, place)
        for place, (one, number) in enumerate(zip(sent, numbers[1:], strict=True))
    ]
    stages.check(found, made["stages"])
    call.portal.put_pipeline(found.plural, made)
    stages.audit(call, found, made, None, "CREATE", "User defined. pipeline created")
    for stage in made["stages"]:
        stages.audit(call, found, made, stage, "CREATE", "Stage created")
    return Response.of_json(made, 201)


def update_pipeline(call: Call, kind: str, pipeline_id: str) -> Response:
    """Change label, order or, with `archived` false, bring a deleted pipeline back."""
    found, body = _staged(call, kind), call.body()
    pipeline = _pipeline(call, found, pipeline_id, archived=body.get("archived") is False)
    _refuse_label(call, found, str(body.get("label") or ""), pipeline_id)
    if body.get("archived") is True:
        _refuse_use(call, found, pipeline, pipeline["stages"])
    stages.change(call, pipeline, body)
    call.portal.put_pipeline(found.plural, pipeline)
    stages.audit(call, found, pipeline, None, "UPDATE", "Pipeline update")
    return Response.of_json(stages.shown(pipeline))


def replace_pipeline(call: Call, kind: str, pipeline_id: str) -> Response:
    """Everything anew. Stages go on that are named by `stageId` or by their label; all others are gone."""
    found, body = _staged(call, kind), call.body()
    pipeline = _pipeline(call, found, pipeline_id)
    label = id_text(body, "label")
    _refuse_label(call, found, label, pipeline_id)
    sent = stages.listed(body)
    before = {stage["id"]: stage for stage in pipeline["stages"] if not stage["archived"]}
    by_label = {stage["label"]: key for key, stage in before.items()}
    kept = [str(one.get("stageId") or by_label.get(one.get("label"), "")) for one in sent]
    _refuse_use(call, found, pipeline, [stage for key, stage in before.items() if key not in kept])
    numbers = iter(stages.free_ids(call, found, len(sent)))
    after = [
        stages.replaced(call, found, before[key], one)
        if key in before
        else stages.made(call, found, one, next(numbers), place)
        for place, (key, one) in enumerate(zip(kept, sent, strict=True))
    ]
    stages.check(found, after)
    pipeline |= {"label": label, "displayOrder": whole(body, "displayOrder", pipeline["displayOrder"])}
    gone = [stages.archived(call, stage) for key, stage in before.items() if key not in kept]
    pipeline |= {"stages": [*after, *gone], "updatedAt": call.portal.now()}
    call.portal.put_pipeline(found.plural, pipeline)
    stages.audit(call, found, pipeline, None, "UPDATE", "Pipeline update")
    for stage in gone:
        stages.audit(call, found, pipeline, stage, "DELETE", "Stage deleted")
    return Response.of_json(stages.shown(pipeline))


def delete_pipeline(call: Call, kind: str, pipeline_id: str) -> Response:
    """204; with `validateReferencesBeforeDelete` 400 while records are in one of its stages."""
    found = _staged(call, kind)
    pipeline = _pipeline(call, found, pipeline_id)
    _refuse_use(call, found, pipeline, pipeline["stages"])
    call.portal.put_pipeline(found.plural, stages.archived(call, pipeline))
    stages.audit(call, found, pipeline, None, "DELETE", "Pipeline deleted")
    return Response(204)


def list_stages(call: Call, kind: str, pipeline_id: str) -> Response:
    return Response.of_json({"results": stages.shown(_pipeline(call, _staged(call, kind), pipeline_id))["stages"]})


def get_stage(call: Call, kind: str, pipeline_id: str, stage_id: str) -> Response:
    return Response.of_json(_stage(_pipeline(call, _staged(call, kind), pipeline_id), stage_id))


def create_stage(call: Call, kind: str, pipeline_id: str) -> Response:
    found = _staged(call, kind)
    pipeline, body = _pipeline(call, found, pipeline_id), call.body()
    made = stages.made(call, found, body, stages.free_ids(call, found, 1)[0], len(pipeline["stages"]))
    pipeline["stages"].append(made)
    return _stored(call, found, pipeline, made, "CREATE", 201)


def update_stage(call: Call, kind: str, pipeline_id: str, stage_id: str) -> Response:
    """Change label, order, single metadata, or with `archived` false bring a deleted stage back."""
    found = _staged(call, kind)
    pipeline, body = _pipeline(call, found, pipeline_id), call.body()
    stage = _stage(pipeline, stage_id, archived=body.get("archived") is False)
    stages.change(call, stage, body)
    if "metadata" in body:
        stage["metadata"] = stages.metadata(found, {**stage["metadata"], **stages.sent_metadata(body)})
    return _stored(call, found, pipeline, stage, "UPDATE")


def replace_stage(call: Call, kind: str, pipeline_id: str, stage_id: str) -> Response:
    found = _staged(call, kind)
    pipeline, body = _pipeline(call, found, pipeline_id), call.body()
    stage = _stage(pipeline, stage_id)
    stage |= stages.replaced(call, found, stage, body)
    return _stored(call, found, pipeline, stage, "UPDATE")


def delete_stage(call: Call, kind: str, pipeline_id: str, stage_id: str) -> Response:
    """204; with `validateReferencesBeforeDelete` 400 while records are in the stage."""
    found = _staged(call, kind)
    pipeline = _pipeline(call, found, pipeline_id)
    stage = _stage(pipeline, stage_id)
    _refuse_use(call, found, pipeline, [stage])
    stages.archived(call, stage)
    _stored(call, found, pipeline, stage, "DELETE")
    return Response(204)


def audit(call: Call, kind: str, pipeline_id: str, stage_id: str | None = None) -> Response:
    """What was done to the definition of a pipeline or stage, newest first."""
    entries = stages.audited(call, _staged(call, kind), pipeline_id, stage_id)
    return Response.of_json({"results": entries})


def _stored(
    call: Call, kind: Kind, pipeline: Pipeline, stage: dict[str, Any], action: str, status: int = 200
) -> Response:
    """Keep a pipeline of which one stage has changed, and note it in both audits."""
    stages.check(kind, pipeline["stages"])
    call.portal.put_pipeline(kind.plural, pipeline)
    stages.audit(call, kind, pipeline, stage, action, f"Stage {action.lower()}")
    stages.audit(call, kind, pipeline, None, "UPDATE", "Pipeline update")
    return Response.of_json(stage, status)


def _staged(call: Call, name: str) -> Kind:
    kind = call.portal.kind(name)
    if kind.stage_fields is None:
        raise bad_request(f"Object type {kind.type_id} has no pipelines")
    return kind


def _pipeline(call: Call, kind: Kind, pipeline_id: str, *, archived: bool = False) -> Pipeline:
    """A live pipeline, or a deleted one too; 404."""
    for pipeline in call.portal.pipelines(kind.plural):
        if pipeline["id"] == pipeline_id and (archived or not pipeline["archived"]):
            return pipeline
    raise not_found()


def _stage(pipeline: Pipeline, stage_id: str, *, archived: bool = False) -> dict[str, Any]:
    for stage in pipeline["stages"]:
        if stage["id"] == stage_id and (archived or not stage["archived"]):
            found: dict[str, Any] = stage
            return found
    raise not_found()


def _refuse_label(call: Call, kind: Kind, label: str, pipeline_id: str | None) -> None:
    for one in call.portal.pipelines(kind.plural):
        if one["label"] == label and one["id"] != pipeline_id and not one["archived"]:
            raise conflict(f"A pipeline with the label {label[:100]} already exists")


def _refuse_use(call: Call, kind: Kind, pipeline: Pipeline, gone: list[dict[str, Any]]) -> None:
    """400 when the call asks to validate and live records are in one of the stages."""
    if not (call.flag("validateReferencesBeforeDelete") or call.flag("validateDealStageUsagesBeforeDelete")):
        return
    ids = [stage["id"] for stage in gone if not stage["archived"]]
    held = stages.records_in(call, kind, pipeline["id"], ids)
    if held:
        names, numbers = f"[{', '.join(ids)}]", f"[{', '.join(held)}]"
        raise bad_request(
            f"Stage IDs: {names} are being referenced by object IDs: {numbers}",
            subCategory="PipelineError.STAGE_ID_IN_USE",
            context={"stageIds": [names], "objectIds": [numbers]},
        )
