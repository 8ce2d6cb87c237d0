"""Doing an import: rows become records, found again by id, e-mail address, domain or a unique property."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from sandbox.hubspot.definition import Definition
from sandbox.hubspot.errors import HubspotError, InvalidValues
from sandbox.hubspot.import_request import Column, ImportFile, ImportRequest, rows_of
from sandbox.hubspot.kinds import Kind
from sandbox.hubspot.links import Links
from sandbox.hubspot.portal import Portal
from sandbox.hubspot.submissions import company_with
from sandbox.hubspot.tokens import Author
from sandbox.hubspot.values import natural
from sandbox.hubspot.writing import Values, Writer, identity

_DAY = re.compile(r"(\d{1,4})[/.-](\d{1,2})[/.-](\d{1,4})")
_ERRORS = {
    "INVALID_EMAIL": "INVALID_EMAIL",
    "INVALID_OBJECT_ID": "INVALID_OBJECT_ID",
    "INVALID_OPTION": "INVALID_ENUMERATION_OPTION",
    "INVALID_INTEGER": "COULD_NOT_PARSE_NUMBER",
    "INVALID_DATE": "COULD_NOT_PARSE_DATE",
    "INVALID_LONG": "COULD_NOT_PARSE_DATE",
    "INVALID_OWNER_ID": "COULD_NOT_FIND_OWNER",
    "PROPERTY_VALUE_TOO_LONG": "COLUMN_TOO_LARGE",
    "INVALID_CUSTOM_PROPERTY_VALIDATION": "INVALID_CUSTOM_PROPERTY_VALIDATION",
    "CONFLICTING_UNIQUE_VALUE": "DUPLICATE_UNIQUE_PROPERTY_VALUE",
}


@dataclass(frozen=True, slots=True)
class Trouble:
    """What was wrong in one row: where, with which object type and column (1 is the first; 0: none of them)."""

    word: str
    message: str
    file: int
    line: int
    row: Sequence[str]
    kind: Kind | None = None
    column: int = 0
    value: str = ""


@dataclass(slots=True)
class Result:
    """What an import did; `written` are the records of each object type, each once."""

    counters: Counter[str] = field(default_factory=Counter)
    troubles: list[Trouble] = field(default_factory=list)
    written: dict[str, dict[int, None]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Row:
    file: int
    line: int
    cells: Sequence[str]
    columns: Sequence[Column]

    def trouble(self, word: str, message: str, kind: Kind | None = None, column: int = 0, value: str = "") -> Trouble:
        return Trouble(word, message, self.file, self.line, self.cells, kind, column, value)

    def of(self, kind: Kind) -> Iterator[tuple[int, Column, str]]:
        """The filled cells that hold properties of an object type, with the number of their column."""
        for place, (column, cell) in enumerate(zip(self.columns, self.cells, strict=True), start=1):
            if column.kind == kind and column.property and cell.strip():
                yield place, column, cell.strip()


class Importer:
    """Writes the rows of one import on behalf of `author`; to be used within a transaction."""

    def __init__(self, portal: Portal, links: Links, writer: Writer, author: Author, request: ImportRequest) -> None:
        self._portal = portal
        self._links = links
        self._writer = writer
        self._author = author
        self._request = request
        self.result = Result()

    def run(self, contents: Mapping[str, bytes]) -> Result:
        """All files, then the links between their records; ValueError when a file cannot be read."""
        done: list[tuple[_Row, dict[Kind, int]]] = []
        for number, file in enumerate(self._request.files):
            for row in self._rows(number, file, contents[file.name]):
                self.result.counters["TOTAL_ROWS"] += 1
                done.append((row, self._records(row)))
        for row, records in done:
            self._link(row, records)
        written = sum(len(ids) for ids in self.result.written.values())
        self.result.counters["UNIQUE_OBJECTS_WRITTEN"] = written
        self.result.counters["ERRORS"] = len(self.result.troubles)
        return self.result

    def _rows(self, number: int, file: ImportFile, content: bytes) -> Iterator[_Row]:
        first = 2 if file.has_header else 1
        for line, cells in enumerate(rows_of(file, content), start=first):
            row = _Row(number, line, cells, file.columns)
            if len(cells) == len(file.columns):
                yield row
                continue
            self.result.counters["TOTAL_ROWS"] += 1
            message = f"The row has {len(cells)} columns, {len(file.columns)} are mapped"
            self.result.troubles.append(row.trouble("INCORRECT_NUMBER_OF_COLUMNS", message))

    def _records(self, row: _Row) -> dict[Kind, int]:
        """The record of each object type that the row has values for."""
        found: dict[Kind, int] = {}
        for kind in dict.fromkeys(column.kind for column in row.columns if column.kind is not None):
            try:
                with self._portal.attempt():
                    number = self._record(row, kind)
            except InvalidValues as error:
                self._note(row, kind, error)
            except HubspotError as error:
                word = "MISSING_REQUIRED_PROPERTY" if "required" in error.message else "FAILED_VALIDATION"
                self.result.troubles.append(row.trouble(word, error.message, kind))
            else:
                if number is not None:
                    found[kind] = number
                    self.result.written.setdefault(kind.plural, {})[number] = None
        return found

    def _record(self, row: _Row, kind: Kind) -> int | None:
        values = self._values(row, kind)
        if not values:
            return None
        operation = self._request.operations.get(kind.plural, "UPSERT")
        number = self._known(row, kind, values)
        values.pop("hs_object_id", None)
        if number is None and operation == "UPDATE":
            self.result.troubles.append(row.trouble("UPDATE_ONLY_IMPORT", "There is no such record to update", kind))
            return None
        if number is not None and operation == "CREATE":
            self.result.troubles.append(row.trouble("CREATE_ONLY_IMPORT", "The record exists already", kind))
            return None
        if number is None:
            number, word = self._writer.create(kind, self._imported(kind, values), self._author), "CREATED_OBJECTS"
        else:
            self._writer.update(kind, number, values, self._author)
            word = "UPDATED_OBJECTS"
        self.result.counters.update({word: 1, "PROPERTY_VALUES_EMITTED": len(values)})
        return number

    def _imported(self, kind: Kind, values: Values) -> Values:
        opted = kind.plural == "contacts" and self._request.opts_out
        return {**values, "hs_was_imported": "true", **({"hs_email_optout": "true"} if opted else {})}

    def _values(self, row: _Row, kind: Kind) -> Values:
        """The values of one record; a bad one is left out with a word about it, unless it is the e-mail address."""
        found: Values = {}
        for place, column, cell in row.of(kind):
            if column.is_id:
                found["hs_object_id"] = cell
                continue
            definition = self._portal.definition(kind, column.property)
            if definition is None or definition.read_only:
                self.result.troubles.append(row.trouble("INVALID_COLUMN_CONFIGURATION", "Read-only", kind, place, cell))
                continue
            text = self._read(definition, cell)
            try:
                found |= self._writer.checked(kind, {column.property: text})
            except InvalidValues as error:
                if column.property == "email":
                    raise
                self._note(row, kind, error, place, cell)
        return found

    def _read(self, definition: Definition, cell: str) -> str:
        """What a cell means: labels stand for their options, owners go by address or name, days in words."""
        if definition.external_options:
            return self._owner(cell)
        if definition.type in ("date", "datetime"):
            return day_of(cell, self._request.date_format) or cell
        if definition.options:
            values = {option.label.lower(): option.value for option in definition.options}
            values |= {option.value.lower(): option.value for option in definition.options}
            return ";".join(values.get(one.strip().lower(), one.strip()) for one in cell.split(";"))
        return cell.replace(",", "") if definition.type == "number" else cell

    def _owner(self, cell: str) -> str:
        for owner in self._portal.documents.list("owners").values():
            name = f"{owner['firstName']} {owner['lastName']}"
            if cell.lower() in (owner["id"], str(owner["email"]).lower(), name.lower()):
                return str(owner["id"])
        return cell

    def _known(self, row: _Row, kind: Kind, values: Values) -> int | None:
        """The live record these values are about; None for a new one."""
        if number := values.get("hs_object_id"):
            live = natural(number) is not None and self._portal.store.rows(kind, [int(number)], ())
            if not live:
                raise InvalidValues([("hs_object_id", "INVALID_OBJECT_ID", f"There is no record {number}")])
            return int(number)
        if kind.plural == "contacts" and values.get("email"):
            return self._writer.contact_with(str(values["email"]))
        if kind.plural == "companies" and values.get("domain"):
            values["domain"] = str(values["domain"]).lower()
            return company_with(self._portal, str(values["domain"]))
        for name, value in values.items():
            definition = self._portal.definition(kind, name)
            if definition is not None and definition.unique and value:
                return identity(self._portal, self._writer, kind, name, [value]).get(value)
        return None

    def _note(self, row: _Row, kind: Kind, error: InvalidValues, place: int = 0, value: str = "") -> None:
        for one in error.more["errors"]:
            word = _ERRORS.get(one["code"], "FAILED_VALIDATION")
            self.result.troubles.append(row.trouble(word, one["message"], kind, place, value))

    def _link(self, row: _Row, records: Mapping[Kind, int]) -> None:
        """Link the records of one row with each other, and with those that its cells name."""
        kinds = list(records)
        for place, kind in enumerate(kinds):
            for other in kinds[place + 1 :]:
                if self._links.types.unlabelled(kind, other):
                    self._links.default(kind, records[kind], other, records[other])
        for number, (column, cell) in enumerate(zip(row.columns, row.cells, strict=True), start=1):
            kind_of = column.kind
            if column.links_to is None or kind_of not in records or not cell.strip() or kind_of is None:
                continue
            try:
                self._link_cell(column, cell.strip(), kind_of, records)
            except (HubspotError, LookupError) as error:
                word = "ASSOCIATION_LABEL_NOT_FOUND" if column.is_label else "FAILED_TO_CREATE_ASSOCIATION"
                self.result.troubles.append(row.trouble(word, str(error), column.kind, number, cell))

    def _link_cell(self, column: Column, cell: str, kind: Kind, records: Mapping[Kind, int]) -> None:
        other = column.links_to
        assert other is not None
        if column.is_label:
            types = self._links.types.between(kind, other).values()
            wanted = [t.id for t in types if t.label and t.label.lower() == cell.lower()]
            if not wanted or other not in records:
                raise LookupError(f"There is no label {cell} between these records")
            self._links.add_labels(kind, records[kind], other, records[other], wanted)
            return
        target = self._named(other, cell)
        self._links.add_labels(kind, records[kind], other, target, [column.link_type] if column.link_type else [])

    def _named(self, kind: Kind, cell: str) -> int:
        """The record a cell of another object's file names: by the key column of its own file, else by id."""
        keys = [c.property for file in self._request.files for c in file.columns if c.is_key and c.kind == kind]
        values: Values = {keys[0] if keys else "hs_object_id": cell}
        try:
            number = self._known(_Row(0, 0, (), ()), kind, values)
        except InvalidValues as error:
            raise LookupError(str(error)) from error
        if number is None:
            raise LookupError(f"There is no {kind.singular} {cell}")
        return number


def day_of(cell: str, order: str) -> str | None:
    """The day a cell names in the order of the import (MONTH_DAY_YEAR, ...), as an ISO date; None for all else."""
    found = _DAY.fullmatch(cell)
    if found is None:
        return None
    named = dict(zip(order.split("_"), (int(part) for part in found.groups()), strict=True))
    try:
        return date(named["YEAR"], named["MONTH"], named["DAY"]).isoformat()
    except ValueError:
        return None
