"""Handlers of versions before v3 that data taps still read: pipelines and kinds of marketing e-mail."""

from __future__ import annotations

from typing import Any

from sandbox.hubspot.call import Call
from sandbox.hubspot.values import ms_of
from sandbox.wire import Response


def list_pipelines(call: Call, kind: str) -> Response:
    """Pipelines as version 1 tells them: `pipelineId`, `stageId`, times in milliseconds."""
    found = call.portal.kind(kind)
    shown = []
    for place, pipeline in enumerate(call.portal.pipelines(found.plural)):
        if not pipeline["archived"]:
            stages = [
                {**_old(stage), "stageId": stage["id"], "metadata": stage["metadata"]}
                for stage in pipeline["stages"]
                if not stage["archived"]
            ]
            kinds = {"objectType": found.upper, "objectTypeId": found.type_id}
            more = {"pipelineId": pipeline["id"], "stages": stages, "default": place == 0}
            shown.append({**_old(pipeline), **more, **kinds})
    return Response.of_json({"results": shown})


def list_subscriptions(call: Call) -> Response:
    """The one kind of marketing e-mail that every account begins with."""
    definition = {
        "id": 1,
        "portalId": call.portal.settings.portal_id,
        "name": "Marketing Information",
        "description": "Marketing offers and updates.",
        "active": True,
        "internal": False,
        "category": "Marketing",
        "channel": "Email",
        "internalName": "MARKETING_INFORMATION",
        "businessUnitId": 0,
    }
    return Response.of_json({"subscriptionDefinitions": [definition]})


def _old(thing: dict[str, Any]) -> dict[str, Any]:
    return {
        "label": thing["label"],
        "displayOrder": thing["displayOrder"],
        "active": True,
        "createdAt": ms_of(thing["createdAt"]),
        "updatedAt": ms_of(thing["updatedAt"]),
    }
