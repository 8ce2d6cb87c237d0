"""Frames into an org's tables, many rows at a time, and what a frame leaves out."""

from __future__ import annotations

# Names come from the schema, values are always bound.
from collections.abc import Mapping
from typing import Any

import polars as pl

from sandbox.salesforce.database import Database
from sandbox.salesforce.fields import SObject
from sandbox.salesforce.schema import Schema

# Stages decide what is derived on opportunities, so they come before them.
_FIRST = ("User", "Group", "OpportunityStage", "LeadStatus", "Account", "Contact")
_BUFFER = 20_000  # rows made into Python values at a time
_FROM_STAGE = (
    "UPDATE Opportunity SET {0} = (SELECT s.{1} FROM OpportunityStage s WHERE s.ApiName = Opportunity.StageName)"
)
# Column a frame may leave out -> the statement that works it out.
_DERIVED: dict[str, dict[str, str]] = {
    "Opportunity": {
        "IsClosed": _FROM_STAGE.format("IsClosed", "IsClosed"),
        "IsWon": _FROM_STAGE.format("IsWon", "IsWon"),
        "Probability": _FROM_STAGE.format("Probability", "DefaultProbability"),
        "ForecastCategory": _FROM_STAGE.format("ForecastCategory", "ForecastCategory"),
        "ForecastCategoryName": _FROM_STAGE.format("ForecastCategoryName", "ForecastCategoryName"),
        "ExpectedRevenue": "UPDATE Opportunity SET ExpectedRevenue = round(Amount * Probability / 100, 2)",
    },
    "Task": {"IsClosed": "UPDATE Task SET IsClosed = Status = 'Completed'"},
    "CampaignMember": {"LeadOrContactId": "UPDATE CampaignMember SET LeadOrContactId = coalesce(ContactId, LeadId)"},
}


def load(database: Database, schema: Schema, frames: Mapping[str, pl.DataFrame], stamps: Mapping[str, Any]) -> None:
    """Insert all frames, keyed by sObject; `stamps` fills the system columns a frame does not have.

    ValueError names an sObject or a column that the org does not have.
    """
    order = {name: place for place, name in enumerate(_FIRST)}
    for name in sorted(frames, key=lambda name: (order.get(name, len(order)), name)):
        declared = schema.find(name)
        if declared is None:
            raise ValueError(f"The Salesforce sandbox has no sObject {name}.")
        if frames[name].height:
            _load(database, declared, frames[name], stamps)


def _load(database: Database, declared: SObject, frame: pl.DataFrame, stamps: Mapping[str, Any]) -> None:
    known = {f.name for f in declared.stored}
    # What cannot be deleted does not say whether it is, and totals are worked out when they are asked for.
    totals = {f.name for f in declared.fields.values() if f.read}
    frame = frame.drop({"IsDeleted", *totals} - known, strict=False)
    if unknown := sorted(set(frame.columns) - known):
        raise ValueError(f"The sandbox's {declared.name} has no field {', '.join(unknown)}.")
    created = pl.col("CreatedDate") if "CreatedDate" in frame.columns else pl.lit(stamps["CreatedDate"])
    changed = next((pl.col(n) for n in ("SystemModstamp", "LastModifiedDate") if n in frame.columns), created)
    fallbacks = {**stamps, "LastModifiedDate": changed, "SystemModstamp": changed, "CreatedDate": created}
    missing = [name for name in fallbacks if name in known and name not in frame.columns]
    values = {name: v if isinstance(v := fallbacks[name], pl.Expr) else pl.lit(v) for name in missing}
    if "LastName" in frame.columns and "Name" not in frame.columns:
        parts = [pl.when(pl.col(name) != "").then(pl.col(name)) for name in ("FirstName", "LastName") if name in frame]
        values["Name"] = pl.concat_str(parts, separator=" ", ignore_nulls=True)
    whole = frame.with_columns(**values) if values else frame
    whole = whole.select(_stored(whole, name) for name in whole.columns)
    database.load(declared, whole.columns, whole.iter_rows(buffer_size=_BUFFER))
    for column, statement in _DERIVED.get(declared.name, {}).items():
        if column not in frame.columns:
            database.execute(statement)
    if {"IsDeleted", "Id"} <= set(frame.columns):
        stamp = "SystemModstamp" if "SystemModstamp" in known else "CreatedDate"
        database.execute(
            f"INSERT OR IGNORE INTO _deletions SELECT Id, '{declared.name}', {stamp}, Id "
            f'FROM "{declared.name}" WHERE IsDeleted = 1'
        )


def _stored(frame: pl.DataFrame, name: str) -> pl.Expr:
    kind = frame.schema[name]
    column = pl.col(name)
    if isinstance(kind, pl.Datetime):
        return (
            column.dt.convert_time_zone("UTC").dt.strftime("%Y-%m-%dT%H:%M:%S.000+0000")
            if kind.time_zone
            else (column.dt.strftime("%Y-%m-%dT%H:%M:%S.000+0000"))
        )
    if kind == pl.Date:
        return column.dt.strftime("%Y-%m-%d")
    if kind == pl.Boolean:
        return column.fill_null(False).cast(pl.Int64)
    if kind == pl.String:
        return pl.when(column != "").then(column)
    return column
