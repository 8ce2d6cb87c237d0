"""Field history of opportunities: what the org tracks of the changes that their stage history has too."""

from __future__ import annotations

import numpy as np
import polars as pl

from sandbox.generator import ids
from sandbox.generator.dataset import Frames

KEPT_DAYS = 730  # older rows have been removed
_FIELDS = (("StageName", "Enum"), ("CloseDate", "DateOnly"))


def changes(history: pl.DataFrame, org: int, today: int) -> Frames:
    """OpportunityFieldHistory from OpportunityHistory, whose rows of one opportunity follow each other in time."""
    columns = ["OpportunityId", "CreatedById", "CreatedDate", "Field", "DataType", "OldValue", "NewValue"]
    again = pl.col("OpportunityId") == pl.col("OpportunityId").shift(1)
    recent = pl.col("CreatedDate").dt.epoch("d") >= today - KEPT_DAYS
    order = history.with_row_index("place")
    none = pl.lit(None, dtype=pl.String)
    parts = [
        order.filter((~again).fill_null(True) & recent).with_columns(
            pl.lit("created").alias("Field"), none.alias("DataType"), none.alias("OldValue"), none.alias("NewValue")
        )
    ]
    for name, kind in _FIELDS:
        changed = again & (pl.col(name) != pl.col(name).shift(1)) & recent
        told = order.with_columns(
            pl.col(name).shift(1).cast(pl.String).alias("OldValue"), pl.col(name).cast(pl.String).alias("NewValue")
        )
        parts.append(told.filter(changed).with_columns(pl.lit(name).alias("Field"), pl.lit(kind).alias("DataType")))
    frame = pl.concat([part.select("place", *columns) for part in parts]).sort("place", "Field").drop("place")
    own = ids.salesforce("OpportunityFieldHistory", len(frame), org)
    deleted = pl.Series("IsDeleted", np.zeros(len(frame), dtype=np.bool_))
    return {"OpportunityFieldHistory": frame.select(own.alias("Id"), *columns, deleted)}
