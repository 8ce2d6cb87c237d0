"""Handlers for batches of records: read, create, update, upsert, archive."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sandbox.hubspot.call import Call, id_text, texts
from sandbox.hubspot.errors import HubspotError, bad_request, not_found
from sandbox.hubspot.faults import refuse_row, rows_not_found
from sandbox.hubspot.kinds import Kind
from sandbox.hubspot.objects import HISTORY_PAGE_MAX, PAGE_MAX, add_history, create_one, show, show_all
from sandbox.hubspot.view import names_shown, records
from sandbox.hubspot.writing import Values, identity
from sandbox.wire import Response

TRACE = "objectWriteTraceId"
Entry = dict[str, Any]
Written = tuple[Entry, int, list[str]]  # the input, the record's id, the properties sent


def answer(call: Call, results: Sequence[Entry], errors: Sequence[Entry], done: int, started: str) -> Response:
    """The envelope of a batch: `done` is the status when nothing failed, else 207."""
    body: dict[str, Any] = {
        "status": "COMPLETE",
        "results": list(results),
        "startedAt": started,
        "completedAt": call.portal.now(),
    }
    if errors:
        body |= {"numErrors": len(errors), "errors": list(errors)}
    return Response.of_json(body, 207 if errors else done)


def missing(kind: Kind, ids: Iterable[str]) -> list[Entry]:
    """One error that names all ids there is no record for."""
    listed = list(ids)
    if not listed:
        return []
    message = f"Could not get some {kind.upper} objects, they may be deleted or not exist. Check that ids are valid."
    return [not_found(message).entry({"ids": listed})]


def read_batch(call: Call, kind: str) -> Response:
    found = call.portal.kind(kind)
    started = call.portal.now()
    body = call.body()
    past = texts(body.get("propertiesWithHistory"), "propertiesWithHistory")
    inputs = call.inputs(PAGE_MAX)
    if past and len(inputs) > HISTORY_PAGE_MAX:
        raise bad_request(
            "The maximum number of inputs supported in a batch request for property histories is"
            f" {HISTORY_PAGE_MAX}. Please reduce the number of inputs and try again."
        )
    wanted = list(dict.fromkeys(id_text(item) for item in inputs))
    lost = {id_text(inputs[place]) for place in rows_not_found(inputs)}
    known = identity(call.portal, call.writer, found, body.get("idProperty"), [w for w in wanted if w not in lost])
    names = names_shown(call.portal, found, texts(body.get("properties"), "properties"))
    rows = records(call.portal, found, list(known.values()), names, archived=call.flag("archived"))
    shown = list(rows.values())
    add_history(call, found, shown, past)
    return answer(call, shown, missing(found, (w for w in wanted if known.get(w) not in rows)), 200, started)


def create_batch(call: Call, kind: str) -> Response:
    """201, 200 in the first dated version; with a unique `objectWriteTraceId` on every input 207 and what could be
    made, else all or nothing."""
    found = call.portal.kind(kind)
    started = call.portal.now()
    inputs = call.inputs(PAGE_MAX)
    made: list[Written] = []
    errors: list[Entry] = []
    is_traced = _is_traced(inputs)
    for place, item in enumerate(inputs, start=1):
        try:
            with call.portal.attempt():
                refuse_row(place, item)
                number, names = create_one(call, found, item)
        except HubspotError as error:
            if not is_traced:
                raise
            errors.append(error.entry({TRACE: [str(item[TRACE])]}))
        else:
            made.append((item, number, names))
    return answer(call, _shown(call, found, made), errors, 200 if call.version == "2025-09" else 201, started)


def update_batch(call: Call, kind: str) -> Response:
    """200, or 207 naming the ids there is no record for. Ids that were merged away are left out without a word."""
    found = call.portal.kind(kind)
    started = call.portal.now()
    inputs = call.inputs(PAGE_MAX)
    wanted = [id_text(item) for item in inputs]
    _refuse_repeats(wanted)
    values = [call.writer.checked(found, item.get("properties")) for item in inputs]
    lost = {wanted[place] for place in rows_not_found(inputs)}
    known = {name: number for name, number in _identify(call, found, inputs, wanted).items() if name not in lost}
    live = records(call.portal, found, list(known.values()), ())
    _refuse_repeats([str(number) for number in known.values() if number in live])
    done: list[Written] = []
    for item, name, new in zip(inputs, wanted, values, strict=True):
        if known.get(name) in live:
            call.writer.update(found, known[name], new, call.author, version=call.version)
            done.append((item, known[name], list(new)))
    merged = _merged_away(call, found, [known[w] for w in wanted if w in known])
    absent = [w for w in wanted if known.get(w) not in live and known.get(w) not in merged]
    return answer(call, _shown(call, found, done), missing(found, absent), 200, started)


def upsert_batch(call: Call, kind: str) -> Response:
    """200 or 207; each result says whether it is `new`. By e-mail it is all or nothing."""
    found = call.portal.kind(kind)
    started = call.portal.now()
    inputs = call.inputs(PAGE_MAX)
    wanted = [id_text(item) for item in inputs]
    properties = {_id_property(item) for item in inputs}
    id_property = next(iter(properties))
    if len(properties) > 1 or id_property is None:
        raise bad_request("Every input of an upsert needs the same `idProperty`")
    _refuse_repeats([name.lower() for name in wanted])
    is_traced = _is_traced(inputs) and id_property.lower() != "email"
    known = identity(call.portal, call.writer, found, id_property, wanted)
    results: list[Entry] = []
    errors: list[Entry] = []
    for place, (item, name) in enumerate(zip(inputs, wanted, strict=True), start=1):
        try:
            with call.portal.attempt():
                refuse_row(place, item)
                results.append(_upsert_one(call, found, item, id_property, name, known))
        except HubspotError as error:
            if not is_traced:
                raise
            errors.append(error.entry({TRACE: [str(item[TRACE])], "ids": [name]}))
    return answer(call, results, errors, 200, started)


def archive_batch(call: Call, kind: str) -> Response:
    """204, whether or not the ids exist."""
    found = call.portal.kind(kind)
    wanted = [id_text(item) for item in call.inputs(PAGE_MAX)]
    numbers = identity(call.portal, call.writer, found, None, wanted).values()
    for number in records(call.portal, found, list(numbers), ()):
        call.writer.archive(found, number)
    return Response(204)


def _upsert_one(
    call: Call, kind: Kind, item: Entry, id_property: str, name: str, known: Mapping[str, int]
) -> dict[str, Any]:
    sent = item.get("properties") or {}
    if not isinstance(sent, dict):
        raise bad_request("Invalid input JSON: `properties` must be an object")
    if id_property.lower() == "hs_object_id":
        if name not in known or not call.portal.store.rows(kind, [known[name]], ()):
            raise not_found()
    elif name not in known:
        sent = {id_property.lower(): name, **sent}
        number, names = create_one(call, kind, {**item, "properties": sent})
        return {**_traced(item, show(call, kind, number, names)), "new": True}
    values: Values = call.writer.checked(kind, sent)
    call.writer.update(kind, known[name], values, call.author, version=call.version)
    return {**_traced(item, show(call, kind, known[name], list(values))), "new": False}


def _identify(call: Call, kind: Kind, inputs: Sequence[Entry], wanted: Sequence[str]) -> dict[str, int]:
    """Ids by name; every input may say its own `idProperty`."""
    found: dict[str, int] = {}
    for id_property in {_id_property(item) for item in inputs}:
        names = [name for item, name in zip(inputs, wanted, strict=True) if item.get("idProperty") == id_property]
        found |= identity(call.portal, call.writer, kind, id_property, names)
    return found


def _id_property(item: Entry) -> str | None:
    named = item.get("idProperty")
    if named is not None and not isinstance(named, str):
        raise bad_request("Invalid input JSON: `idProperty` must be a string")
    return named


def _merged_away(call: Call, kind: Kind, numbers: Sequence[int]) -> set[int]:
    marks = ",".join("?" * len(numbers))
    sql = f"SELECT id FROM aliases WHERE kind = ? AND id IN ({marks})"
    return {int(row[0]) for row in call.portal.store.db.execute(sql, [kind.plural, *numbers])}


def _refuse_repeats(names: Sequence[str]) -> None:
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise bad_request(f"Duplicate IDs found in batch input: [{', '.join(repeated)}]. IDs must be unique")


def _is_traced(inputs: Sequence[Entry]) -> bool:
    """Whether every input carries a trace id of its own."""
    traces = [item.get(TRACE) for item in inputs]
    return all(traces) and len(set(map(str, traces))) == len(traces)


def _shown(call: Call, kind: Kind, written: Sequence[Written]) -> list[Entry]:
    records_by_id = show_all(call, kind, [(number, names) for _, number, names in written])
    return [_traced(item, records_by_id[number]) for item, number, _ in written]


def _traced(item: Entry, shown: Entry) -> Entry:
    return {**shown, TRACE: str(item[TRACE])} if item.get(TRACE) else shown
