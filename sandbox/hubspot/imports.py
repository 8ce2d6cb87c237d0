"""Handlers for imports: files come in as a form, become records after a while, and say what was wrong with them."""

from __future__ import annotations

import base64
from typing import Any

from sandbox.hubspot import audit, jobs, lists
from sandbox.hubspot.batches import Entry
from sandbox.hubspot.call import Call
from sandbox.hubspot.errors import HubspotError, bad_request, not_found
from sandbox.hubspot.import_request import contents, parsed_request, request_json
from sandbox.hubspot.import_run import Importer, Result, Trouble
from sandbox.hubspot.journal import Journal, Wanted
from sandbox.hubspot.links import Links
from sandbox.hubspot.multipart import parts
from sandbox.hubspot.portal import Portal
from sandbox.hubspot.tokens import Author
from sandbox.hubspot.values import ms_of
from sandbox.hubspot.writing import Writer
from sandbox.wire import Response

SHELF, FILES, ERRORS = "imports", "import-files", "import-errors"
AT_ONCE = 3
PAGE_MAX = 100
_RUNNING = ("STARTED", "PROCESSING")
_FIRST_ID = 81_000_001


def list_imports(call: Call) -> Response:
    """The imports of this very app, the newest first."""
    limit = call.whole("limit", 50, 1, PAGE_MAX)
    after = call.request.first("after") or ""
    known = [one for one in call.portal.documents.list(SHELF).values() if one["appId"] == call.token.app_id][::-1]
    found = [one for one in known if not after or one["id"] <= after]
    body: dict[str, Any] = {"results": [_shown(call.portal, one) for one in found[:limit]]}
    if len(found) > limit:
        body["paging"] = call.next_page(found[limit]["id"])
    return Response.of_json(body)


def get_import(call: Call, import_id: str) -> Response:
    return Response.of_json(_shown(call.portal, _import(call, import_id)))


def start_import(call: Call) -> Response:
    """Take the files and begin; 429 while three imports are on their way."""
    try:
        sent = parts(call.request.headers.get("content-type", ""), call.request.body)
    except ValueError as error:
        raise bad_request(f"Invalid import request: {error}") from None
    body = request_json(sent)
    request = parsed_request(call.portal, call.links, body)
    given = contents(request, sent)
    running = [one for one in call.portal.documents.list(SHELF).values() if one["state"] in _RUNNING]
    if len(running) >= AT_ONCE:
        raise HubspotError(429, f"Only {AT_ONCE} imports can run at the same time.", "RATE_LIMITS")
    made = _new(call, body, request.name, [kind.type_id for kind in request.kinds], len(request.files))
    for number, file in enumerate(request.files):
        text = base64.b64encode(given[file.name]).decode()
        call.portal.documents.put(FILES, f"{made['id']}:{file.name}", {"fileId": made["fileIds"][number], "data": text})
    jobs.put_off(call.portal, "import", made["id"], call.portal.clock.now_ms() + call.portal.settings.job_ms)
    audit.secure(call, "IMPORT", made["id"])
    return Response.of_json(_shown(call.portal, made))


def cancel_import(call: Call, import_id: str) -> Response:
    """Stop an import that is on its way; nothing of it is written."""
    found, now = _import(call, import_id), call.portal.now()
    if found["state"] not in _RUNNING:
        raise bad_request(f"Import {import_id} is {found['state']} and cannot be cancelled")
    jobs.call_off(call.portal, import_id)
    _forget_files(call.portal, import_id)
    call.portal.documents.put(SHELF, import_id, {**found, "state": "CANCELED", "updatedAt": now})
    return Response.of_json({"status": "COMPLETE", "requestedAt": now, "startedAt": now, "completedAt": now})


def list_errors(call: Call, import_id: str) -> Response:
    """What was wrong with the rows, in their order."""
    _import(call, import_id)
    limit = call.whole("limit", 50, 1, PAGE_MAX)
    rows = Journal(call.portal.store).page(
        ERRORS, Wanted(key=import_id), limit + 1, after=call.after() or None, oldest_first=True
    )
    hidden = {"errorMessage"} if (call.request.first("includeErrorMessage") or "").lower() == "false" else set()
    results = [
        {"id": str(key), "createdAt": ms_of(at), **{name: value for name, value in body.items() if name not in hidden}}
        for key, at, _, body in rows[:limit]
    ]
    body: dict[str, Any] = {"results": results}
    if len(rows) > limit:
        body["paging"] = call.next_page(str(rows[limit - 1][0]))
    return Response.of_json(body)


