"""What an import is told to do: its files, and what each column holds; both the new and the old words for it."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from sandbox.hubspot.errors import bad_request
from sandbox.hubspot.kinds import Kind
from sandbox.hubspot.links import Links
from sandbox.hubspot.multipart import Part
from sandbox.hubspot.portal import Portal

MAX_ROWS = 1_048_576
DATE_FORMATS = ("MONTH_DAY_YEAR", "DAY_MONTH_YEAR", "YEAR_MONTH_DAY")
OPERATIONS = ("CREATE", "UPDATE", "UPSERT")
_FORMATS = ("CSV", "SPREADSHEET")


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a file. `links_to` is the object type whose records its values name, by association type
    `link_type` (None: unlabelled); `is_label` holds the label of such a link; `is_key` names the column's own records
    for another file."""

    name: str
    kind: Kind | None
    property: str
    is_id: bool = False
    links_to: Kind | None = None
    link_type: int | None = None
    is_label: bool = False
    is_key: bool = False


@dataclass(frozen=True, slots=True)
class ImportFile:
    name: str
    is_csv: bool
    has_header: bool
    columns: tuple[Column, ...]


@dataclass(frozen=True, slots=True)
class ImportRequest:
    """`operations` is CREATE, UPDATE or UPSERT by the plural name of an object type; UPSERT where it says nothing."""

    name: str
    files: tuple[ImportFile, ...]
    operations: Mapping[str, str]
    date_format: str
    opts_out: bool
    makes_list: bool

    @property
    def kinds(self) -> list[Kind]:
        """The object types that the columns belong to, each once."""
        return list(dict.fromkeys(c.kind for file in self.files for c in file.columns if c.kind is not None))


def parsed_request(portal: Portal, links: Links, body: Any) -> ImportRequest:
    """400 for what cannot be done: unknown objects, properties, formats and operations."""
    if not isinstance(body, dict) or not isinstance(body.get("files"), list) or not body["files"]:
        raise bad_request("Invalid import request: `files` must be a list with at least one file")
    wanted = str(body.get("dateFormat") or DATE_FORMATS[0])
    if wanted not in DATE_FORMATS:
        raise bad_request(f"Invalid import request: dateFormat must be one of {', '.join(DATE_FORMATS)}")
    sent = body.get("importOperations") or {}
    if not isinstance(sent, dict) or not all(word in OPERATIONS for word in sent.values()):
        raise bad_request(f"Invalid import request: importOperations must be of {', '.join(OPERATIONS)}")
    return ImportRequest(
        str(body.get("name") or ""),
        tuple(_file(portal, links, item) for item in body["files"]),
        {portal.kind(str(name)).plural: word for name, word in sent.items()},
        wanted,
        body.get("optOutImport") is True,
        body.get("createContactListFromImport") is True,
    )


def rows_of(file: ImportFile, content: bytes) -> list[list[str]]:
    """The rows of a file without its header; ValueError for what cannot be read."""
    if file.is_csv:
        text = content.decode("utf-8-sig")
        rows = [row for row in csv.reader(io.StringIO(text, newline="")) if row]
    else:
        frame = pl.read_excel(io.BytesIO(content), has_header=False, infer_schema_length=0)
        rows = [["" if cell is None else str(cell) for cell in row] for row in frame.iter_rows()]
    rows = rows[1:] if file.has_header else rows
    if len(rows) > MAX_ROWS:
        raise ValueError(f"the file has more than {MAX_ROWS} rows")
    return rows


def contents(request: ImportRequest, sent: Sequence[Part]) -> dict[str, bytes]:
    """The uploaded files by name; 400 when one is missing."""
    given = {part.file_name: part.content for part in sent if part.file_name}
    for file in request.files:
        if file.name not in given:
            raise bad_request(f"Invalid import request: no file named {file.name[:100]} was uploaded")
    return given


def _file(portal: Portal, links: Links, item: Any) -> ImportFile:
    page = item.get("fileImportPage") if isinstance(item, dict) else None
    mappings = page.get("columnMappings") if isinstance(page, dict) else None
    if not isinstance(page, dict) or not isinstance(mappings, list) or not item.get("fileName"):
        raise bad_request("Invalid import request: every file needs `fileName` and `fileImportPage.columnMappings`")
    kind_of_file = str(item.get("fileFormat") or "CSV")
    if kind_of_file not in _FORMATS:
        raise bad_request(f"Invalid import request: fileFormat must be one of {', '.join(_FORMATS)}")
    columns = tuple(_column(portal, links, mapping) for mapping in mappings)
    return ImportFile(str(item["fileName"]), kind_of_file == "CSV", page.get("hasHeader") is not False, columns)


def _column(portal: Portal, links: Links, mapping: Any) -> Column:
    if not isinstance(mapping, dict) or not mapping.get("columnName"):
        raise bad_request("Invalid import request: every column mapping needs a `columnName`")
    name = str(mapping["columnName"])
    if mapping.get("ignored") is True:
        return Column(name, None, "")
    object_name = str(mapping.get("columnObjectTypeId") or mapping.get("columnObjectType") or "")
    kind = portal.find_kind(object_name)
    if kind is None:
        raise bad_request(f"Invalid import request: column {name[:100]} has no known object type")
    word = str(mapping.get("columnType") or mapping.get("idColumnType") or "")
    other = mapping.get("toColumnObjectTypeId")
    target = portal.find_kind(str(other)) if other else None
    if word == "FLEXIBLE_ASSOCIATION_LABEL":
        return Column(name, kind, "", links_to=target, is_label=True)
    foreign = mapping.get("foreignKeyType")
    property_name = str(mapping.get("propertyName") or "").lower()
    if isinstance(foreign, dict) and not property_name:
        return _link_column(portal, links, kind, name, foreign)
    is_id = word == "HUBSPOT_OBJECT_ID" or property_name == "hs_object_id"
    if not is_id and portal.definition(kind, property_name) is None:
        raise bad_request(f"Invalid import request: property {property_name[:100]} does not exist on {kind.type_id}")
    is_key = mapping.get("associationIdentifierColumn") is True
    return Column(name, kind, "hs_object_id" if is_id else property_name, is_id=is_id, is_key=is_key)


def _link_column(portal: Portal, links: Links, kind: Kind, name: str, foreign: Mapping[str, Any]) -> Column:
    """A column whose values name records of another type, by id unless another file has a key column of that type."""
    type_id = foreign.get("associationTypeId")
    if not isinstance(type_id, int):
        raise bad_request(f"Invalid import request: column {name[:100]} needs an associationTypeId")
    target = links.types.target_of(kind, [type_id])
    if target is None:
        raise bad_request(f"Invalid import request: association type {type_id} does not start at {kind.type_id}")
    return Column(name, kind, "", links_to=portal.kind(target), link_type=type_id)


def request_json(sent: Sequence[Part]) -> Any:
    """The importRequest of the form; 400 when it is missing or no JSON."""
    for part in sent:
        if part.name == "importRequest":
            try:
                return json.loads(part.content)
            except ValueError:
                raise bad_request("Invalid input JSON: `importRequest` is not JSON") from None
    raise bad_request("The form has no field `importRequest`")
