"""Handlers for exports: they wait their turn, one at a time, and leave a file that anybody who has its address may
fetch for five minutes."""

from __future__ import annotations

import re
from datetime import tzinfo
from typing import Any

from sandbox.hubspot import audit, jobs, lists
from sandbox.hubspot.batches import Entry
from sandbox.hubspot.call import Call, id_text, texts
from sandbox.hubspot.downloads import ExportFile
from sandbox.hubspot.errors import HubspotError, bad_request, not_found
from sandbox.hubspot.export_run import Exporter, ExportSpec
from sandbox.hubspot.filters import Clause, groups_of
from sandbox.hubspot.kinds import Kind
from sandbox.hubspot.links import Links
from sandbox.hubspot.portal import Portal
from sandbox.hubspot.search import asked, ordered
from sandbox.hubspot.values import ms_of, stamp
from sandbox.wire import Response

SHELF = "exports"
PER_DAY = 30
TARGETS_MAX = 4
_DAY_MS = 86_400_000
_FIRST_ID = 52_000_001
_FORMATS = ("CSV", "XLSX")
_LANGUAGE = "EN"


def start_export(call: Call) -> Response:
    """202 and where to ask how it goes on; 429 for more than thirty in twenty-four hours."""
    portal, body = call.portal, call.body()
    _spec(portal, body)
    known = list(portal.documents.list(SHELF).values())
    now_ms = portal.clock.now_ms()
    if sum(now_ms - ms_of(one["createdAt"]) < _DAY_MS for one in known) >= PER_DAY:
        raise HubspotError(429, f"At most {PER_DAY} exports can be made in 24 hours.", "RATE_LIMITS")
    number = str(max([_FIRST_ID - 1, *(int(one["id"]) for one in known)]) + 1)
    begins_ms = max([now_ms, *(one["due"] for one in known)])
    due = begins_ms + portal.settings.job_ms
    made = {"id": number, "request": body, "createdAt": portal.now(), "begins": begins_ms, "due": due, "rows": None}
    portal.documents.put(SHELF, number, made)
    jobs.put_off(portal, "export", number, due)
    audit.secure(call, "EXPORT", number)
    path = "/crm/v3/exports/export" if call.version == "v3" else f"/crm/exports/{call.version}/export"
    link = f"{call.request.host}{path}/async/tasks/{number}/status"
    return Response.of_json({"id": number, "links": {"status": link}}, 202)


def status(call: Call, export_id: str) -> Response:
    """PENDING, PROCESSING or COMPLETE; then with a fresh address of the file, good for five minutes."""
    found = _export(call, export_id)
    begun, done = stamp(found["begins"]), stamp(found["due"])
    body: Entry = {"status": _state(call.portal, found), "requestedAt": found["createdAt"], "startedAt": begun}
    body["completedAt"] = done
    if body["status"] == "COMPLETE":
        body |= {"numErrors": 0, "errors": [], "result": _address(call, found)}
    return Response.of_json(body)


def get_export(call: Call, export_id: str) -> Response:
    found = _export(call, export_id)
    request, portal = found["request"], call.portal
    word = {"PENDING": "ENQUEUED", "PROCESSING": "PROCESSING", "COMPLETE": "DONE"}[_state(portal, found)]
    body: Entry = {
        "id": found["id"],
        "exportName": request.get("exportName"),
        "exportType": request["exportType"],
        "objectType": portal.kind(str(request["objectType"])).type_id,
        "objectProperties": request.get("objectProperties") or [],
        "exportState": word,
        "createdAt": found["createdAt"],
        "updatedAt": stamp(found["due"]) if word == "DONE" else found["createdAt"],
    }
    if found["rows"] is not None:
        body["recordCount"] = found["rows"]
    return Response.of_json(body)


def download(call: Call, key: str, name: str) -> Response:
    """The file; 403 after five minutes, as the storage behind HubSpot answers it."""
    file = call.portal.downloads.opened(key)
    if file is None:
        text = b"<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>"
        return Response(403, text, {"Content-Type": "application/xml"})
    disposition = f'attachment; filename="{file.name}"'
    return Response(200, file.content, {"Content-Type": file.content_type, "Content-Disposition": disposition})


def run_export(portal: Portal, links: Links, zone: tzinfo, export_id: str) -> None:
    """Make the file of an export."""
    found = portal.documents.get(SHELF, export_id)
    file = _made(portal, links, zone, found)
    portal.documents.put(SHELF, export_id, {**found, "rows": file.rows})


def _made(portal: Portal, links: Links, zone: tzinfo, found: Entry) -> ExportFile:
    file = Exporter(portal, links, _spec(portal, found["request"]), zone).file()
    portal.downloads.put(found["id"], file)
    return file


