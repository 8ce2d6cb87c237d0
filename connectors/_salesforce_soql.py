"""The queries a pull makes, and how much of one fits into an address.

A full read goes by id, a window by version: each carries the order in which it can be taken up again by key. Rows that
are read through their parent (stage history) come parent by parent, in the order in which they were made.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from urllib.parse import quote_plus

from simple_salesforce.format import format_soql

from connectors._salesforce_cursor import Cursor
from connectors._salesforce_rows import time_of
from connectors._salesforce_selection import Selection

# An address may have 16,384 bytes, headers included (414 and 431). A select list of this many, beside IDS_PER_QUERY
# quoted ids of 27 bytes each, leaves 5,000 for host, conditions, headers and a long token.
SELECT_BYTES = 6_000
IDS_PER_QUERY = 200


def soql_time(micros: int) -> str:
    """A SOQL datetime literal in whole seconds, rounded down: SOQL compares no fractions."""
    return datetime.fromtimestamp(micros // 1_000_000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def column_groups(columns: Sequence[str]) -> list[list[str]]:
    """The columns in groups that fit into an address, each with the Id; mostly there is one."""
    groups: list[list[str]] = [["Id"]]
    size = 0
    for name in columns:
        if name == "Id":
            continue
        needed = len(quote_plus(f", {name}"))
        if size + needed > SELECT_BYTES:
            groups.append(["Id"])
            size = 0
        groups[-1].append(name)
        size += needed
    return groups


def fitting(values: Sequence[str]) -> list[list[str]]:
    """Texts for IN lists in groups that fit into an address, of IDS_PER_QUERY at most."""
    groups: list[list[str]] = [[]]
    size = 0
    for value in values:
        needed = len(quote_plus(format_soql(", {value}", value=value)))
        if groups[-1] and (size + needed > SELECT_BYTES or len(groups[-1]) == IDS_PER_QUERY):
            groups.append([])
            size = 0
        groups[-1].append(value)
        size += needed
    return groups if values else []


def key_field(selection: Selection, cursor: Cursor) -> str:
    """The field by which a read goes on behind its last row, and in whose order it comes."""
    if selection.part.parent:
        return selection.part.parent[1]
    return "Id" if cursor.since is None and not selection.part.version else selection.version


def source_of(selection: Selection, cursor: Cursor) -> str:
    """What is to be read of a part, from the cursor on: the FROM and WHERE of its query."""
    terms = selection.conditions
    if cursor.since is None and selection.part.has_archive and selection.sobject.has("IsDeleted"):
        terms.append("IsDeleted = false")
    terms += _window(selection, cursor)
    where = f" WHERE {' AND '.join(terms)}" if terms else ""
    return f"FROM {selection.sobject.name}{where}"


def order_of(selection: Selection, cursor: Cursor) -> str:
    key = key_field(selection, cursor)
    return f"ORDER BY {key}, CreatedDate, Id" if selection.part.parent else f"ORDER BY {key}"


def is_everything(selection: Selection, cursor: Cursor) -> bool:
    """Whether queryAll must answer: for what was deleted since, and for what was put into the archive."""
    return cursor.since is not None or selection.part.has_archive


def _window(selection: Selection, cursor: Cursor) -> list[str]:
    """From where on: the watermark, and the last row that was saved."""
    key = key_field(selection, cursor)
    if selection.part.parent:
        terms = [format_soql(f"{key} >= {{last}}", last=cursor.last)] if cursor.last else []
        if cursor.since is not None:
            changed = f"SystemModstamp >= {soql_time(cursor.since)}"
            terms.append(f"{key} IN (SELECT Id FROM {selection.part.parent[0]} WHERE {changed})")  # noqa: S608 - names
        return terms
    if key == "Id":
        return [format_soql("Id > {last}", last=cursor.last)] if cursor.last else []
    start = time_of(cursor.last) if cursor.last else cursor.since
    return [] if start is None else [f"{key} >= {soql_time(start)}"]