def run_import(portal: Portal, links: Links, writer: Writer, import_id: str) -> None:
    """Do what an import was told, all of it at once; FAILED when a file cannot be read."""
    found = portal.documents.get(SHELF, import_id)
    author = Author("IMPORT", import_id, found["importName"], found["userId"])
    request = parsed_request(portal, links, found["importRequestJson"])
    files = portal.documents.list(FILES)
    given = {file.name: base64.b64decode(files[f"{import_id}:{file.name}"]["data"]) for file in request.files}
    try:
        with portal.transaction(author):
            result = Importer(portal, links, writer, author, request).run(given)
            _finish(portal, found, result)
    except (ValueError, UnicodeError) as error:
        with portal.transaction(author):
            portal.documents.put(SHELF, import_id, {**found, "state": "FAILED", "updatedAt": portal.now()})
            trouble = Trouble("COULD_NOT_PARSE_ROW", f"The file cannot be read: {error}", 0, 1, ())
            Journal(portal.store).append(ERRORS, portal.now(), None, _told(found, trouble), import_id)
            _forget_files(portal, import_id)


def _finish(portal: Portal, found: Entry, result: Result) -> None:
    made = _lists(portal, found, result)
    done = {"state": "DONE", "counters": dict(result.counters), "lists": made, "updatedAt": portal.now()}
    portal.documents.put(SHELF, found["id"], {**found, **done})
    journal = Journal(portal.store)
    for trouble in result.troubles:
        journal.append(ERRORS, portal.now(), None, _told(found, trouble), found["id"])
    _forget_files(portal, found["id"])


def _lists(portal: Portal, found: Entry, result: Result) -> list[Entry]:
    """The list of imported contacts, where the import was to make one."""
    ids = result.written.get("contacts")
    if not ids or not found["importRequestJson"].get("createContactListFromImport"):
        return []
    made = lists.new_list(portal, found["importName"], "0-1", "SNAPSHOT", found["userId"])
    lists.join(portal, made["listId"], ids)
    return [{"listId": made["listId"], "objectType": "CONTACT"}]


def _new(call: Call, body: Entry, name: str, type_ids: list[str], files: int) -> Entry:
    documents, now = call.portal.documents, call.portal.now()
    number = documents.get("last-id", SHELF) or _FIRST_ID
    documents.put("last-id", SHELF, number + 1)
    made: Entry = {
        "id": str(number),
        "state": "STARTED",
        "importName": name,
        "importRequestJson": body,
        "mappedObjectTypeIds": type_ids,
        "optOutImport": body.get("optOutImport") is True,
        "counters": {},
        "lists": [],
        "fileIds": [str(number * 100 + place) for place in range(files)],
        "appId": call.token.app_id,
        "userId": call.token.user_id,
        "createdAt": now,
        "updatedAt": now,
    }
    documents.put(SHELF, made["id"], made)
    return made


def _import(call: Call, import_id: str) -> Entry:
    found: Entry | None = call.portal.documents.get(SHELF, import_id)
    if found is None or found["appId"] != call.token.app_id:
        raise not_found(f"Import {import_id[:50]} does not exist")
    return found


def _shown(portal: Portal, one: Entry) -> Entry:
    state = one["state"]
    if state == "STARTED" and portal.clock.now_ms() - ms_of(one["createdAt"]) > portal.settings.job_ms // 2:
        state = "PROCESSING"
    metadata = {"objectLists": one["lists"], "counters": one["counters"], "fileIds": one["fileIds"]}
    hidden = ("state", "counters", "lists", "fileIds", "appId", "userId")
    shown = {name: value for name, value in one.items() if name not in hidden}
    return {**shown, "state": state, "importSource": "API", "metadata": metadata}


def _told(found: Entry, trouble: Trouble) -> Entry:
    """An error as its list tells it."""
    source = {"fileId": int(found["fileIds"][trouble.file]), "lineNumber": trouble.line, "rowData": list(trouble.row)}
    body: Entry = {
        "errorType": trouble.word,
        "errorMessage": trouble.message,
        "sourceData": {**source, "containsEncryptedProperties": False},
    }
    if trouble.kind is not None:
        body |= {"objectType": trouble.kind.upper, "objectTypeId": trouble.kind.type_id}
    if trouble.column:
        body |= {"knownColumnNumber": trouble.column, "invalidValue": trouble.value}
    return body


def _forget_files(portal: Portal, import_id: str) -> None:
    for key in portal.documents.list(FILES):
        if key.startswith(f"{import_id}:"):
            portal.documents.drop(FILES, key)
