"""Runs: one per invocation that changes the store."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection
from sqlmodel import Session, select

from model.errors import StoreError
from store.columns import micros
from store.numbers import next_number, numbered
from store.tables import RunRow


@dataclass(frozen=True, slots=True)
class Run:
    """One run; times in µs, `ended_at` None while it goes on or when it died."""

    id: str
    kind: str
    started_at: int
    ended_at: int | None
    status: str
    summary: Mapping[str, Any]


def begin(connection: Connection, kind: str, started_at: int) -> str:
    run_id = numbered("r", next_number(connection, "runs"), 4)
    values = {"id": run_id, "kind": kind, "started_at": started_at, "status": "running", "summary": "{}"}
    connection.execute(RunRow.__table__.insert().values(values))  # type: ignore[attr-defined]
    return run_id


def end(connection: Connection, run_id: str, status: str, ended_at: int, summary: Mapping[str, Any]) -> None:
    table = RunRow.__table__  # type: ignore[attr-defined]
    values = {"status": status, "ended_at": ended_at, "summary": json.dumps(summary)}
    if not connection.execute(table.update().where(table.c.id == run_id).values(values)).rowcount:
        raise StoreError(f"the store has no run {run_id}")


def listed(connection: Connection) -> list[Run]:
    rows = Session(connection).exec(select(RunRow).order_by(RunRow.id)).all()
    return [
        Run(
            row.id,
            row.kind,
            micros(row.started_at),
            micros(row.ended_at) if row.ended_at else None,
            row.status,
            json.loads(row.summary),
        )
        for row in rows
    ]
