"""Groups of duplicates side by side: records of one entity within one connection.

The same person in two CRMs is a link, not a duplicate; a lead beside a contact of the same CRM is one.
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from reports.content import DuplicateGroup, Duplicates
from reports.records import KEY, Frames, key_text
from reports.wording import brief_column

SHOWN = 8
SHOWN_ROWS = 12
_COLUMNS: Mapping[str, Mapping[str, str]] = {
    "person": {"given name": "given_name", "family name": "family_name", "e-mail": "email", "phone": "phone",
               "company": "company"},
    "company": {"name": "name", "domain": "domain", "website": "website", "phone": "phone", "country": "country"},
}  # fmt: skip
_GROUP = ("connection", "entity")


def duplicates_of(memberships: pl.DataFrame, pairs: pl.DataFrame, frames: Frames) -> Duplicates:
    """Count the groups of duplicates and lay the largest side by side."""
    sized = memberships.select(*KEY, "entity").with_columns(pl.len().over(_GROUP).alias("size"))
    members = sized.filter(pl.col("size") > 1)
    groups = members.select(*_GROUP, "size").unique()
    chosen = groups.sort("size", *_GROUP, descending=[True, False, False]).head(SHOWN).with_row_index("place")
    listed = members.join(chosen.select("place", *_GROUP), on=_GROUP, how="inner").sort("place", *KEY)
    reasons, cells = _reasons(pairs, listed), _cells(listed, frames)
    shown = tuple(
        _group(part, reasons.get(int(str(place)), ""), cells)
        for (place,), part in listed.partition_by("place", as_dict=True, maintain_order=True).items()
    )
    shared = memberships.select(_GROUP).unique().group_by("entity").len().filter(pl.col("len") > 1).height
    return Duplicates(groups.height, int(groups["size"].sum()) - groups.height, shown, shared)


def _reasons(pairs: pl.DataFrame, listed: pl.DataFrame) -> dict[int, str]:
    """By place of the group, the reason of its strongest pair."""
    one, other = (
        listed.select("place", *(pl.col(name).alias(f"{side}_{name}") for name in KEY)) for side in ("left", "right")
    )
    same = pairs.filter(pl.col("decision") == "same")
    inside = same.join(one, on=[f"left_{name}" for name in KEY]).join(
        other, on=["place", *(f"right_{name}" for name in KEY)]
    )
    ends = [f"{side}_{name}" for side in ("left", "right") for name in KEY]
    ordered = inside.sort("place", "probability", *ends, descending=[False, True, *[False] * len(ends)])
    return dict(ordered.unique("place", keep="first").select("place", "reason").iter_rows())


def _cells(listed: pl.DataFrame, frames: Frames) -> dict[tuple[str, str, str], tuple[str, ...]]:
    """By record, the values its group shows; one join per stream."""
    cells: dict[tuple[str, str, str], tuple[str, ...]] = {}
    for (stream,), part in listed.partition_by("stream", as_dict=True).items():
        fields = [brief_column(name).fill_null("") for name in _COLUMNS[_kind(str(stream))].values()]
        chosen = frames[str(stream)].join(part.select("connection", "id"), on=["connection", "id"], how="semi")
        for connection, record_id, *values in chosen.select("connection", "id", *fields).iter_rows():
            cells[(connection, str(stream), record_id)] = tuple(values)
    return cells


def _kind(stream: str) -> str:
    return "company" if stream == "accounts" else "person"


def _group(part: pl.DataFrame, reason: str, cells: Mapping[tuple[str, str, str], tuple[str, ...]]) -> DuplicateGroup:
    kind = _kind(part["stream"][0])
    headings = ("record", *_COLUMNS[kind])
    blank = ("",) * len(_COLUMNS[kind])
    keys = part.select(KEY).head(SHOWN_ROWS).iter_rows()
    rows = tuple((key_text(*key), *cells.get(key, blank)) for key in keys)
    return DuplicateGroup(part["connection"][0], kind, part.height, reason, headings, rows)
