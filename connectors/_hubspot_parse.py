"""A page of HubSpot objects as columns of a batch."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from connectors._hubspot_fields import SOFT_MARK, Fields
from connectors._hubspot_layouts import LAYOUTS
from connectors._hubspot_values import convert_all, money_of, time_of
from model.batch import Batch, CustomColumn
from model.streams import Value

Objects = Sequence[Mapping[str, Any]]
Texts = Mapping[str, Any]  # property -> text or null
Columns = dict[str, list[Value]]


@dataclass(frozen=True, slots=True)
class Parsed:
    """`batch` holds the records, `merged` those that were merged away into them; `gaps` says what could not be read.

    A text that is not of its field's type, which only a mapping of our own can bring about, is left blank.
    """

    batch: Batch
    merged: Batch
    gaps: tuple[str, ...]


def parse_objects(
    connection: str, fields: Fields, objects: Sequence[Mapping[str, Any]], *, deleted: bool = False
) -> Parsed:
    """Turn answered objects into columns; ValueError when one has not the shape of an object.

    The version of a record is its modification stamp, also of an archived one, so that neither archiving nor
    restoring, which may leave the stamp alone, is taken for an older state.
    """
    objects, soft = _without_soft(objects)
    ids, texts = _unwrap(objects)
    layout, count = fields.layout, len(objects)
    columns: Columns = {
        "id": [f"{layout.prefix}{record_id}" for record_id in ids] if layout.prefix else list(ids),
        "changed_at": [_version(record, own, layout.modified) for record, own in zip(objects, texts, strict=True)],
        "created_at": [stamp(record.get("createdAt")) for record in objects],
        "is_deleted": [deleted or bool(record.get("archived")) for record in objects],
    }
    gaps = []
    for name in fields.properties:
        columns[name], unreadable = _column(fields, name, texts)
        if unreadable:
            gaps.append(_unreadable(fields, name))
    readable = fields.readable
    if "currency" in readable:
        columns["currency"] = [fields.currency_of(own) for own in texts]
    if layout.span and "duration_s" in readable:
        columns["duration_s"] = [_span(own, *layout.span) for own in texts]
    for name, stream in layout.links.items():
        columns[name] = [_first_linked(record, LAYOUTS[stream].object) for record in objects]
    columns |= {name: [value] * count for name, value in layout.fixed.items()}
    columns |= {name: [None] * count for name in layout.empty}
    custom = {name: CustomColumn(fields.types[name], columns.pop(name)) for name in fields.custom}
    merged = _merged_away(connection, layout.stream, columns, texts, soft, layout.modified)
    return Parsed(Batch(connection, layout.stream, columns, readable, custom), merged, tuple(gaps))


def _first_linked(record: Mapping[str, Any], object_name: str) -> str | None:
    """The lowest id among the record's links to objects of a kind: the order of an answer is promised by nobody."""
    shown = (record.get("associations") or {}).get(object_name) or {}
    ids = sorted({str(entry["id"]) for entry in shown.get("results") or ()}, key=lambda name: (len(name), name))
    return ids[0] if ids else None


def _span(texts: Texts, start: str, end: str) -> int | None:
    """Whole seconds between two stamps; None where one is missing or they are the wrong way round."""
    begun, ended = stamp(texts.get(start)), stamp(texts.get(end))
    return None if begun is None or ended is None or ended < begun else (ended - begun) // 1_000_000


def stamp(text: object) -> int | None:
    """µs of a stamp as an answer has it; None when there is none that can be read."""
    if not isinstance(text, str) or not text:
        return None
    try:
        return time_of(text)
    except ValueError:
        return None


def version_of(record: Mapping[str, Any], modified: str) -> int:
    """The modification stamp of one answered object, µs; 0 when it tells none."""
    properties = record.get("properties")
    return _version(record, properties if isinstance(properties, dict) else {}, modified)


def _version(record: Mapping[str, Any], texts: Texts, modified: str) -> int:
    version = stamp(texts.get(modified))
    if version is None:
        version = stamp(record.get("updatedAt"))
    return 0 if version is None else version


def _unwrap(objects: Sequence[Mapping[str, Any]]) -> tuple[list[str], list[Texts]]:
    try:
        ids = [str(record["id"]) for record in objects]
        texts = [record["properties"] for record in objects]
    except KeyError as error:
        raise ValueError("an object without id or properties") from error
    if not all(isinstance(own, dict) for own in texts):
        raise ValueError("an object whose properties are no object")
    # Documented as strings or null; a number or boolean must not break the page.
    if not all(isinstance(value, str) or value is None for own in texts for value in own.values()):
        texts = [{name: _spelt(value) for name, value in own.items()} for own in texts]
    return ids, texts


def _spelt(value: Any) -> str | None:
    return value if value is None or isinstance(value, str) else json.dumps(value)


def _column(fields: Fields, name: str, texts: Sequence[Texts]) -> tuple[list[Value], list[int]]:
    """The values of one field, and the rows whose text is not of its type."""
    kind, prop = fields.types[name], fields.properties[name]
    raw = [own.get(prop.name) for own in texts]
    if kind == "text" and name not in fields.layout.words:
        return [text or None for text in raw], []
    if kind == "money":
        return money_of(raw, [fields.currency_of(own) for own in texts])
    return convert_all(raw, fields.convert(name))


def _without_soft(objects: Objects) -> tuple[Objects, Objects]:
    """The objects, and those that were merged softly, which count as merged."""
    soft = [one for one in objects if isinstance(own := one.get("properties"), dict) and own.get(SOFT_MARK)]
    return [one for one in objects if one not in soft] if soft else objects, soft


def _merged_away(
    connection: str, stream: str, columns: Columns, texts: Sequence[Texts], soft: Objects, modified: str
) -> Batch:
    """Records that live on in one of these: gone, every field of theirs unknown, of the survivor's version."""
    merged = [
        (old, survivor, version)
        for survivor, version, own in zip(columns["id"], columns["changed_at"], texts, strict=True)
        for old in (own.get("hs_merged_object_ids") or "").split(";")
        if old and old != survivor
    ]
    merged += [(str(one["id"]), one["properties"][SOFT_MARK], version_of(one, modified)) for one in soft]
    gone: Columns = {
        "id": [old for old, _, _ in merged],
        "changed_at": [version for _, _, version in merged],
        "is_deleted": [True] * len(merged),
        "merged_into": [survivor for _, survivor, _ in merged],
    }
    return Batch(connection, stream, gone, frozenset())


def _unreadable(fields: Fields, name: str) -> str:
    return (
        f"{fields.layout.stream}.{name} is left blank in some records: property {fields.properties[name].name} holds "
        f"text there that is no {fields.types[name]}; map another property."
    )


def merged_batch(connection: str, stream: str, gone: Sequence[str], survivor: str, version: int) -> Batch:
    """Records that live on in the survivor."""
    columns: dict[str, list[Value]] = {
        "id": list(gone),
        "changed_at": [version] * len(gone),
        "is_deleted": [True] * len(gone),
        "merged_into": [survivor] * len(gone),
    }
    return Batch(connection, stream, columns, frozenset())
