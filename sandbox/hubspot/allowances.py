"""Handlers for how much of the account's limits is used: records, properties, pipelines, object types, associations."""

from __future__ import annotations

from typing import Any

from sandbox.hubspot.association_labels import MAX_LABELS
from sandbox.hubspot.call import Call
from sandbox.hubspot.errors import bad_request
from sandbox.hubspot.kinds import Kind
from sandbox.hubspot.schemas import MAX_CUSTOM
from sandbox.wire import Response

Body = dict[str, Any]
MAX_RECORDS = 15_000_000
MAX_CUSTOM_RECORDS = 1_500_000
MAX_PROPERTIES = 1_000
MAX_ALL_PROPERTIES = 10_000
MAX_LINKS = 50_000
NEAR = 0.8
_SAMPLES = 10
_PIPELINES = {"free": 1, "starter": 2, "professional": 15, "enterprise": 100}
_CALCULATED = {"free": 0, "starter": 0, "professional": 25, "enterprise": 200}


def records(call: Call) -> Response:
    used = {kind: call.portal.store.count(kind) for kind in call.portal.kinds}
    return Response.of_json(_by_origin(used, MAX_RECORDS, MAX_CUSTOM_RECORDS))


def pipelines(call: Call) -> Response:
    used = {
        kind: sum(not one["archived"] for one in call.portal.pipelines(kind.plural))
        for kind in call.portal.kinds
        if kind.stage_fields
    }
    most = _PIPELINES[call.limiter.limits.tier]
    return Response.of_json(_by_origin(used, most, most))


def custom_properties(call: Call) -> Response:
    used = {
        kind: sum(not one.hubspot_defined and not one.archived for one in call.portal.definitions(kind).values())
        for kind in call.portal.kinds
    }
    by_type = [_limited(kind, count, MAX_PROPERTIES) for kind, count in used.items()]
    return Response.of_json({**_overall(sum(used.values()), MAX_ALL_PROPERTIES), "byObjectType": by_type})


def calculated_properties(call: Call) -> Response:
    """Those of the account's own; HubSpot's do not count."""
    used = {
        kind: sum(one.calculated and not one.hubspot_defined for one in call.portal.definitions(kind).values())
        for kind in call.portal.kinds
    }
    most = _CALCULATED[call.limiter.limits.tier]
    return Response.of_json({**_overall(sum(used.values()), most), "byObjectType": _usages(used)})


def custom_object_types(call: Call) -> Response:
    used = sum(kind.is_custom for kind in call.portal.kinds)
    return Response.of_json({"limit": MAX_CUSTOM, "usage": used, "percentage": _percentage(used, MAX_CUSTOM)})


def association_labels(call: Call) -> Response:
    """The labels of the account's own between object types, of all pairs or those asked for."""
    results = []
    for source in _asked(call, "fromObjectTypeId"):
        for target in _asked(call, "toObjectTypeId"):
            types = call.links.types.between(source, target).values()
            labels = [one.label for one in types if one.label and one.category == "USER_DEFINED"]
            if labels:
                head = {"fromObjectType": _named(source), "toObjectType": _named(target), "allLabels": labels}
                results.append({**head, **_used(len(labels), MAX_LABELS)})
    return Response.of_json({"results": results})


def linked_from(call: Call) -> Response:
    """The object types that have records near or at the number of associations a record can have."""
    return _near(
        call, [(source, target) for source in call.portal.kinds for target in call.portal.kinds], by_source=True
    )


def linked_to(call: Call, source: str) -> Response:
    found = call.portal.kind(source)
    return _near(call, [(found, target) for target in call.portal.kinds], by_source=False)


def linked_between(call: Call, source: str, target: str) -> Response:
    crowded = _crowded(call, call.portal.kind(source), call.portal.kind(target))
    full = [(number, count) for number, count in crowded if count >= MAX_LINKS]
    near = [(number, count) for number, count in crowded if count < MAX_LINKS]
    return Response.of_json(
        {
            "limit": MAX_LINKS,
            "totalRecordsAtLimit": len(full),
            "totalRecordsNearLimit": len(near),
            "atLimitFromRecordSamples": [{"objectId": n, "label": str(n)} for n, _ in full[:_SAMPLES]],
            "nearLimitFromRecordSamples": [
                {"objectId": n, "label": str(n), "usage": count, "percentage": _percentage(count, MAX_LINKS)}
                for n, count in near[:_SAMPLES]
            ],
        }
    )


def _near(call: Call, pairs: list[tuple[Kind, Kind]], *, by_source: bool) -> Response:
    found: dict[Kind, list[int]] = {}
    for source, target in pairs:
        if counts := [count for _, count in _crowded(call, source, target)]:
            found.setdefault(source if by_source else target, []).extend(counts)
    results = [
        {
            **_named(kind),
            "hasRecordsAtLimit": any(count >= MAX_LINKS for count in counts),
            "hasRecordsNearLimit": any(count < MAX_LINKS for count in counts),
        }
        for kind, counts in found.items()
    ]
    return Response.of_json({"results": results})


def _crowded(call: Call, source: Kind, target: Kind) -> list[tuple[int, int]]:
    """(record, associations) of the records that have most of the associations they can have."""
    sql = (
        "SELECT source_id, COUNT(*) FROM links WHERE source = ? AND target = ? GROUP BY source_id"
        " HAVING COUNT(*) >= ? ORDER BY source_id"
    )
    least = int(MAX_LINKS * NEAR)
    return call.portal.store.db.execute(sql, (source.number, target.number, least)).fetchall()


def _asked(call: Call, name: str) -> list[Kind]:
    wanted = call.request.first(name)
    if wanted is None:
        return list(call.portal.kinds)
    kind = call.portal.find_kind(wanted)
    if kind is None:
        raise bad_request(f"Invalid value for {name}: {wanted[:50]}")
    return [kind]


def _by_origin(used: dict[Kind, int], most: int, most_custom: int) -> Body:
    own = {kind: count for kind, count in used.items() if kind.is_custom}
    return {
        "hubspotDefinedObjectTypes": [_limited(kind, n, most) for kind, n in used.items() if not kind.is_custom],
        "customObjectTypes": {**_overall(sum(own.values()), most_custom), "byObjectType": _usages(own)},
    }


def _usages(used: dict[Kind, int]) -> list[Body]:
    return [{**_named(kind), "usage": count} for kind, count in used.items() if count]


def _limited(kind: Kind, used: int, most: int) -> Body:
    return {**_named(kind), **_used(used, most)}


def _named(kind: Kind) -> Body:
    return {"objectTypeId": kind.type_id, "singularLabel": kind.singular_label, "pluralLabel": kind.plural_label}


def _used(used: int, most: int) -> Body:
    return {"limit": most, "usage": used, "percentage": _percentage(used, most)}


def _overall(used: int, most: int) -> Body:
    return {"overallLimit": most, "overallUsage": used, "overallPercentage": _percentage(used, most)}


def _percentage(used: int, most: int) -> float:
    return round(100 * used / most, 2) if most else 0.0
