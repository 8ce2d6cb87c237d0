"""What pipelines and stages are made of, what an object type demands of them, and the memory of their changes."""

from __future__ import annotations

import json
from typing import Any

from sandbox.hubspot import audit as account_audit
from sandbox.hubspot.call import Call, id_text, whole
from sandbox.hubspot.errors import bad_request, conflict
from sandbox.hubspot.kinds import Kind
from sandbox.hubspot.values import as_text, ms_of

Thing = dict[str, Any]  # a pipeline or a stage as the API tells it
MAX_STAGES = 100
MAX_STAGES_OF_LEADS = 30
_FIRST_ID = 700_000_001
_IN_USE_SHOWN = 100


def listed(body: Thing) -> list[Thing]:
    """The stages of a body; 400 when they are no list of objects."""
    found = body.get("stages")
    if not isinstance(found, list) or not all(isinstance(stage, dict) for stage in found):
        raise bad_request("Invalid input JSON: `stages` must be a list of objects")
    return found


def free_ids(call: Call, kind: Kind, count: int) -> list[str]:
    """Ids that no pipeline or stage of the object has or had."""
    pipelines = call.portal.pipelines(kind.plural)
    known = [thing["id"] for pipeline in pipelines for thing in (pipeline, *pipeline["stages"])]
    last = max([_FIRST_ID - 1, *(int(one) for one in known if str(one).isdecimal())])
    return [str(last + place + 1) for place in range(count)]


def made(call: Call, kind: Kind, body: Thing, number: str, place: int) -> Thing:
    """A new stage from what a client sent, which may name its id; 409 when the object has it already."""
    stage_id = id_text(body, "stageId") if body.get("stageId") else number
    pipelines = call.portal.pipelines(kind.plural)
    if any(stage["id"] == stage_id for pipeline in pipelines for stage in pipeline["stages"]):
        raise conflict(f"Stage {stage_id[:100]} already exists")
    listed_stage = [(stage_id, id_text(body, "label"), metadata(kind, sent_metadata(body)))]
    found: Thing = call.portal.new_pipeline("", "", 0, listed_stage)["stages"][0]
    found["displayOrder"] = whole(body, "displayOrder", place)
    return found


def replaced(call: Call, kind: Kind, stage: Thing, body: Thing) -> Thing:
    changed = {
        "label": id_text(body, "label"),
        "displayOrder": whole(body, "displayOrder", stage["displayOrder"]),
        "metadata": metadata(kind, sent_metadata(body)),
        "updatedAt": call.portal.now(),
    }
    return {**stage, **changed}


def archived(call: Call, thing: Thing) -> Thing:
    now = call.portal.now()
    thing |= {"archived": True, "archivedAt": now, "updatedAt": now}
    return thing


def change(call: Call, thing: Thing, body: Thing) -> None:
    if "label" in body:
        thing["label"] = id_text(body, "label")
    thing["displayOrder"] = whole(body, "displayOrder", thing["displayOrder"])
    thing["updatedAt"] = call.portal.now()
    if body.get("archived") is True:
        archived(call, thing)
    elif body.get("archived") is False:
        thing["archived"] = False
        thing.pop("archivedAt", None)


def shown(pipeline: Thing) -> Thing:
    """Without deleted stages, the others in their order and where that is the same by label."""
    live = [stage for stage in pipeline["stages"] if not stage["archived"]]
    return {**pipeline, "stages": sorted(live, key=lambda stage: (stage["displayOrder"], stage["label"]))}


def sent_metadata(body: Thing) -> dict[str, str]:
    """Stage metadata are strings, numbers and booleans too."""
    found = body.get("metadata") or {}
    if not isinstance(found, dict):
        raise bad_request("Invalid input JSON: `metadata` must be an object")
    return {str(name): as_text(value) for name, value in found.items()}


def metadata(kind: Kind, sent: dict[str, str]) -> dict[str, str]:
    """What a stage of this object says: a deal's its probability, from which follows whether it is closed."""
    if kind.plural == "deals":
        try:
            probability = float(sent.get("probability", ""))
        except ValueError:
            probability = -1.0
        if not 0 <= probability <= 1:
            raise bad_request("Stage metadata of deals need a `probability` between 0.0 and 1.0")
        closed = as_text(sent.get("isClosed", "")).lower() == "true" or probability in (0, 1)
        return {**sent, "isClosed": str(closed).lower(), "probability": str(probability)}
    if kind.plural == "tickets":
        state = sent.get("ticketState", "OPEN")
        if state not in ("OPEN", "CLOSED"):
            raise bad_request("Stage metadata of tickets: `ticketState` must be OPEN or CLOSED")
        return {**sent, "isClosed": str(state == "CLOSED").lower(), "ticketState": state}
    return sent


