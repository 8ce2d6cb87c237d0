"""Groups of duplicates side by side: records of one entity within one connection.

The same person in two CRMs is a link, not a duplicate; a lead beside a contact of the same CRM is one.
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from reports.content import DuplicateGroup
from store import Store

SHOWN = 12
_COLUMNS: dict[str, tuple[tuple[str, str], ...]] = {
    "person": (("record", "key"), ("given name", "given_name"), ("family name", "family_name"), ("e-mail", "email"),
               ("phone", "phone"), ("company", "company")),
    "company": (("record", "key"), ("name", "name"), ("domain", "domain"), ("website", "website"),
                ("phone", "phone"), ("country", "country")),
}  # fmt: skip
_KEY = ["connection", "stream", "id"]


def duplicate_groups(store: Store, frames: Mapping[str, pl.DataFrame]) -> tuple[tuple[DuplicateGroup, ...], int, int]:
    """The largest groups for the page, how many groups there are, and how many records are surplus in them."""
    members = store.memberships().select(*_KEY, "entity")
    sized = members.with_columns(pl.len().over("entity", "connection").alias("size")).filter(pl.col("size") > 1)
    if sized.is_empty():
        return (), 0, 0
    groups = sized.group_by("entity", "connection").agg(pl.len().alias("size"), pl.col("stream").min().alias("stream"))
    total, surplus = groups.height, int(groups["size"].sum()) - groups.height
    chosen = groups.sort(["size", "connection", "entity"], descending=[True, False, False]).head(SHOWN)
    reasons = _reasons(store.pairs(), sized)
    shown = tuple(
        _group(frames, sized.filter((pl.col("entity") == row["entity"]) & (pl.col("connection") == row["connection"])),
               reasons.get((row["connection"], row["entity"]), ""))
        for row in chosen.iter_rows(named=True)
    )  # fmt: skip
    return shown, total, surplus


def _reasons(pairs: pl.DataFrame, members: pl.DataFrame) -> dict[tuple[str, str], str]:
    """By connection and entity, the reason of its strongest pair."""
    same = pairs.filter((pl.col("decision") == "same") & (pl.col("left_connection") == pl.col("right_connection")))
    joined = same.join(
        members.rename({name: f"left_{name}" for name in _KEY}), on=[f"left_{name}" for name in _KEY], how="inner"
    )
    best = joined.sort("probability", "left_id", "right_id", descending=[True, False, False])
    rows = best.unique(["left_connection", "entity"], keep="first", maintain_order=True)
    return {(row[0], row[1]): row[2] for row in rows.select("left_connection", "entity", "reason").iter_rows()}


def _group(frames: Mapping[str, pl.DataFrame], members: pl.DataFrame, reason: str) -> DuplicateGroup:
    kind = "company" if members["stream"][0] == "accounts" else "person"
    headings, names = zip(*_COLUMNS[kind], strict=True)
    rows = []
    for connection, stream, record_id in members.select(_KEY).sort(_KEY).iter_rows():
        found = frames[stream].filter((pl.col("connection") == connection) & (pl.col("id") == record_id))
        values = found.row(0, named=True) if found.height else {}
        cells = {"key": f"{connection}/{stream}/{record_id}", **values}
        rows.append(tuple(str(cells.get(name) or "") for name in names))
    return DuplicateGroup(kind, reason, headings, tuple(rows))
