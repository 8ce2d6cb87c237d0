"""What batches carry: records in, results and query rows out, as CSV, JSON or XML."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any
from xml.sax.saxutils import escape

from sandbox.salesforce.bulk.cells import column, values
from sandbox.salesforce.bulk1.wording import NAMESPACE, Refused, xml
from sandbox.salesforce.fields import SObject
from sandbox.salesforce.schema import Schema
from sandbox.salesforce.soap.element import BadXml, Element, parse
from sandbox.salesforce.times import parsed
from sandbox.wire import Response

TYPES = {"CSV": "text/csv", "JSON": "application/json", "XML": "application/xml"}
Given = dict[str, Any]
Result = dict[str, Any]  # id, success, created, errors


def records(schema: Schema, declared: SObject, kind: str, body: bytes) -> list[Given]:
    """The records of a batch with values as REST would have them; Refused for what cannot be read."""
    try:
        if kind == "CSV":
            return _csv_records(schema, declared, body.decode("utf-8"))
        found = json.loads(body) if kind == "JSON" else [_xml_record(one) for one in parse(body).children]
    except (ValueError, BadXml, csv.Error, RecursionError):
        found = None
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise Refused("InvalidBatch", "Failed to parse the batch")
    return [
        {_name(schema, declared, name): value for name, value in one.items() if name != "attributes"} for one in found
    ]


def _name(schema: Schema, declared: SObject, name: str) -> str:
    """A field's own spelling; other names are left for the write to refuse."""
    found = schema.field(declared, name)
    return found.name if found else name


def _csv_records(schema: Schema, declared: SObject, text: str) -> list[Given]:
    rows = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    header, rows = (rows[0], [row for row in rows[1:] if row]) if rows else ([], [])
    columns = [column(schema, declared, name) for name in header]
    if missing := [name for name, found in zip(header, columns, strict=True) if found is None]:
        raise Refused("InvalidBatch", f"Field name not found : {missing[0]}")
    if uneven := [number for number, row in enumerate(rows, start=2) if len(row) != len(header)]:
        raise Refused("InvalidBatch", f"Row {uneven[0]} has another number of columns than the header")
    return [values([one for one in columns if one is not None], row) for row in rows]


def _xml_record(element: Element) -> Given:
    fields = [one for one in element.children if one.name != "type"]
    return {one.name: None if one.nil else _xml_record(one) if one.children else one.text for one in fields}


def results(kind: str, rows: Sequence[Result]) -> bytes:
    """What became of the records, in their order."""
    if kind == "JSON":
        return json.dumps(rows).encode()
    if kind == "XML":
        inner = "".join(f"<result>{_xml_result(row)}</result>" for row in rows)
        return xml(f'<results xmlns="{NAMESPACE}">{inner}</results>').body
    lines = [["Id", "Success", "Created", "Error"]]
    lines += [[row["id"] or "", _word(row["success"]), _word(row["created"]), _summary(row)] for row in rows]
    return _csv(lines)


def _summary(row: Result) -> str:
    return "".join(f"{one['statusCode']}:{one['message']}:{','.join(one['fields'])} --" for one in row["errors"])


def _xml_result(row: Result) -> str:
    errors = "".join(
        f"<errors>{''.join(f'<fields>{name}</fields>' for name in one['fields'])}"
        f"<message>{escape(one['message'])}</message><statusCode>{one['statusCode']}</statusCode></errors>"
        for one in row["errors"]
    )
    identity = f"<id>{row['id']}</id>" if row["id"] else ""
    return f"{errors}{identity}<success>{_word(row['success'])}</success><created>{_word(row['created'])}</created>"


def rows(kind: str, header: Sequence[str], found: Iterable[Given], moments: set[str]) -> bytes:
    """The rows of a query; in JSON a day or a time is milliseconds, `moments` naming the columns that are one."""
    if kind == "JSON":
        return json.dumps([_counted(record, "", moments) for record in found]).encode()
    if kind == "XML":
        inner = "".join(f'<records xsi:type="sObject">{_xml_row(record, header)}</records>' for record in found)
        xsi = "http://www.w3.org/2001/XMLSchema-instance"
        return xml(f'<queryResult xmlns="{NAMESPACE}" xmlns:xsi="{xsi}">{inner}</queryResult>').body
    lines = [list(header)]
    lines += [[_cell(_at(record, name)) for name in header] for record in found]
    return _csv(lines) if len(lines) > 1 else b"Records not found for this query\n"


def _xml_row(record: Given, header: Sequence[str]) -> str:
    kind = record["attributes"]["type"]
    cells = [(name, _at(record, name)) for name in header]
    return f"<type>{kind}</type>" + "".join(
        f'<{name} xsi:nil="true"/>' if value is None else f"<{name}>{escape(_cell(value))}</{name}>"
        for name, value in cells
    )


def _counted(record: Given, path: str, moments: set[str]) -> Given:
    shown: Given = {}
    for name, value in record.items():
        if isinstance(value, dict) and name != "attributes":
            shown[name] = _counted(value, f"{path}{name}.", moments)
        elif isinstance(value, str) and f"{path}{name}" in moments:
            shown[name] = _ms(value)
        else:
            shown[name] = value
    return shown


def _ms(value: str) -> int | str:
    moment = parsed(value) or (datetime.fromisoformat(value).replace(tzinfo=UTC) if len(value) == 10 else None)
    return int(moment.timestamp() * 1000) if moment else value


def _at(record: Given, path: str) -> Any:
    value: Any = record
    for name in path.split("."):
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _cell(value: Any) -> str:
    if isinstance(value, bool):
        return _word(value)
    text = "" if value is None else str(value)
    return text.replace("+0000", "Z") if text.endswith("+0000") else text


def _word(value: bool) -> str:
    return "true" if value else "false"


def _csv(lines: Sequence[Sequence[str]]) -> bytes:
    made = io.StringIO()
    csv.writer(made, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows(lines)
    return made.getvalue().encode("utf-8", "replace")


def answer(kind: str, body: bytes) -> Response:
    return Response(200, body, {"Content-Type": TYPES[kind]})