def _address(call: Call, found: Entry) -> str:
    """Where the file can be fetched: the address given out last while it is good, else a new one."""
    portal, number = call.portal, found["id"]
    file = portal.downloads.file(number) or _made(portal, call.links, call.limiter.local_zone(), found)
    return f"{call.request.host}/export-files/{portal.downloads.key(number)}/{file.name}"


def _export(call: Call, export_id: str) -> Entry:
    found: Entry | None = call.portal.documents.get(SHELF, export_id)
    if found is None:
        raise not_found(f"Export {export_id[:50]} does not exist")
    return found


def _state(portal: Portal, found: Entry) -> str:
    if found["rows"] is not None:
        return "COMPLETE"
    return "PENDING" if portal.clock.now_ms() < found["begins"] else "PROCESSING"


def _spec(portal: Portal, body: Entry) -> ExportSpec:
    """What to write; 400 for what cannot be."""
    kind = portal.kind(id_text(body, "objectType"))
    wanted = str(body.get("format") or "").upper()
    if wanted not in _FORMATS:
        raise bad_request(f"Invalid export request: format must be one of {', '.join(_FORMATS)} in this account")
    if str(body.get("language") or _LANGUAGE).upper() != _LANGUAGE:
        raise bad_request("Invalid export request: this account exports in EN only")
    names = texts(body.get("objectProperties"), "objectProperties")
    definitions = [portal.definition(kind, name) for name in names if name.lower() != "hs_object_id"]
    if unknown := [name for name in names if portal.definition(kind, name) is None]:
        raise bad_request(f"Invalid export request: properties do not exist: {', '.join(unknown)[:200]}")
    internal = [word.upper() for word in texts(body.get("exportInternalValuesOptions"), "exportInternalValuesOptions")]
    targets = _targets(portal, body)
    where, order = _selection(portal, kind, body)
    return ExportSpec(
        kind,
        re.sub(r"[^\w.-]+", "-", str(body.get("exportName") or "export"))[:100] or "export",
        wanted,
        tuple(one for one in definitions if one is not None),
        targets,
        where,
        order,
        has_internal_names="NAMES" in internal,
        has_internal_values="VALUES" in internal,
        has_display=bool(body.get("includePrimaryDisplayPropertyForAssociatedObjects", len(targets) == 1)),
        has_labels=body.get("includeLabeledAssociations") is True,
        has_all_links=body.get("overrideAssociatedObjectsPerDefinitionPerRowLimit") is True,
    )


def _targets(portal: Portal, body: Entry) -> tuple[Kind, ...]:
    """The linked objects; clients send one name or a list."""
    sent = body.get("associatedObjectType") or []
    names = [sent] if isinstance(sent, str) else texts(sent, "associatedObjectType")
    if len(names) > TARGETS_MAX:
        raise bad_request(f"Invalid export request: at most {TARGETS_MAX} associated objects")
    return tuple(portal.kind(name) for name in names)


def _selection(portal: Portal, kind: Kind, body: Entry) -> tuple[Clause, str]:
    """Which records, and in which order: by a search (VIEW) or the members of a list (LIST)."""
    word = body.get("exportType")
    if word == "LIST":
        found = lists.list_named(portal, id_text(body, "listId"))
        if found["objectTypeId"] != kind.type_id:
            raise bad_request(f"Invalid export request: list {found['listId']} is of another object type")
        members = lists.members(portal, found)
        return (f"_id IN ({','.join(str(one) for one in members)})", []), "_id"
    if word != "VIEW":
        raise bad_request("Invalid export request: exportType must be VIEW or LIST")
    search = body.get("publicCrmSearchRequest") or {}
    if not isinstance(search, dict):
        raise bad_request("Invalid input JSON: `publicCrmSearchRequest` must be an object")
    groups = [_group(one) for one in groups_of(search)]
    where = asked(portal, kind, {"filterGroups": groups, "query": search.get("query")})
    key, direction = ordered(portal, kind, [_sort(one) for one in _listed(search, "sorts")])
    return where, f"{key} {direction}, _id"


def _listed(search: Entry, name: str) -> list[Any]:
    found = search.get(name) or []
    if not isinstance(found, list):
        raise bad_request(f"Invalid input JSON: `{name}` must be a list")
    return found


def _group(group: Any) -> Any:
    """A filter group in the words of a search: exports say `property` too."""
    filters = group.get("filters") if isinstance(group, dict) else None
    if not isinstance(filters, list):
        return group
    return {
        "filters": [
            {"propertyName": f["property"], **f} if isinstance(f, dict) and "property" in f else f for f in filters
        ]
    }


def _sort(sort: Any) -> Any:
    if not isinstance(sort, dict):
        return sort
    word = str(sort.get("order") or sort.get("direction") or "ASC").upper()
    direction = "DESCENDING" if word.startswith("D") else "ASCENDING"
    return {"propertyName": sort.get("propertyName"), "direction": direction}
