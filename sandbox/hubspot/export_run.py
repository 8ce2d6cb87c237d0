"""Making the file of an export: headings and values as people read them, or internal ones where asked for."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any

import polars as pl

from sandbox.hubspot.definition import Definition
from sandbox.hubspot.downloads import ExportFile
from sandbox.hubspot.kinds import Kind
from sandbox.hubspot.links import Links
from sandbox.hubspot.portal import Portal
from sandbox.hubspot.store import SYSTEM, column
from sandbox.hubspot.values import ms_of

MAX_ROWS = 1_000_000
ZIPPED_OVER = 2 * 1024 * 1024
LINKS_PER_ROW = 1000
_SLICE = 500
Cells = list[str]


@dataclass(frozen=True, slots=True)
class ExportSpec:
    """What to write: records of `kind` that satisfy `where`, in `order` (both SQL), with these properties and the
    records of `targets` they are linked to."""

    kind: Kind
    name: str
    format: str
    properties: tuple[Definition, ...]
    targets: tuple[Kind, ...]
    where: tuple[str, list[Any]]
    order: str
    has_internal_names: bool = False
    has_internal_values: bool = False
    has_display: bool = False
    has_labels: bool = False
    has_all_links: bool = False


class Exporter:
    """Writes one export; `zone` is that of the account, in which people read moments."""

    def __init__(self, portal: Portal, links: Links, spec: ExportSpec, zone: tzinfo) -> None:
        self._portal = portal
        self._links = links
        self._spec = spec
        self._zone = zone
        self._owners = {
            owner["id"]: " ".join(part for part in (owner["firstName"], owner["lastName"]) if part) or owner["email"]
            for owner in portal.documents.list("owners").values()
        }

    def file(self) -> ExportFile:
        """One file, or a zipped one where it is large or there are several."""
        spec = self._spec
        files: list[tuple[str, bytes]] = []
        total = 0
        for number, rows in enumerate(self._parts(), start=1):
            tail = f"-{number}" if number > 1 else ""
            extension = "csv" if spec.format == "CSV" else "xlsx"
            content = self._csv(rows) if spec.format == "CSV" else self._xlsx(rows)
            files.append((f"{spec.name}{tail}.{extension}", content))
            total += len(rows)
        name, content = files[0]
        if len(files) == 1 and (spec.format != "CSV" or len(content) <= ZIPPED_OVER):
            kind = "text/csv;charset=UTF-8" if spec.format == "CSV" else _XLSX
            return ExportFile(name, kind, content, total)
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
            for one, content in files:
                archive.writestr(zipfile.ZipInfo(one), content, zipfile.ZIP_DEFLATED)
        return ExportFile(f"{spec.name}.zip", "application/zip", packed.getvalue(), total)

    def heading(self) -> Cells:
        """The first line: the record's id, the properties, and the linked records."""
        internal = self._spec.has_internal_names
        found = ["hs_object_id" if internal else "Record ID"]
        found += [one.name if internal else one.label for one in self._spec.properties]
        for target in self._spec.targets:
            word = f"Associated {target.singular_label}"
            found += [f"{word} IDs"]
            found += [word] if self._spec.has_display else []
            found += [f"{word} labels"] if self._spec.has_labels else []
        return found

    def _parts(self) -> Iterator[list[Cells]]:
        """The lines of each file; one without lines when there are no records."""
        part: list[Cells] = []
        is_first = True
        for line in self._lines():
            if len(part) == MAX_ROWS:
                yield part
                part, is_first = [], False
            part.append(line)
        if part or is_first:
            yield part

    def _lines(self) -> Iterator[Cells]:
        spec = self._spec
        names = [one.name for one in spec.properties]
        sql, parameters = spec.where
        select = f"SELECT {', '.join([*SYSTEM, *map(column, names)])} FROM {spec.kind.plural}"
        cursor = self._portal.store.db.execute(
            f"{select} WHERE _archived = 0 AND ({sql}) ORDER BY {spec.order}", parameters
        )
        while rows := cursor.fetchmany(_SLICE):
            linked = [self._linked(target, [int(row[0]) for row in rows]) for target in spec.targets]
            for row in rows:
                line = [str(row[0]), *map(self._shown, spec.properties, row[len(SYSTEM) :])]
                for cells in linked:
                    line += cells[int(row[0])]
                yield line

    def _shown(self, definition: Definition, value: str | None) -> str:
        """A value as people read it: labels, names of owners, moments in the account's zone."""
        if value is None:
            return ""
        if self._spec.has_internal_values:
            return str(ms_of(value)) if definition.type == "datetime" else value
        if definition.external_options:
            return self._owners.get(value, value)
        if definition.type == "datetime":
            return datetime.fromtimestamp(ms_of(value) / 1000, self._zone).strftime("%Y-%m-%d %H:%M")
        if definition.options:
            labels = {option.value: option.label for option in definition.options}
            return ";".join(labels.get(one, one) for one in value.split(";"))
        return value

    def _linked(self, target: Kind, ids: Sequence[int]) -> dict[int, Cells]:
        """By record the cells that tell of its linked records of one type."""
        spec = self._spec
        found = self._links.of(spec.kind, ids, target)
        types = self._links.types.between(spec.kind, target)
        others = {other for linked in found.values() for other, _ in linked}
        rows = self._portal.store.rows(target, others, target.display)
        names = {int(row[0] or 0): " ".join(str(part) for part in row[len(SYSTEM) :] if part) for row in rows}
        cells: dict[int, Cells] = {}
        for number in ids:
            linked = found.get(number, [])[: None if spec.has_all_links else LINKS_PER_ROW]
            line = [";".join(str(other) for other, _ in linked)]
            line += [";".join(names.get(other, "") for other, _ in linked)] if spec.has_display else []
            if spec.has_labels:
                told = [sorted(label for t in ids_ if (label := types[t].label)) for _, ids_ in linked]
                line.append(";".join(",".join(labels) for labels in told))
            cells[number] = line
        return cells

    def _csv(self, rows: list[Cells]) -> bytes:
        text = io.StringIO(newline="")
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(self.heading())
        writer.writerows(rows)
        return text.getvalue().encode()

    def _xlsx(self, rows: list[Cells]) -> bytes:
        heading = self.heading()
        unique = [name if heading.index(name) == place else f"{name} {place}" for place, name in enumerate(heading)]
        frame = pl.DataFrame(rows, schema=dict.fromkeys(unique, pl.String), orient="row")
        book = io.BytesIO()
        frame.write_excel(book)
        return book.getvalue()


_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
