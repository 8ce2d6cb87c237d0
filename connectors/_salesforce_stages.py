"""Stage history: of a deal's history, the rows with which it entered a stage.

Salesforce writes a row for every change of amount, probability, close date or stage. The pull reads them deal by deal
in the order in which they were made, so a row belongs to us where the deal or the stage differs from the row before.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import compress

from model.batch import Batch, CustomColumn


def entered(batch: Batch, before: str) -> tuple[Batch, str]:
    """The rows that enter a stage, and what to give as `before` with the next page: deal and stage of the last row.

    Without both fields nothing can be told apart, and all rows stay.
    """
    if not len(batch) or not {"deal_id", "stage"} <= batch.readable:
        return batch, before
    keys = [f"{deal} {stage}" for deal, stage in zip(batch.columns["deal_id"], batch.columns["stage"], strict=True)]
    kept = [key != former for key, former in zip(keys, [before, *keys], strict=False)]
    columns = {name: list(compress(column, kept)) for name, column in batch.columns.items()}
    custom = {
        name: CustomColumn(column.type, list(compress(column.values, kept))) for name, column in batch.custom.items()
    }
    return replace(batch, columns=columns, custom=custom), keys[-1]