def check(kind: Kind, stages: list[Thing]) -> None:
    """400 for too many stages and for two of one label or id."""
    live = [stage for stage in stages if not stage["archived"]]
    most = MAX_STAGES_OF_LEADS if kind.plural == "leads" else MAX_STAGES
    if len(live) > most:
        raise bad_request(f"A pipeline can have at most {most} stages")
    for name in ("label", "id"):
        seen = [stage[name] for stage in live]
        if repeated := sorted({one for one in seen if seen.count(one) > 1}):
            raise bad_request(f"Stage {name}s must be unique within a pipeline: {', '.join(repeated)[:200]}")


def records_in(call: Call, kind: Kind, pipeline_id: str, stage_ids: list[str]) -> list[str]:
    """Live records that are in one of the stages, the first hundred of them."""
    if kind.stage_fields is None or not stage_ids:
        return []
    pipeline_field, stage_field = kind.stage_fields
    marks = ",".join("?" * len(stage_ids))
    sql = (
        f'SELECT _id FROM {kind.plural} WHERE "{pipeline_field}" = ? AND "{stage_field}" IN ({marks})'
        f" AND _archived = 0 ORDER BY _id LIMIT {_IN_USE_SHOWN}"
    )
    return [str(row[0]) for row in call.portal.store.db.execute(sql, [pipeline_id, *stage_ids])]


def audit(call: Call, kind: Kind, pipeline: Thing, stage: Thing | None, action: str, message: str) -> None:
    """Remember a change to the definition of a pipeline, or of one of its stages."""
    portal, thing = call.portal, stage or pipeline
    shelf = _shelf(kind, pipeline["id"], None if stage is None else stage["id"])
    version = len(portal.documents.list(shelf))
    number = pipeline["id"] if stage is None else f"{pipeline['id']}:{stage['id']}"
    entry = {
        "portalId": portal.settings.portal_id,
        "identifier": f"{portal.settings.portal_id}:{number}",
        "action": action,
        "timestamp": portal.now(),
        "message": message,
        "rawObject": json.dumps(_raw(call, kind, pipeline, thing, version), ensure_ascii=False, separators=(",", ":")),
        "fromUserId": call.token.user_id,
    }
    portal.documents.put(shelf, f"{version:09d}", entry)
    if stage is None:
        account_audit.note(call, "PIPELINE", action, pipeline["label"], kind.upper)


def audited(call: Call, kind: Kind, pipeline_id: str, stage_id: str | None) -> list[Thing]:
    """The changes of one pipeline or stage, newest first."""
    return list(call.portal.documents.list(_shelf(kind, pipeline_id, stage_id)).values())[::-1]


def _shelf(kind: Kind, pipeline_id: str, stage_id: str | None) -> str:
    """A stage's goes by its own id alone: HubSpot's Python client sends no pipeline id with it."""
    return (
        f"audit:{kind.plural}:pipeline:{pipeline_id}" if stage_id is None else f"audit:{kind.plural}:stage:{stage_id}"
    )


def _raw(call: Call, kind: Kind, pipeline: Thing, thing: Thing, version: int) -> Thing:
    """The definition as it is after the change, in the form the audit keeps it."""
    head = {
        "portalId": call.portal.settings.portal_id,
        "objectType": kind.upper,
        "objectTypeId": kind.type_id,
        "version": version,
        "pipelineId": pipeline["id"],
        "displayOrder": thing["displayOrder"],
        "label": thing["label"],
        "active": not thing["archived"],
        "createdAt": ms_of(thing["createdAt"]),
        "updatedAt": ms_of(thing["updatedAt"]),
    }
    if "metadata" in thing:
        return {**head, "stageId": thing["id"], "metadata": thing["metadata"]}
    return {**head, "stages": [_raw(call, kind, pipeline, stage, version) for stage in shown(thing)["stages"]]}
