"""A recognised table as typed records of its stream: what a file says, in the values every connector hands over."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import PurePath

import polars as pl

from connectors import _files_dates as dates
from connectors import _files_parts as parts
from connectors import _files_values as values
from connectors._files_headings import FILE_STREAMS, Heading
from connectors._files_recognise import Recognition
from connectors._files_table import Table, shown
from model.streams import SYSTEM_FIELDS, Field, Stream

_SYSTEM = {one.name: one for one in SYSTEM_FIELDS if one.name != "payload"}
# Parts that are texts or ids, and what they are read as.
_PARTS = {
    "full_name": "text", "first_name": "text", "last_name": "text", "street_2": "text", "place": "text",
    "owner_name": "text", "manager_name": "text", "outcome": "text", "not is_deleted": "bool", "not is_active": "bool",
    "deals_id": "id", "contacts_id": "id", "accounts_id": "id", "leads_id": "id",
}  # fmt: skip


@dataclass(slots=True)
class _Work:
    """One table on its way to records: its columns so far and what there is to say about them."""

    table: Table
    stream: Stream
    fields: dict[str, Heading]
    currency: str
    columns: dict[str, pl.Series] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    @property
    def height(self) -> int:
        return self.table.frame.height

    @property
    def is_european(self) -> bool:
        return self.table.delimiter == ";"

    def source(self, name: str) -> pl.Series:
        return self.table.frame[self.fields[name].text]

    def constant(self, value: str | int | bool | None, dtype: pl.DataType) -> pl.Series:
        return pl.Series([value], dtype=dtype).new_from_index(0, self.height)


def build(table: Table, recognition: Recognition, currency: str) -> tuple[pl.DataFrame, list[str]]:
    """The records of a recognised table: `id`, `changed_at` and a column per field it has; with notes for people."""
    assert recognition.stream is not None
    work = _Work(table, FILE_STREAMS[recognition.stream], dict(recognition.fields), currency)
    _read_columns(work)
    _combine(work)
    _stamp(work)
    _identify(work)
    known = [name for name in (*_SYSTEM, *work.stream.field_names) if name in work.columns]
    return pl.DataFrame({name: work.columns[name] for name in known}), work.notes


# --- columns -----------------------------------------------------------------------------------------------------


def _read_columns(work: _Work) -> None:
    declared = {one.name: one for one in (*_SYSTEM.values(), *work.stream.fields)}
    timed = {
        name: work.source(name) for name in work.fields if name in declared and declared[name].type in ("date", "time")
    }
    orders = dates.day_orders(timed, european=work.is_european)
    # Amounts come last: they settle the currency of each row.
    for name in sorted(work.fields, key=lambda one: one in declared and declared[one].type == "money"):
        source = work.source(name)
        if name in timed:
            order = orders[name]
            read = dates.days if declared[name].type == "date" else dates.times
            column = read(source, order.order)
            if order.doubt:
                work.notes.append(order.doubt.replace(repr(name), repr(work.fields[name].text)))
        elif name in declared and declared[name].type == "money":
            column = _money(work, name)
        else:
            column = _plain(source, declared.get(name), _PARTS.get(name, "text"))
        if name in ("account_id", "contact_id"):
            column = _first_reference(work, name, column)
        _tell_unread(work, name, source, column)
        work.columns[name] = column


def _plain(source: pl.Series, declared: Field | None, part: str) -> pl.Series:
    kind = declared.kind if declared else part
    if (declared.type if declared else part) == "bool":
        return values.truths(source)
    if declared and declared.type == "int":
        return values.wholes(source)
    if declared and declared.type == "real":
        return values.shares(source)
    return values.references(source) if kind in ("identifier", "reference", "id") else values.texts(source)


def _first_reference(work: _Work, name: str, column: pl.Series) -> pl.Series:
    """HubSpot lists all associated ids in one cell, the primary one first."""
    several = column.str.contains(r"[;,]").fill_null(value=False)
    if not several.any():
        return column
    work.notes.append(
        f"{several.sum():,} cells of {work.fields[name].text!r} name several records; the first was taken"
    )
    return column.str.extract(r"^\s*([^;,]*?)\s*(?:[;,]|$)")


def _money(work: _Work, name: str) -> pl.Series:
    heading = work.fields[name]
    currencies = work.source("currency") if "currency" in work.fields else None
    money = values.money(
        work.source(name),
        currencies=currencies,
        default=heading.currency or work.currency,
        european=work.is_european,
        scale=heading.scale,
    )
    if money.doubt:
        work.notes.append(money.doubt)
    if currencies is not None:
        unknown = values.unread(currencies, values.currency_codes(currencies, work.currency))
        if unknown.any():
            work.notes.append(
                f"{unknown.sum():,} cells of {currencies.name!r} name no currency; {work.currency} was taken"
            )
    work.columns["currency"] = money.currency
    return money.minor


def _tell_unread(work: _Work, name: str, source: pl.Series, column: pl.Series) -> None:
    lost = values.unread(source, column)
    if lost.any():
        rows = [row + 2 for row in lost.arg_true().head(1000).to_list()]
        kind = {"Boolean": "yes-or-no values", "Float64": "numbers"}.get(str(column.dtype), "")
        declared = {one.name: one for one in (*_SYSTEM.values(), *work.stream.fields)}.get(name)
        wanted = {"date": "dates", "time": "times", "int": "whole numbers", "money": "amounts"}
        what = (wanted.get(declared.type) if declared else None) or kind or "values"
        work.notes.append(
            f"{lost.sum():,} cells of {work.fields[name].text!r} are no {what} and were left blank ({shown(rows)})"
        )


# --- fields made from parts ----------------------------------------------------------------------------------------


def _combine(work: _Work) -> None:
    """Turn parts into fields; whatever is no field of the stream goes."""
    columns = work.columns
    if work.stream.name in ("contacts", "leads"):
        _split_full_name(work)
    if work.stream.name == "users":
        _name_user(work)
    if work.stream.name == "deals":
        _close_deals(work)
    if work.stream.name == "associations":
        columns.update(parts.links({name[:-3]: columns[name] for name in list(columns) if name[:-3] in FILE_STREAMS}))
    if work.stream.name == "stages" and "key" not in columns:
        columns["key"] = columns["id"] if "id" in columns else columns["name"]
    if "street_2" in columns:
        columns["street"] = (
            parts.joined(columns["street"], columns["street_2"], ", ") if "street" in columns else columns["street_2"]
        )
    if "place" in columns and (target := parts.place_field(columns["place"])) not in columns:
        columns[target] = columns["place"]
        work.notes.append(f"{work.fields['place'].text!r} was taken for the {target}, by its values")
    _refer_by_name(work, "owner_name", "owner_id")
    _refer_by_name(work, "manager_name", "manager_id")
    _negate(work, "is_deleted")
    _negate(work, "is_active")
    if {"amount", "revenue"}.isdisjoint(work.fields) and "currency" in columns:
        columns["currency"] = values.currency_codes(columns["currency"], work.currency)


def _split_full_name(work: _Work) -> None:
    columns = work.columns
    has_parts = any(
        name in columns and columns[name].null_count() < work.height for name in ("given_name", "family_name")
    )
    if "full_name" in columns and not has_parts:
        columns["given_name"], columns["family_name"] = parts.split_names(columns["full_name"])
        work.notes.append(f"{work.fields['full_name'].text!r} was split into given and family name")


def _name_user(work: _Work) -> None:
    columns = work.columns
    blank = work.constant(None, pl.String())
    if "first_name" in columns or "last_name" in columns:
        whole = parts.joined(columns.get("first_name", blank), columns.get("last_name", blank), " ")
        columns["name"] = columns["name"].fill_null(whole) if "name" in columns else whole


def _close_deals(work: _Work) -> None:
    """is_closed and is_won where the file has no such columns, from its state column or the words of its stages."""
    columns = work.columns
    if "stage" not in columns and "outcome" in columns:
        columns["stage"] = columns["outcome"]
    for name in ("outcome", "stage"):
        if name not in columns or {"is_closed", "is_won"} <= columns.keys():
            continue
        found = parts.outcomes(columns[name])
        if found:
            columns.setdefault("is_closed", found[0])
            columns.setdefault("is_won", found[1])
            heading = work.fields.get(name, work.fields.get("outcome", work.fields.get("stage")))
            said = ", ".join(repr(word) for word in found[2][:6])
            work.notes.append(f"closed and won deals are told by {heading.text if heading else name!r}: {said}")


def _refer_by_name(work: _Work, name_part: str, reference: str) -> None:
    """People are referred to by their names where the file has no ids of them; users without ids have names for ids."""
    if name_part in work.columns and reference not in work.columns and reference in work.stream.field_names:
        work.columns[reference] = values.references(work.columns[name_part])
        work.notes.append(f"{reference} holds names, from {work.fields[name_part].text!r}")


def _negate(work: _Work, name: str) -> None:
    opposite = work.columns.get(f"not {name}")
    if opposite is not None:
        own = work.columns.get(name)
        work.columns[name] = ~opposite if own is None else own.fill_null(value=False) | ~opposite.fill_null(value=True)


# --- stamps and ids -----------------------------------------------------------------------------------------------


def _stamp(work: _Work) -> None:
    """`changed_at`: the row's own stamp, else when it was created, else 0; a file's own time tells nothing."""
    blank = work.constant(None, pl.Int64())
    changed, created = work.columns.get("changed_at", blank), work.columns.get("created_at", blank)
    work.columns["changed_at"] = changed.fill_null(created).fill_null(0)
    if work.stream.name == "deals" and "opened_on" not in work.columns and "created_at" in work.fields:
        # As in the other connectors, a deal opens when it is created, where nothing says otherwise.
        work.columns["opened_on"] = dates.days_of(created)
    if "is_deleted" in work.columns:
        work.columns["is_deleted"] = work.columns["is_deleted"].fill_null(value=False)


def _identify(work: _Work) -> None:
    stem = PurePath(work.table.path).stem + (f"-{work.table.sheet}" if work.table.sheet else "")
    made = pl.select(pl.lit(f"{stem}-") + pl.int_range(1, work.height + 1).cast(pl.String)).to_series()
    own = work.columns.get("id")
    if own is None and work.stream.name == "stages":
        own = work.columns["key"]
    if own is None and work.stream.name == "users":
        own = work.columns.get("name")
    if own is None:
        work.notes.append(f"no column holds ids; records are called {stem}-1, {stem}-2, ... by their rows")
        work.columns["id"] = made if work.height else pl.Series([], dtype=pl.String)
        return
    blank = own.null_count()
    if blank:
        work.notes.append(f"{blank:,} rows have no id; they are called {stem}-1, {stem}-2, ... by their rows")
    work.columns["id"] = own.fill_null(made) if work.height else own


def distinct_ids(frames: Sequence[pl.DataFrame]) -> tuple[list[pl.DataFrame], list[int]]:
    """Make ids unique over all files of a stream: the second record of an id gets "~2", the third "~3", ...

    Also returns per frame how many were changed. Rows are not dropped: that a file repeats them is a finding.
    """
    ids = pl.concat([frame["id"] for frame in frames]) if frames else pl.Series([], dtype=pl.String)
    changed = pl.Series([False], dtype=pl.Boolean).new_from_index(0, len(ids))
    while ids.is_duplicated().any():
        numbered = pl.DataFrame({"id": ids}).select("id", n=pl.int_range(pl.len()).over("id") + 1)
        again = numbered["n"] > 1
        suffixed = numbered.select(pl.col("id") + "~" + pl.col("n").cast(pl.String)).to_series()
        ids = ids.zip_with(~again, suffixed)
        changed = changed | again
    result, counts, start = [], [], 0
    for frame in frames:
        result.append(frame.with_columns(ids.slice(start, frame.height).alias("id")))
        counts.append(int(changed.slice(start, frame.height).sum()))
        start += frame.height
    return result, counts
