"""What stands in the way of a record in the other CRM, as findings."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import polars as pl

from hygiene.findings import SCHEMA, gathered
from hygiene.rules import RULES
from model.evidence import RecordKey
from store import Store

STEP = "records"


@dataclass(frozen=True, slots=True)
class Held:
    """A finding about a record, or about one field of it, under one of the catalogue's rules."""

    key: RecordKey
    field: str | None
    message: str
    rule: str = "record-held"


def save_held(store: Store, run_id: str, findings: Iterable[Held]) -> None:
    """Put these findings in the place of those of the last plan."""
    rows = [
        (one.key.connection, one.key.stream, one.key.id, RULES[one.rule].slug, RULES[one.rule].severity, one.field,
         one.message, None)
        for one in findings
    ]  # fmt: skip
    store.replace_findings(run_id, gathered([pl.DataFrame(rows, schema=SCHEMA, orient="row")]), step=STEP)
